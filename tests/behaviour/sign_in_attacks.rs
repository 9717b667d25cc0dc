//! Attacks on signing in: codes that are guessed, taken elsewhere, old or used; pages of others; cookies where they do not
//! belong; links that lead away.

use std::time::Duration;

use serde_json::json;

use crate::sign_in::{OWNER_EMAIL, READER_EMAIL, operators_link, rows};
use crate::support::inside::everything;
use crate::support::{Answer, Browser, TestServer, leaks, seed};

const TEST_TOKEN: &str = "brms_tst_0123456789012345678901234567890123456789012";

/// A code that is not this one.
fn another(code: &str) -> String {
    let first = if code.starts_with('0') { '1' } else { '0' };
    format!("{first}{}", &code[1..])
}

async fn tried(browser: &Browser<'_>, code: &str) -> Answer {
    browser.post("/sign-in/code", &[("code", code)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guessed_code_has_five_tries_and_costs_other_attempts_nothing() {
    let server = TestServer::start().await;
    let (victim, thief) = (Browser::new(&server), Browser::new(&server));
    let code = victim.code(READER_EMAIL).await;
    let guessed = thief.code(READER_EMAIL).await;
    for _ in 0..5 {
        let answer = tried(&thief, &another(&guessed)).await;
        assert_eq!(answer.status, 403);
        assert!(
            answer.text().contains("This code does not work. It may be mistyped, used"),
            "{}",
            answer.text()
        );
    }
    assert_eq!(tried(&thief, &guessed).await.status, 403, "the right one comes too late");
    assert_eq!(tried(&victim, &code).await.status, 303);
    // Four wrong ones leave one.
    let careless = Browser::new(&server);
    let code = careless.code(READER_EMAIL).await;
    for _ in 0..4 {
        tried(&careless, &another(&code)).await;
    }
    assert_eq!(tried(&careless, "").await.status, 403, "what is no code is no try");
    assert_eq!(tried(&careless, &code).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_does_nothing_in_another_browser_or_without_the_attempt() {
    let server = TestServer::start().await;
    let (asked, other, stranger) = (Browser::new(&server), Browser::new(&server), Browser::new(&server));
    let code = asked.code(READER_EMAIL).await;
    other.code(READER_EMAIL).await;
    for browser in [&other, &stranger] {
        assert_eq!(tried(browser, &code).await.status, 403);
        assert!(!browser.is_signed_in().await);
    }
    let attempt = other.cookie("attempt").expect("an attempt");
    let body = json!({ "attempt": attempt, "code": code });
    server.post("/sign-in/code").json(&body).expect(403).await;
    assert_eq!(tried(&asked, &code).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_over_after_ten_minutes_and_after_its_use() {
    let server = TestServer::start().await;
    let (late, twice) = (Browser::new(&server), Browser::new(&server));
    let code = late.code(READER_EMAIL).await;
    server.advance(Duration::from_mins(10));
    assert_eq!(tried(&late, &code).await.status, 403);
    let code = twice.code(READER_EMAIL).await;
    let attempt = twice.cookie("attempt").expect("an attempt");
    assert_eq!(tried(&twice, &code).await.status, 303);
    twice.set_cookie("attempt", &attempt);
    assert_eq!(tried(&twice, &code).await.status, 403, "replayed with its cookie");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uses_of_one_code_at_once_one_signs_in() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    let code = browser.code(READER_EMAIL).await;
    let attempt = browser.cookie("attempt").expect("an attempt");
    let body = json!({ "attempt": attempt, "code": code });
    let calls = (0..4).map(|_| server.post("/sign-in/code").json(&body).send());
    let mut statuses = Vec::new();
    for answer in calls.map(tokio::spawn).collect::<Vec<_>>() {
        statuses.push(answer.await.expect("an answer").status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403, 403, 403]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_follows_and_posts_the_link_signs_nobody_in() {
    let server = TestServer::start().await;
    let person = Browser::new(&server);
    let code = person.code(READER_EMAIL).await;
    let before = everything(&server);
    let scanner = Browser::new(&server);
    for path in ["/sign-in", "/sign-in/code", "/account", "/"] {
        for method in ["GET", "HEAD"] {
            let answer = scanner.call(method, path).send().await;
            assert!([200, 303].contains(&answer.status) && answer.all("set-cookie").is_empty(), "{path}");
        }
    }
    assert_eq!(everything(&server), before, "GET changes nothing");
    assert_eq!(tried(&scanner, &code).await.status, 403);
    assert_eq!(tried(&person, &code).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_two_tabs_the_latest_code_counts_and_the_earlier_one_costs_a_try() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    let first = browser.code(READER_EMAIL).await;
    let second = browser.code(READER_EMAIL).await;
    assert_eq!(tried(&browser, &first).await.status, 403);
    assert_eq!(tried(&browser, &second).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_session_is_never_gone_on_with() {
    let server = TestServer::start().await;
    let attacker = Browser::new(&server);
    attacker.sign_in(OWNER_EMAIL).await;
    let planted = attacker.cookie("session").expect("a session");
    let victim = Browser::new(&server);
    victim.set_cookie("session", &planted);
    victim.sign_in(READER_EMAIL).await;
    let own = victim.cookie("session").expect("a session");
    assert_ne!(own, planted);
    assert!(victim.get("/account").await.text().contains(READER_EMAIL));
    assert!(!attacker.is_signed_in().await, "the one that was there has ended");
    // Nor with one that nobody made.
    let invented = "brms_ses_0123456789012345678901234567890123456789012";
    let other = Browser::new(&server);
    other.set_cookie("session", invented);
    other.sign_in(READER_EMAIL).await;
    assert_ne!(other.cookie("session").as_deref(), Some(invented));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_different_session_cookies_count_as_none() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    browser.sign_in(READER_EMAIL).await;
    let name = format!("brms_session_{}", server.url().rsplit(':').next().expect("a port"));
    let own = browser.cookie("session").expect("a session");
    let other = "brms_ses_0123456789012345678901234567890123456789012";
    for cookies in [format!("{name}={other}; {name}={own}"), format!("{name}={own}; {name}={other}")] {
        let answer = Browser::new(&server).call("GET", "/account").header("cookie", &cookies).send().await;
        assert_eq!(answer.status, 303, "{cookies}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_means_nothing_to_the_api_alone_or_beside_a_token() {
    let server = TestServer::start_with(&["--test-api", "--test-api-token", TEST_TOKEN]).await;
    let browser = Browser::new(&server);
    browser.sign_in(OWNER_EMAIL).await;
    for (method, path) in [("GET", "/api/users"), ("POST", "/api/projects"), ("GET", "/_test/mailbox")] {
        let alone = browser.call(method, path).send().await;
        assert_eq!((alone.status, alone.problem().as_str()), (401, "unauthenticated"), "{path}");
        assert!(alone.all("set-cookie").is_empty());
    }
    let invite = json!({ "emails": ["new@acme.test"] });
    let beside = browser.call("POST", "/api/users").caller(seed::READER_SES).json(&invite).send().await;
    assert_eq!(beside.status, 403, "the reader may not, whoever has signed in");
    let wrong = browser.call("GET", "/api/users").caller("Internal brms_ses_wrong").send().await;
    assert_eq!(wrong.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_is_refused_everywhere() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    browser.sign_in(READER_EMAIL).await;
    let invitation = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let link = operators_link(&server, seed::ADMIN);
    let before = everything(&server);
    let forms: [(&str, &[(&str, &str)]); 6] = [
        ("/invitations/accept", &[("secret", &invitation)]),
        ("/invitations/preview", &[("secret", &invitation)]),
        ("/sign-in", &[("email", OWNER_EMAIL)]),
        ("/sign-in/code", &[("code", &link)]),
        ("/sign-out", &[]),
        ("/account/sessions", &[("session", seed::UNKNOWN_ID)]),
    ];
    let home = server.home();
    let longer = format!("{home}.evil.example");
    let foreign: [&[(&str, &str)]; 9] = [
        &[],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", &longer)],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", &home)],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
    ];
    for (path, fields) in forms {
        for headers in foreign {
            let answer = browser.call("POST", path).foreign_form(fields, headers).send().await;
            assert_eq!(answer.status, 403, "{path} {headers:?}: {}", answer.text());
            assert!(answer.all("set-cookie").is_empty());
        }
    }
    assert_eq!(everything(&server), before, "nothing was changed");
    // A browser that says nothing of itself, but names the public URL.
    let own = browser.call("POST", "/sign-out").foreign_form(&[], &[("origin", &home)]).send().await;
    assert_eq!(own.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_in_as_the_attacker() {
    let server = TestServer::start().await;
    let (attacker, victim) = (Browser::new(&server), Browser::new(&server));
    let code = attacker.code(OWNER_EMAIL).await;
    let attempt = attacker.cookie("attempt").expect("an attempt");
    // The page of the attacker sends the form, with or without the code's attempt in it.
    for fields in [vec![("code", code.as_str())], vec![("code", &code), ("attempt", &attempt)]] {
        let foreign =
            victim.call("POST", "/sign-in/code").foreign_form(&fields, &[("sec-fetch-site", "cross-site")]);
        assert_eq!(foreign.send().await.status, 403);
        assert_eq!(victim.post("/sign-in/code", &fields).await.status, 403, "nor one of this server");
    }
    // As JSON, which needs no such proof, an answer sets no cookie.
    let body = json!({ "attempt": attempt, "code": code });
    let answer = victim.call("POST", "/sign-in/code").json(&body).send().await;
    assert_eq!(answer.status, 200);
    assert!(answer.all("set-cookie").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn json_neither_reads_nor_sets_cookies() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    browser.sign_in(READER_EMAIL).await;
    let code = browser.code(OWNER_EMAIL).await;
    let asked = browser.call("POST", "/sign-in").json(&json!({ "email": OWNER_EMAIL })).send().await;
    assert!(asked.all("set-cookie").is_empty());
    let body = json!({ "attempt": "", "code": code });
    let answer = browser.call("POST", "/sign-in/code").json(&body).send().await;
    assert_eq!(answer.status, 403, "the attempt of the cookie does not count");
    for path in ["/sign-out", "/account/sessions"] {
        let answer = browser.call("POST", path).json(&json!({})).send().await;
        assert!([403, 415].contains(&answer.status), "{path}: {}", answer.status);
    }
    assert!(browser.is_signed_in().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_cannot_be_framed_and_name_no_referrer_elsewhere() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    browser.sign_in(READER_EMAIL).await;
    let stranger = Browser::new(&server);
    let answers = [
        browser.get("/account").await,
        browser.post("/account/sessions", &[]).await,
        stranger.get("/sign-in").await,
        stranger.get("/").await,
        stranger.post("/sign-in", &[("email", READER_EMAIL)]).await,
        stranger.post("/sign-in/code", &[("code", "x")]).await,
        stranger.post("/sign-out", &[]).await,
    ];
    for answer in answers {
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"),
            "{policy}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_leads_to_another_site() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    let query = "?next=https://evil.example&return=//evil.example&redirect=/\\evil.example";
    browser.sign_in(READER_EMAIL).await;
    for (method, path) in [
        ("GET", "/sign-in"),
        ("GET", "/"),
        ("GET", "/sign-in/code"),
        ("POST", "/account/sessions"),
        ("POST", "/sign-out"),
    ] {
        let call = browser.call(method, &format!("{path}{query}")).header("host", "evil.example");
        let call = if method == "POST" { call.form(&[("next", "https://evil.example")]) } else { call };
        let answer = call.send().await;
        assert_eq!(answer.status, 303, "{path}");
        let location = answer.header("location").expect("a location");
        assert!(
            !location.contains("evil") && !location.contains(':') && !location.starts_with('/'),
            "{location}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_stay_text_on_every_page() {
    let server = TestServer::start().await;
    let hostile = "<script>alert(1)</script>\" onload=\"x";
    server.change(move |tx| {
        tx.execute("UPDATE users SET first_name = ?1, last_name = ?1", [hostile])?;
        tx.execute("UPDATE organisations SET display_name = ?1", [hostile])
    });
    server.execute(
        "UPDATE users SET email = 'reader@acme.test', email_folded = 'reader@acme.test',
                    search_address = 'reader@acme.test' WHERE email IN ('owner@globex.test')",
    );
    let browser = Browser::new(&server);
    let code = browser.code(READER_EMAIL).await;
    let choose = tried(&browser, &code).await;
    assert_eq!(choose.status, 200, "{}", choose.text());
    let login = browser.call("POST", "/sign-in/code").header("user-agent", hostile);
    let answer = login.form(&[("user", seed::READER)]).send().await;
    assert_eq!(answer.status, 303);
    let cookie = answer.all("set-cookie").into_iter().find(|line| line.starts_with("brms_session"));
    let pair = cookie.expect("a session").split(';').next().expect("a pair").to_owned();
    leaks::learn(&pair);
    let account = Browser::new(&server).call("GET", "/account").header("cookie", &pair).send().await;
    assert!(account.text().contains("&lt;script&gt;"), "{}", account.text());
    let wrong = browser.post("/sign-in", &[("email", hostile)]).await;
    let unknown = tried(&browser, hostile).await;
    for page in [choose, account, wrong, unknown, browser.get("/").await, browser.get("/sign-in").await] {
        let text = page.text();
        assert!(!text.contains("<script>") && !text.contains("\" onload=\""), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_and_no_secret_is_stored_or_in_an_audit_row() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    let code = browser.code(READER_EMAIL).await;
    let attempt = browser.cookie("attempt").expect("an attempt");
    tried(&browser, &code).await;
    let secrets = [browser.cookie("session"), browser.cookie("device"), Some(attempt)];
    let letters = code.replace('-', "");
    let cells = crate::support::inside::cells_of(&server);
    for (place, bytes) in cells.iter().filter(|(place, _)| place != "mails.message") {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(&code) && !text.contains(&letters), "{place}");
        for secret in secrets.iter().flatten() {
            assert!(!text.contains(secret.as_str()), "{place}");
        }
    }
    assert_eq!(rows(&server).len(), 1);
}
