//! Conflicts with the current state (409), and their texts.

use std::borrow::Cow;

use super::kind::{ProblemKind, kind};

/// The most of something that is stored or changed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most {
    /// The number.
    pub count: usize,
    /// What is counted, in the plural.
    pub of: &'static str,
    /// How to stay within it.
    pub way_out: &'static str,
}

/// A conflict with the current state (409).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The invitation was accepted, so there is nothing to send.
    AlreadyAccepted,
    /// The user is disabled or, where that matters, locked.
    UserDisabled,
    /// A service account cannot be invited.
    ServiceAccount,
    /// The address, key or name is taken.
    NameTaken,
    /// Several users of the organisation have the address.
    AddressClash,
    /// An organisation or a project must keep an owner.
    LastOwner,
    /// An invited user becomes a member only by accepting, and a member cannot become invited again.
    InvitedUser,
    /// The user has to accept the invitation before signing in.
    NotAccepted,
    /// A role manages this group.
    RoleManaged,
    /// More than a limit.
    TooMany(Most),
    /// Only a deleted project can be restored.
    NotDeleted,
    /// A protected project cannot be deleted.
    ProjectProtected,
    /// The only approval group cannot be deleted.
    LastApprovalGroup,
    /// Data of a seed is already in the database.
    AlreadyThere,
    /// Secrets of a seed would give access to a server that is reachable from other machines.
    SeededSecrets,
}

impl Conflict {
    pub(super) fn kind(self) -> ProblemKind {
        match self {
            Self::AlreadyAccepted => kind(409, "already-accepted", "The invitation was accepted already"),
            Self::UserDisabled => kind(409, "user-disabled", "The user is disabled"),
            Self::ServiceAccount => kind(409, "service-account", "The user is a service account"),
            Self::NameTaken => kind(409, "name-taken", "The name is taken"),
            Self::AddressClash => kind(409, "address-clash", "Several users have this address"),
            Self::LastOwner => kind(409, "last-owner", "The last owner cannot be removed"),
            Self::InvitedUser => kind(409, "invited-user", "The user is invited"),
            Self::NotAccepted => kind(409, "not-accepted", "The invitation has not been accepted"),
            Self::RoleManaged => kind(409, "role-managed", "Managed by a role"),
            Self::TooMany(_) => kind(409, "too-many", "Limit reached"),
            Self::NotDeleted => kind(409, "not-deleted", "The project is not deleted"),
            Self::ProjectProtected => kind(409, "project-protected", "The project is protected"),
            Self::LastApprovalGroup => {
                kind(409, "last-approval-group", "The last approval group cannot be removed")
            }
            Self::AlreadyThere => kind(409, "already-there", "Already in the database"),
            Self::SeededSecrets => kind(409, "seeded-secrets", "The secrets may be known to others"),
        }
    }

    pub(super) fn detail(self) -> Cow<'static, str> {
        let text = match self {
            Self::TooMany(Most { count, of, way_out }) => {
                return format!("The limit is {count} {of}. {way_out}").into();
            }
            Self::AlreadyAccepted => "The user has accepted the invitation; there is nothing to send.",
            Self::UserDisabled => "The user is disabled or locked. Make the user active first.",
            Self::ServiceAccount => "A service account is not invited; it works with tokens.",
            Self::NameTaken => "This name is already taken. Choose another one.",
            Self::AddressClash => {
                "Several users of this organisation have this address. The operator resolves it with brms user set-email."
            }
            Self::LastOwner => "There must be an owner. Make another user the owner first.",
            Self::InvitedUser => {
                "An invited user becomes a member by accepting the invitation; a member cannot become invited again."
            }
            Self::NotAccepted => {
                "The user has not accepted the invitation yet. Accept it with its code, or sign in with a browser."
            }
            Self::RoleManaged => "This group belongs to a role. Change the role instead.",
            Self::NotDeleted => "The project is not deleted; only a deleted project can be restored.",
            Self::ProjectProtected => {
                "The project is protected against deletion. Set protected to false first."
            }
            Self::LastApprovalGroup => {
                "This is the project's only approval group. Add another one to its approvals first."
            }
            Self::AlreadyThere => "Some of this is already in the database. Seed an empty one.",
            Self::SeededSecrets => "The secrets of a seed may be known to others. Listen on loopback.",
        };
        text.into()
    }
}
