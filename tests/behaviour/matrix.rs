//! Calls every operation as every kind of caller, and compares each response with a table written by hand: the
//! requirements of each operation are here, the expected responses in `matrix_table.rs`.
//!
//! A new operation, a new kind of requirement or a new permission does not compile until it is added here, and a
//! caller cannot be listed without its cells.

use brms::access::requirements::{Requirement, requirement};
use brms::generated::api::{Operation, SecurityScheme};
use brms::generated::models::Permission;
use brms::http::Word;
use serde_json::json;

use crate::matrix_callers::{Scene, made_by, token};
use crate::matrix_requests::Request;
use crate::matrix_table::{By, Line, NOT_LET_IN, OTHER_TOKENS, OWNERS_TOKENS, Place, Reach, SIGNED_IN, Who};
use crate::support::inside::{everything, id};
use crate::support::{TestServer, seed};
use Names::{Nothing, Thing};
use Takes::{All, Both, Sessions};

/// Whether a request refers to an object of the organisation outside projects; foreign ones are 404.
#[derive(Clone, Copy)]
enum Names {
    Nothing,
    Thing,
}

/// The credentials that an operation accepts.
#[derive(Clone, Copy)]
enum Takes {
    /// Also no credentials.
    All,
    /// Tokens and sessions.
    Both,
    Sessions,
}

const MANAGE: Requirement = Requirement::Permission(Permission::ProjectManage);
const EVERYTHING: Requirement = Requirement::Permission(Permission::Owner);

/// The requirements of each operation, stated independently of the code's own table.
#[expect(clippy::match_same_arms, reason = "a table with one line for each operation")]
fn asks(operation: Operation) -> (Requirement, Names, Takes) {
    use Requirement::{Administrator, AnyUser, Author, InProject, NoCredentials, Own};
    match operation {
        Operation::HealthCheck => (NoCredentials, Nothing, All),
        Operation::UpdateUserProfile => (Own, Nothing, Both),
        Operation::ListPersonalAccessTokens => (Own, Nothing, Both),
        Operation::CreatePersonalAccessToken => (Own, Nothing, Sessions),
        Operation::GetPersonalAccessToken => (Own, Thing, Both),
        Operation::DeletePersonalAccessToken => (Own, Thing, Sessions),
        Operation::RegeneratePersonalAccessToken => (Own, Thing, Sessions),
        Operation::ListProjects => (AnyUser, Nothing, Both),
        Operation::CreateProject => (Author, Nothing, Both),
        Operation::ListUsers => (Administrator, Nothing, Both),
        Operation::InviteUsers => (Administrator, Nothing, Sessions),
        Operation::UpdateUser => (Administrator, Thing, Sessions),
        Operation::CreateServiceAccount => (Administrator, Nothing, Sessions),
        Operation::SendUserInvitation => (Administrator, Thing, Sessions),
        Operation::ListInvitations => (Administrator, Nothing, Both),
        Operation::ListServiceAccountTokens => (Administrator, Thing, Both),
        Operation::CreateServiceAccountToken => (Administrator, Thing, Sessions),
        Operation::GetServiceAccountToken => (Administrator, Thing, Both),
        Operation::DeleteServiceAccountToken => (Administrator, Thing, Sessions),
        Operation::RegenerateServiceAccountToken => (Administrator, Thing, Sessions),
        Operation::ListRoles => (Administrator, Nothing, Both),
        Operation::CreateRole => (Administrator, Nothing, Both),
        Operation::UpdateRole => (Administrator, Thing, Both),
        Operation::UpdateOrganisation => (Administrator, Nothing, Sessions),
        Operation::ListAuditLogs => (Administrator, Nothing, Both),
        Operation::GetAuditLog => (Administrator, Thing, Both),
        Operation::ExportAuditLogs => (Administrator, Nothing, Both),
        Operation::ListMembers => (InProject, Thing, Both),
        Operation::ListGroups => (InProject, Thing, Both),
        Operation::GetProject => (InProject, Thing, Both),
        Operation::GetProjectWithApprovals => (InProject, Thing, Both),
        Operation::JoinProject => (AnyUser, Thing, Both),
        Operation::InviteMembers => (MANAGE, Thing, Both),
        Operation::UpdateMember => (MANAGE, Thing, Both),
        Operation::ListMemberUsers => (MANAGE, Thing, Both),
        Operation::CreateGroup => (MANAGE, Thing, Both),
        Operation::UpdateGroup => (MANAGE, Thing, Both),
        Operation::DeleteGroup => (MANAGE, Thing, Both),
        Operation::UpdateProject => (MANAGE, Thing, Both),
        Operation::UpdateProjectApprovals => (MANAGE, Thing, Both),
        Operation::RestoreProject => (EVERYTHING, Thing, Both),
        Operation::DeleteProject => (EVERYTHING, Thing, Both),
    }
}

/// The column of the table of callers.
fn column(requirement: Requirement, names: Names) -> usize {
    match (requirement, names) {
        (Requirement::NoCredentials, Nothing | Thing) => 0,
        (Requirement::Own, Nothing | Thing) => 1,
        (Requirement::AnyUser, Nothing | Thing) => 2,
        (Requirement::Author, Nothing | Thing) => 3,
        (Requirement::Administrator, Nothing) => 4,
        (Requirement::Administrator, Thing) => 5,
        (Requirement::InProject, Nothing | Thing) => 6,
        (Requirement::Permission(Permission::ProjectManage), Nothing | Thing) => 7,
        (Requirement::Permission(Permission::Owner), Nothing | Thing) => 8,
        (
            Requirement::Permission(
                Permission::Documents
                | Permission::DocumentsFull
                | Permission::DocumentsViewContent
                | Permission::DocumentsEditContent
                | Permission::DocumentsEditView
                | Permission::Releases
                | Permission::ReleasesManage
                | Permission::ReleasesDeploy
                | Permission::ReleasesDelete
                | Permission::IntegrationsManage
                | Permission::Branches
                | Permission::BranchesCreate
                | Permission::BranchesMerge
                | Permission::BranchesDelete
                | Permission::Environments
                | Permission::EnvironmentsManage
                | Permission::EnvironmentsDelete,
            ),
            Nothing | Thing,
        ) => panic!("no expectation for an operation that requires {requirement:?}"),
    }
}

fn expected(operation: Operation, by: By, cells: [u16; 9]) -> u16 {
    let (requirement, names, takes) = asks(operation);
    let in_project = cells[column(Requirement::InProject, Thing)];
    match (takes, by) {
        (Sessions, By::Token(..)) => 401,
        // Access to the project is checked before the projects of the token.
        _ if matches!((requirement, names), (Requirement::AnyUser, Thing)) && in_project != 200 => in_project,
        (All | Both | Sessions, _) => cells[column(requirement, names)],
    }
}

/// Calls every operation as each of these callers, and checks the response against the table and that rejected
/// requests write nothing. Requests to be rejected are sent first.
async fn walk(lines: &[Line]) {
    let mut wrong = Vec::new();
    for &(who, place, by, cells) in lines {
        let (scene, caller) = (Scene::of(who, place, by).await, format!("{who:?} {place:?} {by:?}"));
        let status = |operation: &Operation| expected(*operation, by, cells);
        let (granted, refused): (Vec<Operation>, Vec<Operation>) =
            Operation::ALL.iter().partition(|operation| status(operation) == 200);
        let before = everything(&scene.server);
        for operation in refused {
            wrong.extend(cell(&scene, &caller, operation, status(&operation)).await);
        }
        if everything(&scene.server) != before {
            wrong.push(format!("{caller}: a call that is to be refused wrote something"));
        }
        // After this, nothing of the project is accessible.
        let (last, first): (Vec<Operation>, Vec<Operation>) =
            granted.into_iter().partition(|operation| *operation == Operation::DeleteProject);
        for operation in first.into_iter().chain(last) {
            wrong.extend(cell(&scene, &caller, operation, 200).await);
        }
        scene.server.stop().await;
    }
    assert!(
        wrong.is_empty(),
        "{} cells of {}:\n{}",
        wrong.len(),
        lines.len() * Operation::ALL.len(),
        wrong.join("\n")
    );
}

/// The problem with one cell.
async fn cell(scene: &Scene, caller: &str, operation: Operation, status: u16) -> Option<String> {
    let mut call = Request::of(operation, &scene.things).call(&scene.server);
    if let Some(authorization) = &scene.authorization {
        call = call.caller(authorization);
    }
    let answer = call.send().await;
    let wrong = || format!("{caller}: {} is not {status} but {}", operation.id(), answer.text());
    (answer.status != status).then(wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_without_valid_credentials_are_rejected_everywhere() {
    walk(NOT_LET_IN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_with_a_session_have_the_permissions_of_their_user_type_and_project() {
    walk(SIGNED_IN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_owner_has_its_own_permissions_and_projects() {
    walk(OWNERS_TOKENS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_user_has_the_permissions_common_to_token_and_user() {
    walk(OTHER_TOKENS).await;
}

#[test]
fn the_requirements_agree_with_the_code_and_the_description() {
    use SecurityScheme::{InternalAuth, PersonalAccessToken};
    assert_eq!(Operation::ALL.len(), 42);
    for &operation in Operation::ALL {
        let (asked, _, takes) = asks(operation);
        assert_eq!(requirement(operation), asked, "{}", operation.id());
        let schemes: &[&[SecurityScheme]] = match takes {
            All => &[],
            Both => &[&[PersonalAccessToken], &[InternalAuth]],
            Sessions => &[&[InternalAuth]],
        };
        assert_eq!(operation.security(), schemes, "{}", operation.id());
    }
}

#[test]
fn the_table_has_each_permission_of_groups_and_tokens_and_no_duplicate_line() {
    let mut all: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    all.sort_unstable();
    assert_eq!(all.len(), 19);

    let of_group = |line: &Line| match *line {
        (Who::Member, Place::Group(permission), By::Session, _) => Some(permission),
        _ => None,
    };
    let mut groups: Vec<&str> = SIGNED_IN.iter().filter_map(of_group).collect();
    groups.sort_unstable();
    assert_eq!(groups, all);

    let of_token = |line: &Line| match *line {
        (Who::Owner, Place::Outside, By::Token([permission], Reach::Everywhere), _) => Some(*permission),
        _ => None,
    };
    let mut tokens: Vec<&str> = OWNERS_TOKENS.iter().filter_map(of_token).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, all);

    let lines = [NOT_LET_IN, SIGNED_IN, OWNERS_TOKENS, OTHER_TOKENS].concat();
    for (position, (who, place, by, _)) in lines.iter().enumerate() {
        let same = |line: &&Line| (&line.0, &line.1, &line.2) == (who, place, by);
        assert_eq!(lines[..position].iter().find(same), None);
    }
}

/// Every permission of a group combined with every permission of a token, for operations that require access to a
/// project, managing it, and all permissions.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_a_group_has_the_permissions_common_to_both() {
    let server = TestServer::start().await;
    let groups = format!("/api/projects/{}/groups", seed::PRICING);
    let group = made_by(&server, seed::OWNER_SES, &groups, json!({ "name": "Of the caller" })).await;
    let body = json!({ "userIds": [seed::NINA], "groupIds": [&group] });
    server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_SES).json(&body).expect(200).await;
    let words: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    let tokens: Vec<String> =
        words.iter().map(|word| token(&server, seed::NINA, &[word], &[seed::PRICING]).0).collect();
    let (restore, approvals) = (
        format!("/api/projects/{}/restore", seed::PRICING),
        format!("/api/projects/{}/approvals", seed::PRICING),
    );
    for given in &words {
        let permissions = json!([given]).to_string();
        let sql = format!("UPDATE groups SET permissions = '{permissions}' WHERE id = ?1");
        server.execute_of(&sql, [id(&group)]);
        for (left, caller) in words.iter().zip(&tokens) {
            let what = format!("group {given}, token {left}");
            let manages = |word: &str| word == "owner" || word == "project:manage";
            let change = if manages(given) && manages(left) { 200 } else { 403 };
            // It is not deleted: only callers who may restore it learn that there is nothing to restore.
            let bring_back = if (*given, *left) == ("owner", "owner") { 409 } else { 403 };
            assert_eq!(server.get(&groups).caller(caller).send().await.status, 200, "{what}");
            let call = server.call("PUT", &approvals).caller(caller).json(&json!({}));
            assert_eq!(call.send().await.status, change, "{what}");
            let call = server.call("PUT", &restore).caller(caller);
            assert_eq!(call.send().await.status, bring_back, "{what}");
        }
    }
}
