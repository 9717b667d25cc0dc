//! Every operation with the largest request that it takes, on an organisation as full as the limits allow: no call stops
//! the others, fills the memory, or leaves something half done. FR-20, FR-21, FR-23.
//!
//! Its limits of time are those of a release build: `scripts/bench limits` runs it on one, as CI does, and prints the
//! table of times.

mod fill;
mod requests;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use brms::generated::api::Operation;
use brms::generated::router::ROUTES;
use serde_json::json;

use crate::durability::sound;
use crate::support::inside::onlooker;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::{Serving, run_well};
use crate::support::{Call, TestServer, contract, seed};
use requests::{Largest, largest};

/// The most memory that the process may ever have held, in KiB.
const MEMORY_KIB_MAX: u64 = 200 * 1024;
/// The longest that a call may take in a release build, and the longest that it may hold up another organisation.
const CALL_MAX: Duration = Duration::from_secs(2);
const OTHERS_MAX: Duration = Duration::from_secs(1);

/// What others need: a project that is deleted before it is restored, and before that everything in it.
const LAST: [Operation; 3] = [Operation::DeleteGroup, Operation::DeleteProject, Operation::RestoreProject];

/// A call, and what it cost.
struct Measured {
    operation: &'static str,
    status: u16,
    took: Duration,
    /// The longest call of another organisation meanwhile.
    others: Duration,
    peak_kib: u64,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures a release build: scripts/bench limits"]
async fn the_largest_request_of_every_operation_holds_up_no_other_organisation() {
    of_sqlite_alone!("fills the file directly, and reads the memory of one process");
    let folder = TestServer::start().await.stop().await;
    let file = folder.path().join("test.db");
    fill::fill(&file);
    let server = serving(folder.path());
    let mut routes: Vec<_> = ROUTES.iter().collect();
    routes
        .sort_by_key(|route| LAST.iter().position(|last| *last == route.target).map_or(0, |place| place + 1));
    let mut all = Vec::new();
    for route in routes {
        for one in largest(route.target) {
            let before = (one.status != 200).then(|| rows(&file));
            let measured = measure(&server, route.target, route.method, &one).await;
            assert_eq!(measured.status, one.status, "{}: {}", measured.operation, one.path);
            if let Some(before) = before {
                assert!(rows(&file) == before, "{} has written something", measured.operation);
            }
            all.push(measured);
        }
    }
    print(&all);
    let peak = all.iter().map(|one| one.peak_kib).max().unwrap_or_default();
    drop(server);
    drop(sound(&file));
    run_well(&["check", "--database", file.to_str().expect("a path of text")]);
    assert!(peak <= MEMORY_KIB_MAX, "{peak} KiB were resident");
    let slow = all.iter().filter(|one| one.took > CALL_MAX || one.others > OTHERS_MAX);
    assert_eq!(slow.map(|one| one.operation).collect::<Vec<_>>(), Vec::<&str>::new(), "too slow");
}

/// The release build that is measured.
fn serving(folder: &Path) -> Serving {
    Serving::start_as(
        folder,
        &["--inviter-sends-max", "1000000", "--invitation-sends-max", "1000000"],
        |command| {
            let measured = std::env::var_os("MEASURED_BRMS").expect("scripts/bench limits names the build");
            *command = crate::support::program::without_settings(Command::new(measured));
            // As the unit and the container have it.
            command.env("MALLOC_ARENA_MAX", "1");
        },
    )
}

/// The rows of each table, and when they were last changed, without what the other organisation goes on writing.
fn rows(file: &Path) -> Vec<i64> {
    let database = onlooker(file);
    let acme = "organisation_id = (SELECT id FROM organisations WHERE name = 'acme')";
    let count = |sql: String| database.query_row(&sql, [], |row| row.get(0)).expect("a number");
    let plain = ["member_groups", "role_users", "role_projects", "personal_access_token_projects"];
    let plain = plain.map(|table| count(format!("SELECT count(*) FROM {table}")));
    let dated = ["members", "groups", "projects", "roles", "personal_access_tokens"];
    let dated = dated.map(|table| count(format!("SELECT count(*) + sum(updated_at) FROM {table}")));
    let of_acme = count(format!("SELECT count(*) FROM audit_logs WHERE {acme}"));
    let preferences = count("SELECT sum(length(preferences)) FROM organisations".to_owned());
    [plain.as_slice(), &dated, &[of_acme, preferences]].concat()
}

async fn measure(server: &Serving, operation: Operation, method: &'static str, one: &Largest) -> Measured {
    let http = reqwest::Client::new();
    let call = Call::new(&http, method, &server.url, &one.path).caller(seed::OWNER_SES);
    let call = one.body.iter().fold(call, Call::json);
    reset_peak(server.child.id());
    let is_done = AtomicBool::new(false);
    let begun = Instant::now();
    let (measured, others) = tokio::join!(
        async {
            let answer = call.receive().await;
            is_done.store(true, Ordering::Relaxed);
            (answer, begun.elapsed())
        },
        others(server, &is_done)
    );
    let (answer, took) = measured;
    let peak_kib = peak_kib(server.child.id());
    contract::check(method, &one.path, &answer);
    Measured { operation: operation.id(), status: answer.status, took, others, peak_kib }
}

/// Writes of another organisation, one after the other, and how long the slowest of them takes.
async fn others(server: &Serving, is_done: &AtomicBool) -> Duration {
    let http = reqwest::Client::new();
    let mut slowest = Duration::ZERO;
    while !is_done.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let body = json!({ "firstName": format!("{begun:?}"), "lastName": "Globex" });
        let call = Call::new(&http, "PUT", &server.url, "/api/profile").caller(seed::GLOBEX_SES);
        assert_eq!(call.json(&body).receive().await.status, 200);
        slowest = slowest.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    slowest
}

/// From here on the peak of the resident memory is that of what follows.
fn reset_peak(process: u32) {
    std::fs::write(format!("/proc/{process}/clear_refs"), "5").expect("the peak is reset");
}

fn peak_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line about its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[expect(clippy::print_stdout, reason = "the table is the result of a measurement")]
fn print(all: &[Measured]) {
    println!("{:>8} {:>10} {:>8}  call (largest input)", "ms", "others ms", "peak MB");
    for Measured { operation, status, took, others, peak_kib } in all {
        let (took, others) = (took.as_secs_f64() * 1000.0, others.as_secs_f64() * 1000.0);
        println!("{took:8.1} {others:10.1} {:8}  {operation} {status}", peak_kib / 1024);
    }
}
