//! The test controls: their token and their state.

use tokio::sync::watch;

use super::faults::Faults;
use crate::http::Authorization;
use crate::problem::{Challenge, CredentialFault, Problem, Unavailable};
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::seed;

/// The authentication scheme in `Authorization`.
const SCHEME: &str = Challenge::Test.word();

/// Whether credentials from seed files, which others may know, are accepted on this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeededSecrets {
    /// The server listens on loopback, or its operator allows them.
    Allowed,
    /// The server listens on more than loopback.
    Refused,
}

/// The test controls and their token.
pub struct Controls {
    token: SecretHash,
    /// The data that a reset restores.
    pub(super) baseline: seed::Checked,
    pub(super) seeded_secrets: SeededSecrets,
    pub(super) faults: Faults,
    stop: watch::Receiver<bool>,
}

impl Controls {
    /// Controls that accept this token. `stop` cancels pending requests at shutdown.
    #[must_use]
    pub fn new(
        token: &Secret,
        baseline: seed::Checked,
        seeded_secrets: SeededSecrets,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { token: token.hash(), baseline, seeded_secrets, faults: Faults::default(), stop }
    }

    /// 401 unless the request carries the token. Hashes are compared, so the timing reveals nothing about the token.
    pub(super) fn authenticate(&self, authorization: Authorization<'_>) -> Result<(), Problem> {
        let (fault, detail) = match authorization {
            Authorization::Present { scheme, credentials } if scheme.eq_ignore_ascii_case(SCHEME) => {
                let given = Secret::parse(SecretKind::TestControls, credentials);
                if given.is_some_and(|given| given.hash() == self.token) {
                    return Ok(());
                }
                (CredentialFault::Invalid, "The token is not valid on this server.")
            }
            Authorization::Absent => (CredentialFault::Missing, "The Authorization header is missing."),
            _ => (CredentialFault::Invalid, "The test controls do not accept credentials of the API."),
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

    /// Waits for `work`, or for shutdown.
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Problem> {
        let mut stop = self.stop.clone();
        tokio::select! {
            done = work => Ok(done),
            _ = stop.wait_for(|stop| *stop) => Err(Problem::Unavailable(Unavailable::ShuttingDown)),
        }
    }
}
