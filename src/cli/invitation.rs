//! `brms invitation link ID`: inviting without mail.

use std::io::Write;

use uuid::Uuid;

use super::database;
use crate::config::{DatabaseSettings, InvitationSettings};
use crate::failure::Failure;
use crate::mail::render::accept_link;
use crate::operator::invitations as operator;

/// Creates a new link, which invalidates the previous one, and prints it.
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
        "valid until {}; earlier links of this invitation no longer work",
        invitation.expires_at.rfc3339()
    )?;
    Ok(())
}
