//! The header of a database file.

use std::fs::File;
use std::io;

use super::system::read_at_start;

/// Values from the file's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The length that the file should have. It is shorter during a checkpoint by another process.
    pub(super) bytes: u64,
    /// Changes with the schema and with each `VACUUM INTO`.
    pub(super) schema_cookie: u32,
}

impl Header {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let mut bytes = [0; 100];
        read_at_start(file, &mut bytes)?;
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let page_bytes = match u64::from(u16::from_be_bytes([bytes[16], bytes[17]])) {
            1 => 65_536,
            bytes => bytes,
        };
        Ok(Self { bytes: u64::from(number(28)) * page_bytes, schema_cookie: number(40) })
    }
}
