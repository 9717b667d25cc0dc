//! Personal access tokens as API models.

use crate::clock::Timestamp;
use crate::generated::models::{CreatedPersonalAccessToken, PersonalAccessToken};
use crate::secret::Secret;
use crate::store::projects::Project;
use crate::store::tokens::StoredToken;
use crate::store::users::User;
use crate::views::{projects, users};

/// A token without its secret.
pub(crate) fn token(token: StoredToken, user: &User, projects: &[&Project]) -> PersonalAccessToken {
    PersonalAccessToken {
        id: token.id.into(),
        note: token.note,
        permissions: token.permissions,
        all_projects: token.all_projects,
        projects: projects.iter().map(|project| projects::token_project(project)).collect(),
        user: users::token_user(user),
        expires_at: token.expires_at.map(Timestamp::rfc3339),
        created_at: token.created_at.rfc3339(),
        updated_at: token.updated_at.rfc3339(),
    }
}

/// A token with its secret, right after it was created or regenerated.
pub(crate) fn new_token(token: PersonalAccessToken, secret: &Secret) -> CreatedPersonalAccessToken {
    CreatedPersonalAccessToken {
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
    }
}
