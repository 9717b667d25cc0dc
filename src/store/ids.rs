//! An id type for each table, so that ids cannot be mixed up. For clients, seeds and the database an id is a plain
//! UUID.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::{Cell, FromCell, Kind, Parameter, Value};

/// Defines the types. A plain [`Uuid`] converts only with `into`, which marks the boundary to the generated API and
/// the command line.
macro_rules! ids {
    ($($(#[$about:meta])* $name:ident,)+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl Parameter for $name {
            fn kind() -> Kind {
                Uuid::kind()
            }

            fn value(&self) -> Value<'_> {
                self.0.value()
            }
        }

        impl FromCell for $name {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                Uuid::from_cell(cell).map(Self)
            }
        }
    )+};
}

ids! {
    /// The id of a running server, new at each start.
    InstanceId,
    /// The id of an organisation.
    OrganisationId,
    /// The id of a user.
    UserId,
    /// The id of an invitation to an organisation.
    InvitationId,
    /// The id of a mail in the outbox.
    MailId,
    /// The id of an entry of the audit log.
    AuditLogId,
    /// The id of a personal access token.
    PersonalAccessTokenId,
    /// The id of a session.
    SessionId,
    /// The id of a credential: of a personal access token or of a session.
    CredentialId,
    /// The id of a role.
    RoleId,
    /// The id of a project.
    ProjectId,
    /// The id of a group.
    GroupId,
    /// The id of a membership in a project.
    MemberId,
}

/// Ids of a request as ids of one type.
pub(crate) fn typed<T: From<Uuid>>(ids: &[Uuid]) -> Vec<T> {
    ids.iter().copied().map(T::from).collect()
}

impl From<CredentialId> for SessionId {
    fn from(id: CredentialId) -> Self {
        Self(id.0)
    }
}
