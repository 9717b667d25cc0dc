//! Finding users of any organisation, by id or address, and what is known about one.

use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::problem::Problem;
use crate::store;
use crate::store::groups::Group;
use crate::store::invitations::Invitation;
use crate::store::members::Membership;
use crate::store::organisations::Organisation;
use crate::store::projects::Project;
use crate::store::roles::Role;
use crate::store::tokens::ListedToken;
use crate::store::users::User;
use crate::terminal::line;

/// The one user with this id or address.
pub fn find(db: &Db, text: &str) -> Result<User, Failure> {
    let shown = line(text);
    match <[User; 1]>::try_from(db.peek(|tx| find_all(tx, text))?) {
        Ok([user]) => Ok(user),
        Err(none) if none.is_empty() => {
            Err(format!("{shown} does not match a user; see `brms user list`").into())
        }
        Err(several) => {
            let ids: Vec<String> = several.iter().map(|user| user.id.to_string()).collect();
            Err(format!("{shown} matches several users; give an id: {}", ids.join(", ")).into())
        }
    }
}

fn find_all(tx: &Tx, text: &str) -> Result<Vec<User>, Problem> {
    match Uuid::try_parse(text) {
        Ok(id) => Ok(store::users::find_anywhere(tx, id.into())?.into_iter().collect()),
        Err(_) => store::addresses::find_users_anywhere(tx, text),
    }
}

/// A user with what belongs to it.
pub struct KnownUser {
    /// The user.
    pub user: User,
    /// The user's organisation.
    pub organisation: Organisation,
    /// The user's roles.
    pub roles: Vec<Role>,
    /// The projects of which the user is a member, with the membership and its groups.
    pub projects: Vec<(Project, Membership, Vec<Group>)>,
    /// The invitation, if there is one.
    pub invitation: Option<Invitation>,
    /// The credentials, without secrets.
    pub tokens: Vec<ListedToken>,
}

/// Reads what belongs to a user.
pub fn known(tx: &Tx, user: User) -> Result<KnownUser, Problem> {
    let organisation = store::organisations::get(tx, user.organisation_id)?;
    let mut projects = Vec::new();
    for project in store::projects::all_of_organisation(tx, organisation.id)? {
        if let Some(membership) = store::members::find_of_user(tx, project.id, user.id)? {
            let groups = store::members::groups_of(tx, &membership)?;
            projects.push((project, membership, groups));
        }
    }
    Ok(KnownUser {
        organisation,
        projects,
        roles: store::roles::roles_of_user(tx, user.id)?,
        invitation: store::invitations::find_by_user(tx, user.id)?,
        tokens: store::tokens::list_of_user(tx, &user)?,
        user,
    })
}

/// Every user, oldest first, with the organisation.
pub fn all(tx: &Tx) -> Result<Vec<(User, Organisation)>, Problem> {
    let mut found = Vec::new();
    for organisation in store::organisations::all(tx)? {
        let users = store::users::all(tx, organisation.id)?;
        found.extend(users.into_iter().map(|user| (user, organisation.clone())));
    }
    found.sort_by_key(|(user, _)| (user.created_at, user.id));
    Ok(found)
}
