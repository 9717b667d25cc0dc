//! How many codes may be asked for, and that nobody learns from an answer who exists.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::sign_in::{OWNER_EMAIL, READER_EMAIL};
use crate::support::browser::mails_to;
use crate::support::inside::change_new_mails;
use crate::support::server::PATIENCE;
use crate::support::{Answer, Browser, TestServer, postgres, seed};

const PROXIED: &[&str] = &["--trusted-proxy", "127.0.0.1/32"];

async fn asked(browser: &Browser<'_>, email: &str) -> Answer {
    browser.post("/sign-in", &[("email", email)]).await
}

/// Asks for codes until no more are sent.
async fn use_up(browser: &Browser<'_>, email: &str) {
    for _ in 0..4 {
        if asked(browser, email).await.status == 429 {
            return;
        }
    }
    panic!("{email} gets one code after the other");
}

/// Waits until no mail can be on its way any more.
async fn settled(server: &TestServer) {
    // A mail is queued after a delay of up to 400 ms.
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.mails().await;
}

fn wait_of(answer: &Answer) -> u64 {
    answer.header("retry-after").expect("Retry-After").parse().expect("seconds")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_gets_three_codes_in_ten_minutes_and_then_the_wait_is_told() {
    let server = TestServer::start_with(PROXIED).await;
    server.clock.freeze();
    for number in 0..3 {
        let browser = Browser::at(&server, &format!("192.0.2.{number}"));
        assert_eq!(asked(&browser, READER_EMAIL).await.status, 200);
        server.advance(Duration::from_mins(1));
    }
    for email in [READER_EMAIL, "READER@ACME.test"] {
        let answer = asked(&Browser::at(&server, "192.0.2.9"), email).await;
        assert_eq!((answer.status, wait_of(&answer)), (429, 420), "{}", answer.text());
    }
    settled(&server).await;
    assert_eq!(mails_to(&server, READER_EMAIL).await.len(), 3);
    server.advance(Duration::from_mins(7));
    assert_eq!(asked(&Browser::at(&server, "192.0.2.9"), READER_EMAIL).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_use_up_the_codes_of_a_browser_that_is_known() {
    let server = TestServer::start().await;
    let person = Browser::new(&server);
    person.sign_in(READER_EMAIL).await;
    person.post("/sign-out", &[]).await;
    server.advance(Duration::from_mins(11));
    let stranger = Browser::new(&server);
    use_up(&stranger, READER_EMAIL).await;
    settled(&server).await;
    assert_eq!(asked(&Browser::new(&server), READER_EMAIL).await.status, 429);
    person.sign_in(READER_EMAIL).await;
    // Its own allowance is three as well, and it is known for this address alone.
    for _ in 0..2 {
        assert_eq!(asked(&person, READER_EMAIL).await.status, 200);
    }
    let device = person.cookie("device").expect("a device");
    let thief = Browser::new(&server);
    thief.set_cookie("device", &device);
    use_up(&stranger, OWNER_EMAIL).await;
    assert_eq!(asked(&thief, OWNER_EMAIL).await.status, 429);
    server.advance(Duration::from_hours(91 * 24));
    use_up(&stranger, READER_EMAIL).await;
    assert_eq!(asked(&person, READER_EMAIL).await.status, 429, "after 90 days it is not known any more");
}

/// Each sign-in makes the browser known anew, which must not give it a new allowance each time.
#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_again_and_again_asks_for_six_codes_in_ten_minutes() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    browser.sign_in(READER_EMAIL).await;
    for _ in 0..6 {
        browser.sign_in(READER_EMAIL).await;
    }
    assert_eq!(asked(&browser, READER_EMAIL).await.status, 429);
    // Others do not notice.
    assert_eq!(asked(&Browser::new(&server), OWNER_EMAIL).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_asks_for_twenty_codes_an_hour() {
    let server = TestServer::start_with(PROXIED).await;
    server.clock.freeze();
    for number in 0..20 {
        let browser = Browser::at(&server, &format!("2001:db8:1:2::{number:x}"));
        assert_eq!(asked(&browser, &format!("nobody{number}@acme.test")).await.status, 200);
        server.advance(Duration::from_secs(10));
    }
    let same = asked(&Browser::at(&server, "2001:db8:1:2:ffff::1"), "other@acme.test").await;
    assert_eq!((same.status, wait_of(&same)), (429, 3_400));
    assert!(same.text().contains("from your network"), "{}", same.text());
    assert_eq!(asked(&Browser::at(&server, "2001:db8:1:3::1"), "other@acme.test").await.status, 200);
    assert_eq!(asked(&Browser::at(&server, "192.0.2.1"), "other@acme.test").await.status, 200);
    server.advance(Duration::from_secs(3_400));
    assert_eq!(asked(&Browser::at(&server, "2001:db8:1:2::1"), "other@acme.test").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_sends_so_many_codes_a_minute_and_known_browsers_have_their_own() {
    let server = TestServer::start_with(&[PROXIED, &["--sign-in-codes-max", "4"]].concat()).await;
    server.clock.freeze();
    let person = Browser::at(&server, "198.51.100.1");
    person.sign_in(READER_EMAIL).await;
    person.post("/sign-out", &[]).await;
    server.advance(Duration::from_mins(11));
    for number in 0..4 {
        let browser = Browser::at(&server, &format!("192.0.2.{number}"));
        assert_eq!(asked(&browser, &format!("nobody{number}@acme.test")).await.status, 200);
    }
    for email in ["nobody@acme.test", OWNER_EMAIL] {
        let answer = asked(&Browser::at(&server, "192.0.2.99"), email).await;
        assert_eq!((answer.status, wait_of(&answer)), (429, 60));
    }
    person.sign_in(READER_EMAIL).await;
    server.advance(Duration::from_mins(1));
    assert_eq!(asked(&Browser::at(&server, "192.0.2.99"), OWNER_EMAIL).await.status, 200);
}

/// What an answer tells, without what differs between any two.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let names = answer.headers.iter().map(|(name, value)| {
        let value = value.to_str().expect("text").to_owned();
        let varies = ["x-request-id", "date", "set-cookie"].contains(&name.as_str());
        let value = if varies { value.len().to_string() } else { value };
        (name.to_string(), value)
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    (answer.status, names, answer.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_who_exists_from_status_headers_text_or_limits() {
    let server = TestServer::start_with(PROXIED).await;
    server.clock.freeze();
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let addresses = [
        READER_EMAIL,
        seed::IVY_EMAIL,
        "nobody@acme.test",
        "dora@acme.test",
        "robot@acme.test",
        "x@elsewhere.test",
    ];
    let mut all = Vec::new();
    for (number, email) in addresses.iter().enumerate() {
        let browser = Browser::at(&server, &format!("192.0.2.{number}"));
        let mut own = Vec::new();
        for _ in 0..4 {
            own.push(told(&asked(&browser, email).await));
        }
        own.push(told(&browser.get("/sign-in").await));
        for _ in 0..6 {
            own.push(told(&browser.post("/sign-in/code", &[("code", "0000-0000")]).await));
        }
        own.push(told(&browser.post("/sign-in/code", &[("user", seed::READER)]).await));
        all.push(own);
    }
    for (own, email) in all.iter().zip(addresses) {
        assert_eq!(own, &all[0], "{email}");
    }
    settled(&server).await;
    let mut recipients: Vec<String> = server.mails().await.into_iter().map(|mail| mail.to).collect();
    recipients.retain(|to| ![READER_EMAIL, seed::IVY_EMAIL].contains(&to.as_str()));
    assert!(recipients.is_empty(), "{recipients:?}");
    let json = |email: &str| {
        server.post("/sign-in").header("x-forwarded-for", "203.0.113.1").json(&json!({ "email": email }))
    };
    let (known, unknown) =
        (json(OWNER_EMAIL).expect(200).await.json(), json("none@acme.test").expect(200).await.json());
    let keys = |answer: &serde_json::Value| {
        answer.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(&known), keys(&unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_address_is_looked_up_after_the_answer() {
    let server = TestServer::start().await;
    let known = asked(&Browser::new(&server), READER_EMAIL).await;
    assert_eq!(known.status, 200);
    // The rows of an attempt are the same size and written by the same statements, whoever has the address.
    let count = "SELECT count(*) FROM sign_in_attempts WHERE tries = 0 AND state = 'open'";
    asked(&Browser::new(&server), "nobody@acme.test").await;
    assert_eq!(server.count(count), 2);
    settled(&server).await;
    assert_eq!(server.count("SELECT count(*) FROM sign_in_attempts WHERE user_ids <> '[]'"), 1);
    assert_eq!(server.count("SELECT count(*) FROM mails WHERE kind = 'sign-in'"), 1);
    // An answer is given though no mail can be queued, and no user be looked up.
    for table in ["mails", "users"] {
        server.execute(&format!("ALTER TABLE {table} RENAME TO elsewhere"));
        for email in [READER_EMAIL, "nobody@acme.test"] {
            assert_eq!(asked(&Browser::new(&server), email).await.status, 200, "{email} without {table}");
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.execute(&format!("ALTER TABLE elsewhere RENAME TO {table}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_does_not_wait_for_the_mail() {
    let server = TestServer::start().await;
    // Every new mail takes long.
    let slow = if postgres::is_used() {
        "(SELECT pg_sleep(1)::text)"
    } else {
        "(SELECT CAST(count(*) AS TEXT) FROM users a, users b, users c, users d, users e, users f WHERE random() <> 1)"
    };
    change_new_mails(&server, "last_answer", slow, "NEW.kind = 'sign-in'");
    let begun = Instant::now();
    assert_eq!(asked(&Browser::new(&server), READER_EMAIL).await.status, 200);
    let answered = begun.elapsed();
    while server.count("SELECT count(*) FROM mails") == 0 {
        assert!(begun.elapsed() < PATIENCE, "no mail");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let queued = begun.elapsed();
    assert!(answered * 2 < queued, "answered after {answered:?}, the mail was queued after {queued:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_a_stranger_asks_for_ends_what_a_person_waits_for() {
    let server = TestServer::start_with(PROXIED).await;
    server.clock.freeze();
    let person = Browser::at(&server, "198.51.100.1");
    let code = person.code(READER_EMAIL).await;
    for number in 0..5 {
        asked(&Browser::at(&server, &format!("192.0.2.{number}")), READER_EMAIL).await;
    }
    assert_eq!(person.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    let live = "SELECT count(*) FROM sign_in_attempts WHERE state = 'open'";
    assert!(server.count(live) <= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_no_limit_counts_any_more_are_removed() {
    let server = TestServer::start().await;
    asked(&Browser::new(&server), "nobody@acme.test").await;
    crate::sign_in::operators_link(&server, seed::READER);
    assert_eq!(server.count("SELECT count(*) FROM sign_in_attempts"), 1);
    server.advance(Duration::from_hours(2));
    let left = "SELECT (SELECT count(*) FROM sign_in_attempts) + (SELECT count(*) FROM sign_in_links)";
    for _ in 0..2_000 {
        if server.count(left) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("they are still there");
}
