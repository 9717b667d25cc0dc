//! The short scenario, with the client that openapi-generator writes for Rust and reqwest.

use std::fmt::Debug;

use openapi::apis::configuration::Configuration;
use openapi::apis::{Error, member_api, user_api};
use openapi::models;
use serde::Serialize;
use story::{PRICING, SESSION, UNKNOWN_ID, accept, host, mailed_code};

fn calling(authorization: Option<&str>) -> Configuration {
    Configuration { base_path: host(), client: story::calling(authorization), ..Configuration::default() }
}

/// The problem of a call that has to be refused.
fn refused<T: Debug, E>(status: u16, kind: &str, answer: Result<T, Error<E>>) -> models::Problem
where
    E: Serialize,
{
    let Err(Error::ResponseError(refusal)) = answer else { panic!("not refused, and should be for {kind}") };
    // The error of an operation has a variant with a Problem for each status.
    let problem = serde_json::to_value(refusal.entity.expect("a typed problem")).expect("JSON");
    let problem: models::Problem = serde_json::from_value(problem).expect("a problem");
    assert_eq!((refusal.status.as_u16(), problem.status), (status, i32::from(status)));
    assert_eq!(problem.r#type, format!("urn:brms:problem:{kind}"));
    problem
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let owner = calling(Some(SESSION));
    let users = async |search| user_api::list_users(&owner, None, search, None, None).await.expect("users");
    let before = users(None).await.paginate.total;
    let wish = models::InviteUsersRequest::new(vec!["ann@acme.test".to_owned()]);
    let ann = user_api::invite_users(&owner, wish, None).await.expect("an invitation").remove(0);
    assert_eq!(ann.status, models::InvitationStatus::Pending);
    let first = mailed_code("ann@acme.test");
    let id = ann.user_id.to_string();
    let again = user_api::send_user_invitation(&owner, &id, None).await.expect("an invitation");
    assert_eq!(again.created_at, ann.created_at);
    assert_eq!(accept(&first).await, 410);
    assert_eq!(accept(&mailed_code("ann@acme.test")).await, 200);
    assert_eq!(users(Some("ann@acme.test")).await.results[0].status, models::UserStatus::Active);
    assert_eq!(users(None).await.paginate.total, before + 1);
    let invite = async |user: uuid::Uuid| {
        let wish = models::InviteMembersRequest::new(vec![user]);
        member_api::invite_members(&owner, PRICING, wish, None).await
    };
    assert_eq!(invite(ann.user_id).await.expect("a member")[0].user_id, Some(ann.user_id));
    let page = member_api::list_members(&owner, PRICING, None, Some(1), Some(1)).await.expect("a page");
    assert!(page.results.len() == 1 && page.paginate.total > 1);
    let missing = refused(404, "not-found", invite(UNKNOWN_ID.parse().expect("an id")).await);
    assert_eq!(missing.errors.expect("errors")[0].pointer.as_deref(), Some("/userIds/0"));
    let stranger = calling(None);
    refused(401, "unauthenticated", user_api::list_users(&stranger, None, None, None, None).await);
    println!("the short scenario");
}
