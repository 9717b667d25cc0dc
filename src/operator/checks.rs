//! What `brms check` looks at, from the pages of the file to what rows say of each other.

use uuid::Uuid;

use super::addresses::{self, AddressFault};
use crate::characters::unseen;
use crate::db::{Db, StorageCheck, StorageFault};
use crate::problem::{Problem, Unavailable};
use crate::store;
use crate::store::audit_log_segments::WrongSegment;
use crate::store::invariants::INVARIANTS;
use crate::store::totals::WrongTotal;

/// Something that is wrong.
#[derive(Clone, Debug, Default)]
pub struct CheckFinding {
    /// What it is.
    pub what: String,
    /// What it is about, one line for each.
    pub details: Vec<String>,
    /// The ids of the rows.
    pub ids: Vec<Uuid>,
}

/// How a finding is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// By another copy of the whole database.
    Backup,
    /// By making what follows from the rows anew.
    Anew,
    /// By giving users other addresses.
    Addresses,
}

/// One check and what it has found.
#[derive(Clone, Debug)]
pub struct DoneCheck {
    /// Its name, for programs.
    pub name: &'static str,
    /// How its findings are resolved.
    pub remedy: Remedy,
    /// What is wrong.
    pub findings: Vec<CheckFinding>,
}

impl DoneCheck {
    fn new(name: &'static str, remedy: Remedy, findings: impl IntoIterator<Item = CheckFinding>) -> Self {
        Self { name, remedy, findings: findings.into_iter().collect() }
    }
}

/// How much was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckExtent {
    /// Everything.
    Whole,
    /// Nothing but the file itself, which is damaged.
    StorageAlone,
    /// What a database of an earlier schema step has: what is not in it cannot be checked.
    EarlierStep,
}

/// The outcome of all checks.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Each check.
    pub done: Vec<DoneCheck>,
    /// How much was checked.
    pub extent: CheckExtent,
    /// The number of users whose addresses were looked at.
    pub users: usize,
}

/// Checks a database, which may be in use. Each check sees one moment of it.
pub fn run(db: &Db) -> Result<CheckReport, Problem> {
    let mut done = match storage(db) {
        // So much of it that not even the check of pages comes to an end.
        Err(Problem::Unavailable(Unavailable::Unreadable)) => {
            let what = "pages of the file cannot be read".to_owned();
            let unread = CheckFinding { what, ..CheckFinding::default() };
            let done = vec![DoneCheck::new(PAGES, Remedy::Backup, [unread])];
            return Ok(CheckReport { done, extent: CheckExtent::StorageAlone, users: 0 });
        }
        found => found?,
    };
    let is_damaged = done.iter().any(|check| check.name == PAGES && !check.findings.is_empty());
    match of_rows(db) {
        Ok(CheckReport { done: of_rows, extent, users }) => {
            done.extend(of_rows);
            Ok(CheckReport { done, extent, users })
        }
        // What is left of it cannot be read.
        Err(_) if is_damaged => Ok(CheckReport { done, extent: CheckExtent::StorageAlone, users: 0 }),
        Err(problem) => Err(problem),
    }
}

fn of_rows(db: &Db) -> Result<CheckReport, Problem> {
    let owners = db.survey(store::addresses::all)?;
    let faults = addresses::faults(&owners);
    let mut done = vec![DoneCheck::new("addresses", Remedy::Addresses, faults.iter().map(of_address))];
    let users = owners.len();
    if !db.has_every_step()? {
        return Ok(CheckReport { done, extent: CheckExtent::EarlierStep, users });
    }
    for invariant in INVARIANTS {
        let ids = db.survey(|tx| invariant.broken_by(tx))?;
        let findings = ids.into_iter().map(|id| of_row(format!("{} {id}", invariant.wrong), id));
        done.push(DoneCheck::new(invariant.name, Remedy::Backup, findings));
    }
    done.extend(derived(db)?);
    Ok(CheckReport { done, extent: CheckExtent::Whole, users })
}

/// The check of pages and indexes, without which nothing else is certain.
const PAGES: &str = "pages";

fn storage(db: &Db) -> Result<Vec<DoneCheck>, Problem> {
    let faults = db.storage_faults()?;
    let of = |name, check| {
        let own = faults.iter().filter(|fault: &&StorageFault| fault.check == check);
        let findings = own.map(|fault| CheckFinding { what: fault.what.clone(), ..CheckFinding::default() });
        DoneCheck::new(name, Remedy::Backup, findings)
    };
    Ok(vec![
        of(PAGES, StorageCheck::Pages),
        of("keys", StorageCheck::Keys),
        of("schema", StorageCheck::Schema),
    ])
}

/// What is kept beside the rows that it follows from.
fn derived(db: &Db) -> Result<Vec<DoneCheck>, Problem> {
    let totals = db.survey(store::totals::wrong)?;
    let totals = totals.into_iter().map(|WrongTotal { organisation_id, counted, status, excess }| {
        let (by, side) = (excess.unsigned_abs(), if excess > 0 { "high" } else { "low" });
        of_row(
            format!(
                "the total of {status} {counted} of organisation {organisation_id} is too {side} by {by}"
            ),
            organisation_id.into(),
        )
    });
    let segments = db.survey(store::audit_log_segments::wrong)?;
    let segments = segments.into_iter().map(|WrongSegment { organisation_id, segment }| {
        of_row(
            format!(
                "segment {segment} of the audit log of organisation {organisation_id} does not match its entries"
            ),
            organisation_id.into(),
        )
    });
    let indexes = db.wrong_search_indexes()?.into_iter().map(|table| CheckFinding {
        what: format!("the search index of {table} does not match their names and addresses"),
        ..CheckFinding::default()
    });
    let users = db.survey(store::invariants::wrongly_folded_users)?;
    let users =
        users.into_iter().map(|id| of_row(format!("searches do not find user {id} by name and address"), id));
    let names = db.survey(store::invariants::wrongly_folded_names)?;
    let names = names
        .into_iter()
        .map(|(noun, id)| of_row(format!("searches do not find {noun} {id} by its name"), id));
    Ok(vec![
        DoneCheck::new("totals", Remedy::Anew, totals),
        DoneCheck::new("segments", Remedy::Anew, segments),
        DoneCheck::new("search-indexes", Remedy::Anew, indexes),
        DoneCheck::new("search-texts", Remedy::Anew, users.chain(names)),
    ])
}

fn of_row(what: String, id: Uuid) -> CheckFinding {
    CheckFinding { what, ids: vec![id], ..CheckFinding::default() }
}

fn of_address(fault: &AddressFault<'_>) -> CheckFinding {
    let detail = |user: &&store::addresses::AddressOwner| {
        format!("{}  {}  (organisation {})", user.id, shown(&user.email), user.organisation_id)
    };
    CheckFinding {
        what: fault.what.clone(),
        details: fault.users.iter().map(detail).collect(),
        ids: fault.users.iter().map(|user| user.id.into()).collect(),
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
