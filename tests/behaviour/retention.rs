//! Retention: what is older than the settings say goes, in batches that hold up no request, and everything that is
//! derived from it stays right. Without settings everything stays.

use std::sync::Arc;
use std::time::Duration;

use brms::clock::DAY;
use brms::config::RetentionSettings;
use brms::db::Parameter;
use brms::retention::{Removed, Retention};
use brms::store::audit_log_segments;
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::delivery::relay_flags;
use crate::support::inside::{execute, numbered};
use crate::support::postgres::of_postgres_alone;
use crate::support::server::PATIENCE;
use crate::support::smtp::{Deed, Rule, Sink, Stage};
use crate::support::{TestServer, derived, seed};

/// Entries that are added to the audit log, one for each second before now. Two segments and a half.
const ENTRIES: u32 = 30_000;

/// Waits until a number in the database is this one.
async fn wait_until(server: &TestServer, sql: &str, wanted: i64) {
    let begun = std::time::Instant::now();
    loop {
        let found = server.count(sql);
        if found == wanted {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{found} instead of {wanted}: {sql}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn organisation_id(server: &TestServer) -> Uuid {
    server.look(|tx| {
        tx.row("SELECT organisation_id FROM users WHERE email = 'owner@acme.test'", (), |row| row.get(0))
    })
}

/// Adds entries to the log of acme, the last one a second ago, with their segments.
fn fill_log(server: &TestServer) {
    let (ids, organisation_id, now) = (numbered(7, ENTRIES), organisation_id(server), server.clock.now());
    let project: Uuid = seed::PRICING.parse().expect("an id");
    server.change(move |tx| {
        let parameters: [&dyn Parameter; 5] = [&ids, &organisation_id, &now, &project, &ENTRIES];
        let added = tx.execute(
            "INSERT INTO audit_logs (id, organisation_id, created_at, type, action, user_id, project_id, ref_id,
                                     ip_address, user_agent, data)
             SELECT listed.id, ?2, ?3 - (?5 - listed.position) * 1000,
                    CASE WHEN listed.position % 3 = 0 THEN 'user' ELSE 'member' END,
                    CASE WHEN listed.position % 2 = 0 THEN 'created' ELSE 'updated' END,
                    NULL, CASE WHEN listed.position % 5 = 0 THEN ?4 ELSE NULL END, listed.id, NULL, NULL, '{}'
             FROM ids(?1) AS listed",
            &parameters[..],
        )?;
        audit_log_segments::remake(tx, organisation_id.into())?;
        Ok(added)
    });
}

async fn total(server: &TestServer, filter: &str) -> (u64, Value) {
    let path = format!("/api/audit-logs?perPage=3&{filter}");
    let body = server.get(&path).caller(seed::OWNER_SES).expect(200).await.json();
    (body["paginate"]["total"].as_u64().expect("a total"), body["results"].clone())
}

/// What lists, deep pages and an export of the log say is what is in it.
async fn assert_log(server: &TestServer, what: &str) {
    derived::check(server, what);
    let organisation_id = organisation_id(server);
    let counted = |condition: &str| {
        let sql = format!("SELECT count(*) FROM audit_logs WHERE organisation_id = ?1 AND {condition}");
        u64::try_from(server.count_of(&sql, [organisation_id])).expect("a number")
    };
    for (filter, condition) in [
        ("", "1 = 1"),
        ("type=user", "type = 'user'"),
        ("action=updated&orderBy=type", "action = 'updated'"),
        (
            &format!("projectId={}", seed::PRICING),
            "project_id IN (SELECT id FROM projects WHERE key = 'pricing')",
        ),
    ] {
        let (found, _) = total(server, filter).await;
        assert_eq!(found, counted(condition), "{what}: {filter}");
        // The last page has the oldest entry.
        if found > 0 {
            let (_, last) = total(server, &format!("{filter}&page={}", found.div_ceil(3))).await;
            assert!(!last.as_array().expect("results").is_empty(), "{what}: {filter}");
        }
    }
    let export = server.get("/api/audit-logs/export").caller(seed::OWNER_SES).expect(200).await;
    assert_eq!(export.text().lines().count() as u64, counted("1 = 1") + 1, "{what}: with the header");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_entries_of_the_audit_log_go_and_lists_totals_and_exports_stay_right() {
    let server = TestServer::start_with(&["--audit-keep", "90d"]).await;
    fill_log(&server);
    assert_log(&server, "before").await;
    let segments = "SELECT count(*) FROM audit_log_segments";
    let first = "SELECT coalesce(min(number), -1) FROM audit_log_segments";
    assert_eq!((server.count(segments), server.count(first)), (2, 0));
    let end = server.clock.now();

    // Those of the first 10,000 seconds: the first segment, and a part of the second one.
    let kept_from = end.minus(Duration::from_secs(u64::from(ENTRIES) - 10_000));
    server.advance((90 * DAY).saturating_sub(Duration::from_secs(u64::from(ENTRIES) - 10_000)));
    let old = format!("SELECT count(*) FROM audit_logs WHERE created_at < {}", kept_from.as_millis());
    let expected = server
        .count(&format!("SELECT count(*) FROM audit_logs WHERE created_at >= {}", kept_from.as_millis()));
    let begun = std::time::Instant::now();
    let mut looks = 0;
    while server.count(&old) > 0 {
        assert!(begun.elapsed() < PATIENCE * 3, "{} are left", server.count(&old));
        derived::check(&server, "while they are removed");
        looks += 1;
    }
    assert!(looks > 1, "they went at once");
    let left = server.count("SELECT count(*) FROM audit_logs");
    // The clock has gone on since it was moved.
    assert!((expected - 60..=expected).contains(&left), "{left} instead of {expected}");
    assert_eq!((server.count(segments), server.count(first)), (1, 1));
    assert_log(&server, "after").await;

    // An entry that comes late, as after a clock was set back, takes the segment away.
    server.clock.set(end);
    let body = json!({ "emails": ["late@acme.test"] });
    server.post("/api/users").caller(seed::OWNER_SES).json(&body).expect(200).await;
    assert_log(&server, "after a late entry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_entry_of_all_stays() {
    let server = TestServer::start_with(&["--audit-keep", "1d"]).await;
    let body = json!({ "emails": ["new@acme.test"] });
    server.post("/api/users").caller(seed::OWNER_SES).json(&body).expect(200).await;
    server.advance(400 * DAY);
    wait_until(&server, "SELECT count(*) FROM audit_logs", 1).await;
    assert_log(&server, "with one entry").await;
    let session = crate::support::inside::sign_in(&server, seed::OWNER, None);
    let body = json!({ "emails": ["newer@acme.test"] });
    server.post("/api/users").caller(&session).json(&body).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_that_are_done_go_and_those_that_wait_stay() {
    let sink = Sink::start();
    sink.script([Rule::at(Stage::To, Deed::Answer(450, "4.2.0 Later")).only_to(seed::IAN_EMAIL)]);
    let mut flags = relay_flags(sink.address());
    flags.extend(
        [
            "--mail-keep",
            "30d",
            "--mail-give-up-after",
            "3650d",
            "--invitation-ttl",
            "365d",
            "--seed",
            seed::FILE,
        ]
        .map(str::to_owned),
    );
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let server = TestServer::start_in(tempfile::tempdir().expect("a folder"), &flags).await;
    for user in [seed::IVY, seed::IAN] {
        server.post(&seed::invitation_path(user)).caller(seed::OWNER_SES).expect(200).await;
    }
    let delivered = "SELECT count(*) FROM mails WHERE state = 'delivered'";
    wait_until(&server, delivered, 1).await;
    server.advance(29 * DAY);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(server.count(delivered), 1, "it is not old enough");
    server.advance(2 * DAY);
    wait_until(&server, delivered, 0).await;
    assert_eq!(
        server.count("SELECT count(*) FROM mails WHERE state = 'queued'"),
        1,
        "it waits for the relay"
    );
    sink.script([]);
    server.advance(DAY);
    wait_until(&server, delivered, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_mailbox_and_cancelled_mails_go_too() {
    let server = TestServer::start_with(&["--mail-keep", "30d"]).await;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    assert_eq!(server.count("SELECT count(*) FROM mails WHERE message IS NOT NULL"), 1);
    execute(
        &server,
        "INSERT INTO mails (id, organisation_id, invitation_id, recipient, content, state, attempts, next_attempt_at,
                            created_at, last_answer)
         SELECT invitation_id, organisation_id, invitation_id, recipient, content, 'cancelled', 0, 0, created_at, NULL
         FROM mails;
         INSERT INTO mails (id, organisation_id, invitation_id, recipient, content, state, attempts, next_attempt_at,
                            created_at, last_answer)
         SELECT organisation_id, organisation_id, invitation_id, recipient, content, 'failed', 0, 0, created_at, NULL
         FROM mails WHERE state = 'cancelled'",
    );
    assert_eq!(server.count("SELECT count(*) FROM mails"), 3);
    server.advance(31 * DAY);
    wait_until(&server, "SELECT count(*) FROM mails", 0).await;
}

async fn accept(server: &TestServer, code: &str, status: u16) {
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(status).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_an_invitation_that_has_ended_are_404_after_their_time_and_those_of_others_stay_410() {
    let server = TestServer::start_with(&["--secret-keep", "90d", "--invitation-ttl", "365d"]).await;
    let replaced = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let used = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    accept(&server, &used, 200).await;
    let waiting = server.send_invitation(seed::IAN, seed::IAN_EMAIL).await;
    let live = server.send_invitation(seed::IAN, seed::IAN_EMAIL).await;
    server.advance(89 * DAY);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for code in [&replaced, &used, &waiting] {
        accept(&server, code, 410).await;
    }
    server.advance(2 * DAY);
    wait_until(&server, "SELECT count(*) FROM invitation_secrets WHERE state = 'used'", 0).await;
    for code in [&replaced, &used] {
        accept(&server, code, 404).await;
    }
    accept(&server, &waiting, 410).await;
    accept(&server, &live, 200).await;
    // Of Ian, from the day on which he has accepted.
    server.advance(91 * DAY);
    wait_until(&server, "SELECT count(*) FROM invitation_secrets WHERE state <> 'live'", 0).await;
    accept(&server, &live, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_count_for_a_limit_of_sending_stay_as_long_as_it_looks_back() {
    let flags = ["--secret-keep", "1d", "--inviter-send-window", "20d", "--inviter-sends-max", "2"];
    let server = TestServer::start_with(&flags).await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    server.send_invitation(seed::IAN, seed::IAN_EMAIL).await;
    accept(&server, &code, 200).await;
    let path = seed::invitation_path(seed::IAN);
    server.advance(10 * DAY);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let session = crate::support::inside::sign_in(&server, seed::OWNER, None);
    server.post(&path).caller(&session).expect(429).await;
    accept(&server, &code, 410).await;
    server.advance(11 * DAY);
    wait_until(&server, "SELECT count(*) FROM invitation_secrets WHERE state = 'used'", 0).await;
    server.post(&path).caller(&session).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_settings_everything_stays_but_idempotency_keys_that_have_expired() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    accept(&server, &code, 200).await;
    let body = json!({ "emails": ["key@acme.test"] });
    let call = server.post("/api/users").caller(seed::OWNER_SES).header("idempotency-key", "one").json(&body);
    call.expect(200).await;
    let kept = "SELECT (SELECT count(*) FROM audit_logs) + (SELECT count(*) FROM mails)
                       + (SELECT count(*) FROM invitation_secrets)";
    server.mails().await;
    let before = server.count(kept);
    assert_eq!(server.count("SELECT count(*) FROM idempotency_keys"), 1);
    server.advance(4000 * DAY);
    wait_until(&server, "SELECT count(*) FROM idempotency_keys", 0).await;
    assert_eq!(server.count(kept), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_instances_one_removes_old_rows_at_a_time() {
    of_postgres_alone!();
    let server = TestServer::start().await;
    let db = Arc::clone(&server.app().db);
    let turns = tokio::task::spawn_blocking(move || {
        let take = || db.take_turn_of_retention().expect("an answer");
        // The server has it at its start.
        let first = crate::processes::wait_for("the first turn", take);
        assert!(take().is_none(), "two at a time");
        drop(first);
        take().is_some()
    });
    assert!(turns.await.expect("no panic"), "the turn of one that has ended");
}

/// One pass over a large log, by a task of its own.
async fn pass(server: &TestServer, audit_keep: Duration) -> Removed {
    let settings = RetentionSettings { audit_keep: Some(audit_keep), ..RetentionSettings::default() };
    let retention = Retention { db: Arc::clone(&server.app().db), settings, send_window: DAY };
    let (_stop, stopped) = watch::channel(false);
    retention.pass(&stopped).await.expect("it can be removed")
}

/// `RETENTION_PRINT=1` prints the figures.
#[expect(clippy::print_stderr, reason = "the figures are for a person")]
#[tokio::test(flavor = "multi_thread")]
async fn no_batch_holds_up_the_writer() {
    let server = TestServer::start().await;
    fill_log(&server);
    server.advance(2 * DAY);
    let removed = pass(&server, DAY).await;
    if std::env::var_os("RETENTION_PRINT").is_some() {
        eprintln!("{removed:?}");
    }
    let ended = format!("{removed:?}");
    assert!(removed.audit_logs >= ENTRIES as usize - 1, "{ended}");
    // How long each of them takes is in the log; it says nothing on a machine that does much else.
    assert!(removed.batches > 5, "{ended}");
    derived::check(&server, "after a pass");
    let again = pass(&server, DAY).await;
    assert_eq!((again.audit_logs, again.batches), (0, 0), "a pass that has nothing to do does not write");
}
