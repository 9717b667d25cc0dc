//! Checks that the system allows the threads and open files that a command needs. Libraries panic when it does not.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::leftovers::Leftovers;
use crate::clock::CENTURY;
use crate::failure::Failure;

/// The exit code of a failure.
const FAILURE: i32 = 1;
/// Four for concurrent reads, and four for DNS lookups of the mail delivery.
const READING_THREADS: usize = 8;
/// How long a thread waits for the others to start.
const THREADS_START_WITHIN: Duration = Duration::from_secs(2);

/// Starts this many threads for a moment, and fails if the system refuses some.
pub(super) fn check(needed: usize) -> Result<(), Failure> {
    let threads: Vec<_> = (0..needed).map(|_| std::thread::Builder::new().spawn(std::thread::park)).collect();
    let refused = threads.iter().filter(|thread| thread.is_err()).count();
    let mut cause = None;
    for thread in threads {
        match thread {
            Ok(thread) => {
                thread.thread().unpark();
                let _ = thread.join();
            }
            Err(refusal) => cause = Some(refusal),
        }
    }
    let Some(cause) = cause else { return Ok(()) };
    Err(format!(
        "the system refuses {refused} of {needed} threads: {cause}; raise the limit on processes: `ulimit -u`, \
         TasksMax= of a systemd unit, --pids-limit of a container"
    )
    .into())
}

/// The runtime of commands that run a server. A panic of the runtime itself ends the process, and removes `leftovers`.
pub(super) fn runtime(leftovers: &Leftovers) -> Result<tokio::runtime::Runtime, Failure> {
    #[cfg(unix)]
    open_files::check()?;
    // One worker per core, three threads of the connection pool, the writer, the WAL checkpointer, and two blocking
    // threads.
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    check(workers + 7)?;
    end_with_the_runtime(leftovers.clone());
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().thread_keep_alive(CENTURY).build()?)
}

/// A panic of a task ends one request or one vital part (see `lifeline.rs`). One in the runtime's own code, for example
/// because the system refuses to wait for events, ends a worker and nothing else: the process would stay, and answer
/// nothing any more.
fn end_with_the_runtime(leftovers: Leftovers) {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        if panic.location().is_some_and(|place| is_of_runtime(place.file())) {
            tracing::error!("the runtime cannot continue, so the process ends");
            leftovers.exit(FAILURE);
        }
    }));
}

/// Whether a source file is one of the runtime. What a caller does wrong is reported at the place of the call.
fn is_of_runtime(file: &str) -> bool {
    let file = file.replace('\\', "/");
    let of_crate = file.split_once("/src/runtime/").and_then(|(before, _)| before.rsplit('/').next());
    of_crate.is_some_and(|name| name == "tokio" || name.starts_with("tokio-1"))
}

/// Starts the threads for reads, once the database has started its own; they are kept for the lifetime of the
/// process. If the system temporarily refuses new threads later, work that waits for one would never run.
pub(super) fn start_reading_threads() {
    let all_there = Arc::new((Mutex::new(0), Condvar::new()));
    for _ in 0..READING_THREADS {
        let all_there = Arc::clone(&all_there);
        tokio::task::spawn_blocking(move || wait_for_all(&all_there));
    }
}

/// Keeps a thread busy until all have started, so that each task gets a thread of its own. If the system allows
/// fewer, those continue without the others.
fn wait_for_all((arrived, all_there): &(Mutex<usize>, Condvar)) {
    let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
    *arrived += 1;
    if *arrived == READING_THREADS {
        all_there.notify_all();
    }
    let is_missing = |arrived: &mut usize| *arrived < READING_THREADS;
    drop(all_there.wait_timeout_while(arrived, THREADS_START_WITHIN, is_missing));
}

#[cfg(unix)]
mod open_files {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use crate::failure::Failure;

    /// The open files of a server before its first connection, with some spare.
    const MIN: u64 = 64;

    /// Raises the soft limit on open files to the hard limit: each connection needs one.
    pub(super) fn check() -> Result<(), Failure> {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        // If it cannot be raised, the old limit stays and is checked.
        let _ = setrlimit(Resource::Nofile, raised);
        match getrlimit(Resource::Nofile).current {
            Some(files) if files < MIN => Err(format!(
                "the limit on open files is {files}, and a server needs at least {MIN}: raise it with `ulimit -n` or \
                 LimitNOFILE= of a systemd unit"
            )
            .into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_runtime_are_its_own() {
        for file in [
            "/home/ann/.cargo/registry/src/index-1949cf8c6b5b557f/tokio-1.54.0/src/runtime/io/driver.rs",
            "vendor/tokio/src/runtime/io/driver.rs",
            "C:\\registry\\tokio-1.54.0\\src\\runtime\\time\\mod.rs",
        ] {
            assert!(is_of_runtime(file), "{file}");
        }
        for file in [
            "src/app.rs",
            "/registry/tokio-1.54.0/src/sync/mutex.rs",
            "/registry/hyper-1.0.0/src/runtime/x.rs",
        ] {
            assert!(!is_of_runtime(file), "{file}");
        }
    }
}
