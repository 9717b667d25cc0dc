//! listAuditLogs and getAuditLog.

use crate::access::Principal;
use crate::app::App;
use crate::generated::api::{GetAuditLogParameters, ListAuditLogsParameters};
use crate::generated::models::{self, AuditLogList};
use crate::limits::{self, OrderBy, Sort};
use crate::paging::Page;
use crate::problem::Problem;
use crate::store;
use crate::store::audit_logs::{StoredEntry, Wanted};
use crate::store::sets::named;
use crate::views;

/// The organisation's entries, newest first by default.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListAuditLogsParameters,
) -> Result<AuditLogList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    let from =
        parameters.from_date.as_deref().map(|text| limits::check_date("fromDate", text)).transpose()?;
    let to = parameters.to_date.as_deref().map(|text| limits::check_date("toDate", text)).transpose()?;
    let order = limits::check_word("orderBy", parameters.order_by.as_deref())?.unwrap_or(OrderBy::CreatedAt);
    let sort = limits::check_word("sort", parameters.sort.as_deref())?.unwrap_or(Sort::Descending);
    app.read(principal, move |tx, caller| {
        caller.require()?;
        let filter = store::audit_log_lists::AuditLogFilter {
            wanted: Wanted {
                organisation_id: caller.organisation_id,
                project_id: parameters.project_id.map(Into::into),
                user_id: parameters.user_id.map(Into::into),
                from: from.map(|(first, _)| first),
                to: to.map(|(_, last)| last),
            },
            kind: parameters.r#type,
            action: parameters.action.as_deref(),
            order,
            sort,
            page,
        };
        let listed = store::audit_log_lists::list(tx, &filter)?;
        let users = store::users::by_id(tx, listed.rows.iter().filter_map(|entry| entry.user_id))?;
        let projects = store::projects::by_id(
            tx,
            caller.organisation_id,
            listed.rows.iter().filter_map(|entry| entry.project_id),
        )?;
        let show = |entry: StoredEntry| {
            let user = entry.user_id.map(|id| named(&users, id)).transpose()?;
            let project = entry.project_id.and_then(|id| projects.get(&id));
            Ok(views::audit_logs::listed(entry, user, project))
        };
        let results = listed.rows.into_iter().map(show).collect::<Result<Vec<_>, Problem>>()?;
        let paginate = page.pagination(listed.total, results.len());
        Ok(AuditLogList { results, paginate })
    })
    .await
}

/// One entry, with the details of the change.
pub async fn get(
    app: &App,
    principal: Principal,
    parameters: GetAuditLogParameters,
) -> Result<models::AuditLog, Problem> {
    app.read(principal, move |tx, caller| {
        let entry = store::audit_logs::find(tx, caller.organisation_id, parameters.audit_log_id.into())?;
        let entry = entry.ok_or(Problem::NotFound("audit log entry"))?;
        caller.require()?;
        let user = entry.user_id.map(|id| store::users::get(tx, id)).transpose()?;
        let project = match entry.project_id {
            Some(id) => store::projects::find(tx, entry.organisation_id, id)?,
            None => None,
        };
        Ok(views::audit_logs::entry(entry, user.as_ref(), project.as_ref()))
    })
    .await
}
