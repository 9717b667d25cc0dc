//! A server with all that belongs to it, from its start to its end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::audience::Audience;
use super::first_start::{self, FirstCredentials};
use super::home::Home;
use super::public_url::{public_url, refuse_unspecified};
use super::ready_file::ReadyFile;
use super::test_controls::Token;
use crate::app::App;
use crate::clock::Clock;
use crate::config::ServeSettings;
use crate::db::Db;
use crate::db::sqlite::{self, Options, ServeLock};
use crate::failure::Failure;
use crate::lifeline::Lifeline;
use crate::mail::delivery::Delivery;
use crate::mail::post::{Post, Sender};
use crate::mail::render::Renderer;
use crate::mail::transport::Transport;
use crate::openapi;
use crate::secret::Secret;
use crate::seed;
use crate::server::{self, ServerLimits, Site};
use crate::store;
use crate::web::Content;
use crate::web::pages::Pages;

/// How long closing the file may take at a stop, and how often it is looked whether it is closed.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(30);
const CLOSED_LOOK_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// A server that answers.
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
    home: Home,
}

impl Server {
    /// Starts a server. When this returns it answers.
    pub async fn start(settings: &ServeSettings, clock: Clock, audience: Audience) -> Result<Self, Failure> {
        // Before anything is made: settings that cannot work must not use up a first start.
        refuse_unspecified(settings)?;
        let transport = transport(settings)?;
        let renderer = Renderer::new(settings.delivery.mail_templates.as_deref())
            .map_err(|cause| Failure::new("the mail templates", cause))?;
        let test_token = Token::of(settings, audience)?;
        let ready_file = settings.ready_file.as_deref().map(ReadyFile::prepare).transpose()?;
        // Before anything is made: a taken port leaves nothing behind.
        let listener = TcpListener::bind(settings.listen).await;
        let listener = listener
            .map_err(|cause| Failure::new(&format!("cannot listen on {}", settings.listen), cause))?;
        let address = listener.local_addr().map_err(|cause| Failure::new("cannot listen", cause))?;
        let public_url = public_url(settings, address);
        let description = description(&public_url)?;
        let pages = Pages::new().map_err(|cause| Failure::new("the page templates", cause))?;
        let home = Home::of(settings)?;
        let Opened { db, lock, filled, allows_seeded_secrets } =
            tokio::task::block_in_place(|| open(settings, clock, audience, home.database(), address))?;
        let (stop, stopped) = watch::channel(false);
        let controls = test_token
            .as_ref()
            .map(|token| token.controls(&db, filled.seed, allows_seeded_secrets, stopped.clone()));
        let site = Arc::new(Site {
            app: App { db, invitations: settings.invitations, readiness: Mutex::default() },
            content: Content { pages, description },
            proxies: settings.proxies.clone(),
            testing: controls.transpose()?,
        });
        let sender = Sender { address: settings.mail.sender().to_owned(), public_url };
        let delivery = delivery(&site.app, settings, Post { renderer, sender, transport });

        let limits = ServerLimits {
            connections_max: settings.connections_max,
            header_timeout: settings.header_timeout,
            keep_alive_timeout: settings.keep_alive_timeout,
            request_timeout: settings.request_timeout,
            stop_timeout: settings.stop_timeout,
        };
        let serving = tokio::spawn(server::serve(Arc::clone(&site), listener, limits, stopped.clone()));
        let delivering = tokio::spawn(delivery.run(stopped));
        let told = test_token.as_ref().and_then(Token::to_tell);
        let ready_file = ready_file.map(|prepared| prepared.publish(&url(address), told)).transpose()?;
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
            home,
        })
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// The socket it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells when it cannot go on.
    #[must_use]
    pub fn lifeline(&self) -> &Lifeline {
        self.site.app.db.lifeline()
    }

    /// What is behind it.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.site.app
    }

    /// The file with all its data.
    #[must_use]
    pub fn database(&self) -> &Path {
        self.home.database()
    }

    /// The folder that is removed when it stops, if its data is not to stay.
    #[must_use]
    pub fn temporary_folder(&self) -> Option<&Path> {
        self.home.temporary_folder()
    }

    /// The token of the test controls, if it was made at this start.
    #[must_use]
    pub fn new_test_token(&self) -> Option<&Secret> {
        self.test_token.as_ref().and_then(Token::to_tell)
    }

    /// The secrets of a first start, if this was one and a person looks. They are handed out once.
    pub fn take_first_credentials(&mut self) -> Option<FirstCredentials> {
        self.first_credentials.take()
    }

    /// Takes no more connections, finishes what runs, closes the file. False: something still works on the file, and
    /// only the end of the process ends it.
    pub async fn stop(self) -> bool {
        // First the ready file goes, which tells of the server; last the file is free for another.
        drop(self.ready_file);
        self.site.app.db.begin_to_stop();
        self.stop.send_replace(true);
        for task in [self.serving, self.delivering] {
            if let Err(cause) = task.await {
                tracing::error!(%cause, "a task of the server did not end well");
            }
        }
        let site = Arc::downgrade(&self.site);
        // The last handle on the file: waits for the writer, which is a thread. Beside the runtime, so that a further
        // signal is heard meanwhile.
        let closing = tokio::task::spawn_blocking(move || drop(self.site));
        let closed = tokio::time::timeout(CLOSE_TIME_MAX, async {
            let _ = closing.await;
            while site.strong_count() > 0 {
                tokio::time::sleep(CLOSED_LOOK_AGAIN_AFTER).await;
            }
        });
        let is_closed = closed.await.is_ok();
        if is_closed {
            drop(self.lock);
            drop(self.home);
        }
        is_closed
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// A database with people in it.
struct Opened {
    db: Db,
    lock: ServeLock,
    filled: Filled,
    allows_seeded_secrets: bool,
}

/// Locks the database, opens it, and brings people into an empty one. A file that was made for this and that
/// cannot be used is taken away again.
fn open(
    settings: &ServeSettings,
    clock: Clock,
    audience: Audience,
    database: &Path,
    address: SocketAddr,
) -> Result<Opened, Failure> {
    let lock = ServeLock::take(database)?;
    let is_new = sqlite::is_new(database)?;
    let allows_seeded_secrets = address.ip().is_loopback() || settings.allow_seeded_secrets;
    let options = Options {
        size_max: settings.database_size_max,
        durable: !settings.ephemeral,
        ..Options::new(database)
    };
    let opened = || {
        let db = sqlite::open(&options, clock)?;
        let filled = fill(&db, settings, database, audience)?;
        refuse_known_secrets(&db, address, allows_seeded_secrets)?;
        Ok((db, filled))
    };
    match opened() {
        Ok((db, filled)) => Ok(Opened { db, lock, filled, allows_seeded_secrets }),
        Err(cause) => {
            if is_new {
                sqlite::discard(database);
            }
            lock.give_up();
            Err(cause)
        }
    }
}

/// How a database came by its people.
#[derive(Default)]
struct Filled {
    /// This was a first start, and a person looks.
    credentials: Option<FirstCredentials>,
    /// They are those of this seed.
    seed: Option<seed::Checked>,
}

/// Brings people into an empty database: those of the seed, or one owner.
fn fill(db: &Db, settings: &ServeSettings, database: &Path, audience: Audience) -> Result<Filled, Failure> {
    let has_people =
        db.peek(store::users::any).map_err(|cause| Failure::new("reading the database", cause))?;
    match &settings.seed {
        Some(path) if has_people => {
            tracing::info!(path = %path.display(), "the seed is skipped: there are people in the database");
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

/// Secrets that stand in a file somewhere open no door that others can reach.
fn refuse_known_secrets(db: &Db, address: SocketAddr, allowed: bool) -> Result<(), Failure> {
    if allowed {
        return Ok(());
    }
    let seeded =
        db.peek(store::tokens::any_seeded).map_err(|cause| Failure::new("reading the database", cause))?;
    if !seeded {
        return Ok(());
    }
    Err(Failure(format!(
        "will not listen on {address}: secrets of a seed file open this database, and whoever has read that file \
         could use them. Listen on 127.0.0.1, revoke them (`brms token list`, `brms token revoke ID`), or give \
         --allow-seeded-secrets"
    )))
}

fn description(public_url: &str) -> Result<Bytes, Failure> {
    let description = openapi::served(public_url).and_then(|served| serde_json::to_vec(&served));
    Ok(description.map_err(|cause| Failure::new("the served description", cause))?.into())
}

/// Where mail goes. A relay's mail is read elsewhere, so what it says of this server has to be right there.
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

/// What empties the outbox.
fn delivery(app: &App, settings: &ServeSettings, post: Post) -> Delivery {
    Delivery {
        db: app.db.clone(),
        post: Arc::new(post),
        workers: usize::from(settings.delivery.mail_workers),
        give_up_after: settings.delivery.mail_give_up_after,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
