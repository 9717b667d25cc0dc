//! The data: reset, seed, export.

use super::controls::{Controls, SeededSecrets};
use crate::app::App;
use crate::db::{Party, Tx};
use crate::http::{Reply, Request};
use crate::problem::{Conflict, Place, Problem};
use crate::seed::{self, AuditLogs, Loaded};
use crate::store;

/// The size limit of a seed.
const SEED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Resets the server: the data to its initial state or to the seed in the body, the clock to the system time; removes
/// all mails and faults. Runs in one transaction, and rejects a seed without an organisation.
pub(super) async fn reset(app: &App, controls: &Controls, request: &mut Request) -> Result<Reply, Problem> {
    let seed = match request.json_text_if_any(SEED_BYTES_MAX).await? {
        Some(text) => parse(&text)?,
        None => controls.baseline.clone(),
    };
    if seed.is_empty() {
        let detail = "must contain an organisation: without one, no credentials would be valid";
        return Err(Problem::invalid(Place::pointer("/organisations", detail)));
    }
    let (lifetime, seeded_secrets) = (app.invitations.invitation_ttl, controls.seeded_secrets);
    let deadline = request.context().deadline;
    // Before the data, since the new rows get this time.
    let clock_before = app.db.clock().reset();
    let loaded = app.db.write(Party::Server, deadline, move |tx| {
        let loaded = seed.replace_all(tx, lifetime)?;
        refuse_seeded_secrets(tx, seeded_secrets)?;
        Ok(loaded)
    });
    match loaded.await {
        Ok(loaded) => {
            controls.faults.forget();
            loaded_reply(loaded)
        }
        Err(problem) => {
            app.db.clock().restore(clock_before);
            Err(problem)
        }
    }
}

/// Adds a seed to the existing data, all or nothing.
pub(super) async fn seed(app: &App, controls: &Controls, request: &mut Request) -> Result<Reply, Problem> {
    let seed = parse(&request.json_text(SEED_BYTES_MAX).await?)?;
    let (lifetime, seeded_secrets) = (app.invitations.invitation_ttl, controls.seeded_secrets);
    let loaded = app.db.write(Party::Server, request.context().deadline, move |tx| {
        let loaded = seed.add(tx, lifetime)?;
        refuse_seeded_secrets(tx, seeded_secrets)?;
        Ok(loaded)
    });
    loaded_reply(loaded.await?)
}

/// Exports all data as a seed; `auditLogs=false` omits the audit log.
pub(super) async fn export(app: &App, request: &Request) -> Result<Reply, Problem> {
    let is_asked = request.query("auditLogs")?.unwrap_or(true);
    let audit_logs = if is_asked { AuditLogs::Included } else { AuditLogs::Omitted };
    let deadline = request.context().deadline;
    let seed = app.db.read(Party::Server, deadline, move |tx| seed::export(tx, audit_logs)).await?;
    Reply::json(200, &seed)
}

fn parse(text: &[u8]) -> Result<seed::Checked, Problem> {
    seed::parse(text).map_err(|complaints| Problem::Invalid(seed::places(&complaints)))
}

/// The same rule as at start-up: credentials from a seed file are not accepted on a server reachable from other
/// machines.
fn refuse_seeded_secrets(tx: &Tx, seeded_secrets: SeededSecrets) -> Result<(), Problem> {
    if seeded_secrets == SeededSecrets::Allowed || !store::tokens::any_seeded(tx)? {
        return Ok(());
    }
    let detail = "contains secrets that others may know, and this server listens on more than loopback; \
                  start it with --allow-seeded-secrets";
    Err(Problem::Conflict(Conflict::SeededSecrets, vec![Place::pointer("", detail)]))
}

fn loaded_reply(loaded: Loaded) -> Result<Reply, Problem> {
    Reply::json(200, &loaded)
}
