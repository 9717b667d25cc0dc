//! The pages around signing in: the start page, and what a server says that must not take a sign-in; the command.

use brms::clock::Clock;
use brms::startup::{Audience, Server};
use serde_json::json;

use crate::sign_in::READER_EMAIL;
use crate::support::postgres::{self, TestDatabase};
use crate::support::server::settings;
use crate::support::{Browser, Call, TestServer, leaks, seed};

#[tokio::test(flavor = "multi_thread")]
async fn the_start_page_leads_to_signing_in_and_says_whose_it_is_if_there_is_one_organisation() {
    let server = TestServer::start().await;
    let page = Browser::new(&server).get("/").await.text();
    assert!(page.contains("href=\"sign-in\"") && page.contains("href=\"docs\""), "{page}");
    assert!(!page.contains("Acme Ltd") && !page.contains("Globex"), "of several it names none: {page}");
    let folder = tempfile::tempdir().expect("a folder");
    let alone = TestServer::start_in(folder, &["--organisation", "Solo & Sons"]).await;
    let page = Browser::new(&alone).get("/").await.text();
    assert!(page.contains("<h1><bdi>Solo &amp; Sons</bdi></h1>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_beyond_this_machine_refuses_to_sign_in_unless_it_is_asked_for() {
    let flags = ["--public-url", "http://people.example"];
    let server = TestServer::start_with(&flags).await;
    let browser = Browser::new(&server);
    let page = browser.get("/sign-in").await;
    assert_eq!(page.status, 403);
    assert!(page.text().contains("--insecure-http"), "{}", page.text());
    assert_eq!(browser.post("/sign-in", &[("email", READER_EMAIL)]).await.status, 403);
    assert_eq!(browser.post("/sign-in/code", &[("code", "0000-0000")]).await.status, 403);
    server.post("/sign-in").json(&json!({ "email": READER_EMAIL })).expect(403).await;
    let link = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let accepted = browser.post("/invitations/accept", &[("secret", &link)]).await;
    assert_eq!(accepted.status, 200, "accepting needs no cookie");
    assert!(accepted.all("set-cookie").is_empty() && accepted.text().contains("href=\"../sign-in\""));

    let asked_for = TestServer::start_with(&[&flags[..], &["--insecure-http"]].concat()).await;
    assert_eq!(Browser::new(&asked_for).post("/sign-in", &[("email", READER_EMAIL)]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_a_cookie_is_bound_to_the_host_and_to_https() {
    let server = TestServer::start_with(&["--public-url", "https://people.example"]).await;
    let answer = Browser::new(&server).call("POST", "/sign-in").form(&[("email", READER_EMAIL)]).send().await;
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-brms_attempt=brms_sia_"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let plain = TestServer::start().await;
    let answer = Browser::new(&plain).call("POST", "/sign-in").form(&[("email", READER_EMAIL)]).send().await;
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("brms_attempt_") && cookie.ends_with("HttpOnly; SameSite=Lax"), "{cookie}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_work_below_the_prefix_of_a_proxy() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    let pages = [browser.get("/sign-in").await, browser.post("/sign-in/code", &[("code", "x")]).await];
    for page in pages {
        let text = page.text();
        assert!(
            !text.contains("href=\"/") && !text.contains("action=\"/") && !text.contains("src=\"/"),
            "{text}"
        );
    }
    let page = browser.post("/sign-in/code", &[("code", "x")]).await.text();
    assert!(page.contains("action=\"../sign-in/code\"") && page.contains("src=\"../sign-in.js\""), "{page}");
    let script = browser.get("/sign-in.js").await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(browser.get("/sign-in/code").await.header("location"), Some("../sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_came_by_another_name_of_the_machine_is_sent_to_the_public_url() {
    let server = TestServer::start().await;
    let visit = |host: &str| {
        let call = Browser::new(&server).call("GET", "/sign-in").header("host", host);
        call.header("sec-fetch-mode", "navigate").send()
    };
    let port = server.url().rsplit(':').next().expect("a port").to_owned();
    let sent = visit(&format!("127.0.0.1:{port}")).await;
    let place = format!("{}/sign-in", server.home());
    assert_eq!((sent.status, sent.header("location")), (303, Some(place.as_str())));
    // At the public URL, behind a forwarded port, and by a name that is not of this machine.
    for host in [format!("localhost:{port}"), "127.0.0.1:1".to_owned(), format!("evil.example:{port}")] {
        assert_eq!(visit(&host).await.status, 200, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_on_a_terminal_has_a_link_that_signs_the_owner_in_and_one_without_has_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let _database = TestDatabase::of(folder.path());
    let settings = settings(&postgres::location(folder.path()), &["--owner-email", "olga@solo.test"]);
    let mut server = Server::start(&settings, Clock::default(), Audience::Terminal).await.expect("it starts");
    let link = server.take_sign_in_link().expect("a link");
    leaks::learn(&link);
    let (page, secret) = link.split_once('#').expect("a secret");
    assert_eq!(page, format!("{}/sign-in", server.url().replace("127.0.0.1", "localhost")));
    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    for (status, cookies) in [(303, 1), (403, 0)] {
        let call = Call::new(&http, "POST", &server.url(), "/sign-in/code").form(&[("code", secret)]);
        let answer = call.send().await;
        assert_eq!((answer.status, answer.all("set-cookie").len()), (status, cookies), "{}", answer.text());
    }
    server.stop().await;

    let unattended = TestServer::start_in(tempfile::tempdir().expect("a folder"), &[]).await;
    assert_eq!(unattended.count("SELECT count(*) FROM sign_in_links"), 0);
}
