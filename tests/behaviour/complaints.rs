//! Complaints about invitations in other systems, including security advisories, and the tests that show that they do
//! not apply here. A test with `iv_NN` in its name covers the complaint of that number, in whichever file; tests that
//! fit no other file are here.

use std::collections::BTreeSet;
use std::time::Duration;

use brms::generated::router::ROUTES;
use serde_json::{Value, json};

use crate::support::inside::{everything, execute, sign_in};
use crate::support::postgres;
use crate::support::statements::of_test;
use crate::support::{Answer, TestServer, seed};

/// The complaints, numbered from 1.
const COMPLAINTS: [&str; 36] = [
    "the holder of a link joins as another user",
    "an altered code is accepted",
    "the code of one organisation is valid in another",
    "an admin accesses another organisation by an id",
    "a group of another project or organisation is assigned",
    "a user who has not accepted yet can already act",
    "users grant permissions that they do not have",
    "the permissions of a pending invitation are extended without a check",
    "a secret is in a response, a log line or a list",
    "knowing the address is enough to take an invited account",
    "an empty code matches a row without a code",
    "a spent code still reveals its purpose",
    "a code is used again after a removal",
    "a new invitation after a removal has an invalid link",
    "a removed user still has a valid link",
    "one link admits two people",
    "concurrent invitations create a user twice",
    "a mail scanner opens the link and uses it up",
    "a link with altered values creates an account",
    "failed attempts lock the invited person out",
    "an expired link is reported as invalid, without a next step",
    "links are valid for minutes only, or forever",
    "a mail cannot be sent, and the invitation is lost or incomplete",
    "a mail is reported as sent although it was not",
    "a hanging mail server blocks the API",
    "names put markup or links into the mail",
    "invitations are used to send spam",
    "the link contains the host of the request",
    "responses reveal who has an account",
    "knowing an id is sufficient for access",
    "the link of an inviter who lost the permission to invite is undefined",
    "a disabled user's tokens remain valid",
    "a second invitation elsewhere invalidates the first link",
    "the page requires values that the link does not contain",
    "concurrent removals fail with an error",
    "an invitation that is not pending is accepted",
];

#[test]
fn every_complaint_has_a_test_that_names_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/behaviour");
    let mut named = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the tests") {
        let path = entry.expect("an entry").path();
        let text = if path.is_file() { std::fs::read_to_string(path).expect("text") } else { String::new() };
        let functions = text.lines().filter_map(|line| {
            line.trim_start().strip_prefix("async fn ").or_else(|| line.trim_start().strip_prefix("fn "))
        });
        named.extend(functions.flat_map(numbers));
    }
    let expected: BTreeSet<usize> = (1..=COMPLAINTS.len()).collect();
    assert_eq!(named, expected);
    assert_eq!(numbers("a_b_iv_04_c_iv_33_d(a: &str) {"), [4, 33]);
    assert_eq!(numbers("active_4_iv_x_09()"), Vec::<usize>::new());
}

/// The numbers behind `iv_` in a function's name.
fn numbers(function: &str) -> Vec<usize> {
    let name = function.split('(').next().unwrap_or_default();
    let words: Vec<&str> = name.split('_').collect();
    let pairs = words.windows(2).filter(|pair| pair[0] == "iv");
    pairs.filter_map(|pair| pair[1].parse().ok()).collect()
}

async fn accept(server: &TestServer, body: &Value) -> Answer {
    server.post("/invitations/accept").json(body).send().await
}

/// The path of a template, filled with ids of existing things.
fn filled(template: &str) -> String {
    let known = |part: &str| match part {
        "{projectId}" => seed::PRICING.to_owned(),
        "{userId}" | "{memberId}" => seed::IVY.to_owned(),
        part if part.starts_with('{') => seed::EDITORS.to_owned(),
        part => part.to_owned(),
    };
    template.split('/').map(known).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_03_a_code_is_not_a_credential_for_any_operation() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let before = everything(&server);
    let body = &code["brms_inv_".len()..];
    for route in ROUTES.iter().filter(|route| route.path != "/api/health") {
        for credentials in [
            format!("Bearer {code}"),
            format!("Internal {code}"),
            format!("Bearer brms_pat_{body}"),
            format!("Internal brms_ses_{body}"),
        ] {
            let call = server.call(route.method, &filled(route.path)).caller(&credentials);
            call.json(&json!({})).expect(401).await;
        }
    }
    assert_eq!(everything(&server), before);
    assert_eq!(accept(&server, &json!({ "secret": code })).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_10_knowing_an_invited_address_gives_no_access() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let before = everything(&server);
    // Ivy's invitation was mailed; Ian's has no code.
    for (user, email) in [(seed::IVY, seed::IVY_EMAIL), (seed::IAN, seed::IAN_EMAIL)] {
        for body in [
            json!({ "email": email, "password": "new password", "firstName": "Eve" }),
            json!({ "email": email, "secret": null }),
            json!({ "email": email, "secret": "" }),
            json!({ "email": email, "userId": user, "secret": email }),
            json!({ "userId": user, "secret": user }),
        ] {
            let answer = accept(&server, &body).await;
            assert_eq!((answer.status, answer.problem().as_str()), (404, "unknown-code"), "{body}");
        }
        server.post("/api/users").json(&json!({ "emails": [email] })).expect(401).await;
        server.call("PUT", "/api/users/profile").json(&json!({ "firstName": "Eve" })).expect(401).await;
        let up = json!({ "type": "member" });
        server
            .call("PUT", &format!("/api/users/{user}"))
            .caller(seed::MANAGER_SES)
            .json(&up)
            .expect(403)
            .await;
        server.call("PUT", &format!("/api/users/{user}")).caller(seed::OWNER_SES).json(&up).expect(409).await;
        for path in ["/api/register", "/api/signup", "/api/login", "/invitations", "/invitations/signup"] {
            server.post(path).json(&json!({ "email": email })).expect(404).await;
        }
    }
    assert_eq!(everything(&server), before);
    assert_eq!(accept(&server, &json!({ "secret": code })).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_11_no_row_has_an_empty_secret_or_that_of_another_user() {
    let server = TestServer::start().await;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let [short, long]: [&str; 2] = if postgres::is_used() {
        ["decode(repeat('00', 31), 'hex')", "decode(repeat('00', 33), 'hex')"]
    } else {
        ["zeroblob(31)", "zeroblob(33)"]
    };
    let refused = |sql: String, what: &str| {
        let write = server.app().db.clone();
        let outcome =
            std::thread::spawn(move || write.write_blocking(move |tx| of_test(|| tx.execute(&sql, ()))));
        outcome.join().expect("no panic").expect_err(what);
    };
    let taken = "(SELECT secret_hash FROM invitation_secrets LIMIT 1)";
    for hash in ["NULL", "''", short, long, "0", taken] {
        let insert = format!(
            "INSERT INTO invitation_secrets (secret_hash, invitation_id, state, is_send, created_at)
             SELECT {hash}, id, 'withdrawn', 0, 1 FROM invitations LIMIT 1"
        );
        refused(insert, hash);
    }
    for table in ["personal_access_tokens", "internal_tokens"] {
        let other = format!("(SELECT secret_hash FROM {table} ORDER BY secret_hash LIMIT 1)");
        for hash in ["NULL", "''", short, long, "0", &other] {
            let update = format!(
                "UPDATE {table} SET secret_hash = {hash}
                 WHERE secret_hash = (SELECT secret_hash FROM {table} ORDER BY secret_hash DESC LIMIT 1)"
            );
            refused(update.clone(), &update);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_13_iv_14_a_removed_user_who_is_invited_again_gets_a_new_valid_code() {
    let server = TestServer::start_with(&["--invitation-sends-max", "100"]).await;
    let set = async |user: &str, status: &str| {
        let call = server.call("PUT", &format!("/api/users/{user}")).caller(seed::OWNER_SES);
        call.json(&json!({ "status": status })).expect(200).await;
    };
    let mut codes = Vec::new();
    for _ in 0..5 {
        set(seed::IVY, "active").await;
        codes.push(server.send_invitation(seed::IVY, seed::IVY_EMAIL).await);
        set(seed::IVY, "disabled").await;
        let guest = server.post(&seed::invitation_path(seed::GLOBEX_GUEST)).caller(seed::GLOBEX_SES);
        guest.expect(200).await;
    }
    set(seed::IVY, "active").await;
    codes.push(server.send_invitation(seed::IVY, seed::IVY_EMAIL).await);
    assert_eq!(server.count("SELECT count(DISTINCT secret_hash) FROM invitation_secrets"), 11);
    let last = codes.pop().expect("a code");
    for code in &codes {
        let answer = accept(&server, &json!({ "secret": code })).await;
        assert_eq!((answer.status, answer.problem().as_str()), (410, "invitation-withdrawn"));
    }
    assert_eq!(accept(&server, &json!({ "secret": last })).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_14_an_invited_member_who_was_removed_and_added_again_counts() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let role = json!({ "name": "Editors", "allProjects": false, "projectPermissions": ["project:manage"],
                       "projects": [seed::PRICING] });
    let role = server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await.json();
    let members = server.get(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT);
    let before = members.expect(200).await.json()["paginate"]["total"].as_u64().expect("a total");
    let total = async || {
        let members =
            server.get(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).expect(200).await;
        members.json()["paginate"]["total"].as_u64().expect("a total") - before
    };
    for roles in [json!([role["id"]]), json!([]), json!([role["id"]]), json!([])] {
        let call = server.call("PUT", &format!("/api/users/{}", seed::IVY)).caller(seed::OWNER_SES);
        call.json(&json!({ "roles": roles })).expect(200).await;
        assert_eq!(total().await, roles.as_array().map_or(0, Vec::len) as u64);
    }
    let body = json!({ "userIds": [seed::IVY], "groupIds": [seed::MANAGERS] });
    let path = seed::members_path(seed::PRICING);
    server.post(&path).caller(seed::OWNER_PAT).json(&body).expect(200).await;
    assert_eq!(accept(&server, &json!({ "secret": code })).await.status, 200);
    let token = sign_in(&server, seed::IVY, None);
    server.post(&path).caller(&token).json(&json!({ "userIds": [seed::NINA] })).expect(200).await;
}

/// Rotates each letter by thirteen, as a mail scanner once did to the values in links.
fn rot13(text: &str) -> String {
    let turn = |letter: char| match letter {
        'a'..='m' | 'A'..='M' => char::from(letter as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(letter as u8 - 13),
        other => other,
    };
    text.chars().map(turn).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_19_a_link_with_altered_values_creates_no_user() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let before = everything(&server);
    let body = &code["brms_inv_".len()..];
    for altered in
        [rot13(&code), format!("brms_inv_{}", rot13(body)), format!("brms_inv_{}", body.to_lowercase())]
    {
        for query in ["secret", "code", "token", "t"] {
            server.get(&format!("/invitations/accept?{query}={altered}")).expect(200).await;
            let path = format!("/invitations/accept?{query}={altered}");
            server.post(&path).form(&[("firstName", "Eve")]).expect(404).await;
        }
        server.post("/invitations/accept").form(&[("secret", &altered)]).expect(404).await;
        server.get(&format!("/invitations/accept/{altered}")).expect(404).await;
    }
    // Not even a valid code is accepted in the query: it would end up in logs.
    let path = format!("/invitations/accept?secret={code}");
    server.post(&path).form(&[("firstName", "Eve")]).expect(404).await;
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_20_wrong_codes_lock_no_account() {
    let server = TestServer::start().await;
    let replaced = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let before = everything(&server);
    for round in 0..100 {
        let wrong = format!("{}{:03}", &code[..code.len() - 3], round);
        if wrong != code {
            assert_eq!(accept(&server, &json!({ "secret": wrong })).await.status, 404);
        }
        assert_eq!(accept(&server, &json!({ "secret": replaced })).await.status, 410);
    }
    assert_eq!(everything(&server), before);
    assert_eq!(accept(&server, &json!({ "secret": code })).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_27_an_inviter_may_send_a_limited_number_of_mails_an_hour() {
    let server = TestServer::start_with(&["--inviter-sends-max", "5"]).await;
    let invite = async |caller: &str, names: std::ops::Range<usize>, status: u16| {
        let emails: Vec<String> = names.map(|number| format!("p{number}@x.test")).collect();
        server.post("/api/users").caller(caller).json(&json!({ "emails": emails })).expect(status).await
    };
    server.clock.freeze();
    invite(seed::OWNER_SES, 0..6, 429).await;
    invite(seed::OWNER_SES, 0..3, 200).await;
    server.clock.advance(Duration::from_mins(10));
    assert_eq!(server.mails().await.len(), 3);
    let before = everything(&server);
    assert_eq!(invite(seed::OWNER_SES, 3..6, 429).await.problem(), "too-many-sends");
    assert_eq!(everything(&server), before, "all or none");
    invite(seed::OWNER_SES, 3..5, 200).await;
    let refused = server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(429).await;
    assert_eq!(refused.header("retry-after"), Some("3000"), "when the first three are an hour old");
    // Other users have limits of their own.
    server.post(&seed::invitation_path(seed::IVY)).caller(seed::ADMIN_SES).expect(200).await;
    server.post(&seed::invitation_path(seed::GLOBEX_GUEST)).caller(seed::GLOBEX_SES).expect(200).await;
    server.clock.advance(Duration::from_secs(2999));
    invite(seed::OWNER_SES, 6..7, 429).await;
    server.clock.advance(Duration::from_secs(1));
    invite(seed::OWNER_SES, 6..9, 200).await;
    invite(seed::OWNER_SES, 9..10, 429).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_maximum_inviter_limit_is_effectively_unlimited() {
    let server = TestServer::start_with(&["--inviter-sends-max", &u32::MAX.to_string()]).await;
    server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_34_the_form_of_the_page_requires_only_the_code() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let page = server.get("/invitations/accept").expect(200).await.text();
    assert!(page.contains("<form method=\"post\" action=\"accept\""), "{page}");
    let fields: Vec<&str> = page
        .split("<input ")
        .skip(1)
        .map(|input| input.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a name"))
        .collect();
    assert_eq!(fields, ["secret", "firstName", "lastName"]);
    assert_eq!(page.matches(" required").count(), 1, "the code alone");
    // The script fills that field from the fragment.
    let script = server.get("/invitations/accept.js").expect(200).await.text();
    assert!(script.contains("getElementById(\"secret\")") && script.contains("location.hash"), "{script}");
    assert!(page.contains("<input class=\"code\" id=\"secret\" name=\"secret\""), "{page}");
    // As a browser submits it when only the code is filled in.
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|name| (*name, if *name == "secret" { code.as_str() } else { "" })).collect();
    server.post("/invitations/accept").form(&fields).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_36_only_a_pending_invitation_of_an_invited_active_user_is_accepted() {
    for (state, problem) in [
        ("UPDATE invitations SET status = 'accepted', accepted_at = 1", "invitation-withdrawn"),
        ("UPDATE users SET status = 'locked' WHERE type = 'invited'", "invitation-withdrawn"),
        ("UPDATE users SET status = 'disabled' WHERE type = 'invited'", "invitation-withdrawn"),
        ("UPDATE users SET type = 'member' WHERE type = 'invited'", "invitation-withdrawn"),
        ("UPDATE invitations SET expires_at = 1", "invitation-expired"),
        ("UPDATE invitation_secrets SET state = 'withdrawn'", "invitation-withdrawn"),
        ("UPDATE invitation_secrets SET state = 'replaced'", "invitation-replaced"),
        ("UPDATE invitation_secrets SET state = 'used'", "invitation-used"),
    ] {
        let server = TestServer::start().await;
        let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
        // The state of the code itself is unchanged when another condition fails.
        execute(&server, state);
        let before = everything(&server);
        let answer = accept(&server, &json!({ "secret": code, "firstName": "Eve" })).await;
        assert_eq!((answer.status, answer.problem().as_str()), (410, problem), "{state}");
        server.post("/invitations/accept").form(&[("secret", &code)]).expect(410).await;
        assert_eq!(everything(&server), before, "{state}");
    }
}
