//! What both stories in Rust share.

use std::process::Command;

use serde_json::json;

// Secrets and ids of the example seed, tests/fixtures/seed-example.json.
pub const SESSION: &str = "Internal brms_ses_seed_owner_00000000000000000000000000000000000000";
pub const PRICING: &str = "0190a000-0000-7000-a000-000000000001";
pub const UNKNOWN_ID: &str = "0190a000-0000-7000-8000-00000000dead";

pub fn host() -> String {
    std::env::var("HOST").expect("HOST")
}

/// An HTTP client that sends credentials with each request.
pub fn calling(authorization: Option<&str>) -> reqwest::Client {
    let headers = authorization.map(|value| (reqwest::header::AUTHORIZATION, value.parse().expect("a header")));
    reqwest::Client::builder().default_headers(headers.into_iter().collect()).build().expect("a client")
}

/// The code in the latest mail to an address.
pub fn mailed_code(address: &str) -> String {
    let program = std::env::var("MAILED_CODE").expect("MAILED_CODE");
    let output = Command::new(program).arg(address).output().expect("a code");
    String::from_utf8(output.stdout).expect("a text").trim().to_owned()
}

/// What Ann's browser would post; the page is no part of the description. The status of the answer.
pub async fn accept(code: &str) -> u16 {
    let body = json!({ "secret": code, "firstName": "Ann", "lastName": "Archer" });
    let request = reqwest::Client::new().post(format!("{}/invitations/accept", host())).json(&body);
    request.send().await.expect("an answer").status().as_u16()
}
