//! Personal access tokens as the description has them.

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::{NewPersonalAccessToken, PersonalAccessToken};
use crate::problem::Problem;
use crate::secret::Secret;
use crate::store;
use crate::store::tokens::StoredToken;
use crate::store::users::User;
use crate::views::{projects, users};

/// A token without its secret.
pub(crate) fn token(tx: &Tx, token: StoredToken, user: &User) -> Result<PersonalAccessToken, Problem> {
    let project_ids = store::tokens::projects_of(tx, token.id)?;
    let projects = store::projects::find_all_live(tx, user.organisation_id, &project_ids)?;
    Ok(PersonalAccessToken {
        id: token.id,
        note: token.note,
        permissions: token.permissions,
        all_projects: token.all_projects,
        projects: projects.iter().map(projects::token_project).collect(),
        user: users::token_user(user),
        expires_at: token.expires_at.map(Timestamp::rfc3339),
        created_at: token.created_at.rfc3339(),
        updated_at: token.updated_at.rfc3339(),
    })
}

/// A token with its secret: only just after it was made or renewed.
pub(crate) fn new_token(
    tx: &Tx,
    stored: StoredToken,
    user: &User,
    secret: &Secret,
) -> Result<NewPersonalAccessToken, Problem> {
    let token = token(tx, stored, user)?;
    Ok(NewPersonalAccessToken {
        id: token.id,
        note: token.note,
        permissions: token.permissions,
        all_projects: token.all_projects,
        projects: token.projects,
        user: token.user,
        expires_at: token.expires_at,
        created_at: token.created_at,
        updated_at: token.updated_at,
        token: secret.reveal().to_owned(),
    })
}
