//! `brms completions SHELL`.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::config::Arguments;
use crate::failure::Failure;

/// Prints the completion script of a shell.
pub(super) fn run(shell: Shell, out: &mut dyn Write) -> Result<(), Failure> {
    // Into memory first: the library panics if writing fails.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "brms", &mut text);
    out.write_all(&text)?;
    Ok(())
}
