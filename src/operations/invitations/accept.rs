//! Accepting an invitation with the secret of its link.
//!
//! The secret alone identifies the invitation: the request has no user or address, and an unknown, altered, truncated
//! or re-cased secret gives the same answer. The invitation stays valid if its inviter loses permissions meanwhile.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::pasted_code;
use crate::app::App;
use crate::db::{Party, Tx};
use crate::generated::models::{self, AuditLogType};
use crate::http::{self, RequestContext};
use crate::limits;
use crate::operations::sign_ins::{NewSession, Presented, begin_by_invitation};
use crate::problem::Problem;
use crate::secret::SecretHash;
use crate::store;
use crate::store::audit_logs::{Action, Actor, Change};
use crate::store::invitations::Invitation;
use crate::store::users::User;
use crate::views;

/// The request to accept: the code from the mail, and optional names.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub struct Acceptance {
    /// The code, or any text that contains it. A missing one is answered like an unknown one.
    #[serde(default)]
    pub secret: Option<String>,
    /// Given name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default)]
    pub last_name: Option<String>,
}

http::object!(Acceptance);

/// The limits are those of `Names`, which apply to the HTML form too.
impl http::Limits for Acceptance {}

/// The result of accepting.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// The invitation, accepted.
    #[serde(flatten)]
    pub invitation: models::Invitation,
    /// The organisation's display name, for the welcome page.
    #[serde(skip)]
    pub organisation: String,
}

/// Accepts an invitation once: of several concurrent calls with the same secret, exactly one succeeds.
pub async fn accept(app: &App, context: RequestContext, acceptance: Acceptance) -> Result<Accepted, Problem> {
    accepting(app, context, acceptance, |_, _, accepted, _| Ok(accepted)).await
}

/// The same in a browser, which is signed in with that.
pub async fn accept_and_sign_in(
    app: &App,
    context: &RequestContext,
    acceptance: Acceptance,
    presented: Presented,
) -> Result<(Accepted, NewSession), Problem> {
    let settings = app.sign_in;
    let sign_in = move |tx: &Tx, context: &RequestContext, accepted: Accepted, user: User| {
        Ok((accepted, begin_by_invitation(tx, &settings, context, presented, user)?))
    };
    accepting(app, context.clone(), acceptance, sign_in).await
}

/// Accepts, and does what follows in the same transaction.
async fn accepting<T: Send + 'static>(
    app: &App,
    context: RequestContext,
    acceptance: Acceptance,
    then: impl Fn(&Tx, &RequestContext, Accepted, User) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let names = Names::check(acceptance.first_name, acceptance.last_name)?;
    let hash = pasted_code::find(&acceptance.secret.unwrap_or_default())?.hash();
    let (party, deadline) = (Party::of_client(context.ip_address), context.deadline);
    let (trail, asked) = (Arc::clone(&context.trail), Instant::now());
    // Whoever has no code, and there may be many of them, does not come between the writes of others.
    let look = move |tx: &Tx| match store::invitations::find_acceptable(tx, &hash)? {
        Some(_) => Ok(None),
        None => store::invitations::refusal(tx, &hash).map(Some),
    };
    if let Some(refusal) = app.db.read(party, deadline, look).await? {
        app.db.confirm(deadline).await?;
        return Err(refusal);
    }
    let carrying_out = move |tx: &Tx| {
        context.trail.database_begins(asked);
        let (accepted, user) = carry_out(tx, &context, &hash, &names)?;
        then(tx, &context, accepted, user)
    };
    let accepted = app.db.write(party, deadline, carrying_out).await;
    trail.database_has_answered(asked);
    accepted
}

/// The names as stored: an empty name counts as absent.
#[derive(Clone)]
pub(in crate::operations) struct Names {
    first: Option<String>,
    last: Option<String>,
}

impl Names {
    pub(in crate::operations) fn check(first: Option<String>, last: Option<String>) -> Result<Self, Problem> {
        let tidy =
            |name: Option<String>| name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        let names = Self { first: tidy(first), last: tidy(last) };
        limits::check(&[("firstName", &names.first), ("lastName", &names.last)])?;
        Ok(names)
    }
}

fn carry_out(
    tx: &Tx,
    context: &RequestContext,
    hash: &SecretHash,
    names: &Names,
) -> Result<(Accepted, User), Problem> {
    let Some(invitation) = store::invitations::accept(tx, hash)? else {
        return Err(store::invitations::refusal(tx, hash)?);
    };
    store::invitations::mark_used(tx, hash)?;
    let user = activate(tx, context, &invitation, names)?;
    let organisation = store::organisations::get(tx, invitation.organisation_id)?;
    let accepted = Accepted {
        invitation: views::invitations::invitation(&invitation, &user),
        organisation: organisation.display_name,
    };
    Ok((accepted, user))
}

/// Accepts an open invitation for a person who has proved with a sign-in code that the address is theirs.
pub(in crate::operations) fn accept_for(
    tx: &Tx,
    context: &RequestContext,
    invitation: &Invitation,
    names: &Names,
) -> Result<User, Problem> {
    let accepted = store::invitations::accept_open(tx, invitation.id)?.ok_or(Problem::WrongSignInCode)?;
    activate(tx, context, &accepted, names)
}

fn activate(
    tx: &Tx,
    context: &RequestContext,
    invitation: &Invitation,
    names: &Names,
) -> Result<User, Problem> {
    store::mails::cancel_queued(tx, invitation.id)?;
    let user = store::users::activate(tx, invitation.user_id, names.first.as_deref(), names.last.as_deref())?;
    let actor = Actor {
        organisation_id: invitation.organisation_id,
        user_id: Some(user.id),
        ip_address: context.ip_address.map(|address| address.to_string()),
        user_agent: context.user_agent.clone(),
    };
    let data = serde_json::json!({
        "invitationId": invitation.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
    });
    let change = Change::new(AuditLogType::User, Action::Accepted, user.id, data);
    store::audit_logs::record(tx, &actor, change)?;
    Ok(user)
}
