//! Raw HTTP over TCP, for requests that no client library sends.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::server::PATIENCE;
use super::{Answer, TestServer, contract, leaks, seed};

/// One connection. It blocks, which does not affect the server: it has threads of its own.
pub struct Tcp {
    address: String,
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Tcp {
    pub fn connect(server: &TestServer) -> Self {
        Self::to(&server.address())
    }

    pub fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out for reading");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time-out for writing");
        Self { address: address.to_owned(), stream, unread: Vec::new() }
    }

    /// Sends bytes. It is not an error if the server has closed the connection.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.stream.write_all(bytes.as_ref()) {
            assert!(!matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        }
    }

    /// Closes the sending side.
    pub fn end(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }

    /// The next response, its body by `Content-Length` or chunked; `None` if the connection is closed without one.
    pub fn answer(&mut self) -> Option<Answer> {
        self.answer_to("a request", "by hand")
    }

    /// The same for a known request: a response to HEAD states a length and has no body.
    pub fn answer_to(&mut self, method: &str, path: &str) -> Option<Answer> {
        let head_length = loop {
            match self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                Some(position) => break position + 4,
                None if self.read_more() => {}
                None => {
                    assert!(self.unread.is_empty(), "the connection closed within a head");
                    return None;
                }
            }
        };
        let head: Vec<u8> = self.unread.drain(..head_length).collect();
        let (status, headers) = parse_head(&String::from_utf8(head).expect("a head is text"));
        let length =
            headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
        let body = if headers.contains_key("transfer-encoding") {
            self.chunks()
        } else {
            self.take(if method == "HEAD" { 0 } else { length })
        };
        let answer = Answer { status, headers, body };
        leaks::answered(&format!("http://{}", self.address), method, path, &answer);
        Some(answer)
    }

    /// A chunked body without trailers.
    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let mut size = Vec::new();
            while !size.ends_with(b"\r\n") {
                size.extend(self.take(1));
            }
            let size = String::from_utf8(size).expect("a size is text");
            let size = usize::from_str_radix(size.trim(), 16).expect("a size");
            body.extend(self.take(size));
            assert_eq!(self.take(2), b"\r\n", "the end of a chunk");
            if size == 0 {
                return body;
            }
        }
    }

    /// The next bytes of a body.
    fn take(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            assert!(self.read_more(), "the connection closed within a body");
        }
        self.unread.drain(..length).collect()
    }

    /// The next response, which conforms to the contract.
    pub fn checked_answer(&mut self, method: &str, path: &str) -> Answer {
        let answer = self.answer_to(method, path).unwrap_or_else(|| panic!("no answer to {method} {path}"));
        contract::check(method, path, &answer);
        answer
    }

    /// The next response, which must exist; an interim one counts.
    pub fn next(&mut self) -> Answer {
        self.answer().expect("an answer before the connection closes")
    }

    /// Everything until the server closes the connection.
    pub fn rest(&mut self) -> String {
        while self.read_more() {}
        String::from_utf8(std::mem::take(&mut self.unread)).expect("UTF-8")
    }

    /// Whether nothing has arrived so far.
    pub fn is_silent(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("a mode");
        let silent = match self.stream.peek(&mut [0]) {
            Ok(_) => false,
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        };
        self.stream.set_nonblocking(false).expect("a mode");
        silent
    }

    /// Disconnects without reading anything.
    pub fn hang_up(self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }

    fn read_more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(length) => {
                self.unread.extend_from_slice(&buffer[..length]);
                length > 0
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("neither an answer nor an end of the connection in time")
            }
            Err(_) => false,
        }
    }
}

fn parse_head(head: &str) -> (u16, HeaderMap) {
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let first = lines.next().expect("a status line");
    // hyper answers an HTTP/1.0 client with HTTP/1.0.
    let rest = first.strip_prefix("HTTP/1.1 ").or_else(|| first.strip_prefix("HTTP/1.0 "));
    let status = rest.and_then(|rest| rest.get(..3)).expect("HTTP/1.1 and a status");
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').expect("a name and a value");
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        headers.append(name, HeaderValue::from_str(value.trim()).expect("a header's value"));
    }
    (status.parse().expect("a number"), headers)
}

/// The text of a request with a Content-Length.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    let mut bytes = head(method, path, headers.iter().chain([&("content-length", length.as_str())]));
    bytes.extend_from_slice(body);
    bytes
}

/// The text of the same request with a chunked body.
pub fn chunked_request(method: &str, path: &str, headers: &[(&str, &str)], chunks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = head(method, path, headers.iter().chain([&("transfer-encoding", "chunked")]));
    for chunk in chunks.iter().chain([&&b""[..]]) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

fn head<'a>(method: &str, path: &str, headers: impl Iterator<Item = &'a (&'a str, &'a str)>) -> Vec<u8> {
    let first = [format!("{method} {path} HTTP/1.1"), "host: test".to_owned()];
    let others = headers.map(|(name, value)| format!("{name}: {value}"));
    let lines: Vec<String> = first.into_iter().chain(others).collect();
    format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes()
}

/// The head of a call to inviteMembers in pricing by the owner, for a body of this length.
pub fn invite_head(length: usize, more: &[(&str, &str)]) -> Vec<u8> {
    let length = length.to_string();
    let fixed = [
        ("authorization", seed::OWNER_PAT),
        ("content-type", "application/json"),
        ("content-length", length.as_str()),
    ];
    head("POST", &seed::members_path(seed::PRICING), fixed.iter().chain(more))
}
