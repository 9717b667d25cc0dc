//! `brms man FOLDER`: `brms.1`, `brms-serve.1` and so on.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;

use crate::config::Arguments;
use crate::failure::Failure;

/// Writes the pages, replacing existing ones.
pub(super) fn run(folder: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let failed = |cause: std::io::Error| {
        format!("the manual pages cannot be written into {}: {cause}", folder.display())
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)?;
    writeln!(out, "wrote the manual pages into {}", folder.display())?;
    Ok(())
}
