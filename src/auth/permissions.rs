//! What a caller may do: standing in the organisation, permissions inside a project, and how a personal
//! access token narrows both. One home for every such rule.

use uuid::Uuid;

use super::{Caller, store};
use crate::db::Tx;
use crate::generated::models::{Permission, UserType};
use crate::problem::Problem;

/// Whether holding one permission gives another: `owner` gives everything, `x` gives every `x:…`.
#[must_use]
pub fn implies(held: Permission, wanted: Permission) -> bool {
    let (held_word, wanted_word) = (held.as_str(), wanted.as_str());
    held == Permission::Owner
        || held == wanted
        || wanted_word.strip_prefix(held_word).is_some_and(|rest| rest.starts_with(':'))
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

    /// Whether the caller may hand out everything: give the owner mark, or a group that carries `owner`.
    #[must_use]
    pub fn may_grant_owner(&self) -> bool {
        self.may(Permission::Owner)
    }
}

impl Caller {
    /// Whether the caller may look after users and invitations of the organisation.
    ///
    /// A token needs to reach everything for that, since it acts outside any one project.
    #[must_use]
    pub fn may_manage_users(&self) -> bool {
        let token = self.limits.as_ref();
        self.is_administrator()
            && token
                .is_none_or(|limits| limits.all_projects && limits.permissions.contains(&Permission::Owner))
    }

    /// Owner and admin see and may do everything in every project.
    fn is_administrator(&self) -> bool {
        matches!(self.standing, UserType::Owner | UserType::Admin)
    }
}

/// What the caller may do in a project of the caller's organisation; `None` when the caller cannot see it.
pub fn in_project(tx: &Tx, caller: &Caller, project_id: Uuid) -> Result<Option<ProjectAccess>, Problem> {
    let token = match &caller.limits {
        None => None,
        Some(limits) if limits.all_projects || store::token_reaches(tx, limits.token_id, project_id)? => {
            Some(limits.permissions.clone())
        }
        // A token cannot see a project it does not reach.
        Some(_) => return Ok(None),
    };
    if caller.is_administrator() {
        return Ok(Some(ProjectAccess { token, user: vec![Permission::Owner] }));
    }
    let user = match store::owner_mark(tx, caller.user_id, project_id)? {
        None => return Ok(None),
        Some(true) => vec![Permission::Owner],
        Some(false) => store::group_permissions(tx, caller.user_id, project_id)?,
    };
    Ok(Some(ProjectAccess { token, user }))
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
