//! The audit rows that each operation leaves: a table of all of them, which is also `docs/audit.md`; what an update
//! changed; and no row for a call that changes nothing.

use std::fmt::Write;

use brms::generated::api::Operation;
use serde_json::{Value, json};

use crate::matrix_callers::Scene;
use crate::matrix_requests::Request;
use crate::matrix_table::{By, Place, Who};
use crate::support::{TestServer, seed};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/audit.md");

const INTRODUCTION: &str = "# Audit rows of each operation

<!-- Written by tests/behaviour/audit_changes.rs: DOCUMENTS=write cargo test --test behaviour audit_changes -->

Each call writes its rows in the transaction of the change. A row has the type and the action of this table; its
`data` has the values of the thing. A row of an update also has `data.changes`, with the values before and after:
`{\"name\": {\"from\": \"Old\", \"to\": \"New\"}}`; of an object such as `preferences` only the members that differ. What may
be long (`filePermissions`, `projectFilePermissions`, `preferences`, and `users` and `projects` of a role) stands in
`data.changes` of such a row and not once more beside it. The rows of a role's groups leave `filePermissions` out:
they are those of the role's own row. A call that changes nothing writes no row, and a call that is refused writes
none.

The examples are calls with a small body. In brackets are the fields in `data.changes`.

| operation | rows |
|---|---|
";

/// The rows of a small call, each with the fields that it changed.
fn expected(operation: Operation) -> &'static [&'static str] {
    match operation {
        Operation::InviteUsers | Operation::SendUserInvitation => &["user invited"],
        Operation::CreateServiceAccount => &["user created"],
        Operation::UpdateUser => &["user updated (firstName)"],
        Operation::UpdateUserProfile => &["user updated (firstName, lastName)"],
        Operation::CreatePersonalAccessToken | Operation::CreateServiceAccountToken => {
            &["personalAccessToken created"]
        }
        Operation::DeletePersonalAccessToken | Operation::DeleteServiceAccountToken => {
            &["personalAccessToken deleted"]
        }
        Operation::RegeneratePersonalAccessToken | Operation::RegenerateServiceAccountToken => {
            &["personalAccessToken regenerated"]
        }
        Operation::UpdateOrganisation => &["organisation updated (displayName)"],
        Operation::CreateRole => &["organisation created"],
        Operation::UpdateRole => &["organisation updated (name)"],
        Operation::CreateProject => &["project created", "member created"],
        Operation::UpdateProject => &["project updated (name)"],
        Operation::DeleteProject => &["project deleted"],
        Operation::RestoreProject => &["project restored"],
        Operation::UpdateProjectApprovals => &["project updated (decisionsApprovalMode)"],
        Operation::InviteMembers | Operation::JoinProject => &["member created"],
        Operation::UpdateMember => &["member updated (groupIds)"],
        Operation::CreateGroup => &["group created"],
        Operation::UpdateGroup => &["group updated (description)"],
        Operation::DeleteGroup => &["group deleted"],
        Operation::HealthCheck
        | Operation::ListUsers
        | Operation::ListInvitations
        | Operation::ListMembers
        | Operation::ListMemberUsers
        | Operation::ListGroups
        | Operation::ListRoles
        | Operation::ListProjects
        | Operation::GetProject
        | Operation::GetProjectWithApprovals
        | Operation::ListPersonalAccessTokens
        | Operation::GetPersonalAccessToken
        | Operation::ListServiceAccountTokens
        | Operation::GetServiceAccountToken
        | Operation::ListAuditLogs
        | Operation::GetAuditLog
        | Operation::ExportAuditLogs => &[],
    }
}

/// The operations that change nothing when they are called again with the same body.
const REPEATABLE: [Operation; 10] = [
    Operation::UpdateUser,
    Operation::UpdateUserProfile,
    Operation::UpdateOrganisation,
    Operation::UpdateRole,
    Operation::UpdateProject,
    Operation::UpdateProjectApprovals,
    Operation::UpdateMember,
    Operation::UpdateGroup,
    Operation::InviteMembers,
    Operation::JoinProject,
];

/// More rows of updateUser and of roles, which no small call leaves.
const MORE: &str = "
A user who is disabled leaves `user disabled (status)`, `personalAccessToken deleted` or `accessToken deleted` for each
token and sign-in that is deleted with it, and `user updated (expiresAt)` if an invitation ends with it; one who is
enabled again `user enabled (status)`. `project restored` has `(key)` if the key was taken meanwhile. A new owner of
the organisation leaves `user updated (type)` for both. `user updated (roles)`, `organisation updated` of a role and
`project restored` are followed by the rows of what the roles bring about in projects: `group created`,
`group updated`, `group deleted`, `member created`, `member updated (groupIds)`, `member deleted`. A deleted group
leaves `member updated (groupIds)` for each of its members, and `project updated (decisionsApprovalGroups)` if
approvals asked it. Accepting an invitation leaves `user accepted`. The operator's commands leave the same rows without
a user; `brms user set-email` leaves `user updated (email)`, and `brms invitation withdraw` leaves
`user updated (expiresAt)`. Signing in leaves `user signedIn`, signing out `user signedOut`, and ending another
session of one's own `user sessionEnded`.
";

/// Rows of the log, oldest first: type, action, and the fields in `data.changes`.
fn rows(server: &TestServer) -> Vec<String> {
    let sql = "SELECT type || ' ' || action AS what, data FROM audit_logs ORDER BY created_at, id";
    let rows: Vec<(String, Value)> =
        server.look(|tx| tx.rows(sql, (), |row| Ok((row.get("what")?, row.get("data")?))));
    let told = |(row, data): (String, Value)| {
        let changes = data["changes"].as_object();
        let is_update = row.ends_with(" updated") || row.ends_with("abled");
        assert!(changes.is_some() == is_update || row == "project restored", "{row}: {data}");
        match changes {
            Some(changes) => {
                for change in changes.values() {
                    assert!(
                        change["from"] != change["to"]
                            && change.as_object().is_some_and(|both| both.len() == 2)
                    );
                }
                format!("{row} ({})", changes.keys().cloned().collect::<Vec<_>>().join(", "))
            }
            None => row,
        }
    };
    rows.into_iter().map(told).collect()
}

fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut operations = Operation::ALL.to_vec();
    operations.sort_by_key(|operation| operation.id());
    for operation in operations {
        let rows: Vec<String> = expected(operation).iter().map(|row| format!("`{row}`")).collect();
        let rows = if rows.is_empty() { "none".to_owned() } else { rows.join(", ") };
        writeln!(text, "| `{}` | {rows} |", operation.id()).expect("a text takes it");
    }
    text + MORE
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_58_each_operation_leaves_the_rows_of_the_table() {
    for operation in Operation::ALL {
        let scene = Scene::of(Who::Admin, Place::Outside, By::Session).await;
        let request = Request::of(*operation, &scene.things);
        let authorization = scene.authorization.as_deref().expect("credentials");
        let call = || request.call(&scene.server).caller(authorization);
        let before = rows(&scene.server).len();
        call().expect(200).await;
        let after = rows(&scene.server);
        assert_eq!(after[before..], *expected(*operation), "{}", operation.id());
        if REPEATABLE.contains(operation) {
            let answer = call().expect(200).await.text();
            assert_eq!(rows(&scene.server).len(), after.len(), "{} again: {answer}", operation.id());
        }
    }
}

#[test]
fn fr_58_the_document_of_audit_rows_is_what_the_table_says() {
    if std::env::var_os("DOCUMENTS").is_some_and(|value| value == "write") {
        std::fs::write(PATH, document()).expect("it is written");
        return;
    }
    let written = std::fs::read_to_string(PATH).expect("the document");
    assert!(
        written == document(),
        "DOCUMENTS=write cargo test --test behaviour audit_changes writes it anew"
    );
}

async fn put(server: &TestServer, path: &str, body: Value) -> Value {
    server.call("PUT", path).caller(seed::OWNER_SES).json(&body).expect(200).await.json()
}

/// The `data` of the newest row.
fn newest(server: &TestServer) -> Value {
    let sql = "SELECT data FROM audit_logs ORDER BY created_at DESC, id DESC LIMIT 1";
    server.look(|tx| tx.row(sql, (), |row| row.get(0)))
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_58_an_update_shows_what_it_was_and_what_it_is() {
    let server = TestServer::start().await;
    put(&server, &format!("/api/users/{}", seed::NINA), json!({ "type": "admin", "firstName": "N" })).await;
    let wanted =
        json!({ "firstName": { "from": "Nina", "to": "N" }, "type": { "from": "member", "to": "admin" } });
    assert_eq!(newest(&server)["changes"], wanted);
    put(&server, "/api/organisations", json!({ "preferences": { "a": 1, "b": { "c": [1] } } })).await;
    put(&server, "/api/organisations", json!({ "preferences": { "a": 2, "b": { "c": [1] } } })).await;
    assert_eq!(
        newest(&server)["changes"],
        json!({ "preferences": { "from": { "a": 1 }, "to": { "a": 2 } } })
    );
    let approvals = format!("/api/projects/{}/approvals", seed::PRICING);
    put(&server, &approvals, json!({ "decisionsApprovalGroups": [seed::MANAGERS, seed::EDITORS] })).await;
    let wanted = json!({ "from": [], "to": [seed::MANAGERS, seed::EDITORS] });
    assert_eq!(newest(&server)["changes"], json!({ "decisionsApprovalGroups": wanted }));
    let role = json!({ "name": "Guests", "allProjects": true, "users": [seed::NINA], "idpGroups": ["x"] });
    let role = server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await.json();
    let role = format!("/api/roles/{}", role["id"].as_str().expect("an id"));
    put(
        &server,
        &role,
        json!({ "name": "Guests", "allProjects": true, "users": [seed::NINA], "idpGroups": [] }),
    )
    .await;
    assert_eq!(newest(&server)["changes"], json!({ "idpGroups": { "from": ["x"], "to": [] } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_58_a_deleted_group_that_approvals_asked_leaves_a_row_of_the_project() {
    let server = TestServer::start().await;
    let pricing = format!("/api/projects/{}", seed::PRICING);
    let body = json!({ "decisionsApprovalGroups": [seed::MANAGERS, seed::EDITORS] });
    put(&server, &format!("{pricing}/approvals"), body).await;
    let before = rows(&server).len();
    let group = format!("{pricing}/groups/{}", seed::EDITORS);
    server.call("DELETE", &group).caller(seed::OWNER_SES).expect(200).await;
    let wanted = ["project updated (decisionsApprovalGroups)", "member updated (groupIds)", "group deleted"];
    assert_eq!(rows(&server)[before..], wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_58_a_deleted_group_leaves_a_row_for_each_of_its_members() {
    let server = TestServer::start().await;
    let groups = format!("/api/projects/{}/groups", seed::PRICING);
    let group = server.post(&groups).caller(seed::OWNER_SES).json(&json!({ "name": "Short" })).expect(200);
    let group = group.await.json()["id"].as_str().expect("an id").to_owned();
    let body = json!({ "userIds": [seed::NINA, seed::OTTO], "groupIds": [seed::EDITORS, &group] });
    server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_SES).json(&body).expect(200).await;
    let before = rows(&server).len();
    server.call("DELETE", &format!("{groups}/{group}")).caller(seed::OWNER_SES).expect(200).await;
    let member = "member updated (groupIds)";
    assert_eq!(rows(&server)[before..], [member, member, "group deleted"]);
    let sql =
        "SELECT data FROM audit_logs WHERE type = 'member' AND action = 'updated' ORDER BY created_at, id";
    let rows: Vec<Value> = server.look(|tx| tx.rows(sql, (), |row| row.get("data")));
    let users: Vec<&Value> = rows.iter().map(|row| &row["userId"]).collect();
    assert_eq!(users, [&json!(seed::NINA), &json!(seed::OTTO)]);
    for row in &rows {
        let wanted = json!({ "from": [seed::EDITORS, &group], "to": [seed::EDITORS] });
        assert_eq!(row["changes"], json!({ "groupIds": wanted }));
        assert_eq!(row["groupIds"], json!([seed::EDITORS]), "what it is now");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_58_a_call_that_changes_nothing_leaves_no_row_and_no_new_time() {
    let server = TestServer::start().await;
    server.clock.freeze();
    let pricing = format!("/api/projects/{}", seed::PRICING);
    for (path, body) in [
        (format!("{pricing}/approvals"), json!({})),
        (format!("{pricing}/approvals"), json!({ "decisionsApprovalGroups": [] })),
        (pricing.clone(), json!({})),
        ("/api/organisations".to_owned(), json!({})),
        ("/api/organisations".to_owned(), json!({ "preferences": {} })),
        (format!("/api/users/{}", seed::NINA), json!({})),
        (format!("/api/users/{}", seed::NINA), json!({ "roles": [], "status": "active", "type": "member" })),
        (format!("/api/users/{}", seed::DORA), json!({ "status": "disabled" })),
        (format!("{pricing}/groups/{}", seed::EDITORS), json!({ "name": "Editors" })),
    ] {
        put(&server, &path, body.clone()).await;
        let before = rows(&server);
        server.clock.advance(std::time::Duration::from_secs(1));
        let times = "SELECT max(updated_at) FROM (SELECT updated_at FROM users UNION ALL SELECT updated_at FROM projects
                     UNION ALL SELECT updated_at FROM groups UNION ALL SELECT updated_at FROM organisations) AS every";
        let newest = server.count(times);
        put(&server, &path, body.clone()).await;
        assert_eq!(rows(&server), before, "{path} {body}");
        assert_eq!(server.count(times), newest, "{path} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_58_what_ends_or_changes_beside_a_call_is_in_its_rows() {
    let server = TestServer::start().await;
    let before = rows(&server).len();
    put(&server, &format!("/api/users/{}", seed::IVY), json!({ "status": "disabled" })).await;
    assert_eq!(rows(&server)[before..], ["user disabled (status)", "user updated (expiresAt)"]);

    let pricing = format!("/api/projects/{}", seed::PRICING);
    server.call("DELETE", &pricing).caller(seed::OWNER_SES).expect(200).await;
    let another = json!({ "key": "pricing", "name": "Another" });
    server.post("/api/projects").caller(seed::OWNER_SES).json(&another).expect(200).await;
    server.call("PUT", &format!("{pricing}/restore")).caller(seed::OWNER_SES).expect(200).await;
    assert_eq!(newest(&server)["changes"], json!({ "key": { "from": "pricing", "to": "pricing-2" } }));

    let role = json!({ "name": "Guests", "allProjects": true, "users": [seed::OTTO], "idpGroups": [] });
    let role = server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await.json();
    let path = format!("/api/roles/{}", role["id"].as_str().expect("an id"));
    let without = json!({ "name": "Guests", "allProjects": true, "users": [], "idpGroups": [] });
    put(&server, &path, without).await;
    let sql = "SELECT data FROM audit_logs WHERE type = 'member' AND action = 'deleted'";
    let deleted: Vec<Value> = server.look(|tx| tx.rows(sql, (), |row| row.get("data")));
    assert!(!deleted.is_empty());
    assert!(
        deleted.iter().all(|row| row["groupIds"].as_array().is_some_and(|ids| ids.len() == 1)),
        "{deleted:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_58_disabling_a_user_leaves_a_row_for_each_token() {
    let server = TestServer::start().await;
    let before = rows(&server).len();
    let count = server.count("SELECT (SELECT count(*) FROM personal_access_tokens AS t JOIN users ON users.id = t.user_id WHERE email = 'manager@acme.test') * 100 + (SELECT count(*) FROM internal_tokens AS t JOIN users ON users.id = t.user_id WHERE email = 'manager@acme.test')");
    let (personal, sessions) = (count / 100, count % 100);
    assert!(personal > 0 && sessions > 0);
    put(&server, &format!("/api/users/{}", seed::MANAGER), json!({ "status": "disabled" })).await;
    let after = rows(&server);
    let left = &after[before..];
    let of = |row: &str| i64::try_from(left.iter().filter(|left| *left == row).count()).expect("few");
    assert_eq!(left[0], "user disabled (status)");
    assert_eq!(
        (of("personalAccessToken deleted"), of("accessToken deleted")),
        (personal, sessions),
        "{left:?}"
    );
    put(&server, &format!("/api/users/{}", seed::MANAGER), json!({ "status": "active" })).await;
    assert_eq!(rows(&server).last().map(String::as_str), Some("user enabled (status)"));
}
