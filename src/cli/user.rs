//! `brms user list` and `brms user show`, across organisations.

use std::io::Write;

use serde_json::{Value, json};

use super::database;
use super::output::table;
use crate::clock::Timestamp;
use crate::config::{DatabaseSettings, PrintSettings};
use crate::failure::Failure;
use crate::operator::users::{self as operator, KnownUser};
use crate::store::groups::Group;
use crate::store::members::Membership;
use crate::store::organisations::Organisation;
use crate::store::projects::Project;
use crate::store::tokens::ListedToken;
use crate::store::users::User;
use crate::terminal::{self, line};

/// Every user, oldest first.
pub(super) fn list(
    settings: &DatabaseSettings,
    print: PrintSettings,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let users = database::read(&database::open_existing(settings)?, operator::all)?;
    if print.json {
        let users = users.iter().map(|(user, organisation)| in_json(user, organisation)).collect();
        writeln!(out, "{}", terminal::json(&Value::Array(users)))?;
        return Ok(());
    }
    let row = |(user, organisation): &(User, Organisation)| {
        [
            user.id.to_string(),
            kind(user).to_owned(),
            user.status.to_string(),
            user.email.clone(),
            user.full_name().unwrap_or_default(),
            organisation.name.clone(),
        ]
    };
    let rows: Vec<_> = users.iter().map(row).collect();
    table(out, ["ID", "TYPE", "STATUS", "EMAIL", "NAME", "ORGANISATION"], &rows)?;
    Ok(())
}

/// Everything known about a user.
pub(super) fn show(
    settings: &DatabaseSettings,
    user: &str,
    print: PrintSettings,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let db = database::open_existing(settings)?;
    let user = operator::find(&db, user)?;
    let known = database::read(&db, |tx| operator::known(tx, user))?;
    if print.json {
        writeln!(out, "{}", terminal::json(&known_in_json(&known)))?;
        return Ok(());
    }
    for (name, value) in lines(&known) {
        writeln!(out, "{:<13} {}", format!("{name}:"), line(&value))?;
    }
    Ok(())
}

fn kind(user: &User) -> &'static str {
    if user.is_service { "service account" } else { user.user_type.as_str() }
}

fn lines(known: &KnownUser) -> Vec<(&'static str, String)> {
    let KnownUser { user, organisation, roles, projects, invitation, tokens } = known;
    let end = |at: Option<Timestamp>| at.map_or_else(|| "revoked".to_owned(), Timestamp::rfc3339);
    let mut lines = vec![
        ("id", user.id.to_string()),
        ("email", user.email.clone()),
        ("name", user.full_name().unwrap_or_default()),
        ("type", kind(user).to_owned()),
        ("status", user.status.to_string()),
        ("organisation", format!("{} {}", organisation.id, organisation.name)),
        ("created", user.created_at.rfc3339()),
    ];
    lines.extend(roles.iter().map(|role| ("role", format!("{} {}", role.id, role.name))));
    for (project, membership, groups) in projects {
        let mut groups: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        if membership.owner {
            groups.insert(0, "owner");
        }
        let deleted = if project.deleted_at.is_some() { ", deleted" } else { "" };
        let text = format!("{} {} ({}){deleted}", project.id, project.key, groups.join(", "));
        lines.push(("project", text));
    }
    lines.extend(invitation.iter().map(|invitation| {
        let (id, status, until) = (invitation.id, invitation.status, invitation.expires_at.rfc3339());
        ("invitation", format!("{id} {status}, until {until}"))
    }));
    lines.extend(tokens.iter().map(|token| {
        let note = token.note.as_deref().unwrap_or_default();
        ("token", format!("{} {}, until {} {note}", token.id, token.kind, end(token.expires_at)))
    }));
    lines
}

pub(super) fn in_json(user: &User, organisation: &Organisation) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "type": user.user_type,
        "status": user.status,
        "isService": user.is_service,
        "organisation": organisation_in_json(organisation),
        "createdAt": user.created_at,
        "updatedAt": user.updated_at,
    })
}

pub(super) fn organisation_in_json(organisation: &Organisation) -> Value {
    json!({
        "id": organisation.id,
        "name": organisation.name,
        "displayName": organisation.display_name,
    })
}

fn known_in_json(known: &KnownUser) -> Value {
    let KnownUser { user, organisation, roles, projects, invitation, tokens } = known;
    let mut shown = in_json(user, organisation);
    shown["roles"] = roles.iter().map(|role| json!({ "id": role.id, "name": role.name })).collect();
    let project = |(project, membership, groups): &(Project, Membership, Vec<Group>)| {
        let groups: Vec<Value> =
            groups.iter().map(|group| json!({ "id": group.id, "name": group.name })).collect();
        json!({ "id": project.id, "key": project.key, "name": project.name, "owner": membership.owner,
                "groups": groups, "deletedAt": project.deleted_at })
    };
    shown["projects"] = projects.iter().map(project).collect();
    shown["invitation"] = invitation.as_ref().map_or(Value::Null, |invitation| {
        json!({ "id": invitation.id, "status": invitation.status, "expiresAt": invitation.expires_at,
                "acceptedAt": invitation.accepted_at, "createdAt": invitation.created_at })
    });
    let token = |token: &ListedToken| {
        json!({ "id": token.id, "kind": token.kind, "note": token.note, "createdAt": token.created_at,
                "expiresAt": token.expires_at })
    };
    shown["tokens"] = tokens.iter().map(token).collect();
    shown
}
