//! Who may invite members, and which permissions they may grant: by user type, membership, groups and token.

use serde_json::{Value, json};

use crate::support::inside::{Pat, everything, execute, id, sign_in};
use crate::support::{Answer, TestServer, seed};

/// The four kinds of project for a user of acme.
const PROJECTS: [&str; 4] = [seed::PRICING, seed::CLAIMS, seed::GLOBEX_PROJECT, seed::UNKNOWN_ID];

async fn invite_as(server: &TestServer, caller: &str, project: &str, body: &Value) -> Answer {
    server.post(&seed::members_path(project)).caller(caller).json(body).send().await
}

/// The response to an empty invitation in each of the projects.
async fn statuses(server: &TestServer, caller: &str) -> [u16; 4] {
    let mut statuses = [0; 4];
    for (project, status) in PROJECTS.into_iter().zip(&mut statuses) {
        *status = invite_as(server, caller, project, &json!({ "userIds": [] })).await.status;
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn every_seeded_caller_has_the_permissions_of_user_type_and_membership() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (caller, expected) in [
        (seed::OWNER_PAT, [200, 200, 404, 404]),
        (seed::OWNER_SES, [200, 200, 404, 404]),
        (seed::ADMIN_PAT, [200, 200, 404, 404]),
        (seed::ADMIN_SES, [200, 200, 404, 404]),
        (seed::MANAGER_PAT, [200, 404, 404, 404]),
        (seed::MANAGER_SES, [200, 404, 404, 404]),
        (seed::READER_PAT, [403, 404, 404, 404]),
        (seed::READER_SES, [403, 404, 404, 404]),
        (seed::ROBOT_PAT, [404, 404, 404, 404]),
        (seed::GLOBEX_PAT, [404, 404, 200, 404]),
        (seed::GLOBEX_SES, [404, 404, 200, 404]),
    ] {
        assert_eq!(statuses(&server, caller).await, expected, "{caller}");
    }
    for project in PROJECTS {
        server.post(&seed::members_path(project)).json(&json!({ "userIds": [] })).expect(401).await;
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_restricts_its_user_and_never_extends_permissions() {
    let server = TestServer::start().await;
    let (owner, manager, reader, globex) = (seed::OWNER, seed::MANAGER, seed::READER, seed::GLOBEX_OWNER);
    for (user, permissions, projects, expected) in [
        (owner, &["owner"][..], &[][..], [200, 200, 404, 404]),
        (owner, &["project:manage"], &[], [200, 200, 404, 404]),
        (owner, &[], &[], [403, 403, 404, 404]),
        (owner, &["documents", "releases"], &[], [403, 403, 404, 404]),
        (owner, &["owner"], &[seed::CLAIMS], [404, 200, 404, 404]),
        (owner, &[], &[seed::CLAIMS], [404, 403, 404, 404]),
        (owner, &["owner"], &[seed::GLOBEX_PROJECT], [404, 404, 404, 404]),
        (manager, &["owner"], &[], [200, 404, 404, 404]),
        (manager, &["owner"], &[seed::CLAIMS], [404, 404, 404, 404]),
        (manager, &["documents"], &[], [403, 404, 404, 404]),
        (reader, &["project:manage"], &[seed::PRICING], [403, 404, 404, 404]),
        (globex, &["owner"], &[seed::PRICING], [404, 404, 404, 404]),
    ] {
        let caller = Pat { user, permissions, projects, expires_at: None }.put(&server);
        assert_eq!(statuses(&server, &caller).await, expected, "{user} {permissions:?} {projects:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_07_the_owner_flag_is_granted_only_by_those_with_all_permissions() {
    let server = TestServer::start().await;
    let token = |user, permissions| Pat { user, permissions, projects: &[], expires_at: None }.put(&server);
    let narrow = token(seed::OWNER, &["project:manage"]);
    let wide = token(seed::MANAGER, &["owner"]);
    let body = json!({ "userIds": [seed::NINA], "owner": true });
    let before = everything(&server);
    for caller in [seed::MANAGER_PAT, seed::MANAGER_SES, seed::READER_PAT, &narrow, &wide] {
        assert_eq!(invite_as(&server, caller, seed::PRICING, &body).await.status, 403, "{caller}");
        // The users of the request make no difference: the flag itself is checked.
        let empty = json!({ "userIds": [], "owner": true });
        assert_eq!(invite_as(&server, caller, seed::PRICING, &empty).await.status, 403, "{caller}");
    }
    assert_eq!(everything(&server), before);
    for caller in [seed::OWNER_PAT, seed::OWNER_SES, seed::ADMIN_PAT, seed::ADMIN_SES] {
        let answer = invite_as(&server, caller, seed::PRICING, &body).await;
        assert_eq!((answer.status, &answer.json()[0]["owner"]), (200, &json!(true)), "{caller}");
        server.execute_of("DELETE FROM members WHERE user_id = ?1", [id(seed::NINA)]);
    }
    // An ordinary member of the organisation who owns the project may grant the flag.
    assert_eq!(invite_as(&server, seed::OWNER_PAT, seed::PRICING, &body).await.status, 200);
    let nina = sign_in(&server, seed::NINA, None);
    let body = json!({ "userIds": [seed::OTTO], "owner": true });
    let answer = invite_as(&server, &nina, seed::PRICING, &body).await;
    assert_eq!((answer.status, &answer.json()[0]["owner"]), (200, &json!(true)));
    assert_eq!(server.count("SELECT count(*) FROM members WHERE owner = 1"), 3 + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_07_a_group_with_owner_is_granted_only_by_those_with_all_permissions() {
    let server = TestServer::start().await;
    let chiefs = "0190a000-0000-7000-9000-0000000000c0";
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO groups (project_id, id, name, permissions, created_at, updated_at)
             VALUES (?1, ?2, 'Chiefs', '[\"releases\",\"owner\"]', 1, 1)",
            [id(seed::PRICING), id(chiefs)],
        )
    });
    let body = json!({ "userIds": [seed::NINA], "groupIds": [seed::EDITORS, chiefs] });
    let before = everything(&server);
    for caller in [seed::MANAGER_PAT, seed::MANAGER_SES] {
        assert_eq!(invite_as(&server, caller, seed::PRICING, &body).await.status, 403, "{caller}");
    }
    assert_eq!(everything(&server), before);
    let answer = invite_as(&server, seed::ADMIN_PAT, seed::PRICING, &body).await;
    assert_eq!((answer.status, answer.json()[0]["groups"].as_array().map(Vec::len)), (200, Some(2)));
    assert_eq!(answer.json()[0]["owner"], false);

    let body = json!({ "userIds": [seed::GLOBEX_GUEST], "groupIds": [seed::GLOBEX_SPIES] });
    assert_eq!(invite_as(&server, seed::GLOBEX_PAT, seed::GLOBEX_PROJECT, &body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_may_add_members_to_every_other_group() {
    let server = TestServer::start().await;
    let body = json!({ "userIds": [seed::NINA], "groupIds": [seed::EDITORS, seed::MANAGERS] });
    assert_eq!(invite_as(&server, seed::MANAGER_PAT, seed::PRICING, &body).await.status, 200);
    let nina = sign_in(&server, seed::NINA, None);
    assert_eq!(statuses(&server, &nina).await, [200, 404, 404, 404]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_in_a_project_has_the_permissions_of_a_member() {
    let server = TestServer::start().await;
    let robot = Pat { user: seed::ROBOT, permissions: &["project:manage"], projects: &[], expires_at: None };
    let caller = robot.put(&server);
    assert_eq!(statuses(&server, &caller).await, [404; 4]);
    let body = json!({ "userIds": [seed::ROBOT], "groupIds": [seed::MANAGERS] });
    assert_eq!(invite_as(&server, seed::OWNER_PAT, seed::PRICING, &body).await.status, 200);
    assert_eq!(statuses(&server, &caller).await, [200, 404, 404, 404]);
    // Its first token, restricted to documents, gains nothing by this.
    assert_eq!(statuses(&server, seed::ROBOT_PAT).await, [403, 404, 404, 404]);
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_permissions_are_gone_from_the_next_request_on() {
    let server = TestServer::start().await;
    assert_eq!(statuses(&server, seed::ADMIN_PAT).await, [200, 200, 404, 404]);
    execute(&server, "UPDATE users SET type = 'member' WHERE email = 'admin@acme.test'");
    assert_eq!(statuses(&server, seed::ADMIN_PAT).await, [404, 200, 404, 404]);
    execute(&server, "UPDATE members SET owner = 0");
    assert_eq!(statuses(&server, seed::ADMIN_PAT).await, [404, 403, 404, 404]);

    assert_eq!(statuses(&server, seed::MANAGER_PAT).await, [200, 404, 404, 404]);
    execute(&server, "UPDATE groups SET permissions = '[\"documents\"]' WHERE name = 'Managers'");
    assert_eq!(statuses(&server, seed::MANAGER_PAT).await, [403, 404, 404, 404]);
    execute(&server, "UPDATE groups SET permissions = NULL WHERE name = 'Managers'");
    assert_eq!(statuses(&server, seed::MANAGER_PAT).await, [403, 404, 404, 404]);
    execute(&server, "DELETE FROM member_groups; DELETE FROM members");
    assert_eq!(statuses(&server, seed::MANAGER_PAT).await, [404; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_06_an_invited_user_with_credentials_can_do_nothing() {
    let server = TestServer::start().await;
    let body = json!({ "userIds": [seed::IVY], "owner": true });
    assert_eq!(invite_as(&server, seed::OWNER_PAT, seed::PRICING, &body).await.status, 200);
    let ivy = Pat { user: seed::IVY, permissions: &["owner"], projects: &[], expires_at: None };
    let before_pat = ivy.put(&server);
    let session = sign_in(&server, seed::IVY, None);
    let before = everything(&server);
    for route in brms::generated::router::ROUTES.iter().filter(|route| route.path != "/api/health") {
        let path: Vec<&str> = route
            .path
            .split('/')
            .map(|segment| if segment.starts_with('{') { seed::PRICING } else { segment })
            .collect();
        for caller in [&before_pat, &session] {
            let call = server.call(route.method, &path.join("/")).caller(caller);
            let answer = call.json(&json!({ "userIds": [seed::NINA] })).send().await;
            assert_eq!(answer.status, 401, "{} {}", route.method, route.path);
        }
    }
    assert_eq!(everything(&server), before);
}
