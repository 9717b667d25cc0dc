//! What roles bring about in projects, found before anything is written: a call beyond its budget is refused with nothing
//! to take back.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::db::{Demand, Tx};
use crate::limits::{PROJECT_GROUPS, json_bytes};
use crate::problem::{Conflict, Place, Problem};
use crate::store;
use crate::store::groups::Group;
use crate::store::ids::{GroupId, OrganisationId, ProjectId, RoleId, UserId};
use crate::store::roles::{Role, RoleState};

/// A role in a project that it applies to.
pub(super) struct InProject {
    pub(super) project_id: ProjectId,
    /// Its group there, if there is one yet.
    pub(super) group: Option<Group>,
    pub(super) joining: Vec<UserId>,
    pub(super) leaving: Vec<UserId>,
}

impl InProject {
    fn new(project_id: ProjectId, group: Option<Group>, [users, inside]: [&BTreeSet<UserId>; 2]) -> Self {
        let joining = users.difference(inside).copied().collect();
        let leaving = inside.difference(users).copied().collect();
        Self { project_id, group, joining, leaving }
    }

    /// The least that it writes: memberships that come and go with the groups are further rows.
    fn written(&self, role: &Role) -> Demand {
        let files = Some(&role.project_file_permissions);
        let is_written = self.group.as_ref().is_none_or(|group| group.file_permissions.as_ref() != files);
        Demand {
            rows: usize::from(is_written) + self.joining.len() + self.leaving.len(),
            bytes: if is_written { json_bytes(&files) } else { 0 },
        }
    }
}

/// A role in every project.
pub struct RolePlan<'r> {
    pub(super) role: &'r Role,
    pub(super) reached: Vec<InProject>,
    /// Its groups in projects that it no longer applies to, with the users in them.
    pub(super) left: Vec<(Group, BTreeSet<UserId>)>,
}

impl<'r> RolePlan<'r> {
    /// The role as it will be, in the live projects of its organisation.
    pub(super) fn new(tx: &Tx, state: &RoleState<'r>, live: &BTreeSet<ProjectId>) -> Result<Self, Problem> {
        let role = state.role;
        let groups = store::groups::all_of_role(tx, role.id)?;
        let mut inside = store::roles::users_in_groups(tx, role.id)?;
        let mut groups: HashMap<ProjectId, Group> =
            groups.into_iter().map(|group| (group.project_id, group)).collect();
        let named: BTreeSet<ProjectId> = state.projects.iter().chain(groups.keys()).copied().collect();
        let touched = if role.all_projects { live.clone() } else { &named & live };
        let (mut reached, mut left) = (Vec::new(), Vec::new());
        for project_id in touched {
            let group = groups.remove(&project_id);
            let members = group.as_ref().and_then(|group| inside.remove(&group.id)).unwrap_or_default();
            if role.all_projects || state.projects.contains(&project_id) {
                reached.push(InProject::new(project_id, group, [&state.users, &members]));
            } else if let Some(group) = group {
                left.push((group, members));
            }
        }
        Ok(Self { role, reached, left })
    }

    /// Refuses what is beyond a limit, and what projects do not allow (409).
    pub(super) fn check_all(tx: &Tx, plans: &[Self]) -> Result<(), Problem> {
        tx.ask_for(plans.iter().map(Self::written).fold(Demand::default(), Demand::and))?;
        plans.iter().try_for_each(|plan| plan.check_groups(tx))
    }

    fn written(&self) -> Demand {
        let reached = self.reached.iter().map(|here| here.written(self.role));
        let left = self.left.iter().map(|(_, users)| Demand::rows(1 + users.len()));
        reached.chain(left).fold(Demand::default(), Demand::and)
    }

    fn check_groups(&self, tx: &Tx) -> Result<(), Problem> {
        let new: Vec<ProjectId> =
            self.reached.iter().filter(|here| here.group.is_none()).map(|here| here.project_id).collect();
        if let Some(full) = store::groups::first_with(tx, &new, PROJECT_GROUPS.count)? {
            tx.check(PROJECT_GROUPS, PROJECT_GROUPS.count + 1).map_err(|_| full_project(full))?;
        }
        let projects: Vec<ProjectId> = self.left.iter().map(|(group, _)| group.project_id).collect();
        let mut approving: HashMap<ProjectId, Vec<GroupId>> = HashMap::new();
        for (project_id, group_id) in store::projects::approval_groups(tx, &projects)? {
            approving.entry(project_id).or_default().push(group_id);
        }
        let is_asked_alone = |group: &Group| {
            approving.get(&group.project_id).is_some_and(|approving| *approving == [group.id])
        };
        let wronged = self.left.iter().find(|(group, _)| is_asked_alone(group));
        wronged.map_or(Ok(()), |(group, _)| Err(last_approval_group(group.project_id)))
    }
}

/// Every role in a project that is created or restored.
pub struct ProjectPlan {
    pub(super) reaching: Vec<(Role, InProject)>,
    /// The groups of roles that no longer apply to it.
    pub(super) left: Vec<Group>,
    groups: usize,
}

impl ProjectPlan {
    /// The roles of the organisation in this project, which need not exist yet.
    pub fn new(tx: &Tx, organisation_id: OrganisationId, project_id: ProjectId) -> Result<Self, Problem> {
        let roles = store::roles::all(tx, organisation_id)?;
        let chosen: HashSet<RoleId> = store::roles::of_project(tx, project_id)?.into_iter().collect();
        let reaching: Vec<Role> =
            roles.into_iter().filter(|role| role.all_projects || chosen.contains(&role.id)).collect();
        let ids: Vec<RoleId> = reaching.iter().map(|role| role.id).collect();
        let mut users = store::roles::users_of_all(tx, &ids)?;
        let all = store::groups::all_of_project(tx, project_id)?;
        let groups = all.len();
        let of_roles = all.into_iter().filter_map(|group| group.role_id.map(|role_id| (role_id, group)));
        let mut of_roles: HashMap<RoleId, Group> = of_roles.collect();
        let in_project = |role: Role| {
            let group = of_roles.remove(&role.id);
            let users = users.remove(&role.id).unwrap_or_default().into_iter().collect();
            let inside = match &group {
                Some(group) => store::roles::users_in_group(tx, group)?.into_iter().collect(),
                None => BTreeSet::new(),
            };
            Ok((role, InProject::new(project_id, group, [&users, &inside])))
        };
        let reaching = reaching.into_iter().map(in_project).collect::<Result<Vec<_>, Problem>>()?;
        let mut left: Vec<Group> = of_roles.into_values().collect();
        left.sort_by_key(|group| (group.created_at, group.id));
        Ok(Self { reaching, left, groups })
    }

    /// Refuses what is beyond a limit (409), with what else is written into the project, and the groups in that.
    pub fn check(&self, tx: &Tx, beside: Demand, groups_beside: usize) -> Result<(), Problem> {
        let new = self.reaching.iter().filter(|(_, here)| here.group.is_none()).count() + groups_beside;
        // A project that is restored keeps what it has: nothing can be removed from it before.
        if self.groups == 0 {
            tx.check(PROJECT_GROUPS, new)?;
        }
        let reaching = self.reaching.iter().map(|(role, here)| here.written(role));
        tx.ask_for(reaching.fold(beside.and(Demand::rows(self.left.len())), Demand::and))
    }
}

fn full_project(project_id: ProjectId) -> Problem {
    let most = PROJECT_GROUPS.count;
    let detail =
        format!("would give the project {project_id} more than {most} groups; remove one there first");
    Problem::Conflict(Conflict::TooMany(PROJECT_GROUPS), vec![Place::pointer("/projects", detail)])
}

fn last_approval_group(project_id: ProjectId) -> Problem {
    let detail = format!(
        "takes away the only approval group of the project {project_id}; add another one to its approvals first"
    );
    Problem::Conflict(Conflict::LastApprovalGroup, vec![Place::pointer("/projects", detail)])
}
