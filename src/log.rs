//! The log on standard error: text on a terminal, otherwise JSON.
//!
//! Logging never fails and hardly delays the program. A line that cannot be written (closed pipe, full disk, a stalled
//! reader) is dropped and counted; the next line that can be written is preceded by one with the number of dropped
//! lines.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::prelude::*;

use crate::clock::Clock;
use crate::terminal;

/// How long a line waits for a stalled reader, and how long all lines of a [`WAIT_WINDOW`] wait in all. A line that
/// waits delays an answer.
const WAIT_FOR_READER: Duration = Duration::from_secs(1);
const WAIT_WINDOW: Duration = Duration::from_mins(1);
/// The most bytes that a pipe accepts without blocking once it is ready (`PIPE_BUF`).
const CHUNK_BYTES: usize = 4096;

/// Starts the log, with the name of this instance in each line if there is one. An error describes what is wrong with the
/// filter.
pub fn start(filter: &str, instance: Option<String>) -> Result<(), String> {
    let filter: Targets = filter
        .parse()
        .map_err(|cause| format!("--log {filter}: {cause}; write it as info or brms=debug,warn"))?;
    let is_terminal = io::stderr().is_terminal();
    let form = if is_terminal { Format::Text } else { Format::Json };
    let lines = fmt::layer()
        // The library reports its own write errors with eprintln!, which panics if standard error is closed.
        .log_internal_errors(false)
        .with_target(false)
        .with_writer(Lines::new(StandardError::new(), form).of_instance(instance));
    let log = tracing_subscriber::registry().with(filter);
    if is_terminal {
        log.with(lines).init();
    } else {
        log.with(lines.json().flatten_event(true)).init();
    }
    Ok(())
}

/// Logs a panic as one line, without panicking itself. What happens to the process is decided elsewhere.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("no text");
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, "panic: {text}");
        } else {
            let _ = writeln!(
                io::stderr(),
                "brms: panic at {place}: {text}; this is a bug in brms, please report it"
            );
        }
    }));
}

/// A destination of log lines.
trait Target {
    /// Whether a chunk can be written without blocking, waiting for at most `wait`.
    fn is_ready(&self, wait: Duration) -> bool;
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize>;
}

/// Standard error.
enum StandardError {
    /// A file, which never blocks.
    File,
    /// A pipe or socket, which can be polled.
    PipeOrSocket,
    /// A terminal, which reports ready even if it accepts only a part of a chunk; so a separate thread writes to it.
    Terminal(SyncSender<Vec<u8>>),
}

/// The most pending chunks for a terminal.
const TERMINAL_CHUNKS_MAX: usize = 1000;
/// The number of chunks that are not written yet.
static WAITING: AtomicUsize = AtomicUsize::new(0);
/// How long the end of the program waits for them.
const FINISH_TIME_MAX: Duration = Duration::from_millis(500);

/// The lines that could not be written since the start of the process.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// How many lines could not be written since the start of the process.
#[must_use]
pub fn dropped_lines() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Waits a short time until a terminal has shown the last lines.
pub fn finish() {
    let until = Instant::now() + FINISH_TIME_MAX;
    while WAITING.load(Ordering::Acquire) > 0 && Instant::now() < until {
        thread::sleep(Duration::from_millis(2));
    }
}

fn terminal() -> StandardError {
    let (sender, chunks) = mpsc::sync_channel::<Vec<u8>>(TERMINAL_CHUNKS_MAX);
    let show = move || {
        for chunk in chunks {
            let _ = io::stderr().write_all(&chunk);
            WAITING.fetch_sub(1, Ordering::AcqRel);
        }
    };
    match thread::Builder::new().name("brms-log".to_owned()).spawn(show) {
        Ok(_) => StandardError::Terminal(sender),
        Err(_) => StandardError::PipeOrSocket,
    }
}

impl StandardError {
    #[cfg(unix)]
    fn new() -> Self {
        let kind =
            rustix::fs::fstat(io::stderr()).map(|status| rustix::fs::FileType::from_raw_mode(status.st_mode));
        match kind {
            _ if io::stderr().is_terminal() => terminal(),
            Ok(rustix::fs::FileType::RegularFile) => Self::File,
            _ => Self::PipeOrSocket,
        }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        if io::stderr().is_terminal() { terminal() } else { Self::File }
    }
}

impl Target for StandardError {
    #[cfg(unix)]
    fn is_ready(&self, wait: Duration) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        if !matches!(self, Self::PipeOrSocket) {
            return true;
        }
        let stderr = io::stderr();
        let mut polled = [PollFd::new(&stderr, PollFlags::OUT)];
        // An interrupted wait counts as not ready; an error shows up in the following write.
        let Ok(wait) = Timespec::try_from(wait) else { return true };
        poll(&mut polled, Some(&wait)).is_ok_and(|ready| ready > 0)
    }

    #[cfg(not(unix))]
    fn is_ready(&self, _wait: Duration) -> bool {
        true
    }

    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        let Self::Terminal(sender) = self else { return io::stderr().write(chunk) };
        WAITING.fetch_add(1, Ordering::AcqRel);
        if sender.try_send(chunk.to_vec()).is_err() {
            WAITING.fetch_sub(1, Ordering::AcqRel);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(chunk.len())
    }
}

/// The form of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Text,
}

/// Writes whole lines to a target, or drops and counts them.
struct Lines<T> {
    state: Mutex<TargetState<T>>,
    form: Format,
    instance: Option<String>,
}

struct TargetState<T> {
    target: T,
    dropped: u64,
    /// Whether the last line was written in part, so that the next one needs a line break first.
    is_torn: bool,
    /// Whether the last line found no room. The next ones do not wait until there is some.
    is_stuck: bool,
    window_begun: Instant,
    /// How long lines have waited in this window.
    waited: Duration,
}

impl<T: Target> Lines<T> {
    fn new(target: T, form: Format) -> Self {
        let (window_begun, waited) = (Instant::now(), Duration::ZERO);
        let state = TargetState { target, dropped: 0, is_torn: false, is_stuck: false, window_begun, waited };
        Self { state: Mutex::new(state), form, instance: None }
    }

    fn of_instance(self, instance: Option<String>) -> Self {
        Self { instance, ..self }
    }

    /// The line with the name of the instance: as the first member, or at the end of a text.
    fn named<'l>(&self, line: &'l [u8]) -> Cow<'l, [u8]> {
        let Some(instance) = &self.instance else { return Cow::Borrowed(line) };
        let name = serde_json::Value::from(instance.as_str());
        match (self.form, line) {
            (Format::Json, [b'{', rest @ ..]) => {
                [format!("{{\"instance\":{name},").as_bytes(), rest].concat().into()
            }
            (Format::Text, [text @ .., b'\n']) => {
                [text, format!(" instance={name}\n").as_bytes()].concat().into()
            }
            _ => Cow::Borrowed(line),
        }
    }

    fn state(&self) -> MutexGuard<'_, TargetState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_line(&self, line: &[u8]) {
        let line = &*self.named(line);
        let shown = match self.form {
            Format::Json => Cow::Borrowed(line),
            Format::Text => terminal::coloured_line(&String::from_utf8_lossy(line)).into_bytes().into(),
        };
        let line: &[u8] = &shown;
        let mut state = self.state();
        if state.dropped > 0 {
            let note = self.dropped_note(state.dropped);
            if state.write(note.as_bytes()).is_ok() {
                state.dropped = 0;
            }
        }
        if state.dropped > 0 || state.write(line).is_err() {
            state.dropped += 1;
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn dropped_note(&self, dropped: u64) -> String {
        let at = Clock::default().now().rfc3339();
        let message = "log lines were dropped because they could not be written";
        if self.form == Format::Json {
            let note = serde_json::json!({ "timestamp": at, "level": "WARN", "message": message, "dropped": dropped });
            format!("{note}\n")
        } else {
            format!("{at}  WARN {message} dropped={dropped}\n")
        }
    }
}

impl<T: Target> TargetState<T> {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.write_chunks(b"\n")?;
            self.is_torn = false;
        }
        self.write_chunks(line)
    }

    fn write_chunks(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut left = bytes;
        while !left.is_empty() {
            let chunk = &left[..left.len().min(CHUNK_BYTES)];
            let written =
                self.write_chunk(chunk).inspect_err(|_| self.is_torn |= left.len() < bytes.len())?;
            left = &left[written..];
        }
        Ok(())
    }

    fn write_chunk(&mut self, chunk: &[u8]) -> io::Result<usize> {
        let begun = Instant::now();
        if begun.duration_since(self.window_begun) >= WAIT_WINDOW {
            (self.window_begun, self.waited) = (begun, Duration::ZERO);
        }
        let left = WAIT_FOR_READER.saturating_sub(self.waited);
        self.is_stuck = !self.target.is_ready(if self.is_stuck { Duration::ZERO } else { left });
        // Whole milliseconds: a reader that keeps up takes none.
        self.waited += Duration::from_millis(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        if self.is_stuck {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        loop {
            match self.target.write(chunk) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                outcome => return outcome,
            }
        }
    }
}

impl<'a, T: Target + 'a> MakeWriter<'a> for Lines<T> {
    type Writer = Line<'a, T>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self)
    }
}

/// The library's writer for one line. It never returns an error.
struct Line<'a, T>(&'a Lines<T>);

impl<T: Target> Write for Line<'_, T> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
