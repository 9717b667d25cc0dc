//! Writes a checked seed. All rows are written through [`crate::store`], so they are the same as rows written by the
//! API; the audit log names the operator as their creator.

use std::time::Duration;

use super::format::{
    Seed, SeedAuditLog, SeedGroup, SeedInvitation, SeedMember, SeedOrganisation, SeedPersonalAccessToken,
    SeedProject, SeedRole, SeedSession, SeedUser,
};
use crate::db::Tx;
use crate::generated::models::{ProjectVersion, UserStatus, UserType};
use crate::operations::{roles, tokens};
use crate::problem::Problem;
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::store;
use crate::store::audit_logs::{Action, Actor, StoredEntry};
use crate::store::groups::Group;
use crate::store::ids::{OrganisationId, ProjectId, UserId};
use crate::store::invitations::Invitation;
use crate::store::members::Membership;
use crate::store::organisations::Organisation;
use crate::store::projects::Project;
use crate::store::roles::Role;
use crate::store::tokens::{Session, StoredToken};
use crate::store::users::User;

/// The number of objects in a seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Loaded {
    /// Organisations.
    pub organisations: usize,
    /// Users.
    pub users: usize,
    /// Projects.
    pub projects: usize,
}

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
    let created_at = seed.created_at.unwrap_or(fresh.created_at);
    let organisation = Organisation {
        id: seed.id.unwrap_or(fresh.id),
        preferences: seed.preferences.clone(),
        created_at,
        updated_at: seed.updated_at.unwrap_or(created_at),
        ..fresh
    };
    store::organisations::create(tx, &organisation)?;
    let actor = Actor::operator(organisation.id);
    store::organisations::record(tx, &actor, Action::Created, &organisation)?;
    let users = seed.users.iter().map(|user| load_user(tx, &actor, user)).collect::<Result<Vec<_>, _>>()?;
    store::addresses::unmark(tx, organisation.id)?;
    // After all users exist, because an invitation may name any of them as the inviter.
    for (seed, user) in seed.users.iter().zip(&users) {
        load_invitation(tx, seed, user, invitation_lifetime)?;
    }
    let roles = seed.roles.iter().map(|role| load_role(tx, &actor, role)).collect::<Result<Vec<_>, _>>()?;
    for project in &seed.projects {
        load_project(tx, &actor, project)?;
    }
    // After the projects exist, because roles and tokens may refer to them.
    for (seed, role) in seed.roles.iter().zip(&roles) {
        store::roles::set_projects(tx, role.id, &seed.projects)?;
        roles::sync_projects(tx, &actor, role)?;
    }
    for (seed, user) in seed.users.iter().zip(&users) {
        load_tokens(tx, &actor, seed, user.id)?;
    }
    match &seed.audit_logs {
        Some(entries) => load_audit_logs(tx, organisation.id, entries),
        None => Ok(()),
    }
}

fn load_user(tx: &Tx, actor: &Actor, seed: &SeedUser) -> Result<User, Problem> {
    let fresh = User::with_any_address(tx, actor.organisation_id, &seed.email, seed.user_type);
    let created_at = seed.created_at.unwrap_or(fresh.created_at);
    let user = User {
        id: seed.id.unwrap_or(fresh.id),
        first_name: seed.first_name.clone(),
        last_name: seed.last_name.clone(),
        status: seed.status.unwrap_or(UserStatus::Active),
        is_service: seed.is_service,
        created_at,
        updated_at: seed.updated_at.unwrap_or(created_at),
        ..fresh
    };
    if seed.email_as_stored {
        store::users::create_as_stored(tx, &user)?;
    } else {
        store::users::create(tx, &user)?;
    }
    store::users::record(tx, actor, Action::Created, &user)?;
    Ok(user)
}

fn load_invitation(tx: &Tx, seed: &SeedUser, user: &User, lifetime: Duration) -> Result<(), Problem> {
    let fresh = Invitation::pending(tx, user, lifetime);
    let Some(SeedInvitation { id, status, expires_at, accepted_at, created_by, created_at, secrets }) =
        &seed.invitation
    else {
        return match seed.user_type {
            UserType::Invited => store::invitations::create(tx, &fresh),
            _ => Ok(()),
        };
    };
    let invitation = Invitation {
        id: id.unwrap_or(fresh.id),
        status: *status,
        expires_at: *expires_at,
        accepted_at: *accepted_at,
        created_by: *created_by,
        created_at: created_at.unwrap_or(fresh.created_at),
        ..fresh
    };
    store::invitations::create(tx, &invitation)?;
    for secret in secrets {
        let secret = store::invitations::StoredSecret {
            hash: secret.sha256,
            state: secret.state,
            is_send: secret.is_send,
            sent_by: secret.sent_by,
            created_at: secret.created_at.unwrap_or(tx.now()),
        };
        store::invitations::add_secret(tx, invitation.id, &secret)?;
    }
    Ok(())
}

fn load_tokens(tx: &Tx, actor: &Actor, seed: &SeedUser, user_id: UserId) -> Result<(), Problem> {
    for token in &seed.personal_access_tokens {
        let SeedPersonalAccessToken { secret, secret_sha256, seeded, .. } = token;
        let created_at = token.created_at.unwrap_or(tx.now());
        let stored = StoredToken {
            id: token.id.unwrap_or_else(|| tx.new_id()),
            note: token.note.clone(),
            permissions: token.permissions.clone(),
            all_projects: token.all_projects,
            expires_at: token.expires_at,
            created_at,
            updated_at: token.updated_at.unwrap_or(created_at),
            secret_hash: secret_hash(SecretKind::PersonalAccessToken, secret.as_deref(), *secret_sha256)?,
            is_seeded: *seeded != Some(false),
        };
        tokens::add_personal(tx, actor, user_id, &stored, &token.projects)?;
    }
    for token in &seed.sessions {
        let SeedSession { id, secret, secret_sha256, seeded, expires_at, created_at } = token;
        let hash = secret_hash(SecretKind::Session, secret.as_deref(), *secret_sha256)?;
        let (id, created_at) = (id.unwrap_or_else(|| tx.new_id()), created_at.unwrap_or(tx.now()));
        let session = Session {
            is_seeded: *seeded != Some(false),
            ..Session::of_operator(id, hash, created_at, *expires_at)
        };
        tokens::add_session(tx, actor, user_id, &session)?;
    }
    Ok(())
}

fn secret_hash(
    kind: SecretKind,
    secret: Option<&str>,
    hash: Option<SecretHash>,
) -> Result<SecretHash, Problem> {
    let written = secret.and_then(|text| Secret::parse(kind, text)).map(|secret| secret.hash());
    written.or(hash).ok_or_else(unchecked)
}

fn load_role(tx: &Tx, actor: &Actor, seed: &SeedRole) -> Result<Role, Problem> {
    let created_at = seed.created_at.unwrap_or(tx.now());
    let role = Role {
        id: seed.id.unwrap_or_else(|| tx.new_id()),
        organisation_id: actor.organisation_id,
        name: seed.name.clone(),
        description: seed.description.clone(),
        all_projects: seed.all_projects,
        idp_groups: seed.idp_groups.clone(),
        project_permissions: seed.project_permissions.clone(),
        project_file_permissions: seed.project_file_permissions.clone(),
        created_at,
        updated_at: seed.updated_at.unwrap_or(created_at),
    };
    store::roles::create(tx, &role)?;
    store::roles::set_users(tx, role.id, &seed.users)?;
    store::roles::record(tx, actor, Action::Created, &role, (Some(&seed.users), Some(&seed.projects)))?;
    Ok(role)
}

fn load_project(tx: &Tx, actor: &Actor, seed: &SeedProject) -> Result<(), Problem> {
    let created_at = seed.created_at.unwrap_or(tx.now());
    let project = Project {
        id: seed.id.unwrap_or_else(|| tx.new_id()),
        organisation_id: actor.organisation_id,
        key: seed.key.clone(),
        name: seed.name.clone(),
        version: seed.version.unwrap_or(ProjectVersion::V1),
        protected: seed.protected,
        approval_mode: seed.decisions_approval_mode,
        deleted_at: seed.deleted_at,
        created_at,
        updated_at: seed.updated_at.unwrap_or(created_at),
    };
    if !store::projects::create(tx, &project)? {
        return Err(unchecked());
    }
    store::projects::record(tx, actor, Action::Created, &project)?;
    for group in &seed.groups {
        store::groups::add(tx, actor, &group_of(tx, project.id, group))?;
    }
    store::projects::set_approval_groups(tx, project.id, &seed.decisions_approval_groups)?;
    for member in &seed.members {
        load_member(tx, actor, project.id, member)?;
    }
    Ok(())
}

fn load_member(tx: &Tx, actor: &Actor, project_id: ProjectId, seed: &SeedMember) -> Result<(), Problem> {
    let fresh = Membership::new(tx, project_id, seed.user_id);
    let created_at = seed.created_at.unwrap_or(fresh.created_at);
    let membership = Membership {
        id: seed.id.unwrap_or(fresh.id),
        owner: seed.owner,
        by_role: seed.by_role,
        created_at,
        updated_at: seed.updated_at.unwrap_or(created_at),
        ..fresh
    };
    if !store::members::add(tx, &membership)? {
        return Err(unchecked());
    }
    store::members::add_to_groups(tx, &membership, &seed.group_ids)?;
    store::members::record(tx, actor, Action::Created, &membership, &seed.group_ids)
}

fn group_of(tx: &Tx, project_id: ProjectId, seed: &SeedGroup) -> Group {
    Group {
        id: seed.id.unwrap_or_else(|| tx.new_id()),
        project_id,
        name: seed.name.clone(),
        description: seed.description.clone(),
        permissions: seed.permissions.clone(),
        file_permissions: seed.file_permissions.clone(),
        role_id: seed.role_id,
        created_at: seed.created_at.unwrap_or(tx.now()),
    }
}

/// Replaces the entries that seeding wrote with those of the seed.
fn load_audit_logs(tx: &Tx, organisation_id: OrganisationId, seed: &[SeedAuditLog]) -> Result<(), Problem> {
    let entry = |entry: &SeedAuditLog| StoredEntry {
        id: entry.id.unwrap_or_else(|| tx.new_id()),
        organisation_id,
        created_at: entry.created_at,
        kind: entry.kind,
        action: entry.action.clone(),
        user_id: entry.user_id,
        project_id: entry.project_id,
        ref_id: entry.ref_id,
        ip_address: entry.ip_address.clone(),
        user_agent: entry.user_agent.clone(),
        data: entry.data.clone().into(),
    };
    let entries: Vec<StoredEntry> = seed.iter().map(entry).collect();
    store::audit_logs::replace_all(tx, organisation_id, &entries)
}

/// An error that checking the seed would have found.
fn unchecked() -> Problem {
    Problem::Internal("a seed was loaded without being checked".to_owned())
}
