//! The layers: a file imports only from a lower layer or its own folder, and files do not import each other in a
//! cycle. Each rule is also run on planted violations, so that it can fail.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use crate::imports::{Module, Path};
use crate::{Source, read_all};

/// The folders and files of `src/` from high to low. Those of one layer do not import each other.
const FLOORS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["startup"],
    &["server"],
    &["testing"],
    &["seed", "web"],
    &["api", "operator"],
    &["operations"],
    &["app"],
    &["idempotency", "mail", "retention"],
    &["views"],
    &["access"],
    &["store"],
    &["db"],
    &["config", "file_permissions", "openapi", "paging", "unknown_path"],
    &["generated", "limits", "log", "mail_states"],
    &["http"],
    &["problem"],
    &[
        "address",
        "clock",
        "failure",
        "histogram",
        "lifeline",
        "private_file",
        "search",
        "secret",
        "temporary",
        "terminal",
    ],
    &["characters"],
];

/// All files by the path of their module.
struct House(BTreeMap<Path, Module>);

/// The violations found, each as a line of text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    imports: usize,
    /// Imports from a higher layer, or from another folder of the same layer.
    climbing: BTreeSet<String>,
    /// Imports through the `mod.rs` of its own folder what another file defines.
    through_the_face: BTreeSet<String>,
    /// Files that import each other.
    cycles: BTreeSet<String>,
}

/// The module path of a file. A `mod.rs` stands for its folder.
fn module_path(file: &str) -> Path {
    let path = file.strip_prefix("src/").unwrap_or(file);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    path.split('/').filter(|part| !["mod", "lib"].contains(part)).map(str::to_owned).collect()
}

fn floor(path: &Path) -> Option<usize> {
    FLOORS.iter().position(|floor| path.first().is_some_and(|folder| floor.contains(&folder.as_str())))
}

fn climbs(here: &Path, target: &Path) -> bool {
    if here.first() == target.first() {
        return false;
    }
    let (Some(here), Some(target)) = (floor(here), floor(target)) else { return true };
    target <= here
}

impl House {
    fn new(sources: &[Source]) -> Self {
        let files = sources.iter().filter(|source| !source.path.ends_with("tests.rs"));
        Self(files.map(|source| (module_path(&source.path), Module::new(source))).collect())
    }

    /// The target of a path in the file of `here`, from the crate root; `None` if outside the crate.
    fn absolute(&self, here: &Path, path: &Path, knows_imports: bool) -> Option<Path> {
        let module = &self.0[here];
        let (first, rest) = path.split_first()?;
        let mut found = match first.as_str() {
            "crate" | "brms" => Path::new(),
            "self" => here.clone(),
            "super" => here[..here.len().checked_sub(1)?].to_vec(),
            child if module.children.contains(child) => [here.as_slice(), &[child.to_owned()]].concat(),
            name if knows_imports => {
                let import = module.imports.iter().find(|import| import.name == name)?;
                self.absolute(here, &import.path, false)?
            }
            _ => return None,
        };
        for part in rest {
            if part == "super" {
                found.pop();
            } else {
                found.push(part.clone());
            }
        }
        Some(found)
    }

    /// The module of a path from the root, and the rest of the path.
    fn module_of<'p>(&self, path: &'p Path) -> (Path, &'p [String]) {
        let length = (0..=path.len()).rev().find(|length| self.0.contains_key(&path[..*length]));
        let (module, rest) = path.split_at(length.unwrap_or(0));
        (module.to_vec(), rest)
    }

    /// The module that defines the target of a path: a `mod.rs` re-exports from its children.
    fn definition(&self, path: &Path) -> Path {
        let (here, rest) = self.module_of(path);
        let led_on = rest.first().and_then(|name| {
            let module = self.0.get(&here)?;
            let named = module.imports.iter().find(|import| import.name == *name);
            let named = named.and_then(|import| self.absolute(&here, &import.path, false));
            let globs = module.imports.iter().filter(|import| import.name == "*");
            let mut globs = globs.filter_map(|import| self.absolute(&here, &import.path, false));
            named.or_else(|| {
                globs.find(|glob| self.defined(glob).is_some_and(|defined| defined.contains(name)))
            })
        });
        match led_on {
            Some(next) if next != *path => self.definition(&next),
            _ => here,
        }
    }

    /// The names that the module of a path defines.
    fn defined(&self, path: &Path) -> Option<&BTreeSet<String>> {
        self.0.get(&self.module_of(path).0).map(|module| &module.defined)
    }

    /// The targets of a file's paths, each with whether the file, as a `mod.rs`, only re-exports it.
    fn arrows(&self, here: &Path) -> Vec<(Path, bool)> {
        let module = &self.0[here];
        let imports = module.imports.iter().filter_map(|import| {
            let path = self.absolute(here, &import.path, true)?;
            let names_used = match import.name.as_str() {
                "*" => self.defined(&path).is_some_and(|defined| !defined.is_disjoint(&module.words)),
                name => module.words.contains(name),
            };
            let is_passed_on = import.is_public && path.starts_with(here) && !names_used;
            Some((path, is_passed_on))
        });
        let in_code = module.paths.iter().filter(|path| path.len() > 1);
        imports.chain(in_code.filter_map(|path| Some((self.absolute(here, path, true)?, false)))).collect()
    }

    fn check(&self) -> Findings {
        let mut found = Findings::default();
        let mut edges: BTreeMap<&Path, BTreeSet<Path>> = BTreeMap::new();
        for (here, module) in self.0.iter().filter(|(here, _)| !here.is_empty()) {
            if floor(here).is_none() {
                found.climbing.insert(format!("{} is in no layer", module.file));
            }
            found.imports += module.imports.len();
            for (path, is_passed_on) in self.arrows(here) {
                let (written, rest) = self.module_of(&path);
                let defined = self.definition(&path);
                let line = format!("{} -> {}", module.file, path.join("::"));
                let is_face = written != *here && here.starts_with(&written);
                if climbs(here, &written) || climbs(here, &defined) {
                    found.climbing.insert(line);
                } else if is_face && defined != written && !rest.is_empty() {
                    found.through_the_face.insert(line);
                }
                if !is_passed_on && defined != *here {
                    edges.entry(here).or_default().insert(defined);
                }
            }
        }
        found.cycles = self.cycles(&edges);
        found
    }

    fn cycles(&self, edges: &BTreeMap<&Path, BTreeSet<Path>>) -> BTreeSet<String> {
        let reach = |from| {
            let mut reached = BTreeSet::new();
            let mut waiting = vec![from];
            while let Some(next) = waiting.pop() {
                let targets = edges.get(next).into_iter().flatten();
                waiting.extend(targets.filter(|target| reached.insert(*target)));
            }
            reached
        };
        let reached: BTreeMap<&Path, BTreeSet<&Path>> =
            self.0.keys().map(|from| (from, reach(from))).collect();
        let together =
            |one: &&Path, other: &&Path| reached[*one].contains(*other) && reached[*other].contains(*one);
        let in_circles = self.0.keys().filter(|from| together(from, from));
        let group = |from: &Path| {
            let group = reached[from].iter().filter(|other| together(&from, other));
            group.map(|path| self.0[*path].file.as_str()).collect::<Vec<_>>().join(" and ")
        };
        in_circles.map(group).collect()
    }
}

#[test]
fn imports_go_to_lower_layers_and_have_no_cycles() {
    let sources: Vec<Source> =
        read_all("src", ".rs").into_iter().chain(read_all("generated", ".rs")).collect();
    let house = House::new(&sources);
    let found = house.check();
    if std::env::var_os("HOUSE_PRINT").is_some() {
        let (modules, imports) = (house.0.len(), found.imports);
        let climbing = found.climbing.len() + found.through_the_face.len();
        let cycles = found.cycles.len();
        let counts =
            format!("modules {modules}, imports {imports}, climbing imports {climbing}, cycles {cycles}");
        writeln!(std::io::stderr(), "{counts}").expect("standard error");
    }
    assert!(found.imports > 1_000, "only {} imports were found", found.imports);
    assert_eq!(found, Findings { imports: found.imports, ..Findings::default() });
    for folder in FLOORS.iter().copied().flatten() {
        assert!(house.0.contains_key(&vec![(*folder).to_owned()]), "there is no {folder}");
    }
}

fn found_in(files: &[(&str, &str)]) -> Findings {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    House::new(&sources).check()
}

#[test]
fn an_import_from_a_higher_layer_is_detected_in_every_form() {
    for (path, text) in [
        ("src/store/users.rs", "use crate::app::App;"),
        ("src/store/users.rs", "pub use crate::app::App;"),
        ("src/store/users.rs", "pub(crate) use crate::app::*;"),
        ("src/store/users.rs", "use crate::{\n    clock::Clock,\n    app::{self, App as Other},\n};"),
        ("src/store/users.rs", "use super::super::app::App;"),
        ("src/store/users.rs", "fn a<'a>(app: &'a crate::app::App) -> char { '\"' }"),
        ("src/store/users.rs", "fn a() -> &'static str { \"\\\"\"; super::super::app::b() }"),
        ("generated/api.rs", "use crate::app::App;"),
        ("src/operations/mod.rs", "use crate::operator::members;"),
        ("src/store/users.rs", "use crate::db::Passed;"),
        ("src/lost.rs", ""),
    ] {
        let below = ("src/db/mod.rs", "pub use crate::app::Passed;");
        let others = [
            ("src/app.rs", "pub struct App;"),
            ("src/clock.rs", ""),
            ("src/operations/mod.rs", ""),
            ("src/operator/mod.rs", ""),
        ];
        let right = found_in(&[others.as_slice(), &[below]].concat());
        let found = found_in(&[others.as_slice(), &[below, (path, text)]].concat());
        assert!(found.climbing.len() > right.climbing.len(), "{path}: {text}");
    }
}

#[test]
fn files_that_import_each_other_are_detected() {
    let face = "mod a;\nmod b;\npub use a::A;\npub use b::*;";
    for (what, files) in [
        ("by two", [face, "use super::b::B;\npub struct A;", "use crate::db::a;\npub struct B;"]),
        ("in code", [face, "fn a() { super::b::c() }\npub struct A;", "use super::a::A;\npub struct B;"]),
        (
            "with their face",
            ["mod a;\nmod b;\nuse a::A;\npub struct Db;", "use super::Db;\npub struct A;", ""],
        ),
        (
            "with a face that uses what it passes on",
            ["mod a;\nmod b;\npub use a::A;\npub struct Db(A);", "use super::Db;\npub struct A;", ""],
        ),
    ] {
        let [face, a, b] = files;
        let found = found_in(&[("src/db/mod.rs", face), ("src/db/a.rs", a), ("src/db/b.rs", b)]);
        assert_eq!((found.cycles.len(), found.climbing.len()), (1, 0), "{what}: {found:?}");
    }
    for import in ["use super::A;", "use crate::db::A;", "fn b() { super::A::new() }"] {
        let found =
            found_in(&[("src/db/mod.rs", face), ("src/db/a.rs", "pub struct A;"), ("src/db/b.rs", import)]);
        assert_eq!((found.through_the_face.len(), found.cycles.len()), (1, 0), "{import}: {found:?}");
    }
}

#[test]
fn imports_from_lower_layers_reexports_comments_strings_and_tests_are_accepted() {
    let right = [
        ("src/lib.rs", "pub mod app;\npub mod db;"),
        (
            "src/app.rs",
            "use crate::db::{self, A};\nuse std::io;\nfn a(b: db::B) {}\nenum C { D }\nfn c() { C::D }",
        ),
        ("src/db/mod.rs", "//! See [`crate::app`].\nmod a;\nmod b;\npub use a::A;\npub use b::*;"),
        (
            "src/db/a.rs",
            "// use crate::app::App;\nuse super::b::B;\npub struct A(&'static str);\nfn a() { \"crate::app::b\" }",
        ),
        ("src/db/b.rs", "pub struct B;\n\n#[cfg(test)]\nmod tests {\n    use crate::app::App;\n}"),
        ("src/db/a/tests.rs", "use crate::app::App;"),
    ];
    let found = found_in(&right);
    assert_eq!(found, Findings { imports: found.imports, ..Findings::default() });
    assert_eq!(found.imports, 6);
}
