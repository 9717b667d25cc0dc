//! Starts the demo's server, runs the walkthrough, and stops the server.

use std::io::Write;
use std::path::Path;

use super::walkthrough::{self, Walkthrough};
use crate::cli::leftovers::Leftovers;
use crate::cli::signals::StopSignals;
use crate::cli::threads::runtime;
use crate::clock::Clock;
use crate::config::{self, DemoSettings, ServeSettings};
use crate::failure::Failure;
use crate::startup::{Audience, Server, sweep};

const PREFIX: &str = "brms-demo-";
const DATABASE: &str = "demo.db";

/// Runs the walkthrough; with `--keep`, keeps the server running afterwards.
pub(crate) fn run(settings: &DemoSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let leftovers = Leftovers::default();
    runtime(&leftovers)?.block_on(async {
        // Installed before the folder is created, so that it is also removed when a signal ends the demo.
        let mut signals = StopSignals::watch()?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        leftovers.add([folder.path().to_owned()]);
        sweep(&std::env::temp_dir(), folder.path(), PREFIX, DATABASE);
        let server =
            Server::start(&serve_settings(folder.path())?, Clock::default(), Audience::Unattended).await?;
        writeln!(
            out,
            "A brms server is running at {}, with all its data in {}.",
            server.url(),
            folder.path().display()
        )?;
        let outcome = tokio::select! {
            outcome = walk_through(settings, &server, folder.path(), out) => outcome,
            () = signals.next() => Err("interrupted".into()),
        };
        server.stop().await;
        outcome
    })?;
    writeln!(
        out,
        "\nAll responses were as expected. Start your own server with `brms serve`; see the README."
    )?;
    Ok(())
}

/// Runs the walkthrough; with `--keep`, then waits to be interrupted.
async fn walk_through(
    settings: &DemoSettings,
    server: &Server,
    folder: &Path,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let address = server.address().ok_or("the demo listens on an address of the network")?;
    Walkthrough::new(address, server.app().db.clone(), out).run_all().await?;
    if settings.keep {
        keep(server, folder, out)?;
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// The settings of `brms serve`, with a free port and the folder of the demo.
fn serve_settings(folder: &Path) -> Result<ServeSettings, Failure> {
    let seed = folder.join("seed.json");
    std::fs::write(&seed, include_str!("seed.json"))?;
    let database = folder.join(DATABASE);
    let arguments = ["--listen".as_ref(), "127.0.0.1:0".as_ref()];
    let paths = ["--database".as_ref(), database.as_os_str(), "--seed".as_ref(), seed.as_os_str()];
    Ok(config::serve_settings_without_environment(arguments.into_iter().chain(paths))?)
}

fn keep(server: &Server, folder: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let url = server.url();
    let database = folder.join(DATABASE);
    writeln!(
        out,
        "\nThe server keeps running until ctrl-c. Try:\n\n  \
         curl -i {url}/api/health\n  \
         curl -i -H 'Authorization: Bearer {bearer}' -H 'Content-Type: application/json' \\\n    \
         -d '{{\"userIds\":[\"{user}\"]}}' {url}/api/projects/{project}/members\n  \
         curl -i -X POST -H 'Authorization: Internal {internal}' {url}/api/users/{user}/invitation\n  \
         brms mailbox list --database {database}",
        bearer = walkthrough::BEARER,
        internal = walkthrough::INTERNAL,
        user = walkthrough::IVY,
        project = walkthrough::PROJECT,
        database = database.display(),
    )?;
    out.flush()?;
    Ok(())
}
