//! Odd lengths and codings.

use super::{Odd, invite_framed, live, odd};

const JSON: &str = "Content-Type: application/json\r\n";
const BODY: &[u8] = b"{\"userIds\":[]}";
const CHUNKS: &[u8] = b"e\r\n{\"userIds\":[]}\r\n0\r\n\r\n";

/// inviteMembers with JSON, framed by these lines.
fn framed(lines: &str, body: &[u8]) -> Vec<u8> {
    invite_framed(&format!("{JSON}{lines}"), body)
}

fn lengths() -> Vec<Odd> {
    vec![
        odd(
            "a POST without a length or a body",
            framed("", b""),
            "Without a length a request has no body, and one is needed here.",
        ),
        odd(
            "a body without a length",
            framed("", BODY),
            "The request ends before the body, which is read as the next request.",
        ),
        odd(
            "`Content-Length: 14` twice",
            framed("Content-Length: 14\r\nContent-Length: 14\r\n", BODY),
            "Both say the same.",
        ),
        odd(
            "`Content-Length: 14` and `Content-Length: 15`",
            framed("Content-Length: 14\r\nContent-Length: 15\r\n", BODY),
            "Readers differ on where the request ends.",
        ),
        odd(
            "`Content-Length: +14`, `-1`, `1e2`",
            framed("Content-Length: +14\r\n", BODY),
            "Digits and nothing else.",
        )
        .alike(framed("Content-Length: -1\r\n", BODY))
        .alike(framed("Content-Length: 1e2\r\n", BODY)),
        odd(
            "a body shorter than its length, and the client closes its side",
            framed("Content-Length: 15\r\n", BODY),
            "Half a body is never acted on.",
        )
        .ends(),
        odd(
            "`Content-Length` beside `Transfer-Encoding: chunked`",
            framed("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
            "The chunks count (RFC 9112, 6.3), and nothing behind them is believed.",
        ),
        odd(
            "a body of 1 MiB and a byte",
            framed(&format!("Content-Length: {}\r\n", 1024 * 1024 + 1), &vec![b' '; 1024 * 1024 + 1]),
            "The limit. The rest is read and thrown away, so that the client sees the answer.",
        ),
        odd(
            "`GET` with a body",
            [live("Content-Length: 3\r\n").as_bytes(), b"abc"].concat(),
            "Read and ignored.",
        ),
    ]
}

fn chunks() -> Vec<Odd> {
    let chunked = |chunks: &[u8]| framed("Transfer-Encoding: chunked\r\n", chunks);
    vec![
        odd(
            "chunks with extensions",
            chunked(b"e;a=\"b\"\r\n{\"userIds\":[]}\r\n0\r\n\r\n"),
            "Ignored (RFC 9112, 7.1.1).",
        ),
        odd(
            "a chunk's length as `000E`",
            chunked(b"000E\r\n{\"userIds\":[]}\r\n0\r\n\r\n"),
            "It is a number.",
        ),
        odd(
            "trailers behind the chunks",
            chunked(b"e\r\n{\"userIds\":[]}\r\n0\r\nAuthorization: Bearer x\r\n\r\n"),
            "Read and dropped: nothing that was decided by the head is changed by them.",
        ),
        odd(
            "a chunk's length as `zz`",
            chunked(b"zz\r\n{\"userIds\":[]}\r\n0\r\n\r\n"),
            "The body's end is lost.",
        ),
        odd(
            "chunks that stop before the last, and the client closes its side",
            chunked(b"e\r\n{\"userIds\":[]}\r\n"),
            "Half a body is never acted on, even if it looks whole.",
        )
        .ends(),
        odd(
            "`Transfer-Encoding: gzip, chunked`",
            framed("Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
            "A coding that is not known (RFC 9112, 6.1).",
        ),
        odd(
            "`Transfer-Encoding: gzip`",
            framed("Transfer-Encoding: gzip\r\n", BODY),
            "Without `chunked` at its end the body has no end (RFC 9112, 6.3).",
        ),
        odd(
            "`Transfer-Encoding: chunked` in HTTP/1.0",
            "POST /invitations/accept HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.0 has no chunks; a reader without them would find another request inside.",
        ),
    ]
}

fn types() -> Vec<Odd> {
    let typed = |lines: &str| invite_framed(&format!("{lines}Content-Length: 14\r\n"), BODY);
    vec![
        odd(
            "`Content-Encoding: gzip`",
            framed("Content-Encoding: gzip\r\nContent-Length: 14\r\n", BODY),
            "Nothing is unpacked: small bodies can hide large ones. `Accept-Encoding: identity` says so.",
        ),
        odd(
            "`Content-Encoding: identity`",
            framed("Content-Encoding: identity\r\nContent-Length: 14\r\n", BODY),
            "Nothing to unpack.",
        ),
        odd(
            "no `Content-Type`",
            typed(""),
            "A body is not guessed at: a form of another site has no JSON's type.",
        ),
        odd("`Content-Type` twice", typed(&[JSON, JSON].concat()), "Readers differ on which one counts."),
        odd(
            "`application/json; charset=utf-16`",
            typed("Content-Type: application/json; charset=utf-16\r\n"),
            "JSON is UTF-8 and has no such parameter (RFC 8259, 11); it is ignored.",
        ),
        odd(
            "`application/x-www-form-urlencoded`",
            typed("Content-Type: application/x-www-form-urlencoded\r\n"),
            "Only the accept page takes forms.",
        ),
    ]
}

pub fn all() -> Vec<Odd> {
    lengths().into_iter().chain(chunks()).chain(types()).collect()
}
