//! The demo from its server to its end.

use std::io::Write;
use std::path::Path;

use super::story::{self, Story};
use crate::cli::signals::StopSignals;
use crate::cli::threads::runtime;
use crate::clock::Clock;
use crate::config::{self, DemoSettings, ServeSettings};
use crate::failure::Failure;
use crate::startup::{Audience, Server, sweep};

const PREFIX: &str = "brms-demo-";
const DATABASE: &str = "demo.db";

/// Runs the story, and with `--keep` stays up for more.
pub(crate) fn run(settings: &DemoSettings, out: &mut dyn Write) -> Result<(), Failure> {
    runtime()?.block_on(async {
        // An end by a signal removes the folder like any other, so signals are watched before it is made.
        let mut signals = StopSignals::watch()?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        sweep(&std::env::temp_dir(), folder.path(), PREFIX, DATABASE);
        let server =
            Server::start(&serve_settings(folder.path())?, Clock::default(), Audience::Unattended).await?;
        writeln!(
            out,
            "A brms server answers at {}, with all its data in {}.",
            server.url(),
            folder.path().display()
        )?;
        let told = tokio::select! {
            told = tell(settings, &server, folder.path(), out) => told,
            () = signals.next() => Err("interrupted".into()),
        };
        server.stop().await;
        told
    })?;
    writeln!(out, "\nEvery answer was right. Start your own with `brms serve`; the README says how.")?;
    Ok(())
}

/// Tells the story, and with `--keep` waits for the signal that ends it.
async fn tell(
    settings: &DemoSettings,
    server: &Server,
    folder: &Path,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    Story::new(server.address(), server.app().db.clone(), out).tell().await?;
    if settings.keep {
        keep(server, folder, out)?;
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// The settings that `brms serve` would have, on a free port and in the folder of the demo.
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
        "\nThe server stays up until ctrl-c. Try:\n\n  \
         curl -i {url}/api/health\n  \
         curl -i -H 'Authorization: Bearer {bearer}' -H 'Content-Type: application/json' \\\n    \
         -d '{{\"userIds\":[\"{user}\"]}}' {url}/api/projects/{project}/members\n  \
         curl -i -X POST -H 'Authorization: Internal {internal}' {url}/api/users/{user}/invitation\n  \
         brms mailbox list --database {database}",
        bearer = story::BEARER,
        internal = story::INTERNAL,
        user = story::IVY,
        project = story::PROJECT,
        database = database.display(),
    )?;
    out.flush()?;
    Ok(())
}
