//! The model: what there is, what a step does to it, and what the answer has to be.

use std::collections::BTreeMap;
use std::time::Duration;

use brms::clock::Timestamp;
use serde_json::Value;

use super::steps::{Change, Step};
use crate::support::random::Random;
use crate::support::server::Mail;
use crate::support::{Answer, seed};

const WEEK: Duration = Duration::from_hours(7 * 24);
const SEND_WINDOW: Duration = Duration::from_mins(10);
const SENDS_MAX: usize = 3;
const KEYS: [&str; 6] = ["pricing", "claims", "alpha", "beta", "gamma", "delta"];

pub struct User {
    pub id: String,
    pub email: String,
    pub standing: &'static str,
    pub status: &'static str,
    /// There is an invitation that was not taken up.
    pending: bool,
    expires_at: Timestamp,
    sends: Vec<Timestamp>,
}

pub struct Project {
    pub id: String,
    pub key: String,
    /// Who is in it, and whether with the owner mark.
    pub members: BTreeMap<usize, bool>,
}

/// A code that was mailed once, and what became of it.
pub struct Code {
    pub text: String,
    user: usize,
    is_live: bool,
}

pub struct World {
    random: Random,
    pub users: Vec<User>,
    pub projects: Vec<Project>,
    pub codes: Vec<Code>,
}

impl World {
    pub fn new(seed: u64, now: Timestamp) -> Self {
        let user = |id: &str, email: &str, standing, pending| User {
            id: id.to_owned(),
            email: email.to_owned(),
            standing,
            status: "active",
            pending,
            expires_at: now.plus(WEEK),
            sends: Vec::new(),
        };
        let users = vec![
            user(seed::OWNER, "owner@acme.test", "owner", false),
            user(seed::ADMIN, "admin@acme.test", "admin", false),
            user(seed::READER, "reader@acme.test", "member", false),
            user(seed::IVY, seed::IVY_EMAIL, "invited", true),
            user(seed::NINA, "nina@acme.test", "member", false),
        ];
        let project = |id: &str, key: &str, members: &[(usize, bool)]| Project {
            id: id.to_owned(),
            key: key.to_owned(),
            members: members.iter().copied().collect(),
        };
        let projects = vec![
            project(seed::PRICING, "pricing", &[(0, true), (2, false)]),
            project(seed::CLAIMS, "claims", &[(1, true)]),
        ];
        Self { random: Random::new(seed), users, projects, codes: Vec::new() }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random.below(limit)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        *self.random.of(all)
    }

    /// How long nothing happens: mostly nothing, sometimes past the throttle, sometimes past a link's end.
    pub fn pause(&mut self) -> Option<Duration> {
        match self.below(12) {
            0 => Some(Duration::from_mins(11)),
            1 => Some(WEEK),
            2 => Some(Duration::from_millis(1)),
            _ => None,
        }
    }

    pub fn next_step(&mut self) -> Step {
        let (caller, user, project) =
            (self.below(self.users.len()), self.below(self.users.len()), self.below(self.projects.len()));
        // Most steps by those who may, or little would happen.
        let caller = if self.below(3) > 0 { self.below(2) } else { caller };
        let owner = self.below(2) == 0;
        match self.below(9) {
            0 => {
                let count = 1 + self.below(3);
                let emails = (0..count).map(|_| self.email()).collect();
                Step::InviteUsers { caller, emails }
            }
            1 | 2 => Step::SendInvitation { caller, user },
            3 | 4 if !self.codes.is_empty() => Step::Accept { code: self.below(self.codes.len()) },
            5 => {
                let change = if self.below(2) == 0 {
                    Change::Standing(self.one_of(&["invited", "member", "author", "admin", "owner"]))
                } else {
                    Change::Status(self.one_of(&["active", "active", "disabled", "locked"]))
                };
                Step::UpdateUser { caller, user, change }
            }
            6 => Step::CreateProject { caller, key: self.one_of(&KEYS) },
            7 => Step::UpdateMember { caller, project, user, owner },
            _ => {
                let other = self.below(self.users.len());
                Step::InviteMembers { caller, project, users: vec![user, other], owner }
            }
        }
    }

    fn email(&mut self) -> String {
        let known = self.below(2) == 0;
        if known {
            let user = self.below(self.users.len());
            return self.users[user].email.to_uppercase();
        }
        format!("person{}@acme.test", self.below(8))
    }

    pub fn codes(&self) -> Vec<String> {
        self.codes.iter().map(|code| code.text.clone()).collect()
    }

    /// What the answer has to be.
    pub fn expected(&self, step: &Step, now: Timestamp) -> u16 {
        match step {
            Step::Accept { code } => self.expected_of_accept(&self.codes[*code], now),
            Step::InviteUsers { caller, .. }
            | Step::SendInvitation { caller, .. }
            | Step::UpdateUser { caller, .. }
            | Step::CreateProject { caller, .. }
            | Step::InviteMembers { caller, .. }
            | Step::UpdateMember { caller, .. } => {
                let caller = &self.users[*caller];
                if caller.status != "active" || caller.standing == "invited" {
                    401
                } else {
                    self.allowed(step, now)
                }
            }
        }
    }

    fn expected_of_accept(&self, code: &Code, now: Timestamp) -> u16 {
        let user = &self.users[code.user];
        let opens = code.is_live
            && user.pending
            && now < user.expires_at
            && user.standing == "invited"
            && user.status == "active";
        if opens { 200 } else { 410 }
    }

    fn is_administrator(&self, user: usize) -> bool {
        matches!(self.users[user].standing, "owner" | "admin")
    }

    fn allowed(&self, step: &Step, now: Timestamp) -> u16 {
        match step {
            Step::Accept { .. } => unreachable!("nobody calls to accept"),
            Step::InviteUsers { caller, emails } => {
                if !self.is_administrator(*caller) {
                    return 403;
                }
                let known = emails.iter().filter_map(|email| self.by_email(email));
                known.map(|user| self.sendable(user, now)).find(|status| *status != 200).unwrap_or(200)
            }
            Step::SendInvitation { caller, user } => {
                if self.is_administrator(*caller) {
                    self.sendable(*user, now)
                } else {
                    403
                }
            }
            Step::UpdateUser { caller, user, change } => self.updatable(*caller, *user, change),
            Step::CreateProject { caller, key } => {
                let may = self.is_administrator(*caller) || self.users[*caller].standing == "author";
                let taken = self.projects.iter().any(|project| project.key == *key);
                if !may {
                    403
                } else if taken {
                    409
                } else {
                    200
                }
            }
            Step::InviteMembers { caller, project, users, .. } => {
                let disabled = users.iter().any(|user| self.users[*user].status == "disabled");
                self.in_project(*caller, *project).unwrap_or(if disabled { 409 } else { 200 })
            }
            Step::UpdateMember { caller, project, user, owner } => {
                self.in_project(*caller, *project).unwrap_or_else(|| self.unmarkable(*project, *user, *owner))
            }
        }
    }

    /// Why the caller may not manage a project's members, if so.
    fn in_project(&self, caller: usize, project: usize) -> Option<u16> {
        if self.is_administrator(caller) {
            return None;
        }
        match self.projects[project].members.get(&caller) {
            None => Some(404),
            Some(true) => None,
            // In the model nobody manages by a group; the manager of the seed is left out of it.
            Some(false) => Some(403),
        }
    }

    fn unmarkable(&self, project: usize, user: usize, owner: bool) -> u16 {
        let members = &self.projects[project].members;
        let Some(is_owner) = members.get(&user) else { return 404 };
        let others = members.iter().any(|(other, is_owner)| *other != user && *is_owner);
        if *is_owner && !owner && !others { 409 } else { 200 }
    }

    fn sendable(&self, user: usize, now: Timestamp) -> u16 {
        let user = &self.users[user];
        let recent = user.sends.iter().filter(|sent| **sent > now.minus(SEND_WINDOW)).count();
        if user.status != "active" || !user.pending {
            409
        } else if recent >= SENDS_MAX {
            429
        } else {
            200
        }
    }

    fn updatable(&self, caller: usize, user: usize, change: &Change) -> u16 {
        if !self.is_administrator(caller) {
            return 403;
        }
        let before = &self.users[user];
        let (standing, status) = match change {
            Change::Standing(standing) => (*standing, before.status),
            Change::Status(status) => (before.standing, *status),
        };
        let touches_owner = before.standing == "owner" || standing == "owner";
        if touches_owner && self.users[caller].standing != "owner" {
            return 403;
        }
        let to_or_from_invited =
            before.standing != standing && (before.standing == "invited" || standing == "invited");
        let owner_goes = before.standing == "owner" && (standing != "owner" || status != "active");
        let unfit = standing == "owner" && before.standing != "owner" && status != "active";
        if to_or_from_invited || owner_goes || unfit { 409 } else { 200 }
    }

    fn by_email(&self, email: &str) -> Option<usize> {
        self.users.iter().position(|user| user.email.eq_ignore_ascii_case(email))
    }

    /// Does to the model what the step did to the server.
    pub fn apply(&mut self, step: &Step, answer: &Answer, now: Timestamp) {
        match step {
            Step::Accept { code } => {
                let user = self.codes[*code].user;
                self.codes[*code].is_live = false;
                self.users[user].standing = "member";
                self.users[user].pending = false;
            }
            Step::SendInvitation { user, .. } => self.sent(*user, now),
            Step::InviteUsers { .. } => self.invited(&answer.json(), now),
            Step::UpdateUser { caller, user, change } => self.updated(*caller, *user, change),
            Step::CreateProject { caller, key } => {
                let id = answer.json()["project"]["id"].as_str().expect("an id").to_owned();
                let members = BTreeMap::from([(*caller, true)]);
                self.projects.push(Project { id, key: (*key).to_owned(), members });
            }
            Step::InviteMembers { project, owner, .. } => {
                for member in answer.json().as_array().expect("members") {
                    let user = member["userId"].as_str().expect("a user");
                    let user = self.users.iter().position(|known| known.id == user).expect("a known user");
                    let before = self.projects[*project].members.insert(user, *owner);
                    assert!(before.is_none(), "a member was made twice");
                }
            }
            Step::UpdateMember { project, user, owner, .. } => {
                *self.projects[*project].members.get_mut(user).expect("a member") = *owner;
            }
        }
    }

    fn sent(&mut self, user: usize, now: Timestamp) {
        for code in self.codes.iter_mut().filter(|code| code.user == user) {
            code.is_live = false;
        }
        self.users[user].sends.push(now);
        self.users[user].expires_at = now.plus(WEEK);
    }

    fn invited(&mut self, invitations: &Value, now: Timestamp) {
        for invitation in invitations.as_array().expect("invitations") {
            let email = invitation["email"].as_str().expect("an address");
            let user = self.by_email(email).unwrap_or_else(|| {
                self.users.push(User {
                    id: invitation["userId"].as_str().expect("a user").to_owned(),
                    email: email.to_owned(),
                    standing: "invited",
                    status: "active",
                    pending: true,
                    expires_at: now,
                    sends: Vec::new(),
                });
                self.users.len() - 1
            });
            self.sent(user, now);
        }
    }

    fn updated(&mut self, caller: usize, user: usize, change: &Change) {
        match change {
            Change::Standing(standing) => {
                if *standing == "owner" && self.users[user].standing != "owner" {
                    self.users[caller].standing = "admin";
                }
                self.users[user].standing = standing;
            }
            Change::Status(status) => {
                if *status == "disabled" && self.users[user].status != "disabled" {
                    for code in self.codes.iter_mut().filter(|code| code.user == user) {
                        code.is_live = false;
                    }
                }
                self.users[user].status = status;
            }
        }
    }

    /// Takes the codes that are new out of the mails; the newest of each address is the live one.
    pub fn learn_codes(&mut self, mails: &[Mail]) {
        for mail in mails {
            if self.codes.iter().any(|code| code.text == mail.code) {
                continue;
            }
            let user = self.by_email(&mail.to).expect("a mail to somebody known");
            self.codes.push(Code { text: mail.code.clone(), user, is_live: true });
        }
    }
}
