//! Requests in valid HTTP, over all paths, with random methods, headers, content types, encodings and bodies. The
//! path and the method alone determine 404 and 405.

use brms::generated::router::ROUTES;
use brms::http::find;
use brms::problem::Problem;
use brms::unknown_path;
use serde_json::json;

use super::judge::{Expected, Fit};
use super::known::Known;
use super::operations::{Description, escaped};
use crate::support::random::Random;
use crate::support::tcp;

/// The endpoints beside the operations, with their methods.
const PAGES: [(&str, &[&str]); 19] = [
    ("/", &["GET", "HEAD"]),
    (ACCEPT, &["GET", "HEAD", "POST"]),
    ("/invitations/preview", &["POST"]),
    ("/sign-in", &["GET", "HEAD", "POST"]),
    ("/sign-in/code", &["GET", "HEAD", "POST"]),
    ("/sign-out", &["POST"]),
    ("/account", &["GET", "HEAD"]),
    ("/account/sessions", &["POST"]),
    ("/style.css", &["GET", "HEAD"]),
    ("/icon.svg", &["GET", "HEAD"]),
    ("/invitations/accept.js", &["GET", "HEAD"]),
    ("/openapi.json", &["GET", "HEAD"]),
    ("/openapi/brms.json", &["GET", "HEAD"]),
    ("/docs", &["GET", "HEAD"]),
    ("/docs/docs.js", &["GET", "HEAD"]),
    ("/docs/swagger-ui-bundle.js", &["GET", "HEAD"]),
    ("/docs/swagger-ui.css", &["GET", "HEAD"]),
    ("/livez", &["GET", "HEAD"]),
    ("/readyz", &["GET", "HEAD"]),
];
const ACCEPT: &str = "/invitations/accept";
const METHODS: [&str; 16] = [
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "POST",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
    "get",
    "M-SEARCH",
    "!#$%&'*+-.^_`|~",
];
const CONTENT_TYPES: [&str; 12] = [
    "application/json",
    "application/json",
    "application/JSON; charset=utf-8",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded",
    "application/json; charset=utf-16",
    "application/merge-patch+json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/xml",
    "",
    "\"",
];
/// Headers that have no effect, or should not have one.
const HEADERS: [(&str, &str); 24] = [
    ("content-encoding", "gzip"),
    ("content-encoding", "br, identity"),
    ("accept", "text/html"),
    ("accept", "application/xml;q=0.5, */*;q=0"),
    ("accept-encoding", "gzip, br"),
    ("accept-language", "de, *;q=0"),
    ("content-type", "text/plain"),
    ("cookie", "session=1; a=\"b\""),
    ("expect", "100-continue"),
    ("expect", "something else"),
    ("range", "bytes=0-1,5-"),
    ("if-none-match", "*"),
    ("if-modified-since", "yesterday"),
    ("upgrade", "h2c, websocket"),
    ("connection", "close"),
    ("connection", "keep-alive, upgrade"),
    ("origin", "null"),
    ("x-request-id", "0190a000-0000-7000-8000-00000000aaa1"),
    ("x-request-id", "not one"),
    ("x-forwarded-for", "::1, unknown"),
    ("idempotency-key", "a"),
    ("idempotency-key", "not a key"),
    ("x-http-method-override", "DELETE"),
    ("user-agent", "f\u{fc}zz/1 (\u{6f22})"),
];

/// A request and the expected response.
pub fn request(random: &mut Random, description: &Description, known: &Known) -> (Vec<u8>, Expected) {
    if random.once_in(12) {
        return acceptance(random, known);
    }
    let path = path(random, description, known);
    let bare = path.split('?').next().unwrap_or_default();
    let fitting: Vec<&str> = METHODS.into_iter().filter(|method| refusal(method, bare).is_none()).collect();
    let method = match random.below(3) {
        0 => *random.of(&METHODS),
        _ => fitting.get(random.below(3)).copied().unwrap_or("GET"),
    };
    let body = body(random);
    let content_type = *random.of(&CONTENT_TYPES);
    let caller = known.caller(random, true);
    let mut headers: Vec<(&str, &str)> = Vec::new();
    headers.extend(caller.iter().map(|caller| ("authorization", caller.as_str())));
    if !random.once_in(8) {
        headers.push(("content-type", content_type));
    }
    while random.once_in(2) {
        headers.push(*random.of(&HEADERS));
    }
    let bytes = if random.once_in(3) {
        let middle = random.below(body.len() + 1);
        let chunks = [&body[..middle], &body[middle..]];
        let chunks: Vec<&[u8]> = chunks.into_iter().filter(|chunk| !chunk.is_empty()).collect();
        tcp::chunked_request(method, &path, &headers, &chunks)
    } else {
        tcp::request(method, &path, &headers, &body)
    };
    let status = refusal(method, bare);
    let method = method.to_owned();
    let expected = Expected { method, path: path.clone(), fit: Fit::Open, status, is_known: false };
    (bytes, expected)
}

/// An acceptance with a code that is or was valid.
fn acceptance(random: &mut Random, known: &Known) -> (Vec<u8>, Expected) {
    let code = random.of(&known.codes);
    let (content_type, body) = if random.once_in(2) {
        (
            "application/json",
            json!({ "secret": code, "firstName": "I\u{202e}vy", "lastName": "" }).to_string(),
        )
    } else {
        ("application/x-www-form-urlencoded", format!("secret={code}&firstName=Ivy&lastName=%3Cb%3E+"))
    };
    let headers = [("content-type", content_type), ("sec-fetch-site", "same-origin")];
    let bytes = tcp::request("POST", ACCEPT, &headers, body.as_bytes());
    let (method, path) = ("POST".to_owned(), ACCEPT.to_owned());
    (bytes, Expected { method, path, fit: Fit::Open, status: None, is_known: true })
}

/// The status that the path and the method determine, if they do.
fn refusal(method: &str, path: &str) -> Option<u16> {
    if let Some((_, methods)) = PAGES.iter().find(|(page, _)| *page == path) {
        return (!methods.contains(&method)).then_some(405);
    }
    match find(ROUTES, method, path).err()? {
        Problem::UnknownPath => Some(unknown_path::problem(path).status()),
        problem => Some(problem.status()),
    }
}

/// A path of the description or of a page, or a similar one.
fn path(random: &mut Random, description: &Description, known: &Known) -> String {
    let operation = &description.operations[random.below(description.operations.len())];
    let mut path = match random.below(3) {
        0 => random.of(&PAGES).0.to_owned(),
        _ => operation.path.clone(),
    };
    for (name, id) in known.parameters(random, operation) {
        let odd = ["%00", "%ff", "..", "%2f", ".", "a;b=c", "%C3%BC", "*", "@:"];
        let segment = if random.once_in(4) { (*random.of(&odd)).to_owned() } else { escaped(&id) };
        path = path.replace(&format!("{{{name}}}"), &segment);
    }
    match random.below(24) {
        0 => path.push('/'),
        1 => path = path.replace("/api", "//api"),
        2 => path = path.to_uppercase(),
        3 => path = path.replace('e', "%65"),
        4 => path = format!("/..{path}"),
        5 => path.truncate(1 + random.below(path.len())),
        6 => path.push_str(&"/aa".repeat(random.below(1_500))),
        _ => {}
    }
    let queries =
        ["", "", "?", "?page=1&perPage=500", "?search=%00%ff", "?a&b==&&=", "?page=1&page=2", "?x=/?:@"];
    path.push_str(queries[random.below(queries.len())]);
    path
}

fn body(random: &mut Random) -> Vec<u8> {
    let code = format!("brms_inv_{}", "a".repeat(43));
    let name = *random.of(&["Ivy", "<b>", "%C3%BC", "%00", "%ff", "+", "a%0d%0ab", "'\"&#"]);
    match random.below(9) {
        0 | 1 => Vec::new(),
        2 => b"{}".to_vec(),
        3 => format!("secret={code}&firstName={name}&lastName={name}").into_bytes(),
        4 => format!("secret={name}&secret=2&firstName={}", name.repeat(100)).into_bytes(),
        5 => format!("{{\"secret\":\"{code}\",\"firstName\":\"Ivy\",\"lastName\":null}}").into_bytes(),
        6 => random.bytes(3_000),
        // At the limit, and above.
        7 if random.once_in(20) => {
            vec![b' '; brms::http::BODY_BYTES_MAX + random.below(3) - 1]
        }
        _ => b"{\"userIds\":[],\"emails\":[],\"name\":\"a\",\"key\":\"ab\"}".to_vec(),
    }
}
