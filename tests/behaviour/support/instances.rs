//! Three servers on one PostgreSQL database, and requests that go to each in turn.

use std::sync::atomic::{AtomicUsize, Ordering};

use brms::clock::Clock;
use brms::startup::{Audience, Server};
use tokio::task::JoinSet;

use super::server::{TestServer, settings};
use super::{Answer, Call, postgres, seed};

pub struct Instances {
    /// Declared first, so that they are stopped before the database is dropped.
    others: Vec<Server>,
    pub first: TestServer,
    turn: AtomicUsize,
}

impl Instances {
    /// Three instances with the example seed.
    pub async fn start() -> Self {
        let first = TestServer::start_with(&["--inviter-sends-max", "100000"]).await;
        let mut others = Vec::new();
        for _ in 0..2 {
            others.push(another(&first).await);
        }
        Self { others, first, turn: AtomicUsize::default() }
    }

    /// The URLs of all.
    pub fn urls(&self) -> Vec<String> {
        self.others.iter().map(Server::url).chain([self.first.url()]).collect()
    }

    /// A request to the next one.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let urls = self.urls();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        Call::new(&self.first.http, method, &urls[turn % urls.len()], path)
    }

    /// Sends all requests at once.
    pub async fn at_once(&self, calls: impl IntoIterator<Item = Call>) -> Vec<Answer> {
        let mut sent = JoinSet::new();
        for call in calls {
            sent.spawn(call.send());
        }
        sent.join_all().await
    }
}

/// Another instance on the database of a server.
async fn another(first: &TestServer) -> Server {
    let settings = settings(&postgres::location(first.folder.path()), &["--seed", seed::FILE]);
    Server::start(&settings, Clock::default(), Audience::Unattended).await.expect("another instance starts")
}

/// How many of the answers have this status.
pub fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}
