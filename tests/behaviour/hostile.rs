//! Hostile bodies: malformed, deeply nested, with duplicates, huge, out of range, or random. The response is always
//! one of the described errors, echoes nothing, and nothing is written.

use serde_json::{Value, json};

use crate::support::inside::everything;
use crate::support::random::Random;
use crate::support::{Answer, TestServer, seed};

async fn post(server: &TestServer, body: impl Into<Vec<u8>>) -> Answer {
    let call = server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT);
    call.body("application/json", body.into()).send().await
}

/// A body with two fields, the second one given as text.
fn with(field: &str) -> String {
    format!(r#"{{"userIds":["{}"],{field}}}"#, seed::NINA)
}

/// A value nested very deeply.
fn deep(open: &str, close: &str) -> String {
    format!("{}{}", open.repeat(10_000), close.repeat(10_000))
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_json_is_rejected_as_a_whole() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let fine = json!({ "userIds": [seed::NINA] }).to_string();
    for body in [
        &b"{"[..],
        b"nul",
        b"{'userIds':[]}",
        b"{userIds:[]}",
        b"{\"userIds\":[],}",
        b"{\"userIds\":[,]}",
        b"{\"userIds\":[]}}",
        b"{\"userIds\":[]} {\"userIds\":[]}",
        b"{\"userIds\":[]}\0",
        b"// no\n{\"userIds\":[]}",
        b"\xef\xbb\xbf{\"userIds\":[]}",
        b"\xff\xfe{\x00}\x00",
        b"\0\0\0{",
        b"{\"userIds\":[\"\xff\xff\"]}",
        b"{\"userIds\":[\"\xed\xa0\x80\"]}",
        b"{\"userIds\":[\"\\ud800\"]}",
        b"{\"userIds\":[\"\\udc00\\ud800\"]}",
        b"{\"userIds\":[\"\\x41\"]}",
        b"{\"userIds\":[\"a\nb\"]}",
        b"userIds=1&groupIds=2",
        b"<userIds/>",
        &b"[".repeat(10_000),
        &b"{\"userIds\":".repeat(10_000),
        &fine.as_bytes()[..fine.len() - 1],
        &[fine.as_bytes(), b"x"].concat(),
    ] {
        let answer = post(&server, body).await;
        assert_eq!(answer.status, 400, "{:.60}", String::from_utf8_lossy(body));
        assert!(answer.body.len() < 2000, "a short answer: {}", answer.text());
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_values_are_rejected_at_their_place_and_not_echoed() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let (long, groups) = ("<b>".repeat(5_000), deep("[", "]"));
    for (body, place) in [
        (r#"{"userIds":["<script>alert(1)</script>"]}"#.to_owned(), "/userIds/0"),
        (r#"{"userIds":["\u0000"]}"#.to_owned(), "/userIds/0"),
        (format!(r#"{{"userIds":["{}\u0000"]}}"#, seed::NINA), "/userIds/0"),
        (format!(r#"{{"userIds":["\u202e{}"]}}"#, seed::NINA), "/userIds/0"),
        (format!(r#"{{"userIds":["{}\u200b"]}}"#, seed::NINA), "/userIds/0"),
        (format!(r#"{{"userIds":["{long}"]}}"#), "/userIds/0"),
        (r#"{"userIds":[1e999]}"#.to_owned(), ""),
        (r#"{"userIds":[123456789012345678901234567890]}"#.to_owned(), "/userIds/0"),
        (r#"{"userIds":[-0.0]}"#.to_owned(), "/userIds/0"),
        (r#"{"userIds":{"length":1}}"#.to_owned(), "/userIds"),
        (format!(r#"[["{}"]]"#, seed::NINA), ""),
        (format!(r#"[["{}"],["{}"],true]"#, seed::NINA, seed::EDITORS), ""),
        (with(r#""userIds":[]"#), "/userIds"),
        (with(r#""owner":true,"owner":false"#), "/owner"),
        (with(r#""groupIds":[],"groupIds":[]"#), "/groupIds"),
        // The same name, written with escapes.
        (with(r#""\u0075serIds":[]"#), "/userIds"),
        (with(r#""owner":"false""#), "/owner"),
        (with(r#""owner":0"#), "/owner"),
        (with(r#""owner":[]"#), "/owner"),
        (with(r#""owner":{"$ne":null}"#), "/owner"),
        (with(&format!(r#""groupIds":{groups}"#)), "/groupIds/0"),
        (with(r#""groupIds":"<script>""#), "/groupIds"),
    ] {
        let answer = post(&server, body.clone()).await;
        assert_eq!((answer.status, answer.places()), (400, vec![place.to_owned()]), "{body:.80}");
        let text = answer.text();
        assert!(!text.contains("<script>") && !text.contains("<b>") && text.len() < 2000, "{text:.200}");
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_are_ignored_whatever_their_content() {
    let server = TestServer::start().await;
    let long = "x".repeat(10_000);
    for field in [
        r#""unknown":null"#.to_owned(),
        r#""unknown":1,"unknown":2"#.to_owned(),
        r#""":0,"\u0000":"\u0000\u202e<script>""#.to_owned(),
        r#""__proto__":{"owner":true},"constructor":{"prototype":{"owner":true}}"#.to_owned(),
        r#""Owner":true,"OWNER":true,"owner ":true,"user_ids":["x"],"group_ids":7"#.to_owned(),
        r#""projectId":"0190a000-0000-7000-a000-000000000002","organisationId":1"#.to_owned(),
        format!(r#""{long}":"{long}""#),
        format!(r#""unknown":{}"#, "9".repeat(300)),
    ] {
        let answer = post(&server, with(&field)).await;
        assert_eq!(answer.status, 200, "{field:.80}: {}", answer.text());
    }
    // No owner and no other membership was created.
    assert_eq!(server.count("SELECT count(*) FROM members WHERE owner = 1"), 3);
    assert_eq!(server.count("SELECT count(*) FROM members"), 5 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_nesting_in_an_unknown_field_is_ignored_or_rejected_and_breaks_nothing() {
    let server = TestServer::start().await;
    for deep in [deep("[", "]"), format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000))] {
        let answer = post(&server, with(&format!(r#""unknown":{deep}"#))).await;
        assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
        server.get("/api/health").expect(200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mebibyte_of_ids_is_counted_and_rejected() {
    let server = TestServer::start().await;
    let count = (1024 * 1024 - 40) / 39;
    let ids = vec![seed::NINA; count];
    for field in ["userIds", "groupIds"] {
        let mut body = json!({ "userIds": [] });
        body[field] = json!(ids);
        let body = body.to_string();
        assert!(body.len() > 1024 * 1024 - 64 && body.len() <= 1024 * 1024, "{}", body.len());
        let answer = post(&server, body).await;
        assert_eq!((answer.status, answer.places()), (400, vec![format!("/{field}")]));
    }
    // The response does not grow with the number of errors.
    let wrong = json!({ "userIds": vec!["x"; 200_000] }).to_string();
    let answer = post(&server, wrong).await;
    assert!(answer.status == 400 && answer.body.len() < 20_000, "{}", answer.body.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_26_a_hostile_name_is_stored_unchanged_and_returned_as_text() {
    let server = TestServer::start().await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    for (name, value) in [
        ("firstName", "a\u{0}b"),
        ("firstName", "a\r\nBcc: x@y.z"),
        ("lastName", "\u{7f}x"),
        ("lastName", "\u{1b}[31mred"),
        ("firstName", &"n".repeat(201)),
        ("lastName", &"\u{1d54f}".repeat(1_000)),
    ] {
        let mut body = json!({ "secret": code });
        body[name] = json!(value);
        let answer = server.post("/invitations/accept").json(&body).expect(400).await;
        assert_eq!(answer.places(), [format!("/{name}")], "{value:.20?}");
    }
    let (first, last) = ("<script>alert(1)</script>", "\u{202e}\"&'; DROP TABLE users; -- \u{1d54f}");
    let body = json!({ "secret": code, "firstName": first, "lastName": last });
    server.post("/invitations/accept").json(&body).expect(200).await;
    let answer = post(&server, json!({ "userIds": [seed::IVY] }).to_string()).await;
    let user = &answer.json()[0]["user"];
    assert_eq!((&user["firstName"], &user["lastName"]), (&json!(first), &json!(last)));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

const USERS: [&str; 8] = [
    seed::NINA,
    seed::OTTO,
    seed::IVY,
    seed::READER,
    seed::ROBOT,
    seed::DORA,
    seed::UNKNOWN_ID,
    seed::GLOBEX_GUEST,
];
const GROUPS: [&str; 4] = [seed::EDITORS, seed::MANAGERS, seed::ADJUSTERS, seed::GLOBEX_SPIES];

/// Mostly valid bodies, and values that rarely are.
fn some_body(random: &mut Random) -> Value {
    let ids = |random: &mut Random, all: &[&str]| -> Value {
        (0..random.below(4)).map(|_| json!(random.of(all))).collect()
    };
    let odd =
        [json!(null), json!(-1), json!(1e300), json!("\u{0}\u{202e}"), json!([[]]), json!({}), json!(true)];
    let mut body = json!({ "userIds": ids(random, &USERS) });
    if random.below(4) == 0 {
        body["groupIds"] = ids(random, &GROUPS);
    }
    if random.below(2) == 0 {
        body["owner"] = json!(random.below(2) == 0);
    }
    if random.below(5) == 0 {
        let field = *random.of(&["userIds", "groupIds", "owner", "", "unknown"]);
        body[field] = random.of(&odd).clone();
    }
    body
}

/// Changes, duplicates, removes or inserts some of the bytes.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len().max(1));
        match random.below(5) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = *random.of(b"\"\\{}[]:,0-eE.\0\n\xff\xc3u"),
            2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 => bytes.extend_from_within(at..),
            _ => bytes.insert(at, *random.of(b"\"\\{}[]:, \xed\xef1")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bodies_get_a_described_status_and_errors_write_nothing() {
    let server = TestServer::start().await;
    let start = 0x00b5_1e55_ed00_0001;
    let mut random = Random::new(start);
    let callers = [seed::OWNER_PAT, seed::OWNER_SES, seed::MANAGER_PAT, seed::READER_SES, seed::GLOBEX_PAT];
    let projects = [seed::PRICING, seed::PRICING, seed::CLAIMS, seed::GLOBEX_PROJECT, seed::UNKNOWN_ID];
    let mut seen = std::collections::BTreeMap::<u16, usize>::new();
    let mut before = everything(&server);
    for turn in 0..500 {
        let mut bytes = some_body(&mut random).to_string().into_bytes();
        if random.below(2) == 0 {
            mutate(&mut random, &mut bytes);
        }
        let (caller, project) = (*random.of(&callers), *random.of(&projects));
        let content_type = if random.below(20) == 0 { "text/plain" } else { "application/json" };
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let call = server.post(&seed::members_path(project)).caller(caller).body(content_type, bytes);
        let answer = call.send().await;
        let described = matches!(answer.status, 200 | 400 | 403 | 404 | 409 | 415);
        assert!(described, "seed {start:#x}, turn {turn}: {shown}: {}", answer.text());
        let after = everything(&server);
        assert!(answer.status == 200 || after == before, "seed {start:#x}, turn {turn}: {shown} was refused");
        before = after;
        *seen.entry(answer.status).or_default() += 1;
    }
    // Checks that the generator produces every kind of response.
    assert_eq!(seen.keys().copied().collect::<Vec<u16>>(), [200, 400, 403, 404, 409, 415], "{seen:?}");
}
