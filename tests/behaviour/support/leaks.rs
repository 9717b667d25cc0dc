//! Leak detection in every test. What a server returns, logs, prints or stores in its file is searched for all known
//! secrets: those of mails, of responses that create a token, of commands that print one, and of the seed. A secret
//! anywhere else fails the test of that server.
//!
//! Only long runs of the characters of secrets are kept for the search, so it costs a full test run next to nothing.
//! A UUID is too short to be one.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use mail_parser::MessageParser;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::{Answer, inside, postgres, seed, statements};

const PREFIXES: [&str; 6] = ["brms_inv_", "brms_pat_", "brms_ses_", "brms_sia_", "brms_sid_", "brms_sil_"];
/// The shortest secret after its prefix, and the part by which it is recognised.
const KNOWN_LETTERS: usize = 32;
/// The shortest run of characters that is kept: one more than a UUID has.
const SEEN_LETTERS: usize = 37;
/// The operations whose responses contain a secret, in this field.
const MAKING_TOKENS: [&str; 4] = [
    "createPersonalAccessToken",
    "regeneratePersonalAccessToken",
    "createServiceAccountToken",
    "regenerateServiceAccountToken",
];
const TOKEN_FIELD: &str = "token";
/// The commands whose output contains a secret.
const SHOWING: [&[&str]; 5] =
    [&["demo"], &["mailbox", "show"], &["invitation", "link"], &["sign-in", "link"], &["token", "create"]];
/// The columns that may contain a secret: that of a queued mail, cleared on delivery, and the local mailbox.
const HOLDING: [&str; 2] = ["mails.secret", "mails.message"];

/// The first characters of every secret, without its prefix.
static KNOWN: Mutex<BTreeSet<Vec<u8>>> = Mutex::new(BTreeSet::new());
/// The log of the servers in this process.
static LOGGED: Mutex<Vec<Seen>> = Mutex::new(Vec::new());
/// The responses of each server, by its address.
static ANSWERED: Mutex<BTreeMap<String, Vec<Seen>>> = Mutex::new(BTreeMap::new());

/// Something that was seen, and where.
struct Seen {
    place: String,
    runs: Vec<Vec<u8>>,
}

impl Seen {
    /// `None` if nothing in it could be a secret.
    fn new(place: impl Into<String>, bytes: &[u8]) -> Option<Self> {
        let runs = bytes.split(|byte| !is_letter(*byte)).filter(|run| run.len() >= SEEN_LETTERS);
        let runs: Vec<Vec<u8>> = runs.map(<[u8]>::to_vec).collect();
        (!runs.is_empty()).then(|| Self { place: place.into(), runs })
    }

    fn is_leak(&self, known: &BTreeSet<Vec<u8>>) -> bool {
        self.runs.iter().any(|run| run.windows(KNOWN_LETTERS).any(|part| known.contains(part)))
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// A test that panicked while holding the lock left consistent data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registers every secret in this text.
pub fn learn(text: &str) {
    let found = PREFIXES.iter().flat_map(|prefix| text.match_indices(prefix));
    for (at, prefix) in found {
        let body = text[at + prefix.len()..].bytes().take_while(|byte| is_letter(*byte));
        let known: Vec<u8> = body.take(KNOWN_LETTERS).collect();
        if known.len() == KNOWN_LETTERS {
            lock(&KNOWN).insert(known);
        }
    }
}

/// Records a response of the server at this address. The secret of a new token is registered instead.
pub fn answered(url: &str, method: &str, path: &str, answer: &Answer) {
    let place = format!("{method} {path} answered {}", answer.status);
    let body = without_what_may_be_shown(method, path, answer);
    // Cookies are set by the pages for signing in and for accepting alone.
    let may_set_cookies = path.starts_with("/sign-in") || path == "/invitations/accept";
    let headers = answer.headers.iter().filter(|(name, value)| {
        let is_shown = may_set_cookies && *name == "set-cookie";
        if is_shown {
            learn(&String::from_utf8_lossy(value.as_bytes()));
        }
        !is_shown
    });
    let headers = headers.flat_map(|(_, value)| [value.as_bytes(), b"\n"].concat());
    let bytes: Vec<u8> = headers.chain(body).collect();
    if let Some(seen) = Seen::new(place, &bytes) {
        lock(&ANSWERED).entry(url.to_owned()).or_default().push(seen);
    }
}

fn without_what_may_be_shown(method: &str, path: &str, answer: &Answer) -> Vec<u8> {
    let route = path.split('?').next().unwrap_or_default();
    let operation = brms::http::find(brms::generated::router::ROUTES, method, route);
    if answer.status == 200 && operation.is_ok_and(|found| MAKING_TOKENS.contains(&found.target.id())) {
        let mut body = answer.json();
        let token = body.as_object_mut().and_then(|members| members.remove(TOKEN_FIELD));
        learn(token.as_ref().and_then(|token| token.as_str()).expect("a new token shows its secret"));
        return body.to_string().into_bytes();
    }
    if answer.status == 200 && route.starts_with("/_test/mailbox") {
        // The local mailbox, for tests.
        learn(&answer.text());
        return Vec::new();
    }
    if answer.status == 200 && method == "POST" && route == "/sign-in/code" {
        // A program gets its session.
        learn(&answer.text());
        return Vec::new();
    }
    let shows_form = [(400, "POST", "/invitations/accept"), (200, "POST", "/invitations/preview")];
    if shows_form.contains(&(answer.status, method, route)) {
        // The form is returned with its submitted values, to the sender.
        let text = answer.text();
        if let Some((before, after)) = text.split_once("value=\"brms_inv_") {
            let rest = after.trim_start_matches(|letter: char| letter.is_ascii() && is_letter(letter as u8));
            return [before, rest].concat().into_bytes();
        }
    }
    answer.body.clone()
}

/// Records the output of a command, or registers its secrets if it is meant to print them.
pub fn printed(arguments: &[&str], output: &Output) {
    let shows = SHOWING.iter().any(|command| arguments.starts_with(command));
    if shows {
        learn(&String::from_utf8_lossy(&output.stdout));
    }
    let place = format!("brms {}", arguments.join(" "));
    let texts = [Some(&output.stderr), (!shows).then_some(&output.stdout)];
    for text in texts.into_iter().flatten() {
        let leaks = Seen::new(&place, text).is_some_and(|seen| seen.is_leak(&lock(&KNOWN)));
        assert!(!leaks, "{place} shows a secret: {}", String::from_utf8_lossy(text));
    }
}

/// Captures the log of this process.
struct Log;

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        lock(&LOGGED).extend(Seen::new(format!("logged: {}", String::from_utf8_lossy(line)), line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Once per process.
static BEGUN: LazyLock<()> = LazyLock::new(|| {
    let log = tracing_subscriber::fmt::layer().json().with_writer(|| Log).with_filter(LevelFilter::DEBUG);
    let all = tracing_subscriber::registry().with(log).with(statements::layer());
    tracing::subscriber::set_global_default(all).expect("nothing else takes the log");
    learn(&std::fs::read_to_string(seed::FILE).expect("the seed"));
});

/// Checks for leaks when a server of a test ends.
pub struct Watch {
    url: String,
    database: PathBuf,
    /// The log file of the server, if it is another process.
    log: Option<PathBuf>,
}

impl Watch {
    /// Created before the server starts, so that its whole log is captured.
    pub fn begin() {
        LazyLock::force(&BEGUN);
    }

    pub fn new(url: &str, database: PathBuf, log: Option<PathBuf>) -> Self {
        Self::begin();
        Self { url: url.to_owned(), database, log }
    }

    /// Every place with a leaked secret. Responses and log lines are reported once.
    pub fn leaks(&self) -> Vec<String> {
        let cells = match self.database.parent() {
            _ if self.database.exists() => inside::cells(&self.database),
            Some(folder) if postgres::is_used() && self.log.is_none() => postgres::cells(folder),
            _ => Vec::new(),
        };
        // Locked until the end, so that secrets registered from here on are checked by this test only.
        let mut logged = lock(&LOGGED);
        self.learn_from(&cells);
        let mut seen = lock(&ANSWERED).remove(&self.url).unwrap_or_default();
        seen.extend(cells.iter().filter(|(place, _)| !HOLDING.contains(&place.as_str())).filter_map(
            |(place, bytes)| Seen::new(format!("{place} has {}", String::from_utf8_lossy(bytes)), bytes),
        ));
        if let Some(log) = self.log.as_ref().and_then(|path| std::fs::read_to_string(path).ok()) {
            seen.extend(log.lines().filter_map(|line| Seen::new(format!("logged: {line}"), line.as_bytes())));
        }
        let known = lock(&KNOWN);
        let (leaks, others): (Vec<_>, Vec<_>) = logged.drain(..).partition(|seen| seen.is_leak(&known));
        *logged = others;
        seen.retain(|seen| seen.is_leak(&known));
        seen.into_iter().chain(leaks).map(|seen| seen.place).collect()
    }

    /// Registers the secrets of delivered and pending mails, also of tests that never read them.
    fn learn_from(&self, cells: &[(String, Vec<u8>)]) {
        for (place, bytes) in cells {
            match place.as_str() {
                "mails.secret" => learn(&String::from_utf8_lossy(bytes)),
                "mails.message" => {
                    let message = MessageParser::default().parse(bytes).expect("a kept mail is a message");
                    learn(&message.body_text(0).unwrap_or_default());
                }
                _ => {}
            }
        }
        let credentials = format!("{}.credentials", self.database.display());
        learn(&std::fs::read_to_string(Path::new(&credentials)).unwrap_or_default());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let leaks = self.leaks();
            assert!(leaks.is_empty(), "a secret is where it must not be:\n{}", leaks.join("\n"));
        }
    }
}
