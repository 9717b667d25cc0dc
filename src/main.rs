//! Parses the arguments, runs the command and returns its exit code. Everything else is in the library.

use std::process::ExitCode;

use brms::{cli, config};

fn main() -> ExitCode {
    match config::read(std::env::args_os()) {
        Ok(arguments) => cli::run(arguments.command),
        // Help and version are also returned as errors, with exit code 0 and printed to standard output.
        Err(error) => error.exit(),
    }
}
