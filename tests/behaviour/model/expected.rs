//! What the model expects of an answer: the rules of the documents, in the order in which they refuse.

use std::time::Duration;

use brms::clock::Timestamp;

use super::steps::{GroupSave, NewToken, Operation, Owner, ProjectChange, RoleSave, Step, UserChange};
use super::world::{Caller, Code, Member, Rights, World};

const SEND_WINDOW: Duration = Duration::from_mins(10);
const SENDS_MAX: usize = 3;

/// The status of a refusal.
type Verdict = Result<(), u16>;

fn demand(is_met: bool, status: u16) -> Verdict {
    if is_met { Ok(()) } else { Err(status) }
}

impl World {
    /// The status that a step has to be answered with.
    pub fn expected(&self, step: &Step, now: Timestamp) -> u16 {
        let verdict = match step {
            Step::Accept { code } => self.acceptable(&self.codes[*code], now),
            Step::Call(credential, operation) => match self.caller(*credential, now) {
                Some(caller) if caller.token.is_none() || !operation.needs_sign_in() => {
                    self.allowed(caller, operation, now)
                }
                _ => Err(401),
            },
        };
        verdict.err().unwrap_or(200)
    }

    fn acceptable(&self, code: &Code, now: Timestamp) -> Verdict {
        let user = &self.users[code.user];
        let opens = code.is_live && user.pending && now < user.expires_at;
        demand(opens && user.standing == "invited" && user.status == "active", 410)
    }

    fn allowed(&self, caller: Caller, operation: &Operation, now: Timestamp) -> Verdict {
        match operation {
            Operation::InviteUsers(_)
            | Operation::SendInvitation(_)
            | Operation::UpdateUser(..)
            | Operation::CreateServiceAccount { .. } => self.about_users(caller, operation, now),
            Operation::CreateRole(save) => self.savable_role(caller, save),
            Operation::UpdateRole(role, save) => {
                self.savable_role(caller, save)?;
                demand(!self.ends_approvals(*role, save), 409)
            }
            Operation::CreateToken(owner, new) => self.creatable_token(caller, *owner, new),
            Operation::RegenerateToken { owner, token, .. } | Operation::DeleteToken { owner, token } => {
                let user = self.token_owner(caller, *owner)?;
                let token = &self.tokens[*token];
                demand(token.user == user && !token.is_gone, 404)
            }
            Operation::CreateProject { key, copy } => {
                let standing = self.users[caller.user].standing;
                demand(reaches_everything(caller) && matches!(standing, "owner" | "admin" | "author"), 403)?;
                copy.map_or(Ok(()), |source| self.live(caller, source).map(drop))?;
                demand(!self.key_is_taken(key), 409)
            }
            Operation::ListProjects { all } => {
                demand(reaches_everything(caller) && (!all || self.is_administrator(caller)), 403)
            }
            Operation::RestoreProject(project) => self.restorable(caller, *project),
            Operation::JoinProject(project) => {
                self.live(caller, *project)?;
                demand(reaches_everything(caller), 403)
            }
            Operation::GetProject(project) => self.live(caller, *project).map(drop),
            Operation::DeleteProject(project) => {
                demand(self.live(caller, *project)?.has("owner"), 403)?;
                demand(!self.projects[*project].is_protected, 409)
            }
            _ => self.managed(caller, operation),
        }
    }

    /// What the caller may do in a project that is not deleted.
    fn live<'a>(&self, caller: Caller<'a>, project: usize) -> Result<Rights<'a>, u16> {
        self.rights(caller, project).filter(|_| !self.projects[project].is_deleted).ok_or(404)
    }

    /// What asks for `project:manage` in one project.
    fn managed(&self, caller: Caller, operation: &Operation) -> Verdict {
        let project = match operation {
            Operation::UpdateProject(project, _)
            | Operation::ListMemberUsers(project)
            | Operation::UpdateApprovals { project, .. }
            | Operation::CreateGroup(project, _)
            | Operation::InviteMembers { project, .. }
            | Operation::UpdateMember { project, .. } => *project,
            Operation::UpdateGroup(group, _) | Operation::DeleteGroup(group) => self.groups[*group].project,
            other => unreachable!("{other:?} is allowed elsewhere"),
        };
        let rights = self.live(caller, project)?;
        demand(rights.has("project:manage"), 403)?;
        match operation {
            Operation::UpdateProject(_, change) => {
                let is_other = match change {
                    ProjectChange::Name(_) => false,
                    ProjectChange::Key(key) => self.projects[project].key != *key,
                    ProjectChange::Protection(is_protected) => {
                        self.projects[project].is_protected != *is_protected
                    }
                };
                demand(!is_other || rights.has("owner"), 403)?;
                let takes_key =
                    matches!(change, ProjectChange::Key(key) if is_other && self.key_is_taken(key));
                demand(!takes_key, 409)
            }
            Operation::UpdateApprovals { groups, .. } => self.of_project(project, groups),
            Operation::CreateGroup(_, save) => demand(!carries_owner(save) || rights.has("owner"), 403),
            Operation::UpdateGroup(group, save) => {
                demand(!self.groups[*group].is_gone, 404)?;
                demand(!carries_owner(save) && !self.carries_owner(*group) || rights.has("owner"), 403)?;
                demand(self.groups[*group].role.is_none(), 409)
            }
            Operation::DeleteGroup(group) => {
                demand(!self.groups[*group].is_gone, 404)?;
                demand(!self.carries_owner(*group) || rights.has("owner"), 403)?;
                let approving = &self.projects[project].approving;
                let is_last = approving.len() == 1 && approving.contains(group);
                demand(self.groups[*group].role.is_none() && !is_last, 409)
            }
            Operation::InviteMembers { users, groups, owner, .. } => {
                let named = self.named(project, groups);
                let gives_owner = *owner || named.iter().any(|group| self.carries_owner(*group));
                demand(!gives_owner || rights.has("owner"), 403)?;
                self.of_project(project, groups)?;
                demand(users.iter().all(|user| self.users[*user].status != "disabled"), 409)?;
                demand(named.iter().all(|group| self.groups[*group].role.is_none()), 409)
            }
            Operation::UpdateMember { user, groups, owner, .. } => {
                self.updatable_member(&rights, (project, *user), groups.as_deref(), *owner)
            }
            _ => Ok(()),
        }
    }

    /// Those of these groups that the project has.
    fn named(&self, project: usize, groups: &[usize]) -> Vec<usize> {
        let has = |group: &usize| self.groups[*group].project == project && !self.groups[*group].is_gone;
        groups.iter().copied().filter(has).collect()
    }

    fn of_project(&self, project: usize, groups: &[usize]) -> Verdict {
        demand(self.named(project, groups).len() == groups.len(), 404)
    }

    fn updatable_member(
        &self,
        rights: &Rights,
        (project, user): (usize, usize),
        groups: Option<&[usize]>,
        owner: bool,
    ) -> Verdict {
        let members = &self.projects[project].members;
        let member = members.get(&user).ok_or(404_u16)?;
        let named = groups.map(|groups| self.named(project, groups));
        let is_by_hand = |group: usize| self.groups[group].role.is_none();
        let gives_or_takes_owner = named.as_ref().is_some_and(|named| {
            let given =
                named.iter().any(|group| self.carries_owner(*group) && !member.groups.contains(group));
            let mut had = member.groups.iter().filter(|group| is_by_hand(**group));
            given || had.any(|group| self.carries_owner(*group) && !named.contains(group))
        });
        demand(owner == member.is_owner && !gives_or_takes_owner || rights.has("owner"), 403)?;
        self.of_project(project, groups.unwrap_or_default())?;
        let is_givable = |group: &usize| is_by_hand(*group) || member.groups.contains(group);
        demand(named.unwrap_or_default().iter().all(is_givable), 409)?;
        let is_owner =
            |(other, member): (&usize, &Member)| *other != user && member.is_owner && self.can_act(*other);
        let has_other_owner = members.iter().any(is_owner);
        demand(!member.is_owner || owner || has_other_owner, 409)
    }

    /// The caller needs `owner` by the memberships of then, and by what the roles say of it now.
    fn restorable(&self, caller: Caller, project: usize) -> Verdict {
        demand(self.rights(caller, project).ok_or(404_u16)?.has("owner"), 403)?;
        demand(self.projects[project].is_deleted, 409)?;
        demand(self.rights_after_roles(caller, project).ok_or(404_u16)?.has("owner"), 403)
    }

    fn savable_role(&self, caller: Caller, save: &RoleSave) -> Verdict {
        demand(reaches_everything(caller) && self.is_administrator(caller), 403)?;
        let mut projects = save.projects.iter().flatten();
        demand(save.is_for_all || projects.all(|project| !self.projects[*project].is_deleted), 404)
    }

    /// Whose tokens they are.
    fn token_owner(&self, caller: Caller, owner: Owner) -> Result<usize, u16> {
        match owner {
            Owner::Caller => Ok(caller.user),
            Owner::Service(user) => {
                demand(self.users[user].is_service, 404)?;
                demand(reaches_everything(caller) && self.is_administrator(caller), 403)?;
                Ok(user)
            }
        }
    }

    fn creatable_token(&self, caller: Caller, owner: Owner, new: &NewToken) -> Verdict {
        let user = self.token_owner(caller, owner)?;
        for project in new.projects.iter().flatten() {
            self.live(caller, *project)?;
        }
        demand(self.users[user].status != "disabled", 409)
    }

    fn about_users(&self, caller: Caller, operation: &Operation, now: Timestamp) -> Verdict {
        demand(reaches_everything(caller) && self.is_administrator(caller), 403)?;
        match operation {
            Operation::InviteUsers(emails) => {
                let known = emails.iter().filter_map(|email| self.by_email(email));
                known.map(|user| self.sendable(user, now)).find(Result::is_err).unwrap_or(Ok(()))
            }
            Operation::SendInvitation(user) => self.sendable(*user, now),
            Operation::UpdateUser(user, change) => self.updatable_user(caller, *user, change),
            Operation::CreateServiceAccount { email, .. } => demand(self.by_email(email).is_none(), 409),
            other => unreachable!("{other:?} is not about users"),
        }
    }

    fn sendable(&self, user: usize, now: Timestamp) -> Verdict {
        let user = &self.users[user];
        let recent = user.sends.iter().filter(|sent| **sent > now.minus(SEND_WINDOW)).count();
        demand(user.status == "active" && user.pending, 409)?;
        demand(recent < SENDS_MAX, 429)
    }

    fn updatable_user(&self, caller: Caller, user: usize, change: &UserChange) -> Verdict {
        let before = &self.users[user];
        let (standing, status) = match change {
            UserChange::Standing(standing) => (*standing, before.status),
            UserChange::Status(status) => (before.standing, *status),
            UserChange::Roles(_) => (before.standing, before.status),
        };
        let touches_owner = before.standing == "owner" || standing == "owner";
        demand(!touches_owner || self.users[caller.user].standing == "owner", 403)?;
        let to_or_from_invited =
            before.standing != standing && (before.standing == "invited" || standing == "invited");
        let owner_goes = before.standing == "owner" && (standing != "owner" || status != "active");
        let is_fit = !before.is_service && status == "active";
        let unfit = standing == "owner" && before.standing != "owner" && !is_fit;
        demand(!to_or_from_invited && !owner_goes && !unfit, 409)
    }
}

/// A token reaches what lies outside single projects only if it reaches everything.
fn reaches_everything(caller: Caller) -> bool {
    caller.token.is_none_or(|token| token.projects.is_none() && token.permissions.contains(&"owner"))
}

fn carries_owner(save: &GroupSave) -> bool {
    save.permissions.as_ref().is_some_and(|words| words.contains(&"owner"))
}
