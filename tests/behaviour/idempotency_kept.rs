//! What is kept under an `Idempotency-Key`: for how long, how much, and where it is carried along.
//!
//! Of SQLite alone: the copy that a backup is.

use std::collections::HashSet;
use std::time::Duration;

use brms::db::Parameter;
use brms::limits::LIVE_IDEMPOTENCY_KEYS_MAX;
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::idempotency::{KEY, is_repeat, role, roles};
use crate::support::controls::TOKEN;
use crate::support::inside::{fail_audit_entries, id};
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::run_well;
use crate::support::{Answer, TestServer, seed};

/// Puts keys there that end in this many milliseconds.
fn fill(server: &TestServer, prefix: &'static str, user: &str, keys: i64, ends_in_ms: i64) {
    let (user, end) = (id(user), server.clock.now().as_millis() + ends_in_ms);
    server.change(move |tx| {
        tx.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO idempotency_keys (credential_id, key, user_id, fingerprint, status, ids, body, expires_at)
             SELECT ?2, ?3 || i, ?4, ?5, 200, '[]', NULL, ?6 + i FROM n",
            &[&keys as &dyn Parameter, &Uuid::nil(), &prefix, &user, &vec![0; 32], &end][..],
        )
    });
}

fn ended(server: &TestServer) -> i64 {
    let now = server.clock.now().as_millis();
    server.count(&format!("SELECT count(*) FROM idempotency_keys WHERE expires_at <= {now}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lives_for_24_hours_of_the_servers_clock() {
    let server = TestServer::stand_in().await;
    server.control("POST", "clock/freeze").expect(200).await;
    let before = roles(&server);
    let first = role(&server, seed::OWNER_SES, "k", "Daily").expect(200).await;
    server.advance_clock("23h 59m 59s 999ms").await;
    assert_eq!(role(&server, seed::OWNER_SES, "k", "Daily").expect(200).await.text(), first.text());
    role(&server, seed::OWNER_SES, "k", "Other").expect(422).await;
    server.advance_clock("1ms").await;
    let second = role(&server, seed::OWNER_SES, "k", "Other").expect(200).await;
    assert!(!is_repeat(&second));
    assert_eq!(roles(&server), before + 2);
    // It lives for a day from then on.
    server.advance_clock("23h").await;
    assert_eq!(role(&server, seed::OWNER_SES, "k", "Other").expect(200).await.text(), second.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_have_ended_are_removed_a_few_at_a_time() {
    let server = TestServer::start().await;
    let mut calls = 0;
    let mut call_after = async |ended_keys: i64| {
        fill(&server, if calls == 0 { "old-" } else { "older-" }, seed::OWNER, ended_keys, -1_000);
        let mut left = Vec::new();
        for _ in 0..4 {
            calls += 1;
            role(&server, seed::OWNER_SES, &format!("k{calls}"), "Sweeper").expect(200).await;
            left.push(ended(&server));
        }
        left
    };
    // Retention removes them, too, at the start and then once an hour. The pass of the start may still be going on.
    let left = call_after(40).await;
    let left = if left == [24, 8, 0, 0] { left } else { call_after(40).await };
    assert_eq!(left, [24, 8, 0, 0]);
    let live = server.count("SELECT count(*) FROM idempotency_keys");
    assert_eq!(live, calls, "those that live stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_10_000_live_keys_at_most() {
    let server = TestServer::start().await;
    assert_eq!(LIVE_IDEMPOTENCY_KEYS_MAX, 10_000);
    let keys = i64::try_from(LIVE_IDEMPOTENCY_KEYS_MAX - 1).expect("a few");
    fill(&server, "k-", seed::OWNER, keys, 90_000);
    let last = role(&server, seed::OWNER_SES, "last", "Last").expect(200).await;
    let before = roles(&server);
    for caller in [seed::OWNER_SES, seed::OWNER_PAT] {
        let refused = role(&server, caller, "more", "More").expect(429).await;
        assert_eq!(refused.problem(), "too-many-idempotency-keys");
        let wait: u64 = refused.header("retry-after").and_then(|text| text.parse().ok()).expect("seconds");
        assert!((60..=91).contains(&wait), "{wait}");
        assert!(refused.text().contains("Send the request without one"), "{}", refused.text());
    }
    assert_eq!(roles(&server), before);
    // What was done is answered, others are not concerned, and neither are requests without a key.
    let again = role(&server, seed::OWNER_SES, "last", "Last").expect(200).await;
    assert_eq!((again.text(), is_repeat(&again)), (last.text(), true));
    role(&server, seed::ADMIN_SES, "more", "More").expect(200).await;
    let body = json!({ "name": "Bare", "allProjects": false });
    server.post("/api/roles").caller(seed::OWNER_SES).json(&body).expect(200).await;
    server.advance(Duration::from_secs(92));
    role(&server, seed::OWNER_SES, "more", "More").expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_up_to_64_kib() {
    let server = TestServer::start().await;
    // Longer than the API takes a name, since no answer to a call within the limits has just this length.
    let create = |key: &str, letters: usize| {
        let name = "x".repeat(letters);
        let sql = "UPDATE users SET first_name = ?2 WHERE id = ?1";
        server.change(move |tx| tx.execute(sql, &[&id(seed::NINA) as &dyn Parameter, &name][..]));
        let body = json!({ "name": "Large", "allProjects": false, "users": [seed::NINA] });
        server.post("/api/roles").caller(seed::OWNER_SES).header(KEY, key).json(&body)
    };
    let bare = create("bare", 0).expect(200).await.body.len();
    let most = 64 * 1024 - bare;
    let largest = create("largest", most).expect(200).await;
    assert_eq!(largest.body.len(), 64 * 1024);
    let again = create("largest", most).expect(200).await;
    assert!(is_repeat(&again) && again.body == largest.body);

    let larger = create("larger", most + 1).expect(200).await.json();
    let before = roles(&server);
    let again = create("larger", most + 1).expect(409).await;
    assert_eq!((again.problem(), roles(&server)), ("already-done".to_owned(), before));
    assert_eq!(again.json()["ids"], json!([larger["id"]]));
    assert!(again.text().contains("Read it with GET"), "{}", again.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_kept() {
    let server = TestServer::start().await;
    let body = json!({ "note": "n", "allProjects": false, "expiry": "week" });
    let create =
        || server.post("/api/personal-access-tokens").caller(seed::OWNER_SES).header(KEY, "t").json(&body);
    let made = create().expect(200).await.json();
    let secret = made["token"].as_str().expect("a secret");
    let again = create().expect(409).await;
    assert!(!again.text().contains(secret) && again.text().contains("held a secret"), "{}", again.text());
    assert_eq!(server.count("SELECT count(*) FROM idempotency_keys WHERE body IS NULL"), 1);
    assert_eq!(server.leaks(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_repeats_at_once_do_it_once() {
    let server = TestServer::start().await;
    let calls = |path: &str, body: serde_json::Value| {
        let mut calls = JoinSet::new();
        for _ in 0..200 {
            calls.spawn(server.post(path).caller(seed::OWNER_SES).header(KEY, path).json(&body).expect(200));
        }
        calls.join_all()
    };
    for (path, body) in [
        ("/api/users", json!({ "emails": ["a@x.test", "b@x.test"] })),
        ("/api/users/service", json!({ "email": "robot@x.test" })),
        ("/api/roles", json!({ "name": "Once", "allProjects": true })),
    ] {
        let answers = calls(path, body).await;
        let texts: HashSet<String> = answers.iter().map(Answer::text).collect();
        assert_eq!((answers.len(), texts.len()), (200, 1), "{path}");
        assert_eq!(answers.iter().filter(|answer| !is_repeat(answer)).count(), 1, "{path}");
    }
    let made = "SELECT (SELECT count(*) FROM users WHERE email LIKE '%@x.test')
                     + 10 * (SELECT count(*) FROM roles WHERE name = 'Once')
                     + 100 * (SELECT count(*) FROM mails WHERE recipient LIKE '%@x.test')";
    assert_eq!(server.count(made), 213);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_beside_it_that_fails_changes_nothing_about_it() {
    let server = TestServer::start().await;
    // Roles of this name fail after a change, so that their batch is rolled back and run again one by one.
    fail_audit_entries(&server, "NEW.data LIKE '%Broken%'");
    let before = roles(&server);
    let mut calls = JoinSet::new();
    for number in 0..60 {
        let name = if number % 3 == 0 { "Broken" } else { "Sound" };
        calls.spawn(role(&server, seed::OWNER_SES, name, name).send());
    }
    let answers = calls.join_all().await;
    let failed = answers.iter().filter(|answer| answer.status == 500).count();
    let texts: HashSet<String> =
        answers.iter().filter(|answer| answer.status == 200).map(Answer::text).collect();
    assert_eq!((failed, texts.len(), roles(&server)), (20, 1, before + 1));
    assert_eq!(server.count("SELECT count(*) FROM idempotency_keys"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_came_comes_with_the_repeat() {
    let server = TestServer::stand_in().await;
    let before = roles(&server);
    let order = json!({ "operation": "createRole", "drop": "after" });
    server.control("POST", "fail").json(&order).expect(200).await;
    let body = json!({ "name": "Unheard", "allProjects": false });
    let call = server.http.post(format!("{}/api/roles", server.url())).json(&body);
    let lost = call.header("authorization", seed::OWNER_SES).header(KEY, "k").send().await;
    assert!(lost.is_err(), "the connection was cut");
    assert_eq!(roles(&server), before + 1);
    let answer = role(&server, seed::OWNER_SES, "k", "Unheard").send().await;
    assert_eq!((answer.status, is_repeat(&answer), roles(&server)), (200, true, before + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_and_an_export_leave_keys_behind_and_a_backup_has_them() {
    of_sqlite_alone!("a backup is a copy of its file");
    let server = TestServer::start_with(&["--test-api", "--test-api-token", TOKEN]).await;
    let first = role(&server, seed::OWNER_SES, "distinctive-key", "Kept").expect(200).await;
    assert!(!server.export().await.to_string().contains("distinctive-key"));

    let copy = server.folder.path().join("copy.db");
    let (database, target) = (server.database().display().to_string(), copy.display().to_string());
    tokio::task::block_in_place(|| run_well(&["backup", "--database", &database, &target]));
    let copied = rusqlite::Connection::open(&copy).expect("the copy opens");
    let body: Vec<u8> = copied
        .query_row("SELECT body FROM idempotency_keys WHERE key = 'distinctive-key'", [], |row| row.get(0))
        .expect("the key is in the copy");
    assert_eq!(body, first.body);

    server.reset().await;
    assert_eq!(server.count("SELECT count(*) FROM idempotency_keys"), 0);
    let anew = role(&server, seed::OWNER_SES, "distinctive-key", "Kept").expect(200).await;
    assert!(!is_repeat(&anew));
    assert_ne!(anew.json()["id"], first.json()["id"]);
}
