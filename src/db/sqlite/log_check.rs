//! Validates the write-ahead log on disk.
//!
//! SQLite reads WAL frames by its in-memory index and verifies their checksums only in the recovery after a crash. So
//! a WAL that another program has truncated or overwritten goes unnoticed until then, when all later writes are lost.
//! The format is SQLite's own (fileformat2, "The Write-Ahead Log").

use std::fs::File;
use std::io::{self, BufReader, Read};

use super::system::FromStart;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The lowest bit gives the byte order of the checksums.
const MAGIC: u32 = 0x377f_0682;

/// The number of frames that a recovery would find valid. The log is read through a descriptor that is open already: to
/// open it may fail for a reason that says nothing about its content. An error is no verdict on it either.
pub(super) fn valid_frames(log: &File) -> io::Result<u64> {
    let mut log = BufReader::with_capacity(1 << 16, FromStart::of(log));
    let mut header = [0; HEADER_BYTES];
    if read_all(&mut log, &mut header)? < HEADER_BYTES {
        return Ok(0);
    }
    let magic = number(&header, 0);
    let mut sum = Sum { is_big_endian: magic & 1 == 1, first: 0, second: 0 };
    sum.add(&header[..24]);
    if magic & !1 != MAGIC || !sum.is(&header[24..]) {
        return Ok(0);
    }
    let page_bytes = usize::try_from(number(&header, 8)).unwrap_or_default();
    let (mut frame, mut frames) = (vec![0; FRAME_HEADER_BYTES + page_bytes], 0);
    while read_all(&mut log, &mut frame)? == frame.len() {
        sum.add(&frame[..8]);
        sum.add(&frame[FRAME_HEADER_BYTES..]);
        if frame[8..16] != header[16..24] || !sum.is(&frame[16..24]) {
            break;
        }
        frames += 1;
    }
    Ok(frames)
}

/// Reads until `into` is full or the file ends.
fn read_all(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < into.len() {
        match from.read(&mut into[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(length)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The running checksum: each frame's continues that of the previous frame.
struct Sum {
    is_big_endian: bool,
    first: u32,
    second: u32,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let word = |at: usize| {
                let word = [pair[at], pair[at + 1], pair[at + 2], pair[at + 3]];
                if self.is_big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
            };
            let (one, two) = (word(0), word(4));
            self.first = self.first.wrapping_add(one).wrapping_add(self.second);
            self.second = self.second.wrapping_add(two).wrapping_add(self.first);
        }
    }

    fn is(&self, stored: &[u8]) -> bool {
        (number(stored, 0), number(stored, 4)) == (self.first, self.second)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use rusqlite::Connection;

    use super::*;

    #[test]
    fn a_log_of_sqlite_is_valid_until_it_is_truncated_or_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (path, log) = (folder.path().join("a.db"), folder.path().join("a.db-wal"));
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (b BLOB)").unwrap();
        for _ in 0..20 {
            connection.execute_batch("INSERT INTO t VALUES (randomblob(3000))").unwrap();
        }
        let frames = || -> u64 {
            connection
                .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1))
                .unwrap()
                .unsigned_abs()
        };
        assert!(frames() > 20);
        assert_eq!(valid_frames(&File::open(&log).unwrap()).unwrap(), frames());
        let bytes = std::fs::read(&log).unwrap();
        let damaged = |at: u64, length: Option<u64>| {
            std::fs::write(&log, &bytes).unwrap();
            let mut file = std::fs::OpenOptions::new().write(true).open(&log).unwrap();
            if let Some(length) = length {
                file.set_len(length).unwrap();
            } else {
                file.seek(SeekFrom::Start(at)).unwrap();
                // Inverted, since salts and content are random and may have any fixed value already.
                file.write_all(&[!bytes[usize::try_from(at).unwrap()]]).unwrap();
            }
            valid_frames(&File::open(&log).unwrap()).unwrap()
        };
        assert_eq!(damaged(0, Some(0)), 0);
        assert_eq!(damaged(0, Some(bytes.len() as u64 - 100)), frames() - 1);
        assert_eq!(damaged(20, None), 0);
        let frame = 4096 + FRAME_HEADER_BYTES as u64;
        assert_eq!(damaged(HEADER_BYTES as u64 + 3 * frame + 500, None), 3);
        // A restarted WAL has old frames behind its end.
        std::fs::write(&log, &bytes).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
        connection.execute_batch("INSERT INTO t VALUES (randomblob(3000))").unwrap();
        assert_eq!(valid_frames(&File::open(&log).unwrap()).unwrap(), frames());
    }
}
