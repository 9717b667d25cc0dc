//! A disk that fails on demand: brms with a preloaded library that intercepts system calls.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The simulated disk of one folder.
pub struct FaultyDisk {
    control: PathBuf,
}

impl FaultyDisk {
    /// Works until `fail` is called.
    pub fn of(folder: &Path) -> Self {
        Self { control: folder.canonicalize().expect("the folder").join("faulty-disk") }
    }

    /// Preloads the library in a program.
    pub fn attach(&self, command: &mut Command) {
        command.env("LD_PRELOAD", library()).env("FAULTY_DISK", &self.control);
    }

    /// From now on `write`, `fsync`, `stat`, `fstat`, `read`, `open`, `lock`, `unlock` or `epoll` fails with this error
    /// number.
    pub fn fail(&self, call: &str, number: i32) {
        self.put(&format!("{call} {number}"));
    }

    /// The same as [`FaultyDisk::fail`], for files with this in their names only.
    pub fn fail_on(&self, call: &str, number: i32, name: &str) {
        self.put(&format!("{call} {number} {name}"));
    }

    /// From now on no file becomes longer while the file of this name has content.
    pub fn fill_until_empty(&self, name: &str) {
        self.put(&format!("full 28 {name}"));
    }

    /// The same as [`FaultyDisk::fail`], also for standard error.
    pub fn fail_with_log(&self, call: &str, number: i32) {
        self.put(&format!("{call} {number} stderr"));
    }

    /// From now on a `write` to files with this in their names blocks forever.
    pub fn hang(&self, name: &str) {
        self.put(&format!("write 0 {name}"));
    }

    /// The disk works again.
    pub fn mend(&self) {
        std::fs::remove_file(&self.control).expect("the disk was failing");
    }

    fn put(&self, text: &str) {
        let beside = self.control.with_extension("new");
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, &self.control))
            .expect("an order");
    }
}

/// Compiled once, by the C compiler that SQLite needs as well.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (made, library) =
            (folder.join(format!("faulty_disk.{}.so", std::process::id())), folder.join("faulty_disk.so"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/faulty_disk.c");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&made).arg(source).status();
        assert!(built.expect("a C compiler").success());
        // Another test program may compile it at the same time.
        std::fs::rename(&made, &library).expect("a place for the library");
        library
    })
}
