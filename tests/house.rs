//! The conventions of the source, checked by reading it: dependencies between modules, length limits, and the form of
//! the description. Each check is also run on a planted violation, so that it can fail.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::arguments::{bare_booleans, bare_ids, boolean_parameters};
use crate::imports::Module;

#[path = "house/arguments.rs"]
mod arguments;
#[path = "house/features.rs"]
mod features;
#[path = "house/imports.rs"]
mod imports;
#[path = "house/layers.rs"]
mod layers;
#[path = "house/modules.rs"]
mod modules;

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const GENERATED_LINES_MAX: usize = 3_500;
/// How many operations brms.json has.
const OPERATIONS: usize = 42;
const DO_NOT_EDIT: &str = "// Generated from brms.json by scripts/codegen. Do not edit";

/// A source file: its path from the root of the repository, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    fn is_under(&self, places: &[&str]) -> bool {
        places
            .iter()
            .any(|place| self.path == *place || (place.ends_with('/') && self.path.starts_with(place)))
    }

    /// The lines with their numbers, without comments and without the tests at the end of the file.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_tests = self.path.ends_with("tests.rs");
        let lines = self.text.lines().take_while(move |line| !is_tests && *line != "#[cfg(test)]");
        let numbered = lines.enumerate().map(|(position, line)| (position + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The places where the code contains one of these words.
    fn places_of(&self, words: &[&str]) -> Vec<String> {
        let hits = self.code().filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        hits.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim())).collect()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of a folder with this ending, and of those below it.
fn read_all(folder: &str, ending: &str) -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.sort();
    let sources: Vec<Source> = paths
        .iter()
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .map(|path| {
            let name = path.strip_prefix(root()).expect("below the root").components();
            let name: Vec<_> = name.map(|part| part.as_os_str().to_string_lossy()).collect();
            Source { path: name.join("/"), text: std::fs::read_to_string(path).expect("text") }
        })
        .collect();
    assert!(!sources.is_empty(), "nothing in {folder}");
    sources
}

type Rule = fn(&Source) -> Vec<String>;

fn file_length(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![format!("{}: {lines} lines", source.path)]
}

/// A function ends at a brace with the indentation of its first line, since rustfmt puts it there.
fn function_length(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = Vec::new();
    for (begin, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let words = trimmed.split('(').next().unwrap_or_default();
        let is_function = words.split(' ').any(|word| word == "fn") && !trimmed.starts_with("//");
        if !is_function || line.ends_with(';') || line.ends_with('}') {
            continue;
        }
        let end = format!("{}}}", &line[..line.len() - trimmed.len()]);
        let length = lines[begin..].iter().position(|line| **line == *end).map_or(0, |last| last + 1);
        if length > FUNCTION_LINES_MAX {
            found.push(format!("{}:{}: {length} lines: {trimmed}", source.path, begin + 1));
        }
    }
    found
}

/// Words that may be used only in these places.
fn known_only_in(source: &Source, words: &[&str], places: &[&str]) -> Vec<String> {
    if source.is_under(places) { Vec::new() } else { source.places_of(words) }
}

fn the_store_library(source: &Source) -> Vec<String> {
    known_only_in(source, &["rusqlite", "r2d2"], &["src/db/sqlite/"])
}

/// What belongs to one engine alone, such as a path or a lock.
fn the_engine(source: &Source) -> Vec<String> {
    known_only_in(source, &["db::sqlite"], &["src/db/", "src/startup/", "src/cli/", "src/store/tests.rs"])
}

fn the_http_library(source: &Source) -> Vec<String> {
    let places = ["src/server/", "src/http/", "src/cli/client.rs"];
    known_only_in(source, &["hyper"], &places)
}

fn sql(source: &Source) -> Vec<String> {
    if source.is_under(&["src/db/", "src/store/"]) {
        return Vec::new();
    }
    let code: String = source.code().flat_map(|(_, line)| [line, "\n"]).collect();
    // A statement may begin on the line after its quotation mark.
    let texts = code.split('"').skip(1).map(|text| text.trim_start_matches(['\\', '\n', ' ']));
    let is_sql = |text: &&str| {
        ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "].iter().any(|word| text.starts_with(word))
    };
    texts.filter(is_sql).map(|text| format!("{}: {text:.60}", source.path)).collect()
}

/// A view builds a model from the records it is given and reads nothing else.
fn pure_views(source: &Source) -> Vec<String> {
    if !source.is_under(&["src/views/"]) {
        return Vec::new();
    }
    let module = Module::new(source);
    let imported = module.imports.iter().map(|import| &import.path);
    let is_of_db = |path: &&Vec<String>| path.starts_with(&["crate".to_owned(), "db".to_owned()]);
    let mut found: Vec<String> =
        imported.chain(&module.paths).filter(is_of_db).map(|path| path.join("::")).collect();
    found.extend(source.places_of(&["Tx"]));
    found
}

fn the_mail_library(source: &Source) -> Vec<String> {
    known_only_in(source, &["lettre"], &["src/mail/"])
}

fn the_template_library(source: &Source) -> Vec<String> {
    known_only_in(source, &["handlebars"], &["src/mail/render/", "src/web/pages/templates.rs"])
}

fn the_environment(source: &Source) -> Vec<String> {
    known_only_in(source, &["env::var", "env::set_var"], &["src/config/read.rs"])
}

fn the_time(source: &Source) -> Vec<String> {
    let words = ["SystemTime::now", "Utc::now", "Timestamp::now", "Zoned::now", "Local::now"];
    known_only_in(source, &words, &["src/clock.rs"])
}

fn no_short_cuts(source: &Source) -> Vec<String> {
    source.places_of(&[".unwrap()", "todo!", "unimplemented!", "dbg!", "unsafe "])
}

fn a_word_of_introduction(source: &Source) -> Vec<String> {
    // The file of a module's tests needs no introduction.
    let is_missing = !source.text.starts_with("//!") && !source.path.ends_with("tests.rs");
    if is_missing { vec![format!("{} does not open with //!", source.path)] } else { Vec::new() }
}

/// Tests read the database through `Tx`, independent of the engine; tests about SQLite itself are marked.
fn sqlite_is_marked(source: &Source) -> Vec<String> {
    let names_it = ["rusqlite", "db::sqlite", ".sqlite()", "execute_in_sqlite("]
        .iter()
        .any(|word| source.text.contains(word));
    let is_marked = source.text.lines().any(|line| line.starts_with("//! Of SQLite alone: "));
    // The rules themselves name it.
    let is_rule = source.is_under(&["tests/house.rs", "tests/house/"]);
    if source.is_under(&["tests/"]) && !is_rule && names_it && !is_marked {
        return vec![format!("{} names SQLite and does not say why at its top", source.path)];
    }
    Vec::new()
}

/// Each rule with a planted violation: the path and the text.
fn rules() -> Vec<(&'static str, Rule, &'static str, String)> {
    let long = "x();\n".repeat(FILE_LINES_MAX + 1);
    let body = "        x();\n".repeat(FUNCTION_LINES_MAX);
    let function = format!("impl A {{\n    pub async fn a<T>(\n        b: u8,\n    ) {{\n{body}    }}\n}}\n");
    let planted = |path: &'static str, text: &str| (path, text.to_owned());
    let cases: Vec<(&'static str, Rule, (&'static str, String))> = vec![
        ("files are short", file_length, ("src/a.rs", long)),
        ("functions are short", function_length, ("src/a.rs", function)),
        ("the store library", the_store_library, planted("src/store/users.rs", "use rusqlite::params;")),
        ("the pool", the_store_library, planted("src/db/tx.rs", "let a = r2d2::Pool::new();")),
        ("the engine", the_engine, planted("src/operator/seeds.rs", "use crate::db::sqlite::ServeLock;")),
        ("the HTTP library", the_http_library, planted("src/web/mod.rs", "use hyper::Request;")),
        ("its helpers", the_http_library, planted("src/serverless.rs", "use hyper_util::rt::TokioIo;")),
        ("SQL", sql, planted("src/operations/users/mod.rs", "tx.row(\"SELECT 1 FROM users\")")),
        ("SQL that writes", sql, planted("src/storekeeper.rs", "tx.execute(\"DELETE FROM users\")")),
        (
            "SQL on a line of its own",
            sql,
            planted("src/seed/load.rs", "tx.rows(\n    \"\n     SELECT * FROM users\",\n)"),
        ),
        (
            "views that import",
            pure_views,
            planted("src/views/users.rs", "use crate::{\n    clock,\n    db::{self},\n};"),
        ),
        ("views that read", pure_views, planted("src/views/users.rs", "fn user(tx: &Tx, user: &User)")),
        (
            "the mail library",
            the_mail_library,
            planted("src/operations/users/mod.rs", "use lettre::Address;"),
        ),
        ("templates", the_template_library, planted("src/mail/mod.rs", "use handlebars::Handlebars;")),
        ("the environment", the_environment, planted("src/startup/server.rs", "std::env::var_os(\"HOME\")")),
        ("the time", the_time, planted("src/operations/users/mod.rs", "let now = SystemTime::now();")),
        ("the time by its library", the_time, planted("src/a.rs", "let now = jiff::Timestamp::now();")),
        ("no short cuts", no_short_cuts, planted("src/a.rs", "let a = b.unwrap();")),
        ("nothing left to do", no_short_cuts, planted("src/a.rs", "fn a() { todo!() }")),
        ("SQLite in tests", sqlite_is_marked, planted("tests/behaviour/a.rs", "server.sqlite()")),
        ("SQLite in other tests", sqlite_is_marked, planted("tests/a.rs", "use rusqlite::Connection;")),
        (
            "ids of their own types",
            bare_ids,
            planted("src/store/users.rs", "fn find(tx: &Tx, project_id: Uuid, ids: &[Uuid]) -> User {}"),
        ),
        ("named arguments", bare_booleans, planted("src/a.rs", "save(tx, &project, true)?;")),
        ("named parameters", boolean_parameters, planted("src/a.rs", "fn save(tx: &Tx, is_new: bool) {}")),
        ("an introduction", a_word_of_introduction, planted("src/a.rs", "use std::io;")),
    ];
    cases.into_iter().map(|(name, rule, (path, text))| (name, rule, path, text)).collect()
}

#[test]
fn the_source_follows_the_conventions() {
    let sources = read_all("src", ".rs");
    for (name, rule, ..) in rules() {
        let broken: Vec<String> = sources.iter().flat_map(rule).collect();
        assert!(broken.is_empty(), "{name}:\n{}", broken.join("\n"));
    }
}

#[test]
fn behaviour_tests_are_short_and_have_an_introduction() {
    for source in read_all("tests", ".rs") {
        for rule in [file_length, function_length, a_word_of_introduction, sqlite_is_marked] {
            let broken = rule(&source);
            assert!(broken.is_empty(), "{}", broken.join("\n"));
        }
    }
}

#[test]
fn every_rule_detects_a_planted_violation() {
    for (name, rule, path, text) in rules() {
        let found = rule(&Source::new(path, &text));
        assert_eq!(found.len(), 1, "{name} does not see {text:.80}: {found:?}");
    }
}

#[test]
fn comments_tests_and_permitted_places_are_not_violations() {
    for (rule, path, text) in [
        (the_store_library as Rule, "src/db/sqlite/verbs.rs", "use rusqlite::Row;"),
        (the_http_library, "src/server/request.rs", "use hyper::Request;"),
        (the_http_library, "src/web/mod.rs", "// hyper is not known here"),
        (sql, "src/store/users.rs", "tx.row(\"SELECT 1\")"),
        (sql, "src/operations/users/mod.rs", "/// Runs \"SELECT 1\"."),
        (pure_views, "src/operations/users/list.rs", "use crate::db::Tx;"),
        (no_short_cuts, "src/a.rs", "//! a\n\n#[cfg(test)]\nmod tests {\n    a.unwrap();\n}\n"),
        (no_short_cuts, "src/a/tests.rs", "a.unwrap();"),
        (bare_ids, "src/store/users.rs", "fn find(tx: &Tx, id: Uuid, user_id: UserId) -> User {}"),
        (boolean_parameters, "src/a.rs", "fn a(is: impl Fn(u8) -> bool) -> bool { let b: bool = is(1); b }"),
        (bare_booleans, "src/a.rs", "file.set_nodelay(true); let a = Some(false);"),
        (function_length, "src/a.rs", "trait A {\n    fn a(&self);\n    fn b(&self) {}\n}\n"),
    ] {
        assert_eq!(rule(&Source::new(path, text)), Vec::<String>::new(), "{path}: {text}");
    }
}

/// Problems of the generated files: a missing opening line, or their length.
fn generated_faults(files: &[Source]) -> Vec<String> {
    let unmarked = files.iter().filter(|file| !file.text.starts_with(DO_NOT_EDIT));
    let mut faults: Vec<String> = unmarked.map(|file| format!("{} is not marked", file.path)).collect();
    let lines: usize = files.iter().map(|file| file.text.lines().count()).sum();
    if lines >= GENERATED_LINES_MAX {
        faults.push(format!("{lines} generated lines"));
    }
    faults
}

#[test]
fn generated_files_are_marked_and_short() {
    assert_eq!(generated_faults(&read_all("generated", ".rs")), Vec::<String>::new());
    let marked = format!("{DO_NOT_EDIT}\n");
    let planted =
        [Source::new("generated/a.rs", "use b;"), Source::new("generated/b.rs", &marked.repeat(4_000))];
    assert_eq!(generated_faults(&planted), ["generated/a.rs is not marked", "4001 generated lines"]);
}

fn description() -> Value {
    serde_json::from_slice(&std::fs::read(root().join("brms.json")).expect("brms.json")).expect("JSON")
}

fn operations(description: &Value) -> Vec<&Value> {
    let paths = description["paths"].as_object().expect("paths");
    paths.values().flat_map(|methods| methods.as_object().expect("methods").values()).collect()
}

/// Problems of the description: its number of operations, their tags, and their authentication. `auth` takes each
/// alternative for one scheme.
fn description_faults(description: &Value) -> Vec<String> {
    let operations = operations(description);
    let mut faults = Vec::new();
    if operations.len() != OPERATIONS {
        faults.push(format!("{} operations", operations.len()));
    }
    let name = |operation: &Value| operation["operationId"].as_str().unwrap_or("nameless").to_owned();
    let own = operations.iter().filter(|operation| operation.get("x-provenance").is_none());
    let mut own: Vec<String> = own.map(|operation| name(operation)).collect();
    own.sort();
    if own != ["inviteMembers", "sendUserInvitation"] {
        faults.push(format!("the vendor's own words: {own:?}"));
    }
    for operation in operations {
        let alternatives = operation.get("security").or_else(|| description.get("security"));
        for alternative in alternatives.and_then(Value::as_array).into_iter().flatten() {
            let schemes = alternative.as_object().map_or(0, serde_json::Map::len);
            if schemes != 1 {
                faults.push(format!("{}: an alternative of {schemes} schemes", name(operation)));
            }
        }
    }
    faults
}

#[test]
fn the_description_has_the_form_the_code_relies_on() {
    let right = description();
    assert_eq!(description_faults(&right), Vec::<String>::new());
    let mut wrong = right.clone();
    let invite = &mut wrong["paths"]["/api/projects/{projectId}/members"]["post"];
    invite["x-provenance"] = "derived".into();
    invite["security"] = serde_json::json!([{ "personalAccessToken": [], "internalAuth": [] }]);
    wrong["paths"]["/api/more"] =
        serde_json::json!({ "get": { "operationId": "more", "x-provenance": "derived" } });
    assert_eq!(
        description_faults(&wrong),
        [
            &format!("{} operations", OPERATIONS + 1),
            "the vendor's own words: [\"sendUserInvitation\"]",
            "inviteMembers: an alternative of 2 schemes",
        ]
    );
}
