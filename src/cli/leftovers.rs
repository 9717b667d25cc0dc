//! An immediate exit, which runs no destructors, and the files to remove then.

use std::path::PathBuf;
use std::process::exit;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::log;

/// Files and folders to remove on an immediate exit. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Leftovers(Arc<Mutex<Vec<PathBuf>>>);

impl Leftovers {
    pub(super) fn add(&self, paths: impl IntoIterator<Item = PathBuf>) {
        self.lock().extend(paths);
    }

    /// Ends the process at once.
    pub(super) fn exit(&self, code: i32) -> ! {
        for path in self.lock().iter() {
            let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
        log::finish();
        exit(code);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
