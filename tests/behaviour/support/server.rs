//! A server in this process, on a free port, with a file and a clock of its own.
//!
//! Of SQLite alone: `TestServer::sqlite`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use brms::clock::Clock;
use brms::config::{Arguments, Command, ServeSettings};
use brms::db::Tx;
use brms::mail_states::MailState;
use brms::problem::Problem;
use brms::startup::{Audience, Server};
use brms::store;
use clap::Parser;
use mail_parser::MessageParser;
use tempfile::TempDir;
use uuid::Uuid;

use super::leaks::{self, Watch};
use super::postgres::{self, TestDatabase};
use super::{Call, seed, statements};

/// The longest that a test waits for an expected event.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct TestServer {
    /// Declared first, so that it is dropped, and checks, while the file exists.
    watch: Watch,
    server: Server,
    pub clock: Clock,
    pub http: reqwest::Client,
    /// The folder of the database; removed with the test.
    pub folder: TempDir,
    /// The database, if it is not a file. Declared last, so that it is dropped after the server.
    on_postgres: Option<TestDatabase>,
}

impl TestServer {
    /// A server with the example seed.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with additional flags of `brms serve`.
    pub async fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let seeded: Vec<&str> = ["--seed", seed::FILE].into_iter().chain(flags.iter().copied()).collect();
        Self::start_in(folder, &seeded).await
    }

    /// A server on the content of the folder, with only these flags.
    pub async fn start_in(folder: TempDir, flags: &[&str]) -> Self {
        Watch::begin();
        let clock = Clock::default();
        let on_postgres = TestDatabase::of(folder.path());
        let mut settings = settings(&postgres::location(folder.path()), flags);
        if on_postgres.is_some() {
            // Those of a file are beside it.
            let beside = folder.path().join("test.db.credentials");
            settings.credentials_file = settings.credentials_file.or(Some(beside));
        }
        let server =
            Server::start(&settings, clock.clone(), Audience::Unattended).await.expect("the server starts");
        let watch = Watch::new(&server.url(), folder.path().join("test.db"), None);
        Self { watch, server, clock, http: reqwest::Client::new(), folder, on_postgres }
    }

    /// Stops the server and returns the folder with its file.
    pub async fn stop(self) -> TempDir {
        self.server.stop().await;
        self.on_postgres.into_iter().for_each(TestDatabase::keep);
        self.folder
    }

    /// The application of the server.
    pub fn app(&self) -> &brms::app::App {
        self.server.app()
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The URL of the metrics, if they are served.
    pub fn metrics_url(&self) -> Option<&str> {
        self.server.metrics_url()
    }

    /// The base URL of links.
    pub fn home(&self) -> String {
        self.url().replace("127.0.0.1", "localhost")
    }

    /// `127.0.0.1:PORT`, for tests that use TCP directly.
    pub fn address(&self) -> String {
        self.url().trim_start_matches("http://").to_owned()
    }

    /// The setting `--database`: a file, or a URL.
    pub fn database(&self) -> PathBuf {
        postgres::location(self.folder.path())
    }

    /// Reads the database, whichever engine it is.
    pub fn look<T: Send>(&self, look: impl FnOnce(&Tx) -> Result<T, Problem> + Send) -> T {
        statements::of_test(|| self.app().db.peek(look)).expect("what the test looks at is there")
    }

    /// Changes the database directly.
    pub fn change<F>(&self, mut change: F)
    where
        F: FnMut(&Tx) -> Result<usize, Problem> + Send + 'static,
    {
        let db = self.app().db.clone();
        let write = move || db.write_blocking(move |tx| statements::of_test(|| change(tx)));
        // On a thread of its own: the runtime's threads may not wait for the writer.
        std::thread::spawn(write).join().expect("no panic").expect("the test's own change");
    }

    /// The same with a single statement without parameters.
    pub fn execute(&self, sql: &str) {
        self.execute_of(sql, []);
    }

    /// The same with ids as `?1`, `?2` and so on.
    pub fn execute_of<const COUNT: usize>(&self, sql: &str, ids: [Uuid; COUNT]) {
        let sql = sql.to_owned();
        self.change(move |tx| tx.execute(&sql, ids));
    }

    /// A separate connection for tests of SQLite itself: its catalogue, triggers, locks.
    pub fn sqlite(&self) -> rusqlite::Connection {
        assert!(self.on_postgres.is_none(), "a test of SQLite alone begins with of_sqlite_alone!");
        let connection = rusqlite::Connection::open(self.database()).expect("the database opens");
        connection.busy_timeout(PATIENCE).expect("a time-out is set");
        connection
    }

    /// One number from the database.
    pub fn count(&self, sql: &str) -> i64 {
        self.count_of(sql, [])
    }

    /// The same with ids as `?1`, `?2` and so on.
    pub fn count_of<const COUNT: usize>(&self, sql: &str, ids: [Uuid; COUNT]) -> i64 {
        self.look(|tx| tx.row(sql, ids, |row| row.get(0)))
    }

    /// Every place with a leaked secret.
    pub fn leaks(&self) -> Vec<String> {
        self.watch.leaks()
    }

    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str) -> Call {
        self.call("POST", path)
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(&self.http, method, &self.url(), path)
    }

    /// Every delivered mail, oldest first, once no mail is queued.
    pub async fn mails(&self) -> Vec<Mail> {
        let db = &self.server.app().db;
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let listed = db
                .read(brms::db::Party::Server, until, |tx| store::mails::list(tx, None))
                .await
                .expect("the mailbox is read");
            if listed.iter().all(|mail| mail.state != MailState::Queued) {
                let read =
                    |id| db.peek(|tx| store::mails::message(tx, id)).expect("a mail is read").flatten();
                return listed.iter().filter_map(|mail| read(mail.id)).map(Mail::parse).collect();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Advances the clock, and wakes mail delivery.
    pub fn advance(&self, length: Duration) {
        self.clock.advance(length);
        self.ring();
    }

    /// Wakes mail delivery.
    pub fn ring(&self) {
        self.server.app().db.mail_queued().notify_one();
    }

    /// The code of the latest mail to this address.
    pub async fn code(&self, address: &str) -> String {
        let mails = self.mails().await;
        let last = mails.iter().rev().find(|mail| mail.to == address);
        last.unwrap_or_else(|| panic!("no mail to {address}")).code.clone()
    }

    /// Sends the invitation of a user as the owner, and returns the code from the mail.
    pub async fn send_invitation(&self, user_id: &str, address: &str) -> String {
        // Mails are sorted by time: two sends must not share a millisecond.
        self.clock.advance(Duration::from_millis(1));
        self.post(&seed::invitation_path(user_id)).caller(seed::OWNER_SES).expect(200).await;
        self.code(address).await
    }
}

/// The settings of `brms serve` with these flags.
pub fn settings(database: &std::path::Path, flags: &[&str]) -> ServeSettings {
    let base = ["brms".into(), "serve".into(), "--listen".into(), "127.0.0.1:0".into(), "--database".into()];
    let arguments: Vec<OsString> = base
        .into_iter()
        .chain([database.as_os_str().to_owned()])
        .chain(flags.iter().map(OsString::from))
        .collect();
    match Arguments::try_parse_from(arguments).expect("the flags are right").command {
        Command::Serve(settings) => *settings,
        other => panic!("not serve: {other:?}"),
    }
}

/// A delivered mail, parsed by a third-party library.
pub struct Mail {
    pub raw: Vec<u8>,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub code: String,
}

impl Mail {
    pub fn parse(raw: Vec<u8>) -> Self {
        let message = MessageParser::default().parse(&raw).expect("the mail is a message");
        let to = message.to().and_then(|to| to.first()).and_then(|to| to.address()).expect("To").to_owned();
        let text = message.body_text(0).expect("a text part").into_owned();
        let html = message.body_html(0).expect("an HTML part").into_owned();
        let of_sign_in = || text.find("/sign-in#").map(|place| place + "/sign-in#".len());
        let begin = text.find("brms_inv_").or_else(of_sign_in).expect("a code in the text");
        let is_code = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        let code: String = text[begin..].chars().take_while(|letter| is_code(*letter)).collect();
        leaks::learn(&code);
        let subject = message.subject().expect("a subject").to_owned();
        Self { raw, to, subject, text, html, code }
    }
}
