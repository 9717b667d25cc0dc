//! What every operation works with, put together once at start.

use crate::access::{Caller, Principal};
use crate::db::{Db, Tx};
use crate::operations::health::Readiness;
use crate::operations::invitations::InvitationRules;
use crate::problem::Problem;

/// The application: its data and its rules. It knows nothing of sockets.
pub struct App {
    /// The file of data; it carries the clock.
    pub db: Db,
    /// How long links live and how often they are sent.
    pub invitation_rules: InvitationRules,
    /// The last answer to whether requests can be served.
    pub readiness: Readiness,
}

impl App {
    /// Reads for a caller, who is looked up in the same snapshot: 401 if the credentials do not hold any more.
    pub async fn read<T: Send + 'static>(
        &self,
        principal: Principal,
        work: impl Fn(&Tx, &Caller) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.db.read(principal.deadline(), move |tx| work(tx, &principal.caller(tx)?)).await
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
