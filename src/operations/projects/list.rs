//! listProjects.

use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::generated::api::ListProjectsParameters;
use crate::generated::models::ProjectList;
use crate::paging::Page;
use crate::problem::Problem;
use crate::search;
use crate::store;
use crate::views;

/// How many members an entry shows at most; listMembers has them all.
const LISTED_MEMBERS_MAX: u32 = 100;

/// The projects that the caller is in; with `all` every project of the organisation, with `deleted` the
/// deleted ones, both for admin and owner only.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListProjectsParameters,
) -> Result<ProjectList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        caller.require()?;
        if (parameters.all || parameters.deleted) && !caller.is_administrator() {
            return Err(Problem::Forbidden("all and deleted are for an admin or owner of the organisation."));
        }
        let filter = store::projects::Filter {
            organisation_id: caller.organisation_id,
            // Deleted projects are looked for to be restored, whoever was in them.
            member: (!parameters.all && !parameters.deleted).then_some(caller.user_id),
            deleted: parameters.deleted,
            search: search::folded(parameters.search.as_deref()),
            page,
        };
        let listed = store::projects::list(tx, &filter)?;
        let ids: Vec<Uuid> = listed.rows.iter().map(|project| project.id).collect();
        let mut groups = views::projects::approval_groups(tx, &ids)?;
        let mut results = Vec::with_capacity(ids.len());
        for project in &listed.rows {
            let members = store::projects::members(tx, project.id, LISTED_MEMBERS_MAX)?;
            let members = members.into_iter().map(views::projects::project_member).collect();
            results.push(views::projects::listed(
                project,
                groups.remove(&project.id).unwrap_or_default(),
                members,
            ));
        }
        let paginate = page.pagination(listed.total, results.len());
        Ok(ProjectList { results, paginate })
    })
    .await
}
