//! Odd connections and versions.

use super::{Odd, live, odd};

fn messages() -> Vec<Odd> {
    let plain = live("");
    vec![
        odd(
            "two requests at once",
            [plain.as_str(), &plain].concat(),
            "Pipelining is part of HTTP/1.1: answers come in the order of the requests, one after the other.",
        ),
        odd(
            "a good request and then nonsense",
            [plain.as_str(), "nonsense\r\n\r\n"].concat(),
            "What was asked before is answered. Behind bytes that cannot be read no request can be found again.",
        ),
        odd(
            "a request, and the client closes its side",
            plain.clone(),
            "A client that has said all it wants may close its side and still reads.",
        )
        .ends(),
        odd(
            "half a head, and the client closes its side",
            "GET /livez HTT",
            "There is no request to answer.",
        )
        .ends(),
        odd(
            "empty lines before a request",
            format!("\r\n\r\n{plain}"),
            "RFC 9112, 2.2: old clients end a body so.",
        ),
        odd(
            "lines that end in a line feed alone",
            plain.replace("\r\n", "\n"),
            "RFC 9112, 2.2 allows it, and no part of the head is read in two ways by it.",
        ),
        odd("`Connection: close`", live("Connection: close\r\n"), "As asked."),
    ]
}

fn versions() -> Vec<Odd> {
    let plain = live("");
    vec![
        odd(
            "`HTTP/1.0` without `Host`",
            "GET /livez HTTP/1.0\r\n\r\n",
            "HTTP/1.0 has no `Host`, and closes unless something else is asked for. Simple probes speak it.",
        ),
        odd(
            "`HTTP/1.0` with `Connection: keep-alive`",
            "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "Kept, as asked.",
        ),
        odd("`GET /livez` without a version (HTTP/0.9)", "GET /livez\r\n\r\n", "HTTP/0.9 is not spoken."),
        odd("`HTTP/1.2`", live("").replace("1.1", "1.2"), "Only 1.0 and 1.1 are known; there is no 1.2."),
        odd(
            "the preface of HTTP/2",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/2 is not spoken, and its client could not read an answer in HTTP/1.1. A proxy in front speaks it.",
        )
        .ends(),
        odd(
            "`Upgrade: h2c, websocket`",
            live("Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n"),
            "A server may ignore an upgrade (RFC 9110, 7.8). The request is answered as it is.",
        ),
        odd(
            "TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            "There is no TLS in the binary; the client will call it a wrong version.",
        ),
        odd(
            "the line of the PROXY protocol",
            format!("PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n{plain}"),
            "Only headers of trusted proxies are believed (`--trusted-proxy`); switch the protocol off in the proxy.",
        ),
    ]
}

pub fn all() -> Vec<Odd> {
    messages().into_iter().chain(versions()).collect()
}
