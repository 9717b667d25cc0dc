//! A server that is killed repeatedly while it delivers mail: no mail is lost, no cancelled mail is sent, and a mail
//! is duplicated only if it was being sent at a kill, with identical bytes.
//!
//! The random seed is printed. `KILL_SEED=N` repeats a run as far as timing allows, `KILL_ROUNDS=N` makes it longer;
//! see `scripts/kill-test`.
//!
//! Of SQLite alone: it reads the file of a killed server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::delivery::{message_id, relay_flags};
use crate::durability::sound;
use crate::processes::wait_for;
use crate::support::inside::onlooker;
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::Serving;
use crate::support::random::{self, Random, given};
use crate::support::seed;
use crate::support::smtp::{Deed, Received, Rule, Sink, Stage};

/// How often the server is killed in a normal test run.
const ROUNDS: usize = 8;
/// From this number of rounds on, at least one kill should have hit a mail being sent.
const ROUNDS_TELLING: usize = 8;
const CALLS: usize = 5;
/// The relay rejects mail to these transiently, so it stays pending and can be cancelled.
const LATER: &str = "later";
/// The longest time from the first call of a round to its kill.
const KILL_MILLIS_MAX: usize = 250;

/// The responses of a round before the kill.
#[derive(Default)]
struct Answered {
    invited: Vec<String>,
    /// The pending mails that were cancelled, with the time of the response.
    cancelled: Vec<(Uuid, Instant)>,
}

struct Life {
    folder: TempDir,
    sink: Sink,
    answered: Answered,
    /// How many kills hit this mail while it was being sent.
    met: BTreeMap<Uuid, usize>,
}

impl Life {
    fn database(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    fn start(&self) -> Serving {
        let mut flags = vec!["--seed".to_owned(), seed::FILE.to_owned()];
        flags.extend(relay_flags(self.sink.address()));
        flags.extend(["--inviter-sends-max".to_owned(), "1000000".to_owned()]);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        Serving::start(self.folder.path(), &flags)
    }

    /// Starts a server, requests mails, and kills the server at a random time.
    async fn round(&mut self, number: usize, random: &mut Random) {
        let mut serving = self.start();
        let calls = calls(&serving, self.database(), number, random.below(3));
        let begun = Instant::now();
        let at_latest = Duration::from_millis(random.below(KILL_MILLIS_MAX) as u64);
        // Some kills coincide with an SMTP reply, some with the final dot of a mail.
        let heard = self.sink.heard().len() + random.below(80);
        let received = self.sink.received().len() + random.below(12);
        let by = random.below(3);
        tokio::task::block_in_place(|| {
            while begun.elapsed() < at_latest
                && !(by == 1 && self.sink.heard().len() > heard)
                && !(by == 2 && self.sink.received().len() > received)
            {
                std::thread::sleep(Duration::from_micros(200));
            }
            serving.child.kill().expect("SIGKILL");
            serving.child.wait().expect("it is gone");
        });
        let answered = calls.await.expect("the calls end with the server");
        self.answered.invited.extend(answered.invited);
        self.answered.cancelled.extend(answered.cancelled);
        let on_their_way = "SELECT id FROM mails WHERE state = 'queued' AND claimed_at IS NOT NULL";
        for mail in ids(&onlooker(&self.database()), on_their_way) {
            *self.met.entry(mail).or_default() += 1;
        }
    }

    /// The last server runs undisturbed until no mail is pending.
    fn finish(&self) {
        self.sink.script([]);
        let _serving = self.start();
        let database = sound(&self.database());
        database.busy_timeout(Duration::from_secs(10)).expect("a time-out");
        wait_for("the rest of the mail", || {
            let hurry = "UPDATE mails SET next_attempt_at = 0 WHERE state = 'queued' AND claimed_at IS NULL";
            database.execute(hurry, []).expect("it is due");
            ids(&database, "SELECT id FROM mails WHERE state = 'queued'").is_empty().then_some(())
        });
    }

    fn check(&self) {
        let database = sound(&self.database());
        let unsettled =
            "SELECT id FROM mails WHERE state NOT IN ('delivered', 'cancelled') OR secret IS NOT NULL
                                                 OR claimed_at IS NOT NULL";
        assert_eq!(ids(&database, unsettled), Vec::<Uuid>::new());
        let mut copies: BTreeMap<Uuid, Vec<Received>> = BTreeMap::new();
        for mail in self.sink.kept() {
            let id = message_id(&mail).split('@').next().and_then(|id| id.parse().ok());
            copies.entry(id.expect("the mail's id")).or_default().push(mail);
        }
        for address in &self.answered.invited {
            let sql = format!("SELECT id FROM mails WHERE recipient = '{address}'");
            assert_eq!(ids(&database, &sql).len(), 1, "{address} was answered and is lost");
        }
        for mail in ids(&database, "SELECT id FROM mails WHERE state = 'delivered'") {
            assert!(copies.contains_key(&mail), "{mail} never came");
        }
        for (mail, at) in &self.answered.cancelled {
            let later = copies.get(mail).into_iter().flatten().filter(|copy| copy.at > *at);
            assert_eq!(later.count(), 0, "{mail} came after it was cancelled");
        }
        for (mail, copies) in &copies {
            let kills = self.met.get(mail).copied().unwrap_or_default();
            assert!(copies.len() <= 1 + kills, "{mail} came {} times and {kills} kills met it", copies.len());
            assert!(
                copies.iter().all(|copy| copy.data == copies[0].data && copy.to == copies[0].to),
                "{mail}"
            );
        }
    }
}

fn ids(database: &Connection, sql: &str) -> Vec<Uuid> {
    let mut statement = database.prepare(sql).expect("a statement");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("ids")
}

/// Invites people, and cancels this many mails, until the server is killed.
fn calls(serving: &Serving, database: PathBuf, round: usize, cancels: usize) -> JoinHandle<Answered> {
    let url = serving.url.clone();
    tokio::spawn(async move {
        let http = reqwest::Client::new();
        let mut answered = Answered::default();
        for (mail, user) in waiting(&database, cancels) {
            let call = http.put(format!("{url}/api/users/{user}")).json(&json!({ "status": "disabled" }));
            let Ok(answer) = call.header("authorization", seed::OWNER_SES).send().await else {
                return answered;
            };
            assert_eq!(answer.status(), 200);
            answered.cancelled.push((mail, Instant::now()));
        }
        for call in 0..CALLS {
            let names = ["a", "b", LATER].map(|name| format!("{name}-{round}-{call}@x.test"));
            let request = http.post(format!("{url}/api/users")).json(&json!({ "emails": names }));
            let Ok(answer) = request.header("authorization", seed::OWNER_SES).send().await else { break };
            assert_eq!(answer.status(), 200);
            answered.invited.extend(names);
        }
        answered
    })
}

/// Pending mails that are not due soon, each with its user.
fn waiting(database: &Path, count: usize) -> Vec<(Uuid, Uuid)> {
    let database = onlooker(database);
    let sql = "SELECT mails.id, user_id FROM mails JOIN invitations ON invitations.id = invitation_id
               WHERE state = 'queued' AND claimed_at IS NULL AND next_attempt_at > unixepoch('subsec') * 1000 + 1000
               ORDER BY mails.id LIMIT ?1";
    let mut statement = database.prepare(sql).expect("a statement");
    let rows = statement
        .query_map([i64::try_from(count).expect("a small number")], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("rows");
    rows.collect::<Result<_, _>>().expect("mails")
}

#[expect(clippy::print_stderr, reason = "repeating a run needs its seed, however it ends")]
#[tokio::test(flavor = "multi_thread")]
async fn mail_survives_a_server_that_is_killed_at_random_moments() {
    of_sqlite_alone!("it kills a server that writes into a file");
    let rounds = usize::try_from(given("KILL_ROUNDS", || ROUNDS as u64)).expect("a number of rounds");
    let mut random = Random::new(random::seed("KILL_SEED"));
    let folder = tempfile::tempdir().expect("a folder");
    let sink = Sink::start();
    sink.script([Rule::at(Stage::To, Deed::Answer(450, "4.2.0 Later")).only_to(LATER)]);
    let mut life = Life { folder, sink, answered: Answered::default(), met: BTreeMap::new() };
    for number in 0..rounds {
        life.round(number, &mut random).await;
    }
    tokio::task::block_in_place(|| life.finish());
    life.check();
    let kept = life.sink.kept();
    let doubles = kept.len() - kept.iter().map(message_id).collect::<BTreeSet<_>>().len();
    eprintln!(
        "{} mails asked for, {} cancelled in time, {} on their way at a kill, {doubles} came twice",
        life.answered.invited.len(),
        life.answered.cancelled.len(),
        life.met.len(),
    );
    assert!(rounds < ROUNDS_TELLING || !life.met.is_empty(), "no kill met a mail: nothing was shown");
}
