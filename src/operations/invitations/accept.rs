//! Accepting an invitation with the secret of its link.
//!
//! The secret alone decides who is let in: nothing in the request names a user or an address, and a
//! secret that is unknown, altered, cut or re-cased gets one and the same answer. The invitation stays
//! good if its inviter loses rights meanwhile.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::db::Tx;
use crate::generated::models::{self, AuditLogType};
use crate::http::{self, RequestContext};
use crate::limits;
use crate::problem::Problem;
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::store;
use crate::store::audit_logs::{Action, Actor, Change};
use crate::views;

/// What a person sends to accept: the code of the mail, and the names if they like.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub struct Acceptance {
    /// The code. One that is missing opens as little as a wrong one, and is answered the same.
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

/// Its limits are those of `Names`, which hold for the form too.
impl http::Limits for Acceptance {}

/// What became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// The invitation, accepted.
    #[serde(flatten)]
    pub invitation: models::Invitation,
    /// What the organisation is called, for the page that says welcome.
    #[serde(skip)]
    pub organisation: String,
}

/// Accepts, once: of any number of calls at the same time with the same secret exactly one gets through.
pub async fn accept(app: &App, context: RequestContext, acceptance: Acceptance) -> Result<Accepted, Problem> {
    let names = Names::check(acceptance.first_name, acceptance.last_name)?;
    let code = acceptance.secret.unwrap_or_default();
    // Blanks around it come with copying and are no part of any code.
    let secret = Secret::parse(SecretKind::Invitation, code.trim()).ok_or(Problem::UnknownCode)?;
    let hash = secret.hash();
    let deadline = context.deadline;
    app.db.write(deadline, move |tx| carry_out(tx, &context, &hash, &names)).await
}

/// The names as they will be stored: an empty one is none.
struct Names {
    first: Option<String>,
    last: Option<String>,
}

impl Names {
    fn check(first: Option<String>, last: Option<String>) -> Result<Self, Problem> {
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
) -> Result<Accepted, Problem> {
    let Some(invitation) = store::invitations::accept(tx, hash)? else {
        return Err(store::invitations::reason_invalid(tx, hash)?.map_or(Problem::UnknownCode, Problem::Gone));
    };
    store::invitations::mark_used(tx, hash)?;
    store::mails::cancel_queued(tx, invitation.id)?;
    let user = store::users::activate(tx, invitation.user_id, names.first.as_deref(), names.last.as_deref())?;
    let actor = Actor {
        organisation_id: invitation.organisation_id,
        user_id: Some(user.id),
        ip_address: Some(context.ip_address.to_string()),
        user_agent: context.user_agent.clone(),
    };
    let data = serde_json::json!({
        "invitationId": invitation.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
    });
    let change = Change::new(AuditLogType::User, Action::Accepted, user.id, data);
    store::audit_logs::record(tx, &actor, &change)?;
    let organisation = store::organisations::get(tx, invitation.organisation_id)?;
    Ok(Accepted {
        invitation: views::invitations::invitation(&invitation, &user),
        organisation: organisation.display_name,
    })
}
