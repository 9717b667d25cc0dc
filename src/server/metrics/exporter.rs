//! Measures what is not counted all along, and writes everything as text.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::collector::{DatabaseFigures, Measured};
use crate::db::Party;
use crate::log;
use crate::problem::Problem;
use crate::server::site::Site;
use crate::store;

/// How long the database may take.
const TIME_MAX: Duration = Duration::from_secs(5);
/// How long its figures are reused, so that several readers of the metrics cost it as much as one.
const FIGURES_STAND_FOR: Duration = Duration::from_secs(1);

/// The metrics of a server.
pub struct MetricsExporter {
    site: Arc<Site>,
    last: Mutex<Option<(Instant, Option<Arc<DatabaseFigures>>)>>,
}

impl MetricsExporter {
    /// For this server.
    #[must_use]
    pub fn new(site: Arc<Site>) -> Self {
        Self { site, last: Mutex::default() }
    }

    /// All metrics, in the form that Prometheus reads.
    pub(super) async fn text(&self) -> Result<String, std::fmt::Error> {
        let (traffic, db) = (&self.site.traffic, &self.site.app.db);
        let measured = Measured {
            database: self.database().await,
            requests: traffic.requests(),
            connections: traffic.connections(),
            waiting_writes: db.waiting_writes(),
            commits: db.commits().read(),
            dropped_log_lines: log::dropped_lines(),
        };
        let mut registry = Registry::default();
        registry.register_collector(Box::new(measured));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry)?;
        Ok(text)
    }

    /// What the database says of itself, now or a moment ago.
    async fn database(&self) -> Option<Arc<DatabaseFigures>> {
        let mut last = self.last.lock().await;
        if let Some((at, figures)) = &*last
            && at.elapsed() < FIGURES_STAND_FOR
        {
            return figures.clone();
        }
        let figures = self.ask().await.map(Arc::new);
        let figures =
            figures.inspect_err(|problem| tracing::warn!(%problem, "no metrics of the database")).ok();
        *last = Some((Instant::now(), figures.clone()));
        figures
    }

    async fn ask(&self) -> Result<DatabaseFigures, Problem> {
        let (db, deadline) = (&self.site.app.db, Instant::now() + TIME_MAX);
        Ok(DatabaseFigures {
            sizes: db.overall_sizes(deadline).await?,
            mail: db.read(Party::Server, deadline, store::mail_queues::now).await?,
        })
    }
}
