//! inviteUsers: up to ten addresses at once, all or nothing.

use std::collections::HashSet;

use super::send::{renew, sendable};
use super::throttle::check_inviter;
use crate::access::{Caller, Principal};
use crate::app::App;
use crate::config::InvitationSettings;
use crate::db::Tx;
use crate::generated::models::{self, InviteUsersRequest, UserType};
use crate::http::Posted;
use crate::mail;
use crate::problem::{Conflict, Place, Problem};
use crate::store;
use crate::store::invitations::Invitation;
use crate::store::users::{User, fold_email};
use crate::views;

/// Invites users by their addresses. A user with a pending invitation is sent a new link.
pub async fn invite(
    app: &App,
    principal: Principal,
    body: InviteUsersRequest,
) -> Result<Posted<Vec<models::Invitation>>, Problem> {
    let settings = app.invitations;
    app.write_once(
        principal,
        |_, caller| caller.require(),
        move |tx, caller, ()| carry_out(tx, &settings, caller, &body.emails),
    )
    .await
}

/// The user to invite: new, or already invited.
#[expect(clippy::large_enum_variant, reason = "there are ten at most")]
enum Invitee<'e> {
    New(&'e str),
    Again(User, Invitation),
}

fn carry_out(
    tx: &Tx,
    settings: &InvitationSettings,
    caller: &Caller,
    emails: &[String],
) -> Result<Vec<models::Invitation>, Problem> {
    // All checks run first, so that a refusal of the last address leaves no changes for the first.
    let mut seen = HashSet::new();
    let mut invitees = Vec::new();
    for (position, email) in emails.iter().enumerate() {
        if seen.insert(fold_email(email)) {
            let place = format!("/emails/{position}");
            invitees.push(check(tx, settings, caller, email).map_err(|problem| placed(problem, &place))?);
        }
    }
    check_inviter(tx, settings, caller.user_id, invitees.len())?;
    let inviter = store::users::get(tx, caller.user_id)?;
    let actor = caller.actor();
    let mut invitations = Vec::with_capacity(invitees.len());
    for invitee in invitees {
        let (user, invitation) = match invitee {
            Invitee::Again(user, invitation) => (user, invitation),
            Invitee::New(email) => create(tx, settings, caller, email)?,
        };
        let (invitation, secret) = renew(tx, settings, &actor, &invitation)?;
        mail::queue_invitation(tx, invitation.id, invitation.expires_at, &user, Some(&inviter), &secret)?;
        invitations.push(views::invitations::invitation(&invitation, &user));
    }
    Ok(invitations)
}

fn check<'e>(
    tx: &Tx,
    settings: &InvitationSettings,
    caller: &Caller,
    email: &'e str,
) -> Result<Invitee<'e>, Problem> {
    match store::users::find_by_address(tx, caller.organisation_id, email)? {
        None => Ok(Invitee::New(email)),
        Some(user) => sendable(tx, settings, &user).map(|invitation| Invitee::Again(user, invitation)),
    }
}

/// Adds the place of the address to a conflict.
fn placed(problem: Problem, place: &str) -> Problem {
    match problem {
        Problem::Conflict(conflict, _) => {
            let detail = match conflict {
                Conflict::UserDisabled => {
                    "is the address of a disabled or locked user; make the user active first"
                }
                Conflict::ServiceAccount => "is the address of a service account",
                _ => "is the address of a user who has already accepted",
            };
            Problem::Conflict(conflict, vec![Place::pointer(place, detail)])
        }
        other => other,
    }
}

fn create(
    tx: &Tx,
    settings: &InvitationSettings,
    caller: &Caller,
    email: &str,
) -> Result<(User, Invitation), Problem> {
    let user = User::new(tx, caller.organisation_id, email, UserType::Invited);
    store::users::create(tx, &user)?;
    let invitation = Invitation {
        created_by: Some(caller.user_id),
        ..Invitation::pending(tx, &user, settings.invitation_ttl)
    };
    store::invitations::create(tx, &invitation)?;
    Ok((user, invitation))
}
