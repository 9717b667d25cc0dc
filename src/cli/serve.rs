//! `brms serve`: until SIGTERM or ctrl-c, which let it finish; a second one ends it at once.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::exit;

use super::{Failure, runtime, start_log};
use crate::clock::Clock;
use crate::config::ServeSettings;
use crate::startup::{Audience, FirstCredentials, Server};

/// What a shell reports for a program that ctrl-c ended.
const INTERRUPTED: i32 = 130;

/// Serves.
pub(super) fn run(settings: &ServeSettings, out: &mut dyn Write) -> Result<(), Failure> {
    start_log(&settings.log)?;
    let audience = if std::io::stdout().is_terminal() { Audience::Terminal } else { Audience::Nobody };
    // Signals are watched before anything runs, so that none is missed.
    runtime()?.block_on(async {
        let mut signals = Signals::watch()?;
        let mut server = Server::start(settings, Clock::default(), audience).await?;
        if let Some(credentials) = server.take_first_credentials() {
            show(&credentials, out)?;
        }
        if let Some(token) = server.new_test_token().filter(|_| audience == Audience::Terminal) {
            writeln!(out, "Tests control this server under /_test. Their token is shown only now:\n")?;
            writeln!(out, "  Authorization: Test {}\n", token.reveal())?;
            out.flush()?;
        }
        tracing::info!(url = server.url(), database = %server.database().display(), "serving");
        let temporary_folder = server.temporary_folder().map(Path::to_owned);
        signals.next().await;
        tracing::info!("stopping: no more connections; what runs is finished");
        tokio::spawn(async move {
            signals.next().await;
            // Nothing is dropped by an exit.
            if let Some(folder) = temporary_folder {
                let _ = std::fs::remove_dir_all(folder);
            }
            exit(INTERRUPTED);
        });
        server.stop().await;
        tracing::info!("stopped");
        Ok(())
    })
}

fn show(credentials: &FirstCredentials, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "This is the first start. {} has one user, {}.",
        credentials.organisation, credentials.email
    )?;
    writeln!(out, "These secrets are shown only now; `brms token create` makes more:\n")?;
    writeln!(out, "  Authorization: Bearer {}", credentials.personal_access_token.reveal())?;
    writeln!(out, "  Authorization: Internal {}\n", credentials.internal_token.reveal())?;
    out.flush()
}

/// SIGTERM and SIGINT.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn watch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ctrl-c.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn watch() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
