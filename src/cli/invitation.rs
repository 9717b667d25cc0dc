//! `brms invitation link ID`: the way to invite without any mail.

use std::io::Write;

use uuid::Uuid;

use super::database;
use crate::config::{DatabaseSettings, InvitationSettings};
use crate::failure::Failure;
use crate::mail::render::accept_link;
use crate::operator::invitations as operator;

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
    let (invitation, secret) = database::write(&db, move |tx| operator::link(tx, &rules, id))?;
    writeln!(out, "{}", accept_link(public_url, secret.reveal()))?;
    writeln!(
        out,
        "works until {}; every earlier link of this invitation is dead",
        invitation.expires_at.rfc3339()
    )?;
    Ok(())
}
