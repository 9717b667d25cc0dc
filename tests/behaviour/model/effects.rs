//! What a step that was answered 200 does to the model.

use std::collections::BTreeMap;

use brms::clock::Timestamp;
use serde_json::Value;

use super::steps::{Credential, NewToken, Operation, Owner, ProjectChange, Step, UserChange};
use super::world::{DAY, Group, Member, Project, Token, TokenSecret, User, WEEK, World};
use crate::support::Answer;

impl World {
    /// Does to the model what the step did to the server; whether anything is different now.
    pub fn apply(&mut self, step: &Step, answer: &Answer, now: Timestamp) -> bool {
        match step {
            Step::Accept { code } => {
                let user = self.codes[*code].user;
                self.codes[*code].is_live = false;
                self.users[user].standing = "member";
                self.users[user].pending = false;
                true
            }
            Step::Call(credential, operation) => {
                let caller = match *credential {
                    Credential::SignIn(user) => user,
                    Credential::Secret(secret) => self.tokens[self.secrets[secret].token].user,
                };
                self.carry_out(caller, operation, answer, now)
            }
        }
    }

    fn carry_out(&mut self, caller: usize, operation: &Operation, answer: &Answer, now: Timestamp) -> bool {
        let before = self.clone();
        match operation {
            Operation::InviteUsers(_) => return self.invited(&answer.json(), now),
            Operation::SendInvitation(user) => self.sent(*user, now),
            Operation::UpdateUser(user, change) => self.updated_user(caller, *user, change),
            Operation::CreateServiceAccount { email, standing } => {
                let mut account = User::new(text(answer, "/id"), email, standing, now);
                account.is_service = true;
                self.users.push(account);
            }
            Operation::InviteMembers { project, users, groups, owner } => {
                return self.invited_members(*project, (users, groups), *owner, answer);
            }
            Operation::UpdateMember { project, user, groups, owner } => {
                self.updated_member((*project, *user), groups.as_deref(), *owner);
            }
            Operation::JoinProject(project) => {
                let members = &mut self.projects[*project].members;
                let is_new = !members.contains_key(&caller);
                members.entry(caller).or_insert_with(|| Member::of(&[]));
                return is_new;
            }
            Operation::CreateToken(owner, new) => {
                let user = if let Owner::Service(user) = owner { *user } else { caller };
                self.created_token(user, new, answer, now);
            }
            Operation::RegenerateToken { token, expiry, .. } => {
                self.tokens[*token].expires_at = end(expiry, now);
                self.secrets.iter_mut().filter(|secret| secret.token == *token).for_each(|secret| {
                    secret.is_newest = false;
                });
                self.new_secret(*token, answer);
            }
            Operation::DeleteToken { token, .. } => self.tokens[*token].is_gone = true,
            Operation::ListProjects { .. } | Operation::GetProject(_) | Operation::ListMemberUsers(_) => {
                return false;
            }
            Operation::CreateRole(_) | Operation::UpdateRole(..) => self.saved_role(operation, answer),
            _ => self.changed_project(caller, operation, answer),
        }
        // Updates that change nothing leave no trace.
        before != *self
    }

    fn changed_project(&mut self, caller: usize, operation: &Operation, answer: &Answer) {
        match operation {
            Operation::CreateProject { key, copy } => self.created_project(caller, key, *copy, answer),
            Operation::UpdateProject(project, change) => {
                let project = &mut self.projects[*project];
                match change {
                    ProjectChange::Name(name) => project.name.clone_from(name),
                    ProjectChange::Key(key) => (*key).clone_into(&mut project.key),
                    ProjectChange::Protection(is_protected) => project.is_protected = *is_protected,
                }
            }
            Operation::DeleteProject(project) => self.projects[*project].is_deleted = true,
            Operation::RestoreProject(project) => {
                let own = self.projects[*project].key.clone();
                let numbered = (2..).map(|number| format!("{own}-{number}"));
                let mut keys = [own.clone()].into_iter().chain(numbered);
                let key = keys.find(|key| !self.key_is_taken(key)).expect("a free key");
                self.projects[*project].key = key;
                self.projects[*project].is_deleted = false;
                self.follow_roles();
            }
            Operation::UpdateApprovals { project, groups } => {
                self.projects[*project].approving.clone_from(groups);
            }
            Operation::CreateGroup(project, save) => self.groups.push(Group {
                project: *project,
                name: save.name.clone(),
                permissions: save.permissions.clone(),
                role: None,
                is_gone: false,
            }),
            Operation::UpdateGroup(group, save) => {
                let group = &mut self.groups[*group];
                group.name.clone_from(&save.name);
                if save.permissions.is_some() {
                    group.permissions.clone_from(&save.permissions);
                }
            }
            Operation::DeleteGroup(group) => self.remove_group(*group),
            other => unreachable!("{other:?} changes no project"),
        }
    }

    fn created_project(&mut self, caller: usize, key: &str, copy: Option<usize>, answer: &Answer) {
        let number = self.projects.len();
        let mut numbers = BTreeMap::new();
        let copied = self.groups_of(copy.unwrap_or(usize::MAX)).filter(|(_, group)| group.role.is_none());
        let copied: Vec<_> = copied.map(|(original, group)| (original, group.clone())).collect();
        for (original, group) in copied {
            numbers.insert(original, self.groups.len());
            self.groups.push(Group { project: number, ..group });
        }
        let asked = copy.map(|source| self.projects[source].approving.clone()).unwrap_or_default();
        let approving = asked.iter().filter_map(|original| numbers.get(original).copied()).collect();
        self.projects.push(Project {
            id: text(answer, "/project/id"),
            key: key.to_owned(),
            name: key.to_owned(),
            is_protected: false,
            is_deleted: false,
            members: BTreeMap::from([(caller, Member::owner())]),
            approving,
        });
        self.follow_roles();
    }

    /// Its members stay members of the project, without what the group gave them.
    pub fn remove_group(&mut self, group: usize) {
        self.groups[group].is_gone = true;
        let project = &mut self.projects[self.groups[group].project];
        project.approving.retain(|approving| *approving != group);
        for member in project.members.values_mut() {
            member.groups.remove(&group);
        }
    }

    fn invited_members(
        &mut self,
        project: usize,
        (users, groups): (&[usize], &[usize]),
        is_owner: bool,
        answer: &Answer,
    ) -> bool {
        let mut new = Vec::new();
        for user in users {
            if !self.projects[project].members.contains_key(user) {
                self.projects[project].members.insert(*user, Member { is_owner, ..Member::of(groups) });
                new.push(self.users[*user].id.clone());
            }
        }
        let body = answer.json();
        let answered = body.as_array().expect("members").iter();
        let answered: Vec<_> = answered.map(|member| member["userId"].as_str().expect("an id")).collect();
        assert_eq!(answered, new, "the memberships that are new, in the order of the request");
        !new.is_empty()
    }

    /// Groups of roles stay; the membership is the hand's from now on.
    fn updated_member(&mut self, (project, user): (usize, usize), groups: Option<&[usize]>, is_owner: bool) {
        let member = self.projects[project].members.get_mut(&user).expect("a member");
        if let Some(groups) = groups {
            member.groups.retain(|group| self.groups[*group].role.is_some());
            member.groups.extend(groups);
        }
        member.is_owner = is_owner;
        member.is_by_role = false;
    }

    fn created_token(&mut self, user: usize, new: &NewToken, answer: &Answer, now: Timestamp) {
        self.tokens.push(Token {
            id: text(answer, "/id"),
            user,
            note: new.note.clone(),
            permissions: new.permissions.clone(),
            projects: new.projects.as_ref().map(|all| all.iter().copied().collect()),
            expires_at: end(new.expiry, now),
            is_gone: false,
        });
        self.new_secret(self.tokens.len() - 1, answer);
    }

    fn new_secret(&mut self, token: usize, answer: &Answer) {
        let authorization = format!("Bearer {}", text(answer, "/token"));
        self.secrets.push(TokenSecret { authorization, token, is_newest: true });
    }

    fn sent(&mut self, user: usize, now: Timestamp) {
        self.end_codes(user);
        self.users[user].sends.push(now);
        self.users[user].expires_at = now.plus(WEEK);
    }

    fn end_codes(&mut self, user: usize) {
        for code in self.codes.iter_mut().filter(|code| code.user == user) {
            code.is_live = false;
        }
    }

    fn invited(&mut self, invitations: &Value, now: Timestamp) -> bool {
        let invitations = invitations.as_array().expect("invitations");
        for invitation in invitations {
            let email = invitation["email"].as_str().expect("an address");
            let user = self.by_email(email).unwrap_or_else(|| {
                let id = invitation["userId"].as_str().expect("a user").to_owned();
                self.users.push(User { pending: true, ..User::new(id, email, "invited", now) });
                self.users.len() - 1
            });
            self.sent(user, now);
        }
        !invitations.is_empty()
    }

    fn updated_user(&mut self, caller: usize, user: usize, change: &UserChange) {
        match change {
            UserChange::Standing(standing) => {
                if *standing == "owner" && self.users[user].standing != "owner" {
                    self.users[caller].standing = "admin";
                }
                self.users[user].standing = standing;
            }
            UserChange::Status(status) => {
                if *status == "disabled" && self.users[user].status != "disabled" {
                    self.end_codes(user);
                    let own = self.tokens.iter_mut().filter(|token| token.user == user);
                    own.for_each(|token| token.is_gone = true);
                }
                self.users[user].status = status;
            }
            UserChange::Roles(roles) => {
                for (number, role) in self.roles.iter_mut().enumerate() {
                    if roles.contains(&number) {
                        role.users.insert(user);
                    } else {
                        role.users.remove(&user);
                    }
                }
                self.follow_roles();
            }
        }
    }
}

impl User {
    fn new(id: String, email: &str, standing: &'static str, now: Timestamp) -> Self {
        Self {
            id,
            email: email.to_owned(),
            standing,
            status: "active",
            is_service: false,
            pending: false,
            expires_at: now,
            sends: Vec::new(),
        }
    }
}

/// A text of an answer.
pub fn text(answer: &Answer, pointer: &str) -> String {
    let body = answer.json();
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}: {body}")).to_owned()
}

/// When a token of this lifetime ends.
fn end(expiry: &str, now: Timestamp) -> Option<Timestamp> {
    let days = match expiry {
        "week" => 7,
        "month" => 30,
        "indefinite" => return None,
        other => panic!("no lifetime of the generator's: {other}"),
    };
    Some(now.plus(DAY * days))
}
