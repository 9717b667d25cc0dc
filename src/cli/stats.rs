//! `brms stats`: how much is in the database.

use std::io::Write;
use std::time::Duration;

use serde_json::json;

use super::database;
use super::output::table;
use crate::clock::{DAY, Timestamp};
use crate::config::ReportSettings;
use crate::db::DatabaseSizes;
use crate::failure::Failure;
use crate::store::statistics::{self, NounStatistics};
use crate::terminal;

/// The days that the growth is of.
const RECENT_DAYS: u32 = 30;
const RECENT: Duration = DAY.saturating_mul(RECENT_DAYS);

/// Prints a line for each kind of data, and the size of the database.
pub(super) fn run(settings: &ReportSettings, out: &mut dyn Write) -> Result<(), Failure> {
    let db = database::open_unchanged(&settings.data)?;
    if !db.has_every_step()? {
        return Err("the schema is of an earlier brms; a start of the server brings it up to date".into());
    }
    let sizes = db.sizes()?;
    let since = db.clock().now().minus(RECENT);
    let nouns = db.survey(|tx| statistics::of_nouns(tx, since))?;
    if settings.print.json { print_json(&nouns, &sizes, out) } else { print(&nouns, &sizes, out) }
}

fn bytes_of(noun: &NounStatistics, sizes: &DatabaseSizes) -> u64 {
    noun.tables.iter().filter_map(|table| sizes.of_tables.get(*table)).sum()
}

fn print(nouns: &[NounStatistics], sizes: &DatabaseSizes, out: &mut dyn Write) -> Result<(), Failure> {
    let shown = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), Timestamp::rfc3339);
    let row = |noun: &NounStatistics| {
        [
            noun.noun.to_owned(),
            noun.rows.to_string(),
            bytes_of(noun, sizes).to_string(),
            shown(noun.oldest),
            shown(noun.newest),
            noun.recent.to_string(),
        ]
    };
    let rows: Vec<_> = nouns.iter().map(row).collect();
    table(out, ["KIND", "ROWS", "BYTES", "OLDEST", "NEWEST", "LAST 30 DAYS"], &rows)?;
    let log = sizes.log_bytes.map(|bytes| format!(", write-ahead log: {bytes} bytes"));
    let free = sizes.free_bytes.map(|bytes| format!(", {bytes} of them free"));
    let (free, log) = (free.unwrap_or_default(), log.unwrap_or_default());
    writeln!(out, "\ndatabase: {} bytes{free}{log}", sizes.bytes)?;
    Ok(())
}

fn print_json(nouns: &[NounStatistics], sizes: &DatabaseSizes, out: &mut dyn Write) -> Result<(), Failure> {
    let noun = |noun: &NounStatistics| {
        json!({ "kind": noun.noun, "rows": noun.rows, "bytes": bytes_of(noun, sizes), "oldest": noun.oldest,
                "newest": noun.newest, "last30Days": noun.recent })
    };
    let shown = json!({
        "database": { "engine": sizes.engine, "bytes": sizes.bytes, "freeBytes": sizes.free_bytes,
                      "logBytes": sizes.log_bytes },
        "kinds": nouns.iter().map(noun).collect::<Vec<_>>(),
    });
    writeln!(out, "{}", terminal::json(&shown))?;
    Ok(())
}
