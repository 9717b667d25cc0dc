//! Opens the database of a server: locks it, fills an empty one, and refuses what must not be served.

use std::net::SocketAddr;
use std::path::Path;

use super::audience::Audience;
use super::data_location::DataLocation;
use super::database_options;
use super::first_start::{self, FirstCredentials};
use super::shared_addresses;
use crate::clock::Clock;
use crate::config::{DatabaseUrl, ServeSettings};
use crate::db::postgres::{InstanceLock, Sharing, StartLock};
use crate::db::sqlite::{self, Options, ServeLock, beside};
use crate::db::{Db, Engine};
use crate::failure::Failure;
use crate::seed;
use crate::store;
use crate::testing::SeededSecrets;

/// Where the first credentials are written if the database is not a file: in the working folder.
const CREDENTIALS_FILE: &str = "brms.credentials";

/// A database with at least one organisation.
pub(super) struct Opened {
    pub db: Db,
    pub lock: DatabaseLock,
    pub filled: Filled,
    pub seeded_secrets: SeededSecrets,
}

/// Held while the database is served.
pub(super) enum DatabaseLock {
    /// By the only server of a file.
    File { _lock: ServeLock },
    /// By each instance.
    Postgres { _lock: Box<InstanceLock> },
}

/// Locks and opens the database, and fills an empty one. `exposed` is an address that others than this machine can reach.
pub(super) fn open(
    settings: &ServeSettings,
    clock: Clock,
    audience: Audience,
    location: &DataLocation,
    exposed: Option<SocketAddr>,
) -> Result<Opened, Failure> {
    let is_allowed = exposed.is_none() || settings.allow_seeded_secrets;
    let seeded_secrets = if is_allowed { SeededSecrets::Allowed } else { SeededSecrets::Refused };
    let (db, lock, filled) = match location {
        DataLocation::File { database, .. } => {
            open_file(settings, clock, audience, database, (exposed, seeded_secrets))?
        }
        DataLocation::Postgres(url) => {
            open_postgres(settings, clock, audience, url, (exposed, seeded_secrets))?
        }
    };
    Ok(Opened { db, lock, filled, seeded_secrets })
}

/// Opens a file. If this fails, a newly created one is removed again.
fn open_file(
    settings: &ServeSettings,
    clock: Clock,
    audience: Audience,
    database: &Path,
    secrets: (Option<SocketAddr>, SeededSecrets),
) -> Result<(Db, DatabaseLock, Filled), Failure> {
    let lock = ServeLock::take(database)?;
    let is_new = sqlite::is_new(database)?;
    let options = Options {
        size_max: settings.database_size_max,
        durable: !settings.ephemeral,
        ..Options::new(database)
    };
    let opened = || {
        let db = Engine::open_sqlite(&options, clock)?;
        let filled = prepare(&db, settings, &beside(database, "credentials"), audience, secrets)?;
        Ok((db, filled))
    };
    match opened() {
        Ok((db, filled)) => Ok((db, DatabaseLock::File { _lock: lock }, filled)),
        Err(cause) => {
            if is_new {
                sqlite::discard(database);
            }
            lock.give_up();
            Err(cause)
        }
    }
}

/// Opens a PostgreSQL database. Of several instances that start at once, one migrates and fills it.
fn open_postgres(
    settings: &ServeSettings,
    clock: Clock,
    audience: Audience,
    url: &DatabaseUrl,
    secrets: (Option<SocketAddr>, SeededSecrets),
) -> Result<(Db, DatabaseLock, Filled), Failure> {
    let options = database_options::of_postgres(url, &settings.data.postgres, settings.database_connections)?;
    let sharing = if settings.single_instance { Sharing::Alone } else { Sharing::Shared };
    let lock = InstanceLock::take(&options, sharing)?;
    let _start = StartLock::take(&options)?;
    let db = Engine::open_postgres(&options, clock)?;
    let filled = prepare(&db, settings, Path::new(CREDENTIALS_FILE), audience, secrets)?;
    Ok((db, DatabaseLock::Postgres { _lock: Box::new(lock) }, filled))
}

/// Fills an empty database, and checks what a server must not serve.
fn prepare(
    db: &Db,
    settings: &ServeSettings,
    credentials_file: &Path,
    audience: Audience,
    (exposed, seeded_secrets): (Option<SocketAddr>, SeededSecrets),
) -> Result<Filled, Failure> {
    let filled = fill(db, settings, credentials_file, audience)?;
    if let (Some(address), SeededSecrets::Refused) = (exposed, seeded_secrets) {
        refuse_known_secrets(db, address)?;
    }
    shared_addresses::warn(db)?;
    Ok(filled)
}

/// How an empty database was filled.
#[derive(Default)]
pub(super) struct Filled {
    /// Set at a first start if the credentials are to be printed.
    pub credentials: Option<FirstCredentials>,
    /// Set if the data came from this seed.
    pub seed: Option<seed::Checked>,
}

/// Fills an empty database: from the seed, or with one organisation and its owner.
fn fill(
    db: &Db,
    settings: &ServeSettings,
    credentials_file: &Path,
    audience: Audience,
) -> Result<Filled, Failure> {
    let has_people =
        db.peek(store::users::any).map_err(|cause| Failure::new("reading the database", cause))?;
    match &settings.seed {
        Some(path) if has_people => {
            tracing::info!(path = %path.display(), "the seed is skipped: the database is not empty");
            Ok(Filled::default())
        }
        Some(path) => {
            let seed = seed::read(path)?;
            seed::load_into_empty(db, &seed, settings.invitations.invitation_ttl)?;
            Ok(Filled { seed: Some(seed), ..Filled::default() })
        }
        None if has_people => Ok(Filled::default()),
        None => {
            let credentials = first_start::run(db, settings, credentials_file, audience)?;
            Ok(Filled { credentials, ..Filled::default() })
        }
    }
}

/// Rejects credentials that are known from a seed file unless the server listens on loopback only.
fn refuse_known_secrets(db: &Db, address: SocketAddr) -> Result<(), Failure> {
    let seeded =
        db.peek(store::tokens::any_seeded).map_err(|cause| Failure::new("reading the database", cause))?;
    if !seeded {
        return Ok(());
    }
    Err(Failure(format!(
        "will not listen on {address}: this database accepts credentials from a seed file, so anyone who has read that file \
         has access. Listen on 127.0.0.1, revoke them (`brms token list`, `brms token revoke ID`), or give \
         --allow-seeded-secrets"
    )))
}

/// Records the public URL for `brms invitation link`, unless it is recorded already: a start writes nothing then.
pub(super) fn record_public_url(db: &Db, public_url: &str) -> Result<(), Failure> {
    let failed = |cause| Failure::new("recording the public URL", cause);
    if db.peek(store::servers::public_url).map_err(failed)?.as_deref() == Some(public_url) {
        return Ok(());
    }
    let public_url = public_url.to_owned();
    db.write_blocking(move |tx| store::servers::set_public_url(tx, &public_url)).map_err(failed)
}
