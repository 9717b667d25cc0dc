//! One connection of the test mail server: reads commands, consults the script, replies.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::MessageParser;
use rustls::{ServerConnection, StreamOwned};

use super::{Deed, Heard, Received, Shared, Stage, Tls, identity};

/// The connection has ended.
struct Over;

type Step<T = ()> = Result<T, Over>;

trait Channel: Read + Write + Send {}
impl<T: Read + Write + Send> Channel for T {}

struct Dialogue {
    shared: Arc<Shared>,
    connection: usize,
    socket: TcpStream,
    channel: Box<dyn Channel>,
    unread: Vec<u8>,
    is_tls: bool,
    hello: String,
    user: Option<String>,
    from: Option<String>,
    /// The mail was announced with SMTPUTF8.
    is_unicode: bool,
    to: Vec<String>,
}

/// Runs the dialogue until one side ends it.
pub(super) fn hold(shared: &Arc<Shared>, connection: usize, socket: TcpStream) {
    let channel = Box::new(socket.try_clone().expect("a second handle"));
    let mut dialogue = Dialogue {
        shared: Arc::clone(shared),
        connection,
        socket,
        channel,
        unread: Vec::new(),
        is_tls: false,
        hello: String::new(),
        user: None,
        from: None,
        is_unicode: false,
        to: Vec::new(),
    };
    let Err(Over) = dialogue.talk();
    // Others hold handles too, so dropping this one would not close the socket.
    let _ = dialogue.socket.shutdown(Shutdown::Both);
}

impl Dialogue {
    fn talk(&mut self) -> Result<std::convert::Infallible, Over> {
        if self.shared.habits.tls == Tls::AtOnce {
            self.encrypt();
        }
        self.act(Stage::Greeting, 220, "sink.test ESMTP")?;
        loop {
            let line = self.command()?;
            let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match word.to_ascii_uppercase().as_str() {
                "EHLO" => self.hello(rest, true)?,
                "HELO" => self.hello(rest, false)?,
                "STARTTLS" if self.offers_tls() => self.start_tls()?,
                "AUTH" if self.shared.habits.login.is_some() => self.auth(rest)?,
                "MAIL" => self.mail(rest)?,
                "RCPT" => self.recipient(rest)?,
                "DATA" => self.data()?,
                "RSET" => {
                    self.forget_mail();
                    self.answer(250, "2.0.0 Forgotten")?;
                }
                "NOOP" => self.answer(250, "2.0.0 Nothing done")?,
                "QUIT" => {
                    self.act(Stage::Quit, 221, "2.0.0 Bye")?;
                    return Err(Over);
                }
                _ => self.answer(502, "5.5.1 Not known here")?,
            }
        }
    }

    fn offers_tls(&self) -> bool {
        self.shared.habits.tls == Tls::OnRequest && !self.is_tls
    }

    fn hello(&mut self, name: &str, is_extended: bool) -> Step {
        name.clone_into(&mut self.hello);
        self.forget_mail();
        let mut lines = vec!["sink.test"];
        if is_extended {
            lines.push("PIPELINING");
            if !self.shared.habits.lacks_8bit {
                lines.push("8BITMIME");
            }
            lines.push("SIZE 10000000");
            if self.shared.habits.takes_unicode {
                lines.push("SMTPUTF8");
            }
            if self.offers_tls() {
                lines.push("STARTTLS");
            }
            if self.shared.habits.login.is_some() {
                lines.push("AUTH PLAIN LOGIN");
            }
        }
        self.act(Stage::Hello, 250, &lines.join("\n")).map(drop)
    }

    fn start_tls(&mut self) -> Step {
        if self.act(Stage::StartTls, 220, "2.0.0 Go ahead")? {
            // Commands before the handshake do not count (RFC 3207).
            self.unread.clear();
            self.hello.clear();
            self.encrypt();
        }
        Ok(())
    }

    fn encrypt(&mut self) {
        let connection = ServerConnection::new(identity::config()).expect("a configuration that works");
        let socket = self.socket.try_clone().expect("a second handle");
        self.channel = Box::new(StreamOwned::new(connection, socket));
        self.is_tls = true;
    }

    fn auth(&mut self, rest: &str) -> Step {
        let (mechanism, first) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let text = if first.is_empty() { self.ask("")? } else { first.to_owned() };
                let text = decoded(&text);
                let mut parts = text.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => {
                let user = if first.is_empty() { self.ask("Username:")? } else { first.to_owned() };
                (decoded(&user), decoded(&self.ask("Password:")?))
            }
            _ => return self.answer(504, "5.5.4 Not known here"),
        };
        let right = self.shared.habits.login.expect("AUTH is offered");
        if (given.0.as_str(), given.1.as_str()) != right {
            return self.answer(535, "5.7.8 Wrong name or password");
        }
        if self.act(Stage::Auth, 235, "2.7.0 Welcome")? {
            self.user = Some(given.0);
        }
        Ok(())
    }

    /// Requests another line of AUTH.
    fn ask(&mut self, question: &str) -> Step<String> {
        self.answer(334, &STANDARD.encode(question))?;
        self.command()
    }

    fn mail(&mut self, rest: &str) -> Step {
        let habits = &self.shared.habits;
        if habits.wants_tls && !self.is_tls {
            return self.answer(530, "5.7.0 Must issue a STARTTLS command first");
        }
        if habits.login.is_some() && self.user.is_none() {
            return self.answer(530, "5.7.0 Authentication required");
        }
        if self.hello.is_empty() || self.from.is_some() {
            return self.answer(503, "5.5.1 Not now");
        }
        if self.act(Stage::From, 250, "2.1.0 Sender taken")? {
            self.from = Some(address(rest));
            self.is_unicode = rest.contains("SMTPUTF8");
        }
        Ok(())
    }

    fn recipient(&mut self, rest: &str) -> Step {
        if self.from.is_none() {
            return self.answer(503, "5.5.1 Not now");
        }
        // The script matches recipients, so the address is added first and removed if it was rejected.
        self.to.push(address(rest));
        if !self.act(Stage::To, 250, "2.1.5 Recipient taken")? {
            self.to.pop();
        }
        Ok(())
    }

    fn data(&mut self) -> Step {
        if self.to.is_empty() {
            return self.answer(503, "5.5.1 Not now");
        }
        if !self.act(Stage::Data, 354, "End with a dot on a line of its own")? {
            return Ok(());
        }
        let data = self.content()?;
        let link = first_link(&data);
        let has_raw_header = self.has_raw_header(&data);
        let received = Received {
            at: Instant::now(),
            connection: self.connection,
            hello: self.hello.clone(),
            is_tls: self.is_tls,
            user: self.user.clone(),
            from: self.from.clone().expect("DATA comes after MAIL"),
            to: self.to.clone(),
            data,
            answer: None,
        };
        let mut state = self.shared.state();
        state.received.push(received);
        let place = state.received.len() - 1;
        drop(state);
        let deed = self.deed(Stage::End)?;
        if let Some(Deed::Say(bytes)) = deed {
            self.shared.state().received[place].answer = Some(code_of(bytes));
            self.forget_mail();
            return self.say(bytes);
        }
        let (code, text) = match deed {
            Some(Deed::Answer(code, text)) => (code, text.to_owned()),
            None if has_raw_header => (550, "5.6.7 Header is not ASCII".to_owned()),
            Some(Deed::QuoteLink) => (550, format!("5.7.1 Looks like a lure\n{link}")),
            _ => (250, "2.0.0 Taken".to_owned()),
        };
        // Recorded first: a test may look as soon as the reply arrives.
        self.shared.state().received[place].answer = Some(code);
        self.forget_mail();
        self.answer(code, &text)
    }

    /// Whether the relay rejects the message for its header.
    fn has_raw_header(&self, data: &[u8]) -> bool {
        let end = data.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(data.len());
        self.shared.habits.refuses_raw_headers && !self.is_unicode && !data[..end].is_ascii()
    }

    /// The lines up to the dot, unstuffed.
    fn content(&mut self) -> Step<Vec<u8>> {
        let mut data = Vec::new();
        let mut is_first = true;
        loop {
            let line = self.line()?;
            if line == b"." {
                return Ok(data);
            }
            data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            data.extend_from_slice(b"\r\n");
            if std::mem::take(&mut is_first) {
                self.deed(Stage::Content)?;
            }
        }
    }

    fn forget_mail(&mut self) {
        self.from = None;
        self.to.clear();
    }

    /// Follows the script if a rule matches this stage, and replies as usual otherwise. Returns whether the reply was
    /// positive.
    fn act(&mut self, stage: Stage, usual: u16, text: &str) -> Step<bool> {
        let (code, text, ahead) = match self.deed(stage)? {
            Some(Deed::Say(bytes)) => {
                self.say(bytes)?;
                return Ok(code_of(bytes) < 400);
            }
            Some(Deed::Answer(code, text)) => (code, text, &[][..]),
            Some(Deed::SayAhead(lines)) => (usual, text, lines),
            _ => (usual, text, &[][..]),
        };
        let lines = ahead.iter().fold(lines(code, text), |lines, line| lines + line + "\r\n");
        self.send(&lines)?;
        Ok(code < 400)
    }

    /// The scripted reply for this stage. Hanging and disconnecting happen here.
    fn deed(&mut self, stage: Stage) -> Step<Option<Deed>> {
        let deed = self.shared.deed(stage, &self.to);
        match deed {
            Some(Deed::Drop) => Err(Over),
            Some(Deed::Hold) => {
                self.shared.hold();
                Ok(None)
            }
            Some(Deed::Hang) => loop {
                // Until the client or the end of the test closes the connection.
                self.fill()?;
                self.unread.clear();
            },
            other => Ok(other),
        }
    }

    fn answer(&mut self, code: u16, text: &str) -> Step {
        self.send(&lines(code, text))
    }

    fn send(&mut self, text: &str) -> Step {
        self.say(text.as_bytes())
    }

    fn say(&mut self, bytes: &[u8]) -> Step {
        self.channel.write_all(bytes).and_then(|()| self.channel.flush()).map_err(|_| Over)
    }

    fn command(&mut self) -> Step<String> {
        let line = String::from_utf8_lossy(&self.line()?).into_owned();
        let heard = Heard { connection: self.connection, is_tls: self.is_tls, line: line.clone() };
        self.shared.state().heard.push(heard);
        Ok(line)
    }

    /// A line without its line ending, which must be CRLF.
    fn line(&mut self) -> Step<Vec<u8>> {
        loop {
            if let Some(length) = self.unread.windows(2).position(|bytes| bytes == b"\r\n") {
                let mut line: Vec<u8> = self.unread.drain(..length + 2).collect();
                line.truncate(length);
                return Ok(line);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Step {
        let mut buffer = [0; 4096];
        match self.channel.read(&mut buffer) {
            Ok(length) if length > 0 => {
                self.unread.extend_from_slice(&buffer[..length]);
                Ok(())
            }
            _ => Err(Over),
        }
    }
}

/// The three digits of a reply.
fn code_of(reply: &[u8]) -> u16 {
    std::str::from_utf8(&reply[..3]).expect("digits").parse().expect("a number")
}

/// A reply with as many lines as the text.
fn lines(code: u16, text: &str) -> String {
    let mut lines = String::new();
    let (body, last) = text.rsplit_once('\n').unwrap_or(("", text));
    for line in body.lines() {
        lines.extend([&code.to_string(), "-", line, "\r\n"]);
    }
    lines.extend([&code.to_string(), " ", last, "\r\n"]);
    lines
}

fn decoded(text: &str) -> String {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The first line of a message's text that contains a link.
fn first_link(data: &[u8]) -> String {
    let message = MessageParser::default().parse(data);
    let text = message.and_then(|message| Some(message.body_text(0)?.into_owned())).unwrap_or_default();
    text.lines().find(|line| line.contains("://")).unwrap_or_default().to_owned()
}

/// The address in `FROM:<a@b> SIZE=1`.
fn address(text: &str) -> String {
    let begin = text.find('<').map_or(0, |at| at + 1);
    let end = text.rfind('>').unwrap_or(text.len());
    text[begin..end].to_owned()
}
