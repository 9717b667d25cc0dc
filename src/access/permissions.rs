//! All rules about what a caller may do: the user type in the organisation, permissions inside a project, and the
//! limits of a personal access token.

use super::callers::Caller;
use super::requirements::{Requirement, requirement};
use crate::db::Tx;
use crate::generated::api::Operation;
use crate::generated::models::{Permission, UserType};
use crate::problem::Problem;
use crate::store;
use crate::store::ids::ProjectId;

/// Whether one permission includes another: `owner` includes all, `x` includes every `x:…`.
#[must_use]
pub fn implies(held: Permission, wanted: Permission) -> bool {
    let (held_word, wanted_word) = (held.as_str(), wanted.as_str());
    held == Permission::Owner
        || held == wanted
        || wanted_word.strip_prefix(held_word).is_some_and(|rest| rest.starts_with(':'))
}

/// Removes duplicates and keeps the order.
#[must_use]
pub fn deduplicated<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut once = Vec::with_capacity(all.len());
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}

/// The caller's permissions inside one visible project.
#[derive(Clone, Debug)]
pub struct ProjectAccess {
    /// The limits of the token; `None` without a token.
    token: Option<Vec<Permission>>,
    user: Vec<Permission>,
}

impl ProjectAccess {
    /// Whether the user has the permission, and the token too, if there is one.
    #[must_use]
    pub fn may(&self, wanted: Permission) -> bool {
        let any = |held: &[Permission]| held.iter().any(|held| implies(*held, wanted));
        any(&self.user) && self.token.as_deref().is_none_or(any)
    }

    /// Fails with 403 if the caller lacks the permission that the operation requires inside this project.
    pub fn require(&self, operation: Operation) -> Result<(), Problem> {
        let requirement = requirement(operation);
        let met = match requirement {
            Requirement::Permission(wanted) => self.may(wanted),
            // A caller with access sees the project.
            Requirement::InProject => true,
            _ => false,
        };
        if met { Ok(()) } else { Err(Problem::Forbidden(requirement.refusal())) }
    }

    /// Fails with 403 if the caller may not grant `owner`.
    pub fn require_grant_of_owner(&self) -> Result<(), Problem> {
        if self.may_grant_owner() {
            return Ok(());
        }
        Err(Problem::Forbidden(
            "Granting owner, directly or through a group that has it, requires a project owner or an owner or \
             admin of the organisation.",
        ))
    }

    /// Whether the caller may grant the owner flag, or a group with the permission `owner`.
    #[must_use]
    pub fn may_grant_owner(&self) -> bool {
        self.may(Permission::Owner)
    }
}

impl Caller {
    /// Fails with 403 if the caller does not meet the operation's requirement outside projects.
    ///
    /// Requirements inside a project are checked when the project is looked up: `projects::access`.
    pub fn require(&self) -> Result<(), Problem> {
        let requirement = requirement(self.operation);
        let met = match requirement {
            Requirement::AnyUser => self.has_unlimited_token(),
            Requirement::Author => {
                self.has_unlimited_token() && (self.is_administrator() || self.user_type == UserType::Author)
            }
            Requirement::Administrator => self.has_unlimited_token() && self.is_administrator(),
            Requirement::NoCredentials | Requirement::Own => true,
            Requirement::InProject | Requirement::Permission(_) => false,
        };
        if met { Ok(()) } else { Err(Problem::Forbidden(requirement.refusal())) }
    }

    /// Owners and admins see every project and have every permission in it.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        matches!(self.user_type, UserType::Owner | UserType::Admin)
    }

    /// True for a session, and for a token with `allProjects` and `owner`.
    fn has_unlimited_token(&self) -> bool {
        let limits = self.limits.as_ref();
        limits.is_none_or(|limits| limits.all_projects && limits.permissions.contains(&Permission::Owner))
    }
}

/// The caller's permissions in a project of their organisation. Returns `None` if the project is not visible.
pub fn in_project(tx: &Tx, caller: &Caller, project_id: ProjectId) -> Result<Option<ProjectAccess>, Problem> {
    let token = match &caller.limits {
        None => None,
        Some(limits)
            if limits.all_projects || store::credentials::token_reaches(tx, limits.token_id, project_id)? =>
        {
            Some(limits.permissions.clone())
        }
        // A project outside the token's projects is not visible.
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
    fn a_permission_includes_itself_and_its_children() {
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
