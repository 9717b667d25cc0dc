//! sendUserInvitation: the same invitation with a new link and a new expiry, the old link invalid at once,
//! permissions and rate limits.

use std::time::Duration;

use brms::clock::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::inside::{hold_mail, rows_of};
use crate::support::{Answer, TestServer, seed};

const DAY: Duration = Duration::from_hours(24);
const ACCEPT: &str = "/invitations/accept";

/// The data of an invitation that a rejected send must not change.
fn state(server: &TestServer) -> Vec<String> {
    rows_of(server, &["invitation_secrets", "invitations", "mails", "audit_logs"])
}

async fn send(server: &TestServer, user: &str, caller: &str) -> Answer {
    server.post(&seed::invitation_path(user)).caller(caller).send().await
}

async fn accept(server: &TestServer, code: &str) -> Answer {
    server.post(ACCEPT).json(&json!({ "secret": code })).send().await
}

fn millis(value: &Value) -> i64 {
    Timestamp::parse_rfc3339(value.as_str().expect("a time")).expect("RFC 3339").as_millis()
}

/// The creation time of the latest secret of a user's invitation, which is that of its transaction.
fn sent_at(server: &TestServer, user: &str) -> i64 {
    let sql = "SELECT max(secret.created_at) FROM invitation_secrets AS secret
               JOIN invitations ON invitations.id = secret.invitation_id WHERE user_id = ?1";
    server.look(|tx| tx.row(sql, [uuid(user)], |row| row.get(0)))
}

fn uuid(id: &str) -> Uuid {
    id.parse().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_returns_the_pending_invitation_and_mails_its_link() {
    let server = TestServer::start().await;
    let before = server.clock.now().as_millis();
    let answer = send(&server, seed::IVY, seed::OWNER_SES).await;
    let after = server.clock.now().as_millis();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(
        (&body["email"], &body["status"], &body["userId"]),
        (&json!(seed::IVY_EMAIL), &json!("pending"), &json!(seed::IVY))
    );
    let sent = sent_at(&server, seed::IVY);
    assert!((before..=after).contains(&sent));
    assert_eq!(millis(&body["expiresAt"]), sent + 7 * 24 * 3600 * 1000, "seven days to the millisecond");
    assert!(!answer.text().contains("brms_inv_"), "the secret is for the mail alone");
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, seed::IVY_EMAIL);
    assert_eq!(accept(&server, &mails[0].code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_send_keeps_the_invitation_extends_it_and_invalidates_the_old_link() {
    let server = TestServer::start().await;
    let first = send(&server, seed::IVY, seed::OWNER_SES).await.json();
    let old_code = server.code(seed::IVY_EMAIL).await;
    server.clock.advance(3 * DAY);
    let second = send(&server, seed::IVY, seed::ADMIN_SES).await.json();
    assert_eq!((&first["id"], &first["createdAt"]), (&second["id"], &second["createdAt"]));
    assert_eq!(millis(&second["expiresAt"]), sent_at(&server, seed::IVY) + 7 * 24 * 3600 * 1000);
    assert!(millis(&second["expiresAt"]) >= millis(&first["expiresAt"]) + 3 * 24 * 3600 * 1000);

    let refused = accept(&server, &old_code).await;
    assert_eq!((refused.status, refused.problem().as_str()), (410, "invitation-replaced"));
    let new_code = server.code(seed::IVY_EMAIL).await;
    assert_ne!(new_code, old_code);
    assert_eq!(accept(&server, &new_code).await.status, 200);
    assert_eq!(server.count("SELECT count(*) FROM invitations WHERE status = 'accepted'"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_link_is_invalid_from_the_response_on_not_only_after_the_new_mail() {
    let server = TestServer::start().await;
    let old_code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    hold_mail(&server);
    assert_eq!(send(&server, seed::IVY, seed::OWNER_SES).await.status, 200);
    assert_eq!(server.count("SELECT count(*) FROM mails WHERE state = 'queued'"), 1);
    assert_eq!(accept(&server, &old_code).await.problem(), "invitation-replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_mail_is_cancelled_by_a_newer_send() {
    let server = TestServer::start().await;
    hold_mail(&server);
    for sends in 1..=2 {
        assert_eq!(send(&server, seed::IVY, seed::OWNER_SES).await.status, 200);
        let sql = "SELECT count(*) FROM mails WHERE state = 'cancelled' AND secret IS NULL";
        assert_eq!(server.count(sql), sends - 1);
        assert_eq!(server.count("SELECT count(*) FROM mails WHERE state = 'queued'"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_renews_an_expired_invitation() {
    let server = TestServer::start().await;
    let old_code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    server.clock.advance(8 * DAY);
    assert_eq!(accept(&server, &old_code).await.problem(), "invitation-expired");
    let new_code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    assert_eq!(accept(&server, &old_code).await.problem(), "invitation-replaced");
    assert_eq!(accept(&server, &new_code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_a_pending_invitation_is_a_conflict_with_a_reason() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    assert_eq!(accept(&server, &code).await.status, 200);
    let disable = "UPDATE users SET status = 'disabled' WHERE id = ?1";
    server.change(move |tx| tx.execute(disable, [uuid(seed::IAN)]));
    let before = state(&server);
    for (who, user, problem) in [
        ("accepted", seed::IVY, "already-accepted"),
        ("an active member, never invited", seed::NINA, "already-accepted"),
        ("the owner", seed::OWNER, "already-accepted"),
        ("disabled", seed::DORA, "user-disabled"),
        ("invited, then disabled", seed::IAN, "user-disabled"),
        ("a service account", seed::ROBOT, "service-account"),
    ] {
        let answer = send(&server, user, seed::OWNER_SES).await;
        assert_eq!((answer.status, answer.problem().as_str()), (409, problem), "{who}");
    }
    assert_eq!(state(&server), before);
    assert_eq!(server.mails().await.len(), 1);
    // A disabled user's link would not be accepted.
    let lock = "UPDATE users SET status = 'locked' WHERE id = ?1";
    server.change(move |tx| tx.execute(lock, [uuid(seed::IAN)]));
    assert_eq!(send(&server, seed::IAN, seed::OWNER_SES).await.problem(), "user-disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_04_a_user_of_another_organisation_is_answered_like_an_unknown_one() {
    let server = TestServer::start().await;
    let before = state(&server);
    let mut bodies = Vec::new();
    for (user, caller) in [
        (seed::UNKNOWN_ID, seed::OWNER_SES),
        (seed::GLOBEX_GUEST, seed::OWNER_SES),
        (seed::GLOBEX_OWNER, seed::ADMIN_SES),
        (seed::IVY, seed::GLOBEX_SES),
    ] {
        let answer = send(&server, user, caller).await;
        assert_eq!(answer.status, 404, "{user}");
        let mut body = answer.json();
        body.as_object_mut().expect("an object").remove("instance");
        bodies.push(body);
    }
    assert!(bodies.windows(2).all(|two| two[0] == two[1]), "{bodies:?}");
    assert_eq!(state(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_owners_and_admins_send_and_only_with_a_session() {
    let server = TestServer::start().await;
    let set = "UPDATE users SET type = 'author' WHERE id = ?1";
    server.change(move |tx| tx.execute(set, [uuid(seed::READER)]));
    let before = state(&server);
    for (caller, status, problem) in [
        (seed::MANAGER_SES, 403, "forbidden"),
        (seed::READER_SES, 403, "forbidden"),
        (seed::OWNER_PAT, 401, "unauthenticated"),
        (seed::ADMIN_PAT, 401, "unauthenticated"),
        (seed::ROBOT_PAT, 401, "unauthenticated"),
        ("Internal brms_ses_0000000000000000000000000000000000000000000", 401, "unauthenticated"),
        ("Internal brms_pat_seed_owner_00000000000000000000000000000000000000", 401, "unauthenticated"),
    ] {
        let answer = send(&server, seed::IVY, caller).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{caller}");
        if status == 401 {
            let challenge = answer.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Internal "), "{challenge}");
        }
    }
    let anonymous = server.post(&seed::invitation_path(seed::IVY)).expect(401).await;
    assert_eq!(anonymous.header("www-authenticate"), Some("Internal realm=\"brms\""));
    assert_eq!(state(&server), before);
    assert_eq!(send(&server, seed::IVY, seed::ADMIN_SES).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_mails_in_ten_minutes_the_exact_wait_is_returned() {
    let server = TestServer::start().await;
    assert_eq!(
        server.count("SELECT count(*) FROM invitation_secrets"),
        0,
        "seeding does not count as a send"
    );
    for _ in 0..3 {
        assert_eq!(send(&server, seed::IVY, seed::OWNER_SES).await.status, 200);
    }
    let first: i64 = server.count("SELECT min(created_at) FROM invitation_secrets");
    let before_state = state(&server);
    let left = |now: i64| u64::try_from(first + 600_000 - now).expect("some wait").div_ceil(1000);
    let earliest = server.clock.now().as_millis();
    let refused = send(&server, seed::IVY, seed::ADMIN_SES).await;
    let latest = server.clock.now().as_millis();
    assert_eq!((refused.status, refused.problem().as_str()), (429, "too-many-sends"));
    let wait: u64 = refused.header("retry-after").expect("a wait").parse().expect("seconds");
    assert!((left(latest)..=left(earliest)).contains(&wait), "{wait}");
    // The queue may have been delivered meanwhile, but nothing was added to it.
    assert_eq!(before_state.len(), state(&server).len());
    assert_eq!(send(&server, seed::IAN, seed::OWNER_SES).await.status, 200, "another one's are not counted");

    server.clock.advance(Duration::from_mins(9));
    assert_eq!(send(&server, seed::IVY, seed::OWNER_SES).await.status, 429);
    server.clock.advance(Duration::from_secs(wait - 540));
    assert_eq!(send(&server, seed::IVY, seed::OWNER_SES).await.status, 200);
    let code = server.code(seed::IVY_EMAIL).await;
    assert_eq!(accept(&server, &code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_limit_and_the_lifetime_of_links_are_configurable() {
    let flags = ["--invitation-sends-max=1", "--invitation-send-window=1m", "--invitation-ttl=90s"];
    let server = TestServer::start_with(&flags).await;
    let body = send(&server, seed::IVY, seed::OWNER_SES).await.json();
    assert_eq!(millis(&body["expiresAt"]), sent_at(&server, seed::IVY) + 90_000);
    let refused = send(&server, seed::IVY, seed::OWNER_SES).await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").expect("a wait").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    server.clock.advance(Duration::from_secs(wait));
    assert_eq!(send(&server, seed::IVY, seed::OWNER_SES).await.status, 200);
    // The mail first: it is not sent once its link has expired.
    let code = server.code(seed::IVY_EMAIL).await;
    server.clock.advance(Duration::from_secs(90));
    assert_eq!(accept(&server, &code).await.problem(), "invitation-expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_parallel_sends_three_succeed_and_one_link_is_valid() {
    let server = TestServer::start().await;
    let mut calls = JoinSet::new();
    for _ in 0..32 {
        let call = server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES);
        calls.spawn(async move { call.send().await.status });
    }
    let statuses = calls.join_all().await;
    let count = |status: u16| statuses.iter().filter(|other| **other == status).count();
    assert_eq!((count(200), count(429)), (3, 29), "{statuses:?}");
    assert_eq!(server.count("SELECT count(*) FROM invitation_secrets"), 3);
    assert_eq!(server.count("SELECT count(*) FROM invitation_secrets WHERE state = 'live'"), 1);
    assert_eq!(server.count("SELECT count(*) FROM audit_logs WHERE action = 'invited'"), 3);
    assert_eq!(server.count("SELECT count(*) FROM mails"), 3);

    let mut accepted = 0;
    for mail in server.mails().await {
        let answer = accept(&server, &mail.code).await;
        match answer.status {
            200 => accepted += 1,
            _ => assert_eq!(answer.problem(), "invitation-replaced"),
        }
    }
    assert_eq!(accepted, 1, "exactly one mailed link is valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_send_writes_one_audit_entry_with_actor_and_origin_and_no_secret() {
    let server = TestServer::start().await;
    let call = server.post(&seed::invitation_path(seed::IVY)).caller(seed::ADMIN_SES);
    let body = call.header("user-agent", "people-tool/7").expect(200).await.json();
    let code = server.code(seed::IVY_EMAIL).await;
    let sql = "SELECT type, action, user_id, ref_id, project_id, ip_address, user_agent, data
               FROM audit_logs WHERE action = 'invited'";
    let rows = server.look(|tx| {
        tx.rows(sql, (), |row| {
            let who: (String, Uuid, Uuid) = (row.get(0)?, row.get(2)?, row.get(3)?);
            let project: Option<Uuid> = row.get(4)?;
            Ok((who, project, row.get::<String>(5)?, row.get::<String>(6)?, row.get::<String>(7)?))
        })
    });
    let [(who, project, ip_address, user_agent, data)] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(who, &("user".to_owned(), uuid(seed::ADMIN), uuid(seed::IVY)));
    assert_eq!((project, ip_address.as_str(), user_agent.as_str()), (&None, "127.0.0.1", "people-tool/7"));
    let data: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!((&data["invitationId"], &data["expiresAt"]), (&body["id"], &body["expiresAt"]));
    assert!(!data.to_string().contains(&code));
}
