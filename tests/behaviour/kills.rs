//! brms killed at random moments of what changes files as a whole or in bulk: a first start, a schema update, a backup, a
//! compaction, and retention. What was there is there afterwards, and the next run goes on.
//!
//! The random seed is printed. `KILL_SEED=N` repeats a run as far as timing allows, `KILL_ROUNDS=N` makes it longer; see
//! `scripts/kill-test`.
//!
//! Of SQLite alone: files that a killed process leaves.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::backups::{count, run_in, seeded, sqlite, well};
use crate::compacting::{loose, rows};
use crate::durability::sound;
use crate::support::inside::onlooker;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::{Serving, brms};
use crate::support::random::{self, Random, given};
use crate::support::seed;

/// How often each is killed in a normal test run, and at most.
const ROUNDS: u64 = 4;
const ROUNDS_MAX: u64 = 12;

fn rounds() -> u64 {
    given("KILL_ROUNDS", || ROUNDS).min(ROUNDS_MAX)
}

fn spawn(folder: &Path, arguments: &[&str]) -> Child {
    let mut command: Command = brms();
    command.current_dir(folder).env("BRMS_DATABASE", "test.db").args(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("brms starts")
}

/// Starts a program and kills it before `longest` has passed.
fn kill_within(longest: Duration, random: &mut Random, folder: &Path, arguments: &[&str]) {
    let mut child = spawn(folder, arguments);
    let micros = usize::try_from(longest.as_micros()).expect("a short time").max(1);
    std::thread::sleep(Duration::from_micros(random.below(micros) as u64));
    child.kill().expect("SIGKILL");
    child.wait().expect("it is gone");
}

/// How long it takes if it is not killed, on a folder of its own.
fn whole(folder: &Path, arguments: &[&str]) -> Duration {
    let begun = Instant::now();
    well(folder, arguments);
    begun.elapsed()
}

/// How long a start takes.
fn start_time(folder: &Path, flags: &[&str]) -> Duration {
    let begun = Instant::now();
    drop(Serving::start(folder, flags));
    begun.elapsed()
}

fn assert_clean(folder: &Path, what: &str) {
    let output = run_in(folder, &["check"]);
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: {out}{error}");
}

#[test]
fn a_first_start_that_is_killed_is_made_up_for_by_the_next_one() {
    of_sqlite_alone!("it kills what writes into a file");
    let flags = ["--seed", seed::FILE];
    let users = "SELECT count(*) FROM users";
    let folder = tempfile::tempdir().expect("a folder");
    let longest = start_time(folder.path(), &flags);
    let wanted = count(&folder.path().join("test.db"), users);
    let mut random = Random::new(random::seed("KILL_SEED"));
    for round in 0..rounds() {
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], &flags[..]].concat();
        kill_within(longest, &mut random, folder.path(), &arguments);
        drop(Serving::start(folder.path(), &flags));
        sound(&folder.path().join("test.db"));
        assert_eq!(count(&folder.path().join("test.db"), users), wanted, "round {round}");
        assert_clean(folder.path(), &format!("round {round}"));
    }
}

#[test]
fn a_schema_update_that_is_killed_loses_nothing_and_is_done_by_the_next_start() {
    of_sqlite_alone!("it kills what writes into a file");
    let fixtures = crate::schemas::fixtures();
    let arguments = ["serve", "--listen", "127.0.0.1:0"];
    let first = crate::schemas::database(&fixtures[0]);
    let longest = start_time(first.path(), &[]);
    let mut random = Random::new(random::seed("KILL_SEED"));
    for round in 0..rounds() {
        let fixture = &fixtures[random.below(fixtures.len() - 1)];
        let what = format!("round {round}, {}", fixture.display());
        let folder = crate::schemas::database(fixture);
        let path = folder.path().join("test.db");
        let kept = "SELECT (SELECT count(*) FROM users) * 1000 + (SELECT count(*) FROM audit_logs) * 100
                           + (SELECT count(*) FROM personal_access_tokens)";
        let before = count(&path, kept);
        kill_within(longest, &mut random, folder.path(), &arguments);
        assert_eq!(count(&path, kept), before, "{what}");
        // A copy from before a step is whole, or it is not there.
        for entry in std::fs::read_dir(folder.path()).expect("the folder") {
            let copy = entry.expect("an entry").path();
            if copy.to_string_lossy().contains(".before-step-") {
                assert_eq!(count(&copy, kept), before, "{what}: {}", copy.display());
            }
        }
        drop(Serving::start(folder.path(), &[]));
        assert_eq!(count(&path, kept), before, "{what}");
        let step = number(&sqlite(&path), "PRAGMA user_version");
        assert_eq!(step, i64::try_from(fixtures.len()).expect("a number"), "{what}");
        crate::backups::no_leftovers(folder.path());
    }
}

#[test]
fn a_backup_that_is_killed_leaves_a_whole_copy_or_none() {
    of_sqlite_alone!("it kills what writes into a file");
    let folder = loose();
    let path = folder.path().join("test.db");
    let (had, copy) = (rows(&path), folder.path().join("copy.db"));
    let longest = whole(folder.path(), &["backup", "first.db"]);
    let mut random = Random::new(random::seed("KILL_SEED"));
    for round in 0..rounds() {
        kill_within(longest, &mut random, folder.path(), &["backup", "copy.db"]);
        if copy.exists() {
            assert_eq!(rows(&copy), had, "round {round}");
            std::fs::remove_file(&copy).expect("it is gone");
        }
        assert_eq!(rows(&path), had, "round {round}");
    }
    well(folder.path(), &["backup", "copy.db"]);
    crate::backups::no_leftovers(folder.path());
}

#[test]
fn a_compaction_that_is_killed_leaves_the_old_file_or_the_new_one() {
    of_sqlite_alone!("it kills what writes into a file");
    let longest = whole(loose().path(), &["compact"]);
    let mut random = Random::new(random::seed("KILL_SEED"));
    for round in 0..rounds() {
        let folder = loose();
        let path = folder.path().join("test.db");
        let had = rows(&path);
        kill_within(longest, &mut random, folder.path(), &["compact"]);
        assert_eq!(rows(&path), had, "round {round}");
        assert_clean(folder.path(), &format!("round {round}"));
        well(folder.path(), &["compact"]);
        assert_eq!(rows(&path), had, "round {round}");
        crate::backups::no_leftovers(folder.path());
    }
}

/// Old entries of the audit log and old mails, which a pass of retention takes seconds to remove.
const OLD: &str = "
    INSERT INTO audit_logs (id, organisation_id, created_at, type, action, user_id, project_id, ref_id, data)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
    SELECT unhex(printf('%032x', i)), organisation_id, i, CASE i % 3 WHEN 0 THEN 'user' ELSE 'member' END,
           'created', NULL, NULL, randomblob(16), '{}'
    FROM n, users WHERE email = 'owner@acme.test';
    INSERT INTO audit_log_segments (organisation_id, number, last_created_at, last_id)
    SELECT organisation_id, created_at / 1500 - 1, created_at, id
    FROM audit_logs WHERE created_at IN (1500, 3000, 4500);
    INSERT INTO audit_log_sums (organisation_id, segment, type, action, entries)
    SELECT organisation_id, (created_at - 1) / 1500, type, action, count(*)
    FROM audit_logs WHERE created_at <= 4500 GROUP BY 1, 2, 3, 4";

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).expect("a number")
}

#[test]
fn retention_that_is_killed_goes_on_where_it_was() {
    of_sqlite_alone!("it kills a server that writes into a file");
    let folder = seeded();
    let path = folder.path().join("test.db");
    sqlite(&path).execute_batch(OLD).expect("it runs");
    assert_clean(folder.path(), "before");
    let (old, new) = (
        "SELECT count(*) FROM audit_logs WHERE created_at <= 6000",
        "SELECT count(*) FROM audit_logs WHERE created_at > 6000",
    );
    let kept = count(&path, new);
    let mut random = Random::new(random::seed("KILL_SEED"));
    let flags = ["--audit-keep", "30d", "--mail-keep", "30d", "--secret-keep", "90d"];
    let mut met = 0;
    for round in 0..rounds() {
        if count(&path, old) == 0 {
            sqlite(&path).execute_batch(OLD).expect("it runs");
        }
        let before = count(&path, old);
        let mut serving = Serving::start(folder.path(), &flags);
        if round > 0 {
            let look = onlooker(&path);
            crate::processes::wait_for("a first batch", || (number(&look, old) < before).then_some(()));
        }
        std::thread::sleep(Duration::from_millis(random.below(60) as u64));
        serving.child.kill().expect("SIGKILL");
        serving.child.wait().expect("it is gone");
        let after = number(&onlooker(&path), old);
        met += u32::from(after < before && after > 0);
        drop(sound(&path));
        assert_eq!(number(&onlooker(&path), new), kept, "round {round}");
        assert_clean(folder.path(), &format!("round {round}, {before} to {after}"));
    }
    assert!(met > 0, "no kill met retention: nothing was shown");
    let _serving = Serving::start(folder.path(), &flags);
    crate::processes::wait_for("the rest is removed", || (number(&onlooker(&path), old) == 0).then_some(()));
}
