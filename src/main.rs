//! Parses the arguments, runs the command and returns its exit code. Everything else is in the library.

use std::process::ExitCode;

use brms::{cli, config};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    match config::read(arguments.iter().cloned()) {
        Ok(arguments) => cli::run(arguments.command),
        // Help and version are also returned as errors, with exit code 0 and printed to standard output.
        Err(error) => cli::report_usage(&error, &arguments),
    }
}
