//! Chooses what happens next. The same seed gives the same life.

use std::time::Duration;

use super::steps::{
    Credential, GroupSave, NewToken, Operation, Owner, ProjectChange, RoleSave, Step, UserChange, Words,
};
use super::world::{DAY, ODD_ADDRESSES, User, WEEK, World};
use crate::support::random::Random;

const KEYS: [&str; 6] = ["pricing", "claims", "alpha", "beta", "gamma", "delta"];
/// What names end with: nothing, or what is easily mishandled.
const ODD_ENDINGS: [&str; 8] = ["", "", "", " İ", " e\u{301}", "\u{200b}", " \u{202e}x", " '<b>\" %_\\"];
const PROJECTS_MAX: usize = 9;
const ROLES_MAX: usize = 4;
const PERMISSIONS: [&[&str]; 7] = [
    &[],
    &["documents:view-content"],
    &["project:manage"],
    &["project:manage", "releases"],
    &["documents", "project:manage"],
    &["owner"],
    &["releases:deploy", "owner"],
];

pub struct Generator {
    random: Random,
    names: u32,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), names: 0 }
    }

    /// How long nothing happens: mostly nothing, sometimes past the throttle, sometimes to the millisecond at
    /// which a link or a token ends.
    pub fn pause(&mut self) -> Option<Duration> {
        match self.below(16) {
            0 => Some(Duration::from_mins(11)),
            1 => Some(WEEK),
            2 => Some(Duration::from_millis(1)),
            3 => Some(DAY),
            _ => None,
        }
    }

    pub fn next_step(&mut self, world: &World) -> Step {
        if !world.codes.is_empty() && self.random.once_in(10) {
            return Step::Accept { code: self.below(world.codes.len()) };
        }
        let operation = self.operation(world);
        let credential = self.credential(world, &operation);
        Step::Call(credential, operation)
    }

    /// Most steps by those who may, or little would happen.
    fn credential(&mut self, world: &World, operation: &Operation) -> Credential {
        if self.random.once_in(if operation.needs_sign_in() { 8 } else { 3 }) {
            // Mostly a new one: the others end one by one.
            let secrets = world.secrets.len();
            let first = if self.random.once_in(3) { 0 } else { secrets.saturating_sub(6) };
            return Credential::Secret(first + self.below(secrets - first));
        }
        if self.random.once_in(2) {
            return Credential::SignIn(self.below(2));
        }
        let is_any = self.random.once_in(6);
        let may_call = |user: &User| user.status == "active" && user.standing != "invited";
        let is_fit = |user: &User| !user.is_service && (is_any || may_call(user));
        let people: Vec<usize> = (0..world.users.len()).filter(|user| is_fit(&world.users[*user])).collect();
        Credential::SignIn(*self.random.of(&people))
    }

    fn operation(&mut self, world: &World) -> Operation {
        match self.below(5) {
            0 => self.about_users(world),
            1 => self.about_projects(world),
            2 => self.about_groups_and_members(world),
            3 => self.about_roles(world),
            _ => self.about_tokens(world),
        }
    }

    fn about_users(&mut self, world: &World) -> Operation {
        let user = self.below(world.users.len());
        match self.below(8) {
            0 | 1 => {
                let count = 1 + self.below(3);
                Operation::InviteUsers((0..count).map(|_| self.email(world)).collect())
            }
            2 | 3 => Operation::SendInvitation(user),
            4 => {
                let standings = ["invited", "member", "member", "author", "admin", "owner"];
                Operation::UpdateUser(user, UserChange::Standing(self.one_of(&standings)))
            }
            5 => {
                // Mostly of a user with tokens, which end with it; and mostly back to active.
                let with_tokens = world.tokens[self.below(world.tokens.len())].user;
                let user = if self.random.once_in(3) { user } else { with_tokens };
                let goes_back = world.users[user].status != "active" && !self.random.once_in(4);
                let statuses = ["active", "disabled", "disabled", "locked"];
                let status = if goes_back { "active" } else { self.one_of(&statuses) };
                Operation::UpdateUser(user, UserChange::Status(status))
            }
            6 => {
                let roles = self.some(world.roles.len(), 2);
                Operation::UpdateUser(user, UserChange::Roles(roles))
            }
            _ => Operation::CreateServiceAccount {
                email: self.email(world),
                standing: self.one_of(&["member", "member", "admin"]),
            },
        }
    }

    fn about_projects(&mut self, world: &World) -> Operation {
        let project = self.project(world);
        match self.below(12) {
            0 | 1 if world.projects.len() < PROJECTS_MAX => {
                let copy = self.random.once_in(2).then(|| self.below(world.projects.len()));
                Operation::CreateProject { key: self.one_of(&KEYS), copy }
            }
            0 | 1 => Operation::UpdateProject(project, ProjectChange::Name(self.name("Project"))),
            2 => Operation::UpdateProject(project, ProjectChange::Key(self.one_of(&KEYS))),
            3 => {
                let is_protected = self.random.once_in(4);
                Operation::UpdateProject(project, ProjectChange::Protection(is_protected))
            }
            4 | 5 => Operation::DeleteProject(project),
            6..=8 => {
                let deleted = (0..world.projects.len()).filter(|number| world.projects[*number].is_deleted);
                let deleted: Vec<usize> = deleted.collect();
                let is_any = deleted.is_empty() || self.random.once_in(5);
                Operation::RestoreProject(if is_any { project } else { *self.random.of(&deleted) })
            }
            9 => Operation::JoinProject(project),
            10 => Operation::ListProjects { all: self.random.once_in(2) },
            _ => Operation::GetProject(project),
        }
    }

    fn about_groups_and_members(&mut self, world: &World) -> Operation {
        let (project, user) = (self.project(world), self.below(world.users.len()));
        let owner = self.random.once_in(3);
        match self.below(12) {
            0 | 1 => {
                let save = self.group_save();
                Operation::CreateGroup(project, save)
            }
            2 => {
                let save = self.group_save();
                Operation::UpdateGroup(self.below(world.groups.len()), save)
            }
            3 => Operation::DeleteGroup(self.below(world.groups.len())),
            4 => {
                let groups = self.groups(world, project);
                Operation::UpdateApprovals { project, groups }
            }
            5..=7 => {
                let users = vec![user, self.below(world.users.len())];
                let groups = self.groups(world, project);
                Operation::InviteMembers { project, users, groups, owner }
            }
            8..=10 => {
                // Mostly a member.
                let members: Vec<usize> = world.projects[project].members.keys().copied().collect();
                let is_member = !members.is_empty() && !self.random.once_in(5);
                let user = if is_member { *self.random.of(&members) } else { user };
                let groups = (!self.random.once_in(3)).then(|| self.groups(world, project));
                Operation::UpdateMember { project, user, groups, owner }
            }
            _ => Operation::ListMemberUsers(project),
        }
    }

    fn about_roles(&mut self, world: &World) -> Operation {
        let save = RoleSave {
            name: self.name("Role"),
            is_for_all: self.random.once_in(4),
            permissions: (!self.random.once_in(3)).then(|| self.permissions()),
            users: (!self.random.once_in(3)).then(|| self.some(world.users.len(), 4)),
            projects: (!self.random.once_in(3)).then(|| self.some(world.projects.len(), 3)),
        };
        if world.roles.is_empty() || world.roles.len() < ROLES_MAX && self.random.once_in(4) {
            return Operation::CreateRole(save);
        }
        if self.random.once_in(3) {
            let user = self.below(world.users.len());
            return Operation::UpdateUser(user, UserChange::Roles(self.some(world.roles.len(), 2)));
        }
        Operation::UpdateRole(self.below(world.roles.len()), save)
    }

    fn about_tokens(&mut self, world: &World) -> Operation {
        let services: Vec<usize> =
            (0..world.users.len()).filter(|user| world.users[*user].is_service).collect();
        let owner = match self.below(6) {
            0 => Owner::Service(self.below(world.users.len())),
            1 | 2 => Owner::Service(*self.random.of(&services)),
            _ => Owner::Caller,
        };
        let expiry = self.one_of(&["week", "week", "month", "indefinite"]);
        if !self.random.once_in(3) {
            let (note, permissions) = (self.name("Token"), self.permissions());
            let projects = self.random.once_in(2).then(|| self.some(world.projects.len(), 2));
            return Operation::CreateToken(owner, NewToken { note, permissions, projects, expiry });
        }
        let token = self.below(world.tokens.len());
        // Mostly as those whose it is may.
        let user = world.tokens[token].user;
        let is_of_service = world.users[user].is_service && !self.random.once_in(5);
        let owner = if is_of_service { Owner::Service(user) } else { owner };
        if self.random.once_in(2) {
            Operation::RegenerateToken { owner, token, expiry }
        } else {
            Operation::DeleteToken { owner, token }
        }
    }

    fn group_save(&mut self) -> GroupSave {
        let permissions = (!self.random.once_in(4)).then(|| self.permissions());
        GroupSave { name: self.name("Group"), permissions }
    }

    fn permissions(&mut self) -> Words {
        self.random.of(&PERMISSIONS).to_vec()
    }

    /// A project, mostly one that is not deleted.
    fn project(&mut self, world: &World) -> usize {
        let any = self.below(world.projects.len());
        let again = self.below(world.projects.len());
        if world.projects[any].is_deleted { again } else { any }
    }

    /// Up to two groups, mostly of this project.
    fn groups(&mut self, world: &World, project: usize) -> Vec<usize> {
        let own: Vec<usize> = world.groups_of(project).map(|(number, _)| number).collect();
        if own.is_empty() || self.random.once_in(8) {
            return self.some(world.groups.len(), 2);
        }
        self.some(own.len(), 2).into_iter().map(|position| own[position]).collect()
    }

    /// At most so many numbers below a limit, each once.
    fn some(&mut self, limit: usize, most: usize) -> Vec<usize> {
        let count = self.below(most + 1).min(limit);
        let mut chosen = Vec::new();
        while chosen.len() < count {
            let number = self.below(limit);
            if !chosen.contains(&number) {
                chosen.push(number);
            }
        }
        chosen
    }

    fn email(&mut self, world: &World) -> String {
        if self.random.once_in(2) {
            let user = self.below(world.users.len());
            return world.users[user].email.to_uppercase();
        }
        if self.random.once_in(3) {
            return self.one_of(&ODD_ADDRESSES).0.to_owned();
        }
        format!("person{}@acme.test", self.below(8))
    }

    /// A name that nothing else has.
    fn name(&mut self, noun: &str) -> String {
        self.names += 1;
        let ending = self.one_of(&ODD_ENDINGS);
        format!("{noun} {}{ending}", self.names)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random.below(limit)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        *self.random.of(all)
    }
}
