//! Creates the callers of the table, each on a server of its own, by requests where possible, and the objects that
//! are requested.

use brms::secret::{Secret, SecretKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::matrix_requests::Things;
use crate::matrix_table::{By, Place, Reach, Who};
use crate::support::inside::{Pat, execute, id, sign_in};
use crate::support::{TestServer, seed};

/// A caller, and a server with all requested objects.
pub struct Scene {
    pub server: TestServer,
    /// The value of `Authorization`, if any.
    pub authorization: Option<String>,
    pub things: Things,
}

impl Scene {
    pub async fn of(who: Who, place: Place, by: By) -> Self {
        let server = TestServer::start().await;
        let gone = made(&server, "/api/projects", json!({ "name": "Gone", "key": "gone" })).await;
        let user = user(&server, who).await;
        put_into(&server, &user, place, &[seed::PRICING, &gone]).await;
        server.execute_of("UPDATE projects SET deleted_at = 5 WHERE id = ?1", [id(&gone)]);
        let groups = format!("/api/projects/{}/groups", seed::PRICING);
        let things = Things {
            member: membership(&server, seed::OWNER_SES, seed::PRICING, seed::READER).await,
            group: made(&server, &groups, json!({ "name": "Empty" })).await,
            role: made(&server, "/api/roles", json!({ "name": "Guests", "allProjects": false })).await,
            audit_log: latest_audit_log(&server, seed::OWNER_SES).await,
            own_tokens: spare_tokens(&server, &user),
            service_tokens: spare_tokens(&server, seed::ROBOT),
            gone,
        };
        let authorization = credentials(&server, &user, by, &things.gone).await;
        Self { server, authorization, things }
    }
}

/// Creates an object as the owner of acme and returns its id.
async fn made(server: &TestServer, path: &str, body: Value) -> String {
    made_by(server, seed::OWNER_SES, path, body).await
}

/// Creates an object and returns its id.
pub async fn made_by(server: &TestServer, caller: &str, path: &str, body: Value) -> String {
    let answer = server.post(path).caller(caller).json(&body).expect(200).await.json();
    let thing = answer.get("project").unwrap_or(&answer);
    thing["id"].as_str().expect("an id").to_owned()
}

/// The membership of a user in a project.
pub async fn membership(server: &TestServer, caller: &str, project: &str, user: &str) -> String {
    let listed = server.get(&seed::members_path(project)).caller(caller).expect(200).await.json();
    let members = listed["results"].as_array().expect("members");
    let member = members.iter().find(|member| member["user"]["id"] == user).expect("the member");
    member["id"].as_str().expect("an id").to_owned()
}

/// The latest audit entry visible to a caller.
pub async fn latest_audit_log(server: &TestServer, caller: &str) -> String {
    let listed = server.get("/api/audit-logs").caller(caller).expect(200).await.json();
    listed["results"][0]["id"].as_str().expect("an id").to_owned()
}

/// Three tokens of a user that no caller uses.
fn spare_tokens(server: &TestServer, user: &str) -> [String; 3] {
    [(); 3].map(|()| token(server, user, &[], &[]).1)
}

/// Inserts a token and returns its `Authorization` value and its id.
pub fn token(server: &TestServer, user: &str, permissions: &[&str], projects: &[&str]) -> (String, String) {
    let authorization = Pat { user, permissions, projects, expires_at: None }.put(server);
    let secret = authorization.strip_prefix("Bearer ").expect("a token");
    let secret = Secret::parse(SecretKind::PersonalAccessToken, secret).expect("a secret");
    let sql = "SELECT id FROM personal_access_tokens WHERE secret_hash = ?1";
    let found = server.look(|tx| tx.row(sql, [secret.hash()], |row| row.get::<Uuid>(0)));
    (authorization, found.to_string())
}

async fn user(server: &TestServer, who: Who) -> String {
    let nina = |changes: Value| async move {
        let path = format!("/api/users/{}", seed::NINA);
        server.call("PUT", &path).caller(seed::OWNER_SES).json(&changes).expect(200).await;
        seed::NINA.to_owned()
    };
    let robot = |standing: &'static str| async move {
        let body = json!({ "email": "caller@acme.test", "type": standing });
        made(server, "/api/users/service", body).await
    };
    match who {
        Who::Owner => seed::OWNER.to_owned(),
        Who::Admin => seed::ADMIN.to_owned(),
        Who::Author => nina(json!({ "type": "author" })).await,
        Who::Member => seed::NINA.to_owned(),
        Who::Invited => seed::IVY.to_owned(),
        Who::DisabledAdmin => nina(json!({ "type": "admin", "status": "disabled" })).await,
        Who::LockedAdmin => nina(json!({ "type": "admin", "status": "locked" })).await,
        Who::ServiceAdmin => robot("admin").await,
        Who::ServiceMember => robot("member").await,
        Who::ForeignOwner => seed::GLOBEX_OWNER.to_owned(),
    }
}

async fn put_into(server: &TestServer, user: &str, place: Place, projects: &[&str]) {
    if let Place::Role(permission) = place {
        let body = json!({
            "name": "Bringers", "allProjects": false, "projectPermissions": [permission],
            "users": [user], "projects": projects,
        });
        made(server, "/api/roles", body).await;
        return;
    }
    for project in projects {
        let body = match place {
            Place::Outside | Place::Role(_) => continue,
            Place::Inside => json!({ "userIds": [user] }),
            Place::Marked => json!({ "userIds": [user], "owner": true }),
            Place::Group(permission) => {
                let path = format!("/api/projects/{project}/groups");
                let group = json!({ "name": "Of the caller", "permissions": [permission] });
                json!({ "userIds": [user], "groupIds": [made(server, &path, group).await] })
            }
        };
        server.post(&seed::members_path(project)).caller(seed::OWNER_SES).json(&body).expect(200).await;
    }
}

async fn credentials(server: &TestServer, user: &str, by: By, gone: &str) -> Option<String> {
    let full = |expires_at| Pat { user, permissions: &["owner"], projects: &[], expires_at }.put(server);
    let now = server.clock.now().as_millis();
    let unknown = |kind| Secret::generate(kind).reveal().to_owned();
    Some(match by {
        By::Nothing => return None,
        By::WrongScheme => full(None).replace("Bearer", "Basic"),
        By::TokenAsSession => full(None).replace("Bearer", "Internal"),
        By::SessionAsToken => sign_in(server, user, None).replace("Internal", "Bearer"),
        By::UnknownToken => format!("Bearer {}", unknown(SecretKind::PersonalAccessToken)),
        By::UnknownSession => format!("Internal {}", unknown(SecretKind::Session)),
        By::ExpiredToken => full(Some(now)),
        By::ExpiredSession => sign_in(server, user, Some(now)),
        By::RevokedToken => {
            let (authorization, token_id) = token(server, user, &["owner"], &[]);
            let path = format!("/api/personal-access-tokens/{token_id}");
            server.get(&path).caller(&authorization).expect(200).await;
            server.call("DELETE", &path).caller(&sign_in(server, user, None)).expect(200).await;
            authorization
        }
        By::RegeneratedToken => {
            let (authorization, token_id) = token(server, user, &["owner"], &[]);
            let path = format!("/api/personal-access-tokens/{token_id}");
            server.get(&path).caller(&authorization).expect(200).await;
            let call = server.post(&format!("{path}/regenerate")).caller(&sign_in(server, user, None));
            call.json(&json!({ "expiry": "indefinite" })).expect(200).await;
            authorization
        }
        By::RevokedSession => {
            let authorization = sign_in(server, user, None);
            server.get("/api/users").caller(&authorization).expect(200).await;
            execute(server, "DELETE FROM internal_tokens WHERE seeded = 0");
            authorization
        }
        By::Session => sign_in(server, user, None),
        By::Token(permissions, Reach::Everywhere) => token(server, user, permissions, &[]).0,
        By::Token(permissions, Reach::Here) => token(server, user, permissions, &[seed::PRICING, gone]).0,
        By::Token(permissions, Reach::Elsewhere) => token(server, user, permissions, &[seed::CLAIMS]).0,
    })
}
