//! Writes a checked seed. Everything goes through the rooms' own stores, so that a seeded row is the same
//! as one that came over the API; the audit log says that the operator made it.

use std::time::Duration;

use uuid::Uuid;

use super::Loaded;
use super::format::{Seed, SeedGroup, SeedOrganisation, SeedProject, SeedUser};
use crate::audit::{Action, Actor};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::generated::models::{InvitationStatus, ProjectVersion, UserType};
use crate::groups::{self, Group};
use crate::invitations::{self, Invitation};
use crate::members;
use crate::organisation::{self, Organisation};
use crate::problem::Problem;
use crate::projects::{self, Project};
use crate::secret::{Secret, SecretKind};
use crate::tokens::{self, NewPersonalAccessToken, Origin};
use crate::users::{self, User};

pub(super) fn load(tx: &Tx, seed: &Seed, invitation_lifetime: Duration) -> Result<Loaded, Problem> {
    let mut loaded = Loaded::default();
    for organisation in &seed.organisations {
        load_organisation(tx, organisation, invitation_lifetime)?;
        loaded.organisations += 1;
        loaded.users += organisation.users.len();
        loaded.projects += organisation.projects.len();
    }
    Ok(loaded)
}

fn load_organisation(tx: &Tx, seed: &SeedOrganisation, invitation_lifetime: Duration) -> Result<(), Problem> {
    let fresh = Organisation::new(tx, &seed.name, seed.display_name.as_ref().unwrap_or(&seed.name));
    let organisation = Organisation { id: seed.id.unwrap_or(fresh.id), ..fresh };
    organisation::store::create(tx, &organisation)?;
    let actor = Actor::operator(organisation.id);
    organisation::record(tx, &actor, Action::Created, &organisation)?;
    let mut user_ids = Vec::with_capacity(seed.users.len());
    for user in &seed.users {
        user_ids.push(load_user(tx, &actor, user, invitation_lifetime)?);
    }
    for project in &seed.projects {
        load_project(tx, &actor, project)?;
    }
    // Last, because a token may name projects.
    for (user, user_id) in seed.users.iter().zip(user_ids) {
        load_tokens(tx, &actor, user, user_id)?;
    }
    Ok(())
}

fn load_user(
    tx: &Tx,
    actor: &Actor,
    seed: &SeedUser,
    invitation_lifetime: Duration,
) -> Result<Uuid, Problem> {
    let fresh = User::new(tx, actor.organisation_id, &seed.email, seed.user_type);
    let user = User {
        id: seed.id.unwrap_or(fresh.id),
        first_name: seed.first_name.clone(),
        last_name: seed.last_name.clone(),
        status: seed.status,
        is_service: seed.is_service,
        ..fresh
    };
    users::store::create(tx, &user)?;
    users::record(tx, actor, Action::Created, &user)?;
    if user.user_type == UserType::Invited {
        let invitation = Invitation {
            id: tx.new_id(),
            organisation_id: user.organisation_id,
            user_id: user.id,
            status: InvitationStatus::Pending,
            expires_at: tx.now().plus(invitation_lifetime),
            created_at: tx.now(),
        };
        invitations::store::create_pending(tx, &invitation, None)?;
    }
    Ok(user.id)
}

fn load_tokens(tx: &Tx, actor: &Actor, seed: &SeedUser, user_id: Uuid) -> Result<(), Problem> {
    for token in &seed.personal_access_tokens {
        let new = NewPersonalAccessToken {
            note: token.note.clone(),
            permissions: token.permissions.clone(),
            all_projects: token.all_projects,
            projects: token.projects.clone(),
        };
        let secret = checked(SecretKind::PersonalAccessToken, &token.secret)?;
        let expires_at = token.expires_at.as_deref().and_then(Timestamp::parse_rfc3339);
        tokens::create_personal(tx, actor, user_id, &new, expires_at, (&secret, Origin::Seeded))?;
    }
    for token in &seed.internal_tokens {
        let secret = checked(SecretKind::InternalToken, &token.secret)?;
        let expires_at = token.expires_at.as_deref().and_then(Timestamp::parse_rfc3339);
        tokens::create_internal(tx, actor, user_id, expires_at, (&secret, Origin::Seeded))?;
    }
    Ok(())
}

fn checked(kind: SecretKind, text: &str) -> Result<Secret, Problem> {
    Secret::parse(kind, text).ok_or_else(unchecked)
}

fn load_project(tx: &Tx, actor: &Actor, seed: &SeedProject) -> Result<(), Problem> {
    let project = Project {
        id: seed.id.unwrap_or_else(|| tx.new_id()),
        organisation_id: actor.organisation_id,
        key: seed.key.clone(),
        name: seed.name.clone(),
        version: seed.version.unwrap_or(ProjectVersion::V1),
        protected: seed.protected,
        approval_mode: None,
        deleted_at: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    if !projects::store::create(tx, &project)? {
        return Err(unchecked());
    }
    projects::record(tx, actor, Action::Created, &project)?;
    for group in &seed.groups {
        groups::add(tx, actor, &group_of(tx, project.id, group))?;
    }
    for member in &seed.members {
        let membership = members::store::create(tx, project.id, member.user_id, member.owner)?;
        let membership = membership.ok_or_else(unchecked)?;
        members::store::add_to_groups(tx, &membership, &member.group_ids)?;
        members::record(tx, actor, Action::Created, &membership, &member.group_ids)?;
    }
    Ok(())
}

fn group_of(tx: &Tx, project_id: Uuid, seed: &SeedGroup) -> Group {
    Group {
        id: seed.id.unwrap_or_else(|| tx.new_id()),
        project_id,
        name: seed.name.clone(),
        description: seed.description.clone(),
        permissions: seed.permissions.clone(),
        file_permissions: None,
        role_id: None,
        created_at: tx.now(),
    }
}

/// What a check of the seed would have found.
fn unchecked() -> Problem {
    Problem::Internal("a seed was loaded unchecked".to_owned())
}
