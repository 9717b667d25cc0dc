//! Errors that suggest what was probably meant: credentials with the wrong scheme, almost correct paths, a byte order
//! mark, a plus sign, and parts of the vendor's API that are not implemented. FR-39, FR-40, FR-43.

use brms::generated::router::ROUTES;
use serde_json::json;

use crate::support::{Answer, TestServer, seed};

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().expect("a detail").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_39_a_secret_with_the_wrong_scheme_gets_a_hint() {
    let server = TestServer::start().await;
    let pat = seed::OWNER_PAT.strip_prefix("Bearer ").expect("a scheme");
    let session = seed::OWNER_SES.strip_prefix("Internal ").expect("a scheme");
    let code = format!("brms_inv_{}", "0".repeat(43));
    let control = format!("brms_tst_{}", "0".repeat(43));
    let users = "/api/users";
    for (value, words) in [
        (format!("Bearer {session}"), "brms_ses_… requires the scheme Internal"),
        (format!("Internal {pat}"), "brms_pat_… requires the scheme Bearer"),
        (format!("Token {pat}"), "brms_pat_… requires the scheme Bearer"),
        (format!("Basic {session}"), "brms_ses_… requires the scheme Internal"),
        (pat.to_owned(), "brms_pat_… requires the scheme Bearer"),
        (session.to_owned(), "brms_ses_… requires the scheme Internal"),
        (format!("Bearer: {pat}"), "brms_pat_… requires the scheme Bearer"),
        (format!("Bearer {code}"), "brms_inv_… is the code of an invitation"),
        (code.clone(), "brms_inv_… is the code of an invitation"),
        (format!("Internal {control}"), "brms_tst_… is for the test controls"),
        (format!("Bearer  {pat}"), "exactly one space"),
        (format!("Bearer {pat} "), ""),
        (format!("Bearer {pat} {pat}"), "exactly one space"),
        (format!("Bearer\t{pat}"), "exactly one space"),
        ("Bearer".to_owned(), "has a scheme but no token"),
        ("Basic b3duZXI6cGFzc3dvcmQ=".to_owned(), "Bearer or Internal"),
    ] {
        let answer = server.get(users).caller(&value).send().await;
        if words.is_empty() {
            // White space around a value is ignored.
            assert_eq!(answer.status, 200, "{value:?}");
            continue;
        }
        let shown = detail(&answer);
        assert_eq!(answer.status, 401, "{value:?}");
        assert!(shown.contains(words), "{value:?}: {shown}");
        // The challenge contains the hint, too, in the characters that a header allows.
        let challenge = answer.header("www-authenticate").expect("a challenge").to_owned();
        let words = words.replace('…', "...");
        assert!(
            challenge.contains("error_description=\"") && challenge.contains(&words),
            "{value:?}: {challenge}"
        );
        assert!(
            !answer.text().contains("00000000000000000000") && !challenge.contains("0000000000"),
            "{value:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_39_where_a_session_is_required_a_token_gets_no_hint_about_schemes() {
    let server = TestServer::start().await;
    let pat = seed::OWNER_PAT.strip_prefix("Bearer ").expect("a scheme");
    let session = seed::OWNER_SES.strip_prefix("Internal ").expect("a scheme");
    let body = json!({ "emails": [] });
    for (value, words) in [
        (format!("Bearer {pat}"), "not a personal access token"),
        (format!("Internal {pat}"), "not a personal access token"),
        (pat.to_owned(), "not a personal access token"),
        (format!("Bearer {session}"), "brms_ses_… requires the scheme Internal"),
    ] {
        let answer = server.post("/api/users").caller(&value).json(&body).expect(401).await;
        assert!(detail(&answer).contains(words), "{value:?}: {}", detail(&answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_40_the_root_is_a_page_with_links() {
    let server = TestServer::start().await;
    let page = server.get("/").expect(200).await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let text = page.text();
    assert!(text.contains("href=\"docs\"") && text.contains("brms"), "{text}");
    assert!(page.header("content-security-policy").is_some_and(|policy| !policy.contains("unsafe")));
    // The files it loads are served.
    let style = text.split("<link rel=\"stylesheet\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
    server.get(&format!("/{}", style.expect("a style sheet"))).expect(200).await;
    server.call("HEAD", "/").expect(200).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let refused = server.call(method, "/").expect(405).await;
        assert_eq!(refused.header("allow"), Some("GET, HEAD"), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_40_an_almost_correct_path_gets_a_hint() {
    let server = TestServer::start().await;
    let project = seed::PRICING;
    for (path, meant) in [
        ("//api/users".to_owned(), "/api/users"),
        ("/api//users".to_owned(), "/api/users"),
        ("/api/users/".to_owned(), "/api/users"),
        ("/API/Users".to_owned(), "/api/users"),
        ("/users".to_owned(), "/api/users"),
        ("/api/api/users".to_owned(), "/api/users"),
        ("/api/v1/users".to_owned(), "/api/users"),
        ("/api/health%2f".to_owned(), "/api/health"),
        (format!("/projects/{project}/members"), "/api/projects/{projectId}/members"),
        (format!("/api/projects/{project}//members/"), "/api/projects/{projectId}/members"),
        (format!("/api/projects/{project}/Members"), "/api/projects/{projectId}/members"),
    ] {
        let answer = server.get(&path).expect(404).await;
        assert_eq!(answer.problem(), "unknown-path", "{path}");
        let shown = detail(&answer);
        assert!(shown.ends_with(&format!("{meant}?")), "{path}: {shown}");
    }
    for path in ["/nowhere", "/api", "/api/", "//", "/%00", "/api/%ff", "/api/healthy", "/robots.txt"] {
        let shown = detail(&server.get(path).expect(404).await);
        assert!(!shown.contains('?') && !shown.contains(path), "{path}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_40_a_body_in_another_unicode_encoding_gets_a_hint() {
    let server = TestServer::start().await;
    let text = json!({ "userIds": [] }).to_string();
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    for (body, words) in [
        ([b"\xef\xbb\xbf", text.as_bytes()].concat(), "byte order mark"),
        ([&b"\xff\xfe"[..], &wide(u16::to_le_bytes)].concat(), "UTF-16"),
        ([&b"\xfe\xff"[..], &wide(u16::to_be_bytes)].concat(), "UTF-16"),
        (wide(u16::to_le_bytes), "UTF-16"),
        (wide(u16::to_be_bytes), "UTF-16"),
        (Vec::new(), "the body is empty"),
        (b" \r\n".to_vec(), "the body is empty"),
    ] {
        let call = server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT);
        let answer = call.body("application/json", body.clone()).expect(400).await;
        assert_eq!(answer.places(), [""], "{body:?}");
        assert!(detail(&answer).contains(words), "{body:?}: {}", detail(&answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_40_a_plus_sign_decoded_as_a_space_gets_a_hint() {
    let server = TestServer::start().await;
    for name in ["fromDate", "toDate"] {
        let ask =
            |value: &str| server.get(&format!("/api/audit-logs?{name}={value}")).caller(seed::OWNER_PAT);
        let answer = ask("2026-01-31T12:00:00+01:00").expect(400).await;
        assert_eq!(answer.places(), [name]);
        assert!(detail(&answer).contains("%2B"), "{}", detail(&answer));
        ask("2026-01-31T12:00:00%2B01:00").expect(200).await;
        let other = ask("yesterday+evening").expect(400).await;
        assert!(!detail(&other).contains("%2B"), "{}", detail(&other));
    }
}

/// Paths of the vendor's API that are not implemented, some with further segments.
const NOT_BUILT: [&str; 32] = [
    "/api/projects/{p}/evaluate/pricing/table.json",
    "/api/projects/{p}/environments",
    "/api/projects/{p}/environments/{p}",
    "/api/projects/{p}/environments/{p}/evaluate/a/b/c",
    "/api/projects/{p}/environments/{p}/regenerate-token",
    "/api/projects/{p}/decisions/simulate",
    "/api/projects/{p}/http-proxy",
    "/api/projects/{p}/security/tokens",
    "/api/projects/{p}/security/tokens/{p}",
    "/api/projects/{p}/releases",
    "/api/projects/{p}/releases/multipart",
    "/api/projects/{p}/releases/apply",
    "/api/projects/{p}/releases/{p}",
    "/api/projects/{p}/releases/{p}/download",
    "/api/projects/{p}/documents/{p}",
    "/api/projects/{p}/documents/{p}/versions",
    "/api/projects/{p}/documents/{p}/versions/7",
    "/api/projects/{p}/documents/move",
    "/api/projects/{p}/branches",
    "/api/projects/{p}/branches/{p}",
    "/api/projects/{p}/branches/{p}/commits",
    "/api/projects/{p}/branches/{p}/commit",
    "/api/projects/{p}/branches/{p}/merge",
    "/api/projects/{p}/change-requests/{p}",
    "/api/projects/{p}/integrations/{p}",
    "/api/projects/{p}/test-events",
    "/api/rules/anything",
    "/api/rules/any/thing",
    "/api/rules-sync",
    "/api/ai/chat",
    "/api/projects/not-an-id/releases",
    "/api/projects/{p}/evaluate/%ff",
];

#[tokio::test(flavor = "multi_thread")]
async fn fr_43_a_path_only_the_vendor_has_is_501_before_authentication_and_for_any_method() {
    let server = TestServer::start().await;
    for path in NOT_BUILT {
        let path = path.replace("{p}", seed::PRICING);
        for (method, caller) in [("GET", ""), ("POST", seed::OWNER_PAT), ("DELETE", "Bearer x"), ("BREW", "")]
        {
            let call = server.call(method, &path);
            let call = if caller.is_empty() { call } else { call.caller(caller) };
            let answer = call.expect(501).await;
            assert_eq!(answer.problem(), "not-built", "{method} {path}");
        }
        server.call("HEAD", &path).expect(501).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_43_requesting_a_project_by_its_id_is_not_answered_with_404() {
    let server = TestServer::start().await;
    let path = format!("/api/projects/{}", seed::PRICING);
    // As long as the description has no operation at this path.
    if brms::http::find(ROUTES, "GET", &path).is_err() {
        for method in ["GET", "PUT", "DELETE"] {
            server.call(method, &path).caller(seed::OWNER_PAT).expect(501).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_43_known_and_unknown_paths_keep_their_responses() {
    let server = TestServer::start().await;
    let project = format!("/api/projects/{}", seed::PRICING);
    for (method, path, status) in [
        ("DELETE", "/api/health".to_owned(), 405),
        ("DELETE", format!("{project}/members"), 405),
        ("GET", format!("{project}/members"), 401),
        ("GET", format!("{project}/evaluate"), 404),
        ("GET", format!("{project}/evaluate/"), 404),
        ("GET", format!("{project}/releases/"), 404),
        ("GET", format!("{project}/releases/a/b"), 404),
        ("GET", format!("{project}/nothing"), 404),
        ("GET", "/api/projects//releases".to_owned(), 404),
        ("GET", "/api/rules".to_owned(), 404),
        ("GET", "/rules/x".to_owned(), 404),
    ] {
        server.call(method, &path).expect(status).await;
    }
}
