//! The limit on invitations sent by one user, over all invitations.

use std::time::Duration;

use serde_json::json;

use crate::support::client::Answer;
use crate::support::seed;
use crate::support::server::TestServer;

async fn invite(server: &TestServer, caller: &str, emails: &[&str]) -> Answer {
    server.post("/api/users").caller(caller).json(&json!({ "emails": emails })).send().await
}

fn wait(refused: &Answer) -> u64 {
    assert_eq!((refused.status, refused.problem().as_str()), (429, "too-many-sends"));
    refused.header("retry-after").expect("a wait").parse().expect("seconds")
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_27_an_inviter_who_reaches_the_limit_waits_as_stated() {
    let server = TestServer::start_with(&["--inviter-sends-max=4", "--inviter-send-window=1h"]).await;
    assert_eq!(
        invite(&server, seed::OWNER_SES, &["a@new.test", "b@new.test", "A@new.test"]).await.status,
        200
    );
    server.clock.advance(Duration::from_mins(20));
    server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(200).await;

    let users = "SELECT count(*) FROM users";
    let before = server.count(users);
    let refused = invite(&server, seed::OWNER_SES, &["c@new.test", "d@new.test"]).await;
    let seconds = wait(&refused);
    assert!((2_300..=2_400).contains(&seconds), "until the first two are an hour old: {seconds}");
    assert_eq!(server.count(users), before, "none of them, not even the one that there was room for");
    assert_eq!(invite(&server, seed::OWNER_SES, &["c@new.test"]).await.status, 200, "one there is room for");
    wait(&server.post(&seed::invitation_path(seed::IAN)).caller(seed::OWNER_SES).send().await);
    assert_eq!(
        invite(&server, seed::ADMIN_SES, &["d@new.test"]).await.status,
        200,
        "each has a count of its own"
    );

    server.clock.advance(Duration::from_secs(seconds));
    assert_eq!(invite(&server, seed::OWNER_SES, &["e@new.test", "f@new.test"]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_the_limit_is_rejected_and_one_below_it_is_not() {
    let server = TestServer::start_with(&["--inviter-sends-max=1"]).await;
    assert!(wait(&invite(&server, seed::OWNER_SES, &["a@new.test", "b@new.test"]).await) >= 3_599);
    assert_eq!(invite(&server, seed::OWNER_SES, &["a@new.test"]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn seeding_and_operator_commands_are_not_counted() {
    let server = TestServer::start_with(&["--inviter-sends-max=1"]).await;
    let database = server.database().display().to_string();
    crate::support::program::run_well(&["invitation", "link", seed::IVY, "--database", &database]);
    assert_eq!(invite(&server, seed::OWNER_SES, &["a@new.test"]).await.status, 200);
}
