//! listUsers: order, filters and pages of the list, and who may see it. Also contains the helpers that tests about
//! users share: reading the audit log.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::inside::{Pat, execute, numbered, sign_in};
use crate::support::{TestServer, seed};

const SERVICE: &str = "/api/users/service";
/// The users of acme as the seed file has them, oldest first.
const ACME: [&str; 10] =
    ["owner", "admin", "manager", "reader", "ivy", "ian", "dora", "robot", "nina", "otto"];

/// An audit entry: type, action, object, and actor.
pub type Entry = (String, String, String, Option<String>);

/// An expected entry.
pub fn entry(kind: &str, action: &str, ref_id: &str, by: &str) -> Entry {
    (kind.to_owned(), action.to_owned(), ref_id.to_owned(), Some(by.to_owned()))
}

/// Checks that the actions of acme's callers are exactly these audit entries, in any order, without secrets. Seeded
/// entries have no actor.
pub async fn assert_audited(server: &TestServer, mut expected: Vec<Entry>) {
    let listed = server.get("/api/audit-logs?perPage=500").caller(seed::OWNER_SES).expect(200).await.json();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let read = |row: &Value| {
        let user = row["user"]["id"].as_str().map(str::to_owned);
        (text(&row["type"]), text(&row["action"]), text(&row["refId"]), user)
    };
    let mut found: Vec<Entry> = listed["results"].as_array().expect("results").iter().map(read).collect();
    found.retain(|entry| entry.3.is_some());
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let sql = "SELECT count(*) FROM audit_logs
               WHERE concat_ws(' ', data, user_agent, ip_address, action) LIKE '%brms\\____\\_%' ESCAPE '\\'";
    assert_eq!(server.count(sql), 0, "a secret in the audit log");
}

async fn list(server: &TestServer, query: &str) -> Value {
    server.get(&format!("/api/users?{query}")).caller(seed::ADMIN_SES).expect(200).await.json()
}

/// The local part of each listed address.
fn names(body: &Value) -> Vec<&str> {
    let users = body["results"].as_array().expect("results").iter();
    let emails = users.map(|user| user["email"].as_str().expect("an address"));
    emails.map(|email| email.split_once('@').expect("a domain").0).collect()
}

async fn search(server: &TestServer, text: &str) -> Vec<String> {
    let encoded = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let body = list(server, &format!("perPage=50&search={encoded}")).await;
    names(&body).into_iter().map(str::to_owned).collect()
}

async fn rename(server: &TestServer, user: &str, first_name: &str, last_name: &str) {
    let call = server.call("PUT", &format!("/api/users/{user}")).caller(seed::OWNER_SES);
    call.json(&json!({ "firstName": first_name, "lastName": last_name })).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_users_of_the_organisation_are_listed_oldest_first() {
    let server = TestServer::start().await;
    let body = list(&server, "").await;
    assert_eq!(names(&body), ACME);
    assert_eq!(body["paginate"], json!({ "current": 1, "from": 1, "to": 10, "total": 10, "pageSize": 10 }));
    assert_eq!(body["results"][9]["lastName"], "O'Neil <b>");
    let ivy = &body["results"][4];
    assert_eq!(
        (&ivy["type"], &ivy["status"], &ivy["firstName"]),
        (&json!("invited"), &json!("active"), &Value::Null)
    );
    assert_eq!(body["results"][6]["status"], "disabled", "the disabled are shown");

    // The order follows the creation time, not the ids.
    server.clock.advance(Duration::from_secs(1));
    let new = json!({ "email": "aaa@acme.test" });
    server.post(SERVICE).caller(seed::OWNER_SES).json(&new).expect(200).await;
    execute(&server, "UPDATE users SET created_at = 5 WHERE email = 'otto@acme.test'");
    execute(&server, "UPDATE users SET created_at = 6 WHERE email IN ('nina@acme.test', 'dora@acme.test')");
    let body = list(&server, "perPage=20").await;
    assert_eq!(names(&body)[..4], ["otto", "dora", "nina", "owner"], "the id decides between equals");
    assert_eq!(names(&body)[10], "aaa");
}

#[tokio::test(flavor = "multi_thread")]
async fn is_service_selects_service_accounts_or_people_and_accepts_only_booleans() {
    let server = TestServer::start().await;
    let programs = list(&server, "isService=true").await;
    assert_eq!((names(&programs), &programs["paginate"]["total"]), (vec!["robot"], &json!(1)));
    assert_eq!(programs["results"][0]["isService"], true);
    let people = list(&server, "isService=false").await;
    assert_eq!(people["paginate"]["total"], 9);
    assert!(!names(&people).contains(&"robot"));
    assert_eq!(names(&list(&server, "isService=true&search=owner").await), Vec::<&str>::new());
    for word in ["", "TRUE", "1", "yes", "null", "true%20"] {
        let path = format!("/api/users?isService={word}");
        let answer = server.get(&path).caller(seed::ADMIN_SES).expect(400).await;
        assert_eq!(answer.places(), ["isService"], "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn search_covers_address_and_both_names_in_any_letter_case() {
    let server = TestServer::start().await;
    rename(&server, seed::NINA, "Ärmel", "Öztürk").await;
    rename(&server, seed::OTTO, "Жанна", "d'Arc").await;
    for (text, found) in [
        ("NINA@", &["nina"][..]),
        ("ärm", &["nina"]),
        ("ÄRM", &["nina"]),
        ("öZTÜRK", &["nina"]),
        ("ЖАН", &["otto"]),
        ("жанна", &["otto"]),
        ("D'ARC", &["otto"]),
        ("olga", &["owner"]),
        ("OWNER", &["owner"]),
        ("ada", &["admin"]),
        ("anager", &["manager"]),
        ("arm", &[]),
        ("globex", &[]),
        ("gus", &[]),
    ] {
        assert_eq!(search(&server, text).await, found, "{text}");
    }
    assert_eq!(search(&server, "").await, ACME, "an empty search is no filter");
    assert_eq!(search(&server, "acme.TEST").await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_a_greek_name_by_its_first_letters() {
    let server = TestServer::start().await;
    rename(&server, seed::NINA, "Κώστας", "Σίσυφος").await;
    // A sigma has another lower-case form at the end of a word; the search text ends before the name does.
    for text in ["ΚΏΣ", "κώσ", "ΚΏΣΤΑΣ", "κώστας", "ΣΊΣ", "ΣΥΦΟΣ", "υφοσ"] {
        assert_eq!(search(&server, text).await, ["nina"], "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn search_matches_percent_underscore_and_quotes_literally() {
    let server = TestServer::start().await;
    rename(&server, seed::NINA, "100% _real_", "back\\slash").await;
    rename(&server, seed::OTTO, "O'Neil \"Ott\"", "'; DROP TABLE users; --").await;
    for (text, found) in [
        ("%", &["nina"][..]),
        ("_", &["nina"]),
        ("0%", &["nina"]),
        ("_real_", &["nina"]),
        ("\\", &["nina"]),
        ("'", &["otto"]),
        ("\"ott\"", &["otto"]),
        ("'; drop table", &["otto"]),
        ("o_ner", &[]),
        ("o%r", &[]),
        ("*", &[]),
        ("?", &[]),
        ("' OR '1'='1", &[]),
    ] {
        assert_eq!(search(&server, text).await, found, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_paged_and_reports_its_position() {
    let server = TestServer::start().await;
    for (query, shown, place) in [
        ("page=1&perPage=4", &ACME[..4], [1, 1, 4, 10, 4]),
        ("page=2&perPage=4", &ACME[4..8], [2, 5, 8, 10, 4]),
        ("page=3&perPage=4", &ACME[8..], [3, 9, 10, 10, 4]),
        ("page=4&perPage=4", &[], [4, 0, 0, 10, 4]),
        ("page=2&perPage=10", &[], [2, 0, 0, 10, 10]),
        ("page=1.0&perPage=1.0", &ACME[..1], [1, 1, 1, 10, 1]),
        ("page=9007199254740991&perPage=500", &[], [9_007_199_254_740_991, 0, 0, 10, 500]),
        ("search=nobody-has-this", &[], [1, 0, 0, 0, 10]),
        ("search=n%40acme&perPage=1&page=2", &["ian"], [2, 2, 2, 2, 1]),
    ] {
        let body = list(&server, query).await;
        assert_eq!(names(&body), shown, "{query}");
        let [current, from, to, total, size] = place.map(|number: u64| number);
        let expected =
            json!({ "current": current, "from": from, "to": to, "total": total, "pageSize": size });
        assert_eq!(body["paginate"], expected, "{query}");
    }
    for (query, place) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.5", "page"),
        ("page=x", "page"),
        ("perPage=0", "perPage"),
        ("perPage=", "perPage"),
    ] {
        let answer = server.get(&format!("/api/users?{query}")).caller(seed::ADMIN_SES).expect(400).await;
        assert_eq!(answer.places(), [place], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_size_over_500_is_reduced_to_500_and_reported() {
    let server = TestServer::start().await;
    let ids = numbered(0xCCCC, 495);
    server.change(move |tx| {
        tx.execute(
            "INSERT INTO users (id, organisation_id, email, email_folded, type, status, is_service, created_at,
                                updated_at)
             SELECT added.id, organisation_id, 'u' || (position + 1) || '@acme.test',
                    'u' || (position + 1) || '@acme.test', 'member', 'active', 0, created_at + 2 + position,
                    created_at
             FROM ids(?1) AS added, users WHERE users.email = 'owner@acme.test'",
            [&ids],
        )
    });
    server.execute(
        "UPDATE user_totals SET total = total + 495
         WHERE is_service = 0 AND status = 'active'
           AND organisation_id = (SELECT organisation_id FROM users WHERE email = 'owner@acme.test')",
    );
    let body = list(&server, "perPage=501").await;
    assert_eq!(names(&body).len(), 500);
    assert_eq!(
        body["paginate"],
        json!({ "current": 1, "from": 1, "to": 500, "total": 505, "pageSize": 500 })
    );
    let body = list(&server, "perPage=1000000&page=2").await;
    assert_eq!(names(&body), ["u491", "u492", "u493", "u494", "u495"]);
    assert_eq!(body["paginate"]["from"], 501);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_have_their_roles() {
    let server = TestServer::start().await;
    let role = json!({
        "name": "Auditors", "description": "Look at all", "allProjects": true,
        "projectPermissions": ["documents:view-content"], "users": [seed::NINA],
    });
    let role = server.post("/api/roles").caller(seed::OWNER_SES).json(&role).expect(200).await.json();
    let body = list(&server, "").await;
    let expected = json!([{ "id": role["id"], "name": "Auditors", "description": "Look at all" }]);
    assert_eq!(body["results"][8]["roles"], expected);
    assert_eq!(body["results"][9]["roles"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_and_unrestricted_tokens_see_the_list() {
    let server = TestServer::start().await;
    let token =
        |user, permissions, projects| Pat { user, permissions, projects, expires_at: None }.put(&server);
    let author = sign_in(&server, seed::OTTO, None);
    execute(&server, "UPDATE users SET type = 'author' WHERE email = 'otto@acme.test'");
    for (caller, status) in [
        (seed::OWNER_PAT, 200),
        (seed::ADMIN_PAT, 200),
        (&token(seed::OWNER, &["project:manage"], &[]), 403),
        (&token(seed::OWNER, &["owner"], &[seed::PRICING]), 403),
        (&token(seed::NINA, &["owner"], &[]), 403),
        (seed::MANAGER_SES, 403),
        (seed::READER_PAT, 403),
        (&author, 403),
        (seed::ROBOT_PAT, 403),
    ] {
        server.get("/api/users").caller(caller).expect(status).await;
    }
    server.get("/api/users").expect(401).await;
    let globex = server.get("/api/users").caller(seed::GLOBEX_PAT).expect(200).await.json();
    assert_eq!(names(&globex), ["owner", "guest"]);
    assert!(!globex.to_string().contains("acme"));
}
