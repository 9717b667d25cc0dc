//! The ten tasks of CONTRIBUTING.md: each leads from ARCHITECTURE.md to the place in the code in at most three hops.

use crate::repository::{Repository, read};

const TASKS: usize = 10;
const HOPS_MAX: usize = 3;
const TABLE: &str = "| Task | Hops |";
const BETWEEN: &str = " → ";

/// What is wrong with the table in `contributing`. A hop is a file and what to look for in it: `` `src/a.rs` `name` ``.
fn faults(contributing: &str, architecture: &str, repository: &Repository) -> Vec<String> {
    let rows: Vec<&str> = contributing
        .lines()
        .skip_while(|line| *line != TABLE)
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let mut faults = Vec::new();
    if rows.len() != TASKS {
        faults.push(format!("{} tasks", rows.len()));
    }
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [task, hops] = cells[..] else {
            faults.push(format!("not two cells: {row}"));
            continue;
        };
        faults.extend(faults_of_task(hops, architecture, repository).map(|fault| format!("{task}: {fault}")));
    }
    faults
}

fn faults_of_task(hops: &str, architecture: &str, repository: &Repository) -> impl Iterator<Item = String> {
    let hops: Vec<&str> = hops.split(BETWEEN).collect();
    let mut faults = Vec::new();
    if hops.len() > HOPS_MAX {
        faults.push(format!("{} hops", hops.len()));
    }
    for (position, hop) in hops.iter().enumerate() {
        let codes: Vec<&str> = hop.split('`').skip(1).step_by(2).collect();
        let [path, symbol] = codes[..] else {
            faults.push(format!("not a file and a name: {hop}"));
            continue;
        };
        if !repository.paths.contains(path) {
            faults.push(format!("{path} does not exist"));
        } else if !read(path).contains(symbol) {
            faults.push(format!("{path} does not name {symbol}"));
        }
        // The map names a folder and, beside it, its files.
        let name = path.trim_start_matches("src/");
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        if position == 0 && !(architecture.contains(file) && architecture.contains(folder)) {
            faults.push(format!("ARCHITECTURE.md does not name {path}"));
        }
    }
    faults.into_iter()
}

#[test]
fn a_newcomer_finds_ten_places_in_three_hops_each() {
    let found = faults(&read("CONTRIBUTING.md"), &read("ARCHITECTURE.md"), &Repository::new());
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_hop_that_leads_nowhere_is_seen() {
    let repository = Repository::new();
    let row = |hops: &str| format!("{TABLE}\n|---|---|\n| a | {hops} |\n");
    let right = "`src/main.rs` `fn main`";
    for (hops, fault) in [
        ("`src/main.rs` `no such name`", "src/main.rs does not name no such name"),
        ("`src/away.rs` `a`", "src/away.rs does not exist"),
        ("`src/main.rs`", "not a file and a name: `src/main.rs`"),
        (&[right; 4].join(BETWEEN), "4 hops"),
        ("`src/cli/run.rs` `fn run`", "ARCHITECTURE.md does not name src/cli/run.rs"),
    ] {
        let found = faults(&row(hops), "main.rs, away.rs", &repository);
        assert!(found.contains(&format!("a: {fault}")), "{fault}: {found:?}");
    }
    assert_eq!(faults(&row(right), "main.rs", &repository), ["1 tasks"]);
}
