//! Bytes on a connection: random ones, and valid requests that were then corrupted.

use serde_json::json;

use crate::support::random::Random;
use crate::support::{seed, tcp};

const METHODS: [&str; 10] =
    ["get", "CONNECT", "PRI", "", " GET", "GET\0", "G\u{e9}T", "OPTIONS", "TRACE", "GET\r\nX:"];
const VERSIONS: [&str; 8] =
    ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/1.1 ", "", "HTTP/11"];
const TARGETS: [&str; 18] = [
    "*",
    "/",
    "//",
    "",
    "http://x/api/health",
    "https://user@x:99999/api/health?a#b",
    "x:80",
    "/api/health#fragment",
    "/api/health?a=%",
    "/api/%zz/%",
    "/api/%00",
    "/api/\0",
    "/api/\u{fc}",
    "/api\\health",
    "/../../etc/passwd",
    "/api/users/%2e%2e/health",
    "/api/health\t",
    "/api/users/{userId}",
];
/// Invalid lengths, and lengths other than that of the body.
const LENGTHS: [&str; 14] = [
    "-1",
    "+5",
    "0x10",
    "",
    "1e2",
    "5, 5",
    "5,0",
    " 5",
    "99999999999999999999",
    "18446744073709551615",
    "0",
    "1",
    "9999",
    "1048577",
];
/// Chunks that violate the chunked coding, or stretch it.
const CHUNKS: [&str; 12] = [
    "zz\r\n{}\r\n0\r\n\r\n",
    "-1\r\n",
    "ffffffffffffffff\r\n{}",
    "fffffffffffffffff\r\n{}",
    "2\r\n{}xx0\r\n\r\n",
    "2{}\r\n0\r\n\r\n",
    "2\n{}\n0\n\n",
    "2;a=\"b\r\n{}\r\n0\r\n\r\n",
    "2 \r\n{}\r\n0\r\n\r\n",
    "0002\r\n{}\r\n0\r\nX-Trailer: a\r\nContent-Length: 5\r\n\r\n",
    "2\r\n{}\r\n0\r\nno trailer\r\n\r\n",
    "2\r\n{}\r\n",
];
/// Invalid header lines.
const LINES: [&[u8]; 14] = [
    b" folded: x",
    b"x: a\r\n b\r\n\tc",
    b"no colon",
    b": no name",
    b"name : x",
    b"x: a\0b",
    b"x: a\rb",
    b"x: \xff\xfe",
    b"\xff: x",
    b"host: another",
    b"transfer-encoding: chunked",
    b"transfer-encoding: gzip, chunked",
    b"transfer-encoding: xchunked",
    b"expect: 100-continue",
];

/// Bytes to send on a connection of their own.
pub fn any(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => random.bytes(4_096),
        1 => [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &*random.bytes(600)].concat(),
        2 => [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*random.bytes(100)].concat(),
        3 => [right(random), right(random), altered(random)].concat(),
        _ => altered(random),
    }
}

/// A valid request.
fn right(random: &mut Random) -> Vec<u8> {
    let caller = ("authorization", *random.of(&[seed::OWNER_PAT, seed::OWNER_SES, seed::READER_PAT]));
    let (json, form) =
        (("content-type", "application/json"), ("content-type", "application/x-www-form-urlencoded"));
    let members = seed::members_path(seed::PRICING);
    let invite = json!({ "userIds": [random.of(&[seed::NINA, seed::OTTO, seed::UNKNOWN_ID])] }).to_string();
    let names = json!({ "firstName": "Ol\u{e9}", "lastName": "\u{6f22}" }).to_string();
    match random.below(8) {
        0 => tcp::request("GET", "/api/health", &[], b""),
        1 => tcp::request("GET", "/openapi.json", &[], b""),
        2 => tcp::request("GET", "/api/users?search=a&perPage=3", &[caller], b""),
        3 => tcp::request("POST", &members, &[caller, json], invite.as_bytes()),
        4 => tcp::chunked_request(
            "POST",
            &members,
            &[caller, json],
            &[&invite.as_bytes()[..9], &invite.as_bytes()[9..]],
        ),
        5 => tcp::request("PUT", "/api/profile", &[caller, json], names.as_bytes()),
        6 => {
            tcp::request("POST", "/invitations/accept", &[form], b"secret=brms_inv_x&firstName=a&lastName=b")
        }
        _ => tcp::request("GET", "/invitations/accept", &[("expect", "100-continue")], b""),
    }
}

/// A valid request after one to three corruptions.
fn altered(random: &mut Random) -> Vec<u8> {
    let mut bytes = right(random);
    for _ in 0..=random.below(3) {
        bytes = if random.once_in(2) { hit(random, bytes) } else { rewritten(random, &bytes) };
    }
    bytes
}

/// A corruption that ignores the structure of HTTP.
fn hit(random: &mut Random, mut bytes: Vec<u8>) -> Vec<u8> {
    let (one, other) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
    let part = one.min(other)..one.max(other);
    match random.below(6) {
        0 => {
            for _ in 0..=random.below(8) {
                if let Some(byte) = bytes.get_mut(one) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
        1 => bytes.truncate(one),
        2 => drop(bytes.drain(part)),
        3 => {
            let again = bytes[part.clone()].to_vec();
            bytes.splice(part.end..part.end, again);
        }
        4 => {
            let noise = random.bytes(50);
            bytes.splice(one..one, noise);
        }
        _ => {
            let ends = random.of(&["\n", "\r", "\r\r\n", "\0"]).as_bytes();
            bytes = bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b'\n');
            bytes = replaced(&bytes, b"\r\n", ends);
        }
    }
    bytes
}

/// A corruption of one part of a request.
fn rewritten(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let head_end = bytes.windows(4).position(|part| part == b"\r\n\r\n").unwrap_or(bytes.len());
    let (head, body) = (&bytes[..head_end], bytes.get(head_end + 4..).unwrap_or_default());
    let mut lines: Vec<Vec<u8>> =
        replaced(head, b"\r\n", b"\n").split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let mut first: Vec<Vec<u8>> = lines[0].split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
    first.resize(3, Vec::new());
    let mut body = body.to_vec();
    match random.below(9) {
        0 => first[0] = random.of(&METHODS).as_bytes().to_vec(),
        1 => first[1] = random.of(&TARGETS).as_bytes().to_vec(),
        2 => first[1] = [&b"/api/"[..], &b"%41a?&"[random.below(6)..].repeat(random.below(20_000))].concat(),
        3 => first[2] = random.of(&VERSIONS).as_bytes().to_vec(),
        4 => {
            if random.once_in(2) {
                lines.retain(|line| !line.starts_with(b"content-length"));
            }
            lines.push(format!("content-length: {}", random.of(&LENGTHS)).into_bytes());
        }
        5 => {
            lines.retain(|line| {
                !line.starts_with(b"content-length") && !line.starts_with(b"transfer-encoding")
            });
            lines.push(b"transfer-encoding: chunked".to_vec());
            body = random.of(&CHUNKS).as_bytes().to_vec();
        }
        6 => lines.push(random.of(&LINES).to_vec()),
        7 => {
            let count = *random.of(&[20, 99, 100, 101, 5_000]);
            lines.extend((0..count).map(|number| format!("x-flood-{number}: {number}").into_bytes()));
        }
        _ => {
            let length = *random.of(&[1_000, 60_000, 70_000, 1_000_000]);
            lines.push([&b"x-long: "[..], &vec![b'x'; length]].concat());
        }
    }
    lines[0] = first.join(&b' ');
    [lines.join(&b"\r\n"[..]), b"\r\n\r\n".to_vec(), body].concat()
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut found = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while place < bytes.len() {
        if bytes[place..].starts_with(old) {
            found.extend_from_slice(new);
            place += old.len();
        } else {
            found.push(bytes[place]);
            place += 1;
        }
    }
    found
}
