//! Commands on a PostgreSQL database: `brms copy` into it, settings that are not for it, and passwords.
//!
//! Of SQLite alone: the file that is copied.

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::support::postgres::{self, TestDatabase, of_postgres_alone};
use crate::support::program::{brms, run, run_well};
use crate::support::{leaks, seed};

/// A file with the example seed and an empty database.
struct Scene {
    _database: TestDatabase,
    folder: TempDir,
    file: String,
    url: String,
}

impl Scene {
    fn new() -> Self {
        leaks::Watch::begin();
        let folder = tempfile::tempdir().expect("a folder");
        let database = TestDatabase::without_schema(folder.path()).expect("a database");
        let url = text(&postgres::location(folder.path()));
        let file = text(&folder.path().join("a.db"));
        run_well(&["seed", seed::FILE, "--database", &file]);
        Self { _database: database, folder, file, url }
    }

    fn export_of(&self, database: &str) -> String {
        let path = self.folder.path().join("export.json");
        let _ = std::fs::remove_file(&path);
        run_well(&["export", &text(&path), "--database", database]);
        std::fs::read_to_string(&path).expect("the export")
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

fn refused(output: &Output) -> String {
    let error = String::from_utf8(output.stderr.clone()).expect("an error in UTF-8");
    assert!(!output.status.success(), "{error}");
    error
}

#[test]
fn a_copied_file_has_the_same_export_and_works() {
    of_postgres_alone!();
    let scene = Scene::new();
    let printed = run_well(&["copy", &scene.file, &scene.url]);
    assert!(printed.contains("rows, compared"), "{printed}");
    assert_eq!(scene.export_of(&scene.url), scene.export_of(&scene.file));
    run_well(&["check", "--database", &scene.url]);
    let token = run_well(&[
        "token",
        "create",
        "--user",
        "owner@acme.test",
        "--kind",
        "internal",
        "--database",
        &scene.url,
    ]);
    assert!(token.contains("brms_ses_"), "a command writes, too");
}

#[test]
fn only_an_empty_database_is_copied_into_and_it_stays_as_it_is_otherwise() {
    of_postgres_alone!();
    let scene = Scene::new();
    run_well(&["copy", &scene.file, &scene.url]);
    let before = scene.export_of(&scene.url);
    let error = refused(&run(&["copy", &scene.file, &scene.url]));
    assert!(error.contains("needs an empty one; nothing was copied"), "{error}");
    assert_eq!(scene.export_of(&scene.url), before);
    let error = refused(&run(&["copy", "/nonexistent/a.db", &scene.url]));
    assert!(error.contains("/nonexistent/a.db"), "{error}");
}

#[test]
fn a_value_that_postgres_cannot_take_leaves_the_database_empty() {
    of_postgres_alone!();
    let scene = Scene::new();
    // SQLite checks foreign keys only where they are switched on.
    let file = rusqlite::Connection::open(&scene.file).expect("the file");
    file.execute_batch("PRAGMA foreign_keys = OFF; UPDATE members SET user_id = x'00000000000000000000000000000001' WHERE owner = 1;
                        PRAGMA wal_checkpoint(TRUNCATE)")
        .expect("a broken file");
    drop(file);
    let error = refused(&run(&["copy", &scene.file, &scene.url]));
    assert!(error.contains("members") && error.contains("nothing was copied"), "{error}");
    let tables = postgres::everything(scene.folder.path());
    assert!(tables.iter().all(|row| row.starts_with("schema_steps ")), "{tables:?}");
}

#[test]
fn what_is_for_a_file_is_refused_with_the_way_out() {
    of_postgres_alone!();
    let folder = tempfile::tempdir().expect("a folder");
    let url = "postgres://brms@127.0.0.1:1/none";
    for (arguments, words) in [
        (&["backup", "a.copy", "--database", url][..], "pg_dump"),
        (&["restore", "a.copy", "--database", url], "pg_restore"),
        (&["serve", "--database-size-max", "1000000", "--database", url], "--database-size-max"),
        (&["serve", "--ephemeral", "--database", url], "--ephemeral"),
        (&["serve", "--test-api", "--database", url], "--single-instance"),
        (&["check", "--database", "postgres://brms@127.0.0.1:1/none?sslmode=prefer"], "verify-full"),
        (&["check", "--database", url], "postgres://127.0.0.1:1/none"),
    ] {
        let output = brms().current_dir(folder.path()).args(arguments).output().expect("brms runs");
        let error = refused(&output);
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
}

#[test]
fn a_password_is_refused_where_others_can_read_it_and_never_shown() {
    of_postgres_alone!();
    let with_password = "postgres://brms:geheim@127.0.0.1:1/none";
    for arguments in [&["check", "--database", with_password][..], &["copy", "a.db", with_password]] {
        let error = refused(&run(arguments));
        assert!(error.contains("PGPASSWORD") && !error.contains("geheim"), "{error}");
    }
    let plain = "postgres://brms@127.0.0.1:1/none";
    let check = |database: &str, (name, value): (&str, &str)| {
        let mut command = brms();
        command.arg("check").env("BRMS_DATABASE", database).env(name, value);
        refused(&command.output().expect("brms runs"))
    };
    let error = check(with_password, ("PGPASSFILE", ""));
    assert!(error.contains("postgres://127.0.0.1:1/none") && !error.contains("geheim"), "{error}");
    assert!(!check(plain, ("PGPASSWORD", "geheim")).contains("geheim"));
    let missing = check(plain, ("PGPASSFILE", "/nonexistent"));
    assert!(missing.contains("PGPASSFILE /nonexistent"), "{missing}");
}

#[test]
fn a_database_of_a_newer_brms_or_of_something_else_is_refused() {
    of_postgres_alone!();
    let scene = Scene::new();
    postgres::execute(scene.folder.path(), "CREATE TABLE other (a int)");
    let error = refused(&run(&["check", "--database", &scene.url]));
    assert!(error.contains("it has the table other"), "{error}");
    postgres::execute(scene.folder.path(), "DROP TABLE other");
    run_well(&["copy", &scene.file, &scene.url]);
    postgres::execute(scene.folder.path(), "INSERT INTO schema_steps (step, usable_from) VALUES (99, 1)");
    // A step that this brms can go on with.
    run_well(&["check", "--database", &scene.url]);
    postgres::execute(scene.folder.path(), "UPDATE schema_steps SET usable_from = 99 WHERE step = 99");
    let error = refused(&run(&["check", "--database", &scene.url]));
    assert!(error.contains("newer brms (schema step 99"), "{error}");
}

#[test]
fn a_single_instance_keeps_others_out_and_is_kept_out() {
    of_postgres_alone!();
    let scene = Scene::new();
    run_well(&["copy", &scene.file, &scene.url]);
    let serve = |flags: &[&str]| {
        let mut command = brms();
        command.current_dir(scene.folder.path()).args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--ready-file",
            "r.json",
        ]);
        command.args(["--database", &scene.url]).args(flags);
        command
    };
    let mut first = serve(&[]).spawn().expect("brms starts");
    while !scene.folder.path().join("r.json").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let error = refused(&serve(&["--single-instance"]).output().expect("brms runs"));
    assert!(error.contains("--single-instance: another instance uses the database"), "{error}");
    first.kill().expect("it is killed");
    first.wait().expect("it has ended");
}
