//! Audit log entries as API models.

use crate::generated::models::{AuditLog, ListedAuditLog, NamedReference};
use crate::store::audit_logs::StoredEntry;
use crate::store::projects::Project;
use crate::store::users::User;
use crate::views::users;

/// An entry in a list.
pub(crate) fn listed(entry: StoredEntry, user: Option<&User>, project: Option<&Project>) -> ListedAuditLog {
    ListedAuditLog {
        id: entry.id.into(),
        created_at: entry.created_at.rfc3339(),
        r#type: entry.kind,
        action: entry.action,
        ip_address: entry.ip_address,
        user_agent: entry.user_agent,
        ref_id: Some(entry.ref_id.to_string()),
        user: user.map(users::audit_log_user),
        project: project
            .map(|project| NamedReference { id: Some(project.id.into()), name: Some(project.name.clone()) }),
    }
}

/// An entry with the details of the change.
pub(crate) fn entry(stored: StoredEntry, user: Option<&User>, project: Option<&Project>) -> AuditLog {
    let (organisation_id, data) = (stored.organisation_id, stored.data.clone());
    let listed = listed(stored, user, project);
    AuditLog {
        id: listed.id,
        created_at: listed.created_at,
        r#type: listed.r#type,
        action: listed.action,
        ip_address: listed.ip_address,
        user_agent: listed.user_agent,
        ref_id: listed.ref_id,
        user: listed.user,
        project: listed.project,
        organisation_id: Some(organisation_id.into()),
        data: Some(data),
    }
}
