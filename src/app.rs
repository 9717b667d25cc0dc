//! The state that every operation uses, created once at start.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::access::{Caller, Principal};
use crate::config::{InvitationSettings, SignInSettings};
use crate::db::{Db, Turns, Tx};
use crate::http::Posted;
use crate::idempotency;
use crate::problem::{Problem, Unavailable};
use crate::views::answers::Repeatable;

/// The application: its data and its settings, without any knowledge of sockets.
pub struct App {
    /// The database, with the clock.
    pub db: Db,
    /// The settings of invitations: lifetimes and rate limits.
    pub invitations: InvitationSettings,
    /// Turns on sending an export, each of which holds a part of its file in memory.
    pub exports: Turns,
    /// The settings of signing in: how long sessions last, and how many codes are sent.
    pub sign_in: SignInSettings,
    /// The last readiness result. Concurrent checks wait for the one that is running.
    pub readiness: Mutex<Option<Readiness>>,
}

/// A readiness result.
#[derive(Clone, Copy)]
pub struct Readiness {
    /// When it was checked.
    pub at: Instant,
    /// The reason for not being ready.
    pub trouble: Option<Unavailable>,
}

/// The most exports that are sent at once, and the most of one organisation. Each may hold two parts of its file, of which
/// one has up to half a megabyte.
const EXPORTS_MAX: usize = 32;
const EXPORTS_OF_EACH_MAX: usize = 8;

impl App {
    /// The application on an open database.
    #[must_use]
    pub fn new(db: Db, invitations: InvitationSettings, sign_in: SignInSettings) -> Self {
        let exports = Turns::new(EXPORTS_MAX, EXPORTS_OF_EACH_MAX);
        Self { db, invitations, exports, sign_in, readiness: Mutex::default() }
    }

    /// Reads for a caller, who is looked up in the same snapshot. Fails with 401 if the credentials are no longer
    /// valid.
    pub async fn read<T: Send + 'static>(
        &self,
        principal: Principal,
        work: impl Fn(&Tx, &Caller) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (party, deadline) = (principal.party(), principal.deadline());
        let (trail, asked) = (Arc::clone(principal.trail()), Instant::now());
        let reading = move |tx: &Tx| {
            principal.trail().database_begins(asked);
            let caller = principal.caller(tx)?;
            let answer = work(tx, &caller);
            tracing::debug!(
                operation = caller.operation.id(),
                statements = tx.statements(),
                "an operation read"
            );
            answer
        };
        let answer = self.db.read(party, deadline, reading).await;
        trail.database_has_answered(asked);
        answer
    }

    /// Writes for a caller, who is looked up in the same transaction. Fails with 401 if the credentials are no longer
    /// valid, and with 409 or 504 beyond the budget of a call. `work` may run more than once, each time from a clean state.
    pub async fn write<T: Send + 'static>(
        &self,
        principal: Principal,
        mut work: impl FnMut(&Tx, &Caller) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (party, deadline) = (principal.party(), principal.deadline());
        let (trail, asked) = (Arc::clone(principal.trail()), Instant::now());
        let writing = move |tx: &Tx| {
            principal.trail().database_begins(asked);
            tx.limit(deadline);
            work(tx, &principal.caller(tx)?)
        };
        let answer = self.db.write(party, deadline, writing).await;
        trail.database_has_answered(asked);
        answer
    }

    /// Writes for a POST operation, which is done once for each `Idempotency-Key`. `permit` looks up what the path names
    /// (404) and grants the permission (403); a repeat is answered behind it, without `work`. Both may run more than once,
    /// each time from a clean state.
    pub async fn write_once<P, T: Repeatable>(
        &self,
        principal: Principal,
        permit: impl Fn(&Tx, &Caller) -> Result<P, Problem> + Send + 'static,
        mut work: impl FnMut(&Tx, &Caller, P) -> Result<T, Problem> + Send + 'static,
    ) -> Result<Posted<T>, Problem> {
        let (party, deadline) = (principal.party(), principal.deadline());
        let (trail, asked) = (Arc::clone(principal.trail()), Instant::now());
        let writing = move |tx: &Tx| {
            principal.trail().database_begins(asked);
            tx.limit(deadline);
            let caller = principal.caller(tx)?;
            let permitted = permit(tx, &caller)?;
            match principal.idempotency() {
                None => work(tx, &caller, permitted).map(Posted::Now),
                Some(key) => idempotency::once(tx, &caller, key, || work(tx, &caller, permitted)),
            }
        };
        let answer = self.db.write(party, deadline, writing).await;
        trail.database_has_answered(asked);
        answer
    }
}
