//! The test mail server itself: what it accepts and rejects, and that it misbehaves exactly as scripted. The tests of
//! delivery rely on it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::server::PATIENCE;
use crate::support::smtp::{Deed, Habits, Rule, Sink, Stage, Tls, certificate_pem};

/// Long enough for a reply that is being sent.
const SILENCE: Duration = Duration::from_millis(100);

trait Channel: Read + Write {}
impl<T: Read + Write> Channel for T {}

/// A scripted client.
struct Client {
    socket: TcpStream,
    channel: BufReader<Box<dyn Channel>>,
}

impl Client {
    /// Connects without reading the greeting.
    fn connect(sink: &Sink) -> Self {
        let socket = TcpStream::connect(sink.address()).expect("a connection");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let channel: Box<dyn Channel> = Box::new(socket.try_clone().expect("a second handle"));
        Self { socket, channel: BufReader::new(channel) }
    }

    /// Connects and reads the greeting.
    fn greeted(sink: &Sink) -> Self {
        let mut client = Self::connect(sink);
        assert_eq!(client.answer(), "220 sink.test ESMTP");
        client
    }

    /// Starts TLS, trusting only the server's certificate.
    fn encrypted(self) -> Self {
        let mut roots = RootCertStore::empty();
        let certificate =
            CertificateDer::from_pem_slice(certificate_pem().as_bytes()).expect("a certificate");
        roots.add(certificate).expect("it is trusted");
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let socket = self.socket.try_clone().expect("a second handle");
        let channel: Box<dyn Channel> = Box::new(StreamOwned::new(connection, socket));
        Self { socket: self.socket, channel: BufReader::new(channel) }
    }

    fn send(&mut self, text: &str) {
        self.channel.get_mut().write_all(text.as_bytes()).expect("it is sent");
    }

    /// A whole reply with its lines joined; empty if the connection is closed instead.
    fn answer(&mut self) -> String {
        let mut lines = String::new();
        loop {
            let begin = lines.len();
            if self.channel.read_line(&mut lines).unwrap_or(0) == 0 {
                return lines;
            }
            if lines.as_bytes().get(begin + 3) != Some(&b'-') {
                return lines.trim_end_matches("\r\n").replace("\r\n", "\n");
            }
        }
    }

    /// Sends a line and returns the reply.
    fn say(&mut self, line: &str) -> String {
        self.send(&format!("{line}\r\n"));
        self.answer()
    }

    /// Whether nothing arrives although the connection is open.
    fn hears_nothing(&mut self) -> bool {
        self.socket.set_read_timeout(Some(SILENCE)).expect("a time-out");
        let heard = self.channel.fill_buf().map_err(|error| error.kind());
        self.socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        matches!(heard, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }
}

/// The commands of one mail, one for each stage from HELLO on.
const MAIL: [(Stage, &str); 6] = [
    (Stage::Hello, "EHLO me.test"),
    (Stage::From, "MAIL FROM:<a@b.test> SIZE=9"),
    (Stage::To, "RCPT TO:<c@d.test>"),
    (Stage::Data, "DATA"),
    (Stage::Content, "Subject: x"),
    (Stage::End, "\r\nHello\r\n."),
];

/// Sends the commands until one gets an unusual reply; returns that stage and the reply.
fn bring(client: &mut Client) -> Option<(Stage, String)> {
    for (stage, words) in MAIL {
        if stage == Stage::Content {
            client.send(&format!("{words}\r\n"));
            if client.hears_nothing() {
                continue;
            }
            return Some((stage, client.answer()));
        }
        let answer = client.say(words);
        if !answer.starts_with(['2', '3']) {
            return Some((stage, answer));
        }
    }
    None
}

#[test]
fn it_keeps_a_mail_whole_with_its_envelope() {
    let sink = Sink::start();
    let mut client = Client::greeted(&sink);
    assert_eq!(client.say("EHLO me.test"), "250-sink.test\n250-PIPELINING\n250-8BITMIME\n250 SIZE 10000000");
    // All at once, as PIPELINING allows.
    client.send("MAIL FROM:<> SIZE=5\r\nrcpt to:<one@x.test>\r\nRCPT TO:<Two@x.test>\r\nDATA\r\n");
    let answers: Vec<String> = (0..4).map(|_| client.answer()).collect();
    assert!(answers[..3].iter().all(|answer| answer.starts_with("250 ")), "{answers:?}");
    assert!(answers[3].starts_with("354 "), "{answers:?}");
    client.send("Subject: x\r\n\r\n..\r\n...dots\r\nbare\nline\r\n");
    assert!(sink.received().is_empty(), "not before the dot");
    assert!(client.say(".").starts_with("250 "));
    assert!(client.say("NOOP").starts_with("250 ") && client.say("WHAT").starts_with("502 "));
    assert!(client.say("QUIT").starts_with("221 "));
    assert_eq!(client.answer(), "", "closed");
    let received = sink.received();
    assert_eq!(received.len(), 1);
    let mail = &received[0];
    assert_eq!((mail.connection, mail.hello.as_str(), mail.is_tls), (1, "me.test", false));
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("", &["one@x.test".into(), "Two@x.test".into()][..])
    );
    assert_eq!(String::from_utf8_lossy(&mail.data), "Subject: x\r\n\r\n.\r\n..dots\r\nbare\nline\r\n");
    assert_eq!((mail.answer, mail.user.as_ref(), mail.is_kept()), (Some(250), None, true));
    let heard: Vec<String> = sink.heard().into_iter().map(|heard| heard.line).collect();
    assert_eq!(heard[4], "DATA", "{heard:?}");
    assert_eq!(heard[5], "NOOP", "{heard:?}");
}

#[test]
fn one_connection_carries_many_mails_and_commands_out_of_order_are_rejected() {
    let sink = Sink::start();
    let mut client = Client::greeted(&sink);
    assert!(client.say("MAIL FROM:<a@b.test>").starts_with("503 "), "before EHLO");
    assert!(client.say("DATA").starts_with("503 ") && client.say("RCPT TO:<a@b.test>").starts_with("503 "));
    for _ in 0..3 {
        assert_eq!(bring(&mut client), None);
    }
    client.say("MAIL FROM:<a@b.test>");
    assert!(client.say("MAIL FROM:<a@b.test>").starts_with("503 "));
    client.say("RSET");
    assert!(client.say("RCPT TO:<a@b.test>").starts_with("503 "), "forgotten");
    assert_eq!((sink.received().len(), sink.connections()), (3, 1));
}

#[test]
fn it_rejects_at_every_stage_with_the_scripted_reply() {
    let stages = [Stage::Greeting, Stage::Hello, Stage::From, Stage::To, Stage::Data, Stage::End];
    for stage in stages {
        for (code, words, heard) in [
            (450, "4.2.0 Try later", "450 4.2.0 Try later"),
            (
                550,
                "5.7.1 No\nReally not\nAsk the postmaster",
                "550-5.7.1 No\n550-Really not\n550 Ask the postmaster",
            ),
        ] {
            let sink = Sink::start();
            sink.script([Rule::at(stage, Deed::Answer(code, words))]);
            if stage == Stage::Greeting {
                assert_eq!(Client::connect(&sink).answer(), heard);
                continue;
            }
            let mut client = Client::greeted(&sink);
            assert_eq!(bring(&mut client), Some((stage, heard.to_owned())), "{stage:?}");
            assert!(sink.kept().is_empty(), "{stage:?}");
            let came_whole: Vec<Option<u16>> = sink.received().iter().map(|mail| mail.answer).collect();
            assert_eq!(came_whole, if stage == Stage::End { vec![Some(code)] } else { vec![] });
        }
    }
}

#[tokio::test]
async fn it_hangs_and_disconnects_at_every_stage() {
    for stage in MAIL.map(|(stage, _)| stage) {
        let sink = Sink::start();
        sink.script([Rule::at(stage, Deed::Drop)]);
        assert_eq!(bring(&mut Client::greeted(&sink)), Some((stage, String::new())), "{stage:?}");
        let answers: Vec<Option<u16>> = sink.kept().iter().map(|mail| mail.answer).collect();
        assert_eq!(answers, if stage == Stage::End { vec![None] } else { vec![] }, "{stage:?}");

        sink.script([Rule::at(stage, Deed::Hang)]);
        let mut client = Client::greeted(&sink);
        for (other, words) in MAIL {
            client.send(&format!("{words}\r\n"));
            if other == stage {
                break;
            }
            if other != Stage::Content {
                client.answer();
            }
        }
        assert!(client.hears_nothing(), "{stage:?}");
        client.send("NOOP\r\n");
        assert!(client.hears_nothing(), "{stage:?}");
    }
    let sink = Sink::start();
    sink.script([Rule::at(Stage::Greeting, Deed::Hold)]);
    let mut client = Client::connect(&sink);
    assert!(client.hears_nothing());
    sink.release().await;
    assert_eq!(client.answer(), "220 sink.test ESMTP");
    assert_eq!(bring(&mut client), None, "late, but as usual");
    assert!(Client::connect(&sink).hears_nothing(), "a later client is held again");
    sink.script([Rule::at(Stage::Greeting, Deed::Hang)]);
    let mut client = Client::connect(&sink);
    assert!(client.hears_nothing());
    drop(sink);
    assert_eq!(client.answer(), "", "a server that goes takes its connections along");
}

#[test]
fn a_rule_applies_as_often_and_to_the_recipients_it_says() {
    let sink = Sink::start();
    let refusal = || Deed::Answer(450, "4.2.0 Later");
    sink.script([
        Rule::at(Stage::To, refusal()).times(2),
        Rule::at(Stage::End, Deed::Answer(550, "5.7.1 No")).only_to("c@d.test").times(1),
        Rule::at(Stage::To, Deed::Drop).only_to("nobody@d.test"),
    ]);
    for expected in [Some(Stage::To), Some(Stage::To), Some(Stage::End), None, None] {
        assert_eq!(bring(&mut Client::greeted(&sink)).map(|(stage, _)| stage), expected);
    }
    let mut client = Client::greeted(&sink);
    client.say("EHLO me.test");
    client.say("MAIL FROM:<a@b.test>");
    assert_eq!(client.say("RCPT TO:<nobody@d.test>"), "");
    assert_eq!((sink.received().len(), sink.kept().len()), (3, 2));
}

#[test]
fn it_injects_extra_replies_or_omits_the_final_one_as_scripted() {
    let sink = Sink::start();
    sink.script([
        Rule::at(Stage::Hello, Deed::SayAhead(&["250-One", "250 Two", "354 Three"])),
        Rule::at(Stage::Quit, Deed::Hang),
    ]);
    let mut client = Client::greeted(&sink);
    assert!(client.say("EHLO me.test").ends_with("250 SIZE 10000000"));
    assert_eq!((client.answer().as_str(), client.answer().as_str()), ("250-One\n250 Two", "354 Three"));
    client.send("QUIT\r\n");
    assert!(client.hears_nothing());
}

#[test]
fn it_requires_authentication_as_scripted() {
    let habits = Habits { login: Some(("mailer", "pass word")), ..Habits::default() };
    let sink = Sink::with(habits);
    let plain = |user: &str, password: &str| STANDARD.encode(format!("\0{user}\0{password}"));
    let mut client = Client::greeted(&sink);
    assert!(client.say("EHLO me.test").contains("AUTH PLAIN LOGIN"));
    assert!(client.say("MAIL FROM:<a@b.test>").starts_with("530 "));
    for wrong in [plain("mailer", "password"), plain("mailer ", "pass word"), plain("", ""), "?".to_owned()] {
        assert!(client.say(&format!("AUTH PLAIN {wrong}")).starts_with("535 "), "{wrong}");
    }
    assert!(client.say("AUTH CRAM-MD5").starts_with("504 "));
    assert!(client.say("MAIL FROM:<a@b.test>").starts_with("530 "));
    assert!(client.say(&format!("AUTH PLAIN {}", plain("mailer", "pass word"))).starts_with("235 "));
    assert_eq!(bring(&mut client), None);
    let mut client = Client::greeted(&sink);
    client.say("EHLO me.test");
    assert!(client.say("AUTH PLAIN").starts_with("334 "));
    assert!(client.say(&plain("mailer", "pass word")).starts_with("235 "));
    let mut client = Client::greeted(&sink);
    client.say("EHLO me.test");
    assert_eq!(client.say("AUTH LOGIN"), format!("334 {}", STANDARD.encode("Username:")));
    assert_eq!(client.say(&STANDARD.encode("mailer")), format!("334 {}", STANDARD.encode("Password:")));
    assert!(client.say(&STANDARD.encode("pass word")).starts_with("235 "));
    assert_eq!(bring(&mut client), None);
    let users: Vec<_> = sink.received().into_iter().map(|mail| mail.user).collect();
    assert_eq!(users, [Some("mailer".to_owned()), Some("mailer".to_owned())]);
}

#[test]
fn it_offers_implicit_tls_or_starttls_and_can_require_it() {
    let sink = Sink::with(Habits { tls: Tls::AtOnce, ..Habits::default() });
    let mut client = Client::connect(&sink).encrypted();
    assert_eq!(client.answer(), "220 sink.test ESMTP");
    assert_eq!(bring(&mut client), None);
    assert!(!client.say("EHLO me.test").contains("STARTTLS"));

    let sink_on_request = Sink::with(Habits { tls: Tls::OnRequest, wants_tls: true, ..Habits::default() });
    let mut client = Client::greeted(&sink_on_request);
    assert!(client.say("EHLO me.test").contains("STARTTLS"));
    assert!(client.say("MAIL FROM:<a@b.test>").starts_with("530 "));
    assert!(client.say("STARTTLS").starts_with("220 "));
    let mut client = client.encrypted();
    assert!(client.say("MAIL FROM:<a@b.test>").starts_with("503 "), "commands before TLS are forgotten");
    assert!(!client.say("EHLO me.test").contains("STARTTLS"));
    assert_eq!(bring(&mut client), None);
    assert!(client.say("STARTTLS").starts_with("502 "), "not twice");

    for sink in [sink, sink_on_request] {
        assert_eq!(sink.received().iter().map(|mail| mail.is_tls).collect::<Vec<_>>(), [true]);
    }
    let plain = Sink::start();
    assert!(Client::greeted(&plain).say("STARTTLS").starts_with("502 "));
}
