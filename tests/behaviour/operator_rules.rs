//! The operator's actions, called directly and in this process. The commands have tests of their own; here the
//! statements that only they run are recorded for `scripts/portable-sql`.

use brms::mail_states::MailState;
use brms::operator::{mails, tokens};
use brms::store;
use uuid::Uuid;

use crate::support::inside::{hold_mail, id, sign_in};
use crate::support::{TestServer, seed};

/// Runs on a thread of its own: the runtime's threads may not wait for the writer.
fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(work).join().expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_mail_is_retried_and_cancelled_and_a_delivered_one_is_kept() {
    let server = TestServer::start().await;
    server.send_invitation(seed::IAN, seed::IAN_EMAIL).await;
    hold_mail(&server);
    server.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(200).await;
    let (db, rules) = (server.app().db.clone(), server.app().invitations);
    let queued = db.peek(|tx| store::mails::list(tx, Some(MailState::Queued))).expect("the outbox");
    let [mail] = &queued[..] else { panic!("{} mails wait", queued.len()) };
    let mail = mail.id;
    let kept = db.peek(store::mails::kept).expect("the mailbox");
    assert_eq!(kept.len(), 1, "the mail that arrived");
    let cancelled = aside({
        let db = db.clone();
        move || mails::cancel(&db, mail)
    });
    assert_eq!(cancelled.expect("it still waited").state, MailState::Queued, "as it was");
    assert_eq!(aside(move || mails::find(&db, mail)).expect("it is there").state, MailState::Cancelled);
    let db = server.app().db.clone();
    assert!(aside(move || mails::retry(&db, &rules, mail)).is_err(), "what was cancelled is not sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_credential_of_either_kind_is_rejected() {
    let server = TestServer::start().await;
    let session = sign_in(&server, seed::NINA, None);
    server.get("/api/projects").caller(&session).expect(200).await;
    let ids =
        [("internal_tokens", seed::NINA), ("personal_access_tokens", seed::MANAGER)].map(|(table, user)| {
            let sql = format!("SELECT id FROM {table} WHERE user_id = ?1");
            server.look(|tx| tx.row(&sql, [id(user)], |row| row.get::<Uuid>(0)))
        });
    for id in ids {
        let db = server.app().db.clone();
        let revoked = aside(move || db.write_blocking(move |tx| tokens::revoke(tx, id)));
        assert!(revoked.expect("it is revoked"));
    }
    server.get("/api/projects").caller(&session).expect(401).await;
    server.get("/api/projects").caller(seed::MANAGER_PAT).expect(401).await;
}
