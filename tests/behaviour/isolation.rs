//! Objects of other organisations are answered exactly as if they did not exist: byte for byte, in the path and in
//! the body, for every caller.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::inside::{Pat, everything, id};
use crate::support::{Answer, TestServer, seed};

/// Sent with every request, so that the request id makes no difference.
const REQUEST_ID: &str = "0190a000-0000-7000-8000-00000000abcd";

/// A response without the requested id and the time.
fn seen(answer: &Answer, id: &str) -> (u16, HeaderMap, String) {
    let mut headers = answer.headers.clone();
    headers.remove("date");
    (answer.status, headers, answer.text().replace(id, "ID"))
}

async fn ask(server: &TestServer, caller: &str, path: &str, body: Option<Value>) -> Answer {
    let call = server.post(path).caller(caller).header("x-request-id", REQUEST_ID);
    match body {
        Some(body) => call.json(&body).send().await,
        None => call.send().await,
    }
}

/// Sends a request with the foreign id and with an unknown id, and expects the same response.
async fn expect_same(
    server: &TestServer,
    caller: &str,
    foreign: &str,
    status: u16,
    request: impl Fn(&str) -> (String, Option<Value>),
) {
    let mut answers = Vec::new();
    for id in [foreign, seed::UNKNOWN_ID] {
        let (path, body) = request(id);
        let answer = ask(server, caller, &path, body).await;
        assert_eq!(answer.status, status, "{caller} {path}: {}", answer.text());
        assert_eq!(answer.header("x-request-id"), Some(REQUEST_ID));
        answers.push(seen(&answer, id));
    }
    assert_eq!(answers[0], answers[1], "{caller} {foreign}");
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_04_a_foreign_project_in_the_path_is_answered_like_an_unknown_one() {
    let server = TestServer::start().await;
    let deleted = "0190a000-0000-7000-a000-0000000000dd";
    server.execute_of(
        "INSERT INTO projects (id, organisation_id, key, name, version, protected, deleted_at, created_at,
                               updated_at)
         SELECT ?1, id, 'gone', 'Gone', 'v1', 0, 5, 1, 5
         FROM organisations WHERE name = 'acme'",
        [id(deleted)],
    );
    let elsewhere =
        Pat { user: seed::OWNER, permissions: &["owner"], projects: &[seed::CLAIMS], expires_at: None };
    let elsewhere = elsewhere.put(&server);
    let before = everything(&server);
    for (caller, foreign) in [
        (seed::OWNER_PAT, seed::GLOBEX_PROJECT),
        (seed::OWNER_SES, seed::GLOBEX_PROJECT),
        (seed::ADMIN_SES, deleted),
        (seed::MANAGER_PAT, seed::CLAIMS),
        (seed::MANAGER_SES, seed::CLAIMS),
        (seed::MANAGER_SES, seed::GLOBEX_PROJECT),
        (seed::READER_PAT, seed::CLAIMS),
        (seed::ROBOT_PAT, seed::PRICING),
        (seed::GLOBEX_PAT, seed::PRICING),
        (seed::GLOBEX_SES, seed::CLAIMS),
        (seed::GLOBEX_SES, deleted),
        (&elsewhere, seed::PRICING),
        // Ids of other kinds of objects.
        (seed::OWNER_PAT, seed::EDITORS),
        (seed::OWNER_PAT, seed::OWNER),
    ] {
        for body in [
            json!({ "userIds": [seed::NINA] }),
            json!({ "userIds": [], "owner": true }),
            json!({ "userIds": [seed::DORA], "groupIds": [seed::ADJUSTERS] }),
            json!({ "userIds": [seed::UNKNOWN_ID, seed::GLOBEX_OWNER], "groupIds": [seed::GLOBEX_SPIES] }),
        ] {
            // Ids of the body, including UNKNOWN_ID, are not part of the response.
            expect_same(&server, caller, foreign, 404, |id| (seed::members_path(id), Some(body.clone())))
                .await;
        }
        let broken = json!({ "userIds": 7 });
        expect_same(&server, caller, foreign, 400, |id| (seed::members_path(id), Some(broken.clone()))).await;
        expect_same(&server, caller, foreign, 415, |id| (seed::members_path(id), None)).await;
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_29_a_foreign_user_in_the_body_is_answered_like_an_unknown_one() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (caller, project, foreign) in [
        (seed::OWNER_PAT, seed::PRICING, seed::GLOBEX_OWNER),
        (seed::OWNER_SES, seed::CLAIMS, seed::GLOBEX_GUEST),
        (seed::MANAGER_PAT, seed::PRICING, seed::GLOBEX_OWNER),
        (seed::GLOBEX_PAT, seed::GLOBEX_PROJECT, seed::OWNER),
        // This also hides whether a user there is disabled, invited, a service account or a member.
        (seed::GLOBEX_SES, seed::GLOBEX_PROJECT, seed::DORA),
        (seed::GLOBEX_SES, seed::GLOBEX_PROJECT, seed::IVY),
        (seed::GLOBEX_SES, seed::GLOBEX_PROJECT, seed::ROBOT),
        (seed::OWNER_PAT, seed::PRICING, seed::GLOBEX_PROJECT),
    ] {
        let with = |own: Option<&str>, id: &str| {
            let users: Vec<&str> = own.into_iter().chain([id]).collect();
            (seed::members_path(project), Some(json!({ "userIds": users })))
        };
        expect_same(&server, caller, foreign, 404, |id| with(None, id)).await;
        expect_same(&server, caller, foreign, 404, |id| with(Some(id), id)).await;
    }
    // A caller who may not invite learns nothing at all.
    expect_same(&server, seed::READER_PAT, seed::GLOBEX_OWNER, 403, |id| {
        (seed::members_path(seed::PRICING), Some(json!({ "userIds": [id] })))
    })
    .await;
    expect_same(&server, seed::READER_PAT, seed::NINA, 403, |id| {
        (seed::members_path(seed::PRICING), Some(json!({ "userIds": [id] })))
    })
    .await;
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_05_a_foreign_group_in_the_body_is_answered_like_an_unknown_one() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (caller, project, user, foreign) in [
        (seed::OWNER_PAT, seed::PRICING, seed::NINA, seed::GLOBEX_SPIES),
        (seed::OWNER_PAT, seed::PRICING, seed::NINA, seed::ADJUSTERS),
        // A foreign group with owner is 404, not 403, also for a caller who could not grant owner here.
        (seed::MANAGER_PAT, seed::PRICING, seed::NINA, seed::GLOBEX_SPIES),
        (seed::MANAGER_SES, seed::PRICING, seed::NINA, seed::ADJUSTERS),
        (seed::GLOBEX_SES, seed::GLOBEX_PROJECT, seed::GLOBEX_GUEST, seed::MANAGERS),
    ] {
        expect_same(&server, caller, foreign, 404, |id| {
            (seed::members_path(project), Some(json!({ "userIds": [user], "groupIds": [id] })))
        })
        .await;
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_03_a_foreign_invitation_is_answered_like_an_unknown_one() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (caller, foreign) in [
        (seed::OWNER_SES, seed::GLOBEX_GUEST),
        (seed::OWNER_SES, seed::GLOBEX_OWNER),
        (seed::ADMIN_SES, seed::GLOBEX_GUEST),
        (seed::MANAGER_SES, seed::GLOBEX_GUEST),
        (seed::READER_SES, seed::GLOBEX_OWNER),
        (seed::GLOBEX_SES, seed::IVY),
        (seed::GLOBEX_SES, seed::DORA),
        (seed::GLOBEX_SES, seed::ROBOT),
        (seed::GLOBEX_SES, seed::OWNER),
        (seed::OWNER_SES, seed::PRICING),
    ] {
        expect_same(&server, caller, foreign, 404, |id| (seed::invitation_path(id), None)).await;
    }
    // A personal access token is rejected before anything is looked up.
    expect_same(&server, seed::OWNER_PAT, seed::IVY, 401, |id| (seed::invitation_path(id), None)).await;
    assert_eq!(everything(&server), before);
    assert_eq!(server.count("SELECT count(*) FROM mails"), 0);
}
