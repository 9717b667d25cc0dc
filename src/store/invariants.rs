//! What must hold between rows beyond what each engine enforces by itself, for `brms check`. A constraint is here, too,
//! if another program can have changed rows past it.

use uuid::Uuid;

use crate::address::folded_or_lower_case;
use crate::db::{Row, RowResult, Tx};
use crate::problem::Problem;
use crate::search::folded_text;
use crate::store::columns::Record;
use crate::store::users::User;

/// A condition that every row meets.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// Its name, for programs.
    pub name: &'static str,
    /// What is wrong with a row that does not meet it; the id of the row follows.
    pub wrong: &'static str,
    /// Selects the ids of the rows that do not meet it.
    statement: &'static str,
}

impl Invariant {
    /// The rows that do not meet it.
    pub fn broken_by(&self, tx: &Tx) -> Result<Vec<Uuid>, Problem> {
        tx.rows(self.statement, (), |row| row.get("id"))
    }
}

/// All of them.
pub const INVARIANTS: [Invariant; 16] = [
    Invariant {
        name: "organisation-owner",
        wrong: "not exactly one active owner in organisation",
        statement: "SELECT id
                    FROM organisations
                    WHERE 1 <> (SELECT count(*)
                                FROM users
                                WHERE organisation_id = organisations.id AND type = 'owner' AND status = 'active'
                                  AND is_service = 0)
                    ORDER BY id",
    },
    // A seed file may have projects without an owner; one that a user has created keeps an owner.
    Invariant {
        name: "project-owner",
        wrong: "no owner is left in project",
        statement: "SELECT id
                    FROM projects
                    WHERE NOT EXISTS (SELECT 1 FROM members WHERE project_id = projects.id AND owner = 1)
                      AND id IN (SELECT ref_id
                                 FROM audit_logs
                                 WHERE type = 'project' AND action = 'created' AND user_id IS NOT NULL)
                    ORDER BY id",
    },
    Invariant {
        name: "one-live-link",
        wrong: "more than one link works of invitation",
        statement: "SELECT invitation_id AS id
                    FROM invitation_secrets
                    WHERE state = 'live'
                    GROUP BY invitation_id
                    HAVING count(*) > 1
                    ORDER BY invitation_id",
    },
    Invariant {
        name: "invitation-status",
        wrong: "the status does not agree with the time of acceptance or with the user's type of invitation",
        statement: "SELECT invitations.id
                    FROM invitations
                    JOIN users ON users.id = invitations.user_id
                    WHERE (invitations.status = 'accepted') <> (accepted_at IS NOT NULL)
                       OR (invitations.status = 'accepted') = (users.type = 'invited')
                    ORDER BY invitations.id",
    },
    Invariant {
        name: "mail-secret",
        wrong: "a mail that is not queued has a secret, or a queued one has none: mail",
        statement: "SELECT id FROM mails WHERE (state = 'queued') <> (secret IS NOT NULL) ORDER BY id",
    },
    Invariant {
        name: "mail-delivery",
        wrong: "the state does not agree with the time of delivery of mail",
        statement: "SELECT id FROM mails WHERE (state = 'delivered') <> (delivered_at IS NOT NULL) ORDER BY id",
    },
    Invariant {
        name: "mail-claim",
        wrong: "no server is known that is sending the claimed mail",
        statement: "SELECT id
                    FROM mails
                    WHERE claimed_at IS NOT NULL AND (claimed_by IS NULL OR claim_ends_at IS NULL)
                    ORDER BY id",
    },
    Invariant {
        name: "invitation-organisation",
        wrong: "the user is of another organisation: invitation",
        statement: "SELECT invitations.id
                    FROM invitations
                    JOIN users ON users.id = invitations.user_id
                    WHERE users.organisation_id <> invitations.organisation_id
                    ORDER BY invitations.id",
    },
    Invariant {
        name: "mail-organisation",
        wrong: "the invitation is of another organisation: mail",
        statement: "SELECT mails.id
                    FROM mails
                    JOIN invitations ON invitations.id = mails.invitation_id
                    WHERE invitations.organisation_id <> mails.organisation_id
                    ORDER BY mails.id",
    },
    Invariant {
        name: "member-organisation",
        wrong: "the user is of another organisation than the project: member",
        statement: "SELECT members.id
                    FROM members
                    JOIN users ON users.id = members.user_id
                    JOIN projects ON projects.id = members.project_id
                    WHERE users.organisation_id <> projects.organisation_id
                    ORDER BY members.id",
    },
    Invariant {
        name: "role-user-organisation",
        wrong: "a user of another organisation has role",
        statement: "SELECT DISTINCT roles.id
                    FROM role_users
                    JOIN roles ON roles.id = role_users.role_id
                    JOIN users ON users.id = role_users.user_id
                    WHERE users.organisation_id <> roles.organisation_id
                    ORDER BY roles.id",
    },
    Invariant {
        name: "role-project-organisation",
        wrong: "a project of another organisation is reached by role",
        statement: "SELECT DISTINCT roles.id
                    FROM role_projects
                    JOIN roles ON roles.id = role_projects.role_id
                    JOIN projects ON projects.id = role_projects.project_id
                    WHERE projects.organisation_id <> roles.organisation_id
                    ORDER BY roles.id",
    },
    Invariant {
        name: "group-role-organisation",
        wrong: "the role is of another organisation than the project: group",
        statement: "SELECT groups.id
                    FROM groups
                    JOIN roles ON roles.id = groups.role_id
                    JOIN projects ON projects.id = groups.project_id
                    WHERE roles.organisation_id <> projects.organisation_id
                    ORDER BY groups.id",
    },
    Invariant {
        name: "token-project-organisation",
        wrong: "a project of another organisation is opened by token",
        statement: "SELECT DISTINCT token.id
                    FROM personal_access_token_projects AS opened
                    JOIN personal_access_tokens AS token ON token.id = opened.token_id
                    JOIN users ON users.id = token.user_id
                    JOIN projects ON projects.id = opened.project_id
                    WHERE projects.organisation_id <> users.organisation_id
                    ORDER BY token.id",
    },
    Invariant {
        name: "audit-log-organisation",
        wrong: "the user or the project is of another organisation: audit log entry",
        statement: "SELECT entry.id
                    FROM audit_logs AS entry
                    LEFT JOIN users ON users.id = entry.user_id
                    LEFT JOIN projects ON projects.id = entry.project_id
                    WHERE users.organisation_id <> entry.organisation_id
                       OR projects.organisation_id <> entry.organisation_id
                    ORDER BY entry.id",
    },
    Invariant {
        name: "segment-numbers",
        wrong: "a segment is missing in the audit log of organisation",
        statement: "SELECT organisation_id AS id
                    FROM audit_log_segments
                    GROUP BY organisation_id
                    HAVING max(number) - min(number) + 1 <> count(*)
                    ORDER BY organisation_id",
    },
];

/// The users whose address or name is stored in another form than the one that is looked for.
pub fn wrongly_folded_users(tx: &Tx) -> Result<Vec<Uuid>, Problem> {
    let wrong = |row: &Row| -> RowResult<Option<Uuid>> {
        let user = User::read(row)?;
        let clash: Option<String> = row.get("email_clash")?;
        let (folded, address, name): (String, String, String) =
            (row.get("email_folded")?, row.get("search_address")?, row.get("search_name")?);
        let is_right = (clash.is_some() || folded == folded_or_lower_case(&user.email))
            && address == folded_text(&user.email)
            && name == folded_text(&user.full_name().unwrap_or_default());
        Ok((!is_right).then(|| user.id.into()))
    };
    let found = tx.rows("SELECT * FROM users ORDER BY id", (), wrong)?;
    Ok(found.into_iter().flatten().collect())
}

/// The tables whose names are stored in the form that is looked for, too.
const NAMED: [(&str, &str); 3] = [
    ("project", "SELECT id, name, search_name FROM projects ORDER BY id"),
    ("group", "SELECT id, name, search_name FROM groups ORDER BY id"),
    ("role", "SELECT id, name, search_name FROM roles ORDER BY id"),
];

/// The projects, groups and roles whose name is stored in another form than the one that is looked for.
pub fn wrongly_folded_names(tx: &Tx) -> Result<Vec<(&'static str, Uuid)>, Problem> {
    let mut wrong = Vec::new();
    for (noun, statement) in NAMED {
        let found = tx.rows(statement, (), |row| {
            let (id, name, folded): (Uuid, String, String) =
                (row.get("id")?, row.get("name")?, row.get("search_name")?);
            Ok((folded != folded_text(&name)).then_some((noun, id)))
        })?;
        wrong.extend(found.into_iter().flatten());
    }
    Ok(wrong)
}
