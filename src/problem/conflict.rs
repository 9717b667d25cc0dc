//! States of things that forbid what was asked (409), and what is said of each.

use super::kind::{ProblemKind, kind};

/// A state of things that forbids what was asked (409).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The invitation was accepted, so there is nothing left to send.
    AlreadyAccepted,
    /// The user is disabled, or locked where that matters, too.
    UserDisabled,
    /// A service account reads no mail.
    ServiceAccount,
    /// Another has this address, key or name.
    NameTaken,
    /// An organisation or a project would be left without an owner.
    LastOwner,
    /// An invited user becomes a member by accepting, and no member becomes invited again.
    InvitedUser,
    /// A role looks after this group.
    RoleManaged,
    /// One more would be too many.
    TooMany,
    /// A project that is not deleted cannot be restored.
    NotDeleted,
    /// A protected project is not deleted.
    ProjectProtected,
    /// The only group whose approval is asked stays.
    LastApprovalGroup,
    /// What a seed brings is in the database already.
    AlreadyThere,
    /// A seed's secrets would open a server that others can reach.
    SeededSecrets,
}

impl Conflict {
    pub(super) fn kind(self) -> ProblemKind {
        match self {
            Self::AlreadyAccepted => kind(409, "already-accepted", "The invitation was accepted already"),
            Self::UserDisabled => kind(409, "user-disabled", "The user is disabled"),
            Self::ServiceAccount => kind(409, "service-account", "The user is a service account"),
            Self::NameTaken => kind(409, "name-taken", "The name is taken"),
            Self::LastOwner => kind(409, "last-owner", "The last owner has to stay"),
            Self::InvitedUser => kind(409, "invited-user", "The user is invited"),
            Self::RoleManaged => kind(409, "role-managed", "A role looks after this"),
            Self::TooMany => kind(409, "too-many", "There would be too many"),
            Self::NotDeleted => kind(409, "not-deleted", "The project is not deleted"),
            Self::ProjectProtected => kind(409, "project-protected", "The project is protected"),
            Self::LastApprovalGroup => {
                kind(409, "last-approval-group", "The last approving group has to stay")
            }
            Self::AlreadyThere => kind(409, "already-there", "The database has this already"),
            Self::SeededSecrets => kind(409, "seeded-secrets", "Its secrets may be known"),
        }
    }

    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::AlreadyAccepted => "The user has accepted the invitation; there is nothing to send.",
            Self::UserDisabled => "The user is disabled or locked. Make the user active first.",
            Self::ServiceAccount => "A service account is not invited; it works with tokens.",
            Self::NameTaken => "Another has this name already. Choose another one.",
            Self::LastOwner => "There has to be an owner. Make somebody else the owner first.",
            Self::InvitedUser => {
                "An invited user becomes a member by accepting the invitation, and nobody becomes invited again."
            }
            Self::RoleManaged => "This group belongs to a role. Change the role instead.",
            Self::TooMany => "There would be too many of these. Remove some first.",
            Self::NotDeleted => "The project is there; only a deleted project is restored.",
            Self::ProjectProtected => {
                "The project is protected from being deleted. Set protected to false first."
            }
            Self::LastApprovalGroup => {
                "Approvals ask this group alone. Name another one in the project's approvals first."
            }
            Self::AlreadyThere => "The database has some of this already. Seed an empty one.",
            Self::SeededSecrets => "Others may know the secrets of a seed. Listen on loopback.",
        }
    }
}
