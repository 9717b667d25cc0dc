//! Health checks. Liveness checks that all parts of the process are running; healthCheck and readiness check
//! everything that a write and its mail need, without writing.

use std::time::Duration;

use tokio::time::Instant;

use crate::app::{App, Readiness};
use crate::db::Party;
use crate::generated::models::Health;
use crate::problem::{Problem, Unavailable};
use crate::store;

/// Load balancers give up after about this time.
const TIME_MAX: Duration = Duration::from_secs(5);
/// How long a readiness result is reused, so that frequent checks cost the writer nothing.
const READINESS_STANDS_FOR: Duration = Duration::from_secs(1);
/// How long a mail may be due without being claimed before readiness fails.
const MAIL_DUE_MAX: Duration = Duration::from_mins(10);

/// Liveness: whether the writer, mail delivery and the accept loop are running. If not, only a restart helps.
pub fn live(app: &App) -> Result<(), Problem> {
    app.db.lifeline().ending().map_or(Ok(()), |_| Err(Problem::Unavailable(Unavailable::PartEnded)))
}

/// healthCheck: readiness, with the value of the description.
pub async fn check(app: &App) -> Result<Health, Problem> {
    ready(app).await?;
    Ok(Health::Healthy)
}

/// Readiness: whether a request can succeed. Requires a writable database with the right schema and free space, a
/// running writer, and mail delivery that is not stalled.
pub async fn ready(app: &App) -> Result<(), Problem> {
    let mut last = app.readiness.lock().await;
    let seen = match *last {
        Some(seen) if seen.at.elapsed() < READINESS_STANDS_FOR => seen,
        _ => Readiness { trouble: look(app).await, at: Instant::now() },
    };
    *last = Some(seen);
    seen.trouble.map_or(Ok(()), |unavailable| Err(Problem::Unavailable(unavailable)))
}

/// The reason for not being ready. An internal error is one too, and its cause is logged.
async fn look(app: &App) -> Option<Unavailable> {
    let tried = tokio::time::timeout(TIME_MAX, try_everything(app)).await;
    let problem = tried.unwrap_or(Err(Problem::TimedOut)).err()?;
    tracing::warn!(%problem, "not ready");
    Some(match problem {
        Problem::Unavailable(unavailable) => unavailable,
        Problem::TimedOut => Unavailable::Database,
        _ => Unavailable::Broken,
    })
}

async fn try_everything(app: &App) -> Result<(), Problem> {
    live(app)?;
    let deadline = Instant::now() + TIME_MAX;
    app.db.check_writable(deadline).await?;
    let long_ago = app.db.clock().now().minus(MAIL_DUE_MAX);
    // A slow or unreachable relay does not affect readiness: its mails are claimed, or due later.
    if app.db.read(Party::Server, deadline, move |tx| store::mails::is_stuck(tx, long_ago)).await? {
        return Err(Problem::Unavailable(Unavailable::MailStuck));
    }
    Ok(())
}
