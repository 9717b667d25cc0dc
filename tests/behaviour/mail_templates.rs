//! Custom mail templates of the operator.

use std::fs;

use crate::support::program::run;
use crate::support::seed;
use crate::support::server::TestServer;

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a template");
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_in_the_folder_replaces_the_built_in_one() {
    let templates = folder_with(&[
        ("invitation.text.hbs", "Ahoy {{organisation}}! {{link}}\n{{code}}\n"),
        ("notes.txt", "not a template"),
    ]);
    let server =
        TestServer::start_with(&["--mail-templates", templates.path().to_str().expect("a path")]).await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let mail = &server.mails().await[0];
    assert!(mail.text.starts_with("Ahoy Acme Ltd! http://localhost:"), "{}", mail.text);
    assert!(mail.text.contains(&code) && mail.html.contains(&code));
    assert!(mail.subject.contains("invited to join"), "the built-in one: {}", mail.subject);
}

#[test]
fn a_broken_template_fails_the_start_with_its_file_and_line() {
    let broken = "<p>{{code}}</p>\n<p>{{organisatoin}}</p>\n";
    for (name, text, named) in [
        ("invitation.html.hbs", broken, "invitation.html.hbs:2:"),
        ("invitation.html.hbs", "{{code}}\n{{#each}}", "invitation.html.hbs:"),
        ("invitation.txt.hbs", "{{code}}", "is not one of invitation.subject.hbs"),
        ("invitation.subject.hbs", "Your code is {{code}}", "invitation.subject.hbs: must not show"),
    ] {
        let templates = folder_with(&[(name, text)]);
        let path = templates.path().display().to_string();
        let error = refused(&path);
        assert!(error.contains("the mail templates: ") && error.contains(named), "{error}");
    }
    assert!(refused("nowhere").contains("nowhere: "));
}

/// The error of `serve`, which must not create anything.
fn refused(templates: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("test.db");
    let path = database.display().to_string();
    let output =
        run(&["serve", "--listen", "127.0.0.1:0", "--database", &path, "--mail-templates", templates]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!database.exists());
    String::from_utf8_lossy(&output.stderr).into_owned()
}
