//! Changing the caller's own profile (updateUserProfile) and organisation (updateOrganisation).

use brms::limits::NESTING_MAX;
use serde_json::{Value, json};

use crate::support::inside::{Pat, everything, sign_in};
use crate::support::program::run_well;
use crate::support::{Answer, TestServer, seed};
use crate::testing_export::loaded_again;
use crate::users::{assert_audited, entry};

const ACME: &str = "0190a000-0000-7000-b000-000000000001";

async fn name_myself(server: &TestServer, caller: &str, body: &Value) -> Answer {
    server.call("PUT", "/api/profile").caller(caller).json(body).send().await
}

async fn change_organisation(server: &TestServer, caller: &str, body: &Value) -> Answer {
    server.call("PUT", "/api/organisations").caller(caller).json(body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_changes_their_own_names_and_gets_their_own_user() {
    let server = TestServer::start().await;
    server.clock.freeze();
    let now = server.clock.now().rfc3339();
    let body = json!({ "firstName": "Miłosz", "lastName": "O'Manager <i>" });
    let answer = name_myself(&server, seed::MANAGER_SES, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let user = answer.json()["user"].clone();
    assert_eq!((&user["firstName"], &user["lastName"]), (&body["firstName"], &body["lastName"]));
    assert_eq!((&user["id"], &user["email"]), (&json!(seed::MANAGER), &json!("manager@acme.test")));
    assert_eq!((&user["type"], &user["status"]), (&json!("member"), &json!("active")));
    assert_eq!((&user["owner"], &user["isService"]), (&json!(false), &json!(false)));
    assert_eq!((&user["organisationId"], &user["updatedAt"]), (&json!(ACME), &json!(now)));
    assert_ne!(user["createdAt"], user["updatedAt"]);

    let listed = server.get("/api/users?search=miłosz").caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(listed["results"][0]["lastName"], body["lastName"]);
    assert_eq!(listed["paginate"]["total"], 1, "no other user was renamed");
    assert_audited(&server, vec![entry("user", "updated", seed::MANAGER, seed::MANAGER)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_token_can_read_its_user_however_restricted_it_is() {
    let server = TestServer::start().await;
    let nothing = Pat { user: seed::NINA, permissions: &[], projects: &[seed::PRICING], expires_at: None };
    let nothing = nothing.put(&server);
    for (caller, id, owner) in [
        (seed::OWNER_PAT, seed::OWNER, true),
        (seed::MANAGER_PAT, seed::MANAGER, false),
        (seed::ROBOT_PAT, seed::ROBOT, false),
        (&nothing, seed::NINA, false),
        (seed::GLOBEX_SES, seed::GLOBEX_OWNER, true),
    ] {
        let answer = name_myself(&server, caller, &json!({ "firstName": "A", "lastName": "B" })).await;
        assert_eq!(answer.status, 200, "{caller}: {}", answer.text());
        let user = answer.json()["user"].clone();
        assert_eq!((&user["id"], &user["owner"]), (&json!(id), &json!(owner)));
        assert_eq!(user["isService"], json!(id == seed::ROBOT));
    }
    server.call("PUT", "/api/profile").json(&json!({ "firstName": "A", "lastName": "B" })).expect(401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_names_have_at_most_100_characters_and_no_control_characters() {
    let server = TestServer::start().await;
    let longest = "Ж".repeat(100);
    let body = json!({ "firstName": longest, "lastName": "" });
    let answer = name_myself(&server, seed::READER_SES, &body).await;
    assert_eq!((answer.status, &answer.json()["user"]["firstName"]), (200, &json!(longest)));
    let before = everything(&server);
    for (body, places) in [
        (json!({ "firstName": "x".repeat(101), "lastName": "y" }), &["/firstName"][..]),
        (json!({ "firstName": "x", "lastName": "Ж".repeat(101) }), &["/lastName"]),
        (json!({ "firstName": "a\nb", "lastName": "\u{0}" }), &["/firstName", "/lastName"]),
        (json!({ "firstName": "a\u{85}", "lastName": "\u{7f}" }), &["/firstName", "/lastName"]),
        (json!({ "firstName": null, "lastName": "y" }), &["/firstName"]),
        (json!({ "firstName": "x", "lastName": 1 }), &["/lastName"]),
        (json!({ "firstName": "x" }), &["/lastName"]),
    ] {
        let answer = name_myself(&server, seed::READER_SES, &body).await;
        assert_eq!(
            (answer.status, answer.places()),
            (400, places.iter().map(|p| (*p).to_owned()).collect()),
            "{body}"
        );
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_read_only_fields_of_the_profile_are_ignored() {
    let server = TestServer::start().await;
    let body = json!({
        "firstName": "Rita", "lastName": "R", "type": "owner", "status": "locked", "email": "x@y.test",
        "id": seed::OWNER, "owner": true,
    });
    let user = name_myself(&server, seed::READER_SES, &body).await.json()["user"].clone();
    assert_eq!((&user["id"], &user["type"]), (&json!(seed::READER), &json!("member")));
    assert_eq!((&user["status"], &user["email"]), (&json!("active"), &json!("reader@acme.test")));
    server.get("/api/users").caller(seed::READER_SES).expect(403).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_fields_of_an_organisation_are_kept_also_inside_the_preferences() {
    let server = TestServer::start().await;
    server.clock.freeze();
    let now = json!(server.clock.now().rfc3339());
    let body = json!({ "displayName": "Acme & Söhne", "preferences": { "themePrimaryColor": "#112233" } });
    let first = change_organisation(&server, seed::OWNER_SES, &body).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let first = first.json();
    assert_eq!((&first["id"], &first["name"]), (&json!(ACME), &json!("acme")));
    assert_eq!((&first["displayName"], &first["updatedAt"]), (&json!("Acme & Söhne"), &now));
    assert_eq!(first["preferences"]["themePrimaryColor"], "#112233");
    assert_eq!(first["themePrimaryColor"], "#112233");

    let body = json!({ "name": "acme-2", "preferences": { "themeLogo": "logo.svg" } });
    let second = change_organisation(&server, seed::ADMIN_SES, &body).await.json();
    assert_eq!((&second["name"], &second["displayName"]), (&json!("acme-2"), &json!("Acme & Söhne")));
    assert_eq!((&second["themeLogo"], &second["themePrimaryColor"]), (&json!("logo.svg"), &json!("#112233")));
    assert_eq!(second["createdAt"], first["createdAt"]);

    let body =
        json!({ "preferences": { "themePrimaryColor": "#445566", "emailSignupDomains": "acme.test" } });
    let third = change_organisation(&server, seed::ADMIN_SES, &body).await.json();
    let expected =
        json!({ "themePrimaryColor": "#445566", "themeLogo": "logo.svg", "emailSignupDomains": "acme.test" });
    assert_eq!(third["preferences"], expected);
    let unchanged = change_organisation(&server, seed::OWNER_SES, &json!({})).await.json();
    assert_eq!(unchanged, third);

    let expected = [seed::OWNER, seed::ADMIN, seed::ADMIN];
    let expected = expected.map(|by| entry("organisation", "updated", ACME, by));
    assert_audited(&server, expected.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_use_the_new_name_of_the_organisation() {
    let server = TestServer::start().await;
    change_organisation(&server, seed::OWNER_SES, &json!({ "name": "umbrella", "displayName": "Umbrella" }))
        .await;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let mails = server.mails().await;
    assert!(mails[0].text.contains("Umbrella") && !mails[0].text.contains("Acme Ltd"), "{}", mails[0].text);
    let listed = server.get("/api/invitations").caller(seed::OWNER_SES).expect(200).await.json();
    assert_eq!(listed["results"][0]["organisation"], json!({ "id": ACME, "name": "umbrella" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_62_an_organisation_may_have_the_name_of_another() {
    let server = TestServer::start().await;
    for body in [json!({ "name": "globex" }), json!({ "name": "globex", "displayName": "Globex" })] {
        let answer = change_organisation(&server, seed::OWNER_SES, &body).await;
        assert_eq!((answer.status, &answer.json()["name"]), (200, &json!("globex")), "{body}");
    }
    let file = server.folder.path().join("export.json");
    let (file, database) = (file.to_str().expect("a path"), server.database());
    run_well(&["export", file, "--database", database.to_str().expect("a path")]);
    let other = server.folder.path().join("other.db");
    run_well(&["seed", file, "--database", other.to_str().expect("a path")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_name_of_an_organisation_is_rejected_at_its_place() {
    let server = TestServer::start().await;
    let before = everything(&server);
    for (body, place) in [
        (json!({ "name": null }), "/name"),
        (json!({ "displayName": null }), "/displayName"),
        (json!({ "preferences": null }), "/preferences"),
        (json!({ "preferences": [] }), "/preferences"),
        (json!({ "displayName": "line\nbreak" }), "/displayName"),
        (json!({ "name": "tab\t" }), "/name"),
        (json!({ "displayName": "ü".repeat(201) }), "/displayName"),
    ] {
        let answer = change_organisation(&server, seed::OWNER_SES, &body).await;
        assert_eq!((answer.status, answer.places()), (400, vec![place.to_owned()]), "{body}");
    }
    assert_eq!(everything(&server), before);
    let longest = json!({ "displayName": "ü".repeat(200) });
    assert_eq!(change_organisation(&server, seed::OWNER_SES, &longest).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_nest_no_deeper_than_an_export_can_be_read_back() {
    let server = TestServer::start().await;
    let nested = |depth| (1..depth).fold(json!({}), |inner, _| json!([inner]));
    let body = |depth| json!({ "preferences": { "open": nested(depth - 1) } });
    let before = everything(&server);
    for depth in [NESTING_MAX + 1, NESTING_MAX + 20] {
        let answer = change_organisation(&server, seed::OWNER_SES, &body(depth)).await;
        assert_eq!((answer.status, answer.places()), (400, vec!["/preferences".to_owned()]), "{depth}");
    }
    assert_eq!(everything(&server), before);
    assert_eq!(change_organisation(&server, seed::OWNER_SES, &body(NESTING_MAX)).await.status, 200);
    let export = run_well(&["export", "--database", server.database().to_str().expect("text")]);
    let export: Value = serde_json::from_str(&export).expect("an export can be read");
    assert_eq!(loaded_again(server.folder.path(), &export), export);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_with_a_session_changes_the_organisation() {
    let server = TestServer::start().await;
    let author = sign_in(&server, seed::NINA, None);
    server
        .call("PUT", &format!("/api/users/{}", seed::NINA))
        .caller(seed::OWNER_SES)
        .json(&json!({ "type": "author" }))
        .expect(200)
        .await;
    let before = everything(&server);
    let body = json!({ "displayName": "Mine" });
    for (caller, status) in
        [(seed::OWNER_PAT, 401), (seed::ROBOT_PAT, 401), (seed::MANAGER_SES, 403), (&author, 403)]
    {
        assert_eq!(change_organisation(&server, caller, &body).await.status, status, "{caller}");
    }
    assert_eq!(everything(&server), before);
}
