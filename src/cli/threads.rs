//! The threads and open files that a command needs, and whether the system gives them. Libraries panic when they get none.

use std::sync::{Arc, Barrier};

use crate::clock::CENTURY;
use crate::failure::Failure;

/// Four to read at once, and four for what a mail looks up.
const READING_THREADS: usize = 8;

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

/// A runtime for the commands that serve. The threads that read are started now and stay: when the system gives none for
/// a while, what waits for a new one would never be run.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    #[cfg(unix)]
    open_files::check()?;
    // One worker a core, the pool's three, the writer, the fold of its log, and some to read and to look up names.
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    check(workers + 5 + READING_THREADS)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_keep_alive(CENTURY).build()?;
    let all_there = Arc::new(Barrier::new(READING_THREADS));
    for _ in 0..READING_THREADS {
        let all_there = Arc::clone(&all_there);
        runtime.spawn_blocking(move || all_there.wait());
    }
    Ok(runtime)
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
