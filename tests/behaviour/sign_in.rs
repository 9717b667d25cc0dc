//! Signing in with a mailed code, as a person with a browser and as a program; with the operator's link; by accepting.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::browser::{mails_to, next_code};
use crate::support::{Browser, TestServer, leaks, seed};

pub const OWNER_EMAIL: &str = "owner@acme.test";
pub const READER_EMAIL: &str = "reader@acme.test";

/// The audit rows about signing in and out, oldest first: the action and the data.
pub fn rows(server: &TestServer) -> Vec<(String, Value)> {
    let sql = "SELECT action, data FROM audit_logs
               WHERE type = 'user' AND action IN ('signedIn', 'signedOut', 'sessionEnded', 'accepted')
               ORDER BY created_at, id";
    server.look(|tx| tx.rows(sql, (), |row| Ok((row.get("action")?, row.get("data")?))))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_a_code_from_a_mail_and_out_again() {
    let server = TestServer::start().await;
    let browser = Browser::new(&server);
    let page = browser.get("/sign-in").await.text();
    assert!(page.contains("name=\"email\"") && page.contains("This server sends no mail"), "{page}");
    assert_eq!(browser.get("/account").await.header("location"), Some("sign-in"));

    let asked = browser.post("/sign-in", &[("email", " Owner@ACME.test ")]).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    assert!(asked.text().contains("The code from the mail"));
    let code = next_code(&server, OWNER_EMAIL, 0).await;
    let mail = server.mails().await.pop().expect("a mail");
    assert_eq!(mail.subject, "Your code to sign in to Acme Ltd");
    for part in [&mail.text, &mail.html] {
        assert!(part.contains(&format!("{}/sign-in#{code}", server.home())), "{part}");
    }
    assert!(browser.get("/sign-in").await.text().contains("The code from the mail"), "a reload goes on");

    let typed = code.to_lowercase().replace('-', " ");
    let answer = browser.post("/sign-in/code", &[("code", &typed)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("../account")), "{}", answer.text());
    assert!(browser.cookie("attempt").is_none(), "the attempt is over");
    let account = browser.get("/account").await;
    assert_eq!(account.status, 200);
    for words in ["Olga Owner", OWNER_EMAIL, "Acme Ltd", "owner", "Signed in with a code by mail", "this one"]
    {
        assert!(account.text().contains(words), "{words}: {}", account.text());
    }
    assert_eq!(browser.get("/").await.header("location"), Some("account"));
    assert_eq!(browser.get("/sign-in").await.header("location"), Some("account"));

    let session = browser.authorization();
    server.get("/api/users").caller(&session).expect(200).await;
    let out = browser.post("/sign-out", &[]).await;
    assert_eq!((out.status, out.header("location")), (303, Some("./")));
    assert!(browser.cookie("session").is_none() && !browser.is_signed_in().await);
    server.get("/api/users").caller(&session).expect(401).await;
    let rows = rows(&server);
    let told: Vec<_> = rows.iter().map(|(action, data)| (action.as_str(), data["how"].as_str())).collect();
    assert_eq!(told, [("signedIn", Some("mail")), ("signedOut", None)]);
    assert_eq!(rows[0].1["sessionId"], rows[1].1["sessionId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_signs_in_with_json_and_without_cookies() {
    let server = TestServer::start().await;
    let asked = server.post("/sign-in").json(&json!({ "email": READER_EMAIL })).expect(200).await;
    assert!(asked.all("set-cookie").is_empty());
    let attempt = asked.json()["attempt"].as_str().expect("an attempt").to_owned();
    let code = next_code(&server, READER_EMAIL, 0).await;
    let body = json!({ "attempt": attempt, "code": code });
    let answer = server.post("/sign-in/code").json(&body).expect(200).await;
    assert!(answer.all("set-cookie").is_empty());
    let told = answer.json();
    assert_eq!(
        told["user"],
        json!({ "id": seed::READER, "email": READER_EMAIL, "firstName": "Rita", "lastName": "Reader",
                "type": "member", "organisation": "Acme Ltd" })
    );
    let secret = told["secret"].as_str().expect("a secret");
    server.get("/api/projects").caller(&format!("Internal {secret}")).expect(200).await;
    let again = server.post("/sign-in/code").json(&body).expect(403).await;
    assert_eq!(again.problem(), "wrong-code");
    for wrong in [json!({ "email": "no address" }), json!({ "email": 7 }), json!({})] {
        server.post("/sign-in").json(&wrong).expect(400).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_several_organisations_chooses_after_the_code() {
    let server = TestServer::start().await;
    server.execute(
        "UPDATE users SET email = 'owner@acme.test', email_folded = 'owner@acme.test',
                    search_address = 'owner@acme.test' WHERE type = 'owner'",
    );
    let browser = Browser::new(&server);
    let code = browser.code(OWNER_EMAIL).await;
    assert_eq!(mails_to(&server, OWNER_EMAIL).await.len(), 1, "one mail");
    assert_eq!(server.mails().await.pop().expect("a mail").subject, "Your code to sign in");
    let page = browser.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("Sign in to <bdi>Acme Ltd</bdi>") && text.contains(seed::GLOBEX_OWNER), "{text}");
    assert!(!browser.is_signed_in().await, "nobody was chosen yet");
    let foreign = browser.post("/sign-in/code", &[("user", seed::READER)]).await;
    assert_eq!(foreign.status, 403, "only one of those who were offered");
    let other = Browser::new(&server);
    assert_eq!(other.post("/sign-in/code", &[("user", seed::GLOBEX_OWNER)]).await.status, 403);
    let chosen = browser.post("/sign-in/code", &[("user", seed::GLOBEX_OWNER)]).await;
    assert_eq!(chosen.status, 303, "{}", chosen.text());
    assert!(browser.get("/account").await.text().contains("Globex"));
    assert_eq!(browser.post("/sign-in/code", &[("user", seed::OWNER)]).await.status, 403, "once");

    let asked = server.post("/sign-in").json(&json!({ "email": OWNER_EMAIL })).expect(200).await.json();
    let code = next_code(&server, OWNER_EMAIL, 1).await;
    let body = json!({ "attempt": asked["attempt"], "code": code });
    let choices = server.post("/sign-in/code").json(&body).expect(200).await.json();
    assert_eq!(choices["choices"].as_array().map(Vec::len), Some(2), "{choices}");
    let body = json!({ "attempt": asked["attempt"], "userId": seed::OWNER });
    let told = server.post("/sign-in/code").json(&body).expect(200).await.json();
    assert_eq!(told["user"]["id"], seed::OWNER);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_still_invited_accepts_with_the_code() {
    let server = TestServer::start().await;
    let link = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let browser = Browser::new(&server);
    let code = browser.code(seed::IVY_EMAIL).await;
    server.post("/invitations/preview").json(&json!({ "secret": link })).expect(200).await;
    let page = browser.post("/sign-in/code", &[("code", &code)]).await.text();
    assert!(page.contains("Join <bdi>Acme Ltd</bdi>") && page.contains("name=\"firstName\""), "{page}");
    let long = "x".repeat(201);
    let wrong = browser.post("/sign-in/code", &[("user", seed::IVY), ("firstName", &long)]).await;
    assert_eq!(wrong.status, 400);
    let fields = [("user", seed::IVY), ("firstName", "Ivy"), ("lastName", " ")];
    assert_eq!(browser.post("/sign-in/code", &fields).await.status, 303);
    let account = browser.get("/account").await.text();
    assert!(account.contains("<bdi>Ivy</bdi>") && account.contains("member"), "{account}");
    let used = server.post("/invitations/accept").json(&json!({ "secret": link })).expect(410).await;
    assert_eq!(used.problem(), "invitation-used");
    let actions: Vec<String> = rows(&server).into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["accepted", "signedIn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_71_accepting_in_a_browser_signs_in_for_an_hour_and_leads_on() {
    let server = TestServer::start().await;
    let link = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let browser = Browser::new(&server);
    let page = browser.post("/invitations/accept", &[("secret", &link)]).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("href=\"../account\""), "{}", page.text());
    assert!(browser.is_signed_in().await);
    let session = browser.authorization();
    server.advance(Duration::from_mins(59));
    server.get("/api/projects").caller(&session).expect(200).await;
    server.advance(Duration::from_mins(2));
    server.get("/api/projects").caller(&session).expect(401).await;

    let link = server.send_invitation(seed::IAN, seed::IAN_EMAIL).await;
    let answer = server.post("/invitations/accept").json(&json!({ "secret": link })).expect(200).await;
    assert!(answer.all("set-cookie").is_empty(), "JSON sets no cookies");
}

/// A link of the operator for a user, made as the command makes it.
pub fn operators_link(server: &TestServer, user: &str) -> String {
    let db = server.app().db.clone();
    let user = crate::support::inside::id(user).into();
    let made = move || db.write_blocking(move |tx| brms::operator::sign_ins::link(tx, user));
    let (secret, _) = std::thread::spawn(made).join().expect("no panic").expect("a link");
    leaks::learn(secret.reveal());
    secret.reveal().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_the_operator_works_once_and_for_ten_minutes() {
    let server = TestServer::start().await;
    let (first, second) = (operators_link(&server, seed::READER), operators_link(&server, seed::READER));
    let browser = Browser::new(&server);
    let answer = browser.post("/sign-in/code", &[("code", &first)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(browser.get("/account").await.text().contains("Signed in with a link of the operator"));
    assert_eq!(browser.post("/sign-in/code", &[("code", &first)]).await.status, 403, "once");
    server.advance(Duration::from_mins(10));
    assert_eq!(browser.post("/sign-in/code", &[("code", &second)]).await.status, 403, "too late");
    assert_eq!(rows(&server)[0].1["how"], "link");
}
