//! FR-53: texts that others choose, on the terminal of the operator and in mails. Every field that a command prints
//! holds an escape sequence, line breaks, bidirectional controls and an encoded word. `scripts/browser-test parsers`
//! reads the mails with other parsers.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::{Command, Output};

use clap::CommandFactory;
use mail_parser::MessageParser;
use serde_json::json;

use crate::support::program::{brms, run_well, without_settings};
use crate::support::smtp::{Deed, Rule, Sink, Stage};
use crate::support::{TestServer, leaks, seed};

/// What a terminal acts on, and what a reader of headers decodes. A line that begins with FORGED was not printed by
/// the command.
const PLANT: &str = "a\u{1b}]0;pwned\u{7}\u{9b}31m\r\nFORGED\u{202e}b\u{2066}\u{2028}\u{85}FORGED \
                     =?utf-8?q?=1B]0=3Bx=07=0AFORGED?= e";

/// Commands that print nothing which others choose.
const NOTHING_OF_OTHERS: [&str; 12] = [
    "serve",
    "init",
    "demo",
    "seed",
    "backup",
    "restore",
    "compact",
    "copy",
    "openapi",
    "completions",
    "man",
    "mail cancel",
];

/// Fails if a terminal would do anything else than show the text.
fn read_as_a_terminal(what: &str, output: &Output) {
    for (stream, bytes) in [("output", &output.stdout), ("error", &output.stderr)] {
        let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{what}: {stream} is UTF-8"));
        // A terminal ends lines so.
        let text = &text.replace("\r\n", "\n");
        for c in text.chars() {
            let is_shown = c == '\n'
                || !c.is_control()
                    && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
            assert!(is_shown, "{what}: {c:?} in {text}");
        }
        let forged = text.lines().find(|line| line.trim_start().starts_with("FORGED"));
        assert!(forged.is_none(), "{what}: a line that was not printed: {text}");
    }
}

/// Plants the text in every column that a command prints.
fn plant(server: &TestServer) {
    let updates = [
        "UPDATE organisations SET display_name = ?1, name = ?1",
        "UPDATE users SET first_name = ?1, last_name = ?1 WHERE email <> 'owner@acme.test'",
        "UPDATE users SET email = ?1, email_folded = 'planted' WHERE email = 'nina@acme.test'",
        "UPDATE projects SET name = ?1, key = ?1 || key",
        "UPDATE groups SET name = ?1",
        "UPDATE roles SET name = ?1",
        "UPDATE personal_access_tokens SET note = ?1",
        "UPDATE mails SET recipient = ?1, last_answer = ?1",
    ];
    for update in updates {
        server.change(move |tx| tx.execute(update, [&PLANT]));
    }
}

/// What the output of a command goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Pipes,
    /// A pseudo-terminal, which `script` of util-linux makes.
    Terminal,
}

impl To {
    fn command(self, arguments: &[&str]) -> Command {
        if self == Self::Pipes {
            let mut command = brms();
            command.args(arguments);
            return command;
        }
        let words = [&[env!("CARGO_BIN_EXE_brms")], arguments].concat();
        let words = shlex::try_join(words).expect("no NUL");
        let mut command = without_settings(Command::new("script"));
        // Colours, where a terminal has them.
        command.args(["--quiet", "--return", "--command", &words, "/dev/null"]).env("TERM", "xterm-256color");
        command
    }
}

/// Runs commands on the database of a server, and records which.
struct Commands {
    to: To,
    database: String,
    run: BTreeSet<String>,
}

impl Commands {
    fn show(&mut self, command: &str, more: &[&str], code: i32) -> Output {
        self.run.insert(command.to_owned());
        let arguments: Vec<&str> = command.split(' ').chain(more.iter().copied()).collect();
        let mut program = self.to.command(&arguments);
        let output = program.env("BRMS_DATABASE", &self.database).output().expect("brms runs");
        leaks::printed(&arguments, &output);
        read_as_a_terminal(&format!("{arguments:?}"), &output);
        let [shown, error] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {shown}{error}");
        // A terminal shows both.
        assert_eq!(error.is_empty(), code == 0 || self.to == To::Terminal, "{arguments:?}: {error}");
        assert!(!shown.is_empty() || self.to == To::Pipes, "{arguments:?}: nothing was shown");
        output
    }
}

/// Replaces the content of every mail by one whose headers decode to the planted text.
fn plant_mail(server: &TestServer) {
    let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let word = format!("=?utf-8?b?{}?=", encode(PLANT));
    // The body of a mail has lines of its own.
    let body = encode(&PLANT.replace("\r\n", ""));
    let message = format!(
        "From: {word} <a@b.test>\r\nReply-To: {word} <a@b.test>\r\nTo: {word} <a@b.test>\r\nSubject: {word}\r\n\
         Date: Thu, 26 Nov 2026 10:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
    );
    server.change(move |tx| tx.execute("UPDATE mails SET message = ?1", [&message.as_bytes()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_53_no_command_prints_what_a_terminal_acts_on() {
    every_command_prints_planted_texts(To::Pipes).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn fr_53_no_command_shows_on_a_terminal_what_it_acts_on() {
    every_command_prints_planted_texts(To::Terminal).await;
}

async fn every_command_prints_planted_texts(to: To) {
    let server = TestServer::start().await;
    let role = json!({ "name": "r", "allProjects": true, "users": [seed::READER], "projectPermissions": ["documents"] });
    server.post("/api/roles").caller(seed::OWNER_PAT).json(&role).expect(200).await;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    plant(&server);
    plant_mail(&server);
    let database = server.database().display().to_string();
    let mail = run_well(&["mailbox", "list", "--database", &database]);
    let mail = mail.split(' ').next().expect("an id");
    let mut commands = Commands { to, database, run: BTreeSet::new() };
    if to == To::Terminal {
        // For another program it prints bytes as they are.
        commands.show("mailbox show", &["--raw", mail], 0);
    }
    for (command, more) in [
        ("user list", &[][..]),
        ("user list", &["--json"]),
        ("user show", &[seed::NINA]),
        ("user show", &[seed::READER]),
        ("user show", &[seed::READER, "--json"]),
        ("user set-email", &[seed::READER, "reader@moved.test"]),
        ("invitation list", &[]),
        ("invitation list", &["--json"]),
        ("invitation link", &[seed::IVY]),
        ("invitation link", &[seed::IVY, "--json"]),
        ("invitation withdraw", &[seed::IVY]),
        ("invitation withdraw", &[seed::IVY, "--json"]),
        ("token list", &[]),
        ("token create", &["--user", seed::NINA, "--kind", "internal"]),
        ("sign-in link", &["--user", seed::NINA]),
        ("sign-in link", &["--user", seed::NINA, "--json"]),
        ("project list", &[]),
        ("mail list", &[]),
        ("mail show", &[mail]),
        ("mailbox list", &[]),
        ("mailbox show", &[mail]),
        ("export", &[]),
        ("stats", &[]),
        ("stats", &["--json"]),
    ] {
        let output = commands.show(command, more, 0);
        if more.contains(&"--json") || command == "export" {
            serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON");
        }
        // A line for each user, and the header.
        let lines = String::from_utf8_lossy(&output.stdout).lines().count();
        assert!(command != "user list" || more == ["--json"] || lines == 13, "{lines} lines");
    }
    errors_of_planted_words(&mut commands, mail);
    for command in every_command() {
        assert!(
            commands.run.contains(&command) || NOTHING_OF_OTHERS.contains(&command.as_str()),
            "brms {command} is new: plant texts in what it prints"
        );
    }
}

/// Words of a relay, of another server, and of the command line itself.
fn errors_of_planted_words(commands: &mut Commands, mail: &str) {
    let relay = Sink::start();
    let port = relay.address().port().to_string();
    let answer = "5.7.1 no \u{1b}]0;pwned\u{7}\u{202e}\u{9b}x\u{2028}y";
    relay.script([Rule::at(Stage::End, Deed::Answer(554, answer))]);
    let sent = ["a@b.test", "--smtp-host", "127.0.0.1", "--smtp-port", &port, "--smtp-tls", "none"];
    commands.show("mail test", &[&sent[..], &["--mail-from", "a@b.test"]].concat(), 1);
    commands.show("health", &["--listen", &evil_server()], 1);
    commands.show("mail retry", &[mail], 1);
    commands.show("check", &[], 1);
    let report = commands.show("check", &["--json"], 1);
    // A terminal shows the error behind it.
    let mut report = serde_json::Deserializer::from_slice(&report.stdout).into_iter::<serde_json::Value>();
    assert!(report.next().is_some_and(|report| report.is_ok()), "JSON");
    commands.show("user show", &[PLANT], 1);
    commands.show("user set-email", &[PLANT, "a@b.test"], 1);
    commands.show("user set-email", &[seed::NINA, PLANT], 2);
    commands.show("invitation link", &[PLANT], 1);
    commands.show("token create", &["--user", PLANT, "--kind", "internal"], 1);
    commands.show("sign-in link", &["--user", PLANT], 1);
    commands.show("token revoke", &[PLANT], 2);
    commands.show("project delete", &[PLANT], 2);
}

/// A server whose every answer is planted. Returns its address.
fn evil_server() -> String {
    use std::io::{Read, Write};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let length = PLANT.len();
            let head = format!(
                "HTTP/1.1 503 Service Unavailable\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(format!("{head}{PLANT}").as_bytes());
        }
    });
    address
}

/// Every command that does something: `mail list`, `serve`.
fn every_command() -> Vec<String> {
    let command = brms::config::Arguments::command();
    let mut all = Vec::new();
    for outer in command.get_subcommands() {
        let inner: Vec<&str> = outer.get_subcommands().map(clap::Command::get_name).collect();
        let name = outer.get_name();
        all.extend(inner.iter().map(|inner| format!("{name} {inner}")));
        if inner.is_empty() {
            all.push(name.to_owned());
        }
    }
    all
}

/// What people may name themselves. One has a full stop where a header may have none, others decode to an address and to a
/// window title.
const NAMES: [&str; 6] = [
    "=?utf-8?q?x?=",
    ".a",
    "=?utf-8?q?security=40bank=2Eexample?= <ceo@bank.example>",
    "=?utf-8?Q?=1B]0=3Bpwned=07=0D=0ABcc:_x?= Ltd",
    "Söhne =?utf-8?b?4oCu?= & Co",
    "a =?us-ascii?q?b?= =?us-ascii?q?c?=",
];

/// As a name is shown in a mail: domains do not become links.
fn shown(name: &str) -> String {
    brms::mail::render::clean_name(name).expect("a name")
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_53_a_name_with_an_encoded_word_shows_as_typed_in_every_header() {
    for name in NAMES {
        let server = TestServer::start().await;
        server.change(move |tx| {
            tx.execute("UPDATE organisations SET display_name = ?1", [&name])?;
            tx.execute("UPDATE users SET first_name = ?1, last_name = NULL WHERE type = 'owner'", [&name])
        });
        server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
        let mails = server.mails().await;
        let message = MessageParser::default().parse(&mails[0].raw).expect("a message");
        assert_eq!(message.subject(), Some(format!("You are invited to join {}", shown(name)).as_str()));
        for address in [message.from(), message.reply_to()] {
            let first = address.and_then(|address| address.first()).expect("an address");
            assert_eq!(first.name(), Some(shown(name).as_str()), "{name}");
        }
        assert!(message.body_text(0).is_some_and(|text| text.contains(&shown(name))), "{name}");
        let raw = String::from_utf8(mails[0].raw.clone()).expect("ASCII");
        let head = raw.split("\r\n\r\n").next().expect("a head");
        assert!(head.lines().all(|line| line.len() <= 78), "{head}");
    }
}
