//! Standard output of a command. A closed pipe (`brms mailbox show ID | head`) ends the command quietly and is not a
//! failure.

use std::io::{self, Stdout, Write};

/// Standard output that records whether the pipe was closed.
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

    fn note<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        self.is_closed |= outcome.as_ref().is_err_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe);
        outcome
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stdout.write(bytes);
        self.note(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.stdout.flush();
        self.note(flushed)
    }
}
