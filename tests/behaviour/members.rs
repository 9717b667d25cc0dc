//! Inviting members: new and existing members, errors that reject the whole call, and what is written.

use serde_json::{Value, json};

use crate::support::inside::{everything, execute, fail_audit_entries, id, stop_failing};
use crate::support::{Answer, TestServer, seed};

/// Invites as the owner of the organisation.
async fn invite(server: &TestServer, project: &str, body: &Value, status: u16) -> Answer {
    server.post(&seed::members_path(project)).caller(seed::OWNER_PAT).json(body).expect(status).await
}

fn user_ids(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let members = body.as_array().expect("a list");
    members.iter().map(|member| member["userId"].as_str().expect("a user").to_owned()).collect()
}

fn member_count(server: &TestServer, user: &str) -> i64 {
    server.count_of("SELECT count(*) FROM members WHERE user_id = ?1", [id(user)])
}

#[tokio::test(flavor = "multi_thread")]
async fn new_members_are_returned_in_the_order_of_user_ids_and_duplicates_count_once() {
    let server = TestServer::start().await;
    let again = seed::OTTO.to_uppercase();
    let body = json!({
        "userIds": [seed::OTTO, seed::NINA, again, seed::ADMIN, seed::NINA],
        "groupIds": [seed::MANAGERS, seed::EDITORS, seed::MANAGERS],
    });
    let answer = invite(&server, seed::PRICING, &body, 200).await;
    assert_eq!(user_ids(&answer), [seed::OTTO, seed::NINA, seed::ADMIN]);

    let otto = answer.json()[0].clone();
    assert_eq!(otto["owner"], false);
    assert_eq!(otto["projectId"], seed::PRICING);
    assert_eq!(otto["createdAt"], otto["updatedAt"]);
    assert!(otto["createdAt"].as_str().is_some_and(|time| time.len() == 24 && time.ends_with('Z')), "{otto}");
    assert_eq!(otto["user"]["id"], seed::OTTO);
    assert_eq!(otto["user"]["email"], "otto@acme.test");
    assert_eq!(otto["user"]["lastName"], "O'Neil <b>");
    let names: Vec<&Value> = otto["groups"].as_array().unwrap().iter().map(|group| &group["name"]).collect();
    assert_eq!(names.len(), 2, "{otto}");
    assert!(names.contains(&&json!("Editors")) && names.contains(&&json!("Managers")), "{otto}");

    assert_eq!(server.count("SELECT count(*) FROM members WHERE owner = 0"), 2 + 3);
    assert_eq!(server.count("SELECT count(*) FROM member_groups"), 2 + 3 * 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_has_groups_in_the_form_of_the_description() {
    let server = TestServer::start().await;
    let body = json!({ "userIds": [seed::NINA], "groupIds": [seed::EDITORS] });
    let answer = invite(&server, seed::PRICING, &body, 200).await;
    let group = json!({
        "id": seed::EDITORS,
        "name": "Editors",
        "projectId": seed::PRICING,
        "description": "Edit pricing rules",
        "permissions": ["documents:full", "releases"],
        "roleId": null,
    });
    assert_eq!(answer.json()[0]["groups"], json!([group]));
    let without = invite(&server, seed::CLAIMS, &json!({ "userIds": [seed::NINA] }), 200).await;
    assert_eq!(without.json()[0]["groups"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_members_are_unchanged_and_not_in_the_response() {
    let server = TestServer::start().await;
    let of_reader = "SELECT count(*) FROM members JOIN member_groups USING (project_id, user_id)
                     WHERE user_id = ?1 AND group_id = ?2 AND owner = 0 AND updated_at = created_at";
    let of_reader = || server.count_of(of_reader, [id(seed::READER), id(seed::EDITORS)]);
    assert_eq!(of_reader(), 1);
    let before = everything(&server);
    let body = json!({
        "userIds": [seed::READER, seed::NINA, seed::OWNER],
        "groupIds": [seed::MANAGERS],
        "owner": true,
    });
    let answer = invite(&server, seed::PRICING, &body, 200).await;
    assert_eq!(user_ids(&answer), [seed::NINA]);
    assert_eq!(of_reader(), 1);
    let after = everything(&server);
    let new: Vec<&String> = after.iter().filter(|row| !before.contains(row)).collect();
    assert_eq!(new.len(), 3, "one membership, one group of it, one audit row: {new:?}");
    assert!(before.iter().all(|row| after.contains(row)), "a row that was there has changed");

    let again = invite(&server, seed::PRICING, &body, 200).await;
    assert_eq!(again.json(), json!([]));
    assert_eq!(everything(&server), after);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_valid_and_changes_nothing() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let body = json!({ "userIds": [], "groupIds": [seed::EDITORS], "owner": true });
    assert_eq!(invite(&server, seed::PRICING, &body, 200).await.json(), json!([]));
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_of_a_member_has_upper_case_enum_values() {
    let server = TestServer::start().await;
    execute(&server, "UPDATE users SET type = 'author' WHERE email = 'nina@acme.test'");
    execute(&server, "UPDATE users SET status = 'locked' WHERE email = 'otto@acme.test'");
    for (project, user, kind, status, is_service) in [
        (seed::CLAIMS, seed::OWNER, "OWNER", "ACTIVE", false),
        (seed::PRICING, seed::ADMIN, "ADMIN", "ACTIVE", false),
        (seed::CLAIMS, seed::NINA, "AUTHOR", "ACTIVE", false),
        (seed::CLAIMS, seed::READER, "MEMBER", "ACTIVE", false),
        (seed::CLAIMS, seed::OTTO, "MEMBER", "INACTIVE", false),
        (seed::CLAIMS, seed::IVY, "INVITED", "ACTIVE", false),
        (seed::CLAIMS, seed::ROBOT, "MEMBER", "ACTIVE", true),
    ] {
        let answer = invite(&server, project, &json!({ "userIds": [user] }), 200).await;
        assert_eq!(user_ids(&answer), [user]);
        let found = &answer.json()[0]["user"];
        let expected = json!([kind, status, is_service]);
        assert_eq!(json!([found["type"], found["status"], found["isService"]]), expected, "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_users_are_rejected_with_their_places_and_nothing_is_written() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let body = json!({ "userIds": [seed::NINA, seed::DORA, seed::OTTO, seed::DORA] });
    let answer = invite(&server, seed::PRICING, &body, 409).await;
    assert_eq!(answer.problem(), "user-disabled");
    assert_eq!(answer.places(), ["/userIds/1", "/userIds/3"]);
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_users_and_groups_are_all_named_and_nothing_is_written() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let (unknown, foreign) = (seed::UNKNOWN_ID, seed::GLOBEX_OWNER);
    let (spies, adjusters) = (seed::GLOBEX_SPIES, seed::ADJUSTERS);
    for (user_ids, group_ids, places) in [
        (json!([unknown]), json!([]), vec!["/userIds/0"]),
        (json!([seed::NINA, unknown, foreign, unknown]), json!([seed::EDITORS]), {
            vec!["/userIds/1", "/userIds/2", "/userIds/3"]
        }),
        (json!([seed::NINA]), json!([seed::EDITORS, unknown]), vec!["/groupIds/1"]),
        (json!([]), json!([unknown]), vec!["/groupIds/0"]),
        (json!([unknown, seed::NINA]), json!([adjusters, seed::EDITORS, spies]), {
            vec!["/userIds/0", "/groupIds/0", "/groupIds/2"]
        }),
        // An id of another kind of object is neither a user nor a group.
        (json!([seed::EDITORS]), json!([seed::NINA]), vec!["/userIds/0", "/groupIds/0"]),
    ] {
        let body = json!({ "userIds": user_ids, "groupIds": group_ids });
        let answer = invite(&server, seed::PRICING, &body, 404).await;
        assert_eq!((answer.problem().as_str(), answer.places()), ("not-found", own(&places)), "{body}");
    }
    assert_eq!(everything(&server), before);
}

fn own(places: &[&str]) -> Vec<String> {
    places.iter().map(|place| (*place).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_05_a_group_of_another_project_or_organisation_rejects_the_whole_call() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (caller, project, user, group) in [
        (seed::OWNER_PAT, seed::PRICING, seed::NINA, seed::ADJUSTERS),
        (seed::OWNER_SES, seed::CLAIMS, seed::NINA, seed::EDITORS),
        (seed::OWNER_PAT, seed::PRICING, seed::NINA, seed::GLOBEX_SPIES),
        (seed::MANAGER_PAT, seed::PRICING, seed::NINA, seed::GLOBEX_SPIES),
        (seed::GLOBEX_SES, seed::GLOBEX_PROJECT, seed::GLOBEX_GUEST, seed::EDITORS),
    ] {
        let body = json!({ "userIds": [user], "groupIds": [group] });
        let answer = server.post(&seed::members_path(project)).caller(caller).json(&body).expect(404).await;
        assert_eq!(answer.places(), ["/groupIds/0"]);
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_project_accepts_no_members() {
    let server = TestServer::start().await;
    execute(&server, "UPDATE projects SET deleted_at = 1 WHERE key = 'pricing'");
    let before = everything(&server);
    let answer = invite(&server, seed::PRICING, &json!({ "userIds": [seed::NINA] }), 404).await;
    assert_eq!(answer.places(), Vec::<String>::new());
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_body_is_rejected_at_its_place() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let (nina, many) = (seed::NINA, vec![seed::UNKNOWN_ID; 1001]);
    for (body, place) in [
        (json!({}), "/userIds"),
        (json!({ "userIds": null }), "/userIds"),
        (json!({ "userIds": nina }), "/userIds"),
        (json!({ "userIds": { "0": nina } }), "/userIds"),
        (json!({ "userIds": [nina, null] }), "/userIds/1"),
        (json!({ "userIds": [nina, 7] }), "/userIds/1"),
        (json!({ "userIds": [nina, [nina]] }), "/userIds/1"),
        (json!({ "userIds": [nina, ""] }), "/userIds/1"),
        (json!({ "userIds": many }), "/userIds"),
        (json!({ "userIds": [nina], "groupIds": null }), "/groupIds"),
        (json!({ "userIds": [nina], "groupIds": seed::EDITORS }), "/groupIds"),
        (json!({ "userIds": [nina], "groupIds": [seed::EDITORS, true] }), "/groupIds/1"),
        (json!({ "userIds": [nina], "groupIds": many }), "/groupIds"),
        (json!({ "userIds": [nina], "owner": null }), "/owner"),
        (json!({ "userIds": [nina], "owner": "true" }), "/owner"),
        (json!({ "userIds": [nina], "owner": 1 }), "/owner"),
        (json!([[nina]]), ""),
        (json!([]), ""),
        (json!(null), ""),
        (json!("text"), ""),
    ] {
        let answer = invite(&server, seed::PRICING, &body, 400).await;
        assert_eq!(
            (answer.problem().as_str(), answer.places()),
            ("invalid-request", own(&[place])),
            "{body:.80}"
        );
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_ids_are_accepted_and_every_invalid_one_is_named() {
    let server = TestServer::start().await;
    let (users, groups) = (vec![seed::NINA; 1000], vec![seed::EDITORS; 1000]);
    let answer = invite(&server, seed::PRICING, &json!({ "userIds": users, "groupIds": groups }), 200).await;
    assert_eq!(user_ids(&answer), [seed::NINA]);
    let unknown = json!({ "userIds": vec![seed::UNKNOWN_ID; 1000] });
    let answer = invite(&server, seed::PRICING, &unknown, 404).await;
    assert_eq!(answer.places().len(), 1000);
    assert_eq!(answer.places().last().unwrap(), "/userIds/999");
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_33_an_invited_member_keeps_the_link_and_takes_effect_on_acceptance() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let body = json!({ "userIds": [seed::IVY], "groupIds": [seed::MANAGERS] });
    let invitations = "SELECT max(updated_at) + 1000 * count(*) FROM invitations";
    let before = server.count(invitations);
    invite(&server, seed::PRICING, &body, 200).await;
    assert_eq!(server.count(invitations), before);

    let ivy = crate::support::inside::sign_in(&server, seed::IVY, None);
    let call = |status| {
        let body = json!({ "userIds": [seed::NINA] });
        server.post(&seed::members_path(seed::PRICING)).caller(&ivy).json(&body).expect(status)
    };
    call(401).await;
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(200).await;
    assert_eq!(user_ids(&call(200).await), [seed::NINA]);
    assert_eq!(member_count(&server, seed::IVY), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_within_the_call_rolls_everything_back_and_shows_no_cause() {
    let server = TestServer::start().await;
    // The third audit entry of the call fails, after two memberships were written.
    fail_audit_entries(&server, "(SELECT count(*) FROM members) >= 4 + 1 + 3");
    assert_eq!(server.count("SELECT count(*) FROM members"), 5);
    let before = everything(&server);
    let body = json!({ "userIds": [seed::NINA, seed::OTTO, seed::ADMIN], "groupIds": [seed::EDITORS] });
    let answer = invite(&server, seed::PRICING, &body, 500).await;
    assert!(!answer.text().contains("inside story") && !answer.text().contains("audit"), "{}", answer.text());
    assert_eq!(everything(&server), before);

    stop_failing(&server);
    assert_eq!(invite(&server, seed::PRICING, &body, 200).await.json().as_array().unwrap().len(), 3);
}
