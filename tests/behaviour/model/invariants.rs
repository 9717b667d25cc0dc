//! What must hold after every step, looked for in the database, and which secrets still work.

use super::steps::{Credential, Operation, Step};
use super::world::World;
use super::{requests, shown};
use crate::support::inside::{everything, orphans};
use crate::support::{Answer, TestServer, derived};

pub fn audit_rows(server: &TestServer) -> i64 {
    server.count("SELECT count(*) FROM audit_logs")
}

/// Panics with the step when something is broken.
pub fn check(server: &TestServer, what: &str, audit_rows_before: i64, changed: bool) {
    let owners = "SELECT count(*) FROM organisations
                  WHERE 1 <> (SELECT count(*) FROM users WHERE organisation_id = organisations.id AND type = 'owner')";
    assert_eq!(server.count(owners), 0, "not one owner: {what}");
    let orphans = orphans(server);
    assert_eq!(orphans, 0, "rows without what they belong to: {what}");
    let strangers = "SELECT count(*) FROM member_groups JOIN groups ON groups.id = group_id
                     WHERE groups.project_id <> member_groups.project_id";
    assert_eq!(server.count(strangers), 0, "a group outside its project: {what}");
    let live = "SELECT count(*) FROM invitation_secrets AS secret JOIN invitations ON invitations.id = invitation_id
                JOIN users ON users.id = user_id
                WHERE secret.state = 'live' AND (invitations.status = 'accepted' OR users.status = 'disabled')";
    assert_eq!(server.count(live), 0, "a live link of a user who accepted or is disabled: {what}");
    let of_disabled = "SELECT count(*) FROM personal_access_tokens JOIN users ON users.id = user_id
                       WHERE users.status = 'disabled'";
    assert_eq!(server.count(of_disabled), 0, "a token of a disabled user: {what}");

    derived::check(server, what);
    let written = audit_rows(server) - audit_rows_before;
    assert_eq!(written > 0, changed, "{written} audit rows: {what}");
}

/// The answer of a step that only looks is that of the model.
pub fn check_look(world: &World, step: &Step, answer: &Answer, what: &str) {
    let Step::Call(credential, operation) = step else { return };
    let user = match *credential {
        Credential::SignIn(user) => user,
        Credential::Secret(secret) => world.tokens[world.secrets[secret].token].user,
    };
    let mut expected: Vec<&str> = match operation {
        Operation::ListProjects { all } => {
            let listed = world.projects.iter().filter(|project| !project.is_deleted);
            listed
                .filter(|project| *all || project.members.contains_key(&user))
                .map(|project| project.id.as_str())
                .collect()
        }
        Operation::ListMemberUsers(project) => {
            let members = &world.projects[*project].members;
            let outside = world.users.iter().enumerate();
            outside
                .filter(|(number, user)| !members.contains_key(number) && user.status != "disabled")
                .map(|(_, user)| user.id.as_str())
                .collect()
        }
        _ => return,
    };
    let body = answer.json();
    let found = body["results"].as_array().expect("results").iter();
    let mut found: Vec<&str> = found.map(|one| one["id"].as_str().expect("an id")).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "{what}");
}

/// Every secret, and every person, may in every project what the model says, and no more.
pub async fn check_rights(server: &TestServer, world: &World, what: &str) {
    shown::check_tokens(server, world, what).await;
    let people = (0..world.users.len()).filter(|user| !world.users[*user].is_service);
    let credentials = people.map(Credential::SignIn).chain((0..world.secrets.len()).map(Credential::Secret));
    let now = server.clock.now();
    for credential in credentials {
        for project in 0..world.projects.len() {
            let step = Step::Call(credential, Operation::ListMemberUsers(project));
            let Step::Call(_, operation) = &step else { unreachable!("it is a call") };
            let (answer, _) = requests::call(server, world, credential, operation).await;
            let expected = world.expected(&step, now);
            let id = &world.projects[project].id;
            assert_eq!(answer.status, expected, "{credential:?} in project {project}, {id}: {what}");
            if expected == 401 {
                // What opens nothing here opens nothing there.
                break;
            }
        }
    }
}

/// No sign-in's secret stands anywhere, and no code anywhere but in the mails themselves.
pub fn no_secret_is_kept(server: &TestServer, secrets: &[String], codes: &[String]) {
    for row in everything(server) {
        assert!(!secrets.iter().any(|secret| row.contains(secret.as_str())), "{row}");
        assert!(row.starts_with("mails ") || !codes.iter().any(|code| row.contains(code.as_str())), "{row}");
    }
    let waiting = server.count("SELECT count(*) FROM mails WHERE secret IS NOT NULL");
    assert_eq!(waiting, 0, "an outbox row kept its secret");
}
