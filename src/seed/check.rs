//! What is wrong in a seed file, all of it, each with its place.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::format::{Seed, SeedOrganisation, SeedProject, SeedUser};
use crate::clock::Timestamp;
use crate::generated::models::UserType;
use crate::http::check_email;
use crate::limits;
use crate::secret::{Secret, SecretKind};
use crate::users::fold_email;

/// Every complaint, as `place: what is wrong`.
pub(super) fn complaints(seed: &Seed) -> Vec<String> {
    let mut check = Check::default();
    for (position, organisation) in seed.organisations.iter().enumerate() {
        check.organisation(&format!("organisations[{position}]"), organisation);
    }
    check.complaints
}

#[derive(Default)]
struct Check {
    complaints: Vec<String>,
    /// Each id and secret of the file, and where it stands first.
    seen: HashMap<String, String>,
}

impl Check {
    fn complain(&mut self, place: &str, detail: impl std::fmt::Display) {
        self.complaints.push(format!("{place}: {detail}"));
    }

    fn unique(&mut self, place: &str, what: &str, value: String) {
        if let Some(first) = self.seen.insert(value, place.to_owned()) {
            self.complain(place, format_args!("the same {what} stands at {first}"));
        }
    }

    fn id(&mut self, place: &str, id: Option<Uuid>) {
        if let Some(id) = id {
            self.unique(&format!("{place}.id"), "id", id.to_string());
        }
    }

    fn text(&mut self, place: &str, text: Option<&str>) {
        if let Some(complaint) = text.and_then(limits::name_complaint) {
            self.complain(place, complaint);
        }
    }

    fn name(&mut self, place: &str, name: &str) {
        if name.trim().is_empty() {
            self.complain(place, "is empty");
        }
        self.text(place, Some(name));
    }

    fn organisation(&mut self, place: &str, organisation: &SeedOrganisation) {
        self.id(place, organisation.id);
        self.name(&format!("{place}.name"), &organisation.name);
        self.unique(&format!("{place}.name"), "name", format!("organisation {}", organisation.name));
        self.text(&format!("{place}.displayName"), organisation.display_name.as_deref());
        let owners = organisation.users.iter().filter(|user| user.user_type == UserType::Owner).count();
        if owners != 1 {
            self.complain(
                &format!("{place}.users"),
                format_args!("holds {owners} users of type owner; an organisation has exactly one"),
            );
        }
        let project_ids: HashSet<Uuid> =
            organisation.projects.iter().filter_map(|project| project.id).collect();
        let mut emails = HashSet::new();
        for (position, user) in organisation.users.iter().enumerate() {
            let place = format!("{place}.users[{position}]");
            if !emails.insert(fold_email(&user.email)) {
                self.complain(
                    &format!("{place}.email"),
                    "another user of this organisation has this address",
                );
            }
            self.user(&place, user, &project_ids);
        }
        let user_ids: HashSet<Uuid> = organisation.users.iter().filter_map(|user| user.id).collect();
        let mut keys = HashSet::new();
        for (position, project) in organisation.projects.iter().enumerate() {
            let place = format!("{place}.projects[{position}]");
            if !keys.insert(&project.key) {
                self.complain(&format!("{place}.key"), "another project of this organisation has this key");
            }
            self.project(&place, project, &user_ids);
        }
    }

    fn user(&mut self, place: &str, user: &SeedUser, project_ids: &HashSet<Uuid>) {
        self.id(place, user.id);
        if let Err(complaint) = check_email(&user.email) {
            self.complain(&format!("{place}.email"), complaint);
        }
        self.text(&format!("{place}.firstName"), user.first_name.as_deref());
        self.text(&format!("{place}.lastName"), user.last_name.as_deref());
        if user.is_service && user.user_type == UserType::Invited {
            self.complain(place, "a service account is never of type invited");
        }
        for (position, token) in user.personal_access_tokens.iter().enumerate() {
            let place = format!("{place}.personalAccessTokens[{position}]");
            self.secret(&place, SecretKind::PersonalAccessToken, &token.secret);
            self.text(&format!("{place}.note"), Some(&token.note));
            self.expiry(&place, token.expires_at.as_deref());
            for (position, project_id) in token.projects.iter().enumerate() {
                if !project_ids.contains(project_id) {
                    self.complain(
                        &format!("{place}.projects[{position}]"),
                        format_args!("{project_id} names no project of this organisation"),
                    );
                }
            }
        }
        for (position, token) in user.internal_tokens.iter().enumerate() {
            let place = format!("{place}.internalTokens[{position}]");
            self.secret(&place, SecretKind::InternalToken, &token.secret);
            self.expiry(&place, token.expires_at.as_deref());
        }
    }

    /// The complaint never repeats the secret: it goes to a log or a terminal.
    fn secret(&mut self, place: &str, kind: SecretKind, text: &str) {
        let place = format!("{place}.secret");
        if Secret::parse(kind, text).is_none() {
            let prefix = kind.prefix();
            self.complain(
                &place,
                format_args!("must be {prefix} and then 32 to 200 letters, digits, '-' or '_'"),
            );
        }
        self.unique(&place, "secret", text.to_owned());
    }

    fn expiry(&mut self, place: &str, expires_at: Option<&str>) {
        if expires_at.is_some_and(|text| Timestamp::parse_rfc3339(text).is_none()) {
            self.complain(&format!("{place}.expiresAt"), "must be RFC 3339, such as 2030-01-31T12:00:00Z");
        }
    }

    fn project(&mut self, place: &str, project: &SeedProject, user_ids: &HashSet<Uuid>) {
        self.id(place, project.id);
        self.name(&format!("{place}.name"), &project.name);
        if !limits::is_project_key(&project.key) {
            self.complain(
                &format!("{place}.key"),
                "must be lower-case letters and digits, at least two, then parts after single hyphens",
            );
        }
        for (position, group) in project.groups.iter().enumerate() {
            let place = format!("{place}.groups[{position}]");
            self.id(&place, group.id);
            self.name(&format!("{place}.name"), &group.name);
            self.text(&format!("{place}.description"), group.description.as_deref());
        }
        let group_ids: HashSet<Uuid> = project.groups.iter().filter_map(|group| group.id).collect();
        let mut members = HashSet::new();
        for (position, member) in project.members.iter().enumerate() {
            let place = format!("{place}.members[{position}]");
            if !user_ids.contains(&member.user_id) {
                self.complain(&format!("{place}.userId"), "names no user of this organisation");
            }
            if !members.insert(member.user_id) {
                self.complain(&format!("{place}.userId"), "this user is a member already");
            }
            for (position, group_id) in member.group_ids.iter().enumerate() {
                if !group_ids.contains(group_id) {
                    self.complain(&format!("{place}.groupIds[{position}]"), "names no group of this project");
                }
            }
        }
    }
}
