//! `brms stats`: how much there is, beside a running server, on either engine.

use brms::clock::{DAY, Timestamp};
use serde_json::Value;

use crate::support::postgres::{self, of_sqlite_alone};
use crate::support::program::{run, run_well};
use crate::support::{TestServer, seed};

fn stats(server: &TestServer) -> Value {
    let database = server.database().display().to_string();
    serde_json::from_str(&run_well(&["stats", "--json", "--database", &database])).expect("JSON")
}

fn of<'s>(stats: &'s Value, kind: &str) -> &'s Value {
    let kinds = stats["kinds"].as_array().expect("kinds");
    kinds.iter().find(|one| one["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {stats}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn stats_count_what_is_there() {
    let server = TestServer::start().await;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    server.execute(&format!(
        "UPDATE users SET created_at = {} WHERE email = 'owner@acme.test'",
        Timestamp::from_millis(0).plus(DAY).as_millis()
    ));
    let stats = stats(&server);
    for (kind, table) in [
        ("organisations", "organisations"),
        ("users", "users"),
        ("invitations", "invitations"),
        ("links of invitations", "invitation_secrets"),
        ("projects", "projects"),
        ("groups", "groups"),
        ("members", "members"),
        ("roles", "roles"),
        ("personal access tokens", "personal_access_tokens"),
        ("sessions", "internal_tokens"),
        ("audit log entries", "audit_logs"),
        ("mails", "mails"),
        ("idempotency keys", "idempotency_keys"),
    ] {
        let found = of(&stats, kind);
        assert_eq!(found["rows"], server.count(&format!("SELECT count(*) FROM {table}")), "{kind}");
        assert!(found["bytes"].as_u64().expect("bytes") > 0, "{kind}: a table has a page: {stats}");
        let is_empty = found["rows"] == 0;
        assert_eq!((found["oldest"].is_null(), found["newest"].is_null()), (is_empty, is_empty), "{kind}");
    }
    let users = of(&stats, "users");
    assert_eq!(users["oldest"], "1970-01-02T00:00:00.000Z");
    assert_eq!(users["last30Days"].as_u64(), users["rows"].as_u64().map(|rows| rows - 1));
    let database = &stats["database"];
    assert_eq!(database["engine"], if postgres::is_used() { "postgresql" } else { "sqlite" });
    let sum: u64 =
        stats["kinds"].as_array().expect("kinds").iter().filter_map(|kind| kind["bytes"].as_u64()).sum();
    let bytes = database["bytes"].as_u64().expect("bytes");
    assert!(sum <= bytes && sum * 10 > bytes / 10, "{sum} of {bytes}");
    assert_eq!(database["logBytes"].is_null(), postgres::is_used());
    if !postgres::is_used() {
        assert!(database["logBytes"].as_u64().expect("bytes") > 0, "a served file has a log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stats_for_a_person_are_a_table_with_a_header() {
    let server = TestServer::start().await;
    let printed = run_well(&["stats", "--database", &server.database().display().to_string()]);
    let mut lines = printed.lines();
    let header: Vec<&str> =
        lines.next().expect("a header").split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
    assert_eq!(header, ["KIND", "ROWS", "BYTES", "OLDEST", "NEWEST", "LAST 30 DAYS"]);
    assert_eq!(lines.clone().take_while(|line| !line.is_empty()).count(), 14, "{printed}");
    assert!(lines.next_back().expect("a line").starts_with("database: "), "{printed}");
}

#[test]
fn stats_of_a_file_of_an_earlier_version_are_refused_and_it_stays_as_it_is() {
    of_sqlite_alone!("it is about its schema steps");
    let folder = crate::schemas::database(&crate::schemas::fixtures()[0]);
    let path = folder.path().join("test.db");
    let before = std::fs::read(&path).expect("the file");
    let output = run(&["stats", "--database", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("earlier brms"), "{output:?}");
    assert_eq!(std::fs::read(&path).expect("the file"), before);
}
