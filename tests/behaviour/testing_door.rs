//! Access to the test controls: disabled unless requested, and then only with the token, which is not valid anywhere
//! else.

use serde_json::json;

use crate::processes::{log, serve_refused};
use crate::support::controls::{TEST, TOKEN};
use crate::support::program::Serving;
use crate::support::{Call, TestServer, seed};

const CONTROLS: [(&str, &str); 13] = [
    ("POST", "/_test/reset"),
    ("POST", "/_test/seed"),
    ("GET", "/_test/export"),
    ("GET", "/_test/clock"),
    ("PUT", "/_test/clock"),
    ("POST", "/_test/clock/advance"),
    ("POST", "/_test/clock/freeze"),
    ("POST", "/_test/clock/resume"),
    ("GET", "/_test/mailbox"),
    ("GET", "/_test/mailbox/next"),
    ("POST", "/_test/fail"),
    ("GET", "/_test/fail"),
    ("DELETE", "/_test/fail"),
];

#[tokio::test(flavor = "multi_thread")]
async fn without_test_api_the_controls_are_unknown_paths() {
    let server = TestServer::start().await;
    let id = "0190a000-0000-7000-8000-00000000bbbb";
    for (method, path) in CONTROLS {
        let ours = server.call(method, path).caller(TEST).header("x-request-id", id).expect(404).await;
        let other = server.call(method, "/nowhere").caller(TEST).header("x-request-id", id).expect(404).await;
        assert_eq!(ours.text(), other.text(), "{method} {path}");
        let names = |answer: &crate::support::Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&ours), names(&other), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_control_requires_the_token() {
    let server = TestServer::stand_in().await;
    let before = crate::support::inside::everything(&server);
    let short = &TEST[..TEST.len() - 1];
    for (method, path) in CONTROLS {
        let none = server.call(method, path).expect(401).await;
        assert_eq!(none.header("www-authenticate"), Some("Test realm=\"brms-test\""));
        assert!(none.text().contains("--test-api-token"), "{}", none.text());
        for wrong in [
            seed::OWNER_PAT,
            seed::OWNER_SES,
            short,
            "Test brms_tst_another_0000000000000000000000000000000000",
            &format!("Bearer {TOKEN}"),
            &format!("Test  {TOKEN}"),
        ] {
            let refused = server.call(method, path).caller(wrong).expect(401).await;
            assert!(!refused.text().contains(TOKEN), "{method} {path} {wrong}");
        }
    }
    assert_eq!(crate::support::inside::everything(&server), before);
    let lower_case = format!("test {TOKEN}");
    server.get("/_test/clock").caller(&lower_case).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_not_valid_for_the_api() {
    let server = TestServer::stand_in().await;
    for authorization in [TEST.to_owned(), format!("Bearer {TOKEN}"), format!("Internal {TOKEN}")] {
        server.get("/api/users").caller(&authorization).expect(401).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_are_404_and_405() {
    let server = TestServer::stand_in().await;
    for path in ["/_test", "/_test/", "/_test/nothing", "/_test/clock/", "/_TEST/clock", "/_test/mailbox/x"] {
        server.get(path).caller(TEST).expect(404).await;
    }
    let refused = server.call("DELETE", "/_test/clock").expect(405).await;
    assert_eq!(refused.header("allow"), Some("GET, HEAD, PUT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_parsed_as_strictly_as_those_of_the_api() {
    let server = TestServer::stand_in().await;
    let fail = |body: serde_json::Value| server.control("POST", "fail").json(&body);
    for (body, place) in [
        (json!({}), "/operation"),
        (json!({ "operation": "inviteMembers", "status": 503, "time": 2 }), "/time"),
        (json!({ "operation": "inviteMembers", "status": "503" }), "/status"),
        (json!([]), ""),
    ] {
        assert_eq!(fail(body.clone()).expect(400).await.places(), [place], "{body}");
    }
    server.control("POST", "fail").body("text/plain", b"{}".to_vec()).expect(415).await;
    let long = format!("{{\"operation\":\"{}\"}}", "x".repeat(2_000_000));
    server.control("POST", "fail").body("application/json", long.into_bytes()).expect(413).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_token_is_only_in_the_ready_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE, "--test-api"]);
    let path = folder.path().join("ready.json");
    let ready: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
    let token = ready["testApiToken"].as_str().expect("a token");
    assert!(token.starts_with("brms_tst_") && token.len() == 9 + 43, "{token}");
    let clock = Call::new(&reqwest::Client::new(), "GET", &serving.url, "/_test/clock");
    clock.caller(&format!("Test {token}")).expect(200).await;
    let log = log(folder.path());
    assert!(!log.contains("brms_tst_") && log.contains("/_test"), "{log}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "for its owner alone");
    }
}

#[test]
fn a_configured_token_is_not_written_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let flags = ["--seed", seed::FILE, "--test-api", "--test-api-token", TOKEN];
    let _serving = Serving::start(folder.path(), &flags);
    let ready = std::fs::read_to_string(folder.path().join("ready.json")).expect("a file");
    assert!(!ready.contains("brms_tst_") && !log(folder.path()).contains("brms_tst_"), "{ready}");
}

#[test]
fn a_malformed_token_or_an_unreported_one_is_rejected_before_anything_is_created() {
    let folder = tempfile::tempdir().expect("a folder");
    for wrong in ["hunter2hunter2", "brms_tst_short", "brms_pat_0000000000000000000000000000000000000000"] {
        let error = serve_refused(folder.path(), &["--test-api", "--test-api-token", wrong]);
        assert!(error.contains("--test-api-token must be brms_tst_"), "{error}");
        assert!(!error.contains(wrong), "{error}");
    }
    let error = serve_refused(folder.path(), &["--test-api"]);
    assert!(error.contains("--ready-file") && error.contains("--test-api-token"), "{error}");
    assert!(!folder.path().join("test.db").exists());
}

#[test]
fn test_controls_on_a_server_with_a_relay_are_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let real = ["--smtp-host", "127.0.0.1", "--mail-from", "a@b.test", "--public-url", "https://b.test"];
    let flags = [&["--listen", "127.0.0.1:0", "--test-api", "--test-api-token", TOKEN][..], &real].concat();
    let error = serve_refused(folder.path(), &flags);
    for part in ["--test-api ", "--smtp-host 127.0.0.1", "--allow-test-api-with-smtp"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!folder.path().join("test.db").exists());
    let allowed = [&flags[2..], &["--allow-test-api-with-smtp"]].concat();
    let _serving = Serving::start(folder.path(), &allowed);
}
