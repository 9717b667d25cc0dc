//! Health: whether the server can do its work, which means whether the database answers.

use std::time::Duration;

use tokio::time::Instant;

use crate::app::App;
use crate::generated::api::HealthCheckResponse;
use crate::generated::models::Health;
use crate::problem::Problem;
use crate::users;

/// A load balancer has given up by then.
const TIME_MAX: Duration = Duration::from_secs(5);

/// healthCheck: asks the database something that needs its file.
pub async fn check(app: &App) -> Result<HealthCheckResponse, Problem> {
    app.db.read(Instant::now() + TIME_MAX, users::store::any).await?;
    Ok(HealthCheckResponse::Status200(Health::Healthy))
}
