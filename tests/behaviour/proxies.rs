//! Servers behind other software: trusted proxies, load balancers that keep connections open, and the base URL of
//! links. FR-33, FR-34, FR-35.

use std::time::Duration;

use serde_json::{Value, json};

use crate::processes::{log, serve_refused};
use crate::support::program::{self, Serving};
use crate::support::tcp::{Tcp, request};
use crate::support::{Call, TestServer, seed};

const HEALTH: &str = "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n";
const LOOPBACK: [&str; 2] = ["--trusted-proxy", "127.0.0.0/8"];

/// The address in the audit entry of a change with these headers.
fn recorded(server: &TestServer, headers: &[(&str, &str)]) -> String {
    let path = format!("/api/projects/{}/groups", seed::PRICING);
    let fixed = [("authorization", seed::OWNER_PAT), ("content-type", "application/json")];
    let body = json!({ "name": "Some" }).to_string();
    let mut connection = Tcp::connect(server);
    connection.send(request("POST", &path, &[&fixed[..], headers].concat(), body.as_bytes()));
    let answer = connection.checked_answer("POST", &path);
    assert_eq!(answer.status, 200, "{headers:?}: {}", answer.text());
    let sql = "SELECT ip_address FROM audit_logs ORDER BY created_at DESC, id DESC LIMIT 1";
    server.look(|tx| tx.row(sql, (), |row| row.get(0)))
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_33_behind_a_trusted_proxy_the_audit_entry_has_the_client_s_address() {
    let server =
        TestServer::start_with(&[&LOOPBACK[..], &["--trusted-proxy", "10.0.0.0/8,2001:db8::/32"]].concat())
            .await;
    for (lines, client) in [
        (&["203.0.113.7"][..], "203.0.113.7"),
        (&["203.0.113.7:50123"], "203.0.113.7"),
        (&["2001:db9::7"], "2001:db9::7"),
        (&["[2001:db9::7]"], "2001:db9::7"),
        (&["[2001:DB9::7]:443"], "2001:db9::7"),
        (&["::ffff:203.0.113.7"], "203.0.113.7"),
        // Entries of the client itself are left of those of proxies.
        (&["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (&["nonsense, 203.0.113.7"], "203.0.113.7"),
        (&["127.0.0.1, 203.0.113.7"], "203.0.113.7"),
        (&["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (&["198.51.100.1,203.0.113.7 ,\t10.1.2.3, 2001:db8::5, 127.0.0.9"], "203.0.113.7"),
        // Several header lines form one list.
        (&["198.51.100.1", "203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (&["203.0.113.7", "10.1.2.3"], "203.0.113.7"),
        // If all are trusted, the first one is the client.
        (&["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        (&["unknown"], "127.0.0.1"),
        (&["203.0.113.7, unknown"], "127.0.0.1"),
        (&["203.0.113.7, 10.1.2.3, _hidden"], "127.0.0.1"),
        (&["203.0.113.7, "], "127.0.0.1"),
        (&[""], "127.0.0.1"),
        (&["203.0.113.700"], "127.0.0.1"),
        (&["203.0.113.7:"], "127.0.0.1"),
        (&["203.0.113.7:x"], "127.0.0.1"),
        (&["203.0.113.7:99999"], "127.0.0.1"),
        (&["[203.0.113.7]"], "127.0.0.1"),
        (&["[2001:db9::7"], "127.0.0.1"),
        (&["fe80::1%eth0"], "127.0.0.1"),
        (&["client.example"], "127.0.0.1"),
        (&["203.0.113.7;203.0.113.8"], "127.0.0.1"),
    ] {
        let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        assert_eq!(recorded(&server, &headers), client, "{lines:?}");
    }
    assert_eq!(recorded(&server, &[]), "127.0.0.1");
    assert_eq!(
        recorded(&server, &[("forwarded", "for=203.0.113.7")]),
        "127.0.0.1",
        "the other is never read"
    );
    assert_eq!(recorded(&server, &[("x-real-ip", "203.0.113.7")]), "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_33_the_forwarded_header_is_used_where_it_is_configured() {
    let server =
        TestServer::start_with(&[&LOOPBACK[..], &["--trusted-proxy-header", "forwarded"]].concat()).await;
    for (lines, client) in [
        (&["for=203.0.113.7"][..], "203.0.113.7"),
        (&["For=203.0.113.7;proto=https;by=127.0.0.1"], "203.0.113.7"),
        (&["proto=https ; FOR=\"203.0.113.7:4711\""], "203.0.113.7"),
        (&["for=\"[2001:db9::7]:4711\""], "2001:db9::7"),
        (&["for=\"[2001:db9::7]\""], "2001:db9::7"),
        (&["for=198.51.100.1, for=203.0.113.7, for=127.0.0.2"], "203.0.113.7"),
        (&["for=198.51.100.1", "for=203.0.113.7;host=\"a, for=1.2.3.4\""], "203.0.113.7"),
        (&["for=\"203.0.113.\\7\""], "203.0.113.7"),
        (&["for=unknown"], "127.0.0.1"),
        (&["for=_secret"], "127.0.0.1"),
        (&["for=203.0.113.7, for=\"_gazonk\""], "127.0.0.1"),
        (&["for=203.0.113.7, proto=http"], "127.0.0.1"),
        (&["for=203.0.113.7;for=203.0.113.8"], "127.0.0.1"),
        (&["for=\"203.0.113.7"], "127.0.0.1"),
        (&["for=2001:db9::7"], "127.0.0.1"),
        // A client that tries to absorb the proxy's entry into its own.
        (&["for=198.51.100.1;x=\", for=203.0.113.7"], "127.0.0.1"),
        (&["for=198.51.100.1;x=\"\\, for=\"203.0.113.7\""], "127.0.0.1"),
        (&["for=198.51.100.1;x=\"", "for=203.0.113.7"], "203.0.113.7"),
        (&["203.0.113.7"], "127.0.0.1"),
    ] {
        let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("forwarded", *line)).collect();
        assert_eq!(recorded(&server, &headers), client, "{lines:?}");
    }
    assert_eq!(
        recorded(&server, &[("x-forwarded-for", "203.0.113.7")]),
        "127.0.0.1",
        "the other is never read"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_33_headers_of_an_untrusted_peer_are_ignored() {
    for flags in [&[][..], &["--trusted-proxy", "192.0.2.0/24"]] {
        let server = TestServer::start_with(flags).await;
        for name in ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip"] {
            assert_eq!(recorded(&server, &[(name, "203.0.113.7")]), "127.0.0.1", "{flags:?} {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_33_the_log_line_has_the_client_s_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let serving = Serving::start(folder.path(), &[&LOOPBACK[..], &["--log", "debug"]].concat());
    let call = Call::new(&reqwest::Client::new(), "GET", &serving.url, "/livez")
        .header("x-request-id", seed::UNKNOWN_ID);
    call.header("x-forwarded-for", "203.0.113.7").expect(200).await;
    let log = log(folder.path());
    let line = log.lines().find(|line| line.contains(seed::UNKNOWN_ID)).expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["client.address"], "203.0.113.7", "{line}");
}

#[test]
fn fr_33_invalid_networks_are_rejected_with_the_correct_form() {
    for (value, words) in [
        ("proxy.example", "such as 10.0.0.0/8"),
        ("10.0.0.0/33", "such as 10.0.0.0/8"),
        ("10.0.0.0/-1", "such as 10.0.0.0/8"),
        ("10.0.0.0/", "such as 10.0.0.0/8"),
        ("10.0.0.0/255.0.0.0", "such as 10.0.0.0/8"),
        ("2001:db8::/129", "such as 10.0.0.0/8"),
        ("10.0.0.1/8", "write 10.0.0.0/8"),
        ("2001:db8::1/32", "write 2001:db8::/32"),
        ("::ffff:10.0.0.0/104", "write 10.0.0.0/8"),
        ("10.0.0.0/8,", "such as 10.0.0.0/8"),
    ] {
        let output = program::run(&["serve", "--ephemeral", "--trusted-proxy", value]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{value}: {said}");
        assert!(said.contains("--trusted-proxy") && said.contains(words), "{value}: {said}");
    }
    let output = program::run(&[
        "serve",
        "--ephemeral",
        "--trusted-proxy",
        "::1",
        "--trusted-proxy-header",
        "x-real-ip",
    ]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("x-forwarded-for") && said.contains("forwarded"), "{said}");
    let output = program::run(&["serve", "--ephemeral", "--trusted-proxy-header", "forwarded"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("--trusted-proxy"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_34_keep_alive_has_a_time_out_of_its_own() {
    let server = TestServer::start_with(&["--header-timeout", "300ms"]).await;
    let mut kept = Tcp::connect(&server);
    let mut half = Tcp::connect(&server);
    for tcp in [&mut kept, &mut half] {
        tcp.send(HEALTH);
        assert_eq!(tcp.next().status, 200);
    }
    half.send("GET /api/he");
    assert_eq!(half.rest(), "", "a head that was begun has the time of a head");
    tokio::time::sleep(Duration::from_millis(600)).await;
    kept.send(HEALTH);
    assert_eq!(kept.next().status, 200, "longer than a head may take");

    let server = TestServer::start_with(&["--keep-alive-timeout", "300ms"]).await;
    let mut idle = Tcp::connect(&server);
    idle.send(HEALTH);
    assert_eq!(idle.next().status, 200);
    assert_eq!(idle.rest(), "");
    // A new connection is not kept alive yet.
    let mut new = Tcp::connect(&server);
    tokio::time::sleep(Duration::from_millis(600)).await;
    new.send(HEALTH);
    assert_eq!(new.next().status, 200);
}

#[test]
fn fr_34_the_default_keep_alive_is_longer_than_that_of_load_balancers() {
    let help = program::run_well(&["serve", "--help"]);
    let about = help.split("--keep-alive-timeout").nth(1).expect("the setting");
    let about = about.split("--").next().unwrap_or_default();
    assert!(about.contains("[default: 75s]") && about.contains("BRMS_KEEP_ALIVE_TIMEOUT"), "{about}");
    let output = program::run(&["serve", "--ephemeral", "--keep-alive-timeout", "0s"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("--keep-alive-timeout"), "{said}");
}

#[test]
fn fr_35_a_wildcard_listener_requires_a_public_url() {
    for listen in ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0"] {
        let folder = tempfile::tempdir().expect("a folder");
        let text = serve_refused(folder.path(), &["--listen", listen]);
        assert!(text.contains("--public-url") && text.contains("BRMS_PUBLIC_URL"), "{listen}: {text}");
        assert!(!folder.path().join("test.db").exists(), "{listen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_35_a_server_on_loopback_uses_localhost_in_links() {
    let server = TestServer::start().await;
    let description = server.get("/openapi.json").expect(200).await.json();
    let home = server.home();
    assert!(home.starts_with("http://localhost:"), "{home}");
    assert_eq!(description["servers"][0]["url"], home);
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let mails = server.mails().await;
    let mail = mails.last().expect("a mail");
    assert!(mail.text.contains(&format!("{home}/invitations/accept#brms_inv_")), "{}", mail.text);
}
