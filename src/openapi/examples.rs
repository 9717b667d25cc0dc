//! Examples of texts and numbers, for people who read the description and for tools that show a body or answer with
//! one. Ids, words of an enum and yes or no need none.

use serde_json::{Value, json};

/// The example of a property: by its name, or of one component by `Component.name`, which comes first.
fn example(component: &str, property: &str) -> Option<Value> {
    let text = match (component, property) {
        ("ApprovalGroup" | "Group" | "MemberGroup" | "RoleGroup" | "SaveGroupRequest", "name") => "Analysts",
        ("Role" | "GroupRole" | "SaveRoleRequest" | "UserRole", "name") => "Auditors",
        ("InvitationOrganisation" | "Organisation" | "UpdateOrganisationRequest", "name") => "acme",
        ("ApprovalGroup" | "Group" | "MemberGroup" | "RoleGroup" | "SaveGroupRequest", "description") => {
            "Edits rules"
        }
        (_, "name") => "Pricing",
        (_, "description") => "Reads everything, changes nothing",
        (_, "displayName") => "Acme Ltd",
        (_, "key") => "pricing",
        (_, "email") => "ann@example.com",
        (_, "firstName") => "Ann",
        (_, "lastName") => "Archer",
        (_, "note") => "deployments",
        (_, "token") => "brms_pat_x8Qv…",
        (_, "createdAt" | "updatedAt" | "acceptedAt" | "deletedAt") => "2026-11-27T09:30:00.000Z",
        (_, "expiresAt") => "2026-12-04T09:30:00.000Z",
        (_, "action") => "created",
        (_, "ipAddress") => "192.0.2.7",
        (_, "userAgent") => "curl/8.14.1",
        (_, "effect") => "allow",
        (_, "patterns") => "pricing/**",
        (_, "type") => "MEMBER",
        (_, "version") => "v1",
        (_, "kind") => "online",
        (_, "status" | "environmentState" | "organisationStatus") => "active",
        (_, "license") => "local",
        (_, "url") => "https://acme.example.com",
        (_, "themeLogo") => "https://acme.example.com/logo.svg",
        (_, "themePrimaryColor") => "#3355aa",
        (_, "emailSignupDomains") => "example.com",
        (_, "id" | "refId") => "0190a000-0000-7000-8000-000000000001",
        (_, property) => return of_other_type(property),
    };
    Some(json!(text))
}

/// Examples of what is no text.
fn of_other_type(property: &str) -> Option<Value> {
    Some(match property {
        "current" | "from" => json!(1),
        "to" | "pageSize" => json!(10),
        "total" => json!(42),
        "users" | "projects" | "documents" | "deployments" => json!(100),
        "emails" => json!(["ann@example.com"]),
        "actions" => json!(["read"]),
        "idpGroups" => json!(["auditors"]),
        "permissions" => json!(["documents:full"]),
        _ => return None,
    })
}

/// Whether a property shows by itself what it holds.
fn is_clear(schema: &Value) -> bool {
    let entry = schema.get("items").unwrap_or(schema);
    let is_text_or_number = matches!(entry["type"].as_str(), Some("string" | "integer"));
    !is_text_or_number || entry.get("enum").is_some() || entry["format"] == "uuid"
}

/// Adds examples to the properties of a component.
pub(super) fn add(component: &str, schema: &mut Value) {
    for (name, property) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
    {
        if let Some(example) = example(component, name).filter(|_| !is_clear(property)) {
            property["example"] = example;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::served;

    #[test]
    fn fr_31_every_text_and_number_has_an_example_that_fits() {
        let served = served("http://brms.test").expect("a description");
        let validator = |schema: &Value| {
            jsonschema::options().should_validate_formats(true).build(schema).expect("a schema")
        };
        let mut seen = 0;
        for (component, schema) in served["components"]["schemas"].as_object().expect("schemas") {
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                let shown = schema["example"].get(name).or_else(|| property.get("example"));
                match shown {
                    Some(example)
                        if property.get("$ref").is_none() && !property.to_string().contains("$ref") =>
                    {
                        assert!(validator(property).is_valid(example), "{component}.{name}: {example}");
                        seen += 1;
                    }
                    Some(_) => {}
                    None => assert!(
                        is_clear(property) || component.starts_with("Problem"),
                        "{component}.{name} has no example"
                    ),
                }
            }
        }
        assert!(seen > 100, "{seen}");
    }
}
