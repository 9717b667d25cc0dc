//! `brms invitation list`, `link` and `withdraw`, across organisations.

use std::io::Write;

use serde_json::{Value, json};

use super::database;
use super::output::{table, unprinted};
use super::user::organisation_in_json;
use crate::config::{DatabaseSettings, LinkSettings, PrintSettings};
use crate::failure::Failure;
use crate::mail::render::accept_link;
use crate::operator::invitations::{self as operator, ListedInvitation};
use crate::terminal::{self, line};

/// Every invitation, oldest first.
pub(super) fn list(
    settings: &DatabaseSettings,
    print: PrintSettings,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let invitations = database::read(&database::open_existing(settings)?, operator::all)?;
    if print.json {
        let invitations = invitations.iter().map(in_json).collect();
        writeln!(out, "{}", terminal::json(&Value::Array(invitations)))?;
        return Ok(());
    }
    let row = |ListedInvitation { invitation, user, organisation, state }: &ListedInvitation| {
        [
            invitation.id.to_string(),
            state.to_string(),
            invitation.expires_at.rfc3339(),
            user.email.clone(),
            organisation.name.clone(),
        ]
    };
    let rows: Vec<_> = invitations.iter().map(row).collect();
    table(out, ["ID", "STATE", "UNTIL", "EMAIL", "ORGANISATION"], &rows)?;
    Ok(())
}

fn in_json(listed: &ListedInvitation) -> Value {
    let ListedInvitation { invitation, user, organisation, state } = listed;
    json!({
        "id": invitation.id,
        "userId": user.id,
        "email": user.email,
        "organisation": organisation_in_json(organisation),
        "status": invitation.status,
        "state": state,
        "expiresAt": invitation.expires_at,
        "acceptedAt": invitation.accepted_at,
        "createdBy": invitation.created_by,
        "createdAt": invitation.created_at,
    })
}

/// Creates a new link, which invalidates the previous one, and prints it.
pub(super) fn link(settings: &LinkSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let db = database::open_existing(&settings.data)?;
    let user = operator::find_user(&db, &settings.invitation)?;
    // Known before the previous link is invalidated: a new one that leads nowhere would replace a good one.
    let public_url = database::public_url(&db, settings.public_url.as_deref())?;
    let (rules, user_id) = (settings.invitations, user.id);
    let (invitation, secret) = database::write(&db, move |tx| operator::link(tx, &rules, user_id))?;
    let (link, until) = (accept_link(&public_url, secret.reveal()), invitation.expires_at);
    let shown = if settings.print.json {
        let shown = json!({ "id": invitation.id, "userId": user.id, "email": user.email, "link": link,
                            "code": secret.reveal(), "expiresAt": until });
        format!("{}\n", terminal::json(&shown))
    } else {
        format!(
            "{link}\nfor {}, valid until {}; earlier links of this invitation no longer work\n",
            line(&user.email),
            until.rfc3339()
        )
    };
    out.write_all(shown.as_bytes()).and_then(|()| out.flush()).map_err(|cause| {
        let id = invitation.id;
        unprinted(
            &cause,
            &format!(
                "The link exists nonetheless, and earlier ones no longer work: `brms invitation link {id}` replaces it, \
                 `brms invitation withdraw {id}` withdraws it"
            ),
        )
    })
}

/// Revokes the link of an invitation.
pub(super) fn withdraw(
    settings: &DatabaseSettings,
    invitation: &str,
    print: PrintSettings,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let db = database::open_existing(settings)?;
    let user = operator::find_user(&db, invitation)?;
    let user_id = user.id;
    let Some(withdrawn) = database::write(&db, move |tx| operator::withdraw(tx, user_id))? else {
        return Err(format!(
            "{} has no pending invitation; to keep a user out, disable it with updateUser",
            line(&user.email)
        )
        .into());
    };
    if print.json {
        let shown = json!({ "id": withdrawn.id, "userId": user.id, "email": user.email,
                            "status": withdrawn.status, "state": operator::InvitationState::Withdrawn,
                            "expiresAt": withdrawn.expires_at });
        writeln!(out, "{}", terminal::json(&shown))?;
        return Ok(());
    }
    writeln!(
        out,
        "the invitation of {} is withdrawn: its link no longer works, and a mail that was not sent yet is \
         cancelled. Sending it again renews it",
        line(&user.email)
    )?;
    Ok(())
}
