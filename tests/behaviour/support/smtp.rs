//! A mail server of the tests' own, on a free port of loopback. It speaks as much SMTP as a client needs
//! (pipelining, AUTH, STARTTLS, TLS from the first byte), misbehaves exactly as its script says, and
//! keeps every mail whole, with who brought it and how.

mod dialogue;
mod identity;

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::server::PATIENCE;
pub use identity::certificate_pem;

/// What the server offers, and what it wants before it takes mail.
#[derive(Clone, Default)]
pub struct Habits {
    pub tls: Tls,
    /// Takes nothing before STARTTLS.
    pub wants_tls: bool,
    /// Takes addresses beyond ASCII (SMTPUTF8).
    pub takes_unicode: bool,
    /// Takes nothing before AUTH with this name and password.
    pub login: Option<(&'static str, &'static str)>,
}

/// When a connection is encrypted.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Tls {
    #[default]
    Never,
    /// When the client asks for it.
    OnRequest,
    /// From the first byte.
    AtOnce,
}

/// Where in the conversation something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Greeting,
    Hello,
    StartTls,
    Auth,
    From,
    To,
    /// The word DATA.
    Data,
    /// After the first line of the message.
    Content,
    /// After the final dot, when the mail is whole.
    End,
    Quit,
}

/// What is done there instead of the usual.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Answers with this code and these lines.
    Answer(u16, &'static str),
    /// Answers as usual, and in the same breath with these lines, as somebody in between might.
    SayAhead(&'static [&'static str]),
    /// Refuses a whole message, with its first link in the answer, as some filters do.
    QuoteLink,
    /// Does the usual, but not before [`Sink::release`].
    Hold,
    /// Says nothing any more, and keeps the connection.
    Hang,
    /// Closes the connection without a word.
    Drop,
}

/// One line of the script. The first that fits is followed.
#[derive(Clone, Debug)]
pub struct Rule {
    stage: Stage,
    deed: Deed,
    times: usize,
    recipient: Option<String>,
}

impl Rule {
    /// Done every time.
    pub fn at(stage: Stage, deed: Deed) -> Self {
        Self { stage, deed, times: usize::MAX, recipient: None }
    }

    /// Done this often and then no more.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Done only for mail to addresses that begin so, hence from RCPT on.
    pub fn only_to(self, recipient: &str) -> Self {
        Self { recipient: Some(recipient.to_owned()), ..self }
    }
}

/// A mail that came whole: its final dot was seen.
#[derive(Clone, Debug)]
pub struct Received {
    /// When its final dot came.
    pub at: Instant,
    /// The number of the connection that brought it, from 1.
    pub connection: usize,
    /// What the client called itself.
    pub hello: String,
    pub is_tls: bool,
    /// Who signed in.
    pub user: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    /// The message, its dots unstuffed.
    pub data: Vec<u8>,
    /// What was answered to the final dot; `None`: nothing.
    pub answer: Option<u16>,
}

impl Received {
    /// Whether the server has the mail: it said so, or could not say anything any more.
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
    /// How many connections there were.
    connections: usize,
    /// Those that are open, to end them when the server goes.
    open: HashMap<usize, TcpStream>,
    /// How often those that were held were let go.
    releases: usize,
    /// How many are held now.
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

    /// What the script has for this moment.
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

/// The server. It ends with all its connections when dropped.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Sink {
    /// One that takes whatever comes.
    pub fn start() -> Self {
        Self::with(Habits::default())
    }

    pub fn with(habits: Habits) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), habits)
    }

    /// At an address of loopback that was found free before.
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

    /// Every mail that came whole, whatever was answered.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// The mails that the server has.
    pub fn kept(&self) -> Vec<Received> {
        self.received().into_iter().filter(Received::is_kept).collect()
    }

    /// Every line outside of messages.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.state().heard.clone()
    }

    /// The mails that the server has, once they are this many.
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

    /// Lets go who is held, once somebody is.
    pub async fn release(&self) {
        let until = tokio::time::Instant::now() + PATIENCE;
        while self.shared.state().held == 0 {
            assert!(tokio::time::Instant::now() < until, "nobody is held");
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

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.released.notify_all();
        self.hang_up();
        // Wakes the thread that accepts, so that it sees that all is over.
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
