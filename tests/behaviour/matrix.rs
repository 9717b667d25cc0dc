//! Every operation called by every kind of caller, and each answer held to a table written by hand: what
//! each operation asks stands here, what each caller is answered in `matrix_table.rs`.
//!
//! A new operation, a new kind of requirement or a new permission to require does not compile until it is
//! placed; a caller cannot be listed without its cells.

use brms::access::requirements::{Requirement, requirement};
use brms::generated::api::{Operation, SecurityScheme};
use brms::generated::models::Permission;
use serde_json::json;

use crate::matrix_callers::{Scene, made_by, token};
use crate::matrix_requests::Request;
use crate::matrix_table::{By, Line, NOT_LET_IN, OTHER_TOKENS, OWNERS_TOKENS, Place, Reach, SIGNED_IN, Who};
use crate::support::inside::{everything, execute, id};
use crate::support::{TestServer, seed};
use Names::{Nothing, Thing};
use Takes::{All, Both, SignIns};

/// Whether a request names a thing of the organisation, outside projects: those of others answer 404.
#[derive(Clone, Copy)]
enum Names {
    Nothing,
    Thing,
}

/// Which credentials an operation takes.
#[derive(Clone, Copy)]
enum Takes {
    /// Even none.
    All,
    /// Tokens and sign-ins.
    Both,
    SignIns,
}

const MANAGE: Requirement = Requirement::Permission(Permission::ProjectManage);
const EVERYTHING: Requirement = Requirement::Permission(Permission::Owner);

/// What each operation asks: the second place, beside the code's table, where that is written.
#[expect(clippy::match_same_arms, reason = "a table with one line for each operation")]
fn asks(operation: Operation) -> (Requirement, Names, Takes) {
    use Requirement::{Administrator, AnyUser, Author, InProject, NoCredentials, Own};
    match operation {
        Operation::HealthCheck => (NoCredentials, Nothing, All),
        Operation::UpdateUserProfile => (Own, Nothing, Both),
        Operation::ListPersonalAccessTokens => (Own, Nothing, Both),
        Operation::CreatePersonalAccessToken => (Own, Nothing, SignIns),
        Operation::GetPersonalAccessToken => (Own, Thing, Both),
        Operation::DeletePersonalAccessToken => (Own, Thing, SignIns),
        Operation::RegeneratePersonalAccessToken => (Own, Thing, SignIns),
        Operation::ListProjects => (AnyUser, Nothing, Both),
        Operation::CreateProject => (Author, Nothing, Both),
        Operation::ListUsers => (Administrator, Nothing, Both),
        Operation::InviteUsers => (Administrator, Nothing, SignIns),
        Operation::UpdateUser => (Administrator, Thing, SignIns),
        Operation::CreateServiceAccount => (Administrator, Nothing, SignIns),
        Operation::SendUserInvitation => (Administrator, Thing, SignIns),
        Operation::ListInvitations => (Administrator, Nothing, Both),
        Operation::ListServiceAccountTokens => (Administrator, Thing, Both),
        Operation::CreateServiceAccountToken => (Administrator, Thing, SignIns),
        Operation::GetServiceAccountToken => (Administrator, Thing, Both),
        Operation::DeleteServiceAccountToken => (Administrator, Thing, SignIns),
        Operation::RegenerateServiceAccountToken => (Administrator, Thing, SignIns),
        Operation::ListRoles => (Administrator, Nothing, Both),
        Operation::CreateRole => (Administrator, Nothing, Both),
        Operation::UpdateRole => (Administrator, Thing, Both),
        Operation::UpdateOrganisation => (Administrator, Nothing, SignIns),
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
        ) => panic!("nobody thought about who may do what asks for {requirement:?}"),
    }
}

fn expected(operation: Operation, by: By, cells: [u16; 9]) -> u16 {
    let (requirement, names, takes) = asks(operation);
    let in_project = cells[column(Requirement::InProject, Thing)];
    match (takes, by) {
        (SignIns, By::Token(..)) => 401,
        // A project is seen first, and only then it counts what a token reaches.
        _ if matches!((requirement, names), (Requirement::AnyUser, Thing)) && in_project != 200 => in_project,
        (All | Both | SignIns, _) => cells[column(requirement, names)],
    }
}

/// Calls every operation as every one of these, and demands what the table says, and that no refusal writes
/// anything: those that are to be refused go first.
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
        // After this nothing of the project is there.
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

/// What is wrong with one cell.
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
async fn whoever_shows_nothing_good_is_let_in_nowhere() {
    walk(NOT_LET_IN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_signed_in_may_what_standing_and_project_give_them() {
    walk(SIGNED_IN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_owner_may_what_its_permissions_and_projects_leave() {
    walk(OWNERS_TOKENS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_anybody_else_may_what_it_and_its_user_may_both() {
    walk(OTHER_TOKENS).await;
}

#[test]
fn what_an_operation_asks_is_what_the_code_and_the_description_say() {
    use SecurityScheme::{InternalAuth, PersonalAccessToken};
    assert_eq!(Operation::ALL.len(), 42);
    for &operation in Operation::ALL {
        let (asked, _, takes) = asks(operation);
        assert_eq!(requirement(operation), asked, "{}", operation.id());
        let schemes: &[&[SecurityScheme]] = match takes {
            All => &[],
            Both => &[&[PersonalAccessToken], &[InternalAuth]],
            SignIns => &[&[InternalAuth]],
        };
        assert_eq!(operation.security(), schemes, "{}", operation.id());
    }
}

#[test]
fn the_table_of_callers_has_each_permission_of_a_group_and_of_a_token_and_no_line_twice() {
    let mut all: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    all.sort_unstable();
    assert_eq!(all.len(), 19);

    let of_group = |line: &Line| match *line {
        (Who::Member, Place::Group(permission), By::SignIn, _) => Some(permission),
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

/// Every permission of a group with every permission of a token, for what asks to see a project,
/// to manage it, and for everything.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_a_group_may_what_the_token_and_the_group_may_both() {
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
    let hex = id(&group).simple().to_string();
    for given in &words {
        let permissions = json!([given]).to_string();
        let sql = format!("UPDATE groups SET permissions = '{permissions}' WHERE id = unhex('{hex}')");
        execute(&server, &sql);
        for (left, caller) in words.iter().zip(&tokens) {
            let what = format!("group {given}, token {left}");
            let manages = |word: &str| word == "owner" || word == "project:manage";
            let change = if manages(given) && manages(left) { 200 } else { 403 };
            // It is not deleted: that it cannot be restored is told to whoever might.
            let bring_back = if (*given, *left) == ("owner", "owner") { 409 } else { 403 };
            assert_eq!(server.get(&groups).caller(caller).send().await.status, 200, "{what}");
            let call = server.call("PUT", &approvals).caller(caller).json(&json!({}));
            assert_eq!(call.send().await.status, change, "{what}");
            let call = server.call("PUT", &restore).caller(caller);
            assert_eq!(call.send().await.status, bring_back, "{what}");
        }
    }
}
