//! Users in a seed file, their invitations and their credentials.

use super::omitted::seed_object;
use crate::clock::Timestamp;
use crate::generated::models::{InvitationStatus, Permission, UserStatus, UserType};
use crate::secret::SecretHash;
use crate::store::ids::{InvitationId, PersonalAccessTokenId, ProjectId, SessionId, UserId};
use crate::store::invitations::SecretState;

seed_object! {
    /// A user. One of type `invited` has a pending invitation, which was never mailed unless `invitation` says otherwise.
    pub struct SeedUser {
        /// The id.
        id: Option<UserId> = default,
        /// A valid address, unique in the organisation.
        email: String,
        /// Keeps an address of an earlier version that is not valid, or that other users of the organisation have, too.
        email_as_stored: bool = default,
        /// Given name.
        first_name: Option<String> = default,
        /// Family name.
        last_name: Option<String> = default,
        /// The type of user.
        #[serde(rename = "type")]
        user_type: UserType,
        /// Whether the account is usable; `active` when absent.
        status: Option<UserStatus> = default,
        /// True for a service account.
        is_service: bool = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
        /// When it was last changed; the creation time when absent.
        updated_at: Option<Timestamp> = default,
        /// The user's invitation.
        invitation: Option<SeedInvitation> = default,
        /// The user's personal access tokens.
        personal_access_tokens: Vec<SeedPersonalAccessToken> = default,
        /// The user's sessions.
        #[serde(rename = "internalTokens", alias = "sessions")]
        sessions: Vec<SeedSession> = default,
    }
}

seed_object! {
    /// An invitation to the organisation.
    pub struct SeedInvitation {
        /// The id.
        id: Option<InvitationId> = default,
        /// `pending` for a user of type `invited`, `accepted` for any other type.
        status: InvitationStatus,
        /// When its link expires.
        expires_at: Timestamp,
        /// When it was accepted, if it was.
        accepted_at: Option<Timestamp> = default,
        /// The inviting user; the operator when absent.
        created_by: Option<UserId> = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
        /// The hashes of all its secrets, past and present, so that links in earlier mails still give the same response.
        secrets: Vec<SeedInvitationSecret> = default,
    }
}

seed_object! {
    /// A secret of an invitation.
    pub struct SeedInvitationSecret {
        /// The SHA-256 of the code in the link, in hexadecimal.
        sha256: SecretHash,
        /// `live` (at most one), `used`, `replaced` or `withdrawn`.
        state: SecretState,
        /// Whether it counts toward the sending limits.
        is_send: bool = default,
        /// The sending user; the operator when absent.
        sent_by: Option<UserId> = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
    }
}

seed_object! {
    /// A personal access token.
    pub struct SeedPersonalAccessToken {
        /// The id.
        id: Option<PersonalAccessTokenId> = default,
        /// `brms_pat_` and 32 to 200 letters, digits, `-` or `_`. Either this or `secretSha256`.
        secret: Option<String> = default,
        /// The SHA-256 of a secret that is not stored itself, in hexadecimal.
        secret_sha256: Option<SecretHash> = default,
        /// Whether others may know the secret, which restricts `serve` to loopback; true when absent. May be false only
        /// together with `secretSha256`.
        seeded: Option<bool> = default,
        /// A note about its purpose.
        note: String = default,
        /// Its permissions; none when absent.
        permissions: Vec<Permission> = default,
        /// Whether it is valid for every project.
        all_projects: bool = default,
        /// Otherwise, the projects it is valid for.
        projects: Vec<ProjectId> = default,
        /// When it expires; never when absent.
        expires_at: Option<Timestamp> = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
        /// When it was last changed; the creation time when absent.
        updated_at: Option<Timestamp> = default,
    }
}

seed_object! {
    /// A session.
    pub struct SeedSession {
        /// The id.
        id: Option<SessionId> = default,
        /// `brms_ses_` and 32 to 200 letters, digits, `-` or `_`. Either this or `secretSha256`.
        secret: Option<String> = default,
        /// The SHA-256 of a secret that is not stored itself, in hexadecimal.
        secret_sha256: Option<SecretHash> = default,
        /// Whether others may know the secret, which restricts `serve` to loopback; true when absent. May be false only
        /// together with `secretSha256`.
        seeded: Option<bool> = default,
        /// When it expires; never when absent.
        expires_at: Option<Timestamp> = default,
        /// When it was created.
        created_at: Option<Timestamp> = default,
    }
}
