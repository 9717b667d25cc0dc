//! Asking for a code by mail.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::codes::SignInCode;
use super::confirm::may_sign_in;
use super::limits::{Asker, CODE_LIFETIME, LIVE_MAX, check, network_of};
use crate::address::EmailAddress;
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::{Db, Party, Tx};
use crate::http::{self, RequestContext};
use crate::mail;
use crate::problem::{Place, Problem};
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::store;
use crate::store::sign_ins::{AttemptState, SignInAttempt};

/// The request for a code.
#[derive(Clone, Deserialize)]
#[serde(remote = "Self")]
pub struct CodeRequest {
    /// The address.
    pub email: String,
}

http::object!(CodeRequest);

/// The address is checked where it is read, for forms too.
impl http::Limits for CodeRequest {}

/// The answer to a request for a code, the same whether anybody has the address or not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// The secret without which the code does nothing.
    #[serde(serialize_with = "revealed")]
    pub attempt: Secret,
    /// When the code expires.
    pub expires_at: Timestamp,
}

fn revealed<S: serde::Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.reveal())
}

/// Begins an attempt to sign in. The mail is made after the answer, so that the time it takes tells nothing.
pub async fn ask(
    app: &App,
    context: &RequestContext,
    email: &str,
    device: Option<SecretHash>,
) -> Result<Asked, Problem> {
    let address = EmailAddress::parse(email.trim())
        .map_err(|complaint| Problem::invalid(Place::pointer("/email", complaint)))?;
    let (secret, code) = (Secret::generate(SecretKind::SignInAttempt), SignInCode::generate());
    let (hash, code_mac) = (secret.hash(), code.mac(&secret));
    let (settings, network) = (app.sign_in, network_of(context.ip_address));
    let address_hash = SecretHash::of_text(&address.folded());
    let party = Party::of_client(context.ip_address);
    let begun = app.db.write(party, context.deadline, move |tx| {
        let known = match device {
            Some(device) => store::sign_ins::knows_device(tx, &device, &address_hash)?,
            None => false,
        };
        let asker =
            Asker { network: network.clone(), address: address_hash, device: device.filter(|_| known) };
        check(tx, &settings, &asker)?;
        let attempt = SignInAttempt {
            secret_hash: hash,
            code_mac,
            address_hash,
            network: asker.network,
            device_hash: asker.device,
            user_ids: Vec::new(),
            tries: 0,
            state: AttemptState::Open,
            created_at: tx.now(),
            expires_at: tx.now().plus(CODE_LIFETIME),
        };
        store::sign_ins::add(tx, &attempt)?;
        store::sign_ins::end_all_but(tx, &address_hash, LIVE_MAX)?;
        Ok(attempt.expires_at)
    });
    let expires_at = begun.await?;
    let (db, shown, deadline) = (app.db.clone(), code.shown(), context.deadline);
    tokio::spawn(async move { mail_code(&db, (party, deadline), hash, address, shown, expires_at).await });
    Ok(Asked { attempt: secret, expires_at })
}

/// The longest delay of a mail.
const DELAY_MAX: Duration = Duration::from_millis(400);

/// Looks who may sign in with the address, and queues the mail for them.
async fn mail_code(
    db: &Db,
    (party, deadline): (Party, tokio::time::Instant),
    attempt: SecretHash,
    address: EmailAddress,
    code: String,
    expires_at: Timestamp,
) {
    // What the asker does next does not meet this write.
    tokio::time::sleep(
        DELAY_MAX.mul_f64(f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)),
    )
    .await;
    let queue = move |tx: &Tx| {
        let mut users = store::addresses::find_users_anywhere(tx, address.as_typed())?;
        let mut allowed = Vec::new();
        for user in users.drain(..) {
            if may_sign_in(tx, &user)? {
                allowed.push(user);
            }
        }
        // Written for an unknown address, too, so that what comes next waits for as much.
        let ids = allowed.iter().map(|user| user.id).collect();
        store::sign_ins::set_users(tx, &attempt, &ids)?;
        if allowed.is_empty() {
            return Ok(());
        }
        mail::queue_sign_in(tx, &allowed, &code, expires_at)
    };
    if let Err(problem) = db.write(party, deadline, queue).await {
        tracing::error!(%problem, "the mail with a sign-in code could not be queued");
    }
}
