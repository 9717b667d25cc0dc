//! The table of docs/behaviour.md: each request in it is sent, and the document has to say what came back.
//! `ODD_REQUESTS=write cargo test --test behaviour odd_requests` writes the table anew.

mod bodies;
mod connections;
mod framing;
mod headers;
mod parameters;
mod targets;

use std::fmt::Write;
use std::path::PathBuf;

use crate::support::tcp::Tcp;
use crate::support::{Answer, TestServer, seed};

/// Around the tables in the document. All other sections of it are free.
const BEGIN: &str = "<!-- begin odd requests: written by tests/behaviour/odd_requests -->\n";
const END: &str = "<!-- end odd requests -->\n";
/// The id of the request that shows whether a connection is still served.
const PROBE_ID: &str = "0190a000-0000-4000-8000-00000000face";

/// One odd request, and why it is answered as it is.
pub struct Odd {
    what: &'static str,
    why: &'static str,
    /// What is sent: the first at once, each other one after an answer.
    sent: Vec<Vec<u8>>,
    /// Others that are answered in the same way.
    alike: Vec<Vec<u8>>,
    is_head: bool,
    /// The client closes its side behind it.
    ends: bool,
}

pub fn odd(what: &'static str, sent: impl Into<Vec<u8>>, why: &'static str) -> Odd {
    Odd { what, why, sent: vec![sent.into()], alike: Vec::new(), is_head: false, ends: false }
}

impl Odd {
    /// Sends more after an answer.
    fn then(mut self, sent: impl Into<Vec<u8>>) -> Self {
        self.sent.push(sent.into());
        self
    }

    /// Another request that the words of the row name.
    fn alike(mut self, sent: impl Into<Vec<u8>>) -> Self {
        self.alike.push(sent.into());
        self
    }

    /// Its answer has no body, whatever length it states.
    fn head(self) -> Self {
        Self { is_head: true, ..self }
    }

    /// Closes its side of the connection behind what it sends.
    fn ends(self) -> Self {
        Self { ends: true, ..self }
    }

    /// Sends it, and says what came back and what became of the connection.
    fn answers(&self, server: &TestServer) -> String {
        let found = self.answers_to(server, &self.sent);
        for other in &self.alike {
            let other_found = self.answers_to(server, std::slice::from_ref(other));
            assert_eq!(other_found, found, "{}: {}", self.what, String::from_utf8_lossy(other));
        }
        found
    }

    fn answers_to(&self, server: &TestServer, sent: &[Vec<u8>]) -> String {
        let method = if self.is_head { "HEAD" } else { "GET" };
        let mut connection = Tcp::connect(server);
        let mut answers: Vec<Answer> = Vec::new();
        for (position, part) in sent.iter().enumerate() {
            if position > 0 {
                answers.extend(connection.answer());
            }
            connection.send(part);
        }
        if self.ends {
            connection.end();
        } else {
            connection.send(live(&format!("X-Request-Id: {PROBE_ID}\r\nConnection: close\r\n")));
        }
        while let Some(answer) =
            connection.answer_to(if answers.is_empty() { method } else { "GET" }, "/livez")
        {
            answers.push(answer);
        }
        let is_probe = |answer: &Answer| answer.header("x-request-id") == Some(PROBE_ID);
        let is_kept = answers.pop_if(|answer| is_probe(answer)).is_some();
        let said: Vec<String> = answers.iter().map(said).collect();
        match (said.is_empty(), is_kept || self.ends) {
            (true, _) => "closed without an answer".to_owned(),
            (false, true) => said.join(", "),
            (false, false) => format!("{}, closed", said.join(", ")),
        }
    }
}

fn said(answer: &Answer) -> String {
    assert!(answer.status < 500 || answer.status == 501, "{}", answer.text());
    if answer.status < 400 || answer.body.is_empty() {
        format!("`{}`", answer.status)
    } else {
        format!("`{} {}`", answer.status, answer.problem())
    }
}

/// A GET without credentials, with more header lines behind its `Host`.
fn get(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n")
}

/// `GET /livez` with more header lines behind its `Host`.
fn live(headers: &str) -> String {
    get("/livez", headers)
}

/// A request by the owner, with these header lines and this body.
fn owner(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let authorization = seed::OWNER_PAT;
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// A GET by the owner.
fn owner_get(path: &str) -> Vec<u8> {
    owner("GET", path, "", b"")
}

/// inviteMembers with these header lines and this body, its length not said.
fn invite_framed(headers: &str, body: &[u8]) -> Vec<u8> {
    owner("POST", &seed::members_path(seed::PRICING), headers, body)
}

/// inviteMembers with this JSON.
fn invite(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    invite_framed(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()), body)
}

/// The tables as the document has them.
fn tables(server: &TestServer) -> String {
    let sections = [
        ("Connections and versions", connections::all()),
        ("Methods and targets", targets::all()),
        ("Headers", headers::all()),
        ("Lengths and codings", framing::all()),
        ("JSON", bodies::all()),
        ("Parameters", parameters::all()),
    ];
    let mut text = String::new();
    for (title, rows) in sections {
        let _ = write!(text, "\n### {title}\n\n| sent | answered | why |\n|---|---|---|\n");
        for row in rows {
            let _ = writeln!(text, "| {} | {} | {} |", row.what, row.answers(server), row.why);
        }
    }
    text.push('\n');
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_on_odd_requests_says_what_the_server_does() {
    let server = TestServer::start().await;
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/behaviour.md"));
    let document = std::fs::read_to_string(&path).expect("the document");
    let (before, rest) = document.split_once(BEGIN).expect("the beginning of the tables");
    let (written, after) = rest.split_once(END).expect("the end of the tables");
    let tables = tokio::task::block_in_place(|| tables(&server));
    if std::env::var_os("ODD_REQUESTS").is_some_and(|value| value == "write") {
        std::fs::write(&path, [before, BEGIN, &tables, END, after].concat()).expect("it is written");
        return;
    }
    for (line, (documented, found)) in written.lines().zip(tables.lines()).enumerate() {
        assert_eq!(documented, found, "line {line} of the tables; ODD_REQUESTS=write writes them anew");
    }
    assert_eq!(written.lines().count(), tables.lines().count(), "ODD_REQUESTS=write writes the tables anew");
    server.get("/livez").expect(200).await;
}
