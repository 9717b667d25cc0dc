//! The stand-in's own controls, for tests of clients: put the data back, move the clock, read the mail,
//! make answers fail. Off unless `--test-api` is given, and then for whoever holds the token, which is no
//! credential of the API and is understood nowhere else.
//!
//! They stand beside the API and not in it: the description does not know them, and without `--test-api`
//! their paths are answered as any path that nobody knows.

mod clock;
mod faults;
mod mailbox;
mod reset;

use tokio::sync::watch;

use crate::app::App;
use crate::http::{self, Authorization, Reply, Request, Route, route};
use crate::problem::{Busy, Problem};
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::seed;

use faults::Faults;

/// The word before the token in `Authorization`.
const SCHEME: &str = "Test";
/// The most a seed may hold here.
const SEED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What tests may do with a server, and what it takes.
pub struct Controls {
    token: SecretHash,
    /// What a reset brings back.
    baseline: seed::Checked,
    /// Whether secrets that stand in a seed may open this server.
    allows_seeded_secrets: bool,
    faults: Faults,
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
    fn authenticate(&self, authorization: Authorization<'_>) -> Result<(), Problem> {
        let (detail, error) = match authorization {
            Authorization::Present { scheme, credentials } if scheme.eq_ignore_ascii_case(SCHEME) => {
                let given = Secret::parse(SecretKind::TestControls, credentials);
                if given.is_some_and(|given| given.hash() == self.token) {
                    return Ok(());
                }
                ("The token is not that of this server.", ", error=\"invalid_token\"")
            }
            Authorization::Absent => ("The Authorization header is missing.", ""),
            _ => ("The test controls take no credentials of the API.", ", error=\"invalid_token\""),
        };
        Err(Problem::Unauthenticated {
            detail: format!(
                "{detail} Send `Authorization: {SCHEME} TOKEN`, with the token of --test-api-token or, without \
                 that, of the ready file."
            ),
            challenges: vec![format!("{SCHEME} realm=\"brms-test\"{error}")],
        })
    }

    /// Waits for `work`, or for the end of the server.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Problem> {
        let mut stop = self.stop.clone();
        tokio::select! {
            done = work => Ok(done),
            _ = stop.wait_for(|stop| *stop) => Err(Problem::Unavailable(Busy::ShuttingDown)),
        }
    }
}

/// What tests can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    Reset,
    Seed,
    Export,
    Clock,
    SetClock,
    AdvanceClock,
    FreezeClock,
    ResumeClock,
    Mailbox,
    NextMail,
    Fail,
    Faults,
    ClearFaults,
}

impl Control {
    /// The name in the log, beside the operations of the description.
    const fn id(self) -> &'static str {
        match self {
            Self::Reset => "test:reset",
            Self::Seed => "test:seed",
            Self::Export => "test:export",
            Self::Clock => "test:clock",
            Self::SetClock => "test:setClock",
            Self::AdvanceClock => "test:advanceClock",
            Self::FreezeClock => "test:freezeClock",
            Self::ResumeClock => "test:resumeClock",
            Self::Mailbox => "test:mailbox",
            Self::NextMail => "test:nextMail",
            Self::Fail => "test:fail",
            Self::Faults => "test:faults",
            Self::ClearFaults => "test:clearFaults",
        }
    }
}

const ROUTES: &[Route<Control>] = &[
    route("POST", "/_test/reset", Control::Reset),
    route("POST", "/_test/seed", Control::Seed),
    route("GET", "/_test/export", Control::Export),
    route("GET", "/_test/clock", Control::Clock),
    route("PUT", "/_test/clock", Control::SetClock),
    route("POST", "/_test/clock/advance", Control::AdvanceClock),
    route("POST", "/_test/clock/freeze", Control::FreezeClock),
    route("POST", "/_test/clock/resume", Control::ResumeClock),
    route("GET", "/_test/mailbox", Control::Mailbox),
    route("GET", "/_test/mailbox/next", Control::NextMail),
    route("POST", "/_test/fail", Control::Fail),
    route("GET", "/_test/fail", Control::Faults),
    route("DELETE", "/_test/fail", Control::ClearFaults),
];

/// Answers a request for a control, or for an operation, which may have been told to fail.
pub async fn answer(app: &App, controls: &Controls, mut request: Request) -> Reply {
    match http::find(ROUTES, request.method(), request.path()) {
        Ok(found) => {
            let result = call(app, controls, found.target, &mut request).await;
            request.finish(Some(found.target.id()), result).await
        }
        Err(Problem::UnknownPath) => faults::dispatch(app, controls, request).await,
        Err(problem) => request.finish(None, Err(problem)).await,
    }
}

async fn call(
    app: &App,
    controls: &Controls,
    control: Control,
    request: &mut Request,
) -> Result<Reply, Problem> {
    controls.authenticate(request.authorization())?;
    match control {
        Control::Reset => reset::reset(app, controls, request).await,
        Control::Seed => reset::seed(app, controls, request).await,
        Control::Export => reset::export(app, request).await,
        Control::Clock => clock::show(app),
        Control::SetClock => clock::set(app, &request.json().await?),
        Control::AdvanceClock => clock::advance(app, &request.json().await?),
        Control::FreezeClock => clock::freeze(app),
        Control::ResumeClock => clock::resume(app),
        Control::Mailbox => mailbox::list(app, request).await,
        Control::NextMail => mailbox::next(app, controls, request).await,
        Control::Fail => controls.faults.add(&request.json().await?),
        Control::Faults => controls.faults.list(),
        Control::ClearFaults => controls.faults.clear(),
    }
}
