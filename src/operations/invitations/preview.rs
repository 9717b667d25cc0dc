//! What an invitation is for, before it is accepted: for the person who has its code. Reads only.

use serde::{Deserialize, Serialize};

use super::pasted_code;
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::{Party, Tx};
use crate::http::{self, RequestContext};
use crate::problem::Problem;
use crate::secret::SecretHash;
use crate::store;
use crate::store::invitations::Invitation;
use crate::store::users::User;

/// The request to preview an invitation: the code from the mail.
#[derive(Clone, Deserialize)]
#[serde(remote = "Self")]
pub struct PreviewRequest {
    /// The code, or any text that contains it. A missing one is answered like an unknown one.
    #[serde(default)]
    pub secret: Option<String>,
}

http::object!(PreviewRequest);

/// No limits but that of the body.
impl http::Limits for PreviewRequest {}

/// What a person needs to know before accepting.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The organisation's display name.
    pub organisation: String,
    /// The name of the person who sent the mail, otherwise their address; `None` for the operator.
    pub inviter: Option<String>,
    /// The invited address, masked: the code alone does not tell it to a person who found it.
    pub email: String,
    /// When the invitation expires.
    pub expires_at: Timestamp,
}

/// The preview of the invitation that this code can accept now. Fails as accepting it would.
pub async fn preview(app: &App, context: &RequestContext, code: &str) -> Result<Preview, Problem> {
    let hash = pasted_code::find(code)?.hash();
    app.db.read(Party::of_client(context.ip_address), context.deadline, move |tx| of_code(tx, &hash)).await
}

fn of_code(tx: &Tx, hash: &SecretHash) -> Result<Preview, Problem> {
    let Some(invitation) = store::invitations::find_acceptable(tx, hash)? else {
        return Err(store::invitations::refusal(tx, hash)?);
    };
    let Invitation { organisation_id, user_id, expires_at, .. } = invitation;
    let sender = store::invitations::sender(tx, hash)?;
    let inviter = sender.map(|sender| store::users::get(tx, sender)).transpose()?;
    Ok(Preview {
        organisation: store::organisations::get(tx, organisation_id)?.display_name,
        inviter: inviter.map(|inviter| inviter.full_name().unwrap_or(inviter.email)),
        email: masked(&store::users::get(tx, user_id)?),
        expires_at,
    })
}

/// `nina@brms.example` as `n…@brms.example`: enough for a person with several addresses.
fn masked(user: &User) -> String {
    match user.email.rsplit_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}…@{domain}")
        }
        None => "…".to_owned(),
    }
}
