//! The ten operations on personal access tokens: the caller's own, and those of service accounts. They differ only in
//! the owner of the tokens.

use super::issue::{PERSONAL, create_personal};
use crate::access::permissions::deduplicated;
use crate::access::{self, Caller, Principal};
use crate::app::App;
use crate::clock::{DAY, Timestamp};
use crate::db::Tx;
use crate::generated::models::{self, CreateTokenRequest, PersonalAccessToken, TokenExpiry, UserStatus};
use crate::http::Posted;
use crate::limits::{self, LIVE_TOKENS, places};
use crate::problem::{Conflict, Problem};
use crate::secret::{Secret, SecretKind};
use crate::store;
use crate::store::audit_logs::{Action, Change};
use crate::store::ids::{PersonalAccessTokenId, ProjectId, UserId, typed};
use crate::store::tokens::{NewPersonalAccessToken, StoredToken};
use crate::store::users::User;
use crate::views;

/// The owner of the tokens that an operation concerns.
#[derive(Clone, Copy, Debug)]
pub enum TokenOwner {
    /// The caller.
    Own,
    /// A service account.
    ServiceAccount(UserId),
}

impl TokenOwner {
    /// The owner. Fails with 404 unless it is a service account of the organisation, and with 403 without permission.
    fn user(self, tx: &Tx, caller: &Caller) -> Result<User, Problem> {
        let user = match self {
            Self::Own => store::users::get(tx, caller.user_id)?,
            Self::ServiceAccount(user_id) => {
                let user = store::users::find(tx, caller.organisation_id, user_id)?;
                user.filter(|user| user.is_service).ok_or(Problem::NotFound("service account"))?
            }
        };
        caller.require()?;
        Ok(user)
    }
}

/// Every token of the user, including expired ones.
pub async fn list(
    app: &App,
    principal: Principal,
    owner: TokenOwner,
) -> Result<Vec<PersonalAccessToken>, Problem> {
    app.read(principal, move |tx, caller| {
        let user = owner.user(tx, caller)?;
        let tokens = store::tokens::all_personal(tx, user.id)?;
        shown(tx, tokens, &user)
    })
    .await
}

/// One token.
pub async fn get(
    app: &App,
    principal: Principal,
    owner: TokenOwner,
    token_id: PersonalAccessTokenId,
) -> Result<PersonalAccessToken, Problem> {
    app.read(principal, move |tx, caller| {
        let user = owner.user(tx, caller)?;
        shown_one(tx, find(tx, &user, token_id)?, &user)
    })
    .await
}

/// Creates a token. The response is the only place that has its secret.
pub async fn create(
    app: &App,
    principal: Principal,
    owner: TokenOwner,
    body: CreateTokenRequest,
) -> Result<Posted<models::CreatedPersonalAccessToken>, Problem> {
    limits::check(&[("note", &body.note), ("projects", &body.projects)])?;
    let permit = move |tx: &Tx, caller: &Caller| owner.user(tx, caller);
    app.write_once(principal, permit, move |tx, caller, user| {
        let projects = if body.all_projects { &[] } else { body.projects.as_deref().unwrap_or_default() };
        let projects: Vec<ProjectId> = typed(projects);
        check_projects(tx, caller, &projects)?;
        check_enabled(&user)?;
        LIVE_TOKENS.check(store::tokens::count_live(tx, user.id)? + 1)?;
        let token = NewPersonalAccessToken {
            note: body.note.clone(),
            permissions: deduplicated(body.permissions.clone().unwrap_or_default()),
            all_projects: body.all_projects,
            projects,
        };
        let secret = Secret::generate(SecretKind::PersonalAccessToken);
        let expires_at = ends(tx.now(), body.expiry);
        let id = create_personal(tx, &caller.actor(), user.id, &token, expires_at, &secret)?;
        Ok(views::tokens::new_token(shown_one(tx, find(tx, &user, id)?, &user)?, &secret))
    })
    .await
}

/// Sets a new secret and lifetime; the old secret is revoked at once.
pub async fn regenerate(
    app: &App,
    principal: Principal,
    owner: TokenOwner,
    token_id: PersonalAccessTokenId,
    expiry: TokenExpiry,
) -> Result<Posted<models::CreatedPersonalAccessToken>, Problem> {
    let permit = move |tx: &Tx, caller: &Caller| {
        let user = owner.user(tx, caller)?;
        let token = find(tx, &user, token_id)?;
        Ok((user, token))
    };
    app.write_once(principal, permit, move |tx, caller, (user, token)| {
        check_enabled(&user)?;
        if !store::tokens::is_live(tx, token.id)? {
            LIVE_TOKENS.check(store::tokens::count_live(tx, user.id)? + 1)?;
        }
        let secret = Secret::generate(SecretKind::PersonalAccessToken);
        let expires_at = ends(tx.now(), expiry);
        store::tokens::regenerate(tx, token.id, &secret, expires_at)?;
        let data = serde_json::json!({ "userId": user.id, "expiresAt": expires_at.map(Timestamp::rfc3339) });
        store::audit_logs::record(
            tx,
            &caller.actor(),
            Change::new(PERSONAL, Action::Regenerated, token.id, data),
        )?;
        Ok(views::tokens::new_token(shown_one(tx, find(tx, &user, token.id)?, &user)?, &secret))
    })
    .await
}

/// Deletes a token and returns it.
pub async fn delete(
    app: &App,
    principal: Principal,
    owner: TokenOwner,
    token_id: PersonalAccessTokenId,
) -> Result<PersonalAccessToken, Problem> {
    app.write(principal, move |tx, caller| {
        let user = owner.user(tx, caller)?;
        let gone = shown_one(tx, find(tx, &user, token_id)?, &user)?;
        store::tokens::delete_personal(tx, token_id)?;
        let data = serde_json::json!({ "userId": user.id, "note": gone.note });
        store::audit_logs::record(
            tx,
            &caller.actor(),
            Change::new(PERSONAL, Action::Deleted, token_id, data),
        )?;
        Ok(gone)
    })
    .await
}

/// Tokens of a user as API models.
fn shown(tx: &Tx, tokens: Vec<StoredToken>, user: &User) -> Result<Vec<PersonalAccessToken>, Problem> {
    let ids: Vec<PersonalAccessTokenId> = tokens.iter().map(|token| token.id).collect();
    let project_ids = store::tokens::projects_of_all(tx, &ids)?;
    let projects = store::projects::by_id(tx, user.organisation_id, project_ids.values().flatten().copied())?;
    let show = |token: StoredToken| {
        let chosen = project_ids.get(&token.id).into_iter().flatten();
        let chosen: Vec<_> = chosen.filter_map(|id| projects.get(id)).collect();
        views::tokens::token(token, user, &chosen)
    };
    Ok(tokens.into_iter().map(show).collect())
}

fn shown_one(tx: &Tx, token: StoredToken, user: &User) -> Result<PersonalAccessToken, Problem> {
    let shown = shown(tx, vec![token], user)?.pop();
    shown.ok_or_else(|| Problem::Internal("a token without a view".to_owned()))
}

fn find(tx: &Tx, user: &User, token_id: PersonalAccessTokenId) -> Result<StoredToken, Problem> {
    store::tokens::find_personal(tx, user.id, token_id)?.ok_or(Problem::NotFound("personal access token"))
}

/// Disabling a user deletes their tokens, so a disabled account gets no new ones.
fn check_enabled(user: &User) -> Result<(), Problem> {
    match user.status {
        UserStatus::Disabled => Err(Problem::conflict(Conflict::UserDisabled)),
        UserStatus::Active | UserStatus::Locked => Ok(()),
    }
}

/// A token can only have projects that its creator sees.
fn check_projects(tx: &Tx, caller: &Caller, project_ids: &[ProjectId]) -> Result<(), Problem> {
    let mut seen = Vec::new();
    for project in store::projects::find_all_live(tx, caller.organisation_id, project_ids)? {
        if access::permissions::in_project(tx, caller, project.id)?.is_some() {
            seen.push(project.id);
        }
    }
    let missing =
        places("/projects", project_ids, "does not match a visible project", |id| !seen.contains(id));
    Problem::for_any(missing, Problem::MissingReferences)
}

/// The lifetime for a value of the description: a month is 30 days, a year 365.
fn ends(now: Timestamp, expiry: TokenExpiry) -> Option<Timestamp> {
    let days = match expiry {
        TokenExpiry::Week => 7,
        TokenExpiry::Month => 30,
        TokenExpiry::ThreeMonths => 90,
        TokenExpiry::Year => 365,
        TokenExpiry::Indefinite => return None,
    };
    Some(now.plus(DAY * days))
}
