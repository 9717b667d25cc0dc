//! The data: putting it back, adding to it, taking it out.

use super::controls::Controls;
use crate::app::App;
use crate::db::Tx;
use crate::http::{Reply, Request};
use crate::problem::{Conflict, Place, Problem};
use crate::seed::{self, Loaded};
use crate::store;

/// The most a seed may hold here.
const SEED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Puts everything back: the data to what the server began with, or to the seed in the body; the clock to
/// the system's; no mail, no faults. In one transaction, and never to a database without people.
pub(super) async fn reset(app: &App, controls: &Controls, request: &mut Request) -> Result<Reply, Problem> {
    let seed = match request.json_text_if_any(SEED_BYTES_MAX).await? {
        Some(text) => parse(&text)?,
        None => controls.baseline.clone(),
    };
    if seed.is_empty() {
        let detail = "must hold an organisation: nobody could come in any more";
        return Err(Problem::invalid(Place::pointer("/organisations", detail)));
    }
    let (lifetime, allowed) = (app.invitations.invitation_ttl, controls.allows_seeded_secrets);
    let deadline = request.context().deadline;
    // Before the data, since whatever is made now is made at this time.
    let clock_before = app.db.clock().reset();
    let loaded = app.db.write(deadline, move |tx| {
        let loaded = seed.replace_all(tx, lifetime)?;
        refuse_seeded_secrets(tx, allowed)?;
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

/// Adds a seed to what is there, all of it or nothing.
pub(super) async fn seed(app: &App, controls: &Controls, request: &mut Request) -> Result<Reply, Problem> {
    let seed = parse(&request.json_text(SEED_BYTES_MAX).await?)?;
    let (lifetime, allowed) = (app.invitations.invitation_ttl, controls.allows_seeded_secrets);
    let loaded = app.db.write(request.context().deadline, move |tx| {
        let loaded = seed.add(tx, lifetime)?;
        refuse_seeded_secrets(tx, allowed)?;
        Ok(loaded)
    });
    loaded_reply(loaded.await?)
}

/// Everything as a seed; `auditLogs=false` leaves the audit log out.
pub(super) async fn export(app: &App, request: &Request) -> Result<Reply, Problem> {
    let with_audit_logs = request.query("auditLogs")?.unwrap_or(true);
    let deadline = request.context().deadline;
    let seed = app.db.read(deadline, move |tx| seed::export(tx, with_audit_logs)).await?;
    Reply::json(200, &seed)
}

fn parse(text: &[u8]) -> Result<seed::Checked, Problem> {
    seed::parse(text).map_err(|complaints| Problem::Invalid(seed::places(&complaints)))
}

/// The same rule as at the start of a server: secrets that stand in a file open no door that others reach.
fn refuse_seeded_secrets(tx: &Tx, allowed: bool) -> Result<(), Problem> {
    if allowed || !store::tokens::any_seeded(tx)? {
        return Ok(());
    }
    let detail = "holds secrets that others may know, and this server listens beyond loopback; \
                  start it with --allow-seeded-secrets";
    Err(Problem::Conflict(Conflict::SeededSecrets, vec![Place::pointer("", detail)]))
}

fn loaded_reply(loaded: Loaded) -> Result<Reply, Problem> {
    Reply::json(200, &loaded)
}
