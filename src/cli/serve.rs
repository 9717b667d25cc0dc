//! `brms serve`: runs until SIGTERM, SIGQUIT, SIGHUP, ctrl-c or the end of standard input (if asked for) starts a
//! graceful shutdown; a second signal exits at once.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::exit;

use tokio::sync::watch;

use super::leftovers::Leftovers;
use super::output::unprinted;
use super::service_manager::ServiceManager;
use super::signals::StopSignals;
use super::threads;
use crate::clock::Clock;
use crate::config::ServeSettings;
use crate::failure::Failure;
use crate::log;
use crate::startup::{Audience, FirstCredentials, Server};
use crate::terminal::line;

/// The exit code of shells for a program that ctrl-c ended.
const INTERRUPTED: i32 = 130;
/// An ordinary failure: the process exits although the database is still in use.
const UNCLOSED: i32 = 1;

/// Runs the server.
pub(super) fn run(settings: &ServeSettings, out: &mut dyn Write) -> Result<(), Failure> {
    log::start(&settings.log, instance_name(settings))?;
    let audience = if std::io::stdout().is_terminal() { Audience::Terminal } else { Audience::Unattended };
    let leftovers = Leftovers::default();
    threads::runtime(&leftovers)?.block_on(async {
        // Signal handlers are installed first, so that no signal is missed, and run in a task of their own, so that a
        // slow start can be interrupted.
        let (stop, mut stopping) = watch::channel(false);
        if settings.testing.exit_with_stdin {
            stop_with_standard_input(stop.clone())?;
        }
        tokio::spawn(watch_signals(StopSignals::watch()?, stop, leftovers.clone()));
        let mut server = Server::start(settings, Clock::default(), audience).await?;
        threads::start_reading_threads();
        let temporary_folder = server.temporary_folder().map(Path::to_owned);
        leftovers.add(temporary_folder.into_iter().chain(settings.ready_file.clone()));
        let shown = tell(&mut server, audience, out);
        tracing::info!(url = server.urls().join(","), database = server.database(), "serving");
        let lifeline = server.lifeline().clone();
        let manager = ServiceManager::of_process();
        manager.ready(lifeline.clone());
        let outcome = if let Err(cause) = shown {
            Err(cause)
        } else {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => Ok(()),
                // A supervisor restarts the process.
                ending = lifeline.ended() => Err(Failure::from(ending.to_string())),
            }
        };
        if let Err(cause) = &outcome {
            tracing::error!(%cause, "the server cannot continue");
        }
        manager.stopping();
        tracing::info!("shutting down: no new connections; requests in progress are finished");
        if !server.stop().await {
            tracing::error!(
                "the database could not be closed in time; committed writes are in it or in its write-ahead log"
            );
            log::finish();
            exit(UNCLOSED);
        }
        tracing::info!("stopped");
        // Includes a failure during shutdown.
        outcome.and_then(|()| lifeline.ending().map_or(Ok(()), |ending| Err(ending.to_string().into())))
    })
}

/// What tells the log lines of several instances apart.
fn instance_name(settings: &ServeSettings) -> Option<String> {
    let is_shared = settings.data.database.file().is_none() && !settings.ephemeral;
    let host_and_process = || format!("{}-{}", host(), std::process::id());
    settings.instance_name.clone().or_else(|| is_shared.then(host_and_process))
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    "brms".to_owned()
}

/// The first signal starts a graceful shutdown, the second one exits.
async fn watch_signals(mut signals: StopSignals, stop: watch::Sender<bool>, leftovers: Leftovers) {
    signals.next().await;
    stop.send_replace(true);
    signals.next_deliberate().await;
    leftovers.exit(INTERRUPTED);
}

/// Starts a graceful shutdown when standard input ends. In a thread that is left behind: a read cannot be called off.
fn stop_with_standard_input(stop: watch::Sender<bool>) -> Result<(), Failure> {
    let read = move || {
        let ended = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        tracing::info!(bytes = ended.unwrap_or_default(), "standard input has ended (--exit-with-stdin)");
        stop.send_replace(true);
    };
    let thread = std::thread::Builder::new().name("standard-input".to_owned()).spawn(read);
    thread.map(drop).map_err(|cause| Failure::new("cannot wait for the end of standard input", cause))
}

/// Prints credentials that are shown only once.
fn tell(server: &mut Server, audience: Audience, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(credentials) = server.take_first_credentials() {
        let link = server.take_sign_in_link();
        show(&credentials, link.as_deref(), out).map_err(|cause| {
            let email = line(&credentials.email);
            unprinted(
                &cause,
                &format!(
                    "The credentials of {email} exist nonetheless: `brms token list` has their ids, `brms token revoke \
                     ID` revokes them, and `brms token create --user {email}` makes others"
                ),
            )
        })?;
    }
    if let Some(token) = server.new_test_token().filter(|_| audience == Audience::Terminal) {
        writeln!(out, "The test controls under /_test are enabled. Their token is shown only once:\n")?;
        writeln!(out, "  Authorization: Test {}\n", token.reveal())?;
        out.flush()?;
    }
    Ok(())
}

fn show(credentials: &FirstCredentials, link: Option<&str>, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "This is the first start. {} has one user, {}.",
        line(&credentials.organisation),
        line(&credentials.email)
    )?;
    writeln!(out, "These credentials are shown only once; `brms token create` creates more:\n")?;
    writeln!(out, "  Authorization: Bearer {}", credentials.personal_access_token.reveal())?;
    writeln!(out, "    everything in every project, until it is revoked (`brms token revoke`)")?;
    writeln!(out, "  Authorization: Internal {}", credentials.session.reveal())?;
    writeln!(out, "    a sign-in of the owner, until {}\n", credentials.session_expires_at.rfc3339())?;
    if let Some(link) = link {
        writeln!(
            out,
            "This link signs the owner in with a browser, once, within 10 minutes:\n\n  {}\n",
            line(link)
        )?;
    }
    out.flush()
}
