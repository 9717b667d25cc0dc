//! updateUser: names, user type, status and roles; the single owner; and the effects of disabling and locking.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::inside::{Pat, everything, sign_in};
use crate::support::{Answer, TestServer, seed};
use crate::users::{assert_audited, entry};

const OWNERS: &str = "SELECT count(*) FROM users WHERE type = 'owner' AND organisation_id =
    (SELECT id FROM organisations WHERE name = 'acme')";

fn path(user: &str) -> String {
    format!("/api/users/{user}")
}

async fn put(server: &TestServer, caller: &str, user: &str, body: &Value) -> Answer {
    server.call("PUT", &path(user)).caller(caller).json(body).send().await
}

async fn accept(server: &TestServer, code: &str) -> Answer {
    server.post("/invitations/accept").json(&json!({ "secret": code })).send().await
}

/// The status of reading the caller's own tokens: 200 while the credentials are valid.
async fn works(server: &TestServer, caller: &str) -> bool {
    let answer = server.get("/api/personal-access-tokens").caller(caller).send().await;
    assert!(matches!(answer.status, 200 | 401), "{}", answer.text());
    answer.status == 200
}

async fn user(server: &TestServer, id: &str) -> Value {
    let listed = server.get("/api/users?perPage=500").caller(seed::OWNER_PAT).expect(200).await.json();
    let users = listed["results"].as_array().expect("users").clone();
    users.into_iter().find(|user| user["id"] == id).expect("the user is listed")
}

/// All of these are rejected in this way and change nothing.
async fn refused(server: &TestServer, status: u16, calls: &[(&str, &str, Value, &str)]) {
    let before = everything(server);
    for (caller, user, body, problem) in calls {
        let answer = put(server, caller, user, body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, *problem), "{user} {body}");
    }
    assert_eq!(everything(server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_change_and_absent_fields_are_kept() {
    let server = TestServer::start().await;
    server.clock.freeze();
    let before = user(&server, seed::NINA).await;
    let body = put(&server, seed::ADMIN_SES, seed::NINA, &json!({ "firstName": "Ñina <b>" })).await.json();
    let mut expected = before.clone();
    expected["firstName"] = json!("Ñina <b>");
    expected["updatedAt"] = json!(server.clock.now().rfc3339());
    assert_eq!(body, expected);
    assert_eq!(user(&server, seed::NINA).await, expected);
    let body = put(&server, seed::ADMIN_SES, seed::NINA, &json!({ "lastName": "" })).await.json();
    assert_eq!((&body["firstName"], &body["lastName"]), (&json!("Ñina <b>"), &json!("")));
    assert_eq!(put(&server, seed::ADMIN_SES, seed::NINA, &json!({ "other": 1 })).await.json(), body);
    let upper_case = seed::NINA.to_uppercase();
    assert_eq!(put(&server, seed::ADMIN_SES, &upper_case, &json!({})).await.json(), body);
    // An invited user may be renamed before accepting.
    let ivy = put(&server, seed::ADMIN_SES, seed::IVY, &json!({ "firstName": "Ivy" })).await.json();
    assert_eq!((&ivy["firstName"], &ivy["type"]), (&json!("Ivy"), &json!("invited")));

    let expected = [seed::NINA, seed::NINA, seed::IVY];
    let expected = expected.map(|user| entry("user", "updated", user, seed::ADMIN));
    assert_audited(&server, expected.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_values_are_rejected_at_their_place_and_change_nothing() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (body, place) in [
        (json!({ "firstName": null }), "/firstName"),
        (json!({ "lastName": null }), "/lastName"),
        (json!({ "status": null }), "/status"),
        (json!({ "type": null }), "/type"),
        (json!({ "roles": null }), "/roles"),
        (json!({ "firstName": "a\u{1b}[1m" }), "/firstName"),
        (json!({ "lastName": "x".repeat(201) }), "/lastName"),
        (json!({ "type": "ADMIN" }), "/type"),
        (json!({ "status": "inactive" }), "/status"),
        (json!({ "roles": ["x"] }), "/roles/0"),
        (json!({ "roles": vec![seed::UNKNOWN_ID; 1001] }), "/roles"),
    ] {
        let answer = put(&server, seed::OWNER_SES, seed::NINA, &body).await;
        assert_eq!(
            (answer.status, answer.places()),
            (400, vec![place.to_owned()]),
            "{place} {}",
            answer.text()
        );
    }
    for user in [seed::UNKNOWN_ID, seed::GLOBEX_OWNER, seed::GLOBEX_GUEST, seed::PRICING] {
        assert_eq!(put(&server, seed::OWNER_SES, user, &json!({ "firstName": "x" })).await.status, 404);
    }
    for (caller, status) in [(seed::OWNER_PAT, 401), (seed::MANAGER_SES, 403), (seed::READER_SES, 403)] {
        let answer = put(&server, caller, seed::NINA, &json!({ "firstName": "x" })).await;
        assert_eq!(answer.status, status, "{caller}");
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_changes_user_types_with_immediate_effect() {
    let server = TestServer::start().await;
    let nina = sign_in(&server, seed::NINA, None);
    for (position, (standing, makes_projects, sees_users)) in
        [("author", 200, 403), ("admin", 200, 200), ("author", 200, 403), ("member", 403, 403)]
            .into_iter()
            .enumerate()
    {
        let body = put(&server, seed::ADMIN_SES, seed::NINA, &json!({ "type": standing })).await.json();
        assert_eq!((&body["type"], &body["status"]), (&json!(standing), &json!("active")));
        server.get("/api/users").caller(&nina).expect(sees_users).await;
        let project = json!({ "name": "P", "key": format!("made-by-nina-{position}") });
        server.post("/api/projects").caller(&nina).json(&project).expect(makes_projects).await;
    }
    let robot = put(&server, seed::ADMIN_SES, seed::ROBOT, &json!({ "type": "admin" })).await.json();
    assert_eq!((&robot["type"], &robot["isService"]), (&json!("admin"), &json!(true)));
    let admin = put(&server, seed::ADMIN_SES, seed::ADMIN, &json!({ "type": "member" })).await;
    assert_eq!(admin.status, 200, "an admin may step down");
    assert_eq!(put(&server, seed::ADMIN_SES, seed::ADMIN, &json!({ "type": "admin" })).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_neither_sets_nor_changes_the_user_type_invited() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let calls: Vec<_> = ["member", "author", "admin", "owner"]
        .map(|standing| (seed::OWNER_SES, seed::IVY, json!({ "type": standing }), "invited-user"))
        .into_iter()
        .chain([seed::NINA, seed::ADMIN, seed::OWNER, seed::DORA, seed::ROBOT].map(|user| {
            (seed::OWNER_SES, user, json!({ "type": "invited", "firstName": "X" }), "invited-user")
        }))
        .collect();
    refused(&server, 409, &calls).await;
    let same = put(&server, seed::ADMIN_SES, seed::IVY, &json!({ "type": "invited" })).await;
    assert_eq!(same.status, 200, "setting the same user type changes nothing");
    assert_eq!(accept(&server, &code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_07_only_the_owner_changes_the_owner_or_appoints_one() {
    let server = TestServer::start().await;
    let calls = [
        (seed::OWNER, json!({ "firstName": "Hacked" })),
        (seed::OWNER, json!({})),
        (seed::OWNER, json!({ "type": "member" })),
        (seed::OWNER, json!({ "status": "disabled" })),
        (seed::OWNER, json!({ "roles": [] })),
        (seed::NINA, json!({ "type": "owner" })),
        (seed::ADMIN, json!({ "type": "owner" })),
        (seed::IVY, json!({ "type": "owner" })),
    ];
    let calls = calls.map(|(user, body)| (seed::ADMIN_SES, user, body, "forbidden"));
    refused(&server, 403, &calls).await;
    let body = put(&server, seed::OWNER_SES, seed::OWNER, &json!({ "firstName": "Olga II" })).await.json();
    assert_eq!((&body["firstName"], &body["type"]), (&json!("Olga II"), &json!("owner")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_can_neither_step_down_nor_disable_their_own_account() {
    let server = TestServer::start().await;
    let bodies = [
        json!({ "type": "admin" }),
        json!({ "type": "member" }),
        json!({ "status": "disabled" }),
        json!({ "status": "locked" }),
        json!({ "type": "owner", "status": "disabled" }),
        json!({ "type": "admin", "status": "locked", "firstName": "X" }),
    ];
    let calls = bodies.map(|body| (seed::OWNER_SES, seed::OWNER, body, "last-owner"));
    refused(&server, 409, &calls).await;
    assert!(works(&server, seed::OWNER_SES).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn appointing_another_owner_makes_the_caller_an_admin_in_the_same_transaction() {
    let server = TestServer::start().await;
    let nina = sign_in(&server, seed::NINA, None);
    let body = put(&server, seed::OWNER_SES, seed::NINA, &json!({ "type": "owner" })).await.json();
    assert_eq!((&body["id"], &body["type"]), (&json!(seed::NINA), &json!("owner")));
    assert_eq!(server.count(OWNERS), 1);
    assert_eq!(user(&server, seed::OWNER).await["type"], "admin");
    let expected = [seed::OWNER, seed::NINA].map(|user| entry("user", "updated", user, seed::OWNER));
    assert_audited(&server, expected.into()).await;

    let again = put(&server, seed::OWNER_SES, seed::OTTO, &json!({ "type": "owner" })).await;
    assert_eq!((again.status, again.problem().as_str()), (403, "forbidden"), "the mark was given away");
    assert_eq!(put(&server, seed::OWNER_SES, seed::NINA, &json!({ "firstName": "x" })).await.status, 403);
    assert_eq!(put(&server, &nina, seed::OWNER, &json!({ "status": "locked" })).await.status, 200);
    assert!(!works(&server, seed::OWNER_SES).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_concurrent_new_owners_one_is_appointed() {
    let server = TestServer::start().await;
    let mut calls = JoinSet::new();
    for round in 0..24 {
        let user = [seed::NINA, seed::OTTO, seed::ADMIN, seed::READER][round % 4];
        let call = server.call("PUT", &path(user)).caller(seed::OWNER_SES).json(&json!({ "type": "owner" }));
        calls.spawn(async move { call.send().await.status });
    }
    let statuses = calls.join_all().await;
    let count = |status: u16| statuses.iter().filter(|other| **other == status).count();
    assert_eq!((count(200), count(403)), (1, 23), "{statuses:?}");
    assert_eq!(server.count(OWNERS), 1);
    assert_eq!(
        server.count("SELECT count(*) FROM users WHERE email = 'owner@acme.test' AND type = 'admin'"),
        1
    );
    assert_eq!(server.count("SELECT count(*) FROM audit_logs WHERE action = 'updated'"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_cannot_act_cannot_become_the_owner() {
    let server = TestServer::start().await;
    assert_eq!(put(&server, seed::OWNER_SES, seed::OTTO, &json!({ "status": "locked" })).await.status, 200);
    let owner = json!({ "type": "owner" });
    let calls = [
        (seed::OWNER_SES, seed::ROBOT, owner.clone(), "service-account"),
        (seed::OWNER_SES, seed::DORA, owner.clone(), "user-disabled"),
        (seed::OWNER_SES, seed::OTTO, owner.clone(), "user-disabled"),
        (seed::OWNER_SES, seed::NINA, json!({ "type": "owner", "status": "disabled" }), "user-disabled"),
        (seed::OWNER_SES, seed::IVY, owner, "invited-user"),
    ];
    refused(&server, 409, &calls).await;
    assert_eq!(server.count(OWNERS), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_32_disabling_revokes_every_credential_from_the_next_request_on_permanently() {
    let server = TestServer::start().await;
    let second = sign_in(&server, seed::MANAGER, None);
    for credentials in [seed::MANAGER_PAT, seed::MANAGER_SES, &second] {
        assert!(works(&server, credentials).await);
    }
    let body = put(&server, seed::ADMIN_SES, seed::MANAGER, &json!({ "status": "disabled" })).await.json();
    assert_eq!((&body["status"], &body["type"]), (&json!("disabled"), &json!("member")));
    for credentials in [seed::MANAGER_PAT, seed::MANAGER_SES, &second] {
        assert!(!works(&server, credentials).await, "{credentials}");
    }
    let body = put(&server, seed::ADMIN_SES, seed::MANAGER, &json!({ "status": "active" })).await.json();
    assert_eq!(body["status"], "active");
    for credentials in [seed::MANAGER_PAT, seed::MANAGER_SES, &second] {
        assert!(!works(&server, credentials).await, "enabling gives back no token: {credentials}");
    }
    let fresh = sign_in(&server, seed::MANAGER, None);
    let members = server.get(&seed::members_path(seed::PRICING)).caller(&fresh).expect(200).await.json();
    assert!(members.to_string().contains(seed::MANAGER), "memberships outlive it");

    // A service account's tokens are revoked in the same way.
    assert!(works(&server, seed::ROBOT_PAT).await);
    assert_eq!(
        put(&server, seed::ADMIN_SES, seed::ROBOT, &json!({ "status": "disabled" })).await.status,
        200
    );
    assert!(!works(&server, seed::ROBOT_PAT).await);
    let expected = [("disabled", seed::MANAGER), ("enabled", seed::MANAGER), ("disabled", seed::ROBOT)];
    let mut expected = expected.map(|(action, user)| entry("user", action, user, seed::ADMIN)).to_vec();
    let deleted = "SELECT type, ref_id FROM audit_logs WHERE action = 'deleted'";
    let deleted: Vec<(String, uuid::Uuid)> =
        server.look(|tx| tx.rows(deleted, (), |row| Ok((row.get(0)?, row.get(1)?))));
    assert_eq!(deleted.len(), 4, "two sign-ins and two tokens");
    for (kind, id) in &deleted {
        expected.push(entry(kind, "deleted", &id.to_string(), seed::ADMIN));
    }
    assert_audited(&server, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_admins_who_disable_each_other_only_the_first_succeeds() {
    let server = TestServer::start().await;
    put(&server, seed::OWNER_SES, seed::NINA, &json!({ "type": "admin" })).await;
    let nina = sign_in(&server, seed::NINA, None);
    let mut calls = JoinSet::new();
    for (caller, victim) in [(seed::ADMIN_SES, seed::NINA), (nina.as_str(), seed::ADMIN)] {
        let call = server.call("PUT", &path(victim)).caller(caller).json(&json!({ "status": "disabled" }));
        calls.spawn(async move { call.send().await.status });
    }
    let mut statuses = calls.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "a disabled admin cannot disable others");
    assert_eq!(server.count("SELECT count(*) FROM users WHERE type = 'admin' AND status = 'active'"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_15_disabling_withdraws_the_link_and_iv_14_a_new_invitation_has_a_valid_one() {
    let server = TestServer::start().await;
    let old_code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let body = put(&server, seed::ADMIN_SES, seed::IVY, &json!({ "status": "disabled" })).await.json();
    assert_eq!((&body["type"], &body["status"]), (&json!("invited"), &json!("disabled")));
    let gone = accept(&server, &old_code).await;
    assert_eq!((gone.status, gone.problem().as_str()), (410, "invitation-withdrawn"));
    let unsendable = server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(409).await;
    assert_eq!(unsendable.problem(), "user-disabled");
    let again = json!({ "emails": [seed::IVY_EMAIL] });
    server.post("/api/users").caller(seed::OWNER_SES).json(&again).expect(409).await;

    assert_eq!(put(&server, seed::ADMIN_SES, seed::IVY, &json!({ "status": "active" })).await.status, 200);
    assert_eq!(
        accept(&server, &old_code).await.problem(),
        "invitation-withdrawn",
        "the old link stays invalid"
    );
    let new_code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    assert_ne!(new_code, old_code);
    assert_eq!(accept(&server, &old_code).await.status, 410);
    assert_eq!(accept(&server, &new_code).await.status, 200);
    assert_eq!(user(&server, seed::IVY).await["type"], "member");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_60_an_invitation_withdrawn_by_disabling_ends_now() {
    let server = TestServer::start().await;
    server.clock.freeze();
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    put(&server, seed::ADMIN_SES, seed::IVY, &json!({ "status": "disabled" })).await;
    let listed = server.get("/api/invitations?perPage=500").caller(seed::OWNER_SES).expect(200).await.json();
    let of = |user: &str| {
        let all = listed["results"].as_array().expect("invitations");
        all.iter().find(|invitation| invitation["email"] == user).expect("an invitation").clone()
    };
    let now = server.clock.now().rfc3339();
    assert_eq!(
        json!([of(seed::IVY_EMAIL)["status"], of(seed::IVY_EMAIL)["expiresAt"]]),
        json!(["pending", now])
    );
    // The end of one that is over, or was accepted, stays.
    let ends = "SELECT count(*) FROM invitations WHERE expires_at = 7";
    server.execute("UPDATE invitations SET expires_at = 7");
    put(&server, seed::ADMIN_SES, seed::IAN, &json!({ "status": "disabled" })).await;
    let all = server.count("SELECT count(*) FROM invitations");
    assert_eq!(server.count(ends), all);
    server.execute("UPDATE invitations SET expires_at = 4000000000000, status = 'accepted', accepted_at = 1");
    put(&server, seed::ADMIN_SES, seed::IAN, &json!({ "status": "active" })).await;
    put(&server, seed::ADMIN_SES, seed::IAN, &json!({ "status": "disabled" })).await;
    assert_eq!(server.count("SELECT count(*) FROM invitations WHERE expires_at = 4000000000000"), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_user_is_rejected_and_after_unlocking_has_the_old_tokens() {
    let server = TestServer::start().await;
    let body = put(&server, seed::ADMIN_SES, seed::READER, &json!({ "status": "locked" })).await.json();
    assert_eq!(body["status"], "locked");
    assert!(!works(&server, seed::READER_SES).await && !works(&server, seed::READER_PAT).await);
    server.clock.advance(Duration::from_hours(1));
    assert_eq!(put(&server, seed::ADMIN_SES, seed::READER, &json!({ "status": "active" })).await.status, 200);
    assert!(works(&server, seed::READER_SES).await && works(&server, seed::READER_PAT).await);
    // Recorded as `updated`: the actions `enabled` and `disabled` are for the other states.
    assert_audited(&server, vec![entry("user", "updated", seed::READER, seed::ADMIN); 2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_a_user_are_replaced_as_a_whole_and_absent_ones_are_kept() {
    let server = TestServer::start().await;
    let mut ids = Vec::new();
    for name in ["One", "Two"] {
        let role = json!({ "name": name, "allProjects": false, "projectPermissions": ["documents"],
                           "projects": [seed::PRICING] });
        let made = server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await.json();
        ids.push(made["id"].as_str().expect("an id").to_owned());
    }
    let token =
        Pat { user: seed::NINA, permissions: &["owner"], projects: &[], expires_at: None }.put(&server);
    let shown = |body: &Value| {
        let roles = body["roles"].as_array().expect("roles");
        roles.iter().map(|role| role["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let body = json!({ "roles": [ids[0], ids[1], ids[0]] });
    let answer = put(&server, seed::ADMIN_SES, seed::NINA, &body).await;
    assert_eq!((answer.status, shown(&answer.json())), (200, ids.clone()), "{}", answer.text());
    server.get(&seed::members_path(seed::PRICING)).caller(&token).expect(200).await;
    let body = put(&server, seed::ADMIN_SES, seed::NINA, &json!({ "firstName": "N" })).await.json();
    assert_eq!(shown(&body), ids);

    let before = everything(&server);
    let unknown = json!({ "roles": [ids[0], seed::UNKNOWN_ID, seed::PRICING], "firstName": "Gone" });
    let answer = put(&server, seed::ADMIN_SES, seed::NINA, &unknown).await;
    assert_eq!((answer.status, answer.places()), (404, vec!["/roles/1".to_owned(), "/roles/2".to_owned()]));
    assert_eq!(everything(&server), before);

    let body = put(&server, seed::ADMIN_SES, seed::NINA, &json!({ "roles": [ids[1]] })).await.json();
    let sql = format!("SELECT count(*) FROM audit_logs WHERE data LIKE '%\"roles\":[\"{}\"]%'", ids[1]);
    assert_eq!(server.count(&sql), 1, "the audit log has the assigned roles");
    assert_eq!(shown(&body), ids[1..]);
    let body = put(&server, seed::ADMIN_SES, seed::NINA, &json!({ "roles": [] })).await.json();
    assert_eq!(body["roles"], json!([]));
    server.get(&seed::members_path(seed::PRICING)).caller(&token).expect(404).await;
}
