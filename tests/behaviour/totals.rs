//! Totals of lists are kept as rows: whatever changes the lists, they are the numbers of what the lists have.
//!
//! Of SQLite alone: backups, and files of earlier versions.

use serde_json::{Value, json};

use crate::backups::{sqlite, well};
use crate::support::postgres::of_sqlite_alone;
use crate::support::program::run;
use crate::support::{TestServer, derived, seed};
use crate::testing_much::Much;

async fn total(server: &TestServer, list: &str) -> u64 {
    let body = server.get(list).caller(seed::OWNER_SES).expect(200).await.json();
    body["paginate"]["total"].as_u64().expect("a total")
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_right_with_every_filter() {
    let server = TestServer::start().await;
    let body = json!({ "emails": ["new@acme.test"] });
    server.post("/api/users").caller(seed::OWNER_SES).json(&body).expect(200).await;
    let robot = json!({ "email": "new-robot@acme.test", "type": "member" });
    server.post("/api/users/service").caller(seed::OWNER_SES).json(&robot).expect(200).await;
    let locked = json!({ "status": "locked" });
    server
        .call("PUT", &format!("/api/users/{}", seed::NINA))
        .caller(seed::OWNER_SES)
        .json(&locked)
        .expect(200)
        .await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(200).await;
    let outside = format!("/api/projects/{}/members/users", seed::CLAIMS);
    for list in [
        "/api/users",
        "/api/users?isService=true",
        "/api/users?isService=false",
        "/api/users?search=ac",
        "/api/users?search=acme&isService=true",
        "/api/users?search=acme&isService=false",
        "/api/invitations",
        "/api/invitations?status=pending",
        "/api/invitations?status=accepted",
        "/api/invitations?status=accepted&search=acme",
        "/api/invitations?status=pending&search=acme",
        "/api/invitations?status=pending&search=nobody",
        "/api/users?search=nobody",
        outside.as_str(),
        &format!("{outside}?search=acme"),
    ] {
        let joint = if list.contains('?') { '&' } else { '?' };
        let page =
            server.get(&format!("{list}{joint}perPage=500")).caller(seed::OWNER_SES).expect(200).await.json();
        let shown = page["results"].as_array().expect("results").len() as u64;
        assert!(shown < 500 && (shown > 0 || list.contains("nobody")), "{list}: {shown}");
        assert_eq!(total(&server, list).await, shown, "{list}");
    }
    derived::check(&server, "after all of that");
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_follow_whatever_happens_and_a_reset_and_a_seed() {
    let server = Much::happened().await.server;
    derived::check(&server, "after much");
    let export = server.export().await;
    server.control("POST", "reset").expect(200).await;
    derived::check(&server, "after a reset");
    let mut other: Value = json!({ "organisations": [{ "name": "initech", "users": [{
        "email": "owner@initech.test", "type": "owner",
        "internalTokens": [{ "secret": "brms_ses_initech_0000000000000000000000000000000000" }] },
        { "email": "guest@initech.test", "type": "invited" }] }] });
    server.control("POST", "seed").json(&other).expect(200).await;
    derived::check(&server, "after a seed that was added");
    // Nothing of it may be written.
    other["organisations"][0]["users"][1]["email"] = json!("other@initech.test");
    server.control("POST", "seed").json(&other).send().await;
    derived::check(&server, "after a seed that was refused");
    server.control("POST", "reset").json(&export).expect(200).await;
    derived::check(&server, "after a reset to an export");
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_those_of_a_restored_backup_and_of_an_upgraded_file() {
    of_sqlite_alone!("backups and files of earlier schema steps are SQLite's");
    let server = Much::happened().await.server;
    let folder = server.stop().await;
    well(folder.path(), &["backup", "copy.db"]);
    let server = TestServer::start_in(folder, &[]).await;
    let session = crate::support::inside::sign_in(&server, seed::ADMIN, None);
    let body = json!({ "emails": ["late@acme.test"] });
    server.post("/api/users").caller(&session).json(&body).expect(200).await;
    derived::check(&server, "after a user who is not in the backup");
    let folder = server.stop().await;
    well(folder.path(), &["restore", "copy.db"]);
    let server = TestServer::start_in(folder, &[]).await;
    derived::check(&server, "after a restore");
    drop(server);
    for fixture in crate::schemas::fixtures() {
        let folder = crate::schemas::database(&fixture);
        let server = TestServer::start_in(folder, &[]).await;
        derived::check(&server, &fixture.display().to_string());
    }
}

#[test]
fn check_reports_totals_and_indexes_that_are_wrong_and_changes_nothing() {
    let folder = crate::backups::seeded();
    let database = folder.path().join("test.db");
    let check = || run(&["check", "--database", &database.display().to_string()]);
    assert_eq!(check().status.code(), Some(0));
    sqlite(&database)
        .execute_batch(
            "DELETE FROM users_search_rows;
             UPDATE user_totals SET total = total + 2 WHERE status = 'active' AND is_service = 0;
             DELETE FROM invitation_totals WHERE status = 'pending';
             INSERT INTO audit_log_segments (organisation_id, number, last_created_at, last_id)
             SELECT id, 0, 1, x'00' FROM organisations ORDER BY created_at, id LIMIT 1;
             INSERT INTO audit_log_sums (organisation_id, segment, type, action, entries)
             SELECT organisation_id, number, 'user', 'created', 3 FROM audit_log_segments",
        )
        .expect("it runs");
    let output = check();
    let out = String::from_utf8(output.stdout).expect("text");
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{out}{error}");
    assert!(out.contains("the total of active users of organisation"), "{out}");
    assert!(
        out.contains("too high by 2") && out.contains("pending invitations") && out.contains("too low by"),
        "{out}"
    );
    assert!(out.contains("segment 0 of the audit log of organisation"), "{out}");
    assert!(
        out.contains("the search index of users does not") && !out.contains("index of projects"),
        "{out}"
    );
    assert!(error.contains("lists or searches of it are wrong"), "{error}");
    assert_eq!(check().status.code(), Some(1));
}
