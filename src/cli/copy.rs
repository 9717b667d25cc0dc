//! `brms copy FILE URL`: moves to PostgreSQL.

use std::io::{IsTerminal, Write};

use crate::clock::Clock;
use crate::config::CopySettings;
use crate::db::Engine;
use crate::db::postgres::{CopyProgress, CopyStage, InstanceLock, Sharing};
use crate::db::sqlite::{Options, ServeLock};
use crate::failure::Failure;
use crate::startup::of_postgres;

/// Copies the file, and prints the number of rows of each table.
pub(super) fn run(settings: &CopySettings, out: &mut dyn Write) -> Result<(), Failure> {
    let to = of_postgres(&settings.to, &settings.postgres, 1)?;
    // A server would go on writing to the file, and what it writes would stay behind.
    let lock = ServeLock::take(&settings.file)?;
    let db =
        Engine::open_sqlite(&Options { create: false, ..Options::new(&settings.file) }, Clock::default())?;
    let alone = InstanceLock::take(&to, Sharing::Alone)?;
    let is_terminal = std::io::stderr().is_terminal();
    let copied = db.copy_to_postgres(&to, |progress| {
        if is_terminal {
            show(&progress);
        }
    });
    if is_terminal {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    let tables = copied?;
    drop((alone, db, lock));
    for (table, rows) in &tables {
        writeln!(out, "{rows:>12}  {table}")?;
    }
    let rows: u64 = tables.iter().map(|(_, rows)| rows).sum();
    writeln!(
        out,
        "copied {} to {}: {rows} rows, compared; {} is no longer written to if servers are started with the URL",
        settings.file.display(),
        settings.to,
        settings.file.display()
    )?;
    Ok(())
}

/// One line of a terminal, drawn over the one before. An error of the terminal is not one of the copy.
fn show(progress: &CopyProgress) {
    let stage = match progress.stage {
        CopyStage::Copying => "copying",
        CopyStage::Comparing => "comparing",
    };
    let (done, all) = progress.rows;
    let percent = (done * 100).checked_div(all).unwrap_or(100);
    let filled = usize::try_from(percent / 5).unwrap_or(20);
    let bar = format!("{}{}", "#".repeat(filled), ".".repeat(20 - filled.min(20)));
    let _ =
        write!(std::io::stderr(), "\r\x1b[K{stage} [{bar}] {percent:>3} %  {}  {done}/{all}", progress.table);
}
