//! listGroups.

use crate::access::{self, Principal};
use crate::app::App;
use crate::generated::api::ListGroupsParameters;
use crate::generated::models::GroupList;
use crate::paging::Page;
use crate::problem::Problem;
use crate::store;
use crate::store::groups::Group;
use crate::store::ids::RoleId;
use crate::store::sets::named;
use crate::views;

/// listGroups.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListGroupsParameters,
) -> Result<GroupList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        let (project, _) = access::projects::access(tx, caller, parameters.project_id.into())?;
        let listed = store::groups::list(tx, project.id, parameters.search.as_deref(), page)?;
        let ids: Vec<RoleId> = listed.rows.iter().filter_map(|group| group.role_id).collect();
        let roles = store::roles::by_id(tx, &ids)?;
        let show = |group: Group| {
            let role = group.role_id.map(|id| named(&roles, id)).transpose()?;
            Ok(views::groups::group(group, role))
        };
        let results = listed.rows.into_iter().map(show).collect::<Result<Vec<_>, Problem>>()?;
        let paginate = page.pagination(listed.total, results.len());
        Ok(GroupList { results, paginate })
    })
    .await
}
