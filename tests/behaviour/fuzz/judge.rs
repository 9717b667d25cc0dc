//! The checks that every response must pass, whatever the request.

use crate::support::{Answer, contract};

/// The statuses of an error before any request: the bytes could not be parsed as one. It has no body, and it is the
/// last response of its connection.
const UNREADABLE: [u16; 3] = [400, 414, 431];

/// Whether a request conforms to the served description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    Yes,
    No,
    /// The description does not cover it, or it is not JSON.
    Open,
}

/// The expectations about a response.
#[derive(Debug)]
pub struct Expected {
    pub method: String,
    /// The target, with its query.
    pub path: String,
    pub fit: Fit,
    /// The status, where the path and the method alone determine it.
    pub status: Option<u16>,
    /// The credentials are valid, and nothing in the run revokes them.
    pub is_known: bool,
}

/// Checks the response to a request in valid HTTP.
pub fn check(expected: &Expected, answer: &Answer) {
    let Expected { method, path, fit, status, is_known } = expected;
    let what = format!("{method} {path}: {}", String::from_utf8_lossy(&answer.body));
    is_whole(answer);
    contract::check(method, path, answer);
    if let Some(status) = status {
        assert_eq!(answer.status, *status, "{what}");
    }
    let of_the_form = [400, 405, 413, 415];
    match fit {
        Fit::Yes => assert!(!of_the_form.contains(&answer.status), "refused, and it fits: {what}"),
        Fit::No => assert_ne!(answer.status, 200, "taken, and it does not fit: {what}"),
        Fit::Open => {}
    }
    assert!(!is_known || answer.status != 401, "good credentials are refused: {what}");
}

/// Checks the responses on a connection that received arbitrary bytes and was then closed.
pub fn check_all(answers: &[Answer]) {
    for (position, answer) in answers.iter().enumerate() {
        is_whole(answer);
        let is_bare = answer.body.is_empty() && answer.header("x-request-id").is_none();
        if is_bare && UNREADABLE.contains(&answer.status) {
            assert_eq!(position + 1, answers.len(), "an answer after the end: {answers:#?}");
            continue;
        }
        // The request is unknown here, and so is whether it was for a page.
        contract::check("GET", "/invitations/", answer);
    }
}

/// Checks that it is not a server error, and complete.
fn is_whole(answer: &Answer) {
    let what = format!("{} {:?}\n{}", answer.status, answer.headers, String::from_utf8_lossy(&answer.body));
    // Parts that are not implemented are not errors.
    assert!(answer.status <= 501 && answer.status != 500, "a fault of the server: {what}");
    let lengths = answer.headers.get_all("content-length").iter().count();
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")) {
        // A streamed response. HEAD gets none of it, and HTTP/1.0 gets it until the connection closes.
        assert_eq!(lengths, 0, "{what}");
        return;
    }
    // An unmodified file is not sent and has no length, and neither has what HEAD is told of a page that is elsewhere.
    let may_have_none = answer.status == 304 || answer.status == 303 && answer.body.is_empty();
    assert!(lengths == 1 || may_have_none, "the length has to be stated once: {what}");
    assert!(answer.header("transfer-encoding").is_none(), "a length and chunks: {what}");
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::fuzz::worker;
    use crate::support::tcp::Tcp;

    const ID: &str = "0190a000-0000-7000-8000-00000000aaa1";

    /// A server that sends the same response to everything.
    fn saying(bytes: &[u8]) -> Tcp {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let tcp = Tcp::to(&listener.local_addr().expect("an address").to_string());
        let bytes = bytes.to_vec();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let _ = stream.read(&mut [0; 1024]);
            stream.write_all(&bytes).expect("it is said");
        });
        tcp
    }

    fn complaint(check: impl FnOnce()) -> String {
        match catch_unwind(AssertUnwindSafe(check)) {
            Ok(()) => "none".to_owned(),
            Err(reason) => reason.downcast::<String>().map_or_else(
                |reason| (*reason.downcast::<&str>().expect("words")).to_owned(),
                |reason| *reason,
            ),
        }
    }

    fn answer(status: &str, kind: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nx-request-id: {ID}\r\n{headers}content-length: {length}\r\n\r\n{body}"
        )
    }

    fn problem(status: u16) -> String {
        let body = serde_json::json!({
            "type": "urn:brms:problem:some", "title": "Some", "status": status, "detail": "It is so.",
            "instance": format!("urn:uuid:{ID}"), "message": "It is so.",
        });
        answer(&format!("{status} Some"), "application/problem+json", "retry-after: 1\r\n", &body.to_string())
    }

    fn of_health(said: &str, fit: Fit, status: Option<u16>) -> String {
        let (method, path) = ("GET".to_owned(), "/api/health".to_owned());
        let expected = Expected { method, path, fit, status, is_known: true };
        let mut tcp = saying(said.as_bytes());
        complaint(|| drop(worker::exchange(&mut tcp, b"GET", &expected)))
    }

    #[test]
    fn an_invalid_response_is_detected() {
        let json = "application/json";
        let good = answer("200 OK", json, "", "\"healthy\"");
        let bare = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        let cases = [
            (good.clone(), Fit::Yes, None, "none"),
            (format!("HTTP/1.1 100 Continue\r\n\r\n{good}"), Fit::Open, Some(200), "none"),
            (problem(404), Fit::Yes, Some(404), "none"),
            (String::new(), Fit::Open, None, "no answer"),
            (good.replace("content-length: 9", "content-length: 10"), Fit::Open, None, "within a body"),
            ("HTTP/1.1 200 OK\r\ncontent-le".to_owned(), Fit::Open, None, "within a head"),
            ("healthy\r\n\r\n".to_owned(), Fit::Open, None, "and a status"),
            (good.replace("content-length: 9\r\n", ""), Fit::Open, None, "stated once"),
            (good.replace("\r\n\r\n", "\r\ncontent-length: 9\r\n\r\n"), Fit::Open, None, "stated once"),
            (good.replace("x-request-id", "x-other"), Fit::Open, None, "no x-request-id"),
            (answer("200 OK", json, "", "7"), Fit::Open, None, "does not fit brms.json"),
            (answer("302 Found", json, "", ""), Fit::Open, None, "a status that is never given"),
            (answer("404 Not Found", "text/plain", "", "no"), Fit::Open, None, "problem+json"),
            (problem(404).replace("detail", "retail"), Fit::Open, None, "It is so."),
            (problem(500), Fit::Open, None, "a fault of the server"),
            (problem(503), Fit::Open, None, "a fault of the server"),
            (bare.to_owned(), Fit::Open, None, "no x-request-id"),
            (problem(400), Fit::Yes, None, "refused, and it fits"),
            (good.clone(), Fit::No, None, "taken, and it does not fit"),
            (problem(404), Fit::Open, Some(405), "404"),
            (problem(401).replace("retry-after", "www-authenticate"), Fit::No, None, "good credentials"),
        ];
        for (said, fit, status, reason) in cases {
            let found = of_health(&said, fit, status);
            assert!(found.contains(reason), "{said}\n{found}");
        }
    }

    #[test]
    fn an_invalid_response_to_arbitrary_bytes_is_detected() {
        let good = answer("200 OK", "application/json", "", "\"healthy\"");
        let bare = "HTTP/1.1 431 Too Long\r\ncontent-length: 0\r\n\r\n";
        let cases = [
            (String::new(), "none"),
            (format!("{good}{}{bare}", problem(404)), "none"),
            (answer("400 Bad Request", "text/html", "", "a page"), "none"),
            (format!("{bare}{good}"), "an answer after the end"),
            (bare.replace("431", "404"), "no x-request-id"),
            (format!("{good}{}", problem(500)), "a fault of the server"),
            (format!("{good}HTTP/1.1 2"), "within a head"),
            (answer("404 Not Found", "text/plain", "", "no"), "problem+json"),
        ];
        for (said, reason) in cases {
            let mut tcp = saying(said.as_bytes());
            let found = complaint(|| check_all(&worker::all_answers(&mut tcp, b"x")));
            assert!(found.contains(reason), "{said}\n{found}");
        }
    }
}
