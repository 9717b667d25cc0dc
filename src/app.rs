//! What every operation works with, put together once at start.

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::access::{Caller, Principal};
use crate::config::InvitationSettings;
use crate::db::{Db, Tx};
use crate::problem::{Problem, Unavailable};

/// The application: its data and its rules. It knows nothing of sockets.
pub struct App {
    /// The file of data; it carries the clock.
    pub db: Db,
    /// How long links live and how often they are sent.
    pub invitations: InvitationSettings,
    /// What was seen when it was last asked whether requests can be served. Who asks meanwhile waits for that look.
    pub readiness: Mutex<Option<Readiness>>,
}

/// Whether requests could be served at a moment.
#[derive(Clone, Copy)]
pub struct Readiness {
    /// When that was.
    pub at: Instant,
    /// What was in the way.
    pub trouble: Option<Unavailable>,
}

impl App {
    /// Reads for a caller, who is looked up in the same snapshot: 401 if the credentials do not hold any more.
    pub async fn read<T: Send + 'static>(
        &self,
        principal: Principal,
        work: impl Fn(&Tx, &Caller) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let deadline = principal.deadline();
        let reading = move |tx: &Tx| {
            let caller = principal.caller(tx)?;
            let answer = work(tx, &caller);
            tracing::debug!(
                operation = caller.operation.id(),
                statements = tx.statements(),
                "an operation read"
            );
            answer
        };
        self.db.read(deadline, reading).await
    }

    /// Writes for a caller, who is looked up in the same transaction: 401 if the credentials do not hold any more.
    /// `work` may run more than once, each time from a clean state.
    pub async fn write<T: Send + 'static>(
        &self,
        principal: Principal,
        mut work: impl FnMut(&Tx, &Caller) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.db.write(principal.deadline(), move |tx| work(tx, &principal.caller(tx)?)).await
    }
}
