//! Odd headers.

use super::{Odd, get, invite_framed, live, odd};
use crate::support::seed;

fn users(authorization: &str) -> String {
    get("/api/users", &format!("{authorization}\r\n"))
}

fn hosts() -> Vec<Odd> {
    let live_at = |hosts: &str| format!("GET /livez HTTP/1.1\r\n{hosts}\r\n");
    vec![
        odd(
            "no `Host`",
            live_at(""),
            "RFC 9112, 3.2 asks for 400: without it a proxy in front cannot have known where to.",
        ),
        odd(
            "`Host` twice",
            live_at("Host: a\r\nHost: a\r\n"),
            "The same: one reader takes the first, another the last.",
        ),
        odd(
            "`Host: a b`, `Host: user@a`, `Host: http://a`",
            live_at("Host: a b\r\n"),
            "The same: it is no host.",
        )
        .alike(live_at("Host: user@a\r\n"))
        .alike(live_at("Host: http://a\r\n")),
        odd("`Host:` with nothing behind it", live_at("Host:\r\n"), "The grammar allows it."),
        odd(
            "`Host: anything.example:99`",
            live_at("Host: anything.example:99\r\n"),
            "Nothing is made of it; links begin with `--public-url`.",
        ),
    ]
}

fn credentials() -> Vec<Odd> {
    let secret = seed::OWNER_PAT.strip_prefix("Bearer ").expect("a scheme");
    let session = seed::OWNER_SES.strip_prefix("Internal ").expect("a scheme");
    vec![
        odd(
            "`Authorization: bearer …`",
            users(&format!("authorization: bearer {secret}")),
            "Schemes have any letter case.",
        ),
        odd(
            "`Authorization: Bearer  …` with two blanks",
            users(&format!("Authorization: Bearer  {secret}")),
            "Credentials are read strictly. The problem and the challenge say what is wrong.",
        ),
        odd(
            "a secret without a scheme",
            users(&format!("Authorization: {secret}")),
            "The same: they name the scheme.",
        ),
        odd("`Bearer brms_ses_…`", users(&format!("Authorization: Bearer {session}")), "The same."),
        odd(
            "`Authorization` twice",
            users(&format!("Authorization: Bearer {secret}\r\nAuthorization: Bearer {secret}")),
            "Readers differ on which one counts.",
        ),
        odd(
            "credentials in a `Cookie`",
            users(&format!("Cookie: token={secret}")),
            "Cookies mean nothing to the API.",
        ),
    ]
}

fn others() -> Vec<Odd> {
    let lines = |count: usize| "X: 1\r\n".repeat(count);
    let expecting = "Content-Type: application/json\r\nContent-Length: 14\r\nExpect: 100-continue\r\n";
    let stranger = String::from_utf8(invite_framed(expecting, b""))
        .expect("text")
        .replace("brms_pat_seed", "brms_pat_none");
    vec![
        odd(
            "a blank before the colon",
            live("X : 1\r\n"),
            "RFC 9112, 5.1 asks for 400: readers differ on the name.",
        ),
        odd("a folded line", live("X: a\r\n b\r\n"), "RFC 9112, 5.2: obsolete, and read in different ways."),
        odd("a NUL in a value", live("X: a\0b\r\n"), "RFC 9110, 5.5."),
        odd("bytes beyond ASCII in a value", live("X: \u{fc}\r\n"), "Allowed; it is not read."),
        odd("99 headers beside `Host`", live(&lines(99)), "100 are read."),
        odd("100 headers beside `Host`", live(&lines(100)), "One more is refused."),
        odd(
            "a head of 70,000 bytes",
            live(&format!("X: {}\r\n", "x".repeat(70_000))),
            "It holds at most 64 KiB.",
        ),
        odd(
            "`Expect: 100-continue`, then the body",
            invite_framed(expecting, b""),
            "The body is asked for once the credentials are good.",
        )
        .then("{\"userIds\":[]}"),
        odd(
            "`Expect: 100-continue` with unknown credentials",
            stranger,
            "Refused before the body is sent. It may come all the same, so the connection cannot go on.",
        ),
        odd(
            "`Expect: something-else`",
            live("Expect: something-else\r\n"),
            "417 is optional (RFC 9110, 10.1.1); ignored.",
        ),
        odd(
            "`Accept: application/xml`",
            live("Accept: application/xml\r\n"),
            "There is one form of each answer, and it says its type.",
        ),
        odd(
            "`Accept-Encoding: gzip`",
            live("Accept-Encoding: gzip\r\n"),
            "Answers are never packed; a proxy in front may do that.",
        ),
        odd(
            "`Range: bytes=0-1`",
            live("Range: bytes=0-1\r\n"),
            "Optional (RFC 9110, 14.2); the whole answer is sent.",
        ),
        odd("`X-Request-Id: 1`", live("X-Request-Id: 1\r\n"), "Not a UUID, so the request gets a new id."),
        odd(
            "`traceparent: 1`",
            live("traceparent: 1\r\n"),
            "Not of the standard's form, so there is no trace in the log.",
        ),
        odd(
            "`X-Forwarded-For: 203.0.113.7`",
            live("X-Forwarded-For: 203.0.113.7\r\n"),
            "Not believed: the peer is no `--trusted-proxy`.",
        ),
    ]
}

pub fn all() -> Vec<Odd> {
    hosts().into_iter().chain(others()).chain(credentials()).collect()
}
