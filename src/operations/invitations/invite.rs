//! inviteUsers: up to ten addresses at once, all or nothing.

use std::collections::HashSet;

use super::refusals::Refusals;
use super::send::{renew, sendable};
use super::throttle::check_inviter_of_all;
use crate::access::{Caller, Principal};
use crate::address::EmailAddress;
use crate::app::App;
use crate::config::InvitationSettings;
use crate::db::Tx;
use crate::generated::models::{self, InviteUsersRequest, UserType};
use crate::http::Posted;
use crate::mail;
use crate::problem::{Place, Problem};
use crate::store;
use crate::store::invitations::Invitation;
use crate::store::users::User;
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
enum Invitee {
    New(EmailAddress),
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
    let (mut invitees, mut pointers) = (Vec::new(), Vec::new());
    let mut refusals = Refusals::default();
    for (position, email) in emails.iter().enumerate() {
        let pointer = format!("/emails/{position}");
        let address = EmailAddress::parse(email)
            .map_err(|complaint| Problem::invalid(Place::pointer(&pointer, complaint)))?;
        let is_first = seen.insert(address.folded());
        match check(tx, settings, caller, address) {
            Ok(invitee) if is_first => {
                invitees.push(invitee);
                pointers.push(pointer);
            }
            Ok(_) => {}
            Err(problem) => refusals.add(problem, &pointer)?,
        }
    }
    refusals.finish()?;
    check_inviter_of_all(tx, settings, caller.user_id, &pointers)?;
    let inviter = store::users::get(tx, caller.user_id)?;
    let actor = caller.actor();
    let mut invitations = Vec::with_capacity(invitees.len());
    for invitee in invitees {
        let (user, invitation) = match invitee {
            Invitee::Again(user, invitation) => (user, invitation),
            Invitee::New(address) => create(tx, settings, caller, &address)?,
        };
        let (invitation, secret) = renew(tx, settings, &actor, &invitation)?;
        mail::queue_invitation(tx, invitation.id, invitation.expires_at, &user, Some(&inviter), &secret)?;
        invitations.push(views::invitations::invitation(&invitation, &user));
    }
    Ok(invitations)
}

fn check(
    tx: &Tx,
    settings: &InvitationSettings,
    caller: &Caller,
    address: EmailAddress,
) -> Result<Invitee, Problem> {
    match store::addresses::find_user(tx, caller.organisation_id, &address)? {
        None => Ok(Invitee::New(address)),
        Some(user) => sendable(tx, settings, &user).map(|invitation| Invitee::Again(user, invitation)),
    }
}

fn create(
    tx: &Tx,
    settings: &InvitationSettings,
    caller: &Caller,
    address: &EmailAddress,
) -> Result<(User, Invitation), Problem> {
    let user = User::new(tx, caller.organisation_id, address, UserType::Invited);
    store::users::create(tx, &user)?;
    let invitation = Invitation {
        created_by: Some(caller.user_id),
        ..Invitation::pending(tx, &user, settings.invitation_ttl)
    };
    store::invitations::create(tx, &invitation)?;
    Ok((user, invitation))
}
