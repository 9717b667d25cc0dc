//! exportAuditLogs.

use std::time::Duration;

use tokio::time::Instant;

use crate::access::Principal;
use crate::app::App;
use crate::db::{Db, Party, Turn, Tx};
use crate::generated::api::ExportAuditLogsParameters;
use crate::http::{Download, DownloadWriter};
use crate::limits;
use crate::problem::{Problem, Unavailable};
use crate::store;
use crate::store::audit_log_pages::{PAGE_BYTES, PAGE_ENTRIES_MAX, Position};
use crate::store::audit_logs::{StoredEntry, Wanted};
use crate::views::audit_log_rows::{self, HEADER};

const CSV: &str = "text/csv; charset=utf-8";
/// The longest time to read one page from the database.
const PAGE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long an export waits for the end of another one.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The entries of the first page. Each page has as many as make up a page by the length of those before.
const FIRST_PAGE_ENTRIES: u32 = 50;

/// Exports the organisation's entries as CSV, oldest first. Pages are read as the client consumes them, up to the
/// entry that is the newest now; no transaction stays open in between.
pub async fn export(
    app: &App,
    principal: Principal,
    parameters: ExportAuditLogsParameters,
) -> Result<Download, Problem> {
    let date = |name: &str, given: Option<&str>| given.map(|text| limits::check_date(name, text)).transpose();
    let from = date("fromDate", parameters.from_date.as_deref())?;
    let to = date("toDate", parameters.to_date.as_deref())?;
    let party = principal.party();
    let (wanted, newest, file_name) = app
        .read(principal, move |tx, caller| {
            caller.require()?;
            let wanted = Wanted {
                organisation_id: caller.organisation_id,
                project_id: parameters.project_id.map(Into::into),
                user_id: parameters.user_id.map(Into::into),
                from: from.map(|(first, _)| first),
                to: to.map(|(_, last)| last),
            };
            let organisation = store::organisations::get(tx, wanted.organisation_id)?;
            let now = tx.now().rfc3339();
            let day = now.split('T').next().unwrap_or_default();
            let file_name = format!("audit-logs-{}-{day}.csv", organisation.name);
            Ok((wanted, store::audit_log_pages::newest(tx, wanted.organisation_id)?, file_name))
        })
        .await?;
    let turn = tokio::time::timeout(WAIT_MAX, app.exports.take(party)).await;
    let turn = turn.ok().and_then(Result::ok).ok_or(Problem::Unavailable(Unavailable::Overload))?;
    let db = app.db.clone();
    Ok(Download::new(CSV, &file_name, move |writer| write_all(db, (party, turn), wanted, newest, writer)))
}

/// Writes the file. An error cuts the connection, because the response has already started.
async fn write_all(
    db: Db,
    (party, _turn): (Party, Turn),
    wanted: Wanted,
    newest: Option<Position>,
    writer: DownloadWriter,
) {
    let mut part = lines([HEADER.map(str::to_owned)]);
    let mut position = None;
    let mut entries_max = FIRST_PAGE_ENTRIES;
    loop {
        let bytes = match part {
            Ok(bytes) => bytes,
            Err(cause) => return tracing::error!(%cause, "an export failed part-way"),
        };
        if writer.write(bytes).await.is_err() {
            return tracing::info!(
                "an export was aborted: its client disconnected or read too slowly, or the server is stopping"
            );
        }
        let Some(newest) = newest else { break };
        let reading = move |tx: &Tx| page(tx, &wanted, (position, newest), entries_max);
        match db.read(party, Instant::now() + PAGE_TIME_MAX, reading).await {
            Ok(Some(page)) => {
                entries_max = page.next_entries_max(entries_max);
                (part, position) = (Ok(page.lines), Some(page.last));
            }
            Ok(None) => break,
            Err(cause) => part = Err(cause),
        }
    }
    // Nothing to do if the client disconnected at the end.
    let _ = writer.finish().await;
}

/// A part of the file.
struct ExportPage {
    lines: Vec<u8>,
    entries: usize,
    last: Position,
}

impl ExportPage {
    /// How many entries the next page may have. PostgreSQL sends all of them, also those behind the end of the page, so
    /// their number follows their length.
    fn next_entries_max(&self, entries_max: u32) -> u32 {
        let fit = PAGE_BYTES * self.entries / self.lines.len().max(1);
        let most = PAGE_ENTRIES_MAX.min(entries_max.saturating_mul(4));
        u32::try_from(fit).unwrap_or(most).clamp(1, most)
    }
}

/// The next part of the file. Returns `None` after the last part.
fn page(
    tx: &Tx,
    wanted: &Wanted,
    (position, newest): (Option<Position>, Position),
    entries_max: u32,
) -> Result<Option<ExportPage>, Problem> {
    let entries = store::audit_log_pages::following(tx, wanted, position, newest, entries_max)?;
    let Some(last) = entries.last().map(|entry| (entry.created_at, entry.id)) else {
        // Otherwise the end of what is left would look like the end of the file.
        return if store::audit_log_pages::is_there(tx, newest)? {
            Ok(None)
        } else {
            Err(Problem::Internal("entries were removed while they were exported".into()))
        };
    };
    let count = entries.len();
    let users = store::users::by_id(tx, entries.iter().filter_map(|entry| entry.user_id))?;
    let project_ids = entries.iter().filter_map(|entry| entry.project_id);
    let projects = store::projects::by_id(tx, wanted.organisation_id, project_ids)?;
    // Users cannot be missing, because of a foreign key.
    let row = |entry: StoredEntry| {
        let user = entry.user_id.and_then(|id| users.get(&id));
        let project = entry.project_id.and_then(|id| projects.get(&id));
        audit_log_rows::row(entry, user, project)
    };
    Ok(Some(ExportPage { lines: lines(entries.into_iter().map(row))?, entries: count, last }))
}

/// Rows in the format of RFC 4180.
fn lines(rows: impl IntoIterator<Item = [String; HEADER.len()]>) -> Result<Vec<u8>, Problem> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let written = rows.into_iter().try_for_each(|row| writer.write_record(row));
    written.map_err(|cause| Problem::internal("writing an export", cause))?;
    writer.into_inner().map_err(|cause| Problem::internal("writing an export", cause.error()))
}
