//! Exports a database as a seed: an empty database seeded with it gives the same API responses.
//!
//! Mails are left out, since a queued one contains the secret of its link, and so is data that no response shows.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::format::{
    Seed, SeedAuditLog, SeedGroup, SeedInvitation, SeedInvitationSecret, SeedMember, SeedOrganisation,
    SeedPersonalAccessToken, SeedProject, SeedRole, SeedSession, SeedUser,
};
use crate::address::EmailAddress;
use crate::db::Tx;
use crate::generated::models::{ProjectVersion, UserStatus};
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::StoredEntry;
use crate::store::groups::Group;
use crate::store::ids::{InvitationId, UserId};
use crate::store::invitations::{Invitation, StoredSecret};
use crate::store::members::Membership;
use crate::store::organisations::Organisation;
use crate::store::projects::Project;
use crate::store::roles::Role;
use crate::store::tokens::{Session, SessionSource, StoredToken};
use crate::store::users::User;

/// Whether an export has the audit logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditLogs {
    /// All entries, so that a seeded database answers the same.
    Included,
    /// None: the operator is then the author of everything.
    Omitted,
}

/// Exports all data; the audit log only on request.
pub fn export(tx: &Tx, audit_logs: AuditLogs) -> Result<Seed, Problem> {
    let all = store::organisations::all(tx)?;
    let organisations = all.into_iter().map(|one| organisation(tx, one, audit_logs));
    Ok(Seed { organisations: organisations.collect::<Result<_, _>>()? })
}

fn organisation(tx: &Tx, stored: Organisation, audit_logs: AuditLogs) -> Result<SeedOrganisation, Problem> {
    let users = store::users::all(tx, stored.id)?;
    let clashing = store::addresses::clashing(tx)?;
    let clashing: HashSet<UserId> = clashing.iter().map(|owner| owner.id).collect();
    let mut secrets = store::invitations::all_secrets(tx, stored.id)?;
    let roles = store::roles::all(tx, stored.id)?;
    let projects = store::projects::all_of_organisation(tx, stored.id)?;
    let entries = match audit_logs {
        AuditLogs::Included => Some(store::audit_logs::all(tx, stored.id)?),
        AuditLogs::Omitted => None,
    };
    Ok(SeedOrganisation {
        id: Some(stored.id),
        name: stored.name,
        display_name: Some(stored.display_name),
        preferences: stored.preferences,
        created_at: Some(stored.created_at),
        updated_at: Some(stored.updated_at),
        users: users
            .into_iter()
            .map(|one| {
                let is_shared = clashing.contains(&one.id);
                let exported = user(tx, one, &mut secrets)?;
                let email_as_stored = is_shared || EmailAddress::parse(&exported.email).is_err();
                Ok(SeedUser { email_as_stored, ..exported })
            })
            .collect::<Result<_, Problem>>()?,
        roles: roles.into_iter().map(|one| role(tx, one)).collect::<Result<_, _>>()?,
        projects: projects.into_iter().map(|one| project(tx, one)).collect::<Result<_, _>>()?,
        audit_logs: entries.map(|entries| entries.into_iter().map(audit_log).collect()),
    })
}

type SecretsOfInvitations = HashMap<InvitationId, Vec<StoredSecret>>;

fn user(tx: &Tx, stored: User, secrets: &mut SecretsOfInvitations) -> Result<SeedUser, Problem> {
    let tokens = store::tokens::all_personal(tx, stored.id)?.into_iter();
    let tokens = tokens.map(|token| personal_access_token(tx, token)).collect::<Result<_, _>>()?;
    let sessions = store::tokens::all_sessions(tx, stored.id)?;
    Ok(SeedUser {
        id: Some(stored.id),
        email: stored.email,
        email_as_stored: false,
        first_name: stored.first_name,
        last_name: stored.last_name,
        user_type: stored.user_type,
        status: Some(stored.status).filter(|status| *status != UserStatus::Active),
        is_service: stored.is_service,
        created_at: Some(stored.created_at),
        updated_at: Some(stored.updated_at),
        invitation: store::invitations::find_by_user(tx, stored.id)?
            .map(|stored| invitation(&stored, secrets.remove(&stored.id).unwrap_or_default())),
        personal_access_tokens: tokens,
        // A copy is no place to go on with a sign-in, which ends within hours.
        sessions: sessions
            .iter()
            .filter(|session| session.source == SessionSource::CommandLine)
            .map(session)
            .collect(),
    })
}

fn invitation(stored: &Invitation, secrets: Vec<StoredSecret>) -> SeedInvitation {
    let secret = |secret: StoredSecret| SeedInvitationSecret {
        sha256: secret.hash,
        state: secret.state,
        is_send: secret.is_send,
        sent_by: secret.sent_by,
        created_at: Some(secret.created_at),
    };
    SeedInvitation {
        id: Some(stored.id),
        status: stored.status,
        expires_at: stored.expires_at,
        accepted_at: stored.accepted_at,
        created_by: stored.created_by,
        created_at: Some(stored.created_at),
        secrets: secrets.into_iter().map(secret).collect(),
    }
}

fn personal_access_token(tx: &Tx, stored: StoredToken) -> Result<SeedPersonalAccessToken, Problem> {
    Ok(SeedPersonalAccessToken {
        id: Some(stored.id),
        secret: None,
        secret_sha256: Some(stored.secret_hash),
        seeded: Some(stored.is_seeded),
        note: stored.note,
        permissions: stored.permissions,
        all_projects: stored.all_projects,
        projects: store::tokens::projects_of(tx, stored.id)?,
        expires_at: stored.expires_at,
        created_at: Some(stored.created_at),
        updated_at: Some(stored.updated_at),
    })
}

fn session(stored: &Session) -> SeedSession {
    SeedSession {
        id: Some(stored.id),
        secret: None,
        secret_sha256: Some(stored.secret_hash),
        seeded: Some(stored.is_seeded),
        expires_at: stored.expires_at,
        created_at: Some(stored.created_at),
    }
}

fn role(tx: &Tx, stored: Role) -> Result<SeedRole, Problem> {
    Ok(SeedRole {
        id: Some(stored.id),
        name: stored.name,
        description: stored.description,
        all_projects: stored.all_projects,
        idp_groups: stored.idp_groups,
        project_permissions: stored.project_permissions,
        project_file_permissions: stored.project_file_permissions,
        users: store::roles::users_of(tx, stored.id)?,
        projects: store::roles::projects_of(tx, stored.id)?,
        created_at: Some(stored.created_at),
        updated_at: Some(stored.updated_at),
    })
}

fn project(tx: &Tx, stored: Project) -> Result<SeedProject, Problem> {
    let groups = store::groups::all_of_project(tx, stored.id)?;
    let members = store::members::all(tx, stored.id)?;
    let approving = store::projects::approval_groups(tx, &[stored.id])?;
    Ok(SeedProject {
        id: Some(stored.id),
        key: stored.key,
        name: stored.name,
        version: Some(stored.version).filter(|version| *version != ProjectVersion::V1),
        protected: stored.protected,
        decisions_approval_mode: stored.approval_mode,
        decisions_approval_groups: approving.into_iter().map(|(_, group_id)| group_id).collect(),
        deleted_at: stored.deleted_at,
        created_at: Some(stored.created_at),
        updated_at: Some(stored.updated_at),
        groups: groups.into_iter().map(group).collect(),
        members: members.into_iter().map(|one| member(tx, &one)).collect::<Result<_, _>>()?,
    })
}

fn group(stored: Group) -> SeedGroup {
    SeedGroup {
        id: Some(stored.id),
        name: stored.name,
        description: stored.description,
        permissions: stored.permissions,
        file_permissions: stored.file_permissions,
        role_id: stored.role_id,
        created_at: Some(stored.created_at),
    }
}

fn member(tx: &Tx, stored: &Membership) -> Result<SeedMember, Problem> {
    Ok(SeedMember {
        id: Some(stored.id),
        user_id: stored.user_id,
        owner: stored.owner,
        group_ids: store::members::group_ids_of(tx, stored)?,
        by_role: stored.by_role,
        created_at: Some(stored.created_at),
        updated_at: Some(stored.updated_at),
    })
}

fn audit_log(stored: StoredEntry) -> SeedAuditLog {
    let data = match stored.data {
        Value::Object(data) => data,
        // A CHECK constraint requires an object.
        _ => Map::new(),
    };
    SeedAuditLog {
        id: Some(stored.id),
        created_at: stored.created_at,
        kind: stored.kind,
        action: stored.action,
        user_id: stored.user_id,
        project_id: stored.project_id,
        ref_id: stored.ref_id,
        ip_address: stored.ip_address,
        user_agent: stored.user_agent,
        data,
    }
}
