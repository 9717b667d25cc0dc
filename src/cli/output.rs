//! Standard output of a command. A closed pipe (`brms mailbox show ID | head`) ends the command quietly and is not a
//! failure.

use std::io::{self, IsTerminal, Stdout, Write};

use crate::failure::Failure;
use crate::terminal;

/// Standard output that records whether the pipe was closed. Everything written to it is escaped for a terminal.
pub(super) struct Output {
    stdout: Stdout,
    is_closed: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { stdout: io::stdout(), is_closed: false }
    }

    /// Whether the pipe was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Writes bytes unchanged, for another program; to a terminal, escaped.
    pub(super) fn write_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.stdout.is_terminal() {
            return self.write_all(bytes);
        }
        let written = self.stdout.write_all(bytes);
        self.note(written)
    }

    fn note<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        self.is_closed |= outcome.as_ref().is_err_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe);
        outcome
    }
}

impl Write for Output {
    /// Accepts everything or nothing, so that no character is split.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let written = self.stdout.write_all(terminal::lines(&text).as_bytes());
        self.note(written.map(|()| bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.stdout.flush();
        self.note(flushed)
    }
}

/// Why a command failed that has created something, and could not print its secret.
pub(super) fn unprinted(cause: &io::Error, remains: &str) -> Failure {
    Failure(format!("the secret could not be printed: {cause}. {remains}"))
}

/// A table with a header, in aligned columns.
pub(super) fn table<const N: usize>(
    out: &mut dyn Write,
    header: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let rows: Vec<[String; N]> = std::iter::once(header.map(str::to_owned))
        .chain(rows.iter().cloned())
        .map(|row| row.map(|cell| terminal::line(&cell).into_owned()))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
