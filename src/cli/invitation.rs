//! `brms invitation link ID`: the way to invite without any mail.

use std::io::Write;

use uuid::Uuid;

use super::database;
use crate::clock::Timestamp;
use crate::config::{DatabaseSettings, InvitationSettings};
use crate::db::Tx;
use crate::failure::Failure;
use crate::mail::render::accept_link;
use crate::operations::invitations;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store;

/// Makes a fresh link, which kills the one before, and shows it.
pub(super) fn link(
    data: &DatabaseSettings,
    rules: &InvitationSettings,
    id: Uuid,
    public_url: &str,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let rules = *rules;
    let db = database::open_existing(data)?;
    let (expires_at, secret) = database::write(&db, move |tx| fresh_secret(tx, &rules, id))?;
    writeln!(out, "{}", accept_link(public_url, secret.reveal()))?;
    writeln!(out, "works until {}; every earlier link of this invitation is dead", expires_at.rfc3339())?;
    Ok(())
}

fn fresh_secret(tx: &Tx, rules: &InvitationSettings, id: Uuid) -> Result<(Timestamp, Secret), Problem> {
    let user_id = store::invitations::find_anywhere(tx, id)?.map_or(id, |invitation| invitation.user_id);
    let user = store::users::find_anywhere(tx, user_id)?.ok_or(Problem::NotFound("invitation"))?;
    let (invitation, secret) = invitations::fresh_secret(tx, rules, &user)?;
    Ok((invitation.expires_at, secret))
}
