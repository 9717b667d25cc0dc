//! Checks users, their invitations and their credentials.

use super::inspection::{A_PROJECT, A_USER, Inspection, Known};
use crate::address::{EMAIL_CHARACTERS_MAX, EmailAddress};
use crate::generated::models::{InvitationStatus, UserType};
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::seed::format::{SeedInvitation, SeedPersonalAccessToken, SeedSession, SeedUser};
use crate::store::invitations::SecretState;
use crate::store::tables::UniqueValue;

/// The secret of a token as given in the file.
struct Written<'a> {
    kind: SecretKind,
    secret: Option<&'a str>,
    hash: Option<SecretHash>,
    seeded: Option<bool>,
}

/// Whether an earlier version may have stored it as an address.
fn is_storable(address: &str) -> bool {
    let is_short = address.len() <= 4 * EMAIL_CHARACTERS_MAX;
    is_short && address.contains('@') && !address.chars().any(char::is_control)
}

impl Inspection {
    pub(super) fn user(&mut self, place: &str, user: &SeedUser, known: &Known) {
        self.id(place, UniqueValue::User, user.id);
        if let Err(complaint) = EmailAddress::parse(&user.email)
            && !(user.email_as_stored && is_storable(&user.email))
        {
            self.complain(&format!("{place}.email"), complaint);
        }
        self.text(&format!("{place}.firstName"), user.first_name.as_deref());
        self.text(&format!("{place}.lastName"), user.last_name.as_deref());
        if user.is_service && user.user_type == UserType::Invited {
            self.complain(place, "a service account cannot be of type invited");
        }
        if let Some(invitation) = &user.invitation {
            self.invitation(&format!("{place}.invitation"), invitation, user, known);
        }
        for (position, token) in user.personal_access_tokens.iter().enumerate() {
            self.personal_access_token(&format!("{place}.personalAccessTokens[{position}]"), token, known);
        }
        for (position, token) in user.sessions.iter().enumerate() {
            self.session(&format!("{place}.internalTokens[{position}]"), token);
        }
    }

    fn invitation(&mut self, place: &str, invitation: &SeedInvitation, user: &SeedUser, known: &Known) {
        self.id(place, UniqueValue::Invitation, invitation.id);
        self.known(&format!("{place}.createdBy"), invitation.created_by, &known.users, A_USER);
        if user.is_service {
            self.complain(place, "a service account cannot have an invitation");
        }
        let waits = invitation.status == InvitationStatus::Pending;
        if waits != (user.user_type == UserType::Invited) {
            let detail = "must be pending for a user of type invited, and accepted for any other";
            self.complain(&format!("{place}.status"), detail);
        }
        if waits != invitation.accepted_at.is_none() {
            self.complain(
                &format!("{place}.acceptedAt"),
                "must be given if and only if the invitation is accepted",
            );
        }
        let live = invitation.secrets.iter().filter(|secret| secret.state == SecretState::Live).count();
        if live > 1 {
            self.complain(
                &format!("{place}.secrets"),
                format_args!("{live} secrets are live; at most one may be"),
            );
        }
        for (position, secret) in invitation.secrets.iter().enumerate() {
            let place = format!("{place}.secrets[{position}]");
            let hash = secret.sha256.to_string();
            self.unique(&format!("{place}.sha256"), UniqueValue::InvitationSecret, hash);
            self.known(&format!("{place}.sentBy"), secret.sent_by, &known.users, A_USER);
        }
    }

    fn personal_access_token(&mut self, place: &str, token: &SeedPersonalAccessToken, known: &Known) {
        self.id(place, UniqueValue::PersonalAccessToken, token.id);
        let kind = SecretKind::PersonalAccessToken;
        let (secret, hash, seeded) = (token.secret.as_deref(), token.secret_sha256, token.seeded);
        self.secret(place, UniqueValue::PersonalAccessTokenSecret, &Written { kind, secret, hash, seeded });
        self.text(&format!("{place}.note"), Some(&token.note));
        self.all_known(&format!("{place}.projects"), &token.projects, &known.projects, A_PROJECT);
    }

    fn session(&mut self, place: &str, token: &SeedSession) {
        self.id(place, UniqueValue::Session, token.id);
        let kind = SecretKind::Session;
        let (secret, hash, seeded) = (token.secret.as_deref(), token.secret_sha256, token.seeded);
        self.secret(place, UniqueValue::SessionSecret, &Written { kind, secret, hash, seeded });
    }

    /// The error never repeats the secret, since it goes to a log or a terminal.
    fn secret(&mut self, place: &str, kind: UniqueValue, written: &Written<'_>) {
        match (written.secret, written.hash) {
            (Some(text), None) => {
                let place = format!("{place}.secret");
                let secret = Secret::parse(written.kind, text);
                if secret.is_none() {
                    self.complain(&place, format_args!("must be {}", written.kind.form()));
                }
                let value = secret.map_or_else(|| text.to_owned(), |secret| secret.hash().to_string());
                self.unique(&place, kind, value);
            }
            (None, Some(hash)) => self.unique(&format!("{place}.secretSha256"), kind, hash.to_string()),
            _ => self.complain(place, "must have either secret or secretSha256"),
        }
        if written.secret.is_some() && written.seeded == Some(false) {
            let detail = "cannot be false together with secret; leave it out";
            self.complain(&format!("{place}.seeded"), detail);
        }
    }
}
