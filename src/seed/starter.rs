//! The starter seed: an organisation, users of each type, a project, and newly generated secrets.

use serde_json::{Value, json};

use crate::secret::{Secret, SecretKind};

/// The address of the owner, who has all permissions.
pub const OWNER_EMAIL: &str = "owner@example.com";

/// The seed. Ids are always the same, so that examples can refer to them; secrets are new each time.
#[must_use]
pub fn starter() -> Value {
    const OWNER: &str = "0190a000-0000-7000-8000-000000000001";
    let secret = |kind| Secret::generate(kind).reveal().to_owned();
    json!({
        "organisations": [{
            "name": "example",
            "displayName": "Example Ltd",
            "users": [
                {
                    "id": OWNER,
                    "email": OWNER_EMAIL,
                    "firstName": "Olga",
                    "lastName": "Owner",
                    "type": "owner",
                    "personalAccessTokens": [{
                        "secret": secret(SecretKind::PersonalAccessToken),
                        "note": "from the starter seed",
                        "permissions": ["owner"],
                        "allProjects": true,
                    }],
                    "internalTokens": [{ "secret": secret(SecretKind::Session) }],
                },
                {
                    "id": "0190a000-0000-7000-8000-000000000002",
                    "email": "member@example.com",
                    "firstName": "Mia",
                    "lastName": "Member",
                    "type": "member",
                },
                {
                    "id": "0190a000-0000-7000-8000-000000000003",
                    "email": "invited@example.com",
                    "type": "invited",
                },
            ],
            "projects": [{
                "id": "0190a000-0000-7000-a000-000000000001",
                "key": "pricing",
                "name": "Pricing",
                "groups": [{
                    "id": "0190a000-0000-7000-9000-000000000001",
                    "name": "Editors",
                    "permissions": ["documents:view-content", "documents:full"],
                }],
                "members": [{ "userId": OWNER, "owner": true }],
            }],
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed;

    #[test]
    fn the_starter_is_a_valid_seed() {
        let seed = seed::parse(starter().to_string().as_bytes()).unwrap();
        assert_eq!(seed.seed.organisations.len(), 1);
    }

    #[test]
    fn each_starter_has_secrets_of_its_own() {
        let secrets = || {
            let text = starter().to_string();
            let parts = text.split('"').filter(|part| part.starts_with("brms_")).map(str::to_owned);
            parts.collect::<Vec<_>>()
        };
        let (one, other) = (secrets(), secrets());
        assert_eq!((one.len(), other.len()), (2, 2));
        assert!(one.iter().all(|secret| !other.contains(secret)));
    }
}
