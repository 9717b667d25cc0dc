//! A running server, from start to shutdown.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::audience::Audience;
use super::data_location::DataLocation;
use super::first_start::FirstCredentials;
use super::listening::Listening;
use super::metrics_listener;
use super::open_files;
use super::opened::{self, Opened};
use super::public_url::{public_url, refuse_unspecified};
use super::ready_file::{PreparedReadyFile, ReadyFile};
use super::socket_file::SocketFile;
use super::test_controls::Token;
use crate::app::App;
use crate::clock::Clock;
use crate::config::ServeSettings;
use crate::failure::Failure;
use crate::lifeline::Lifeline;
use crate::mail::delivery::Delivery;
use crate::mail::mailer::{Mailer, Sender};
use crate::mail::render::{Renderer, sign_in_link};
use crate::mail::transport::Transport;
use crate::retention::Retention;
use crate::secret::Secret;
use crate::server::{self, CrossOrigin, MetricsExporter, ServerLimits, Site, Traffic};
use crate::web::pages::{self, Pages};
use crate::web::{Content, Description, Home, MailWay};

/// How long ending the delivery and closing the database may take at shutdown, and the poll interval.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(30);
const CLOSED_LOOK_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// A running server.
pub struct Server {
    address: Option<SocketAddr>,
    urls: Vec<String>,
    /// Held so that they are removed.
    sockets: Vec<SocketFile>,
    metrics_url: Option<String>,
    site: Arc<Site>,
    first_credentials: Option<FirstCredentials>,
    sign_in_link: Option<String>,
    test_token: Option<Token>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    delivering: JoinHandle<()>,
    retaining: JoinHandle<()>,
    ready_file: Option<ReadyFile>,
    lock: opened::DatabaseLock,
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
        let listening = Listening::open(&settings.listening).await?;
        let metrics = metrics_listener::bind(&settings.metrics).await?;
        let public_url = public_url(settings, &listening.addresses);
        let pages = pages::load().map_err(|cause| Failure::new("the page templates", cause))?;
        let data_location = DataLocation::of(settings)?;
        let Opened { db, lock, filled, seeded_secrets } = tokio::task::block_in_place(|| {
            let opened = opened::open(settings, clock, audience, &data_location, listening.exposed())?;
            opened::record_public_url(&opened.db, &public_url)?;
            Ok::<_, Failure>(opened)
        })?;
        let (stop, stopped) = watch::channel(false);
        let urls = listening.urls();
        let Listening { listeners, addresses, sockets } = listening;
        let limits = limits(settings);
        let controls = test_token
            .as_ref()
            .map(|token| token.controls(&db, filled.seed, seeded_secrets, stopped.clone()));
        let site = Arc::new(Site {
            app: App::new(db, settings.invitations, settings.sign_in),
            content: content(settings, pages, &public_url),
            proxies: settings.proxies.clone(),
            testing: controls.transpose()?,
            cross_origin: cross_origin(settings),
            request_log: settings.request_log,
            traffic: Traffic::new(limits.connections_max),
        });
        let sender = Sender { address: settings.mail.sender().to_owned(), public_url: public_url.clone() };
        let delivery = delivery(&site.app, settings, Mailer { renderer, sender, transport });
        let serving = tokio::spawn(server::serve(Arc::clone(&site), listeners, limits, stopped.clone()));
        let delivering = tokio::spawn(delivery.run(stopped.clone()));
        let metrics_url = metrics.map(|(listener, address)| {
            let exporter = MetricsExporter::new(Arc::clone(&site));
            tokio::spawn(server::serve_metrics(exporter, listener, stopped.clone()));
            format!("http://{address}/metrics")
        });
        let retaining = tokio::spawn(retention(&site.app, settings).run(stopped));
        let new_token = test_token.as_ref().and_then(Token::if_new);
        let publish = |file: PreparedReadyFile| file.publish(&urls, metrics_url.as_deref(), new_token);
        let ready_file = ready_file.map(publish).transpose()?;
        let first_credentials = filled.credentials;
        let sign_in_link =
            first_credentials.as_ref().map(|first| sign_in_link(&public_url, first.sign_in.reveal()));
        Ok(Self {
            address: addresses.first().copied(),
            urls,
            sockets,
            metrics_url,
            site,
            first_credentials,
            sign_in_link,
            test_token,
            stop,
            serving,
            delivering,
            retaining,
            ready_file,
            lock,
            data_location,
        })
    }

    /// The URL of the first listener; `unix:PATH` if it is a socket in the file system.
    #[must_use]
    pub fn url(&self) -> String {
        self.urls.first().cloned().unwrap_or_default()
    }

    /// Those of all listeners.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// The address of the first listener of the network.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The URL of the metrics, if they are served.
    #[must_use]
    pub fn metrics_url(&self) -> Option<&str> {
        self.metrics_url.as_deref()
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

    /// The database, without any credentials.
    #[must_use]
    pub fn database(&self) -> String {
        self.data_location.to_string()
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

    /// The link that signs the owner in, with the credentials of a first start. Can be taken once.
    pub fn take_sign_in_link(&mut self) -> Option<String> {
        self.sign_in_link.take()
    }

    /// Graceful shutdown: stops accepting, waits for requests in progress, closes the database. Returns false if the
    /// database is still in use, in which case only the end of the process releases it.
    pub async fn stop(self) -> bool {
        // The ready file is removed first, since it announces the server; the lock is released last.
        drop((self.ready_file, self.sockets));
        self.site.app.db.begin_to_stop();
        self.stop.send_replace(true);
        log_failure(self.serving.await);
        // The tasks and the database share one deadline: each may wait for a write that the disk never finishes.
        let until = Instant::now() + CLOSE_TIME_MAX;
        for task in [self.delivering, self.retaining] {
            let Ok(ended) = timeout_at(until, task).await else { return false };
            log_failure(ended);
        }
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

fn cross_origin(settings: &ServeSettings) -> CrossOrigin {
    CrossOrigin {
        origins: settings.cross_origin.cors_origin.clone(),
        is_open_to_loopback: settings.testing.test_api,
    }
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

fn limits(settings: &ServeSettings) -> ServerLimits {
    ServerLimits {
        connections_max: open_files::connections_max(settings),
        header_timeout: settings.header_timeout,
        keep_alive_timeout: settings.keep_alive_timeout,
        request_timeout: settings.request_timeout,
        stop_timeout: settings.stop_timeout,
    }
}

/// The content of the pages.
fn content(settings: &ServeSettings, pages: Pages, public_url: &str) -> Content {
    let way = if settings.mail.smtp.smtp_host.is_some() { MailWay::Relay } else { MailWay::Mailbox };
    let home = Home::new(public_url, &settings.sign_in, way);
    Content { pages, home, description: Description::new(public_url) }
}

/// The mail delivery task.
fn delivery(app: &App, settings: &ServeSettings, mailer: Mailer) -> Delivery {
    Delivery {
        instance_id: Uuid::new_v4().into(),
        db: app.db.clone(),
        mailer: Arc::new(mailer),
        workers: usize::from(settings.delivery.mail_workers),
        give_up_after: settings.delivery.mail_give_up_after,
    }
}

/// The task that removes old rows.
fn retention(app: &App, settings: &ServeSettings) -> Retention {
    let limits = settings.invitations;
    Retention {
        db: app.db.clone(),
        settings: settings.retention,
        send_window: limits.invitation_send_window.max(limits.inviter_send_window),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
