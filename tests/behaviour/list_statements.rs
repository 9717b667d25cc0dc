//! The number of SQL statements a list runs: few, and independent of the page size.

use std::collections::BTreeSet;
use std::path::Path;

use brms::generated::api::Operation;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::program::Serving;
use crate::support::{Call, seed};

/// The most statements of a list.
const STATEMENTS_MAX: u64 = 8;
/// The size of the longest page.
const COUNT: usize = 500;
/// The sizes of pages that are compared.
const SIZES: [usize; 3] = [1, 10, COUNT];
/// Totals from sums, totals that are counted, and orders.
const AUDIT_LOG_QUERIES: &[&str] = &[
    "",
    "&type=user&action=updated",
    "&fromDate=2025-01-01&toDate=2026-12-31&action=updated",
    "&orderBy=action&sort=ASC",
];

fn id(kind: &str, number: usize) -> String {
    format!("0190a111-0000-7000-{kind}-{number:012}")
}

/// As many objects of one kind as fit on a page.
fn add(list: &mut Value, make: impl Fn(usize) -> Value) {
    if list.is_null() {
        *list = json!([]);
    }
    list.as_array_mut().expect("a list").extend((0..COUNT).map(make));
}

/// The example with as many objects of each kind in acme as fit on a page, each with everything that a page can show.
fn large_seed(folder: &Path) {
    let example = std::fs::read(seed::FILE).expect("the example seed");
    let mut whole: Value = serde_json::from_slice(&example).expect("it is JSON");
    let acme = &mut whole["organisations"][0];
    add(
        &mut acme["users"],
        |number| json!({ "id": id("8000", number), "email": format!("user{number}@acme.test"), "type": "member" }),
    );
    add(&mut acme["users"], |number| {
        json!({ "id": id("8001", number), "email": format!("guest{number}@acme.test"), "type": "invited",
                "invitation": { "status": "pending", "expiresAt": "2099-01-01T00:00:00.000Z",
                                "createdBy": id("8000", number) } })
    });
    add(&mut acme["roles"], |number| {
        json!({ "id": id("b000", number), "name": format!("Role {number}"), "projects": [seed::PRICING],
                "users": [id("8000", number)] })
    });
    add(&mut acme["projects"], |number| {
        json!({ "id": id("a000", number), "key": format!("project-{number}"), "name": format!("Project {number}"),
                "groups": [{ "id": id("9000", number), "name": "Approvers" }],
                "decisionsApprovalMode": "require_one_per_team", "decisionsApprovalGroups": [id("9000", number)],
                "members": [{ "userId": seed::OWNER, "owner": true }, { "userId": id("8000", number) }] })
    });
    add(&mut acme["projects"], |number| {
        json!({ "id": id("a001", number), "key": format!("old-{number}"), "name": format!("Old {number}"),
                "deletedAt": "2026-01-01T00:00:00.000Z", "members": [{ "userId": seed::OWNER, "owner": true }] })
    });
    add(&mut acme["auditLogs"], |number| {
        json!({ "createdAt": "2026-01-01T00:00:00.000Z", "type": "user", "action": "updated",
                "userId": id("8000", number), "projectId": id("a000", number), "refId": id("8000", number) })
    });
    fill_pricing(&mut acme["projects"][0]);
    let many: Vec<Value> = (0..COUNT)
        .map(|number| {
            json!({ "secretSha256": format!("{:064x}", COUNT + number), "note": "of a program",
                    "permissions": ["owner"], "projects": [id("a000", number)] })
        })
        .collect();
    acme["users"].as_array_mut().expect("a list").push(json!({
        "id": id("8002", 0), "email": "second-robot@acme.test", "type": "member", "isService": true,
        "personalAccessTokens": many,
    }));
    add(&mut acme["users"][0]["personalAccessTokens"], |number| {
        json!({ "secretSha256": format!("{number:064x}"), "note": "one of many", "permissions": ["owner"],
                "projects": [id("a000", number)] })
    });
    std::fs::write(folder.join("large.json"), whole.to_string()).expect("a seed");
}

/// The members and groups of one project.
fn fill_pricing(pricing: &mut Value) {
    add(
        &mut pricing["groups"],
        |number| json!({ "id": id("9001", number), "name": format!("Role {number}"), "roleId": id("b000", number) }),
    );
    add(
        &mut pricing["members"],
        |number| json!({ "userId": id("8000", number), "groupIds": [id("9001", number)] }),
    );
}

/// The number of statements of each read of an operation, from the log.
fn read_costs(folder: &Path, operation: &str) -> Vec<u64> {
    let log = std::fs::read_to_string(folder.join("log")).expect("the log");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let of_operation =
        lines.filter(|line| line["message"] == "an operation read" && line["operation"] == operation);
    of_operation.map(|line| line["statements"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn a_list_runs_the_same_number_of_statements_for_long_and_short_pages() {
    let folder = tempdir().expect("a folder");
    large_seed(folder.path());
    let serving = Serving::start(folder.path(), &["--seed", "large.json", "--log", "info,brms=debug"]);
    let http = reqwest::Client::new();
    let pricing = format!("/api/projects/{}", seed::PRICING);
    let lists = [
        ("listUsers", "/api/users".to_owned(), &["", "&search=user", "&isService=false"][..]),
        ("listInvitations", "/api/invitations".to_owned(), &["", "&search=guest", "&status=pending"]),
        ("listRoles", "/api/roles".to_owned(), &["", "&search=role"]),
        ("listProjects", "/api/projects".to_owned(), &["", "&search=project", "&all=true", "&deleted=true"]),
        ("listMembers", format!("{pricing}/members"), &["", "&search=user"]),
        ("listMemberUsers", format!("{pricing}/members/users"), &["", "&search=guest"]),
        ("listGroups", format!("{pricing}/groups"), &["", "&search=role"]),
        ("listAuditLogs", "/api/audit-logs".to_owned(), AUDIT_LOG_QUERIES),
    ];
    // The caller whose permissions take the most statements: a member through groups, with a token for some projects.
    let callers = |operation| match operation {
        "listMembers" | "listMemberUsers" | "listGroups" => seed::MANAGER_PAT,
        _ => seed::OWNER_SES,
    };
    for (operation, path, queries) in &lists {
        for (position, query) in queries.iter().enumerate() {
            for size in SIZES {
                let path = format!("{path}?perPage={size}{query}");
                let call = Call::new(&http, "GET", &serving.url, &path).caller(callers(*operation));
                let shown = call.expect(200).await.json()["results"].as_array().expect("a page").len();
                assert_eq!(shown, size, "{path}: too little is there for this test");
            }
            let costs = read_costs(folder.path(), operation);
            let [short, middle, long] = costs[position * SIZES.len()..] else { panic!("{path}: {costs:?}") };
            let is_bounded = short == middle && middle == long && long <= STATEMENTS_MAX;
            assert!(is_bounded, "{operation}, {query:?}: {costs:?}");
        }
    }
    // These have no pages: one token compared with many.
    let own = "/api/personal-access-tokens".to_owned();
    let of_robot = |id: &str| format!("/api/users/service/{id}/personal-access-tokens");
    let many = id("8002", 0);
    let without_pages = [
        ("listPersonalAccessTokens", [(seed::ADMIN_SES, own.clone(), 1), (seed::OWNER_SES, own, COUNT + 1)]),
        (
            "listServiceAccountTokens",
            [(seed::OWNER_SES, of_robot(seed::ROBOT), 1), (seed::OWNER_SES, of_robot(&many), COUNT)],
        ),
    ];
    for (operation, calls) in &without_pages {
        for (caller, path, count) in calls {
            let call = Call::new(&http, "GET", &serving.url, path).caller(caller);
            assert_eq!(call.expect(200).await.json().as_array().map(Vec::len), Some(*count), "{path}");
        }
        let costs = read_costs(folder.path(), operation);
        let [one, many] = costs[..] else { panic!("{operation}: {costs:?}") };
        assert!(one == many && many <= STATEMENTS_MAX, "{operation}: {costs:?}");
    }
    let looked_at = lists.iter().map(|(id, ..)| *id).chain(without_pages.iter().map(|(id, _)| *id));
    let all = Operation::ALL.iter().map(|operation| operation.id()).filter(|id| id.starts_with("list"));
    assert_eq!(looked_at.collect::<BTreeSet<_>>(), all.collect::<BTreeSet<_>>());
}
