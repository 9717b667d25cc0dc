//! A running server, from start to shutdown.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout_at};

use super::audience::Audience;
use super::data_location::DataLocation;
use super::first_start::{self, FirstCredentials};
use super::public_url::{public_url, refuse_unspecified};
use super::ready_file::ReadyFile;
use super::shared_addresses;
use super::test_controls::Token;
use crate::app::App;
use crate::clock::Clock;
use crate::config::ServeSettings;
use crate::db::Db;
use crate::db::sqlite::{self, Options, ServeLock};
use crate::failure::Failure;
use crate::lifeline::Lifeline;
use crate::mail::delivery::Delivery;
use crate::mail::mailer::{Mailer, Sender};
use crate::mail::render::Renderer;
use crate::mail::transport::Transport;
use crate::secret::Secret;
use crate::seed;
use crate::server::{self, ServerLimits, Site};
use crate::store;
use crate::testing::SeededSecrets;
use crate::web::pages::Pages;
use crate::web::{Content, Description};

/// How long ending the delivery and closing the database may take at shutdown, and the poll interval.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(30);
const CLOSED_LOOK_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// A running server.
pub struct Server {
    address: SocketAddr,
    site: Arc<Site>,
    first_credentials: Option<FirstCredentials>,
    test_token: Option<Token>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    delivering: JoinHandle<()>,
    ready_file: Option<ReadyFile>,
    lock: ServeLock,
    data_location: DataLocation,
}

impl Server {
    /// Starts a server. When this returns, it accepts requests.
    pub async fn start(settings: &ServeSettings, clock: Clock, audience: Audience) -> Result<Self, Failure> {
        // Checked before anything is created, so that invalid settings do not consume a first start.
        refuse_unspecified(settings)?;
        let transport = transport(settings)?;
        let renderer = Renderer::new(settings.delivery.mail_templates.as_deref())
            .map_err(|cause| Failure::new("the mail templates", cause))?;
        let test_token = Token::of(settings, audience)?;
        let ready_file = settings.ready_file.as_deref().map(ReadyFile::prepare).transpose()?;
        // Bound before anything is created, so that a port in use leaves nothing behind.
        let listener = TcpListener::bind(settings.listen).await;
        let listener = listener
            .map_err(|cause| Failure::new(&format!("cannot listen on {}", settings.listen), cause))?;
        let address = listener.local_addr().map_err(|cause| Failure::new("cannot listen", cause))?;
        let public_url = public_url(settings, address);
        let pages = Pages::new().map_err(|cause| Failure::new("the page templates", cause))?;
        let data_location = DataLocation::of(settings)?;
        let Opened { db, lock, filled, seeded_secrets } = tokio::task::block_in_place(|| {
            let opened = open(settings, clock, audience, data_location.database(), address)?;
            record_public_url(&opened.db, &public_url)?;
            Ok::<_, Failure>(opened)
        })?;
        let (stop, stopped) = watch::channel(false);
        let controls = test_token
            .as_ref()
            .map(|token| token.controls(&db, filled.seed, seeded_secrets, stopped.clone()));
        let site = Arc::new(Site {
            app: App { db, invitations: settings.invitations, readiness: Mutex::default() },
            content: Content { pages, description: Description::new(&public_url) },
            proxies: settings.proxies.clone(),
            testing: controls.transpose()?,
        });
        let sender = Sender { address: settings.mail.sender().to_owned(), public_url };
        let delivery = delivery(&site.app, settings, Mailer { renderer, sender, transport });

        let limits = ServerLimits {
            connections_max: settings.connections_max,
            header_timeout: settings.header_timeout,
            keep_alive_timeout: settings.keep_alive_timeout,
            request_timeout: settings.request_timeout,
            stop_timeout: settings.stop_timeout,
        };
        let serving = tokio::spawn(server::serve(Arc::clone(&site), listener, limits, stopped.clone()));
        let delivering = tokio::spawn(delivery.run(stopped));
        let new_token = test_token.as_ref().and_then(Token::if_new);
        let ready_file = ready_file.map(|prepared| prepared.publish(&url(address), new_token)).transpose()?;
        let first_credentials = filled.credentials;
        Ok(Self {
            address,
            site,
            first_credentials,
            test_token,
            stop,
            serving,
            delivering,
            ready_file,
            lock,
            data_location,
        })
    }

    /// The URL of the listener.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// The address of the listener.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reports when an essential part of the server has ended.
    #[must_use]
    pub fn lifeline(&self) -> &Lifeline {
        self.site.app.db.lifeline()
    }

    /// The application behind the listener.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.site.app
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> &Path {
        self.data_location.database()
    }

    /// The temporary folder that is removed at shutdown, if there is one.
    #[must_use]
    pub fn temporary_folder(&self) -> Option<&Path> {
        self.data_location.temporary_folder()
    }

    /// The token of the test controls, if it was generated at this start.
    #[must_use]
    pub fn new_test_token(&self) -> Option<&Secret> {
        self.test_token.as_ref().and_then(Token::if_new)
    }

    /// The credentials of a first start, if they are to be printed. Can be taken once.
    pub fn take_first_credentials(&mut self) -> Option<FirstCredentials> {
        self.first_credentials.take()
    }

    /// Graceful shutdown: stops accepting, waits for requests in progress, closes the database. Returns false if the
    /// database is still in use, in which case only the end of the process releases it.
    pub async fn stop(self) -> bool {
        // The ready file is removed first, since it announces the server; the lock is released last.
        drop(self.ready_file);
        self.site.app.db.begin_to_stop();
        self.stop.send_replace(true);
        log_failure(self.serving.await);
        // Delivery and database share one deadline: both may wait for a write that the disk never finishes.
        let until = Instant::now() + CLOSE_TIME_MAX;
        let Ok(delivered) = timeout_at(until, self.delivering).await else { return false };
        log_failure(delivered);
        let site = Arc::downgrade(&self.site);
        // Dropping the last handle on the database waits for the writer thread. Done outside the runtime, so that a
        // second signal is still handled.
        let closing = tokio::task::spawn_blocking(move || drop(self.site));
        let closed = timeout_at(until, async {
            let _ = closing.await;
            while site.strong_count() > 0 {
                tokio::time::sleep(CLOSED_LOOK_AGAIN_AFTER).await;
            }
        });
        let is_closed = closed.await.is_ok();
        if is_closed {
            drop(self.lock);
            drop(self.data_location);
        }
        is_closed
    }
}

fn log_failure(ended: Result<(), JoinError>) {
    if let Err(cause) = ended {
        tracing::error!(%cause, "a task of the server failed");
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// A database with at least one organisation.
struct Opened {
    db: Db,
    lock: ServeLock,
    filled: Filled,
    seeded_secrets: SeededSecrets,
}

/// Locks and opens the database, and fills an empty one. If this fails, a newly created file is removed again.
fn open(
    settings: &ServeSettings,
    clock: Clock,
    audience: Audience,
    database: &Path,
    address: SocketAddr,
) -> Result<Opened, Failure> {
    let lock = ServeLock::take(database)?;
    let is_new = sqlite::is_new(database)?;
    let is_allowed = address.ip().is_loopback() || settings.allow_seeded_secrets;
    let seeded_secrets = if is_allowed { SeededSecrets::Allowed } else { SeededSecrets::Refused };
    let options = Options {
        size_max: settings.database_size_max,
        durable: !settings.ephemeral,
        ..Options::new(database)
    };
    let opened = || {
        let db = sqlite::open(&options, clock)?;
        let filled = fill(&db, settings, database, audience)?;
        if seeded_secrets == SeededSecrets::Refused {
            refuse_known_secrets(&db, address)?;
        }
        shared_addresses::warn(&db)?;
        Ok((db, filled))
    };
    match opened() {
        Ok((db, filled)) => Ok(Opened { db, lock, filled, seeded_secrets }),
        Err(cause) => {
            if is_new {
                sqlite::discard(database);
            }
            lock.give_up();
            Err(cause)
        }
    }
}

/// How an empty database was filled.
#[derive(Default)]
struct Filled {
    /// Set at a first start if the credentials are to be printed.
    credentials: Option<FirstCredentials>,
    /// Set if the data came from this seed.
    seed: Option<seed::Checked>,
}

/// Fills an empty database: from the seed, or with one organisation and its owner.
fn fill(db: &Db, settings: &ServeSettings, database: &Path, audience: Audience) -> Result<Filled, Failure> {
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
            let credentials = first_start::run(db, settings, database, audience)?;
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
fn record_public_url(db: &Db, public_url: &str) -> Result<(), Failure> {
    let failed = |cause| Failure::new("recording the public URL", cause);
    if db.peek(store::servers::public_url).map_err(failed)?.as_deref() == Some(public_url) {
        return Ok(());
    }
    let public_url = public_url.to_owned();
    db.write_blocking(move |tx| store::servers::set_public_url(tx, &public_url)).map_err(failed)
}

/// How mail is sent. Mail through a relay is read elsewhere, so the public URL must be set.
fn transport(settings: &ServeSettings) -> Result<Transport, Failure> {
    let is_missing = settings.mail.smtp.smtp_host.is_some() && settings.public_url.is_none();
    let public_url =
        is_missing.then_some("--public-url (BRMS_PUBLIC_URL), the address people reach this server at");
    let missing: Vec<&str> = public_url.into_iter().chain(settings.mail.missing_sender()).collect();
    if !missing.is_empty() {
        return Err(Failure(format!("--smtp-host also needs {}", missing.join(" and "))));
    }
    Transport::new(&settings.mail).map_err(Failure)
}

/// The mail delivery task.
fn delivery(app: &App, settings: &ServeSettings, mailer: Mailer) -> Delivery {
    Delivery {
        db: app.db.clone(),
        mailer: Arc::new(mailer),
        workers: usize::from(settings.delivery.mail_workers),
        give_up_after: settings.delivery.mail_give_up_after,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
