//! The documents, checked against what they speak of: files, headings, commands, settings and tests that they name
//! exist, and lines of prose are short. Each check is also shown a planted violation, so that it can fail.

use crate::markdown::Document;
use crate::repository::{Repository, is_a, read};

#[path = "documents/addresses.rs"]
mod addresses;
#[path = "documents/commands.rs"]
mod commands;
#[path = "documents/markdown.rs"]
mod markdown;
#[path = "documents/places.rs"]
mod places;
#[path = "documents/repository.rs"]
mod repository;
#[path = "documents/settings.rs"]
mod settings;
#[path = "documents/tasks.rs"]
mod tasks;

/// A line is shorter than this.
const COLUMNS_MAX: usize = 120;
const README_LINES_MAX: usize = 120;

type Check = fn(&Document, &Repository) -> Vec<String>;

/// Lines are short, but for those of tables, which cannot be broken.
fn columns(document: &Document, _: &Repository) -> Vec<String> {
    let lines = document.text.lines().enumerate().filter(|(_, line)| !line.starts_with('|'));
    let long = lines.filter(|(_, line)| line.chars().count() >= COLUMNS_MAX);
    long.map(|(position, line)| document.fault(position + 1, format!("{} columns", line.chars().count())))
        .collect()
}

/// What the README may take of a reader's time.
fn length(document: &Document, _: &Repository) -> Vec<String> {
    let lines = document.text.lines().count();
    let is_long = document.path == "README.md" && lines > README_LINES_MAX;
    is_long
        .then(|| document.fault(lines, format!("more than {README_LINES_MAX} lines")))
        .into_iter()
        .collect()
}

/// A name of a variable is one that the program, the build or a script reads.
fn variables(document: &Document, repository: &Repository) -> Vec<String> {
    let is_known = |name: &str| {
        let sources = repository.paths.iter().filter(|path| {
            let is_source = is_a("rs", path) || path.starts_with("scripts/") && !path.contains('.');
            is_source && !path.ends_with('/') && !path.starts_with("tests/")
        });
        sources.into_iter().any(|path| read(path).contains(name))
    };
    let named = document.codes.iter().filter_map(|code| {
        let name: String =
            code.text.chars().take_while(|letter| letter.is_ascii_uppercase() || *letter == '_').collect();
        (name.starts_with("BRMS_") && name.len() > "BRMS_".len()).then_some((code.line, name))
    });
    let unknown = named.filter(|(_, name)| !is_known(name));
    unknown.map(|(line, name)| document.fault(line, format!("{name} is unknown"))).collect()
}

/// Words that have a reader ask who is meant.
fn words(document: &Document, _: &Repository) -> Vec<String> {
    const RIDDLES: &[&str] = &["nobody", "somebody", "whoever"];
    let mut faults = Vec::new();
    for (position, line) in document.text.lines().enumerate() {
        // Names of tests and of files stand between backticks.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ").to_lowercase();
        let found = RIDDLES.iter().find(|word| prose.contains(**word));
        faults.extend(found.map(|word| document.fault(position + 1, format!("say who {word} is"))));
    }
    faults
}

/// Changes stand below a version and one of these words, so that an operator finds what concerns them.
fn changes(document: &Document, _: &Repository) -> Vec<String> {
    const GROUPS: &[&str] = &["Added", "Changed", "Fixed", "Security"];
    if document.path != "CHANGELOG.md" {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (position, line) in document.text.lines().enumerate() {
        let is_right = match line.split_once(' ') {
            Some(("##", version)) => {
                version == "Unreleased" || version.starts_with(|letter: char| letter.is_ascii_digit())
            }
            Some(("###", group)) => GROUPS.contains(&group),
            _ => true,
        };
        if !is_right {
            faults.push(
                document.fault(position + 1, format!("{line} is neither a version nor one of {GROUPS:?}")),
            );
        }
    }
    faults
}

/// Each check, with the path and the text of a document that it must object to.
fn checks() -> Vec<(&'static str, Check, &'static str, String)> {
    let planted = |path: &'static str, text: &str| (path, text.to_owned());
    let cases: Vec<(&'static str, Check, (&'static str, String))> = vec![
        ("lines are short", columns, ("docs/a.md", "word ".repeat(25))),
        ("the README is short", length, ("README.md", "a\n".repeat(README_LINES_MAX + 1))),
        ("links lead to files", places::links, planted("docs/a.md", "[a](b.md), [c](../README.md)")),
        (
            "links lead to headings",
            places::links,
            planted("SECURITY.md", "# One\n\n[a](#one), [b](README.md#no-such)"),
        ),
        ("images are there", places::links, planted("README.md", "![a](docs/images/none.png)")),
        (
            "paths exist",
            places::paths,
            planted("docs/a.md", "`src/nothing.rs`, `src/api.rs`, `text/csv`, `/api/users`"),
        ),
        ("folders exist", places::paths, planted("docs/a.md", "`scripts/away/`, `scripts/judges/`, `cli/`")),
        (
            "files exist",
            places::paths,
            planted("docs/a.md", "`nothing.rs`, `layers.rs`, `src/store/NOUN.rs`"),
        ),
        ("instructions too", places::paths, planted("docs/a.md", "`src/away/NOUN.rs`, `NNNN_WHAT.sql`")),
        (
            "maps are right",
            places::maps,
            planted("docs/a.md", "```text\nsrc/\n  api.rs   x\n  none.rs  y\n```\n"),
        ),
        ("tests exist", places::tests, planted("docs/a.md", "`iv_99_there_is_no_such_test`, `a_b`")),
        ("claims are held", places::held_by, planted("a.md", "| a | held by |\n|---|---|\n| b | `c` |\n")),
        (
            "commands are read",
            commands::blocks,
            planted("a.md", "```sh\nbrms serve --nonsense\nbrms health\n```\n"),
        ),
        ("commands take values", commands::blocks, planted("a.md", "```sh\nbrms mail retry 7 | head\n```\n")),
        (
            "commands exist",
            commands::spans,
            planted("a.md", "`brms mail lose`, `brms token create --kind personal`"),
        ),
        (
            "flags exist",
            commands::spans,
            planted("a.md", "`brms backup FILE [--fierce]`, `brms --ephemeral`"),
        ),
        ("flags alone exist", commands::spans, planted("a.md", "`--listening`, `--listen ADDRESS`")),
        ("words are plain", words, planted("a.md", "Nobody knows\n`nobody_knows_it`\n")),
        (
            "images in HTML are there",
            places::links,
            planted("README.md", "<img src=\"none.png\" width=\"1\">"),
        ),
        ("variables exist", variables, planted("a.md", "`BRMS_LISENT`, `BRMS_LISTEN=…`, `BRMS_…`")),
        (
            "changes are grouped",
            changes,
            planted("CHANGELOG.md", "## Unreleased\n\n### Added\n\n### Various\n"),
        ),
    ];
    cases.into_iter().map(|(name, check, (path, text))| (name, check, path, text)).collect()
}

#[test]
fn the_documents_say_what_is_there() {
    let repository = Repository::new();
    let documents = repository.documents();
    let mut broken = Vec::new();
    for (name, check, ..) in checks() {
        let found = documents.iter().flat_map(|document| check(document, &repository));
        broken.extend(found.map(|fault| format!("{fault} ({name})")));
    }
    broken.sort();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_check_sees_a_planted_violation() {
    let repository = Repository::new();
    for (name, check, path, text) in checks() {
        let found = check(&Document::new(path, &text), &repository);
        assert_eq!(found.len(), 1, "{name} does not see {text:.80}: {found:?}");
    }
}
