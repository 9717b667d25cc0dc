//! Random lives of an organisation against a model in memory: random operations with random credentials, with
//! jumps in time. The model says what each answer has to be. After every step what must never break is looked
//! for in the database, and what the API shows is compared with the model; now and then so is what every
//! secret and every person may do.
//!
//! The seed is printed and stands in every failure; `MODEL_SEED=N cargo test random_lives` plays one again, and
//! `MODEL_LIVES=N` plays more of them.

mod effects;
mod expected;
mod generator;
mod invariants;
mod requests;
mod roles;
mod shown;
mod steps;
mod world;

use serde_json::json;

use crate::support::{Answer, TestServer, random};
use crate::testing_export::loaded_again;
use generator::Generator;
use steps::Step;
use world::World;

const LIVES: u64 = 3;
const STEPS: u32 = 300;
/// How many steps lie between two looks at what every secret may do.
const LOOK_EVERY: u32 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn random_lives_go_as_the_model_says() {
    let first = random::seed("MODEL_SEED");
    for life in 0..random::given("MODEL_LIVES", || LIVES) {
        live(first.wrapping_add(life)).await;
    }
}

#[expect(clippy::print_stderr, reason = "the seed repeats a life, however it ends")]
async fn live(seed: u64) {
    eprintln!("a random life with MODEL_SEED={seed}");
    let server = TestServer::start().await;
    server.clock.freeze();
    let mut world = World::of_seed(&server);
    let mut generator = Generator::new(seed);
    let mut secrets = Vec::new();
    for number in 1..=STEPS {
        let step = generator.next_step(&world);
        let before = invariants::audit_rows(&server);
        let expected = world.expected(&step, server.clock.now());
        let (answer, secret) = take(&server, &world, &step).await;
        secrets.extend(secret);
        let what = format!("seed {seed}, step {number}, {step:?}: {}", answer.text());
        assert_eq!(answer.status, expected, "{what}");
        let mut changed = false;
        if answer.status == 200 {
            invariants::check_look(&world, &step, &answer, &what);
            changed = world.apply(&step, &answer, server.clock.now());
            if step.sends_mail() {
                world.learn_codes(&server.mails().await);
            }
        }
        invariants::check(&server, &what, before, changed);
        if changed {
            shown::check(&server, &world, &what).await;
        }
        if number % LOOK_EVERY == 0 {
            invariants::check_rights(&server, &world, &what).await;
        }
        if let Some(pause) = generator.pause() {
            server.clock.advance(pause);
        }
    }
    secrets.extend(world.secrets.iter().map(|secret| secret.bare().to_owned()));
    let codes: Vec<String> = world.codes.iter().map(|code| code.text.clone()).collect();
    invariants::no_secret_is_kept(&server, &secrets, &codes);
    let export = json!(
        server
            .app()
            .db
            .peek(|tx| brms::seed::export(tx, brms::seed::AuditLogs::Included))
            .expect("an export")
    );
    let again = loaded_again(server.folder.path(), &export);
    assert_eq!(again, export, "seed {seed}: whatever happened can be taken out and put in again");
}

/// Does what a step says; the answer, and the secret that it was done with.
async fn take(server: &TestServer, world: &World, step: &Step) -> (Answer, Option<String>) {
    match step {
        Step::Accept { code } => {
            let body = json!({ "secret": world.codes[*code].text });
            (server.post("/invitations/accept").json(&body).send().await, None)
        }
        Step::Call(credential, operation) => {
            let (answer, authorization) = requests::call(server, world, *credential, operation).await;
            (answer, authorization.split_once(' ').map(|(_, secret)| secret.to_owned()))
        }
    }
}
