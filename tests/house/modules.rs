//! Names and layout of modules and types: a `mod.rs` defines nothing itself; modules of nouns have plural names; a
//! type name stands for one type. Each rule is also run on planted violations, so that it can fail.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Source, read_all};

/// The folders with one module per noun.
const OF_NOUNS: &[&str] = &["src/operations/", "src/operator/", "src/store/", "src/views/"];
/// Names without a plural, or not of nouns.
const WITHOUT_PLURAL: &[&str] = &["health", "mod"];
/// The keywords that define a type.
const DEFINING: &[&str] = &["struct", "enum", "trait", "type", "union"];

/// Items of a `mod.rs` other than module declarations and re-exports.
fn more_than_a_face(source: &Source) -> Vec<String> {
    if !source.path.ends_with("/mod.rs") && source.path != "src/lib.rs" {
        return Vec::new();
    }
    let mut code: String = source.code().flat_map(|(_, line)| [line.trim(), " "]).collect();
    while let Some(begin) = code.find('#') {
        let end = code[begin..].find(']').map_or(code.len(), |length| begin + length + 1);
        code.replace_range(begin..end, "");
    }
    let is_allowed = |statement: &&str| {
        let words =
            statement.split(['(', ' ', ')']).filter(|word| !["pub", "crate", "super", ""].contains(word));
        let first = words.into_iter().next().unwrap_or_default();
        first.is_empty() || first == "mod" || first == "use" && statement.starts_with("pub")
    };
    let others = code.split(';').map(str::trim).filter(|statement| !is_allowed(statement));
    others.map(|statement| format!("{}: {statement:.60}", source.path)).collect()
}

/// Modules with a file beside their folder.
fn two_styles(sources: &[Source]) -> Vec<String> {
    let folders: BTreeSet<&str> =
        sources.iter().filter_map(|source| Some(source.path.rsplit_once('/')?.0)).collect();
    let files = sources.iter().filter(|source| folders.contains(source.path.trim_end_matches(".rs")));
    files.map(|source| format!("{} beside its folder", source.path)).collect()
}

fn singular(source: &Source) -> Vec<String> {
    let module = OF_NOUNS.iter().find_map(|folder| source.path.strip_prefix(folder));
    let name = module.and_then(|path| path.split(['/', '.']).next()).unwrap_or("mod");
    let is_right = name.ends_with('s') || WITHOUT_PLURAL.contains(&name);
    if is_right { Vec::new() } else { vec![format!("{} is not a plural", source.path)] }
}

/// Names of several types, with their places. The two forms of a platform-dependent type are in one file.
fn ambiguous_types(sources: &[Source]) -> Vec<String> {
    let mut places: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        // Those of records stand inside a macro.
        let is_item = |line: &str| !line.starts_with(' ') || line.starts_with("    pub struct ");
        for (_, line) in source.code().filter(|(_, line)| is_item(line)) {
            let mut words =
                line.split([' ', '<', '(', '{', ';', ':']).skip_while(|word| !DEFINING.contains(word));
            if let Some(name) = words.nth(1).filter(|_| !line.starts_with('}')) {
                places.entry(name).or_default().insert(&source.path);
            }
        }
    }
    let several = places.into_iter().filter(|(_, places)| places.len() > 1);
    several.map(|(name, places)| format!("{name} in {places:?}")).collect()
}

#[test]
fn modules_and_types_have_a_uniform_layout_and_naming() {
    let sources = read_all("src", ".rs");
    let mut broken: Vec<String> = sources.iter().flat_map(singular).collect();
    broken.extend(ambiguous_types(&sources));
    broken.extend(sources.iter().chain(&read_all("generated", ".rs")).flat_map(more_than_a_face));
    broken.extend(two_styles(&sources));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn deviations_from_layout_and_naming_are_detected() {
    let faults = |files: &[(&str, &str)]| {
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        let each = sources.iter().flat_map(|source| [more_than_a_face(source), singular(source)].concat());
        each.chain(two_styles(&sources)).chain(ambiguous_types(&sources)).count()
    };
    let face = "//! A.\n\n#![allow(a,\n    b)]\nmod a;\n#[path = \"b\"]\npub mod b;\n\npub use a::{\n    A,\n};\npub(crate) use b::B;";
    assert_eq!(faults(&[("src/lib.rs", face), ("src/a/mod.rs", face), ("src/a/b.rs", "use super::c;")]), 0);
    for (what, files) in [
        ("a function in a face", [("src/a/mod.rs", "mod b;\n\nfn c() {}\n"), ("src/a/b.rs", "")]),
        ("a type in a face", [("src/lib.rs", "/// B.\npub struct B(u8);"), ("src/a.rs", "")]),
        ("an import of a face", [("src/a/mod.rs", "use crate::b;"), ("src/b.rs", "")]),
        ("a file beside its folder", [("src/a.rs", "mod b;"), ("src/a/b.rs", "")]),
        ("a singular", [("src/store/user.rs", ""), ("src/store/mod.rs", "mod user;")]),
        ("a folder in the singular", [("src/operations/user/list.rs", ""), ("src/views/users.rs", "")]),
        (
            "two types of one name",
            [("src/a.rs", "pub struct Page {\n}"), ("src/b.rs", "pub(crate) enum Page {\n}")],
        ),
        ("a private one", [("src/a.rs", "trait Sent<T> {\n}"), ("src/b.rs", "struct Sent(u8);")]),
    ] {
        assert_eq!(faults(&files), 1, "{what}");
    }
    let twins = [("src/a.rs", "struct A;\nstruct A {\n}\n"), ("src/b.rs", "enum B {\n}\nstruct C;")];
    assert_eq!(faults(&twins), 0);
}
