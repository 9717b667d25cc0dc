//! The threads and open files that a command needs, and whether the system gives them. Libraries panic when they get none.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::CENTURY;
use crate::failure::Failure;

/// Four to read at once, and four for what a mail looks up.
const READING_THREADS: usize = 8;
/// How long one of them waits for the others.
const THREADS_START_WITHIN: Duration = Duration::from_secs(2);

/// Starts as many for a moment, and fails if the system refuses some.
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

/// A runtime for the commands that serve.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    #[cfg(unix)]
    open_files::check()?;
    // One worker a core, the pool's three, the writer, the fold of its log, and two to read or to wait in a worker's place.
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    check(workers + 7)?;
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().thread_keep_alive(CENTURY).build()?)
}

/// Starts the threads that read, once the database has its own; they stay. When the system gives none for a while, what
/// waits for a new one would never be run.
pub(super) fn start_to_read() {
    let all_there = Arc::new((Mutex::new(0), Condvar::new()));
    for _ in 0..READING_THREADS {
        let all_there = Arc::clone(&all_there);
        tokio::task::spawn_blocking(move || wait_for_all(&all_there));
    }
}

/// Keeps a thread busy until all are there, so that none does the work of two. Where the system gives fewer, those go
/// on without the others.
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

    /// What a server has open before its first connection, with some to spare.
    const MIN: u64 = 64;

    /// Raises the limit on open files as far as the system lets it: each connection is one.
    pub(super) fn check() -> Result<(), Failure> {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        // Where it cannot be raised the old limit stays, and that is looked at.
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
