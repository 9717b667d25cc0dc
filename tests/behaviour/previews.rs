//! What a person learns of an invitation before accepting it: as JSON, and on the page.

use serde_json::{Value, json};

use crate::support::inside::everything;
use crate::support::{Answer, TestServer, seed};

const PREVIEW: &str = "/invitations/preview";

async fn preview(server: &TestServer, code: &str) -> Answer {
    server.post(PREVIEW).json(&json!({ "secret": code })).send().await
}

async fn page(server: &TestServer, status: u16, code: &str) -> String {
    let answer = server.post(PREVIEW).form(&[("secret", code)]).expect(status).await;
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    answer.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_70_a_code_tells_who_invites_whom_to_what_until_when() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let before = everything(&server);
    let answer = preview(&server, &format!("  https://x.example/#{code} ")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    let (local, domain) = seed::IVY_EMAIL.split_once('@').expect("an address");
    let masked = format!("{}…@{domain}", &local[..1]);
    assert_eq!((&told["organisation"], &told["email"]), (&json!("Acme Ltd"), &json!(masked)));
    let inviter = told["inviter"].as_str().expect("a name").to_owned();
    assert!(told["expiresAt"].as_str().is_some_and(|time| time.ends_with('Z')), "{told}");
    assert_eq!(told.as_object().map(serde_json::Map::len), Some(4), "nothing else: {told}");

    let page = page(&server, 200, &code).await;
    assert!(page.contains("<h1>Join <bdi>Acme Ltd</bdi></h1>"), "{page}");
    assert!(page.contains(&format!("<bdi>{inviter}</bdi> invited you")) && page.contains(&masked), "{page}");
    assert!(page.contains("<details class=\"field\">") && page.contains(&format!("value=\"{code}\"")));
    for text in [answer.text(), page] {
        assert!(!text.contains(seed::IVY_EMAIL), "the address is masked: {text}");
    }
    assert_eq!(everything(&server), before, "a preview writes nothing");
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_70_a_dead_code_says_why_before_anything_is_typed() {
    let server = TestServer::start().await;
    let replaced = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let cases: [(&str, u16, &str); 3] = [
        (&replaced, 410, "This invitation was replaced"),
        ("brms_inv_0123456789012345678901234567890123456789012", 404, "This code is not known"),
        ("", 404, "This code is not known"),
    ];
    for (code, status, title) in cases {
        assert_eq!(preview(&server, code).await.status, status, "{code}");
        assert!(page(&server, status, code).await.contains(title), "{code}");
    }
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(200).await;
    assert_eq!(preview(&server, &code).await.problem(), "invitation-used");
    assert!(page(&server, 410, &code).await.contains("This invitation was already used"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_70_a_preview_fails_as_accepting_does() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let disable = json!({ "status": "disabled" });
    let path = format!("/api/users/{}", seed::IVY);
    server.call("PUT", &path).caller(seed::OWNER_SES).json(&disable).expect(200).await;
    for secret in [json!(code), json!(null), json!("brms_inv_x"), json!(7), json!(["a"])] {
        let body: Value = json!({ "secret": secret });
        let answers = [PREVIEW, "/invitations/accept"].map(|path| server.post(path).json(&body).send());
        let [preview, accept] = answers;
        let (preview, accept) = (preview.await, accept.await);
        assert_eq!((preview.status, preview.problem()), (accept.status, accept.problem()), "{secret}");
    }
    server.call("GET", PREVIEW).expect(405).await;
    server.post(PREVIEW).body("text/plain", b"x".to_vec()).expect(415).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_70_a_rejected_name_keeps_the_preview_in_view() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let fields = [("secret", code.as_str()), ("firstName", "a\u{1}b")];
    let page = server.post("/invitations/accept").form(&fields).expect(400).await.text();
    assert!(page.contains("Join <bdi>Acme Ltd</bdi>") && page.contains("id=\"firstName-error\""), "{page}");
}
