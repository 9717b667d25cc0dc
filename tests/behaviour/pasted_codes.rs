//! FR-54: the code of an invitation in what people paste. The same texts are pasted into the page by
//! `scripts/browser-test pasting`.

use serde_json::{Value, json};

use crate::support::{Answer, TestServer, leaks, seed};

const ACCEPT: &str = "/invitations/accept";
const TEXTS: &str = include_str!("../fixtures/pasted-codes.json");

/// Gives the pending invitation of Ivy these live codes in turn, and accepts with the first.
fn give_code(server: &TestServer, code: &str) {
    leaks::learn(code);
    let secret = brms::secret::Secret::parse(brms::secret::SecretKind::Invitation, code).expect("a code");
    let (hash, invitation) = (secret.hash(), crate::support::inside::id(seed::IVY));
    server.execute("UPDATE invitation_secrets SET state = 'replaced' WHERE state = 'live'");
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO invitation_secrets (secret_hash, invitation_id, state, is_send, created_at)
             SELECT ?1, id, 'live', 0, 1 FROM invitations WHERE user_id = ?2",
            &[&hash as &dyn brms::db::Parameter, &invitation][..],
        )
    });
}

/// What was found in a text, in the words of the fixture: `None` is no code.
fn found(answer: &Answer) -> (Option<&'static str>, u16) {
    match answer.problem().as_str() {
        "unknown-code" => (None, answer.status),
        "invalid-request" => (Some("several"), answer.status),
        // The code was recognised and its state told.
        "invitation-used" | "invitation-replaced" => (Some("code"), answer.status),
        other => panic!("{other}: {}", answer.text()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_54_the_code_is_found_in_whatever_was_pasted() {
    let server = TestServer::start().await;
    let texts: Vec<Value> = serde_json::from_str(TEXTS).expect("JSON");
    let codes: std::collections::BTreeSet<&str> =
        texts.iter().filter_map(|text| text["code"].as_str()).filter(|code| *code != "several").collect();
    for code in &codes {
        give_code(&server, code);
    }
    for text in &texts {
        let (what, pasted) = (&text["what"], text["text"].as_str().expect("a text"));
        let answer = server.post(ACCEPT).json(&json!({ "secret": pasted })).send().await;
        if answer.status == 200 {
            // The first one with the live code; all others find it used.
            continue;
        }
        let wanted = match text["code"].as_str() {
            None => (None, 404),
            Some("several") => (Some("several"), 400),
            Some(_) => (Some("code"), 410),
        };
        assert_eq!(found(&answer), wanted, "{what}: {pasted}");
        // A form gets the same status.
        let page = server.post(ACCEPT).form(&[("secret", pasted)]).expect(wanted.1).await.text();
        if wanted.0 == Some("several") {
            assert!(page.contains("several different codes"), "{what}: {page}");
            assert_eq!(answer.places(), ["/secret"], "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_54_a_pasted_wrapper_is_accepted_and_keeps_the_code_when_a_name_is_wrong() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let wrapped = format!(
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fpeople.test%2Finvitations%2Faccept%23{code}&data=05"
    );
    let page = server.post(ACCEPT).form(&[("secret", &wrapped), ("firstName", "\u{1}")]).expect(400).await;
    assert!(page.text().contains(&format!("value=\"{code}\"")), "{}", page.text());
    server.post(ACCEPT).form(&[("secret", &wrapped)]).expect(200).await;
}
