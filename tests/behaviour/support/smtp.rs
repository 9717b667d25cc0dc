//! A mail server for the tests, on a free loopback port. It supports the SMTP that a client needs (pipelining, AUTH,
//! STARTTLS, implicit TLS), misbehaves exactly as scripted, and keeps every mail with its envelope.

mod dialogue;
mod identity;

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::server::PATIENCE;
pub use identity::certificate_pem;

/// The extensions of the server, and its requirements.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
pub struct Habits {
    pub tls: Tls,
    /// Requires STARTTLS.
    pub wants_tls: bool,
    /// Supports addresses beyond ASCII (SMTPUTF8).
    pub takes_unicode: bool,
    /// Does not offer 8BITMIME.
    pub lacks_8bit: bool,
    /// Rejects raw UTF-8 in headers of a mail that was not announced with SMTPUTF8.
    pub refuses_raw_headers: bool,
    /// Requires AUTH with this name and password.
    pub login: Option<(&'static str, &'static str)>,
}

/// The encryption of connections.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Tls {
    #[default]
    Never,
    /// STARTTLS.
    OnRequest,
    /// Implicit TLS.
    AtOnce,
}

/// The stage of the dialogue at which a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Greeting,
    Hello,
    StartTls,
    Auth,
    From,
    To,
    /// The DATA command.
    Data,
    /// After the first line of the message.
    Content,
    /// After the final dot, when the mail is complete.
    End,
    Quit,
}

/// The action instead of the usual reply.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Replies with this code and these lines.
    Answer(u16, &'static str),
    /// Replies with these bytes.
    Say(&'static [u8]),
    /// Replies as usual, and sends these lines with it, as a man in the middle could.
    SayAhead(&'static [&'static str]),
    /// Rejects a complete message, quoting its first link, as some filters do.
    QuoteLink,
    /// Replies as usual, but not before [`Sink::release`].
    Hold,
    /// Sends nothing more, and keeps the connection open.
    Hang,
    /// Closes the connection without a reply.
    Drop,
}

/// One rule of the script. The first matching rule applies.
#[derive(Clone, Debug)]
pub struct Rule {
    stage: Stage,
    deed: Deed,
    times: usize,
    recipient: Option<String>,
}

impl Rule {
    /// Applies every time.
    pub fn at(stage: Stage, deed: Deed) -> Self {
        Self { stage, deed, times: usize::MAX, recipient: None }
    }

    /// Applies this many times.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Applies only to recipients whose address begins like this, hence from RCPT on.
    pub fn only_to(self, recipient: &str) -> Self {
        Self { recipient: Some(recipient.to_owned()), ..self }
    }
}

/// A complete mail: its final dot was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// When its final dot was received.
    pub at: Instant,
    /// The number of its connection, from 1.
    pub connection: usize,
    /// The client's name in EHLO.
    pub hello: String,
    pub is_tls: bool,
    /// The authenticated user.
    pub user: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    /// The message, its dots unstuffed.
    pub data: Vec<u8>,
    /// The reply to the final dot; `None` if there was none.
    pub answer: Option<u16>,
}

impl Received {
    /// Whether the server has accepted the mail: it said so, or could not send a reply.
    pub fn is_kept(&self) -> bool {
        self.answer.is_none_or(|code| code < 300)
    }
}

/// A line that a client sent outside of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub connection: usize,
    pub is_tls: bool,
    pub line: String,
}

#[derive(Default)]
struct State {
    script: Vec<Rule>,
    received: Vec<Received>,
    heard: Vec<Heard>,
    /// The number of connections so far.
    connections: usize,
    /// The open connections, closed when the server ends.
    open: HashMap<usize, TcpStream>,
    /// How often held connections were released.
    releases: usize,
    /// How many connections are held now.
    held: usize,
    is_closed: bool,
}

struct Shared {
    habits: Habits,
    state: Mutex<State>,
    released: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread of the server panicked")
    }

    /// Waits until the next release.
    fn hold(&self) {
        let mut state = self.state();
        state.held += 1;
        let before = state.releases;
        let waits = |state: &mut State| state.releases == before && !state.is_closed;
        let released = self.released.wait_while(state, waits);
        released.expect("no thread of the server panicked").held -= 1;
    }

    /// The matching rule of the script.
    fn deed(&self, stage: Stage, to: &[String]) -> Option<Deed> {
        let mut now = self.state();
        let fits = |rule: &&mut Rule| {
            let meant =
                rule.recipient.as_ref().is_none_or(|wanted| to.iter().any(|to| to.starts_with(wanted)));
            rule.stage == stage && rule.times > 0 && meant
        };
        let rule = now.script.iter_mut().find(fits)?;
        rule.times -= 1;
        Some(rule.deed.clone())
    }
}

/// The server. Dropping it closes all its connections.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Sink {
    /// One that accepts everything.
    pub fn start() -> Self {
        Self::with(Habits::default())
    }

    pub fn with(habits: Habits) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), habits)
    }

    /// On a loopback address that was free before.
    pub fn at(address: SocketAddr, habits: Habits) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { habits, state: Mutex::default(), released: Condvar::new() });
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the script.
    pub fn script(&self, rules: impl IntoIterator<Item = Rule>) {
        self.shared.state().script = rules.into_iter().collect();
    }

    /// Every complete mail, whatever the reply was.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// The accepted mails.
    pub fn kept(&self) -> Vec<Received> {
        self.received().into_iter().filter(Received::is_kept).collect()
    }

    /// Every line outside of messages.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.state().heard.clone()
    }

    /// The accepted mails, once there are this many.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let kept = self.kept();
            if kept.len() >= count {
                return kept;
            }
            assert!(tokio::time::Instant::now() < until, "{} of {count} mails came", kept.len());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Releases held connections, once there is one.
    pub async fn release(&self) {
        let until = tokio::time::Instant::now() + PATIENCE;
        while self.shared.state().held == 0 {
            assert!(tokio::time::Instant::now() < until, "no connection is held");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.shared.state().releases += 1;
        self.shared.released.notify_all();
    }

    /// Closes every connection that is open.
    pub fn hang_up(&self) {
        for socket in self.shared.state().open.values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.released.notify_all();
        self.hang_up();
        // Wakes the accepting thread, so that it ends.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for socket in listener.incoming().flatten() {
        let mut state = shared.state();
        if state.is_closed {
            return;
        }
        state.connections += 1;
        let connection = state.connections;
        state.open.insert(connection, socket.try_clone().expect("a second handle"));
        drop(state);
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            dialogue::hold(&shared, connection, socket);
            shared.state().open.remove(&connection);
        });
    }
}
