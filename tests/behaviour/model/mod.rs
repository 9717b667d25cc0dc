//! Random lives of an organisation against a model in memory: random operations by random callers, with
//! jumps in time. The model says what each answer has to be; after every step what must never break is
//! looked for in the database.
//!
//! The seed is printed and stands in every failure; `MODEL_SEED=N cargo test random_lives` plays one again.

mod invariants;
mod steps;
mod world;

use serde_json::json;
use uuid::Uuid;

use crate::support::inside::{id, sign_in};
use crate::support::{Answer, TestServer, random, seed};
use crate::testing_export::loaded_again;
use steps::Step;
use world::World;

const LIVES: u64 = 3;
const STEPS: u32 = 120;

#[tokio::test(flavor = "multi_thread")]
async fn random_lives_go_as_the_model_says() {
    let first = random::seed("MODEL_SEED");
    for life in 0..LIVES {
        live(first.wrapping_add(life)).await;
    }
}

#[expect(clippy::print_stderr, reason = "whoever repeats a life needs its seed, however the life ends")]
async fn live(seed: u64) {
    eprintln!("a random life with MODEL_SEED={seed}");
    let server = TestServer::start().await;
    server.clock.freeze();
    let mut world = World::new(seed, server.clock.now());
    let mut secrets = Vec::new();
    for number in 0..STEPS {
        let step = world.next_step();
        let before = invariants::audit_rows(&server);
        let expected = world.expected(&step, server.clock.now());
        let (answer, caller_secret) = take(&server, &world, &step).await;
        let what = format!("seed {seed}, step {number}, {step:?}: {}", answer.text());
        assert_eq!(answer.status, expected, "{what}");
        secrets.extend(caller_secret);
        if answer.status == 200 {
            world.apply(&step, &answer, server.clock.now());
            if step.sends_mail() {
                world.learn_codes(&server.mails().await);
            }
        }
        invariants::check(&server, &world, &what, before, answer.status == 200 && step.changes(&answer));
        if let Some(pause) = world.pause() {
            server.clock.advance(pause);
        }
    }
    invariants::no_secret_is_kept(&server, &secrets, &world.codes());
    let export = json!(server.app().db.peek(|tx| brms::seed::export(tx, true)).expect("an export"));
    let again = loaded_again(server.folder.path(), &export);
    assert_eq!(again, export, "seed {seed}: whatever happened can be taken out and put in again");
}

/// Does what a step says. The caller signs in anew, since being disabled ends sign-ins.
async fn take(server: &TestServer, world: &World, step: &Step) -> (Answer, Option<String>) {
    let of = |user: usize| world.users[user].id.as_str();
    let (caller, call) = match step {
        Step::Accept { code } => {
            let body = json!({ "secret": world.codes[*code].text });
            return (server.post("/invitations/accept").json(&body).send().await, None);
        }
        Step::InviteUsers { caller, emails } => {
            (caller, server.post("/api/users").json(&json!({ "emails": emails })))
        }
        Step::SendInvitation { caller, user } => (caller, server.post(&seed::invitation_path(of(*user)))),
        Step::UpdateUser { caller, user, change } => {
            (caller, server.call("PUT", &format!("/api/users/{}", of(*user))).json(&change.body()))
        }
        Step::CreateProject { caller, key } => {
            (caller, server.post("/api/projects").json(&json!({ "name": key, "key": key })))
        }
        Step::InviteMembers { caller, project, users, owner } => {
            let ids: Vec<&str> = users.iter().map(|user| of(*user)).collect();
            let path = seed::members_path(&world.projects[*project].id);
            (caller, server.post(&path).json(&json!({ "userIds": ids, "owner": owner })))
        }
        Step::UpdateMember { caller, project, user, owner } => {
            let project = &world.projects[*project].id;
            let path = format!("{}/{}", seed::members_path(project), member_id(server, project, of(*user)));
            (caller, server.call("PUT", &path).json(&json!({ "owner": owner })))
        }
    };
    let authorization = sign_in(server, of(*caller), None);
    let secret = authorization.trim_start_matches("Internal ").to_owned();
    (call.caller(&authorization).send().await, Some(secret))
}

/// The membership of a user in a project, or the id of nothing.
fn member_id(server: &TestServer, project: &str, user: &str) -> String {
    let sql = "SELECT id FROM members WHERE project_id = ?1 AND user_id = ?2";
    let found = server.look(|tx| tx.optional(sql, [id(project), id(user)], |row| row.get::<Uuid>(0)));
    found.map_or(seed::NOBODY.to_owned(), |id| id.to_string())
}
