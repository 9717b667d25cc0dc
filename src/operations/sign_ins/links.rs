//! Links of the operator, each of which signs one user in once.

use super::begin::{Beginning, NewSession, Presented, begin};
use super::confirm::may_sign_in;
use super::limits::LINK_LIFETIME;
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::{Party, Tx};
use crate::generated::models::UserType;
use crate::http::RequestContext;
use crate::problem::Problem;
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::store;
use crate::store::ids::UserId;
use crate::store::tokens::SessionSource;

/// Creates a link for a user, and returns its secret and when it ends.
pub fn create_link(tx: &Tx, user_id: UserId) -> Result<(Secret, Timestamp), Problem> {
    let secret = Secret::generate(SecretKind::SignInLink);
    let expires_at = add_link(tx, user_id, &secret.hash())?;
    Ok((secret, expires_at))
}

/// Adds a link whose secret was made before, and returns when it ends.
pub fn add_link(tx: &Tx, user_id: UserId, hash: &SecretHash) -> Result<Timestamp, Problem> {
    let expires_at = tx.now().plus(LINK_LIFETIME);
    store::sign_ins::add_link(tx, hash, user_id, expires_at)?;
    Ok(expires_at)
}

/// Signs in with the secret of a link, if a text is one. `None`: it is something else.
pub async fn follow(
    app: &App,
    context: &RequestContext,
    text: &str,
    presented: Presented,
) -> Result<Option<NewSession>, Problem> {
    let Some(secret) = Secret::parse(SecretKind::SignInLink, text.trim()) else { return Ok(None) };
    let (settings, context, hash) = (app.sign_in, context.clone(), secret.hash());
    let signed_in = app.db.write(Party::of_client(context.ip_address), context.deadline, move |tx| {
        let user_id = store::sign_ins::take_link(tx, &hash)?.ok_or(Problem::WrongSignInCode)?;
        let user = store::users::get(tx, user_id)?;
        if !may_sign_in(tx, &user)? || user.user_type == UserType::Invited {
            return Err(Problem::WrongSignInCode);
        }
        let beginning =
            Beginning { source: SessionSource::Link, settings: &settings, context: &context, presented };
        begin(tx, &beginning, user)
    });
    signed_in.await.map(Some)
}
