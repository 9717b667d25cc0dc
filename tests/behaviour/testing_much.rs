//! An organisation that contains objects of every kind in every state, for tests of export and import.

use serde_json::{Value, json};

use crate::support::program::run_well;
use crate::support::{TestServer, seed};

/// An organisation with objects of every kind, and its callers.
pub struct Much {
    pub server: TestServer,
    pub callers: Vec<String>,
    /// The code of a pending invitation.
    pub open_code: String,
    /// The code of an accepted invitation.
    pub used_code: String,
}

impl Much {
    pub async fn happened() -> Self {
        let server = TestServer::stand_in().await;
        server.control("POST", "clock/freeze").expect(200).await;
        let mut much =
            Self { server, callers: Vec::new(), open_code: String::new(), used_code: String::new() };
        much.people().await;
        much.projects().await;
        much.roles().await;
        much.tokens().await;
        let seeded = [seed::OWNER_SES, seed::MANAGER_PAT, seed::READER_SES, seed::GLOBEX_SES];
        much.callers.extend(seeded.map(str::to_owned));
        much
    }

    /// As the owner of acme, one millisecond later than the previous request.
    async fn owner(&self, method: &str, path: &str, body: Value) -> Value {
        self.server.advance_clock("1s").await;
        self.server.call(method, path).caller(seed::OWNER_SES).json(&body).expect(200).await.json()
    }

    async fn people(&mut self) {
        let preferences = json!({ "themePrimaryColor": "#123456", "mine": { "deep": [1.5, null, "ü"] } });
        self.owner(
            "PUT",
            "/api/organisations",
            json!({ "displayName": "\u{202e}é", "preferences": preferences }),
        )
        .await;
        let emails = json!({ "emails": ["Zoe@Acme.test", "withdrawn@acme.test"] });
        let invited = self.owner("POST", "/api/users", emails).await;
        let withdrawn = format!("/api/users/{}", invited[1]["userId"].as_str().expect("an id"));
        self.owner("PUT", &withdrawn, json!({ "status": "disabled" })).await;
        // Sent three times: the earlier codes are invalid, and the limit is reached.
        for _ in 0..3 {
            self.open_code = self.server.send_invitation(seed::IVY, seed::IVY_EMAIL).await;
        }
        self.used_code = self.server.send_invitation(seed::IAN, seed::IAN_EMAIL).await;
        let acceptance = json!({ "secret": self.used_code, "firstName": "Ian <b>" });
        self.server.post("/invitations/accept").json(&acceptance).expect(200).await;
        for (user, change) in [
            (seed::NINA, json!({ "status": "locked", "firstName": "", "lastName": "\u{202e}نينا" })),
            (seed::READER, json!({ "type": "author" })),
            (seed::ADMIN, json!({ "type": "owner" })),
        ] {
            self.owner("PUT", &format!("/api/users/{user}"), change).await;
        }
    }

    async fn projects(&self) {
        let pricing = format!("/api/projects/{}", seed::PRICING);
        let files = json!([{ "effect": "deny", "actions": ["read"], "patterns": "*.json" }, { "id": "x" }]);
        for body in [
            json!({ "name": "\u{202e}é", "permissions": [], "filePermissions": files }),
            json!({ "name": "Bare", "filePermissions": null }),
        ] {
            self.owner("POST", &format!("{pricing}/groups"), body).await;
        }
        let approvals = json!({ "decisionsApprovalMode": "require_one_per_team",
                                "decisionsApprovalGroups": [seed::MANAGERS, seed::EDITORS] });
        self.owner("PUT", &format!("{pricing}/approvals"), approvals).await;
        let invited =
            json!({ "userIds": [seed::OTTO, seed::IVY], "groupIds": [seed::EDITORS], "owner": true });
        let members = self.owner("POST", &seed::members_path(seed::PRICING), invited).await;
        let otto = members[0]["id"].as_str().expect("an id");
        let changed = json!({ "groupIds": [seed::MANAGERS, seed::EDITORS] });
        self.owner("PUT", &format!("{}/{otto}", seed::members_path(seed::PRICING)), changed).await;
        let copied = json!({ "name": "Copied", "key": "gone", "copyContentRef": seed::PRICING,
                             "version": "v2" });
        let gone = self.owner("POST", "/api/projects", copied).await;
        let database = self.server.database().display().to_string();
        let gone = gone["project"]["id"].as_str().expect("an id");
        run_well(&["project", "delete", gone, "--database", &database]);
        // The same key again, since the first project is deleted.
        self.owner("POST", "/api/projects", json!({ "name": "Again", "key": "gone", "protected": true }))
            .await;
        run_well(&["project", "delete", seed::CLAIMS, "--database", &database]);
        self.owner("PUT", &format!("/api/projects/{}/restore", seed::CLAIMS), json!({})).await;
    }

    async fn roles(&self) {
        let everywhere = json!({ "name": "Everywhere", "allProjects": true, "users": [seed::NINA, seed::OTTO],
            "projectPermissions": ["documents", "releases"], "idpGroups": ["a", "b"],
            "projectFilePermissions": [{ "effect": "allow", "patterns": "**" }] });
        self.owner("POST", "/api/roles", everywhere).await;
        let somewhere = json!({ "name": "é", "allProjects": false, "description": "few",
            "users": [seed::MANAGER], "projects": [seed::CLAIMS] });
        let role = self.owner("POST", "/api/roles", somewhere).await;
        let role = role["id"].as_str().expect("an id");
        self.owner("PUT", &format!("/api/users/{}", seed::READER), json!({ "roles": [role] })).await;
        let renamed = json!({ "name": "Somewhere", "allProjects": false });
        self.owner("PUT", &format!("/api/roles/{role}"), renamed).await;
    }

    async fn tokens(&mut self) {
        let token = json!({ "note": "mine", "allProjects": false, "expiry": "month",
            "projects": [seed::PRICING, seed::CLAIMS], "permissions": ["documents", "project:manage"] });
        let made = self.owner("POST", "/api/personal-access-tokens", token.clone()).await;
        let path = format!("/api/users/service/{}/personal-access-tokens", seed::ROBOT);
        let robots = self.owner("POST", &path, token).await;
        let id = robots["id"].as_str().expect("an id");
        let renewed =
            self.owner("POST", &format!("{path}/{id}/regenerate"), json!({ "expiry": "indefinite" })).await;
        for made in [made, renewed] {
            self.callers.push(format!("Bearer {}", made["token"].as_str().expect("a token")));
        }
    }
}
