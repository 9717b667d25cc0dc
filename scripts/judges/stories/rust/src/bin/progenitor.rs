//! The short scenario, with the client that progenitor makes.

use std::fmt::Debug;

use client::{Client, Error, ResponseValue, types};
use futures_util::TryStreamExt;
use story::{PRICING, SESSION, UNKNOWN_ID, accept, host, mailed_code};

mod client {
    progenitor::generate_api!("openapi.json");
}

fn calling(authorization: Option<&str>) -> Client {
    Client::new_with_client(&host(), story::calling(authorization))
}

/// The problem of a call that has to be refused. Progenitor has types for `application/json` only, so it arrives as
/// bytes, and is read here.
async fn refused<T: Debug>(
    status: u16,
    kind: &str,
    answer: Result<T, Error<client::ByteStream>>,
) -> types::Problem {
    let Err(Error::ErrorResponse(refusal)) = answer else { panic!("not refused, and should be for {kind}") };
    assert_eq!(refusal.status().as_u16(), status);
    let bytes: Vec<bytes::Bytes> = refusal.into_inner().into_inner().try_collect().await.expect("a body");
    let problem: types::Problem = serde_json::from_slice(&bytes.concat()).expect("a problem");
    assert_eq!((problem.status, problem.type_.as_str()), (status.into(), &*format!("urn:brms:problem:{kind}")));
    problem
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let owner = calling(Some(SESSION));
    let pricing = PRICING.parse().expect("an id");
    let users = async |search| {
        owner.list_users(None, None, None, search).await.map(ResponseValue::into_inner).expect("users")
    };
    let before = users(None).await.paginate.total;
    let emails = vec!["ann@acme.test".parse().expect("an address")];
    let wish = types::InviteUsersRequest { emails };
    let ann = owner.invite_users(None, &wish).await.expect("an invitation").into_inner().remove(0);
    assert_eq!(ann.status, types::InvitationStatus::Pending);
    let first = mailed_code("ann@acme.test");
    let again = owner.send_user_invitation(&ann.user_id, None).await.expect("an invitation");
    assert_eq!(again.created_at, ann.created_at);
    assert_eq!(accept(&first).await, 410);
    assert_eq!(accept(&mailed_code("ann@acme.test")).await, 200);
    assert_eq!(users(Some("ann@acme.test")).await.results[0].status, types::UserStatus::Active);
    assert_eq!(users(None).await.paginate.total, before + 1);
    let invite = async |user: uuid::Uuid| {
        let wish = types::InviteMembersRequest { group_ids: Vec::new(), owner: false, user_ids: vec![user] };
        owner.invite_members(&pricing, None, &wish).await.map(ResponseValue::into_inner)
    };
    assert_eq!(invite(ann.user_id).await.expect("a member")[0].user_id, Some(ann.user_id));
    let one = 1.try_into().expect("a number");
    let page = owner.list_members(&pricing, None, Some(one), None).await.expect("a page").into_inner();
    assert!(page.results.len() == 1 && page.paginate.total > 1);
    let missing = refused(404, "not-found", invite(UNKNOWN_ID.parse().expect("an id")).await).await;
    assert_eq!(missing.errors[0].pointer.as_deref(), Some("/userIds/0"));
    refused(401, "unauthenticated", calling(None).list_users(None, None, None, None).await).await;
    println!("the short scenario");
}
