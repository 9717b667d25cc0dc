//! What strangers may send to accept an invitation: little, and nothing of it comes back at length. FR-24.

use serde_json::json;

use crate::support::{TestServer, seed};

const ACCEPT: &str = "/invitations/accept";
const BYTES_MAX: usize = 8 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn fr_24_accepting_takes_eight_kilobytes() {
    let server = TestServer::start().await;
    let json = |bytes: usize| {
        let rest = json!({ "secret": "" }).to_string().len();
        json!({ "secret": "x".repeat(bytes - rest) }).to_string().into_bytes()
    };
    let form = |bytes: usize| format!("secret={}", "x".repeat(bytes - 7)).into_bytes();
    server.post(ACCEPT).body("application/json", json(BYTES_MAX)).expect(404).await;
    let refused = server.post(ACCEPT).body("application/json", json(BYTES_MAX + 1)).expect(413).await;
    assert!(refused.text().contains("8192 bytes"), "{}", refused.text());
    server.post(ACCEPT).own_form(form(BYTES_MAX)).expect(404).await;
    let page = server.post(ACCEPT).own_form(form(BYTES_MAX + 1)).expect(413).await.text();
    assert!(page.contains("<html") && page.contains("8192 bytes"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_24_a_form_of_many_fields_is_refused() {
    let server = TestServer::start().await;
    for fields in ["&a".repeat(4_000), "&".repeat(8_000), "a=b&".repeat(17)] {
        let page = server.post(ACCEPT).own_form(fields.into_bytes()).expect(400).await.text();
        assert!(page.contains("more than 16 fields"), "{page}");
    }
    let few = format!("secret=x{}", "&a=b".repeat(10));
    server.post(ACCEPT).own_form(few.into_bytes()).expect(404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_24_names_over_the_length_are_not_repeated() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let long = "'".repeat(2_000);
    let fields = [("secret", code.as_str()), ("firstName", long.as_str()), ("lastName", "O'Neil")];
    let page = server.post(ACCEPT).form(&fields).expect(400).await.text();
    assert!(page.contains("This is 2000 characters long; the limit is 200."), "{page}");
    assert!(!page.contains("&#x27;&#x27;") && page.contains("O&#x27;Neil"), "{page}");
    assert!(page.len() < BYTES_MAX, "{} bytes", page.len());
    let body = json!({ "secret": code, "firstName": long });
    let answer = server.post(ACCEPT).json(&body).expect(400).await.text();
    assert!(!answer.contains("''") && answer.len() < 1_000, "{answer}");
    let fields = [("secret", code.as_str()), ("firstName", "Ivy"), ("lastName", "O'Neil")];
    server.post(ACCEPT).form(&fields).expect(200).await;
}
