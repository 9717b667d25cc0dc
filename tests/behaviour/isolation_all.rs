//! For every id that any operation accepts, in the path, the query and the body: foreign objects are answered byte
//! for byte like unknown ones. The places are read from brms.json, so that none is missed.

use brms::generated::api::{Operation, SecurityScheme};
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::matrix_callers::{Scene, latest_audit_log, made_by, membership, token};
use crate::matrix_requests::{Request, Things};
use crate::matrix_table::{By, Place, Who};
use crate::support::contract::DESCRIPTION;
use crate::support::inside::{everything, id};
use crate::support::{Answer, TestServer, seed};

/// Sent with every request, so that the request id makes no difference.
const REQUEST_ID: &str = "0190a000-0000-7000-8000-00000000abcd";

/// Where an operation accepts an id.
#[derive(Clone, Debug)]
enum Spot {
    Path(String),
    Query(String),
    /// A single id in the body.
    Field(String),
    /// A list of ids in the body.
    List(String),
}

impl Spot {
    fn name(&self) -> &str {
        match self {
            Self::Path(name) | Self::Query(name) | Self::Field(name) | Self::List(name) => name,
        }
    }
}

/// Every place of the description that accepts an id.
fn spots() -> Vec<(Operation, Spot)> {
    let mut found = Vec::new();
    let operations = DESCRIPTION["paths"].as_object().expect("paths").values();
    for description in operations.flat_map(|methods| methods.as_object().expect("methods").values()) {
        let known = |operation: &&Operation| description["operationId"] == operation.id();
        let operation = *Operation::ALL.iter().find(known).expect("an operation");
        let parameters = description["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|parameter| parameter["schema"]["format"] == "uuid") {
            let name = parameter["name"].as_str().expect("a name").to_owned();
            let spot = if parameter["in"] == "path" { Spot::Path(name) } else { Spot::Query(name) };
            found.push((operation, spot));
        }
        let body = &description["requestBody"]["content"]["application/json"]["schema"]["properties"];
        for (name, schema) in body.as_object().into_iter().flatten() {
            if schema["format"] == "uuid" {
                found.push((operation, Spot::Field(name.clone())));
            } else if schema["items"]["format"] == "uuid" {
                found.push((operation, Spot::List(name.clone())));
            }
        }
    }
    found
}

/// One object of each kind of another organisation, and objects of acme that do not belong to the path.
struct Others {
    project: String,
    gone: String,
    user: String,
    guest: String,
    robot: String,
    group: String,
    member: String,
    role: String,
    audit_log: String,
    own_token: String,
    robot_token: String,
    /// Of acme: its admin's membership in another project, and a token of the admin.
    member_elsewhere: String,
    token_of_admin: String,
}

impl Others {
    async fn of(server: &TestServer) -> Self {
        let make = |path: &'static str, body| made_by(server, seed::GLOBEX_SES, path, body);
        let robot = make("/api/users/service", json!({ "email": "robot@globex.test" })).await;
        let gone = make("/api/projects", json!({ "name": "Gone", "key": "gone" })).await;
        server.execute_of("UPDATE projects SET deleted_at = 5 WHERE id = ?1", [id(&gone)]);
        Self {
            project: seed::GLOBEX_PROJECT.to_owned(),
            gone,
            user: seed::GLOBEX_OWNER.to_owned(),
            guest: seed::GLOBEX_GUEST.to_owned(),
            group: seed::GLOBEX_SPIES.to_owned(),
            member: membership(server, seed::GLOBEX_SES, seed::GLOBEX_PROJECT, seed::GLOBEX_OWNER).await,
            role: make("/api/roles", json!({ "name": "Guests", "allProjects": true })).await,
            audit_log: latest_audit_log(server, seed::GLOBEX_SES).await,
            own_token: token(server, seed::GLOBEX_OWNER, &["owner"], &[]).1,
            robot_token: token(server, &robot, &["owner"], &[]).1,
            robot,
            member_elsewhere: membership(server, seed::ADMIN_SES, seed::CLAIMS, seed::ADMIN).await,
            token_of_admin: token(server, seed::ADMIN, &["owner"], &[]).1,
        }
    }

    fn all(&self) -> [&str; 13] {
        [
            &self.project,
            &self.gone,
            &self.user,
            &self.guest,
            &self.robot,
            &self.group,
            &self.member,
            &self.role,
            &self.audit_log,
            &self.own_token,
            &self.robot_token,
            &self.member_elsewhere,
            &self.token_of_admin,
        ]
    }

    /// The object of globex that a path parameter refers to.
    fn fitting(&self, operation: Operation, parameter: &str) -> &str {
        match (parameter, operation) {
            ("projectId", Operation::RestoreProject) => &self.gone,
            ("projectId", _) => &self.project,
            ("groupId", _) => &self.group,
            ("memberId", _) => &self.member,
            ("roleId", _) => &self.role,
            ("auditLogId", _) => &self.audit_log,
            ("userId", Operation::SendUserInvitation) => &self.guest,
            ("userId", Operation::UpdateUser) => &self.user,
            ("userId", _) => &self.robot,
            (
                "patId",
                Operation::GetPersonalAccessToken
                | Operation::DeletePersonalAccessToken
                | Operation::RegeneratePersonalAccessToken,
            ) => &self.own_token,
            ("patId", _) => &self.robot_token,
            _ => panic!("no value for {parameter} of {}", operation.id()),
        }
    }
}

/// The path with an id for this parameter.
fn with_segment(request: &Request, parameter: &str, id: &str) -> String {
    let braced = format!("{{{parameter}}}");
    let segments = request.template.split('/').zip(request.path.split('/'));
    let replaced = segments.map(|(name, segment)| if name == braced { id } else { segment });
    replaced.collect::<Vec<_>>().join("/")
}

/// The request with an id at this place.
fn asking(operation: Operation, spot: &Spot, things: &Things, id: &str) -> Request {
    let mut request = Request::of(operation, things);
    let in_body = match spot {
        Spot::Path(name) => {
            request.path = with_segment(&request, name, id);
            None
        }
        Spot::Query(name) => {
            request.path = format!("{}?{name}={id}", request.path);
            None
        }
        Spot::Field(name) => Some((name, json!(id))),
        Spot::List(name) => Some((name, json!([id]))),
    };
    if let Some((name, value)) = in_body {
        request.body.as_mut().expect("a body")[name.as_str()] = value;
    }
    request
}

/// A response without the requested id and the time.
fn seen(answer: &Answer, id: &str) -> (u16, HeaderMap, String) {
    let mut headers = answer.headers.clone();
    headers.remove("date");
    (answer.status, headers, answer.text().replace(id, "ID"))
}

async fn send(server: &TestServer, caller: &str, request: &Request) -> Answer {
    let answer = request.call(server).caller(caller).header("x-request-id", REQUEST_ID).send().await;
    assert_eq!(answer.header("x-request-id"), Some(REQUEST_ID));
    answer
}

fn takes_tokens(operation: Operation) -> bool {
    operation
        .security()
        .iter()
        .flat_map(|all| all.iter())
        .any(|scheme| *scheme != SecurityScheme::InternalAuth)
}

/// Puts every foreign id into every place, as one caller, and expects the response for an unknown id: 404, or an
/// empty list for a query. A caller without permission may get 403 instead, in both cases. Returns the number of
/// requests.
async fn check_isolation(caller: &str, may: bool) -> usize {
    let scene = Scene::of(Who::Owner, Place::Outside, By::Session).await;
    let (server, others) = (&scene.server, Others::of(&scene.server).await);
    let before = everything(server);
    let mut asked = 0;
    for (operation, spot) in spots() {
        if caller.starts_with("Bearer") && !takes_tokens(operation) {
            continue;
        }
        let unknown = asking(operation, &spot, &scene.things, seed::UNKNOWN_ID);
        let unknown = send(server, caller, &unknown).await;
        let what = format!("{} {spot:?} as {caller}", operation.id());
        if may {
            let status = if matches!(spot, Spot::Query(_)) { 200 } else { 404 };
            assert_eq!(unknown.status, status, "{what}: {}", unknown.text());
        }
        let unknown = seen(&unknown, seed::UNKNOWN_ID);
        for other in others.all() {
            let answer = send(server, caller, &asking(operation, &spot, &scene.things, other)).await;
            assert_eq!(seen(&answer, other), unknown, "{what}: {other}");
            asked += 1;
        }
    }
    assert_eq!(everything(server), before);
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_04_for_the_owner_every_foreign_id_is_answered_like_an_unknown_one() {
    assert_eq!(check_isolation(seed::OWNER_SES, true).await, 49 * 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_29_for_a_token_every_foreign_id_is_answered_like_an_unknown_one() {
    assert_eq!(check_isolation(seed::OWNER_PAT, true).await, 37 * 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn iv_30_for_a_member_every_foreign_id_is_answered_like_an_unknown_one() {
    assert_eq!(check_isolation(seed::MANAGER_SES, false).await, 49 * 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consistent_path_of_another_organisation_is_answered_like_an_unknown_one() {
    let scene = Scene::of(Who::Owner, Place::Outside, By::Session).await;
    let (server, others) = (&scene.server, Others::of(&scene.server).await);
    let before = everything(server);
    let mut asked = 0;
    for caller in [seed::OWNER_SES, seed::ADMIN_SES, seed::MANAGER_SES] {
        for &operation in Operation::ALL {
            let own = Request::of(operation, &scene.things);
            let (mut foreign, mut unknown) = (copy(&own), copy(&own));
            let mut ids = Vec::new();
            for parameter in own.template.split('/').filter_map(|segment| segment.strip_prefix('{')) {
                let parameter = parameter.trim_end_matches('}');
                ids.push(others.fitting(operation, parameter));
                foreign.path = with_segment(&foreign, parameter, others.fitting(operation, parameter));
                unknown.path = with_segment(&unknown, parameter, seed::UNKNOWN_ID);
            }
            if ids.is_empty() {
                continue;
            }
            let answer = send(server, caller, &foreign).await;
            let (status, headers, mut text) = seen(&answer, seed::UNKNOWN_ID);
            assert_eq!(status, 404, "{caller} {} {}: {text}", foreign.method, foreign.path);
            for id in ids {
                text = text.replace(id, "ID");
            }
            let nothing = send(server, caller, &unknown).await;
            assert_eq!(
                (status, headers, text),
                seen(&nothing, seed::UNKNOWN_ID),
                "{caller} {}",
                foreign.path
            );
            asked += 1;
        }
    }
    assert_eq!(asked, 3 * 27);
    assert_eq!(everything(server), before);
}

fn copy(request: &Request) -> Request {
    let (method, template, path, body) =
        (request.method, request.template, request.path.clone(), request.body.clone());
    Request { method, template, path, body }
}

#[test]
fn every_place_that_accepts_an_id_is_checked() {
    let names: Vec<String> =
        spots().iter().map(|(operation, spot)| format!("{} {}", operation.id(), spot.name())).collect();
    for known in [
        "updateMember memberId",
        "updateMember groupIds",
        "inviteMembers userIds",
        "updateUser roles",
        "createRole users",
        "createRole projects",
        "updateProjectApprovals decisionsApprovalGroups",
        "createProject copyContentRef",
        "createPersonalAccessToken projects",
        "listAuditLogs userId",
    ] {
        assert!(names.iter().any(|name| name == known), "{known}: {names:?}");
    }
    // New places are found automatically; missing ones are noticed here.
    assert_eq!(names.len(), 49, "{names:?}");
}
