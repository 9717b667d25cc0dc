//! Fault injection: the next responses of an operation get another status, are delayed, or are dropped.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::inside::everything;
use crate::support::tcp::{Tcp, request};
use crate::support::{Call, TestServer, seed};

fn invite(server: &TestServer) -> Call {
    let body = json!({ "userIds": [seed::NINA] });
    server.post(&seed::members_path(seed::PRICING)).caller(seed::OWNER_PAT).json(&body)
}

async fn order(server: &TestServer, order: Value) -> Value {
    server.control("POST", "fail").json(&order).expect(200).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_responses_have_the_status_and_nothing_is_executed() {
    let server = TestServer::stand_in().await;
    let listed = order(&server, json!({ "operation": "inviteMembers", "times": 2, "status": 503 })).await;
    assert_eq!(listed, json!([{ "operation": "inviteMembers", "times": 2, "status": 503 }]));
    let before = everything(&server);
    let failed = invite(&server).expect(503).await;
    assert_eq!((failed.problem(), failed.header("retry-after")), ("unavailable".to_owned(), Some("1")));
    assert!(failed.text().contains("/_test/fail"), "{}", failed.text());
    // Other operations are not affected.
    server.get("/api/users").caller(seed::OWNER_SES).expect(200).await;
    let left = server.control("GET", "fail").expect(200).await.json();
    assert_eq!(left, json!([{ "operation": "inviteMembers", "times": 1, "status": 503 }]));
    invite(&server).expect(503).await;
    assert_eq!(everything(&server), before);
    assert_eq!(server.control("GET", "fail").expect(200).await.json(), json!([]));
    assert_eq!(invite(&server).expect(200).await.json().as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_injected_response_looks_like_a_real_one_of_its_status() {
    let server = TestServer::stand_in().await;
    for (status, problem) in [
        (400, "invalid-request"),
        (401, "unauthenticated"),
        (403, "forbidden"),
        (404, "not-found"),
        (405, "method-not-allowed"),
        (409, "injected"),
        (418, "injected"),
        (429, "too-many-sends"),
        (500, "internal-error"),
        (502, "injected"),
        (504, "timed-out"),
        (599, "injected"),
    ] {
        order(&server, json!({ "operation": "listUsers", "status": status })).await;
        // `expect` checks the form of every problem, including the headers that its status requires.
        let answer = server.get("/api/users").expect(status).await;
        assert_eq!(answer.problem(), problem, "{status}");
    }
    // Only a POST is described with this one.
    order(&server, json!({ "operation": "inviteMembers", "status": 422 })).await;
    assert_eq!(invite(&server).expect(422).await.problem(), "idempotency-key-reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_one_operation_apply_in_their_order_and_can_be_removed() {
    let server = TestServer::stand_in().await;
    order(&server, json!({ "operation": "inviteMembers", "status": 500 })).await;
    order(&server, json!({ "operation": "inviteMembers", "status": 429 })).await;
    order(&server, json!({ "operation": "inviteMembers", "times": 9, "status": 502 })).await;
    for status in [500, 429, 502] {
        invite(&server).expect(status).await;
    }
    assert_eq!(server.control("DELETE", "fail").expect(200).await.json(), json!([]));
    invite(&server).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_response_is_late_and_correct() {
    let server = TestServer::stand_in().await;
    let listed = order(&server, json!({ "operation": "inviteMembers", "delay": "300ms" })).await;
    assert_eq!(listed[0]["delay"], "300ms");
    let begun = Instant::now();
    assert_eq!(invite(&server).expect(200).await.json().as_array().map(Vec::len), Some(1));
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_dropped_before_the_operation_or_in_place_of_the_response() {
    let server = TestServer::stand_in().await;
    let members = || server.count("SELECT count(*) FROM members");
    let before = members();
    for (when, done) in [("before", 0), ("after", 1)] {
        order(&server, json!({ "operation": "inviteMembers", "drop": when })).await;
        let mut tcp = Tcp::to(&server.address());
        let headers = [("authorization", seed::OWNER_PAT), ("content-type", "application/json")];
        let body = json!({ "userIds": [seed::NINA] }).to_string();
        tcp.send(request("POST", &seed::members_path(seed::PRICING), &headers, body.as_bytes()));
        assert_eq!(tcp.rest(), "", "{when}: not a byte of an answer");
        assert_eq!(members(), before + done, "{when}");
    }
    // The same request again, as a client would retry it: the member exists already.
    assert_eq!(invite(&server).expect(200).await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_fault_is_rejected_with_its_place() {
    let server = TestServer::stand_in().await;
    let with = |more: Value| {
        let mut order = json!({ "operation": "inviteMembers" });
        order.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        order
    };
    for (body, place) in [
        (json!({ "operation": "inviteMember", "status": 500 }), "/operation"),
        (json!({ "operation": "*", "status": 500 }), "/operation"),
        (with(json!({})), ""),
        (with(json!({ "status": 500, "delay": "1s" })), ""),
        (with(json!({ "status": 200 })), "/status"),
        (with(json!({ "status": 600 })), "/status"),
        (with(json!({ "status": 500, "times": 0 })), "/times"),
        (with(json!({ "status": 500, "times": 1_000_001 })), "/times"),
        (with(json!({ "status": 500, "times": -1 })), "/times"),
        (with(json!({ "delay": "11m" })), "/delay"),
        (with(json!({ "delay": "soon" })), "/delay"),
        (with(json!({ "drop": "sometimes" })), "/drop"),
    ] {
        let refused = server.control("POST", "fail").json(&body).expect(400).await;
        assert_eq!(refused.places(), [place], "{body}: {}", refused.text());
    }
    assert_eq!(server.control("GET", "fail").expect(200).await.json(), json!([]));
}
