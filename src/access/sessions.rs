//! Who a page is shown to: the session that a browser came with. Like the callers of operations they are looked up inside
//! the transaction that acts.

use crate::db::{Db, Party, Tx};
use crate::http::RequestContext;
use crate::problem::Problem;
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::store;
use crate::store::audit_logs::Actor;
use crate::store::ids::{OrganisationId, SessionId, UserId};

/// The well-formed session secret of a browser. Whether it is valid is not known yet.
#[derive(Clone)]
pub struct SessionKey {
    hash: SecretHash,
    context: RequestContext,
}

/// Who has signed in, as of the current transaction.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session_id: SessionId,
    /// The user.
    pub user_id: UserId,
    /// The user's organisation; nothing of any other is visible.
    pub organisation_id: OrganisationId,
    ip_address: Option<String>,
    user_agent: Option<String>,
}

impl SessionKey {
    /// The key in the text of a cookie, if it has the form of one.
    #[must_use]
    pub fn parse(text: &str, context: &RequestContext) -> Option<Self> {
        let secret = Secret::parse(SecretKind::Session, text)?;
        Some(Self { hash: secret.hash(), context: context.clone() })
    }

    /// The context of the request.
    #[must_use]
    pub fn context(&self) -> &RequestContext {
        &self.context
    }

    /// On whose behalf the database is used: whose session it is shows only there.
    #[must_use]
    pub fn party(&self) -> Party {
        Party::of_client(self.context.ip_address)
    }

    /// Who has signed in, if the session is valid.
    pub fn signed_in(&self, tx: &Tx) -> Result<Option<SignedIn>, Problem> {
        let found = store::sessions::find(tx, &self.hash)?;
        Ok(found.map(|found| SignedIn {
            session_id: found.id,
            user_id: found.user_id,
            organisation_id: found.organisation_id,
            ip_address: self.context.ip_address.map(|address| address.to_string()),
            user_agent: self.context.user_agent.clone(),
        }))
    }

    /// Whether the session is valid. Notes that it was used.
    pub async fn is_valid(&self, db: &Db) -> Result<bool, Problem> {
        let hash = self.hash;
        let found = db.look(self.context.deadline, move |tx| store::sessions::find(tx, &hash)).await?;
        if found.is_some_and(|found| found.is_touch_due) {
            note_use(db, self.party(), hash, &self.context);
        }
        Ok(found.is_some())
    }
}

impl SignedIn {
    /// The person as the actor of an audit log entry.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            organisation_id: self.organisation_id,
            user_id: Some(self.user_id),
            ip_address: self.ip_address.clone(),
            user_agent: self.user_agent.clone(),
        }
    }
}

/// Writes that a session was used, in the background: a request that reads does not wait for the writer.
pub(super) fn note_use(db: &Db, party: Party, hash: SecretHash, context: &RequestContext) {
    let (db, deadline) = (db.clone(), context.deadline);
    tokio::spawn(async move {
        if let Err(problem) = db.write(party, deadline, move |tx| store::sessions::touch(tx, &hash)).await {
            tracing::debug!(%problem, "the use of a session was not noted");
        }
    });
}
