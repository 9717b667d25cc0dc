//! The objects a worker knows to exist: ids of the seed and of responses; and the callers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::made::Made;
use crate::descriptions::Described;
use crate::support::random::Random;
use crate::support::seed;

/// The most ids kept of one kind; more would add nothing.
const MOST: usize = 40;

pub const USERS: &str = "/api/users/{userId}";
const SERVICE_ACCOUNTS: &str = "/api/users/service/{userId}";
const PROJECTS: &str = "/api/projects/{projectId}";
const GROUPS: &str = "/api/projects/{projectId}/groups/{groupId}";
const ROLES: &str = "/api/roles/{roleId}";

/// Callers that no request of a run targets, so they stay valid.
pub const LASTING: [&str; 2] = [seed::OWNER_SES, seed::ADMIN_SES];
/// Their users.
const LASTING_USERS: [&str; 2] = [seed::OWNER, seed::ADMIN];
/// Callers that a run may disable.
const OTHERS: [&str; 9] = [
    seed::OWNER_PAT,
    seed::ADMIN_PAT,
    seed::MANAGER_PAT,
    seed::MANAGER_SES,
    seed::READER_PAT,
    seed::READER_SES,
    seed::ROBOT_PAT,
    seed::GLOBEX_PAT,
    seed::GLOBEX_SES,
];

/// The parameters of a path, by name.
pub type Parameters = BTreeMap<String, String>;

pub struct Known {
    /// Ids by the path of a single object: `/api/roles/{roleId}`.
    things: BTreeMap<String, Vec<Parameters>>,
    /// Tokens created in this run.
    tokens: Vec<String>,
    /// Codes of invitations.
    pub codes: Vec<String>,
}

impl Known {
    /// The objects of the seed, and those created in addition.
    pub fn new(operations: &[Described], made: &Made) -> Self {
        let kinds = operations.iter().filter_map(|operation| thing(&operation.path));
        let things = kinds.map(|kind| (kind.to_owned(), Vec::new())).collect();
        let mut known = Self { things, tokens: Vec::new(), codes: made.codes.clone() };
        let users = [seed::MANAGER, seed::READER, seed::IVY, seed::IAN, seed::DORA, seed::NINA, seed::OTTO];
        for user in users.into_iter().chain(LASTING_USERS).chain([seed::GLOBEX_GUEST]) {
            known.add(USERS, &[("userId", user)]);
        }
        known.add(SERVICE_ACCOUNTS, &[("userId", seed::ROBOT)]);
        let deleted = made.deleted.iter().map(String::as_str);
        for project in [seed::PRICING, seed::CLAIMS, seed::GLOBEX_PROJECT].into_iter().chain(deleted) {
            known.add(PROJECTS, &[("projectId", project)]);
        }
        for (project, group) in [
            (seed::PRICING, seed::EDITORS),
            (seed::PRICING, seed::MANAGERS),
            (seed::CLAIMS, seed::ADJUSTERS),
            (seed::GLOBEX_PROJECT, seed::GLOBEX_SPIES),
        ] {
            known.add(GROUPS, &[("projectId", project), ("groupId", group)]);
        }
        known
    }

    fn add(&mut self, kind: &str, parameters: &[(&str, &str)]) {
        let parameters = parameters.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned()));
        self.things.get_mut(kind).expect("a path of the description").push(parameters.collect());
    }

    /// An id for a path parameter of an operation, usually of an existing object.
    pub fn parameters(&self, random: &mut Random, operation: &Described) -> Parameters {
        let Some(kind) = thing(&operation.path) else { return Parameters::new() };
        let things = &self.things[kind];
        let place = random.below(MOST);
        let mut parameters = match things.get(place % things.len().max(1)) {
            Some(found) if !random.once_in(10) => found.clone(),
            _ => names(kind).map(|name| (name.to_owned(), any_id(random))).collect(),
        };
        let lasts = parameters.get("userId").is_some_and(|id| LASTING_USERS.contains(&id.as_str()));
        if operation.id() == "updateUser" && lasts {
            parameters.insert("userId".to_owned(), seed::NINA.to_owned());
        }
        parameters
    }

    /// An id for a property of a body or a parameter of a query.
    pub fn id(&self, random: &mut Random, property: &str, project: Option<&str>) -> String {
        let kind = match property {
            "userIds" | "users" | "userId" => USERS,
            "groupIds" | "decisionsApprovalGroups" => GROUPS,
            "projects" | "copyContentRef" | "projectId" => PROJECTS,
            "roles" => ROLES,
            _ => return any_id(random),
        };
        let fits =
            |thing: &&Parameters| kind != GROUPS || thing.get("projectId").map(String::as_str) == project;
        let things: Vec<&Parameters> = self.things[kind].iter().filter(fits).collect();
        let (place, other) = (random.below(MOST), any_id(random));
        match things.get(place % things.len().max(1)) {
            Some(found) if !random.once_in(30) => {
                names(kind).last().map_or(other, |name| found[name].clone())
            }
            _ => other,
        }
    }

    /// `Authorization` for a request; `by_token`: a token is accepted, too.
    pub fn caller(&self, random: &mut Random, by_token: bool) -> Option<String> {
        let place = random.below(MOST);
        let caller = match random.below(20) {
            0 => return None,
            1 => ["Bearer", "Internal x", "Bearer brms_pat_nobody", "Basic eDp5", ""][place % 5],
            2..4 => OTHERS[place % OTHERS.len()],
            4..6 => self.tokens.get(place % self.tokens.len().max(1)).map_or(seed::ADMIN_PAT, String::as_str),
            6..12 if by_token => [seed::OWNER_PAT, seed::ADMIN_PAT][place % 2],
            _ => LASTING[place % 2],
        };
        Some(caller.to_owned())
    }

    /// Records the ids in a response.
    pub fn learn(&mut self, random: &mut Random, path: &str, parameters: &Parameters, answer: &Value) {
        let Some(kind) = self.things.keys().find(|kind| collection(kind) == path).cloned() else { return };
        let entries = match (answer.as_array(), answer["results"].as_array()) {
            (Some(entries), _) | (None, Some(entries)) => entries.iter().collect(),
            (None, None) => vec![answer],
        };
        for entry in entries {
            // A token of the seed belongs to a caller, and is kept.
            if entry["note"] == "seeded" {
                continue;
            }
            let id =
                if path == collection(USERS) { entry.get("userId") } else { entry.pointer("/project/id") };
            let Some(id) = id.or(entry.get("id")).and_then(Value::as_str) else { continue };
            let mut thing = parameters.clone();
            let name = names(&kind).last().expect("a parameter");
            thing.insert(name.to_owned(), id.to_owned());
            keep(self.things.get_mut(&kind).expect("a kind"), random, thing);
            if let Some(secret) = entry["token"].as_str().filter(|token| token.starts_with("brms_pat_")) {
                keep(&mut self.tokens, random, format!("Bearer {secret}"));
            }
        }
    }
}

/// Adds one, replacing another if there are many.
fn keep<T>(all: &mut Vec<T>, random: &mut Random, one: T) {
    let place = random.below(MOST);
    if all.len() < MOST { all.push(one) } else { all[place] = one }
}

/// The part of a path that identifies one object: up to its last parameter.
fn thing(path: &str) -> Option<&str> {
    path.rfind('}').map(|end| &path[..=end])
}

/// The path for listing and creating objects of a kind.
fn collection(kind: &str) -> &str {
    kind.rsplit_once('/').map_or("", |(collection, _)| collection)
}

/// The names of the parameters of a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// An unknown id.
pub fn any_id(random: &mut Random) -> String {
    uuid::Uuid::from_u64_pair(random.next(), random.next()).to_string()
}
