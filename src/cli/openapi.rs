//! `brms openapi`: prints the API description without a server.

use std::io::Write;

use crate::config::OpenapiSettings;
use crate::failure::Failure;
use crate::openapi;

/// Prints the served description, or the vendored one unchanged.
pub(super) fn run(settings: &OpenapiSettings, out: &mut dyn Write) -> Result<(), Failure> {
    if settings.vendored {
        out.write_all(openapi::VENDORED.as_bytes())?;
    } else {
        writeln!(out, "{:#}", openapi::served(&settings.address.public_url)?)?;
    }
    Ok(())
}
