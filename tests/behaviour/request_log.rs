//! The log lines of requests: who asked, which lines there are, and what a slow request waited for. FR-75.

use serde_json::{Value, json};

use crate::processes::{call, log, wait_for};
use crate::support::program::{Serving, run_well};
use crate::support::{controls, seed};

/// The lines about requests with this id, once there are this many.
fn lines(folder: &std::path::Path, id: &str) -> Vec<Value> {
    let text = log(folder);
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    lines.filter(|line| line["request.id"] == id).collect()
}

fn id(number: u8) -> String {
    format!("0190a000-0000-7000-8000-0000000000{number:02x}")
}

fn seeded<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&["--seed", seed::FILE], flags].concat()
}

/// Sends a request, and returns its line.
async fn line(folder: &std::path::Path, serving: &Serving, method: &str, path: &str, caller: &str) -> Value {
    let request_id = uuid::Uuid::now_v7().to_string();
    let mut request = call(serving, method, path).header("x-request-id", &request_id);
    if !caller.is_empty() {
        request = request.caller(caller);
    }
    request.json(&json!({ "userIds": [] })).send().await;
    wait_for("the line", || lines(folder, &request_id).pop())
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_75_a_line_has_the_client_and_the_user_also_of_what_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &seeded(&[]));
    let members = seed::members_path(seed::PRICING);
    let project = format!("/api/projects/{}", seed::PRICING);
    let wrong = "Bearer brms_pat_wrong_00000000000000000000000000000000";
    for (method, path, caller, status, user) in [
        ("POST", &*members, seed::OWNER_PAT, 200, Value::from(seed::OWNER)),
        ("POST", "/api/roles", seed::OWNER_SES, 400, Value::from(seed::OWNER)),
        ("DELETE", &*project, seed::READER_SES, 403, Value::from(seed::READER)),
        ("POST", &*members, wrong, 401, Value::Null),
        ("POST", &*members, "", 401, Value::Null),
    ] {
        let line = line(folder.path(), &serving, method, path, caller).await;
        assert_eq!((&line["status"], &line["user.id"]), (&Value::from(status), &user), "{line}");
        assert_eq!(line["client.address"], "127.0.0.1", "{line}");
        assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"request".into()), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_75_a_setting_leaves_clients_and_users_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &seeded(&["--log-without-clients"]));
    let line =
        line(folder.path(), &serving, "POST", &seed::members_path(seed::PRICING), seed::OWNER_PAT).await;
    assert_eq!((&line["user.id"], &line["client.address"]), (&Value::Null, &Value::Null), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_75_probes_that_succeed_are_lines_of_the_debug_log_only() {
    for (flags, count) in [(&[][..], 0), (&["--log", "brms=debug"], 3)] {
        let folder = tempfile::tempdir().expect("a folder");
        let serving = Serving::start(folder.path(), &seeded(flags));
        for path in ["/livez", "/readyz", "/api/health"] {
            call(&serving, "GET", path).header("x-request-id", &id(7)).expect(200).await;
        }
        let last = line(folder.path(), &serving, "GET", "/nowhere", "").await;
        assert_eq!(last["status"], 404);
        assert_eq!(lines(folder.path(), &id(7)).len(), count, "{flags:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_75_a_slow_request_warns_and_says_what_it_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(
        folder.path(),
        &seeded(&["--slow-request", "1ms", "--test-api", "--test-api-token", controls::TOKEN]),
    );
    let fault = json!({ "operation": "inviteMembers", "delay": "30ms" });
    call(&serving, "POST", "/_test/fail").caller(controls::TEST).json(&fault).expect(200).await;
    let line =
        line(folder.path(), &serving, "POST", &seed::members_path(seed::PRICING), seed::OWNER_PAT).await;
    assert_eq!((&line["level"], &line["message"]), (&"WARN".into(), &"slow request".into()), "{line}");
    let waited = |what: &str| line[format!("waited.{what}_us")].as_u64().unwrap_or_else(|| panic!("{line}"));
    assert!(waited("database") > 0, "{line}");
    assert!(
        waited("body") + waited("queue") + waited("database")
            < line["duration_us"].as_u64().expect("a number")
    );
}

#[test]
fn fr_75_the_help_of_serve_has_headings() {
    let help = run_well(&["serve", "--help"]);
    let headings: Vec<&str> =
        help.lines().filter(|line| !line.starts_with(' ') && line.ends_with(':')).collect();
    assert_eq!(
        headings,
        [
            "Options:",
            "Server:",
            "Database:",
            "Invitations:",
            "Mail:",
            "Retention:",
            "First start:",
            "Limits:",
            "Proxies and pages of other origins:",
            "Metrics:",
            "Testing:",
            "Log:",
        ],
        "{help}"
    );
    let without = help.split("Server:").next().expect("what is before");
    assert!(!without.contains("BRMS_"), "a setting without a heading: {without}");
}
