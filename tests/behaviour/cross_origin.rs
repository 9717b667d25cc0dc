//! Pages of other origins: those that the operator names may call, and no others.

use crate::support::server::settings;
use crate::support::{Answer, Call, TestServer, seed};

const PORTAL: &str = "https://portal.example.org";
const OTHER: &str = "https://evil.example";

fn from(call: Call, origin: &str) -> Call {
    call.header("origin", origin)
}

fn preflight(server: &TestServer, path: &str, origin: &str) -> Call {
    let call = from(server.call("OPTIONS", path), origin).header("access-control-request-method", "POST");
    call.header("access-control-request-headers", "authorization,content-type,idempotency-key")
}

/// What an answer allows a page, without the prefix that all its headers have.
fn grants(answer: &Answer) -> Vec<String> {
    let grants = answer.headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("access-control-")?;
        Some(format!("{name}: {}", value.to_str().expect("a text")))
    });
    grants.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_32_a_page_of_a_named_origin_may_ask_send_and_read() {
    let server =
        TestServer::start_with(&["--cors-origin", PORTAL, "--cors-origin", "http://localhost:3000"]).await;
    for origin in [PORTAL, "http://localhost:3000"] {
        for path in ["/api/users", "/api/projects", "/invitations/accept", "/nowhere"] {
            let answer = preflight(&server, path, origin).expect(204).await;
            assert!(answer.body.is_empty());
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            let methods = answer.header("access-control-allow-methods").expect("methods");
            assert_eq!(methods, "GET, HEAD, POST, PUT, DELETE");
            let headers = answer.header("access-control-allow-headers").expect("headers").to_lowercase();
            for name in ["authorization", "content-type", "idempotency-key"] {
                assert!(headers.split(", ").any(|one| one == name), "{headers}");
            }
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
        // Also what is refused: a page has to read why.
        for (path, caller, status) in [
            ("/api/users", Some(seed::OWNER_PAT), 200),
            ("/api/users", None, 401),
            ("/api/users?page=0", Some(seed::OWNER_PAT), 400),
            ("/nowhere", None, 404),
            ("/openapi.json", None, 200),
        ] {
            let call = from(server.get(path), origin);
            let answer =
                if let Some(caller) = caller { call.caller(caller) } else { call }.expect(status).await;
            let granted = grants(&answer);
            assert_eq!(granted.len(), 2, "{granted:?}");
            assert_eq!(granted[0], format!("allow-origin: {origin}"));
            assert!(granted[1].contains("Retry-After"), "{granted:?}");
            assert!(answer.headers.get_all("vary").iter().any(|value| value == "Origin"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_32_a_page_of_any_other_origin_gets_nothing() {
    let server = TestServer::start_with(&["--cors-origin", PORTAL]).await;
    for origin in [
        OTHER,
        "null",
        "",
        "http://portal.example.org",
        "https://portal.example.org:8443",
        "https://portal.example.org.evil.example",
        "https://PORTAL.example.org",
        "http://localhost:3000",
    ] {
        let answer = preflight(&server, "/api/users", origin).expect(405).await;
        assert_eq!(grants(&answer), Vec::<String>::new(), "{origin}");
        let answer = from(server.get("/api/users").caller(seed::OWNER_PAT), origin).expect(200).await;
        assert_eq!(grants(&answer), Vec::<String>::new(), "{origin}");
        // A cache must not hand it to the portal.
        assert_eq!(answer.header("vary"), Some("Origin"), "{origin}");
    }
    // OPTIONS that is no preflight is what it was.
    from(server.call("OPTIONS", "/api/users"), PORTAL).expect(405).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_32_with_the_test_controls_every_origin_of_this_machine_may_call() {
    let server = TestServer::stand_in().await;
    for origin in ["http://localhost:5173", "http://127.0.0.1:1", "http://[::1]:9", "https://localhost"] {
        for path in ["/api/users", "/_test/reset"] {
            let answer = preflight(&server, path, origin).expect(204).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{path}");
        }
        let answer = from(server.get("/_test/clock"), origin).expect(401).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    }
    let answer = preflight(&server, "/_test/reset", OTHER).send().await;
    assert_eq!(grants(&answer), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_32_without_the_setting_nothing_is_said_of_origins() {
    let server = TestServer::start().await;
    let answer = preflight(&server, "/api/users", PORTAL).expect(405).await;
    assert_eq!((grants(&answer), answer.header("vary")), (Vec::new(), None));
    let folder = tempfile::tempdir().expect("a folder");
    assert!(settings(&folder.path().join("test.db"), &[]).cross_origin.cors_origin.is_empty());
}
