//! `cargo run` and `cargo test` share one build of every dependency. Cargo unifies the features of a crate over
//! everything that it builds at once, so a feature that only a dev-dependency enables causes a second build of that crate
//! and of all crates that depend on it.

use std::collections::BTreeSet;
use std::process::Command;

/// All crates reached through these kinds of dependencies, each with its version and its features.
fn crates(kinds: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p} {f}", "--edges", kinds])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| line.trim_end_matches("(*)").trim_end().to_owned()).collect()
}

/// Crates of the program whose build the tests cannot use.
fn built_twice(program: &BTreeSet<String>, tests: &BTreeSet<String>) -> BTreeSet<String> {
    program - tests
}

#[test]
fn the_program_and_its_tests_share_every_dependency() {
    let program = crates("normal,build");
    assert!(program.len() > 100, "{program:?}");
    assert_eq!(
        built_twice(&program, &crates("normal,build,dev")),
        BTreeSet::new(),
        "dev-dependencies enable more features of these crates: enable them in Cargo.toml, see \"Unified features\""
    );
}

#[test]
fn a_feature_that_only_a_dev_dependency_enables_is_reported() {
    let set = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let program = set(&["a v1.0.0 std", "b v1.0.0"]);
    let tests = set(&["a v1.0.0 alloc,std", "b v1.0.0", "c v1.0.0"]);
    assert_eq!(built_twice(&program, &tests), set(&["a v1.0.0 std"]));
    assert!(built_twice(&program, &program).is_empty());
}
