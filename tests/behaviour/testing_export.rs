//! Completeness of an export: an empty server that is seeded with it gives the same responses to every list and every
//! read, byte for byte, including the audit log and errors 403 and 404.
//!
//! Excluded are the mailbox (a pending mail contains the secret of its link, so mails are not exported) and
//! `/openapi.json`, which contains the listen address.
//!
//! Of SQLite alone: a file is opened as a command does it.

use std::collections::BTreeSet;
use std::path::Path;

use brms::clock::Clock;
use brms::db::Engine;
use brms::db::sqlite::Options;
use brms::generated::router::ROUTES;
use brms::seed::{self as seeds, Checked};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::controls::TOKEN;
use crate::support::program::{run, run_well};
use crate::support::{Call, TestServer, seed};
use crate::testing_much::Much;

/// Query parameters that change the content of a list.
const QUERIES: [&str; 4] =
    ["", "?page=2&perPage=3", "?perPage=500&search=o", "?perPage=500&all=true&deleted=true"];

/// Every path of a list or a read, with every id that fits its parameters; and the names of the operations, to detect
/// missing ones.
fn paths(export: &Value) -> (Vec<String>, BTreeSet<&'static str>) {
    let all = |pointer: &str| -> Vec<String> {
        let mut found = vec![seed::UNKNOWN_ID.to_owned()];
        for organisation in export["organisations"].as_array().expect("organisations") {
            let (outer, inner) = pointer.split_once('/').unwrap_or((pointer, ""));
            for thing in organisation[outer].as_array().into_iter().flatten() {
                let within = [thing.clone()];
                let things = if inner.is_empty() { Some(&within[..]) } else { None };
                let things = things.or_else(|| thing[inner].as_array().map(Vec::as_slice));
                let ids = things.unwrap_or_default().iter().map(|thing| thing["id"].as_str().expect("an id"));
                found.extend(ids.map(str::to_owned));
            }
        }
        found
    };
    let (mut paths, mut operations) = (Vec::new(), BTreeSet::new());
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        operations.insert(route.target.id());
        let mut filled = vec![route.path.to_owned()];
        for (parameter, pointer) in [
            ("{projectId}", "projects"),
            ("{userId}", "users"),
            ("{patId}", "users/personalAccessTokens"),
            ("{auditLogId}", "auditLogs"),
        ] {
            let fill = |path: String| -> Vec<String> {
                if !path.contains(parameter) {
                    return vec![path];
                }
                all(pointer).iter().map(|id| path.replace(parameter, id)).collect()
            };
            filled = filled.into_iter().flat_map(fill).collect();
        }
        for path in filled {
            assert!(!path.contains('{'), "no value for a parameter of {path}");
            // Reading a single object has no parameters.
            let queries: &[&str] = if route.path.ends_with('}') { &[""] } else { &QUERIES };
            paths.extend(queries.iter().map(|query| format!("{path}{query}")));
        }
    }
    (paths, operations)
}

/// Sends all requests as every caller, in parallel, since nothing here writes.
async fn answers(server: &TestServer, paths: &[String], callers: &[String]) -> Vec<(String, u16, String)> {
    let as_caller = |caller: &String| {
        let calls: Vec<Call> = paths.iter().map(|path| server.get(path).caller(caller)).collect();
        tokio::spawn(async move {
            let mut answers = Vec::new();
            for call in calls {
                answers.push(call.header("x-request-id", seed::UNKNOWN_ID).send().await);
            }
            answers
        })
    };
    let asked: Vec<_> = callers.iter().map(as_caller).collect();
    let mut all = Vec::new();
    for (caller, answers) in callers.iter().zip(asked) {
        for (path, answer) in paths.iter().zip(answers.await.expect("answers")) {
            all.push((format!("{path} as {caller}"), answer.status, answer.text()));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_seeded_with_an_export_gives_the_same_responses_byte_for_byte() {
    let much = Much::happened().await;
    let export = much.server.export().await;
    let (paths, operations) = paths(&export);
    assert_eq!(operations.len(), 17, "a list or get is new: {operations:?}");
    let before = answers(&much.server, &paths, &much.callers).await;
    let good = before.iter().filter(|(_, status, _)| *status == 200).count();
    assert!(good > 300, "{good} of {} are 200", before.len());

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("export.json");
    std::fs::write(&file, export.to_string()).expect("a file");
    let file = file.display().to_string();
    let flags = ["--seed", &file, "--test-api", "--test-api-token", TOKEN];
    let other = TestServer::start_in(folder, &flags).await;
    for ((call, status, text), (_, other_status, other_text)) in
        before.into_iter().zip(answers(&other, &paths, &much.callers).await)
    {
        assert_eq!((status, text), (other_status, other_text), "{call}");
    }
    assert_eq!(other.export().await, export, "and its export is the same");
    other.reset().await;
    assert_eq!(other.export().await, export, "also after a reset");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_mails_keep_their_meaning_after_an_import() {
    let much = Much::happened().await;
    let export = much.server.export().await;
    let other = TestServer::stand_in().await;
    other.control("POST", "reset").json(&export).expect(200).await;
    let now = much.server.control("GET", "clock").expect(200).await.json()["now"].clone();
    other.control("PUT", "clock").json(&json!({ "now": now })).expect(200).await;
    let accept = |code: &str| other.post("/invitations/accept").json(&json!({ "secret": code }));
    assert_eq!(accept(&much.used_code).expect(410).await.problem(), "invitation-used");
    let sent = other.post(&seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES).expect(429).await;
    assert_eq!(sent.problem(), "too-many-sends", "the throttle remembers");
    accept(&much.open_code).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_without_the_audit_log_names_the_operator_as_author() {
    let much = Much::happened().await;
    let export = much.server.control("GET", "export?auditLogs=false").expect(200).await.json();
    assert!(!export.to_string().contains("auditLogs"));
    much.server.control("POST", "reset").json(&export).expect(200).await;
    assert_eq!(much.server.count("SELECT count(*) FROM audit_logs WHERE user_id IS NOT NULL"), 0);
    assert!(much.server.count("SELECT count(*) FROM audit_logs") > 40);
    assert_eq!(much.server.control("GET", "export?auditLogs=false").expect(200).await.json(), export);
    let refused = much.server.control("GET", "export?auditLogs=perhaps").expect(400).await;
    assert_eq!(refused.places(), ["auditLogs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_no_secret_and_records_which_secrets_others_may_know() {
    let much = Much::happened().await;
    let text = much.server.export().await.to_string();
    for secret in ["brms_pat_", "brms_ses_", "brms_inv_", &much.open_code] {
        assert!(!text.contains(secret), "{secret}");
    }
    let seeded = |export: &Value, user: usize| -> Vec<Value> {
        let tokens = &export["organisations"][0]["users"][user]["personalAccessTokens"];
        tokens.as_array().expect("tokens").iter().map(|token| token["seeded"].clone()).collect()
    };
    let export = much.server.export().await;
    assert_eq!(seeded(&export, 0), [json!(true), json!(false)], "of the seed, and made over the API");
    much.server.control("POST", "reset").json(&export).expect(200).await;
    assert_eq!(seeded(&much.server.export().await, 0), [json!(true), json!(false)]);
}

/// Loads an export into an empty database and returns the export of that one.
pub fn loaded_again(folder: &Path, export: &Value) -> Value {
    let path = folder.join(format!("{}.db", Uuid::now_v7()));
    let checked: Checked =
        seeds::parse(export.to_string().as_bytes()).unwrap_or_else(|all| panic!("{all:?}"));
    tokio::task::block_in_place(|| {
        let db = Engine::open_sqlite(&Options::new(path), Clock::default()).expect("a database");
        seeds::load_into_empty(&db, &checked, std::time::Duration::from_secs(1)).expect("it is seeded");
        json!(db.peek(|tx| seeds::export(tx, seeds::AuditLogs::Included)).expect("an export"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_writes_the_same_export_to_a_new_file() {
    let much = Much::happened().await;
    let database = much.server.database().display().to_string();
    let file = much.server.folder.path().join("export.json");
    let name = file.display().to_string();
    assert_eq!(run_well(&["export", &name, "--database", &database]), "");
    let written: Value = serde_json::from_slice(&std::fs::read(&file).expect("a file")).expect("JSON");
    assert_eq!(written, much.server.export().await);
    let printed = run_well(&["export", "--database", &database]);
    assert_eq!(serde_json::from_str::<Value>(&printed).expect("JSON"), written);
    let without = run_well(&["export", "--without-audit-logs", "--database", &database]);
    assert!(!without.contains("auditLogs"));
    assert_eq!(loaded_again(much.server.folder.path(), &written), written);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o077, 0);
    }
    let again = run(&["export", &name, "--database", &database]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(
        !again.status.success() && said.contains("export.json") && said.contains("does not exist yet"),
        "{said}"
    );
    let missing = run(&["export", "--database", &format!("{database}.missing")]);
    assert!(!missing.status.success(), "an export makes no database");
    assert!(!Path::new(&format!("{database}.missing")).exists());
}

/// Errors in a manually edited export: a path below acme, a value to write there, and the reported path; empty if it
/// is the same.
fn faults_by_hand(export: &Value) -> Vec<(String, Value, String)> {
    let of_user = |email: &str, rest: &str| {
        let users = export["organisations"][0]["users"].as_array().expect("users");
        let position = users.iter().position(|user| user["email"] == email).expect("a user");
        format!("users/{position}/{rest}")
    };
    let of_owner = |rest: &str| of_user("owner@acme.test", &format!("personalAccessTokens/0{rest}"));
    let of_ivy = |rest: &str| of_user(seed::IVY_EMAIL, &format!("invitation/{rest}"));
    let of_ian = |rest: &str| of_user(seed::IAN_EMAIL, &format!("invitation/{rest}"));
    let unknown_id = || json!(seed::UNKNOWN_ID);
    vec![
        ("createdAt".to_owned(), json!("yesterday"), String::new()),
        ("roles/0/users/0".to_owned(), unknown_id(), String::new()),
        ("roles/1/projects/0".to_owned(), unknown_id(), String::new()),
        ("auditLogs/9/userId".to_owned(), unknown_id(), String::new()),
        ("auditLogs/9/projectId".to_owned(), unknown_id(), String::new()),
        ("projects/0/groups/0/roleId".to_owned(), unknown_id(), String::new()),
        ("projects/0/decisionsApprovalGroups/1".to_owned(), unknown_id(), String::new()),
        (of_ian("createdBy"), unknown_id(), String::new()),
        (of_ian("secrets/0/sentBy"), unknown_id(), String::new()),
        (of_ian("status"), json!("pending"), String::new()),
        (of_ian("acceptedAt"), Value::Null, String::new()),
        (of_ivy("secrets/0/state"), json!("live"), of_ivy("secrets")),
        (of_owner("/secretSha256"), json!("abc"), String::new()),
        (of_owner("/secret"), json!("brms_pat_0000000000000000000000000000000000"), of_owner("")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_error_in_the_parts_of_an_export_is_reported_with_its_path() {
    let much = Much::happened().await;
    let export = much.server.export().await;
    for (place, value, named) in faults_by_hand(&export) {
        let mut wrong = export.clone();
        let below = |place: &str| format!("/organisations/0/{place}");
        let pointer = below(&place);
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = wrong.pointer_mut(parent).unwrap_or_else(|| panic!("no {place}"));
        match key.parse::<usize>() {
            Ok(position) => parent[position] = value,
            Err(_) => parent[key] = value,
        }
        let refused = much.server.control("POST", "reset").json(&wrong).expect(400).await;
        let named = below(if named.is_empty() { &place } else { &named });
        assert!(refused.places().contains(&named), "{place}: {}", refused.text());
    }
    let mut known = export.clone();
    let token = json!({ "secret": "brms_ses_written_00000000000000000000000000000", "seeded": false });
    known["organisations"][0]["users"][0]["internalTokens"] = json!([token]);
    let refused = much.server.control("POST", "reset").json(&known).expect(400).await;
    assert!(refused.text().contains("leave it out"), "{}", refused.text());
    assert_eq!(much.server.export().await, export, "and nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manually_written_role_gets_its_groups_in_its_projects() {
    let server = TestServer::stand_in().await;
    let mut document: Value =
        serde_json::from_slice(&std::fs::read(seed::FILE).expect("the seed")).expect("JSON");
    document["organisations"][0]["roles"] = json!([
        { "name": "Auditors", "allProjects": true, "users": [seed::NINA], "projectPermissions": ["documents"] },
        { "name": "Claims", "users": [seed::OTTO, seed::ADMIN], "projects": [seed::CLAIMS] },
    ]);
    server.control("POST", "reset").json(&document).expect(200).await;
    let members = |project: &str| {
        let call = server.get(&seed::members_path(project)).caller(seed::OWNER_SES);
        async { call.expect(200).await.json()["paginate"]["total"].clone() }
    };
    assert_eq!((members(seed::PRICING).await, members(seed::CLAIMS).await), (json!(4), json!(3)));
    let roles = server.get("/api/roles").caller(seed::OWNER_SES).expect(200).await.json();
    let reached = |role: usize| roles["results"][role]["groups"].as_array().map(Vec::len);
    assert_eq!((reached(0), reached(1)), (Some(2), Some(1)));
    let export = server.export().await;
    assert_eq!(loaded_again(server.folder.path(), &export), export);
}
