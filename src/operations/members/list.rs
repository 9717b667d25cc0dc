//! listMembers and listMemberUsers.

use std::sync::Arc;

use crate::access::{self, Principal};
use crate::app::App;
use crate::generated::api::{ListMemberUsersParameters, ListMembersParameters};
use crate::generated::models::{MemberList, MemberUserList};
use crate::paging::Page;
use crate::problem::Problem;
use crate::store;
use crate::store::ids::UserId;
use crate::views;

/// The members of a project.
pub async fn list(
    app: &App,
    principal: Principal,
    parameters: ListMembersParameters,
) -> Result<MemberList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        let (project, _) = access::projects::access(tx, caller, parameters.project_id.into())?;
        let listed = store::members::list(tx, &project, parameters.search.as_deref(), page)?;
        let ids: Vec<UserId> = listed.rows.iter().map(|(_, user)| user.id).collect();
        let groups = store::groups::of_members(tx, project.id, &ids)?;
        let mut results = Vec::with_capacity(listed.rows.len());
        for (membership, user) in listed.rows {
            let groups = groups.get(&user.id).into_iter().flatten().map(Arc::as_ref);
            results.push(views::members::member(&membership, &user, groups));
        }
        let paginate = page.pagination(listed.total, results.len());
        Ok(MemberList { results, paginate })
    })
    .await
}

/// Users of the organisation who can be invited to a project: not members, and not disabled.
pub async fn list_users(
    app: &App,
    principal: Principal,
    parameters: ListMemberUsersParameters,
) -> Result<MemberUserList, Problem> {
    let page = Page::new(parameters.page, parameters.per_page);
    app.read(principal, move |tx, caller| {
        let (project, _) = access::projects::access(tx, caller, parameters.project_id.into())?;
        let listed = store::users::list_outside_project(
            tx,
            caller.organisation_id,
            project.id,
            parameters.search.as_deref(),
            page,
        )?;
        let results: Vec<_> = listed.rows.iter().map(views::users::member_user).collect();
        let paginate = page.pagination(listed.total, results.len());
        Ok(MemberUserList { results, paginate })
    })
    .await
}
