//! What a caller may do: standing in the organisation, permissions inside a project, and how a personal
//! access token narrows both. One home for every such rule.

use super::callers::Caller;
use super::requirements::{Requirement, requirement};
use crate::db::Tx;
use crate::generated::api::Operation;
use crate::generated::models::{Permission, UserType};
use crate::problem::Problem;
use crate::store;
use crate::store::ids::ProjectId;

/// Whether holding one permission gives another: `owner` gives everything, `x` gives every `x:…`.
#[must_use]
pub fn implies(held: Permission, wanted: Permission) -> bool {
    let (held_word, wanted_word) = (held.as_str(), wanted.as_str());
    held == Permission::Owner
        || held == wanted
        || wanted_word.strip_prefix(held_word).is_some_and(|rest| rest.starts_with(':'))
}

/// A list of permissions keeps its order; what stands twice counts once.
#[must_use]
pub fn deduplicated(permissions: Vec<Permission>) -> Vec<Permission> {
    let mut once = Vec::with_capacity(permissions.len());
    for permission in permissions {
        if !once.contains(&permission) {
            once.push(permission);
        }
    }
    once
}

/// What a caller may do inside one project that the caller sees.
#[derive(Clone, Debug)]
pub struct ProjectAccess {
    /// `None`: no token narrows the user.
    token: Option<Vec<Permission>>,
    user: Vec<Permission>,
}

impl ProjectAccess {
    /// Whether both the user and the token, if there is one, have the permission.
    #[must_use]
    pub fn may(&self, wanted: Permission) -> bool {
        let any = |held: &[Permission]| held.iter().any(|held| implies(*held, wanted));
        any(&self.user) && self.token.as_deref().is_none_or(any)
    }

    /// Refuses a caller who does not meet what the table asks for inside this project (403).
    pub fn require(&self, operation: Operation) -> Result<(), Problem> {
        let requirement = requirement(operation);
        let met = match requirement {
            Requirement::Permission(wanted) => self.may(wanted),
            // A caller with an access sees the project.
            Requirement::InProject => true,
            _ => false,
        };
        if met { Ok(()) } else { Err(Problem::Forbidden(requirement.refusal())) }
    }

    /// Refuses a caller who hands out `owner` without the right to (403).
    pub fn require_grant_of_owner(&self) -> Result<(), Problem> {
        if self.may_grant_owner() {
            return Ok(());
        }
        Err(Problem::Forbidden(
            "Handing out owner, by the mark or by a group that carries it, needs a project owner or an owner or \
             admin of the organisation.",
        ))
    }

    /// Whether the caller may hand out everything: give the owner mark, or a group that carries `owner`.
    #[must_use]
    pub fn may_grant_owner(&self) -> bool {
        self.may(Permission::Owner)
    }
}

impl Caller {
    /// Refuses a caller who does not meet what the table asks for outside projects (403).
    ///
    /// What it asks for inside one is checked where the project is found: `projects::access`.
    pub fn require(&self) -> Result<(), Problem> {
        let requirement = requirement(self.operation);
        let met = match requirement {
            Requirement::AnyUser => self.token_reaches_everything(),
            Requirement::Author => {
                self.token_reaches_everything()
                    && (self.is_administrator() || self.user_type == UserType::Author)
            }
            Requirement::Administrator => self.token_reaches_everything() && self.is_administrator(),
            Requirement::NoCredentials | Requirement::Own => true,
            Requirement::InProject | Requirement::Permission(_) => false,
        };
        if met { Ok(()) } else { Err(Problem::Forbidden(requirement.refusal())) }
    }

    /// Owner and admin see and may do everything in every project.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        matches!(self.user_type, UserType::Owner | UserType::Admin)
    }

    /// A sign-in does; a token only if it was made so.
    fn token_reaches_everything(&self) -> bool {
        let limits = self.limits.as_ref();
        limits.is_none_or(|limits| limits.all_projects && limits.permissions.contains(&Permission::Owner))
    }
}

/// What the caller may do in a project of the caller's organisation; `None` when the caller cannot see it.
pub fn in_project(tx: &Tx, caller: &Caller, project_id: ProjectId) -> Result<Option<ProjectAccess>, Problem> {
    let token = match &caller.limits {
        None => None,
        Some(limits)
            if limits.all_projects || store::credentials::token_reaches(tx, limits.token_id, project_id)? =>
        {
            Some(limits.permissions.clone())
        }
        // A token cannot see a project it does not reach.
        Some(_) => return Ok(None),
    };
    if caller.is_administrator() {
        return Ok(Some(ProjectAccess { token, user: vec![Permission::Owner] }));
    }
    let user = store::credentials::permissions_in_project(tx, caller.user_id, project_id)?;
    Ok(user.map(|user| ProjectAccess { token, user }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_gives_itself_and_what_lies_under_it() {
        for (held, wanted, given) in [
            (Permission::Owner, Permission::ProjectManage, true),
            (Permission::Owner, Permission::Owner, true),
            (Permission::Releases, Permission::ReleasesDeploy, true),
            (Permission::Documents, Permission::DocumentsViewContent, true),
            (Permission::ReleasesDeploy, Permission::Releases, false),
            (Permission::ReleasesDeploy, Permission::ReleasesDelete, false),
            (Permission::ProjectManage, Permission::Owner, false),
            (Permission::Documents, Permission::Branches, false),
        ] {
            assert_eq!(implies(held, wanted), given, "{held:?} {wanted:?}");
        }
    }

    #[test]
    fn a_token_narrows_its_user_and_never_widens() {
        let access = |user: &[Permission], token: Option<&[Permission]>| ProjectAccess {
            user: user.to_vec(),
            token: token.map(<[Permission]>::to_vec),
        };
        let manage = Permission::ProjectManage;
        assert!(access(&[manage], None).may(manage));
        assert!(access(&[manage], Some(&[Permission::Owner])).may(manage));
        assert!(!access(&[manage], Some(&[])).may(manage));
        assert!(!access(&[], Some(&[Permission::Owner])).may(manage));
        assert!(!access(&[manage], Some(&[Permission::Owner])).may_grant_owner());
        assert!(!access(&[Permission::Owner], Some(&[manage])).may_grant_owner());
        assert!(access(&[Permission::Owner], Some(&[Permission::Owner])).may_grant_owner());
    }
}
