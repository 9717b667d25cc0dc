//! The model: what there is, and who may do what with it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use brms::clock::Timestamp;

use super::steps::{Credential, Words};
use crate::support::server::Mail;
use crate::support::{TestServer, inside, seed};

pub const DAY: Duration = Duration::from_hours(24);
pub const WEEK: Duration = Duration::from_hours(7 * 24);

#[derive(Clone, PartialEq)]
pub struct User {
    pub id: String,
    pub email: String,
    pub standing: &'static str,
    pub status: &'static str,
    pub is_service: bool,
    /// There is an invitation that was not taken up.
    pub pending: bool,
    pub expires_at: Timestamp,
    pub sends: Vec<Timestamp>,
}

#[derive(Clone, PartialEq)]
pub struct Member {
    pub is_owner: bool,
    /// A role made the membership, and none has touched it by hand since.
    pub is_by_role: bool,
    pub groups: BTreeSet<usize>,
}

#[derive(Clone, PartialEq)]
pub struct Project {
    pub id: String,
    pub key: String,
    pub name: String,
    pub is_protected: bool,
    pub is_deleted: bool,
    pub members: BTreeMap<usize, Member>,
    /// The groups that are asked to approve, in their order.
    pub approving: Vec<usize>,
}

#[derive(Clone, PartialEq)]
pub struct Group {
    pub project: usize,
    pub name: String,
    pub permissions: Option<Words>,
    /// The role that looks after it.
    pub role: Option<usize>,
    pub is_gone: bool,
}

#[derive(Clone, PartialEq)]
pub struct Role {
    pub id: String,
    pub name: String,
    pub is_for_all: bool,
    pub permissions: Words,
    pub users: BTreeSet<usize>,
    pub projects: BTreeSet<usize>,
}

#[derive(Clone, PartialEq)]
pub struct Token {
    pub id: String,
    pub user: usize,
    pub note: String,
    pub permissions: Words,
    /// `None`: all of them.
    pub projects: Option<BTreeSet<usize>>,
    pub expires_at: Option<Timestamp>,
    pub is_gone: bool,
}

/// A secret that a token had once.
#[derive(Clone, PartialEq)]
pub struct TokenSecret {
    pub authorization: String,
    pub token: usize,
    /// It was not replaced.
    pub is_newest: bool,
}

/// A code that was mailed once, and what became of it.
#[derive(Clone, PartialEq)]
pub struct Code {
    pub text: String,
    pub user: usize,
    pub is_live: bool,
}

#[derive(Clone, PartialEq)]
pub struct World {
    pub users: Vec<User>,
    pub projects: Vec<Project>,
    pub groups: Vec<Group>,
    pub roles: Vec<Role>,
    pub tokens: Vec<Token>,
    pub secrets: Vec<TokenSecret>,
    pub codes: Vec<Code>,
}

/// Addresses that are written in several ways, and the form that stands for all of them.
pub const ODD_ADDRESSES: [(&str, &str); 8] = [
    ("zoe@bücher.test", "zoe@xn--bcher-kva.test"),
    ("zoe@bu\u{308}cher.test", "zoe@xn--bcher-kva.test"),
    ("zoe@xn--bcher-kva.test", "zoe@xn--bcher-kva.test"),
    ("\"zoe\"@bücher\u{3002}test", "zoe@xn--bcher-kva.test"),
    ("jürg@acme.test", "jürg@acme.test"),
    ("ju\u{308}rg@acme.test", "jürg@acme.test"),
    ("\u{212a}im@acme.test", "\u{212a}im@acme.test"),
    ("kim@acme.test", "kim@acme.test"),
];

/// The form of an address that the model compares.
fn one_form(email: &str) -> String {
    let is_it = |(written, _): &&(&str, &str)| *written == email || written.to_uppercase() == email;
    let odd = ODD_ADDRESSES.iter().find(is_it);
    odd.map_or_else(|| email.to_lowercase(), |(_, form)| (*form).to_owned())
}

/// Who calls, and what a token leaves of it.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    pub user: usize,
    pub token: Option<&'a Token>,
}

/// What a caller may do inside a project.
pub struct Rights<'a> {
    user: Vec<&'static str>,
    token: Option<&'a [&'static str]>,
}

impl Rights<'_> {
    pub fn has(&self, wanted: &str) -> bool {
        let gives =
            |held: &&str| *held == "owner" || *held == wanted || wanted.starts_with(&format!("{held}:"));
        self.user.iter().any(gives) && self.token.is_none_or(|token| token.iter().any(gives))
    }
}

impl World {
    /// acme as the example seed has it.
    pub fn of_seed(server: &TestServer) -> Self {
        let user = |id: &str, name: &str, standing, status, is_service| User {
            id: id.to_owned(),
            email: format!("{name}@acme.test"),
            standing,
            status,
            is_service,
            pending: standing == "invited",
            expires_at: server.clock.now().plus(WEEK),
            sends: Vec::new(),
        };
        let (person, service) = (false, true);
        let users = vec![
            user(seed::OWNER, "owner", "owner", "active", person),
            user(seed::ADMIN, "admin", "admin", "active", person),
            user(seed::READER, "reader", "member", "active", person),
            user(seed::IVY, "ivy", "invited", "active", person),
            user(seed::NINA, "nina", "member", "active", person),
            user(seed::MANAGER, "manager", "member", "active", person),
            user(seed::IAN, "ian", "invited", "active", person),
            user(seed::DORA, "dora", "member", "disabled", person),
            user(seed::ROBOT, "robot", "member", "active", service),
            user(seed::OTTO, "otto", "member", "active", person),
        ];
        let group = |project, name: &str, permissions: &[&'static str]| Group {
            project,
            name: name.to_owned(),
            permissions: Some(permissions.to_vec()),
            role: None,
            is_gone: false,
        };
        let groups = vec![
            group(0, "Editors", &["documents:full", "releases"]),
            group(0, "Managers", &["project:manage"]),
            group(1, "Adjusters", &["documents:view-content"]),
        ];
        let project = |id: &str, name: &str, members| Project {
            id: id.to_owned(),
            key: name.to_lowercase(),
            name: name.to_owned(),
            is_protected: false,
            is_deleted: false,
            members,
            approving: Vec::new(),
        };
        let projects = vec![
            project(
                seed::PRICING,
                "Pricing",
                BTreeMap::from([(0, Member::owner()), (5, Member::of(&[1])), (2, Member::of(&[0]))]),
            ),
            project(seed::CLAIMS, "Claims", BTreeMap::from([(1, Member::owner())])),
        ];
        let mut world = Self {
            users,
            projects,
            groups,
            roles: Vec::new(),
            tokens: Vec::new(),
            secrets: Vec::new(),
            codes: Vec::new(),
        };
        world.seeded_token(server, 0, (seed::OWNER_PAT, &["owner"], None));
        world.seeded_token(server, 1, (seed::ADMIN_PAT, &["owner"], None));
        world.seeded_token(server, 5, (seed::MANAGER_PAT, &["project:manage"], Some(0)));
        world.seeded_token(server, 2, (seed::READER_PAT, &["owner"], None));
        world.seeded_token(server, 8, (seed::ROBOT_PAT, &["documents"], None));
        world
    }

    fn seeded_token(
        &mut self,
        server: &TestServer,
        user: usize,
        (authorization, permissions, project): (&str, &[&'static str], Option<usize>),
    ) {
        let sql = "SELECT id FROM personal_access_tokens WHERE user_id = ?1";
        let user_id = inside::id(&self.users[user].id);
        let id: uuid::Uuid = server.look(|tx| tx.row(sql, [user_id], |row| row.get(0)));
        self.secrets.push(TokenSecret {
            authorization: authorization.to_owned(),
            token: self.tokens.len(),
            is_newest: true,
        });
        self.tokens.push(Token {
            id: id.to_string(),
            user,
            note: "seeded".to_owned(),
            permissions: permissions.to_vec(),
            projects: project.map(|project| BTreeSet::from([project])),
            expires_at: None,
            is_gone: false,
        });
    }

    /// Who calls with a credential; `None`: it opens nothing.
    pub fn caller(&self, credential: Credential, now: Timestamp) -> Option<Caller<'_>> {
        let caller = match credential {
            Credential::SignIn(user) => Caller { user, token: None },
            Credential::Secret(secret) => {
                let secret = &self.secrets[secret];
                let token = &self.tokens[secret.token];
                let has_ended = token.expires_at.is_some_and(|end| now >= end);
                if !secret.is_newest || token.is_gone || has_ended {
                    return None;
                }
                Caller { user: token.user, token: Some(token) }
            }
        };
        self.can_act(caller.user).then_some(caller)
    }

    /// Whether the user's credentials are accepted.
    pub fn can_act(&self, user: usize) -> bool {
        let user = &self.users[user];
        user.status == "active" && user.standing != "invited"
    }

    pub fn is_administrator(&self, caller: Caller) -> bool {
        matches!(self.users[caller.user].standing, "owner" | "admin")
    }

    /// What the caller may do in a project, deleted or not; `None`: the caller does not see it.
    pub fn rights<'a>(&self, caller: Caller<'a>, project: usize) -> Option<Rights<'a>> {
        let reaches = |token: &Token| token.projects.as_ref().is_none_or(|all| all.contains(&project));
        if !caller.token.is_none_or(reaches) {
            return None;
        }
        let token = caller.token.map(|token| token.permissions.as_slice());
        if self.is_administrator(caller) {
            return Some(Rights { user: vec!["owner"], token });
        }
        let member = self.projects[project].members.get(&caller.user)?;
        let by_groups = member.groups.iter().filter_map(|group| self.groups[*group].permissions.clone());
        let user = if member.is_owner { vec!["owner"] } else { by_groups.flatten().collect() };
        Some(Rights { user, token })
    }

    pub fn carries_owner(&self, group: usize) -> bool {
        self.groups[group].permissions.as_ref().is_some_and(|words| words.contains(&"owner"))
    }

    pub fn key_is_taken(&self, key: &str) -> bool {
        self.projects.iter().any(|project| !project.is_deleted && project.key == key)
    }

    pub fn by_email(&self, email: &str) -> Option<usize> {
        let wanted = one_form(email);
        self.users.iter().position(|user| one_form(&user.email) == wanted)
    }

    pub fn groups_of(&self, project: usize) -> impl Iterator<Item = (usize, &Group)> {
        self.groups.iter().enumerate().filter(move |(_, group)| group.project == project && !group.is_gone)
    }

    /// Takes the codes that are new out of the mails; the newest of each address is the live one.
    pub fn learn_codes(&mut self, mails: &[Mail]) {
        for mail in mails {
            if self.codes.iter().any(|code| code.text == mail.code) {
                continue;
            }
            let user = self.by_email(&mail.to).expect("a mail to a known user");
            self.codes.push(Code { text: mail.code.clone(), user, is_live: true });
        }
    }
}

impl Member {
    pub fn owner() -> Self {
        Self { is_owner: true, ..Self::of(&[]) }
    }

    pub fn of(groups: &[usize]) -> Self {
        Self { is_owner: false, is_by_role: false, groups: groups.iter().copied().collect() }
    }
}

impl TokenSecret {
    /// Without the scheme.
    pub fn bare(&self) -> &str {
        self.authorization.trim_start_matches("Bearer ")
    }
}
