//! Request heads: paths, methods, ids, request ids, numbers in a query, and the precedence of errors.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use serde_json::json;
use uuid::Uuid;

use crate::support::contract::DESCRIPTION;
use crate::support::inside::everything;
use crate::support::{Answer, TestServer, seed};

/// The methods of every path of the description, with some id for each parameter.
fn described_paths() -> BTreeMap<String, Vec<String>> {
    let paths = DESCRIPTION["paths"].as_object().expect("paths");
    let filled = |template: &str| {
        let parts =
            template.split('/').map(|part| if part.starts_with('{') { seed::UNKNOWN_ID } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let methods = |value: &serde_json::Value| {
        let words = value.as_object().expect("methods").keys().map(|word| word.to_uppercase());
        words.collect()
    };
    paths.iter().map(|(template, value)| (filled(template), methods(value))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undescribed_path_is_404_for_everyone() {
    let server = TestServer::start().await;
    for path in [
        "/api",
        "/api/",
        "/api/health/",
        "/api/healthy",
        "/api/Health",
        "/API/health",
        "//api/health",
        "/api//health",
        "/api/health/live",
        "/api/users/",
        "/api/projects//members",
        &format!("/api/projects/{}/members/", seed::PRICING),
        &format!("/api/projects/{}/members/{}/x", seed::PRICING, seed::NINA),
        &format!("/api/projects/{}/Members", seed::PRICING),
        &format!("/api/users/{}/invitations", seed::IVY),
        "/invitations",
        "/invitations/accept/",
        "/api/health%2f",
        "/api/%00",
        "/api/health;x=1",
    ] {
        for (method, caller) in [("GET", None), ("POST", Some(seed::OWNER_PAT)), ("BREW", None)] {
            let call = server.call(method, path);
            let call = if let Some(caller) = caller { call.caller(caller) } else { call };
            assert_eq!(call.expect(404).await.problem(), "unknown-path", "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undescribed_method_is_405_and_names_the_described_ones() {
    let server = TestServer::start().await;
    let words =
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get", "PROPFIND"];
    for (path, mut methods) in described_paths() {
        if methods.iter().any(|word| word == "GET") {
            methods.push("HEAD".to_owned());
        }
        methods.sort_unstable();
        for word in words {
            let answer = server.call(word, &path).send().await;
            if methods.iter().any(|method| method == word) {
                assert_eq!(answer.status, if path == "/api/health" { 200 } else { 401 }, "{word} {path}");
                assert_eq!(answer.header("allow"), None);
            } else {
                let found = (answer.status, answer.header("allow"));
                assert_eq!(found, (405, Some(methods.join(", ").as_str())), "{word} {path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_literal_segment_takes_precedence_over_an_id_also_for_methods() {
    let server = TestServer::start().await;
    let members = seed::members_path(seed::PRICING);
    for (method, path, allow) in [
        ("PUT", "/api/users/service".to_owned(), "POST"),
        ("PUT", format!("{members}/users"), "GET, HEAD"),
        ("GET", format!("{members}/{}", seed::NINA), "PUT"),
    ] {
        let answer = server.call(method, &path).caller(seed::OWNER_SES).json(&json!({})).expect(405).await;
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

/// The headers without those that differ between requests.
fn lasting(answer: &Answer) -> HeaderMap {
    let mut headers = answer.headers.clone();
    headers.remove("date");
    headers.remove("x-request-id");
    headers
}

#[tokio::test(flavor = "multi_thread")]
async fn head_has_the_response_of_get_without_the_body() {
    let server = TestServer::start().await;
    for (path, caller) in [
        ("/api/health", seed::OWNER_PAT),
        ("/api/users", "Bearer nothing"),
        ("/api/users?page=0", seed::OWNER_PAT),
        ("/api/nowhere", seed::OWNER_PAT),
        ("/invitations/accept", seed::OWNER_PAT),
    ] {
        let get = server.get(path).caller(caller).send().await;
        let head = server.call("HEAD", path).caller(caller).send().await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(lasting(&head), lasting(&get), "{path}");
        assert!(!get.body.is_empty() && head.body.is_empty(), "{path}");
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_accepted_in_either_letter_case_and_percent_encoded() {
    let server = TestServer::start().await;
    let upper = seed::PRICING.to_uppercase();
    let encoded: String = seed::PRICING.bytes().map(percent_encoding::percent_encode_byte).collect();
    let partly = seed::PRICING.replacen('-', "%2D", 1);
    for (project, user) in [
        (upper.as_str(), seed::NINA.to_uppercase()),
        (&encoded, seed::OTTO.to_owned()),
        (&partly, seed::ADMIN.to_owned()),
    ] {
        let call = server.post(&seed::members_path(project)).caller(seed::OWNER_PAT);
        let answer = call.json(&json!({ "userIds": [user] })).expect(200).await;
        assert_eq!(answer.json()[0]["projectId"], seed::PRICING, "{project}");
        assert_eq!(answer.json()[0]["userId"], user.to_lowercase());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_forms_of_an_id_are_rejected_in_the_path_and_in_the_body() {
    let server = TestServer::start().await;
    let before = everything(&server);
    let id = seed::PRICING;
    for form in [
        id.replace('-', ""),
        format!("{{{id}}}"),
        format!("urn:uuid:{id}"),
        format!(" {id}"),
        format!("{id} "),
        format!("{id}\n"),
        format!("{id}0"),
        id[..35].to_owned(),
        id.replacen('-', "_", 1),
        id.replacen('0', "g", 1),
        id.replacen('0', "\u{0660}", 1),
        id.replace('-', "\u{2010}"),
        "1".to_owned(),
        "null".to_owned(),
        "..".repeat(18),
        "\0".to_owned(),
        "' OR 1=1 --".to_owned(),
    ] {
        let encode = percent_encoding::utf8_percent_encode(&form, percent_encoding::NON_ALPHANUMERIC);
        let call = server.post(&seed::members_path(&encode.to_string())).caller(seed::OWNER_PAT);
        let answer = call.json(&json!({ "userIds": [] })).expect(400).await;
        assert_eq!(answer.places(), ["projectId"], "{form:?}");

        for (field, place) in [("userIds", "/userIds/0"), ("groupIds", "/groupIds/0")] {
            let mut body = json!({ "userIds": [] });
            body[field] = json!([form]);
            let call = server.post(&seed::members_path(id)).caller(seed::OWNER_PAT);
            assert_eq!(call.json(&body).expect(400).await.places(), [place], "{form:?}");
        }
    }
    for path in ["%FF", "%ed%a0%80", "%", "%zz"] {
        let call = server.post(&seed::members_path(path)).caller(seed::OWNER_PAT);
        assert_eq!(call.json(&json!({ "userIds": [] })).expect(400).await.places(), ["projectId"], "{path}");
    }
    assert_eq!(everything(&server), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_its_own_id_if_it_is_a_uuid_and_gets_one_otherwise() {
    let server = TestServer::start().await;
    let given = "0190A000-0000-4000-8000-00000000ABCD";
    // The test client checks that a problem's instance is the id of the response.
    for path in ["/api/health", "/api/users", "/api/nowhere", "/invitations/accept"] {
        let answer = server.get(path).header("x-request-id", given).send().await;
        let kept = answer.header("x-request-id").expect("an id");
        assert_eq!(kept, given.to_lowercase(), "{path}");
        let mut made = vec![Uuid::nil()];
        for other in ["", "1", "<script>", "0190a000", &"0".repeat(5000)] {
            let answer = server.get(path).header("x-request-id", other).send().await;
            let id = Uuid::parse_str(answer.header("x-request-id").expect("an id")).expect("a UUID");
            assert!(!made.contains(&id), "{path} {other}");
            made.push(id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_in_a_query_are_positive_integers() {
    let server = TestServer::start().await;
    let digits = "9".repeat(400);
    let ask = |query: String| server.get(&format!("/api/users?{query}")).caller(seed::OWNER_PAT).send();
    for name in ["perPage", "page"] {
        for fits in ["1", "10", "1.0", "1e2", "1E2", "1e%2B2", "500", "501", "100000", "%31"] {
            let answer = ask(format!("{name}={fits}")).await;
            assert_eq!(answer.status, 200, "{name}={fits}: {}", answer.text());
        }
        for wrong in [
            "",
            "0",
            "-1",
            "-0",
            "0.5",
            "1.5",
            "1e-1",
            "NaN",
            "nan",
            "Infinity",
            "inf",
            "-Infinity",
            "1e308",
            "1e400",
            "01",
            "%2B1",
            "+1",
            "%201",
            "1%20",
            "1%0A",
            "0x10",
            "1_000",
            "1,5",
            "1.",
            ".5",
            "true",
            "null",
            "[1]",
            "%221%22",
            "{}",
            "%EF%BC%91",
            "%FF",
            "1%00",
            &digits,
        ] {
            let answer = ask(format!("{name}={wrong}")).await;
            assert_eq!((answer.status, answer.places()), (400, vec![name.to_owned()]), "{name}={wrong}");
        }
        let twice = ask(format!("{name}=1&{name}=1")).await;
        assert_eq!((twice.status, twice.places()), (400, vec![name.to_owned()]));
    }
    for fits in ["", "&", "&&page=2&", "pages=0&PAGE=0", "%70age=3", "search=&search2=%FF", "x=1&x=2"] {
        let answer = ask(fits.to_owned()).await;
        assert_eq!(answer.status, 200, "{fits}: {}", answer.text());
    }
    assert_eq!(ask("%70age=0".to_owned()).await.places(), ["page"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn enum_values_in_a_query_are_those_of_the_description() {
    let server = TestServer::start().await;
    for (path, name, fits) in [
        ("/api/users?isService=true", "isService", true),
        ("/api/users?isService=false", "isService", true),
        ("/api/invitations?status=pending", "status", true),
        ("/api/invitations?status=PENDING", "status", false),
        ("/api/invitations?status=pending&status=pending", "status", false),
        ("/api/audit-logs?userId=x", "userId", false),
        ("/api/audit-logs?type=%3Cscript%3E", "type", false),
        ("/api/users?search=%FF", "search", false),
    ] {
        let answer = server.get(path).caller(seed::OWNER_PAT).send().await;
        if fits {
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        } else {
            assert_eq!((answer.status, answer.places()), (400, vec![name.to_owned()]), "{path}");
            assert!(!answer.text().contains("<script>"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_errors_the_one_that_takes_precedence_is_reported() {
    let server = TestServer::start().await;
    let members = seed::members_path;
    let (pricing, globex) = (members(seed::PRICING), members(seed::GLOBEX_PROJECT));
    let (none, json_type) = ("Bearer nothing", "application/json");
    let long = vec![b'x'; 1024 * 1024 + 1];
    let fine = json!({ "userIds": [seed::NINA] }).to_string().into_bytes();
    let unknown = json!({ "userIds": [seed::UNKNOWN_ID] }).to_string().into_bytes();
    let mixed = json!({ "userIds": [seed::DORA, seed::UNKNOWN_ID] }).to_string().into_bytes();
    let owner = json!({ "userIds": [seed::UNKNOWN_ID], "owner": true }).to_string().into_bytes();
    let many = json!({ "userIds": vec![seed::UNKNOWN_ID; 1001] }).to_string().into_bytes();
    let before = everything(&server);
    for (what, method, path, caller, content_type, body, status) in [
        ("path, method", "BREW", "/api/nowhere", none, "text/plain", &long, 404),
        ("method, credentials", "DELETE", &pricing, none, "text/plain", &long, 405),
        ("credentials, parameters", "POST", &members("x"), none, "text/plain", &long, 401),
        ("parameters, type", "POST", &members("x"), seed::OWNER_PAT, "text/plain", &fine, 400),
        ("parameters, length", "POST", &members("x"), seed::OWNER_PAT, json_type, &long, 400),
        ("type, length", "POST", &pricing, seed::OWNER_PAT, "text/plain", &long, 415),
        ("length, body", "POST", &pricing, seed::OWNER_PAT, json_type, &long, 413),
        ("body, visibility", "POST", &globex, seed::OWNER_PAT, json_type, &b"{}".to_vec(), 400),
        ("limits, visibility", "POST", &globex, seed::OWNER_PAT, json_type, &many, 400),
        ("visibility, right", "POST", &globex, seed::READER_PAT, json_type, &fine, 404),
        ("visibility, ids", "POST", &globex, seed::OWNER_PAT, json_type, &unknown, 404),
        ("right, ids", "POST", &pricing, seed::READER_PAT, json_type, &unknown, 403),
        ("right to give, ids", "POST", &pricing, seed::MANAGER_PAT, json_type, &owner, 403),
        ("ids, state", "POST", &pricing, seed::OWNER_PAT, json_type, &mixed, 404),
    ] {
        let call = server.call(method, path).caller(caller).body(content_type, body.clone());
        let answer = call.expect(status).await;
        let places: &[&str] = match what {
            "parameters, type" | "parameters, length" => &["projectId"],
            "body, visibility" | "limits, visibility" => &["/userIds"],
            "ids, state" => &["/userIds/1"],
            _ => &[],
        };
        assert_eq!(answer.places(), places, "{what}");
    }
    assert_eq!(everything(&server), before);
}
