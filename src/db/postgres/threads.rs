//! Threads for a library whose calls block.

/// Runs `work` outside of any runtime: a connection may not be opened, used or closed in one.
pub(super) fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let joined = std::thread::scope(|scope| scope.spawn(work).join());
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
