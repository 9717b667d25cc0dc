//! A server killed again and again between a commit and its answer: the work is there once, and a repeat under the same
//! `Idempotency-Key` says so.
//!
//! The seed is printed; `IDEMPOTENCY_SEED=N` plays a run again as far as time lets it, `IDEMPOTENCY_ROUNDS=N` sets its length.
//!
//! Of SQLite alone: the file of a killed server is looked at.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::durability::sound;
use crate::idempotency::KEY;
use crate::processes::wait_for;
use crate::support::controls::{TEST, TOKEN};
use crate::support::inside::onlooker;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::Serving;
use crate::support::random::{self, Random, given};
use crate::support::seed;

const ROUNDS: u64 = 50;
/// The longest that a role is on its way at a kill.
const MICROS_MAX: usize = 8_000;
const FLAGS: [&str; 5] = ["--seed", seed::FILE, "--test-api", "--test-api-token", TOKEN];

/// What came back: the status, whether it was answered before, and the body.
type Came = (u16, bool, Vec<u8>);

async fn send(url: String, path: &str, key: String, body: Value) -> Option<Came> {
    let call = reqwest::Client::new().post(format!("{url}{path}")).json(&body);
    let answer = call.header("authorization", seed::OWNER_SES).header(KEY, key).send().await.ok()?;
    let (status, is_repeat) =
        (answer.status().as_u16(), answer.headers().contains_key("idempotency-replayed"));
    Some((status, is_repeat, answer.bytes().await.ok()?.to_vec()))
}

async fn account(url: String, round: u64) -> Option<Came> {
    let body = json!({ "email": format!("robot-{round}@x.test") });
    send(url, "/api/users/service", format!("account-{round}"), body).await
}

async fn role(url: String, round: u64) -> Option<Came> {
    let body = json!({ "name": format!("Role {round}"), "allProjects": true });
    send(url, "/api/roles", format!("role-{round}"), body).await
}

/// Has the answers of an operation held back, once everything is done.
async fn hold_back(url: &str, operation: &str) {
    let order = json!({ "operation": operation, "delay": "5m" });
    let call = reqwest::Client::new().post(format!("{url}/_test/fail")).header("authorization", TEST);
    assert_eq!(call.json(&order).send().await.expect("an answer").status(), 200);
}

/// The body that is kept under a key.
fn kept(database: &Connection, key: &str) -> Option<Vec<u8>> {
    let sql = "SELECT body FROM idempotency_keys WHERE key = ?1";
    database.query_row(sql, [key], |row| row.get(0)).optional().expect("a look")
}

fn count(database: &Connection, sql: &str, parameter: &str) -> i64 {
    database.query_row(sql, [parameter], |row| row.get(0)).expect("a count")
}

/// A server starts, is asked for an account, whose answer is held back, and for a role, and is killed. The answer of the role, if
/// it came.
async fn round(folder: &Path, round: u64, random: &mut Random) -> Option<Came> {
    let mut serving = Serving::start(folder, &FLAGS);
    hold_back(&serving.url, "createServiceAccount").await;
    let held: JoinHandle<_> = tokio::spawn(account(serving.url.clone(), round));
    let database = folder.join("test.db");
    let asked = tokio::task::block_in_place(|| {
        let looking = onlooker(&database);
        wait_for("the commit", || kept(&looking, &format!("account-{round}")).map(drop));
        let asked: JoinHandle<_> = tokio::spawn(role(serving.url.clone(), round));
        std::thread::sleep(Duration::from_micros(random.below(MICROS_MAX) as u64));
        serving.child.kill().expect("SIGKILL");
        serving.child.wait().expect("it is gone");
        asked
    });
    assert_eq!(held.await.expect("no panic"), None, "the answer did not come");
    asked.await.expect("no panic")
}

/// The next server answers both again as they were done, or does now what had not been done.
async fn repeat(folder: &Path, round: u64, answered: Option<Came>) -> bool {
    let before = onlooker(&folder.join("test.db"));
    let account_body = kept(&before, &format!("account-{round}")).expect("it was committed");
    let role_body = kept(&before, &format!("role-{round}"));
    drop(before);
    let serving = Serving::start(folder, &FLAGS);
    let again = account(serving.url.clone(), round).await.expect("an answer");
    assert_eq!(again, (200, true, account_body));
    let again = role(serving.url.clone(), round).await.expect("an answer");
    assert_eq!((again.0, again.1), (200, role_body.is_some()));
    if let Some((status, _, body)) = answered {
        assert_eq!(
            (status, Some(&body), &again.2),
            (200, role_body.as_ref(), &body),
            "what was answered is kept"
        );
    }
    let database = sound(&folder.join("test.db"));
    let accounts = "SELECT count(*) FROM users WHERE email = ?1";
    assert_eq!(count(&database, accounts, &format!("robot-{round}@x.test")), 1);
    assert_eq!(count(&database, "SELECT count(*) FROM roles WHERE name = ?1", &format!("Role {round}")), 1);
    role_body.is_some()
}

#[expect(clippy::print_stderr, reason = "tells whether the kills came at telling moments")]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_done_once_however_often_the_server_is_killed() {
    of_sqlite_alone!("it kills a server that writes into a file");
    let rounds = given("IDEMPOTENCY_ROUNDS", || ROUNDS);
    let mut random = Random::new(random::seed("IDEMPOTENCY_SEED"));
    let folder = tempfile::tempdir().expect("a folder");
    let mut committed = 0;
    for number in 0..rounds {
        let answered = round(folder.path(), number, &mut random).await;
        committed += u64::from(repeat(folder.path(), number, answered).await);
    }
    eprintln!("{rounds} accounts and {committed} roles were committed at the kill");
}
