//! `brms check`: what is wrong in a database that only the operator can resolve.

use std::io::Write;

use super::database;
use crate::characters::unseen;
use crate::config::DatabaseSettings;
use crate::db::Db;
use crate::failure::Failure;
use crate::operator::addresses::{self, AddressFault};
use crate::store;
use crate::store::audit_log_segments::WrongSegment;
use crate::store::totals::WrongTotal;

/// Prints each fault. Fails if there are any.
pub(super) fn run(settings: &DatabaseSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let db = database::open_unchanged(settings)?;
    let derived = check_derived(&db, out).unwrap_or_else(Some);
    let addresses = check_addresses(&db, out);
    match (addresses, derived) {
        (addresses, None) => addresses,
        (Ok(()), Some(wrong)) => Err(wrong),
        (Err(addresses), Some(wrong)) => Err(Failure(format!("{addresses}\n{wrong}"))),
    }
}

/// Prints each total, segment and search index that does not match its rows.
fn check_derived(db: &Db, out: &mut dyn Write) -> Result<Option<Failure>, Failure> {
    if !db.has_every_step()? {
        return Ok(None);
    }
    let totals = database::read(db, store::totals::wrong)?;
    for WrongTotal { organisation_id, counted, status, excess } in &totals {
        let by = excess.unsigned_abs();
        let side = if *excess > 0 { "high" } else { "low" };
        writeln!(
            out,
            "the total of {status} {counted} of organisation {organisation_id} is too {side} by {by}"
        )?;
    }
    let segments = database::read(db, store::audit_log_segments::wrong)?;
    for WrongSegment { organisation_id, segment } in &segments {
        writeln!(
            out,
            "segment {segment} of the audit log of organisation {organisation_id} does not match its entries"
        )?;
    }
    let indexes = db.wrong_search_indexes()?;
    for table in &indexes {
        writeln!(out, "the search index of {table} does not match their names and addresses")?;
    }
    out.flush()?;
    let wrong = "another program changed the file, and lists or searches of it are wrong; restore a backup, or make a new \
                 file with `brms export` and `brms seed`";
    let is_right = totals.is_empty() && segments.is_empty() && indexes.is_empty();
    Ok((!is_right).then(|| wrong.into()))
}

/// Prints each fault of an address with the users that it is about. Fails if there are any.
fn check_addresses(db: &Db, out: &mut dyn Write) -> Result<(), Failure> {
    let owners = database::read(db, store::addresses::all)?;
    let faults = addresses::faults(&owners);
    for AddressFault { what, users } in &faults {
        writeln!(out, "{what}")?;
        for user in users {
            writeln!(out, "  {}  {}  (organisation {})", user.id, shown(&user.email), user.organisation_id)?;
        }
    }
    match faults.len() {
        0 => Ok(writeln!(out, "the addresses of {} users are valid and all different", owners.len())?),
        count => {
            out.flush()?;
            let noun = if count == 1 { "fault" } else { "faults" };
            Err(format!(
                "{count} {noun}; give these users other addresses with `brms user set-email ID NEW-EMAIL`"
            )
            .into())
        }
    }
}

/// A text with the characters that cannot be seen spelled out.
fn shown(text: &str) -> String {
    let spell = |letter: char| match unseen(letter) {
        Some(_) if letter != ' ' => letter.escape_unicode().to_string(),
        _ => letter.to_string(),
    };
    text.chars().map(spell).collect()
}
