//! One of several parallel clients: its random seed and number determine its requests. HTTP requests share one
//! connection, each of the others gets its own.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::judge::{self, Expected};
use super::known::Known;
use super::operations::Description;
use super::{bytes, requests};
use crate::support::Answer;
use crate::support::random::Random;
use crate::support::tcp::Tcp;

/// The most bytes of a request that are printed.
const SHOWN_BYTES: usize = 4_000;

pub struct Worker<'a> {
    address: &'a str,
    seed: u64,
    number: u64,
    description: &'a Description,
    known: Known,
    tcp: Option<Tcp>,
    played: u64,
    /// The counts of each status, by operation or by kind of request.
    pub statuses: BTreeMap<(String, u16), usize>,
}

impl<'a> Worker<'a> {
    pub fn new(address: &'a str, seed: u64, number: u64, description: &'a Description, known: Known) -> Self {
        let (tcp, played, statuses) = (None, 0, BTreeMap::new());
        Self { address, seed, number, description, known, tcp, played, statuses }
    }

    /// Sends this many more requests.
    pub fn play(&mut self, requests: usize) {
        for _ in 0..requests {
            self.played += 1;
            // Each request has a generator of its own: responses affect only the ids in later requests.
            let mut random = Random::part(self.seed, (self.number << 32) | self.played);
            match random.below(4) {
                0 => self.send_bytes(&mut random),
                1 => self.send_request(&mut random),
                _ => self.call_operation(&mut random),
            }
        }
    }

    /// Closes the connection.
    pub fn end(&mut self) {
        self.tcp = None;
    }

    fn send_bytes(&mut self, random: &mut Random) {
        let sent = bytes::any(random);
        let hangs_up = random.once_in(10);
        let mut tcp = Tcp::to(self.address);
        if hangs_up {
            tcp.send(&sent);
            tcp.hang_up();
            return;
        }
        let answers = self.shown(&sent, |_| {
            let answers = all_answers(&mut tcp, &sent);
            judge::check_all(&answers);
            answers
        });
        for answer in answers {
            self.count("bytes", answer.status);
        }
    }

    fn send_request(&mut self, random: &mut Random) {
        let (sent, expected) = requests::request(random, self.description, &self.known);
        let answer = self.exchange(&sent, &expected);
        self.count("HTTP", answer.status);
    }

    fn call_operation(&mut self, random: &mut Random) {
        let request = self.description.request(random, &self.known);
        let answer = self.exchange(&request.bytes, &request.expected);
        let operation = &self.description.operations[request.operation];
        if answer.status == 200 && answer.header("content-type") == Some("application/json") {
            self.known.learn(random, &operation.path, &request.parameters, &answer.json());
        }
        self.count(operation.id(), answer.status);
    }

    fn exchange(&mut self, sent: &[u8], expected: &Expected) -> Answer {
        self.shown(sent, |worker| {
            let address = worker.address;
            let tcp = worker.tcp.get_or_insert_with(|| Tcp::to(address));
            let answer = exchange(tcp, sent, expected);
            if answer.header("connection").is_some_and(|word| word.eq_ignore_ascii_case("close")) {
                assert_eq!(tcp.rest(), "", "more after the last answer");
                worker.tcp = None;
            }
            answer
        })
    }

    /// Runs a check of a request, and prints the request if it fails.
    #[expect(clippy::print_stderr, reason = "a failure report needs the request")]
    fn shown<T>(&mut self, sent: &[u8], go: impl FnOnce(&mut Self) -> T) -> T {
        catch_unwind(AssertUnwindSafe(|| go(self))).unwrap_or_else(|reason| {
            let (seed, number, played) = (self.seed, self.number, self.played);
            let begin = &sent[..sent.len().min(SHOWN_BYTES)];
            eprintln!(
                "FUZZ_SEED={seed}: request {played} of worker {number}, {} bytes:\n{}",
                sent.len(),
                begin.escape_ascii()
            );
            resume_unwind(reason)
        })
    }

    fn count(&mut self, what: &str, status: u16) {
        *self.statuses.entry((what.to_owned(), status)).or_default() += 1;
    }
}

/// Sends a request and checks the response.
pub fn exchange(tcp: &mut Tcp, sent: &[u8], expected: &Expected) -> Answer {
    tcp.send(sent);
    loop {
        let Expected { method, path, .. } = expected;
        let answer = tcp.answer_to(method, path).unwrap_or_else(|| panic!("no answer to {method} {path}"));
        if answer.status >= 200 {
            judge::check(expected, &answer);
            return answer;
        }
    }
}

/// Sends only these bytes, and collects all responses until the connection closes.
pub fn all_answers(tcp: &mut Tcp, sent: &[u8]) -> Vec<Answer> {
    tcp.send(sent);
    tcp.end();
    std::iter::from_fn(|| tcp.answer()).filter(|answer| answer.status >= 200).collect()
}
