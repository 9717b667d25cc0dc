//! Races on three instances of one PostgreSQL database have the outcomes of one instance.

use std::time::Duration;

use brms::clock::Clock;
use brms::db::Tx;
use brms::startup::{Audience, Server};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::inside::sign_in;
use crate::support::instances::{Instances, count};
use crate::support::postgres::{self, TestDatabase, of_postgres_alone};
use crate::support::server::settings;
use crate::support::{Answer, seed};

/// How often a race of two is repeated.
const ROUNDS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn of_three_first_starts_at_once_one_makes_the_organisation() {
    of_postgres_alone!();
    for round in 0..20 {
        let folder = tempfile::tempdir().expect("a folder");
        let _database = TestDatabase::without_schema(folder.path());
        let mut starts = JoinSet::new();
        for number in 0..3 {
            let credentials = folder.path().join(format!("credentials-{number}"));
            let credentials = credentials.to_str().expect("a path in UTF-8");
            let flags = ["--database-connections", "1", "--credentials-file", credentials];
            let settings = settings(&postgres::location(folder.path()), &flags);
            starts
                .spawn(async move { Server::start(&settings, Clock::default(), Audience::Unattended).await });
        }
        let (mut organisations, mut running) = (Vec::new(), Vec::new());
        for started in starts.join_all().await {
            let server = started.unwrap_or_else(|failure| panic!("round {round}: {failure}"));
            let count = |tx: &Tx| tx.count("SELECT count(*) FROM organisations", ());
            organisations.push(server.app().db.peek(count).expect("a count"));
            running.push(server);
        }
        assert_eq!(organisations, [1, 1, 1], "round {round}");
        let written = std::fs::read_dir(folder.path()).expect("the folder").count();
        assert_eq!(written, 1, "round {round}: one instance writes the credentials");
        for server in running {
            server.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_identical_invitations_of_a_member_exactly_one_creates() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    let body = json!({ "userIds": [seed::NINA], "groupIds": [seed::EDITORS] });
    let calls = (0..200).map(|_| {
        instances.call("POST", &seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).json(&body)
    });
    let answers = instances.at_once(calls).await;
    assert_eq!(count(&answers, 200), 200);
    let created: Vec<Value> = answers.iter().map(Answer::json).filter(|list| *list != json!([])).collect();
    assert_eq!(created.len(), 1, "{created:?}");
    let recorded = "SELECT count(*) FROM audit_logs WHERE type = 'member' AND user_id IS NOT NULL";
    assert_eq!(instances.first.count(recorded), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_parallel_sends_three_succeed_and_one_link_is_valid() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    let calls =
        (0..32).map(|_| instances.call("POST", &seed::invitation_path(seed::IVY)).caller(seed::OWNER_SES));
    let answers = instances.at_once(calls).await;
    assert_eq!((count(&answers, 200), count(&answers, 429)), (3, 29));
    let server = &instances.first;
    assert_eq!(server.count("SELECT count(*) FROM invitation_secrets WHERE state = 'live'"), 1);
    server.mails().await;
    assert_eq!(server.count("SELECT count(*) FROM mails"), 3);
    assert_eq!(
        server.count("SELECT count(*) FROM mails WHERE attempts > 1"),
        0,
        "whichever instance delivers it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_parallel_accepts_exactly_one_succeeds() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    let code = instances.first.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    let calls = (0..64).map(|position| {
        let body = json!({ "secret": code, "firstName": format!("Ivy {position}") });
        instances.call("POST", "/invitations/accept").json(&body)
    });
    let answers = instances.at_once(calls).await;
    assert_eq!((count(&answers, 200), count(&answers, 410)), (1, 63));
    assert_eq!(instances.first.count("SELECT count(*) FROM audit_logs WHERE action = 'accepted'"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_admins_who_disable_each_other_only_the_first_succeeds() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    let server = &instances.first;
    let user = |id: &str| format!("/api/users/{id}");
    let nina = sign_in(server, seed::NINA, None);
    for round in 0..ROUNDS {
        for id in [seed::ADMIN, seed::NINA] {
            let admin = json!({ "type": "admin", "status": "active" });
            server.call("PUT", &user(id)).caller(seed::OWNER_SES).json(&admin).expect(200).await;
        }
        // Disabling ends their sign-ins.
        let (admin, nina) = match round {
            0 => (seed::ADMIN_SES.to_owned(), nina.clone()),
            _ => (sign_in(server, seed::ADMIN, None), sign_in(server, seed::NINA, None)),
        };
        let disabled = json!({ "status": "disabled" });
        let calls = [(admin, seed::NINA), (nina, seed::ADMIN)];
        let calls =
            calls.map(|(caller, id)| instances.call("PUT", &user(id)).caller(&caller).json(&disabled));
        let mut statuses: Vec<u16> =
            instances.at_once(calls).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_owners_of_a_project_who_give_up_the_mark_keeps_it() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    let server = &instances.first;
    let members =
        server.get(&seed::members_path(seed::PRICING)).caller(seed::OWNER_SES).expect(200).await.json();
    let member = |user: &str| {
        let all = members["results"].as_array().expect("members");
        let found = all.iter().find(|member| member["userId"] == user).expect("a member");
        format!("{}/{}", seed::members_path(seed::PRICING), found["id"].as_str().expect("an id"))
    };
    let (owner, reader) = (member(seed::OWNER), member(seed::READER));
    for round in 0..ROUNDS {
        for path in [&owner, &reader] {
            let marked = json!({ "owner": true });
            server.call("PUT", path).caller(seed::OWNER_SES).json(&marked).expect(200).await;
        }
        let calls = [&owner, &reader];
        let calls = calls.map(|path| instances.call("PUT", path).caller(seed::OWNER_SES).json(&json!({})));
        let answers = instances.at_once(calls).await;
        assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 1), "round {round}");
        let marks =
            format!("SELECT count(*) FROM members WHERE owner = 1 AND project_id = '{}'", seed::PRICING);
        assert_eq!(server.count(&marks), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_at_most_100_valid_tokens() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    let body = json!({ "note": "n", "allProjects": true, "expiry": "month" });
    let calls = (0..110)
        .map(|_| instances.call("POST", "/api/personal-access-tokens").caller(seed::READER_SES).json(&body));
    let answers = instances.at_once(calls).await;
    assert_eq!((count(&answers, 200), count(&answers, 409)), (99, 11), "the seed has one");
}

/// A role for all projects reaches each project, whichever was first.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_for_all_projects_reaches_those_that_are_created_at_the_same_time() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    let server = &instances.first;
    let mut calls = Vec::new();
    for number in 0..10 {
        let role = json!({ "name": format!("role {number}"), "allProjects": true, "users": [seed::NINA] });
        let project = json!({ "name": format!("project {number}"), "key": format!("project-{number}") });
        calls.push(instances.call("POST", "/api/roles").caller(seed::OWNER_SES).json(&role));
        calls.push(instances.call("POST", "/api/projects").caller(seed::OWNER_SES).json(&project));
    }
    let answers = instances.at_once(calls).await;
    assert_eq!(count(&answers, 200), 20);
    let projects = server.count(
        "SELECT count(*) FROM projects AS p JOIN organisations AS o ON o.id = p.organisation_id
                                 WHERE o.name = 'acme' AND deleted_at IS NULL",
    );
    let groups = server.count("SELECT count(*) FROM groups WHERE role_id IS NOT NULL");
    assert_eq!(groups, 10 * projects, "one group for each role in each project");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_idempotency_key_on_all_three_does_the_work_once() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    for round in 0..ROUNDS {
        let name = format!("role-{round}");
        let body = json!({ "name": name, "allProjects": false });
        let calls = (0..3).map(|_| {
            instances
                .call("POST", "/api/roles")
                .caller(seed::OWNER_SES)
                .header("Idempotency-Key", &name)
                .json(&body)
        });
        let answers = instances.at_once(calls).await;
        assert_eq!(count(&answers, 200), 3, "round {round}");
        assert!(answers.iter().all(|answer| answer.json() == answers[0].json()), "round {round}");
        assert_eq!(instances.first.count(&format!("SELECT count(*) FROM roles WHERE name = '{name}'")), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mail_is_delivered_once_however_many_instances_deliver() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    let addresses: Vec<String> = (0..200).map(|number| format!("person{number}@acme.test")).collect();
    let calls = addresses.chunks(10).map(|ten| {
        instances.call("POST", "/api/users").caller(seed::OWNER_SES).json(&json!({ "emails": ten }))
    });
    let calls: Vec<_> = calls.collect();
    let answers = instances.at_once(calls).await;
    assert_eq!(count(&answers, 200), 20);
    let mut delivered: Vec<String> = instances.first.mails().await.into_iter().map(|mail| mail.to).collect();
    delivered.sort();
    let mut expected = addresses;
    expected.sort();
    assert_eq!(delivered, expected);
    assert_eq!(instances.first.count("SELECT count(*) FROM mails WHERE attempts <> 1"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_of_an_instance_that_stands_still_is_taken_over_when_its_claim_ends() {
    of_postgres_alone!();
    let instances = Instances::start().await;
    let server = &instances.first;
    server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    // As an instance leaves it that claimed the mail and then stood still.
    server.execute(
        "UPDATE mails SET state = 'queued', delivered_at = NULL, message = NULL, secret = 'brms_inv_lost', attempts = 1,
                          claimed_at = tried_at, claimed_by = '0190a000-0000-7000-8000-00000000dead',
                          claim_ends_at = tried_at + 30000",
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(
        server.count("SELECT count(*) FROM mails WHERE claimed_at IS NOT NULL"),
        1,
        "the claim stands"
    );
    server.execute("UPDATE mails SET claim_ends_at = tried_at");
    server.mails().await;
    assert_eq!(server.count("SELECT count(*) FROM mails WHERE state = 'delivered' AND attempts = 2"), 1);
}
