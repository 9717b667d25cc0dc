//! listProjects.

use crate::access::Principal;
use crate::app::App;
use crate::db::Tx;
use crate::generated::api::ListProjectsParameters;
use crate::generated::models::{self, ProjectList};
use crate::limits::LISTED_MEMBERS_MAX;
use crate::paging::Page;
use crate::problem::Problem;
use crate::store;
use crate::store::ids::ProjectId;
use crate::store::projects::Project;
use crate::views;

/// The projects of which the caller is a member. With `all`, every project of the organisation; with `deleted`, the
/// deleted ones; both for admins and owners only.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListProjectsParameters,
) -> Result<ProjectList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        caller.require()?;
        if (parameters.all || parameters.deleted) && !caller.is_administrator() {
            return Err(Problem::Forbidden(
                "The parameters all and deleted require an admin or owner of the organisation.",
            ));
        }
        let filter = store::projects::ProjectFilter {
            organisation_id: caller.organisation_id,
            // Deleted projects are listed in order to restore them, regardless of membership.
            member: (!parameters.all && !parameters.deleted).then_some(caller.user_id),
            deleted: parameters.deleted,
            search: parameters.search.as_deref(),
            page,
        };
        let listed = store::projects::list(tx, &filter)?;
        let ids: Vec<ProjectId> = listed.rows.iter().map(|project| project.id).collect();
        let approving = store::groups::approving(tx, &ids)?;
        let mut members = store::listed_members::of_projects(tx, &ids, LISTED_MEMBERS_MAX)?;
        let show = |project: &Project| {
            let approving = approving.get(&project.id).map(Vec::as_slice).unwrap_or_default();
            views::projects::listed(project, approving, members.remove(&project.id).unwrap_or_default())
        };
        let results: Vec<_> = listed.rows.iter().map(show).collect();
        let paginate = page.pagination(listed.total, results.len());
        Ok(ProjectList { results, paginate })
    })
    .await
}

/// A project with its approval settings.
pub(super) fn shown(tx: &Tx, project: &Project) -> Result<models::Project, Problem> {
    let mut approving = store::groups::approving(tx, &[project.id])?;
    Ok(views::projects::project(project, &approving.remove(&project.id).unwrap_or_default()))
}
