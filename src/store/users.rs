//! Users of an organisation: the record type, its audit log entries and its SQL.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

use crate::address::{EmailAddress, folded_or_lower_case, in_lower_case};
use crate::clock::Timestamp;
use crate::db::{Candidates, Filter, Ids, List, Scan, Search, Tx, params};
use crate::generated::models::{AuditLogType, UserStatus, UserType};
use crate::paging::{Listed, Page};
use crate::problem::Problem;
use crate::search::folded_text;
use crate::store::audit_changes::{Values, record_update as record_change};
use crate::store::audit_logs::{self, Action, Actor, Change};
use crate::store::columns::{ColumnValue, Record, insert, stored};
use crate::store::ids::{OrganisationId, ProjectId, RoleId, UserId};
use crate::store::roles::Role;
use crate::store::searches::{self, Searched, in_address_or_name};
use crate::store::totals::{UserKind, count_user};

stored! {
    /// A user as stored.
    #[derive(Clone, Debug)]
    pub struct User {
        /// The user's id.
        id: UserId,
        /// The organisation the user belongs to.
        organisation_id: OrganisationId,
        /// The address, as given.
        email: String,
        /// Given name.
        first_name: Option<String>,
        /// Family name.
        last_name: Option<String>,
        /// The user's type in the organisation.
        user_type: UserType = "type",
        /// Whether the account is active.
        status: UserStatus,
        /// Whether it is a service account.
        is_service: bool,
        /// When the user was created.
        created_at: Timestamp,
        /// When the user was last changed.
        updated_at: Timestamp,
    }
}

impl User {
    /// A new active user of an organisation.
    #[must_use]
    pub fn new(tx: &Tx, organisation_id: OrganisationId, email: &EmailAddress, user_type: UserType) -> Self {
        Self::with_any_address(tx, organisation_id, email.as_typed(), user_type)
    }

    /// The same, with an address that an earlier version has stored and that may not be valid.
    #[must_use]
    pub fn with_any_address(
        tx: &Tx,
        organisation_id: OrganisationId,
        email: &str,
        user_type: UserType,
    ) -> Self {
        Self {
            id: tx.new_id(),
            organisation_id,
            email: email.to_owned(),
            first_name: None,
            last_name: None,
            user_type,
            status: UserStatus::Active,
            is_service: false,
            created_at: tx.now(),
            updated_at: tx.now(),
        }
    }

    /// First and last name, if there is any.
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        let parts: Vec<&str> =
            [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// The values of a user in the audit log.
fn values(user: &User) -> Value {
    json!({
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "type": user.user_type,
        "status": user.status,
        "isService": user.is_service,
    })
}

/// Records the current values of a user in the audit log.
pub fn record(tx: &Tx, actor: &Actor, action: Action, user: &User) -> Result<(), Problem> {
    audit_logs::record(tx, actor, Change::new(AuditLogType::User, action, user.id, values(user)))
}

/// The roles of a user before and after an update.
pub type RolesChange<'r> = [&'r [Role]; 2];

/// Records an update with what it changed. Returns false, and records nothing, if it changed nothing.
pub fn record_update(
    tx: &Tx,
    actor: &Actor,
    action: Action,
    [before, after]: [&User; 2],
    roles: Option<RolesChange<'_>>,
) -> Result<bool, Problem> {
    let mut values = Values { before: values(before), after: values(after) };
    if let Some([had, has]) = roles {
        // As a set: the order of the request has no meaning.
        let ids = |roles: &[Role]| -> BTreeSet<RoleId> { roles.iter().map(|role| role.id).collect() };
        values.before["roles"] = json!(ids(had));
        values.after["roles"] = json!(ids(has));
    }
    let change = Change::new(AuditLogType::User, action, after.id, values.after.clone());
    record_change(tx, actor, change, &values)
}

/// One user of the organisation.
pub fn find(tx: &Tx, organisation_id: OrganisationId, user_id: UserId) -> Result<Option<User>, Problem> {
    tx.optional(
        "SELECT * FROM users WHERE id = ?1 AND organisation_id = ?2",
        params![user_id, organisation_id],
        User::read,
    )
}

/// One user, which must exist.
pub fn get(tx: &Tx, user_id: UserId) -> Result<User, Problem> {
    tx.row("SELECT * FROM users WHERE id = ?1", [user_id], User::read)
}

/// The users with these ids, by id.
pub(crate) fn by_id(
    tx: &Tx,
    ids: impl IntoIterator<Item = UserId>,
) -> Result<HashMap<UserId, User>, Problem> {
    let ids: HashSet<UserId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<UserId> = ids.into_iter().collect();
    let sql = "SELECT * FROM users WHERE id IN (SELECT id FROM ids(?1) AS listed)";
    let users = tx.rows(sql, [Ids::of(&ids)], User::read)?;
    Ok(users.into_iter().map(|user| (user.id, user)).collect())
}

/// The number of ids from which on one statement finds all.
const IDS_TOGETHER_MIN: usize = 8;

/// The users of the organisation with these ids, oldest first. Few ids are looked up one by one: most calls have one or
/// two, for which a set query costs more.
pub fn find_all(tx: &Tx, organisation_id: OrganisationId, user_ids: &[UserId]) -> Result<Vec<User>, Problem> {
    let mut users = if user_ids.len() < IDS_TOGETHER_MIN {
        let found = user_ids.iter().filter_map(|id| find(tx, organisation_id, *id).transpose());
        found.collect::<Result<Vec<_>, _>>()?
    } else {
        tx.rows(
            "SELECT users.*
             FROM ids(?2) AS wanted CROSS JOIN users
             WHERE users.id = wanted.id AND users.organisation_id = ?1",
            params![organisation_id, Ids::of(user_ids)],
            User::read,
        )?
    };
    users.sort_by_key(|user| (user.created_at, user.id));
    users.dedup_by_key(|user| user.id);
    Ok(users)
}

/// Every user of the organisation, oldest first, for an export.
pub fn all(tx: &Tx, organisation_id: OrganisationId) -> Result<Vec<User>, Problem> {
    tx.rows(
        "SELECT * FROM users WHERE organisation_id = ?1 ORDER BY created_at, id",
        [organisation_id],
        User::read,
    )
}

/// A user of any organisation, by id. For the operator only.
pub fn find_anywhere(tx: &Tx, user_id: UserId) -> Result<Option<User>, Problem> {
    tx.optional("SELECT * FROM users WHERE id = ?1", [user_id], User::read)
}

/// Whether there is any user at all.
pub fn any(tx: &Tx) -> Result<bool, Problem> {
    tx.exists("SELECT 1 FROM users", ())
}

/// The users of an organisation (`?1`), optionally service accounts or people (`?2`), optionally with a search text
/// (`?3`) in address or name, looked for in candidates (`?4`).
pub const OF_ORGANISATION: List = List {
    table: "users",
    condition: "organisation_id = ?1",
    filters: &[Filter { parameter: 2, condition: "is_service = ?2" }],
    search: Some(Search {
        filter: Filter { parameter: 3, condition: in_address_or_name!("?3") },
        candidates: Some(Candidates { parameter: 4, column: "id", condition: in_address_or_name!("?3") }),
    }),
    totals: Some("user_totals"),
    order: "created_at, id",
    scan: Scan::CoveringIndex,
};

/// One page of the users of the organisation.
pub(crate) fn list(
    tx: &Tx,
    organisation_id: OrganisationId,
    is_service: Option<bool>,
    search: Option<&str>,
    page: Page,
) -> Result<Listed<User>, Problem> {
    let Searched { text, candidates } = searches::of_users(tx, organisation_id, search)?;
    tx.page(&OF_ORGANISATION, params![organisation_id, is_service, text, candidates], page, User::read)
}

/// A search text (`?2`) in the address or the name of a user.
const SEARCHED: Filter = Filter { parameter: 2, condition: in_address_or_name!("?2") };

/// The users of an organisation (`?1`) who can be invited to a project: not disabled (`?3`).
pub const INVITABLE: List = List {
    table: "users",
    condition: "organisation_id = ?1 AND status <> ?3",
    filters: &[],
    search: Some(Search { filter: SEARCHED, candidates: None }),
    totals: Some("user_totals"),
    order: "created_at, id",
    scan: Scan::CoveringIndex,
};

/// The members of a project (`?1`) whose users meet that condition. A filter would read each user once more.
pub const INVITABLE_INSIDE: List = List {
    table: "members",
    condition: concat!(
        "project_id = ?1
         AND EXISTS (SELECT 1 FROM users WHERE users.id = members.user_id AND status <> ?3 AND (?2 IS NULL OR ",
        in_address_or_name!("?2"),
        "))"
    ),
    filters: &[],
    search: None,
    totals: None,
    order: "created_at, id",
    scan: Scan::Table,
};

/// The users of an organisation (`?1`) who can be invited and are not members of a project (`?4`), a search being
/// looked for in candidates (`?5`).
pub const INVITABLE_OUTSIDE: List = List {
    table: "users",
    condition: "organisation_id = ?1 AND status <> ?3
                AND NOT EXISTS (SELECT 1 FROM members WHERE project_id = ?4 AND user_id = users.id)",
    filters: &[],
    search: Some(Search {
        filter: SEARCHED,
        candidates: Some(Candidates { parameter: 5, column: "id", condition: SEARCHED.condition }),
    }),
    totals: None,
    order: "created_at, id",
    scan: Scan::CoveringIndex,
};

/// One page of the users who can be invited to a project: not members, and not disabled.
pub fn list_outside_project(
    tx: &Tx,
    organisation_id: OrganisationId,
    project_id: ProjectId,
    search: Option<&str>,
    page: Page,
) -> Result<Listed<User>, Problem> {
    let Searched { text, candidates } = searches::of_users(tx, organisation_id, search)?;
    let disabled = UserStatus::Disabled;
    let parameters = params![organisation_id, text, disabled, project_id, candidates];
    if candidates.is_some() {
        return tx.page(&INVITABLE_OUTSIDE, parameters, page, User::read);
    }
    // The total is a difference of two counts: checking each user for a membership would take far longer.
    let all = tx.count_of(&INVITABLE, params![organisation_id, text, disabled])?;
    let inside = tx.count_of(&INVITABLE_INSIDE, params![project_id, text, disabled])?;
    tx.page_of(&INVITABLE_OUTSIDE, parameters, page, all.saturating_sub(inside), User::read)
}

/// What searches by name look at.
fn search_name(user: &User) -> String {
    folded_text(&user.full_name().unwrap_or_default())
}

/// Adds a user. Whether another user has the address was looked up before; a unique index makes sure of it.
pub fn create(tx: &Tx, user: &User) -> Result<(), Problem> {
    create_with(tx, user, &folded_or_lower_case(&user.email), None)
}

/// Adds a user whose address is not valid any more, or is that of other users, too. See `store::addresses`.
pub(crate) fn create_as_stored(tx: &Tx, user: &User) -> Result<(), Problem> {
    let shared = EmailAddress::parse(&user.email).ok().map(|address| address.folded());
    create_with(tx, user, &in_lower_case(&user.email), shared.as_deref())
}

fn create_with(tx: &Tx, user: &User, folded: &str, clash: Option<&str>) -> Result<(), Problem> {
    let others: [ColumnValue; 4] = [
        ("email_folded", &folded),
        ("email_clash", &clash),
        ("search_address", &folded_text(&user.email)),
        ("search_name", &search_name(user)),
    ];
    insert(tx, "users", user, &others)?;
    count_user(tx, None, kind(user))
}

/// What the user is counted by.
fn kind(user: &User) -> UserKind {
    UserKind { organisation_id: user.organisation_id, is_service: user.is_service, status: user.status }
}

/// Writes the current values of a user except the address, for which there is `addresses::change`.
pub(crate) fn update(tx: &Tx, user: &User) -> Result<(), Problem> {
    let before = get(tx, user.id)?;
    tx.execute(
        "UPDATE users
         SET first_name = ?2, last_name = ?3, type = ?4, status = ?5, updated_at = ?6, search_name = ?7
         WHERE id = ?1",
        params![
            user.id,
            user.first_name,
            user.last_name,
            user.user_type,
            user.status,
            user.updated_at,
            search_name(user),
        ],
    )?;
    count_user(tx, Some(kind(&before)), UserKind { status: user.status, ..kind(&before) })
}

/// Turns an invited user into a member. Names that are not given stay unchanged.
pub fn activate(
    tx: &Tx,
    user_id: UserId,
    first_name: Option<&str>,
    last_name: Option<&str>,
) -> Result<User, Problem> {
    let before = get(tx, user_id)?;
    let user = User {
        first_name: first_name.map(str::to_owned).or(before.first_name),
        last_name: last_name.map(str::to_owned).or(before.last_name),
        user_type: UserType::Member,
        status: UserStatus::Active,
        updated_at: tx.now(),
        ..before
    };
    update(tx, &user)?;
    Ok(user)
}
