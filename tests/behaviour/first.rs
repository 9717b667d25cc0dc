use serde_json::json;

use crate::support::{TestServer, seed};

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job() {
    let server = TestServer::start().await;
    let body = json!({ "userIds": [seed::NINA], "groupIds": [seed::EDITORS] });
    server.post(&seed::members_path(seed::PRICING)).as_caller(seed::OWNER_PAT).json(&body).expect(200).await;
    server.get("/api/health").expect(200).await;
    server.get("/api/users").as_caller(seed::OWNER_PAT).expect(501).await;
    let code = server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
    server.post("/invitations/accept").json(&json!({ "secret": code })).expect(200).await;
}
