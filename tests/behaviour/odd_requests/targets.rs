//! Odd methods and targets.

use super::{Odd, get, live, odd, owner_get};

fn methods() -> Vec<Odd> {
    vec![
        odd("`HEAD`", live("").replace("GET", "HEAD"), "Goes where GET goes: the same head, no body.").head(),
        odd(
            "`get`",
            live("").replace("GET", "get"),
            "Methods are told apart by letter case (RFC 9110, 9.1).",
        ),
        odd(
            "`BREW`",
            live("").replace("GET", "BREW"),
            "Any word that is not the path's is 405, with `Allow`.",
        ),
        odd(
            "`OPTIONS /livez`",
            live("").replace("GET", "OPTIONS"),
            "As any method that the path does not take.",
        ),
        odd(
            "`TRACE /livez`",
            live("").replace("GET", "TRACE"),
            "Nothing is sent back that came, above all no credentials.",
        ),
        odd(
            "`X-HTTP-Method-Override: DELETE`",
            live("X-HTTP-Method-Override: DELETE\r\n"),
            "Ignored: the method is in the first line.",
        ),
        odd(
            "`OPTIONS *`",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "There are no options of the server as a whole.",
        ),
        odd(
            "`CONNECT example.org:443`",
            "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
            "This is no proxy.",
        ),
    ]
}

fn targets() -> Vec<Odd> {
    vec![
        odd(
            "`GET http://elsewhere.example/livez`",
            get("http://elsewhere.example/livez", ""),
            "The absolute form has to be taken (RFC 9112, 3.2.2). Only its path counts: nothing here goes by a host.",
        ),
        odd("`GET livez`", get("livez", ""), "A target begins with a slash."),
        odd(
            "`GET /livez?`, `GET /livez?x=1`",
            get("/livez?x=1", ""),
            "A query that is not asked for is not looked at.",
        )
        .alike(get("/livez?", "")),
        odd(
            "`GET /livez#part`",
            get("/livez#part", ""),
            "A fragment is the client's own matter and is cut off.",
        ),
        odd("`GET /livez/`", get("/livez/", ""), "A path is one name; a slash at its end makes another."),
        odd(
            "`GET //api/users`",
            get("//api/users", ""),
            "The same. The problem names the path that was meant.",
        ),
        odd("`GET /API/users`", get("/API/users", ""), "The same."),
        odd("`GET /users`", get("/users", ""), "The same."),
        odd(
            "`GET /%6Civez`",
            get("/%6Civez", ""),
            "Paths are compared as they come, so that no two rules see two paths.",
        ),
        odd(
            "`GET /api/../livez`",
            get("/api/../livez", ""),
            "Dots are no way up; a client resolves them before it sends.",
        ),
        odd(
            "an id of a path percent-encoded",
            owner_get("/api/personal-access-tokens/%30190a000-0000-7000-8000-00000000dead"),
            "What stands in the place of a parameter is decoded. This id names nothing.",
        ),
        odd(
            "UTF-8 beyond ASCII in a target",
            get("/\u{fc}", ""),
            "It is taken as it is, and no path has it.",
        ),
        odd(
            "bytes that are not UTF-8 in a target",
            b"GET /\xfc HTTP/1.1\r\nHost: test\r\n\r\n".to_vec(),
            "They can be no part of a path that is UTF-8.",
        ),
        odd(
            "a blank in a target",
            get("/live z", ""),
            "A blank ends the target, and what follows is no version.",
        ),
        odd(
            "a target of 70,000 bytes",
            get(&format!("/{}", "a".repeat(70_000)), ""),
            "A head holds at most 64 KiB.",
        ),
        odd(
            "`GET /api/rules/x`",
            get("/api/rules/x", ""),
            "The vendor has this path and this server has not. 404 would be taken for \"is gone\".",
        ),
    ]
}

pub fn all() -> Vec<Odd> {
    methods().into_iter().chain(targets()).collect()
}
