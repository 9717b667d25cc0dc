//! Arguments, then the command, then the exit code. Everything else is in the library.

use std::process::ExitCode;

use brms::{cli, config};

fn main() -> ExitCode {
    match config::read(std::env::args_os()) {
        Ok(arguments) => cli::run(arguments.command),
        // Help and version come as errors too, with exit code 0 and on standard output.
        Err(error) => error.exit(),
    }
}
