//! FR-55: what a person sees at an address that does not exist, such as a damaged link of a mail.

use crate::support::{TestServer, seed};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

/// Damaged links and other unknown paths, with the way from there to the root.
const PATHS: [(&str, &str); 12] = [
    ("/invitations/accept%23brms_inv_x", "../"),
    ("/invitations/accept/", "../../"),
    ("/invitations/accept)", "../"),
    ("/invitations/accept.", "../"),
    ("/invitations/accept%20", "../"),
    ("/invitations", ""),
    ("/invitations/", "../"),
    ("/Invitations/Accept", "../"),
    ("/nothing", ""),
    ("/docs/", "../"),
    ("/api/user", "../"),
    ("/_test/clock", "../"),
];

#[tokio::test(flavor = "multi_thread")]
async fn fr_55_a_browser_gets_a_page_that_leads_on_for_any_unknown_path() {
    let server = TestServer::start().await;
    for (path, root) in PATHS {
        let answer = server.get(path).header("accept", BROWSER).expect(404).await;
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        let page = answer.text();
        for link in ["invitations/accept", "style.css", "icon.svg"] {
            assert!(page.contains(&format!("href=\"{root}{link}\"")), "{path}: {page}");
        }
        assert!(!page.contains("brms_inv_x"), "nothing of the request is in the page: {page}");
        for header in ["content-security-policy", "referrer-policy", "vary"] {
            assert!(answer.header(header).is_some(), "{path}: {header}");
        }
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        // The links lead to pages that exist.
        let base = reqwest::Url::parse(&format!("{}{path}", server.url())).expect("a URL");
        let form = base.join(&format!("{root}invitations/accept")).expect("a URL");
        server.get(form.path()).header("accept", BROWSER).expect(200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_55_api_clients_keep_problem_json() {
    let server = TestServer::start().await;
    for accept in [
        "",
        "*/*",
        "application/json",
        "application/json, text/plain, */*",
        "application/json, text/html",
        "application/problem+json;q=0.9, text/html;q=0.8",
        "text/html;q=0, */*",
        "text/html;q=x",
    ] {
        let answer = server.get("/nothing").header("accept", accept).expect(404).await;
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{accept:?}");
        assert_eq!(answer.header("vary"), Some("accept"), "{accept:?}");
    }
    // Clients do not post with a browser's address bar, and a known path answers as it is described.
    server.post("/nothing").header("accept", BROWSER).expect(404).await.problem();
    server.get("/api/users").header("accept", BROWSER).expect(401).await.problem();
    server.get("/api/users").header("accept", BROWSER).caller(seed::OWNER_SES).expect(200).await.json();
}
