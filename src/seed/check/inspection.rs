//! Checks of a seed as a whole, and helpers of all checks.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;

use uuid::Uuid;

use crate::address::{folded_or_lower_case, in_lower_case};
use crate::generated::models::UserType;
use crate::limits;
use crate::seed::complaint::Complaint;
use crate::seed::format::{Seed, SeedAuditLog, SeedOrganisation, SeedRole, SeedUser};
use crate::store::ids::{ProjectId, RoleId, UserId};
use crate::store::tables::UniqueValue;

/// A value that must be unique.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// Its path in the seed.
    pub place: String,
    /// The kind of value.
    pub kind: UniqueValue,
    /// The id or hash in hexadecimal.
    pub value: String,
}

impl UniqueValue {
    /// The kind in words, for error messages.
    fn word(self) -> &'static str {
        match self {
            Self::InvitationSecret | Self::PersonalAccessTokenSecret | Self::SessionSecret => "secret",
            _ => "id",
        }
    }
}

/// Checks a whole seed.
pub(crate) fn check(seed: &Seed) -> Inspection {
    let mut check = Inspection::default();
    for (position, organisation) in seed.organisations.iter().enumerate() {
        check.organisation(&format!("organisations[{position}]"), organisation);
    }
    check
}

/// The error for a value that the database already contains.
pub(crate) fn taken(claim: &Claim) -> Complaint {
    Complaint::new(&claim.place, format_args!("this {} already exists in the database", claim.kind.word()))
}

/// The parts of an organisation that other parts may refer to.
#[derive(Default)]
pub(super) struct Known {
    pub users: HashSet<UserId>,
    pub projects: HashSet<ProjectId>,
    pub roles: HashSet<RoleId>,
}

/// The findings so far.
#[derive(Default)]
pub(crate) struct Inspection {
    /// All errors.
    pub complaints: Vec<Complaint>,
    /// Values that must not exist in the database either.
    pub claims: Vec<Claim>,
    /// Each id and secret in the file, and its first occurrence.
    seen: HashMap<String, String>,
}

impl Inspection {
    pub(super) fn complain(&mut self, place: &str, detail: impl Display) {
        self.complaints.push(Complaint::new(place, detail));
    }

    pub(super) fn unique(&mut self, place: &str, kind: UniqueValue, value: String) {
        let (place, word) = (place.to_owned(), kind.word());
        match self.seen.insert(format!("{word} {value}"), place.clone()) {
            Some(first) => self.complain(&place, format_args!("the same {word} is used at {first}")),
            None => self.claims.push(Claim { place, kind, value }),
        }
    }

    pub(super) fn id(&mut self, place: &str, kind: UniqueValue, id: Option<impl Into<Uuid>>) {
        if let Some(id) = id {
            self.unique(&format!("{place}.id"), kind, id.into().simple().to_string());
        }
    }

    pub(super) fn text(&mut self, place: &str, text: Option<&str>) {
        if let Some(complaint) = text.and_then(limits::text_complaint) {
            self.complain(place, complaint);
        }
    }

    /// Checks that all ids refer to known things.
    pub(super) fn all_known<T: Display + Eq + Hash>(
        &mut self,
        place: &str,
        ids: &[T],
        known: &HashSet<T>,
        what: &str,
    ) {
        for (position, id) in ids.iter().enumerate() {
            if !known.contains(id) {
                self.complain(&format!("{place}[{position}]"), format_args!("{id} is not a {what}"));
            }
        }
    }

    /// Checks that the id, if there is one, refers to a known thing.
    pub(super) fn known<T: Display + Eq + Hash>(
        &mut self,
        place: &str,
        id: Option<T>,
        known: &HashSet<T>,
        what: &str,
    ) {
        if let Some(id) = id.filter(|id| !known.contains(id)) {
            self.complain(place, format_args!("{id} is not a {what}"));
        }
    }

    fn organisation(&mut self, place: &str, organisation: &SeedOrganisation) {
        self.id(place, UniqueValue::Organisation, organisation.id);
        self.text(&format!("{place}.name"), Some(&organisation.name));
        self.text(&format!("{place}.displayName"), organisation.display_name.as_deref());
        let known = Known {
            users: organisation.users.iter().filter_map(|user| user.id).collect(),
            projects: organisation.projects.iter().filter_map(|project| project.id).collect(),
            roles: organisation.roles.iter().filter_map(|role| role.id).collect(),
        };
        let owners = organisation.users.iter().filter(|user| user.user_type == UserType::Owner).count();
        if owners != 1 {
            self.complain(
                &format!("{place}.users"),
                format_args!("has {owners} users of type owner; an organisation must have exactly one"),
            );
        }
        self.addresses(place, &organisation.users);
        for (position, user) in organisation.users.iter().enumerate() {
            self.user(&format!("{place}.users[{position}]"), user, &known);
        }
        for (position, role) in organisation.roles.iter().enumerate() {
            self.role(&format!("{place}.roles[{position}]"), role, &known);
        }
        let mut keys = HashSet::new();
        for (position, project) in organisation.projects.iter().enumerate() {
            let place = format!("{place}.projects[{position}]");
            if project.deleted_at.is_none() && !keys.insert(&project.key) {
                self.complain(&format!("{place}.key"), "another project of this organisation has this key");
            }
            self.project(&place, project, &known);
        }
        for (position, entry) in organisation.audit_logs.iter().flatten().enumerate() {
            self.audit_log(&format!("{place}.auditLogs[{position}]"), entry, &known);
        }
    }

    /// Users with the same mailbox are refused, unless all of them are kept as an earlier version has stored them.
    fn addresses(&mut self, place: &str, users: &[SeedUser]) {
        let kept = users.iter().filter(|user| user.email_as_stored);
        let mut mailboxes: HashSet<String> = kept.map(|user| folded_or_lower_case(&user.email)).collect();
        let mut columns = HashSet::new();
        for (position, user) in users.iter().enumerate() {
            let is_new = if user.email_as_stored {
                columns.insert(in_lower_case(&user.email))
            } else {
                let folded = folded_or_lower_case(&user.email);
                columns.insert(folded.clone()) && mailboxes.insert(folded)
            };
            if !is_new {
                self.complain(
                    &format!("{place}.users[{position}].email"),
                    "another user of this organisation has this address; give one of them another",
                );
            }
        }
    }

    fn role(&mut self, place: &str, role: &SeedRole, known: &Known) {
        self.id(place, UniqueValue::Role, role.id);
        self.text(&format!("{place}.name"), Some(&role.name));
        self.text(&format!("{place}.description"), role.description.as_deref());
        self.all_known(&format!("{place}.users"), &role.users, &known.users, A_USER);
        self.all_known(&format!("{place}.projects"), &role.projects, &known.projects, A_PROJECT);
    }

    fn audit_log(&mut self, place: &str, entry: &SeedAuditLog, known: &Known) {
        self.id(place, UniqueValue::AuditLog, entry.id);
        self.known(&format!("{place}.userId"), entry.user_id, &known.users, A_USER);
        self.known(&format!("{place}.projectId"), entry.project_id, &known.projects, A_PROJECT);
    }
}

pub(super) const A_USER: &str = "user of this organisation";
pub(super) const A_PROJECT: &str = "project of this organisation";
