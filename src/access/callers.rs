//! Identifies the caller: checks credentials before the request body is read, and again inside the acting transaction.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use super::hints;
use super::sessions::note_use;
use crate::db::{Db, Party, Tx};
use crate::generated::api::{Operation, SecurityScheme};
use crate::generated::models::UserType;
use crate::http::{Authorization, Idempotency, RequestContext, RequestTrail, WithIdempotency};
use crate::problem::{CredentialFault, Problem};
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::store;
use crate::store::audit_logs::Actor;
use crate::store::credentials::TokenLimits;
use crate::store::ids::{CredentialId, OrganisationId, UserId};

/// Well-formed credentials of a request, with the request's context. The caller is not known yet.
pub struct Principal {
    operation: Operation,
    kind: SecretKind,
    secret_hash: SecretHash,
    party: Party,
    context: RequestContext,
    idempotency: Option<Idempotency>,
}

/// An authenticated user, as of the current transaction.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The operation that is called.
    pub operation: Operation,
    /// What the caller came in with. It keeps its id when it is given a new secret.
    pub credential_id: CredentialId,
    /// The user.
    pub user_id: UserId,
    /// The caller's organisation; nothing of any other is visible.
    pub organisation_id: OrganisationId,
    /// The user's type in the organisation.
    pub user_type: UserType,
    /// The limits of a personal access token; `None` for a session.
    pub limits: Option<TokenLimits>,
    ip_address: Option<IpAddr>,
    user_agent: Option<String>,
}

/// One text for all invalid credentials, so that it does not reveal the reason.
const NOT_VALID: &str = "The credentials are not valid: unknown, expired or revoked, or their user is \
                         disabled or has not accepted the invitation yet.";

/// Checks the credentials of a request before anything else of it is read.
pub async fn authenticate(
    db: &Db,
    operation: Operation,
    authorization: Authorization<'_>,
    context: &RequestContext,
) -> Result<Principal, Problem> {
    let (scheme, credentials) = hints::plausible(operation, authorization).map_err(|detail| {
        let fault = match authorization {
            Authorization::Absent => CredentialFault::Missing,
            _ => CredentialFault::Invalid,
        };
        refusal(operation, fault, &detail)
    })?;
    let kind = kind(scheme);
    let invalid = || refusal(operation, CredentialFault::Invalid, NOT_VALID);
    let secret_hash = Secret::parse(kind, credentials).ok_or_else(invalid)?.hash();
    let is_touch_due = Arc::new(AtomicBool::new(false));
    let (touch_due, trail, asked) = (Arc::clone(&is_touch_due), Arc::clone(&context.trail), Instant::now());
    let find = move |tx: &Tx| {
        let found = store::credentials::find(tx, kind, &secret_hash)?;
        touch_due.store(found.as_ref().is_some_and(|found| found.is_touch_due), Ordering::Relaxed);
        Ok(found.map(|found| {
            trail.record_user(found.user_id.into());
            Party::Organisation(found.organisation_id.into())
        }))
    };
    let party = db.party_of(context.deadline, *secret_hash.as_bytes(), find).await;
    context.trail.database_has_answered(asked);
    let Some(party) = party? else {
        db.confirm(context.deadline).await?;
        return Err(invalid());
    };
    if is_touch_due.load(Ordering::Relaxed) {
        note_use(db, party, secret_hash, context);
    }
    Ok(Principal { operation, kind, secret_hash, party, context: context.clone(), idempotency: None })
}

impl Principal {
    /// The caller, as of this transaction. Fails with 401 if the credentials are no longer valid.
    pub fn caller(&self, tx: &Tx) -> Result<Caller, Problem> {
        let found = store::credentials::find(tx, self.kind, &self.secret_hash)?;
        let found = found.ok_or_else(|| refusal(self.operation, CredentialFault::Invalid, NOT_VALID))?;
        self.context.trail.record_user(found.user_id.into());
        Ok(Caller {
            operation: self.operation,
            credential_id: found.credential_id,
            user_id: found.user_id,
            organisation_id: found.organisation_id,
            user_type: found.user_type,
            limits: found.limits,
            ip_address: self.context.ip_address,
            user_agent: self.context.user_agent.clone(),
        })
    }

    /// The key of the request, if it has one and is a POST.
    #[must_use]
    pub fn idempotency(&self) -> Option<&Idempotency> {
        self.idempotency.as_ref()
    }

    /// On whose behalf the database is used.
    #[must_use]
    pub fn party(&self) -> Party {
        self.party
    }

    /// What is learned about the request.
    #[must_use]
    pub fn trail(&self) -> &Arc<RequestTrail> {
        &self.context.trail
    }

    /// When the request times out.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.context.deadline
    }
}

impl WithIdempotency for Principal {
    fn with_idempotency(self, idempotency: Option<Idempotency>) -> Self {
        Self { idempotency, ..self }
    }
}

impl Caller {
    /// The caller as the actor of an audit log entry.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            organisation_id: self.organisation_id,
            user_id: Some(self.user_id),
            ip_address: self.ip_address.map(|address| address.to_string()),
            user_agent: self.user_agent.clone(),
        }
    }
}

fn kind(scheme: SecurityScheme) -> SecretKind {
    match scheme {
        SecurityScheme::PersonalAccessToken => SecretKind::PersonalAccessToken,
        SecurityScheme::InternalAuth => SecretKind::Session,
    }
}

/// A 401 with one challenge for each scheme that the operation accepts.
fn refusal(operation: Operation, fault: CredentialFault, detail: &str) -> Problem {
    let challenges = operation.security().iter().copied().flatten().copied().map(hints::challenge);
    Problem::Unauthenticated { detail: detail.to_owned(), challenges: challenges.collect(), fault }
}
