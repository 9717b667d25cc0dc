//! Commits on PostgreSQL that fail, or whose connection is lost: what is answered is what was committed.

use serde_json::json;

use crate::support::inside::everything;
use crate::support::postgres::{self, of_postgres_alone};
use crate::support::{Answer, TestServer, seed};

/// Runs this at each commit of a new membership.
fn at_commit(server: &TestServer, what: &str) {
    postgres::execute(
        server.folder.path(),
        &format!(
            "CREATE SEQUENCE commits;
             CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what} RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON members DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION at_commit()"
        ),
    );
}

async fn invite(server: &TestServer) -> Answer {
    let body = json!({ "userIds": [seed::NINA] });
    server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).json(&body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_is_not_answered_as_done() {
    of_postgres_alone!();
    for (code, words) in [("53100", "full"), ("58030", "disk refused"), ("P0001", "see the server log")] {
        let server = TestServer::start().await;
        let before = everything(&server);
        at_commit(&server, &format!("RAISE EXCEPTION 'as planned' USING ERRCODE = '{code}';"));
        let answer = invite(&server).await;
        assert_eq!(answer.status, 503, "{code}: {}", answer.text());
        assert!(
            answer.json()["detail"].as_str().is_some_and(|detail| detail.contains(words)),
            "{}",
            answer.text()
        );
        assert_eq!(everything(&server), before, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_connection_is_lost_at_its_commit_is_done_once() {
    of_postgres_alone!();
    let server = TestServer::start().await;
    at_commit(
        &server,
        "IF nextval('commits') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;",
    );
    let answer = invite(&server).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json().as_array().map(Vec::len), Some(1));
    let recorded = "SELECT count(*) FROM audit_logs WHERE type = 'member' AND user_id IS NOT NULL";
    assert_eq!(server.count(recorded), 1);
}
