//! What the documents may name: the files of the repository, its tests, and the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use brms::config::Arguments;
use clap::{Command, CommandFactory};

use crate::markdown::Document;

/// Folders that hold no source: they are made by a build or a script.
const MADE: &[&str] = &[
    "target",
    "dist",
    ".git",
    ".codegen",
    ".judge",
    ".browser",
    ".stand-in",
    ".kubernetes",
    "node_modules",
    "__pycache__",
];

/// Whether a file has this ending.
pub fn is_a(ending: &str, path: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == ending)
}

/// The repository as it stands.
pub struct Repository {
    /// Every file and folder from the root; folders end in a slash.
    pub paths: BTreeSet<String>,
    /// The names of all tests in Rust.
    pub tests: BTreeSet<String>,
    /// The headings of each document, as links name them.
    pub anchors: BTreeMap<String, BTreeSet<String>>,
    /// The command line.
    pub command: Command,
    /// Every flag of any command.
    pub flags: BTreeSet<String>,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

impl Repository {
    pub fn new() -> Self {
        let mut paths = BTreeSet::new();
        walk(&root(), "", &mut paths);
        let mut command = Arguments::command();
        command.build();
        let mut flags = BTreeSet::new();
        collect_flags(&command, &mut flags);
        let sources = paths
            .iter()
            .filter(|path| is_a("rs", path) && ["src/", "tests/"].iter().any(|top| path.starts_with(top)));
        let tests = sources.flat_map(|path| tests_in(&read(path))).collect();
        let documents = documents_among(&paths);
        let anchors =
            documents.into_iter().map(|document| (document.path.clone(), document.anchors)).collect();
        Self { paths, tests, anchors, command, flags }
    }

    pub fn documents(&self) -> Vec<Document> {
        documents_among(&self.paths)
    }

    /// Whether a file or folder has this path from the root.
    pub fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || self.paths.contains(path) || self.paths.contains(&format!("{path}/"))
    }

    /// Whether the path of a file or folder ends so, at the beginning of a name.
    pub fn has_below(&self, end: &str) -> bool {
        let end = format!("/{}", end.trim_end_matches('/'));
        self.paths.iter().any(|path| format!("/{}", path.trim_end_matches('/')).ends_with(&end))
    }
}

fn documents_among(paths: &BTreeSet<String>) -> Vec<Document> {
    let documents: Vec<_> =
        paths.iter().filter(|path| is_a("md", path)).map(|path| Document::new(path, &read(path))).collect();
    assert!(documents.len() > 10, "only {} documents", documents.len());
    documents
}

fn walk(folder: &Path, prefix: &str, paths: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if MADE.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            paths.insert(format!("{path}/"));
            walk(&entry.path(), &format!("{path}/"), paths);
        } else {
            paths.insert(path);
        }
    }
}

fn collect_flags(command: &Command, flags: &mut BTreeSet<String>) {
    flags.extend(command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)));
    command.get_subcommands().for_each(|command| collect_flags(command, flags));
}

/// The functions below `#[test]` and `#[tokio::test]`.
pub fn tests_in(source: &str) -> Vec<String> {
    let mut is_test = false;
    let mut found = Vec::new();
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            let name =
                line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            found.extend(name.filter(|_| is_test).map(str::to_owned));
            is_test = false;
        }
    }
    found
}

#[test]
fn tests_are_found_by_their_attribute() {
    let source = "#[test]\nfn one() {}\nfn two() {}\n#[tokio::test(flavor = \"x\")]\n#[cfg(unix)]\n    async fn three() {}\n";
    assert_eq!(tests_in(source), ["one", "three"]);
}
