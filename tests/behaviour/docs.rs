//! The documentation page: its files and their caching. Its appearance is checked in a browser.

use crate::support::TestServer;

const FILES: [(&str, &str); 5] = [
    ("/docs", "text/html; charset=utf-8"),
    ("/docs/docs.css", "text/css; charset=utf-8"),
    ("/docs/docs.js", "text/javascript; charset=utf-8"),
    ("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_file_of_the_page_is_served_from_here_with_a_strict_policy() {
    let server = TestServer::start().await;
    for (path, content_type) in FILES {
        for method in ["GET", "HEAD"] {
            let answer = server.call(method, path).expect(200).await;
            assert_eq!(answer.header("content-type"), Some(content_type), "{method} {path}");
            let policy = answer.header("content-security-policy").expect("a policy");
            assert!(policy.contains("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = server.call(method, path).expect(405).await;
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
    for path in ["/docs/", "/docs/index.html", "/docs/swagger-ui.js"] {
        server.get(path).expect(404).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_with_a_current_copy_gets_304() {
    let server = TestServer::start().await;
    let mut tags = Vec::new();
    for (path, _) in FILES {
        let answer = server.get(path).expect(200).await;
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "kept, and asked about each time");
        let tag = answer.header("etag").expect("a tag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = server.get(path).header("if-none-match", &known).expect(304).await;
            assert_eq!(again.header("etag"), Some(&*tag), "{path} {known}");
        }
        for other in ["\"other\"", "nonsense", ""] {
            let whole = server.get(path).header("if-none-match", other).expect(200).await;
            assert_eq!(whole.body, answer.body, "{path} {other}");
        }
        assert!(!tags.contains(&tag), "{path}");
        tags.push(tag);
    }
}
