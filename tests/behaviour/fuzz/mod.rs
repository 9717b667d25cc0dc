//! Random requests to the real program: bytes that are not or almost HTTP, HTTP of all kinds, and calls of every
//! operation with JSON generated from the served description. The server never returns an internal error and never
//! panics, its memory stays bounded, and a request that conforms to the description is never rejected as invalid.
//!
//! `FUZZ_REQUESTS` sets their number. The random seed is printed; `FUZZ_SEED=N cargo test random_requests` repeats a
//! run, each worker in its order, with the ids of the new responses.

mod bytes;
mod judge;
mod known;
mod made;
mod operations;
mod process;
mod requests;
mod values;
mod worker;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::durability::sound;
use crate::processes::wait_for;
use crate::support::program::{Serving, run_well};
use crate::support::random::{self, given};
use crate::support::seed;
use crate::support::tcp::{Tcp, request};
use crate::testing_export::loaded_again;
use known::Known;
use made::Made;
use operations::Description;
use worker::Worker;

/// Few, so that `cargo test` is fast; `.ci/run` requests ten times as many.
const REQUESTS: u64 = 2_000;
const WORKERS: u64 = 4;
/// How much memory may grow from the middle of a run to its end. In 20,000 requests it grows by 10 to 18 MiB, since
/// SQLite caches 8 to 16 MiB of a growing file for each of its connections; from there to 100,000 by 5 MiB. A leak of
/// 4 KiB per request exceeds this.
const GROWTH_KIB_MAX: u64 = 32 * 1024;
/// The number of the 36 operations that must have succeeded at least once.
const WORKING_MIN: usize = 25;
/// If a run has at least this many requests.
const WORKING_AFTER: usize = 2_000;
#[test]
fn random_requests_break_nothing() {
    let seed = random::seed("FUZZ_SEED");
    let total = usize::try_from(given("FUZZ_REQUESTS", || REQUESTS)).expect("a number of requests");
    let folder = tempfile::tempdir().expect("a folder");
    // A waiting worker is not disconnected, and no inviter reaches the limit.
    let flags = ["--seed", seed::FILE, "--header-timeout", "1h", "--inviter-sends-max", "1000000"];
    // One malloc arena for all threads: by default glibc retains for each thread the most memory it ever needed,
    // which looks like a leak.
    let server = Serving::start_as(folder.path(), &flags, |command| {
        command.env("MALLOC_ARENA_MAX", "1");
    });
    let address = server.url.trim_start_matches("http://").to_owned();
    let process = server.child.id();
    let at_rest = process::sockets(process);

    let description = Description::new(&get(&address, "/openapi.json"));
    let made = Made::new(&address, &folder.path().join("test.db"));
    let worker = |number| {
        let known = Known::new(&description.operations, &made);
        Worker::new(&address, seed, number, &description, known)
    };
    let mut workers: Vec<Worker> = (0..WORKERS).map(worker).collect();
    play(&mut workers, total / 2);
    let before = process::resident_kib(process);
    play(&mut workers, total - total / 2);
    let after = process::resident_kib(process);
    workers.iter_mut().for_each(Worker::end);

    let working = report(&workers, before, after);
    wait_for("all connections are closed", || (process::sockets(process) <= at_rest).then_some(()));
    assert_eq!(get(&address, "/api/health"), json!("healthy"));
    let log = std::fs::read_to_string(folder.path().join("log")).expect("the log");
    assert_eq!(process::complaints(&log), Vec::<&str>::new());
    let database = folder.path().join("test.db");
    drop(sound(&database));
    let export = run_well(&["export", "--database", database.to_str().expect("a path of text")]);
    let export = serde_json::from_str(&export).expect("an export can be read");
    assert!(loaded_again(folder.path(), &export) == export, "an export of all this loads as something else");
    assert!(after <= before + GROWTH_KIB_MAX, "memory grew from {before} to {after} KiB");
    assert!(working >= WORKING_MIN || total < WORKING_AFTER, "only {working} operations ever answered 200");
}

/// Lets all workers send their shares of this many requests in parallel.
fn play(workers: &mut [Worker], requests: usize) {
    let each = requests / workers.len();
    std::thread::scope(|scope| {
        for worker in workers {
            scope.spawn(move || worker.play(each));
        }
    });
}

/// A summary of the responses. Returns how many operations succeeded at least once.
#[expect(clippy::print_stderr, reason = "the counts are the result of a run")]
fn report(workers: &[Worker], before: u64, after: u64) -> usize {
    let mut all: BTreeMap<&str, BTreeMap<u16, usize>> = BTreeMap::new();
    for ((what, status), count) in workers.iter().flat_map(|worker| &worker.statuses) {
        *all.entry(what).or_default().entry(*status).or_default() += count;
    }
    for (what, statuses) in &all {
        eprintln!("{what}: {statuses:?}");
    }
    eprintln!("memory: {before} KiB after the warm-up, {after} KiB at the end");
    let kinds = BTreeSet::from(["bytes", "HTTP"]);
    all.iter().filter(|(what, statuses)| !kinds.contains(*what) && statuses.contains_key(&200)).count()
}

/// A document that is served without credentials.
fn get(address: &str, path: &str) -> Value {
    let mut tcp = Tcp::to(address);
    tcp.send(request("GET", path, &[], b""));
    tcp.checked_answer("GET", path).json()
}
