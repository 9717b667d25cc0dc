//! `brms check`: what is wrong in a database that only the operator can resolve.

use std::io::Write;
use std::process::ExitCode;

use serde_json::json;

use super::database;
use super::failed::Failed;
use crate::config::ReportSettings;
use crate::failure::Failure;
use crate::operator::checks::{self, CheckExtent, CheckReport, Remedy};
use crate::terminal;

/// The exit code if the database could not be checked.
const UNCHECKED: u8 = 3;

/// Prints what is wrong. Fails if there is anything, with another exit code than if the database could not be checked.
pub(super) fn run(settings: &ReportSettings, out: &mut dyn Write) -> Result<(), Failed> {
    let unchecked = |failure| Failed { failure, code: ExitCode::from(UNCHECKED) };
    let report =
        database::open_unchanged(&settings.data).and_then(|db| Ok(checks::run(&db)?)).map_err(unchecked)?;
    let printed = if settings.print.json { print_json(&report, out) } else { print(&report, out) };
    printed.map_err(|cause| unchecked(cause.into()))?;
    match way_out(&report) {
        None => Ok(()),
        Some(failure) => Err(Failed { failure, code: ExitCode::FAILURE }),
    }
}

fn print(report: &CheckReport, out: &mut dyn Write) -> std::io::Result<()> {
    for finding in report.done.iter().flat_map(|check| &check.findings) {
        writeln!(out, "{}", terminal::line(&finding.what))?;
        for detail in &finding.details {
            writeln!(out, "  {detail}")?;
        }
    }
    if number_of(report, Remedy::Addresses) == 0 && report.extent != CheckExtent::StorageAlone {
        writeln!(out, "the addresses of {} users are valid and all different", report.users)?;
    }
    let is_clean = report.done.iter().all(|check| check.findings.is_empty());
    match report.extent {
        CheckExtent::Whole if is_clean => {
            let names: Vec<&str> = report.done.iter().map(|check| check.name).collect();
            writeln!(out, "nothing is wrong: {}", names.join(", "))?;
        }
        CheckExtent::Whole => {}
        CheckExtent::StorageAlone => writeln!(out, "the file is damaged, so nothing else was checked")?,
        CheckExtent::EarlierStep => {
            writeln!(
                out,
                "the schema is of an earlier brms, so nothing else was checked; a start brings it up to date"
            )?;
        }
    }
    out.flush()
}

fn print_json(report: &CheckReport, out: &mut dyn Write) -> std::io::Result<()> {
    let check = |check: &checks::DoneCheck| {
        let findings = check.findings.iter();
        let findings = findings.map(|finding| json!({ "what": finding.what, "ids": finding.ids }));
        json!({ "name": check.name, "findings": findings.collect::<Vec<_>>() })
    };
    let shown = json!({
        "clean": report.done.iter().all(|check| check.findings.is_empty()),
        "complete": report.extent == CheckExtent::Whole,
        "checks": report.done.iter().map(check).collect::<Vec<_>>(),
    });
    writeln!(out, "{}", terminal::json(&shown))?;
    out.flush()
}

fn number_of(report: &CheckReport, remedy: Remedy) -> usize {
    let found = report.done.iter().filter(|check| check.remedy == remedy);
    found.map(|check| check.findings.len()).sum()
}

/// How what was found is resolved. `None` if nothing is wrong.
fn way_out(report: &CheckReport) -> Option<Failure> {
    let mut ways = Vec::new();
    let said = |remedy, way: &str| {
        let count = number_of(report, remedy);
        let noun = if count == 1 { "fault" } else { "faults" };
        (count > 0).then(|| format!("{count} {noun}; {way}"))
    };
    ways.extend(said(
        Remedy::Addresses,
        "give these users other addresses with `brms user set-email ID NEW-EMAIL`",
    ));
    ways.extend(said(
        Remedy::Backup,
        "the disk, or another program, has changed the database, and what is in it can no longer be relied on; restore a \
         backup",
    ));
    ways.extend(said(
        Remedy::Anew,
        "another program changed the database, and lists or searches of it are wrong; restore a backup, or make a new \
         one with `brms export` and `brms seed`",
    ));
    (!ways.is_empty()).then(|| Failure(ways.join("\n")))
}
