//! Health: whether the server can do its work. Liveness asks whether all parts of the process are there;
//! healthCheck and readiness ask for all that a write and its mail need, without writing.

use std::time::Duration;

use tokio::time::Instant;

use crate::app::{App, Readiness};
use crate::generated::models::Health;
use crate::problem::{Problem, Unavailable};
use crate::store;

/// A load balancer has given up by then.
const TIME_MAX: Duration = Duration::from_secs(5);
/// How long an answer about readiness stands, so that asking often costs the writer nothing.
const READINESS_STANDS_FOR: Duration = Duration::from_secs(1);
/// How long a mail may be due, with none in hand, before the operator has to look.
const MAIL_DUE_MAX: Duration = Duration::from_mins(10);

/// Whether the process can do its work at all: the writer, the delivery of mail and the accept loop are there.
/// If not, only a new start helps.
pub fn live(app: &App) -> Result<(), Problem> {
    app.db.lifeline().ending().map_or(Ok(()), |_| Err(Problem::Unavailable(Unavailable::PartEnded)))
}

/// healthCheck: the same as readiness, in the description's word.
pub async fn check(app: &App) -> Result<Health, Problem> {
    ready(app).await?;
    Ok(Health::Healthy)
}

/// Whether a request would find all it needs: a database that takes writes, of the right schema and with
/// room, a writer that runs, and a task that takes the mail.
pub async fn ready(app: &App) -> Result<(), Problem> {
    let mut last = app.readiness.lock().await;
    let seen = match *last {
        Some(seen) if seen.at.elapsed() < READINESS_STANDS_FOR => seen,
        _ => Readiness { trouble: look(app).await, at: Instant::now() },
    };
    *last = Some(seen);
    seen.trouble.map_or(Ok(()), |unavailable| Err(Problem::Unavailable(unavailable)))
}

/// What is in the way. A fault of ours keeps the server from serving too, and the log has its cause.
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
    // A relay that is slow or away is no reason to take no requests: its mails are in hand, or due later.
    if app.db.read(deadline, move |tx| store::mails::is_stuck(tx, long_ago)).await? {
        return Err(Problem::Unavailable(Unavailable::MailStuck));
    }
    Ok(())
}
