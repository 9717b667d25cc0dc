//! What tests may do with a server: the token that it takes, and what the controls work with.

use tokio::sync::watch;

use super::faults::Faults;
use crate::http::Authorization;
use crate::problem::{Challenge, CredentialFault, Problem, Unavailable};
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::seed;

/// The word before the token in `Authorization`.
const SCHEME: &str = Challenge::Test.word();

/// What tests may do with a server, and what it takes.
pub struct Controls {
    token: SecretHash,
    /// What a reset brings back.
    pub(super) baseline: seed::Checked,
    /// Whether secrets that stand in a seed may open this server.
    pub(super) allows_seeded_secrets: bool,
    pub(super) faults: Faults,
    stop: watch::Receiver<bool>,
}

impl Controls {
    /// Controls that this token opens. `stop` ends what waits here when the server goes down.
    #[must_use]
    pub fn new(
        token: &Secret,
        baseline: seed::Checked,
        allows_seeded_secrets: bool,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { token: token.hash(), baseline, allows_seeded_secrets, faults: Faults::default(), stop }
    }

    /// 401 unless the request carries the token. Hashes are compared, so how long that takes says nothing
    /// about the token.
    pub(super) fn authenticate(&self, authorization: Authorization<'_>) -> Result<(), Problem> {
        let (fault, detail) = match authorization {
            Authorization::Present { scheme, credentials } if scheme.eq_ignore_ascii_case(SCHEME) => {
                let given = Secret::parse(SecretKind::TestControls, credentials);
                if given.is_some_and(|given| given.hash() == self.token) {
                    return Ok(());
                }
                (CredentialFault::Invalid, "The token is not that of this server.")
            }
            Authorization::Absent => (CredentialFault::Missing, "The Authorization header is missing."),
            _ => (CredentialFault::Invalid, "The test controls take no credentials of the API."),
        };
        Err(Problem::Unauthenticated {
            detail: format!(
                "{detail} Send `Authorization: {SCHEME} TOKEN`, with the token of --test-api-token or, without \
                 that, of the ready file."
            ),
            challenges: vec![Challenge::Test],
            fault,
        })
    }

    /// Waits for `work`, or for the end of the server.
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Problem> {
        let mut stop = self.stop.clone();
        tokio::select! {
            done = work => Ok(done),
            _ = stop.wait_for(|stop| *stop) => Err(Problem::Unavailable(Unavailable::ShuttingDown)),
        }
    }
}
