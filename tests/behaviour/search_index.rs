//! A search by the index finds exactly what looking at every text finds, in every list, whatever the text.
//!
//! Of SQLite alone: what its index has in the file.

use std::collections::BTreeSet;
use std::path::Path;

use brms::db::{Parameter, Tx};
use brms::problem::Problem;
use brms::search::{folded, folded_text};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::inside::id;
use crate::support::postgres::{self, of_sqlite_alone};
use crate::support::random::{self, Random};
use crate::support::{TestServer, derived, seed};

/// More users than are looked at one by one have "crowd" in their names.
const CROWD: usize = 2_050;
const ODD: usize = 60;
const SEARCHES: usize = 60;

/// What names and searches are made of: combining marks, letters whose case changes their length, joined emoji, words and
/// signs of FTS5, LIKE and SQL.
const PIECES: [&str; 52] = [
    "a",
    "b",
    "c",
    "an",
    "na",
    "ß",
    "SS",
    "ss",
    "İ",
    "i",
    "I\u{307}",
    "ı",
    "\u{301}",
    "e\u{301}",
    "é",
    "Σ",
    "ς",
    "σ",
    "ﬁ",
    "\u{212a}",
    "k",
    "漢字",
    "仮",
    "👩\u{200d}💻",
    "👩",
    "💻",
    "\u{200d}",
    "\u{fe0f}",
    "\u{378}",
    "\u{ffff}",
    "\u{fffd}",
    " ",
    "  ",
    "OR",
    "AND",
    "NOT",
    "NEAR",
    "*",
    "\"",
    "'",
    "%",
    "_",
    "(",
    ")",
    "^",
    "-",
    ":",
    "{",
    "}",
    "+",
    "\\",
    ",",
];

fn text(random: &mut Random, pieces: usize) -> String {
    (0..=random.below(pieces)).map(|_| *random.of(&PIECES)).collect()
}

/// A text in which something can be seen.
fn name(random: &mut Random) -> String {
    format!("{}x{}", text(random, 8), text(random, 8))
}

fn odd_id(kind: &str, number: usize) -> String {
    format!("0190a222-0000-7000-{kind}-{number:012}")
}

fn is_name(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// The example with people and projects of odd names, members and invitations in acme, and as many in globex.
fn seed_file(folder: &Path, random: &mut Random) {
    let example = std::fs::read(seed::FILE).expect("the example seed");
    let mut whole: Value = serde_json::from_slice(&example).expect("it is JSON");
    for (position, of) in ["acme", "globex"].into_iter().enumerate() {
        let organisation = &mut whole["organisations"][position];
        let crowd = if position == 0 { CROWD } else { 40 };
        let users = organisation["users"].as_array_mut().expect("users");
        for number in 0..crowd {
            users.push(json!({ "email": format!("crowd{number}@{of}.test"), "firstName": "Crowd", "type": "member" }));
        }
        for number in 0..ODD {
            let user_type = if number % 3 == 0 { "invited" } else { "member" };
            let mut user = json!({ "id": odd_id(&format!("800{position}"), number), "type": user_type,
                "email": format!("{}{number}@{of}.test", ["anna", "or", "near", "o'neil", "%_"][number % 5]) });
            if user_type == "member" {
                user["firstName"] = json!(name(random));
                user["lastName"] = json!(name(random));
                user["status"] = json!(["active", "disabled"][usize::from(number % 7 == 1)]);
            }
            users.push(user);
        }
        let projects = organisation["projects"].as_array_mut().expect("projects");
        for number in 0..ODD {
            projects.push(
                json!({ "id": odd_id(&format!("a00{position}"), number), "key": format!("odd-{number}"),
                                  "name": name(random) }),
            );
        }
    }
    let members: Vec<Value> =
        (0..ODD / 2).map(|number| json!({ "userId": odd_id("8000", number * 2) })).collect();
    whole["organisations"][0]["projects"][0]["members"].as_array_mut().expect("members").extend(members);
    std::fs::write(folder.join("odd.json"), whole.to_string()).expect("a seed");
}

/// A list, its rows in SQL with the texts that a search of it looks at, all in its order.
struct List {
    path: String,
    sql: String,
}

fn lists() -> Vec<List> {
    let acme = "users.organisation_id = (SELECT organisation_id FROM users WHERE email = 'owner@acme.test')";
    let user = "SELECT users.id AS id, users.search_address AS first, users.search_name AS second FROM users";
    let pricing = "SELECT id FROM projects WHERE key = 'pricing'";
    let list = |path: &str, sql: String| List { path: path.to_owned(), sql };
    vec![
        list("/api/users", format!("{user} WHERE {acme} ORDER BY created_at, id")),
        list(
            "/api/users?isService=true",
            format!("{user} WHERE {acme} AND is_service = 1 ORDER BY created_at, id"),
        ),
        list(
            &seed::members_path(seed::PRICING),
            format!(
                "SELECT members.id AS id, users.search_address AS first, users.search_name AS second
                 FROM members JOIN users ON users.id = members.user_id
                 WHERE members.project_id = ({pricing})
                 ORDER BY members.created_at, members.id"
            ),
        ),
        list(
            &format!("{}/users", seed::members_path(seed::PRICING)),
            format!(
                "{user} WHERE {acme} AND status <> 'disabled'
                   AND NOT EXISTS (SELECT 1 FROM members WHERE user_id = users.id AND project_id = ({pricing}))
                 ORDER BY created_at, id"
            ),
        ),
        list(
            "/api/invitations?status=pending",
            format!(
                "SELECT invitations.id AS id, users.search_address AS first, '' AS second
                 FROM invitations JOIN users ON users.id = invitations.user_id
                 WHERE {acme} AND invitations.status = 'pending'
                 ORDER BY invitations.created_at, invitations.id"
            ),
        ),
        list(
            "/api/projects?all=true",
            "SELECT projects.id AS id, projects.search_name AS first, '' AS second
             FROM projects JOIN users ON users.organisation_id = projects.organisation_id
             WHERE users.email = 'owner@acme.test' AND deleted_at IS NULL
             ORDER BY projects.created_at, projects.id"
                .to_owned(),
        ),
    ]
}

/// The rows of a list: ids, and the texts that are searched.
fn rows(tx: &Tx, list: &List) -> Result<Vec<(Uuid, [String; 2])>, Problem> {
    tx.rows(&list.sql, (), |row| Ok((row.get("id")?, [row.get("first")?, row.get("second")?])))
}

async fn compare(server: &TestServer, list: &List, search: &str) -> usize {
    let all = server.look(|tx| rows(tx, list));
    let mut searched = folded(Some(search));
    if postgres::is_used() {
        // It has no U+0000 in its texts, and takes a replacement character for it.
        searched = searched.map(|search| search.replace('\0', "\u{fffd}"));
    }
    let has = |texts: &[String; 2]| {
        searched.as_ref().is_none_or(|search| texts.iter().any(|text| text.contains(search)))
    };
    let expected: Vec<String> =
        all.iter().filter(|(_, texts)| has(texts)).map(|(id, _)| id.to_string()).collect();
    let encoded = percent_encoding::utf8_percent_encode(search, percent_encoding::NON_ALPHANUMERIC);
    let joint = if list.path.contains('?') { '&' } else { '?' };
    let final_page = expected.len().div_ceil(50).max(1);
    for (page, size) in [(1, 500), (final_page, 50)] {
        let path = format!("{}{joint}search={encoded}&page={page}&perPage={size}", list.path);
        let body = server.get(&path).caller(seed::OWNER_SES).expect(200).await.json();
        let found = body["results"].as_array().expect("results").iter();
        let found: Vec<&str> = found.map(|one| one["id"].as_str().expect("an id")).collect();
        let wanted: Vec<&str> =
            expected.iter().skip((page - 1) * size).take(size).map(String::as_str).collect();
        assert_eq!(found, wanted, "{path} {search:?}");
        assert_eq!(body["paginate"]["total"], expected.len(), "{path} {search:?}");
    }
    expected.len()
}

/// Random parts of the texts that are there, and random texts.
fn searches(server: &TestServer, random: &mut Random) -> BTreeSet<String> {
    let texts: Vec<String> = lists()
        .iter()
        .flat_map(|list| server.look(|tx| rows(tx, list)))
        .flat_map(|(_, texts)| texts)
        .filter(|text| !text.is_empty() && !text.starts_with("crowd"))
        .collect();
    let mut searches: BTreeSet<String> =
        ["crowd", "CROWD1", "crowd1@", "cr", "acme.test", "globex", "\0", "a\0b\0c", "an\0na", ""]
            .map(str::to_owned)
            .into();
    while searches.len() < SEARCHES {
        let letters: Vec<char> = random.of(&texts).chars().collect();
        let start = random.below(letters.len());
        let part = letters.iter().skip(start).take(1 + random.below(6)).collect::<String>();
        searches.insert(match random.below(4) {
            0 => text(random, 4),
            1 => part.to_uppercase(),
            _ => part,
        });
    }
    searches
}

/// Renames through the API, and several in one transaction.
async fn rename(server: &TestServer, random: &mut Random) {
    for number in (1..ODD).filter(|number| number % 3 != 0).step_by(4) {
        let body = json!({ "firstName": name(random), "lastName": name(random) });
        let path = format!("/api/users/{}", odd_id("8000", number));
        server.call("PUT", &path).caller(seed::OWNER_SES).json(&body).expect(200).await;
        let body = json!({ "name": name(random) });
        let path = format!("/api/projects/{}", odd_id("a000", number));
        server.call("PUT", &path).caller(seed::OWNER_SES).json(&body).expect(200).await;
    }
    let renamed: Vec<(Uuid, String)> = (0..10)
        .map(|_| (id(&odd_id("8000", random.below(ODD))), folded_text(&format!("anna {}", name(random)))))
        .collect();
    server.change(move |tx| {
        for (id, name) in &renamed {
            let parameters = [id as &dyn Parameter, name];
            tx.execute("UPDATE users SET search_name = ?2 WHERE id = ?1", &parameters[..])?;
        }
        Ok(0)
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_by_the_index_finds_what_looking_at_every_text_finds() {
    let first = random::seed("SEARCH_SEED");
    let mut random = Random::new(first);
    assert!(PIECES.iter().all(|piece| is_name(piece)), "names may have them");
    let folder = tempfile::tempdir().expect("a folder");
    seed_file(folder.path(), &mut random);
    let file = folder.path().join("odd.json").display().to_string();
    let server = TestServer::start_in(folder, &["--seed", &file]).await;
    let mut found = BTreeSet::new();
    for round in 0..3 {
        for search in searches(&server, &mut random) {
            for list in lists() {
                found.insert(compare(&server, &list, &search).await);
            }
        }
        derived::check(&server, &format!("SEARCH_SEED={first}, round {round}"));
        rename(&server, &mut random).await;
    }
    assert!(found.contains(&0) && found.contains(&1), "{found:?}");
    assert!(found.iter().any(|count| *count > 2_000), "too many candidates: {found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_changed_is_not_left_in_the_file() {
    of_sqlite_alone!("it looks into the tables of FTS5");
    let server = TestServer::start().await;
    let rename = |name: &'static str| {
        let body = json!({ "firstName": name, "lastName": "New" });
        server
            .call("PUT", &format!("/api/users/{}", seed::NINA))
            .caller(seed::OWNER_SES)
            .json(&body)
            .expect(200)
    };
    rename("Qzxqzx").await;
    let has = |term: &str| {
        let sql = format!("SELECT count(*) FROM users_search_terms WHERE term = '{term}'");
        server.sqlite().query_row(&sql, [], |row| row.get::<_, i64>(0)).expect("a count")
    };
    assert_eq!((has("qzx"), has("xqz")), (1, 1));
    rename("Nina").await;
    assert_eq!((has("qzx"), has("xqz")), (0, 0));
    let blocks = "SELECT count(*) FROM users_search_data WHERE instr(block, CAST('qzx' AS BLOB)) > 0";
    assert_eq!(server.sqlite().query_row(blocks, [], |row| row.get::<_, i64>(0)).expect("a count"), 0);
    derived::check(&server, "after two renames");
}

/// FTS5 loses what one transaction adds to a row that it has removed, unless it has written the removal before. It does
/// so after each statement of a trigger, and a reset of one user relies on it: all rows get the numbers they had.
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_of_one_user_and_one_project_keeps_their_index() {
    of_sqlite_alone!("it looks into the tables of FTS5");
    let server = TestServer::stand_in().await;
    let example: Value = serde_json::from_slice(&std::fs::read(seed::FILE).expect("the file")).expect("JSON");
    let mut alone = example.clone();
    let organisations = alone["organisations"].as_array_mut().expect("organisations");
    organisations.truncate(1);
    let owner = organisations[0]["users"][0].clone();
    organisations[0] = json!({
        "id": organisations[0]["id"], "name": "acme", "displayName": "Acme", "users": [owner],
        "projects": [{ "id": seed::PRICING, "key": "pricing", "name": "Pricing" }],
    });
    for seed in [&alone, &example, &alone, &alone, &example] {
        server.control("POST", "reset").json(seed).expect(200).await;
        assert_eq!(server.look(brms::db::sqlite::wrong_search_indexes), Vec::<&str>::new());
    }
}
