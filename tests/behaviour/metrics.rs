//! Metrics: what is counted, and that the text is what Prometheus reads.

#![allow(clippy::float_cmp, reason = "what is compared was counted")]

use std::collections::{BTreeMap, BTreeSet};

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::support::server::settings;
use crate::support::{TestServer, postgres, seed};

const METRICS: [&str; 2] = ["--metrics", "127.0.0.1:0"];
/// The only labels: none has a value that a client chooses.
const LABELS: [&str; 5] = ["operation", "status", "state", "le", "version"];

fn url(server: &TestServer) -> String {
    server.metrics_url().expect("metrics are served").to_owned()
}

/// The metrics by their names with their labels.
struct Scraped {
    text: String,
    samples: BTreeMap<String, f64>,
}

impl Scraped {
    async fn of(server: &TestServer) -> Self {
        let response = reqwest::get(url(server)).await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
        Self::parse(response.text().await.expect("text"))
    }

    /// Reads the text as Prometheus does, and fails on what that, or its linter, objects to.
    fn parse(text: String) -> Self {
        let mut kinds: BTreeMap<String, String> = BTreeMap::new();
        let mut helped = BTreeSet::new();
        let mut samples = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a name and a text");
                assert!(!help.is_empty() && helped.insert(name.to_owned()), "{line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a name and a type");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(name.starts_with("brms_") && helped.contains(name), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                name.clone_into(&mut current);
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
            } else {
                let (series, value) = line.rsplit_once(' ').expect("a series and its value");
                let name = series.split('{').next().expect("a name");
                let family = match kinds[&current].as_str() {
                    "histogram" => {
                        ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end))
                    }
                    _ => Some(name),
                };
                assert_eq!(family, Some(current.as_str()), "outside of its family: {line}");
                let value: f64 = value.parse().expect("a number");
                assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
            }
        }
        Self { text, samples }
    }

    fn of_series(&self, series: &str) -> f64 {
        *self.samples.get(series).unwrap_or_else(|| panic!("no {series} in\n{}", self.text))
    }

    fn requests(&self, operation: &str, status: u16) -> f64 {
        let series = format!("brms_http_requests_total{{operation=\"{operation}\",status=\"{status}\"}}");
        self.samples.get(&series).copied().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_operation_and_status() {
    let server = TestServer::start_with(&METRICS).await;
    let members = seed::members_path(seed::PRICING);
    for _ in 0..3 {
        server.get(&members).caller(seed::OWNER_PAT).expect(200).await;
    }
    server.get(&members).expect(401).await;
    server.post(&members).caller(seed::OWNER_PAT).json(&json!({ "userIds": [seed::NINA] })).expect(200).await;
    for path in ["/one", "/two", "/api/three?four=5"] {
        server.get(path).expect(404).await;
    }
    let scraped = Scraped::of(&server).await;
    assert_eq!((scraped.requests("listMembers", 200), scraped.requests("listMembers", 401)), (3.0, 1.0));
    assert_eq!(scraped.requests("inviteMembers", 200), 1.0);
    assert_eq!(scraped.requests("none", 404), 3.0, "all unknown paths together");
    let durations = "brms_http_request_duration_seconds";
    let of_members =
        |end: &str| scraped.of_series(&format!("{durations}_{end}{{operation=\"listMembers\"}}"));
    assert_eq!(of_members("count"), 4.0);
    assert!(of_members("sum") > 0.0);
    let last = format!("{durations}_bucket{{operation=\"listMembers\",le=\"+Inf\"}}");
    assert_eq!(scraped.of_series(&last), 4.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_the_mail_the_database_and_connections_are_measured() {
    let server = TestServer::start_with(&METRICS).await;
    let before = Scraped::of(&server).await.of_series("brms_commit_duration_seconds_count");
    crate::support::inside::hold_mail(&server);
    server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(200).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    // One that stays open, whatever carries the requests.
    let _held = std::net::TcpStream::connect(server.address()).expect("a connection");
    let scraped = Scraped::of(&server).await;
    let of = |series: &str| scraped.of_series(series);
    assert!(of("brms_commit_duration_seconds_count") > before);
    assert_eq!(of("brms_writer_queue_length"), 0.0);
    let mails = |state: &str| of(&format!("brms_mail_queue{{state=\"{state}\"}}"));
    assert_eq!((mails("due"), mails("scheduled"), mails("sending")), (0.0, 1.0, 0.0));
    assert!(of("brms_mail_oldest_queued_seconds") >= 1.0);
    assert!(of("brms_database_size_bytes") > 4096.0);
    assert_eq!(of("brms_database_up"), 1.0);
    if !postgres::is_used() {
        // It is emptied a few seconds after the last write.
        assert!(of("brms_database_log_size_bytes") >= 0.0);
        assert!(of("brms_database_free_bytes") < of("brms_database_size_bytes"));
    }
    assert!(of("brms_connections") >= 1.0 && of("brms_connections_accepted_total") >= 1.0);
    assert_eq!(of("brms_connections_max"), 1024.0);
    assert!(of("brms_log_lines_dropped_total") >= 0.0);
    assert_eq!(of(&format!("brms_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_label_has_what_a_client_sent() {
    let server = TestServer::start_with(&METRICS).await;
    let nina = seed::NINA;
    server.get(&format!("/api/users/{nina}/mark-of-a-client")).caller(seed::OWNER_PAT).send().await;
    server.call("PUT", &format!("/api/users/{nina}")).caller(seed::OWNER_PAT).json(&json!({})).send().await;
    let scraped = Scraped::of(&server).await;
    for series in scraped.samples.keys() {
        let labels = series.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.split_once('=').expect("a name and a value");
            assert!(LABELS.contains(&name), "{series}");
            assert!(!value.contains(['-', '/', '@']), "{series}");
        }
    }
    assert!(!scraped.text.contains("mark-of") && !scraped.text.contains(nina), "{}", scraped.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_metrics_are_served_on_their_listener_and_only_there() {
    let server = TestServer::start_with(&METRICS).await;
    let metrics = url(&server);
    let home = metrics.trim_end_matches("/metrics");
    for (method, path, status) in [
        ("GET", "/livez", 404),
        ("GET", "/api/users", 404),
        ("POST", "/metrics", 405),
        ("HEAD", "/metrics", 200),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let response = server.http.request(method, format!("{home}{path}")).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
    server.get("/metrics").expect(404).await;
    server.stop().await;
    assert!(reqwest::get(&metrics).await.is_err(), "the listener ends with the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_off_by_default_and_beyond_loopback_only_on_purpose() {
    use brms::clock::Clock;
    use brms::startup::{Audience, Server};
    let folder = tempfile::tempdir().expect("a folder");
    let start = async |flags: &[&str]| {
        let settings = settings(&postgres::location(folder.path()), flags);
        Server::start(&settings, Clock::default(), Audience::Unattended).await
    };
    let refused = start(&["--metrics", "0.0.0.0:0"]).await.err().expect("it is refused").to_string();
    assert!(refused.contains("--metrics-public"), "{refused}");
    assert!(!folder.path().join("test.db").exists(), "refused before anything is made");
    let server = TestServer::start_with(&["--metrics", "0.0.0.0:0", "--metrics-public"]).await;
    assert!(url(&server).starts_with("http://0.0.0.0:"));
    let without = TestServer::start().await;
    assert_eq!(without.metrics_url(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_metrics_that_exist() {
    let server = TestServer::start_with(&METRICS).await;
    server.get(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).expect(200).await;
    let scraped = Scraped::of(&server).await;
    let names: BTreeSet<&str> =
        scraped.samples.keys().filter_map(|series| series.split('{').next()).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/grafana-dashboard.json");
    let dashboard: Value =
        serde_json::from_slice(&std::fs::read(path).expect("the dashboard")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut shown = BTreeSet::new();
    for target in panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten()) {
        let expression = target["expr"].as_str().expect("an expression");
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let words = expression.split(|letter| !is_of_name(letter));
        shown.extend(words.filter(|word| word.starts_with("brms_")).map(str::to_owned));
    }
    assert!(shown.len() > 8, "{shown:?}");
    let missing: Vec<_> = shown.iter().filter(|name| !names.contains(name.as_str())).collect();
    assert!(missing.is_empty() || postgres::is_used(), "{missing:?}");
}
