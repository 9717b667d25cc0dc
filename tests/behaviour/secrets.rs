//! The leak detection itself (complaint 9): whatever a test does, it fails if its server leaks a secret. Here secrets
//! are leaked on purpose, and the detection has to report them.

use serde_json::json;
use tempfile::TempDir;

use crate::support::inside::{execute, hold_mail};
use crate::support::program::{Serving, run, run_well};
use crate::support::server::PATIENCE;
use crate::support::tcp::{Tcp, request};
use crate::support::{TestServer, leaks, seed};

/// Stores Ivy's code as a name that the API returns.
async fn put_as_name(server: &TestServer, code: &str) {
    let call = server.call("PUT", &format!("/api/users/{}", seed::NINA)).caller(seed::OWNER_SES);
    call.json(&json!({ "firstName": code })).expect(200).await;
}

/// Reverts what [`put_as_name`] wrote to the file.
fn tidy(server: &TestServer) {
    execute(
        server,
        "UPDATE users SET first_name = NULL, search_name = ''; DELETE FROM audit_logs WHERE action = 'updated'",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_a_secret_in_a_response_or_in_the_file_is_detected() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    assert_eq!(server.leaks(), Vec::<String>::new());
    // A truncated secret without its prefix is detected, too.
    put_as_name(&server, &code["brms_inv_".len()..code.len() - 3]).await;
    server.get("/api/users").caller(seed::OWNER_SES).expect(200).await;
    let leaks = server.leaks();
    let at: Vec<&str> = leaks.iter().map(|leak| leak.split(" has ").next().expect("a place")).collect();
    let put = format!("PUT /api/users/{} answered 200", seed::NINA);
    let expected = [put.as_str(), "GET /api/users answered 200", "users.first_name", "audit_logs.data"];
    assert_eq!(at.len(), expected.len(), "{at:?}");
    assert!(expected.iter().all(|place| at.contains(place)), "{at:?}");
    tidy(&server);
    assert_eq!(server.leaks(), Vec::<String>::new(), "a leak in a response is reported once");
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "a secret is where it must not be:\nPUT /api/users/")]
async fn iv_09_a_test_whose_server_leaks_fails() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    put_as_name(&server, &code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_a_code_that_no_test_has_read_is_detected_too() {
    let server = TestServer::start().await;
    hold_mail(&server);
    server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(200).await;
    execute(
        &server,
        "UPDATE organisations SET display_name = (SELECT secret FROM mails) WHERE name = 'acme'",
    );
    let leaks = server.leaks();
    assert!(
        leaks.len() == 1 && leaks[0].starts_with("organisations.display_name has brms_inv_"),
        "{leaks:?}"
    );
    execute(&server, "UPDATE organisations SET display_name = 'Acme'");
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_a_token_in_a_response_other_than_that_of_its_creation_is_detected() {
    let server = TestServer::start().await;
    let body = json!({ "note": "n", "allProjects": true, "expiry": "week" });
    let made =
        server.post("/api/personal-access-tokens").caller(seed::OWNER_SES).json(&body).expect(200).await;
    let path = format!("/api/personal-access-tokens/{}", made.json()["id"].as_str().expect("an id"));
    let renewal = server.post(&format!("{path}/regenerate")).caller(seed::OWNER_SES);
    let renewed = renewal.json(&json!({ "expiry": "week" })).expect(200).await.json();
    assert_eq!(server.leaks(), Vec::<String>::new());
    for token in [&made.json(), &renewed] {
        put_as_name(&server, token["token"].as_str().expect("a secret")).await;
        assert!(server.leaks()[0].starts_with("PUT /api/users/"));
        tidy(&server);
    }
    // Also in the note of another token.
    let body = json!({ "note": renewed["token"], "allProjects": true, "expiry": "week" });
    server.post("/api/personal-access-tokens").caller(seed::OWNER_SES).json(&body).expect(200).await;
    assert_eq!(server.leaks()[0], "POST /api/personal-access-tokens answered 200");
    execute(&server, "UPDATE personal_access_tokens SET note = ''; DELETE FROM audit_logs");
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_secrets_of_the_seed_and_manually_read_responses_are_checked() {
    let server = TestServer::start().await;
    put_as_name(&server, seed::READER_PAT.trim_start_matches("Bearer ")).await;
    // The response, the name, what searches look at, and the audit log.
    assert_eq!(server.leaks().len(), 4);
    let mut tcp = Tcp::connect(&server);
    tcp.send(request("GET", "/api/users", &[("authorization", seed::OWNER_PAT)], b""));
    assert_eq!(tcp.next().status, 200);
    assert!(server.leaks().contains(&"a request by hand answered 200".to_owned()));
    tidy(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_a_secret_in_a_log_line_of_any_level_is_detected() {
    let server = TestServer::start().await;
    hold_mail(&server);
    server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(200).await;
    // A fresh secret, unknown until this server is checked: other tests check the same log.
    let sql = "SELECT secret FROM mails";
    let code: String = server.look(|tx| tx.row(sql, (), |row| row.get(0)));
    tracing::debug!(code = %code, "planted");
    tracing::error!("planted too: /invitations/accept#{code}, and so on");
    let leaks = server.leaks();
    assert_eq!(leaks.len(), 2, "{leaks:?}");
    assert!(leaks.iter().all(|leak| leak.starts_with("logged: {") && leak.contains("planted")), "{leaks:?}");
}

/// Starts the program and makes it send Ivy a code.
async fn sent_by_a_program(folder: &TempDir) -> (Serving, String) {
    let serving = Serving::start(folder.path(), &["--seed", seed::FILE]);
    crate::processes::call(&serving, "POST", &seed::invitation_path(seed::IVY))
        .caller(seed::OWNER_SES)
        .expect(200)
        .await;
    let database = folder.path().join("test.db").display().to_string();
    let begun = std::time::Instant::now();
    loop {
        let list = run_well(&["mailbox", "list", "--database", &database]);
        if list.contains("delivered") {
            let shown = run_well(&["mailbox", "show", &list[..36], "--database", &database]);
            let at = shown.find("brms_inv_").expect("a code");
            return (serving, shown[at..at + 52].to_owned());
        }
        assert!(begun.elapsed() < PATIENCE, "{list}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "a secret is where it must not be:\nlogged: planted by a test: brms_inv_")]
async fn iv_09_a_secret_in_the_log_of_a_program_is_detected() {
    let folder = tempfile::tempdir().expect("a folder");
    let (serving, code) = sent_by_a_program(&folder).await;
    let log = std::fs::OpenOptions::new().append(true).open(folder.path().join("log"));
    std::io::Write::write_all(&mut log.expect("the log"), format!("planted by a test: {code}\n").as_bytes())
        .expect("a line");
    drop(serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_09_a_secret_in_the_output_of_an_unrelated_command_is_detected() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_serving, code) = sent_by_a_program(&folder).await;
    // An unknown command, which the error message repeats.
    let caught = std::panic::catch_unwind(|| run(&[&code]));
    let words = caught.expect_err("seen").downcast::<String>().expect("words");
    assert!(words.contains("shows a secret"), "{words}");
}

#[test]
fn iv_09_ids_and_short_texts_are_not_secrets() {
    let code = format!("brms_inv_{}", "k".repeat(43));
    leaks::learn(&format!("Your code: {code}."));
    leaks::learn("brms_inv_ brms_pat_… brms_ses_short");
    let output = |text: &str| {
        let mut output = run(&["--version"]);
        output.stdout = text.as_bytes().to_vec();
        output
    };
    for harmless in ["brms_inv_", seed::IVY, &code[..40], "kkkk", &code.replace('k', "l")] {
        leaks::printed(&["token", "list"], &output(harmless));
    }
    leaks::printed(&["token", "create"], &output(&code));
    assert!(std::panic::catch_unwind(|| leaks::printed(&["token", "list"], &output(&code))).is_err());
}
