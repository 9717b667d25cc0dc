//! What documents point to: links, anchors, paths, tests.

use crate::markdown::{Document, Piece};
use crate::repository::Repository;

/// What stands for a name in a path of an instruction.
const PLACEHOLDERS: &[&str] = &["NOUN", "NNNN", "WHAT", "NAME"];
/// A word that ends so is the name of a file of ours.
const ENDINGS: &[&str] = &[".rs", ".md", ".py", ".mjs", ".sql"];

/// Links lead to a file that exists and to a heading in it.
pub fn links(document: &Document, repository: &Repository) -> Vec<String> {
    let local = document.links.iter().filter(|link| !link.text.contains("://"));
    local.filter_map(|link| dead_link(document, repository, link)).collect()
}

fn dead_link(document: &Document, repository: &Repository, link: &Piece) -> Option<String> {
    let (path, anchor) = link.text.split_once('#').unwrap_or((&link.text, ""));
    let target =
        if path.is_empty() { document.path.clone() } else { normal(&format!("{}{path}", document.folder())) };
    if !repository.has(&target) {
        return Some(document.fault(link.line, format!("a link to {target}, which does not exist")));
    }
    let own = (target == document.path).then_some(&document.anchors);
    let has_anchor =
        || own.or_else(|| repository.anchors.get(&target)).is_some_and(|anchors| anchors.contains(anchor));
    let is_dead = !anchor.is_empty() && !has_anchor();
    is_dead.then(|| document.fault(link.line, format!("{target} has no heading #{anchor}")))
}

/// Without `..`, which leads out of a folder.
fn normal(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => (),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A path of the repository between backticks exists: from the root, from `src/`, or beside the document.
pub fn paths(document: &Document, repository: &Repository) -> Vec<String> {
    let named = document.codes.iter().flat_map(|code| {
        let words = code.text.split_whitespace();
        words.map(|word| Piece { line: code.line, text: word.trim_end_matches([',', ':']).to_owned() })
    });
    let missing = named.filter(|word| {
        looks_like_a_path(&word.text, repository) && !exists(document, repository, &word.text)
    });
    missing.map(|word| document.fault(word.line, format!("{} does not exist", word.text))).collect()
}

fn is_path_text(word: &str) -> bool {
    word.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./".contains(letter))
}

fn looks_like_a_path(word: &str, repository: &Repository) -> bool {
    let is_in_a_folder = || {
        let top = word.split('/').next().unwrap_or_default();
        word.contains('/')
            && !top.is_empty()
            && (repository.has(top) || repository.has(&format!("src/{top}")))
    };
    let has_ending = || ENDINGS.iter().any(|ending| word.ends_with(ending) && word.len() > ending.len());
    is_path_text(word) && (is_in_a_folder() || has_ending())
}

fn exists(document: &Document, repository: &Repository, word: &str) -> bool {
    let folder = document.folder();
    // In an instruction the part before the placeholder has to exist.
    let known = PLACEHOLDERS.iter().filter_map(|placeholder| word.find(placeholder)).min();
    let word = known.map_or(word, |at| word[..at].rfind('/').map_or("", |slash| &word[..slash]));
    let is_at = |place: &str| repository.has(&normal(&format!("{place}{word}")));
    let is_a_name = !word.contains('/') && repository.has_below(word);
    is_a_name || [folder, "", "src/"].iter().any(|place| is_at(place) || is_at(&format!("{place}{word}.rs")))
}

/// A block of text that draws a map names files that exist, wherever they lie.
pub fn maps(document: &Document, repository: &Repository) -> Vec<String> {
    let mut faults = Vec::new();
    for block in document.blocks.iter().filter(|block| block.language == "text") {
        for (position, line) in block.text.lines().enumerate() {
            for word in line.split_whitespace().map(|word| word.trim_end_matches([',', ';', ':', ')', '.'])) {
                let has_ending = ENDINGS.iter().any(|ending| word.ends_with(ending));
                let is_folder = word.len() > 1 && word.ends_with('/') && !word.starts_with(['/', '.']);
                let is_named = is_path_text(word) && (has_ending || is_folder);
                let name = word.trim_start_matches("../");
                if is_named && !repository.has_below(name) {
                    faults.push(document.fault(block.line + 1 + position, format!("{word} does not exist")));
                }
            }
        }
    }
    faults
}

/// Whether a word has the form that the names of our tests have: a sentence with underscores.
pub fn looks_like_a_test(word: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    word.matches('_').count() >= 3 && word.chars().all(is_name) && !word.starts_with("brms_")
}

/// Every test that is named exists.
pub fn tests(document: &Document, repository: &Repository) -> Vec<String> {
    let named = document.codes.iter().filter(|code| looks_like_a_test(&code.text));
    let missing = named.filter(|code| !repository.tests.contains(&code.text));
    missing.map(|code| document.fault(code.line, format!("there is no test {}", code.text))).collect()
}

/// In a table whose last column is "held by", every row names a test or a script that holds it.
pub fn held_by(document: &Document, repository: &Repository) -> Vec<String> {
    let is_proof = |code: &String| {
        repository.tests.contains(code) || code.starts_with("scripts/") && repository.has(code)
    };
    let claims = document.rows.iter().filter(|row| row.last_heading == "held by");
    let unproved = claims.filter(|row| !row.codes.iter().any(is_proof));
    unproved.map(|row| document.fault(row.line, "this row names no test that holds it")).collect()
}
