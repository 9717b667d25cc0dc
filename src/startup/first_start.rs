//! The first start on an empty database: creates an organisation, its owner, and one credential of each kind.
//!
//! The credentials are printed to a terminal or written to a file that only its owner can read, and stored nowhere
//! else. The file is written before the database is, so that a crash in between leaves a useless file rather than a
//! database without known credentials.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::audience::Audience;
use crate::address::EmailAddress;
use crate::clock::Timestamp;
use crate::config::{SESSION_LIFETIME, ServeSettings};
use crate::db::{Db, Tx};
use crate::failure::Failure;
use crate::generated::models::{Permission, UserType};
use crate::operations::{sign_ins, tokens};
use crate::private_file;
use crate::problem::Problem;
use crate::secret::{Secret, SecretKind};
use crate::store;
use crate::store::audit_logs::{Action, Actor};
use crate::store::ids::UserId;
use crate::store::organisations::Organisation;
use crate::store::tokens::NewPersonalAccessToken;
use crate::store::users::User;
use crate::temporary;

/// Marks the file until the credentials are in the database.
const UNUSED: &str = "unused";

/// The only credentials of a new database.
pub struct FirstCredentials {
    /// The organisation's name.
    pub organisation: String,
    /// The owner's address.
    pub email: String,
    /// For `Authorization: Bearer`.
    pub personal_access_token: Secret,
    /// For `Authorization: Internal`.
    pub session: Secret,
    /// The secret of a link that signs the owner in, once. It is valid if the credentials are printed.
    pub sign_in: Secret,
    /// When the session ends. The personal access token has no end.
    pub session_expires_at: Timestamp,
}

/// Creates the organisation and its owner. Returns the credentials only if they are to be printed.
pub(super) fn run(
    db: &Db,
    settings: &ServeSettings,
    default_file: &Path,
    audience: Audience,
) -> Result<Option<FirstCredentials>, Failure> {
    let credentials = FirstCredentials {
        organisation: settings.organisation.clone(),
        email: settings.owner_email.clone(),
        personal_access_token: Secret::generate(SecretKind::PersonalAccessToken),
        session: Secret::generate(SecretKind::Session),
        sign_in: Secret::generate(SecretKind::SignInLink),
        session_expires_at: db.peek(|tx| Ok(tx.now().plus(SESSION_LIFETIME)))?,
    };
    let file = match (&settings.credentials_file, audience) {
        (Some(path), _) => Some(path.clone()),
        (None, Audience::Unattended) => Some(default_file.to_owned()),
        (None, Audience::Terminal) => None,
    };
    if let Some(path) = &file {
        remove_unused(path);
        write(path, &credentials)?;
        tracing::info!(path = %path.display(), "the owner's credentials are in this file");
    }
    if let Err(cause) = create(db, &credentials, audience) {
        discard(file);
        return Err(Failure::new("the first organisation and its owner could not be created", cause));
    }
    if let Some(path) = &file
        && let Err(cause) = replace_whole(path, &text(&credentials, Secrets::Working))
    {
        tracing::warn!(path = %path.display(), %cause, "the owner's credentials are valid although their file says that they are unused");
    }
    Ok((audience == Audience::Terminal).then_some(credentials))
}

/// Never overwrites a file: an older one may hold the credentials of another database.
fn write(path: &Path, credentials: &FirstCredentials) -> Result<(), Failure> {
    let failed = |cause: std::io::Error| {
        Failure(format!(
            "the owner's credentials cannot be written to {}: {cause}; move that file away, or give another \
             --credentials-file",
            path.display()
        ))
    };
    private_file::write_new(path, &text(credentials, Secrets::Unused)).map_err(failed)
}

/// Whether the credentials in the file are in the database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Unused,
    Working,
}

/// The content of the file. It says `unused` until the credentials are in the database.
fn text(credentials: &FirstCredentials, secrets: Secrets) -> String {
    let mut text = serde_json::json!({
        "organisation": credentials.organisation,
        "email": credentials.email,
        "personalAccessToken": credentials.personal_access_token.reveal(),
        "personalAccessTokenExpiresAt": null,
        "internalToken": credentials.session.reveal(),
        "internalTokenExpiresAt": credentials.session_expires_at,
    });
    if secrets == Secrets::Unused {
        text[UNUSED] = true.into();
    }
    format!("{text:#}\n")
}

/// Removes the file of a start that was killed before it stored its credentials; they are not valid.
fn remove_unused(path: &Path) {
    let text = std::fs::read(path).unwrap_or_default();
    let is_unused =
        serde_json::from_slice::<serde_json::Value>(&text).is_ok_and(|found| found[UNUSED] == true);
    if is_unused {
        let _ = std::fs::remove_file(path);
    }
}

fn replace_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = temporary::file(folder, "credentials")?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn discard(file: Option<PathBuf>) {
    if let Some(path) = file
        && let Err(cause) = std::fs::remove_file(&path)
    {
        tracing::warn!(path = %path.display(), %cause, "a file with credentials that are not valid could not be removed");
    }
}

fn create(db: &Db, credentials: &FirstCredentials, audience: Audience) -> Result<(), Problem> {
    let FirstCredentials { organisation, email, .. } = credentials;
    let (organisation, email) = (organisation.clone(), email.clone());
    let (personal, internal) = (credentials.personal_access_token.clone(), credentials.session.clone());
    let (session_expires_at, link) = (credentials.session_expires_at, credentials.sign_in.hash());
    db.write_blocking(move |tx| {
        let actor = create_organisation(tx, &organisation)?;
        let user_id = create_owner(tx, &actor, &email)?;
        let everything = NewPersonalAccessToken {
            note: "first start".to_owned(),
            permissions: vec![Permission::Owner],
            all_projects: true,
            projects: Vec::new(),
        };
        tokens::create_personal(tx, &actor, user_id, &everything, None, &personal)?;
        tokens::create_session(tx, &actor, user_id, Some(session_expires_at), &internal)?;
        // A file may be read much later, so only a terminal shows the link.
        if audience == Audience::Terminal {
            sign_ins::add_link(tx, user_id, &link)?;
        }
        Ok(())
    })
}

fn create_organisation(tx: &Tx, name: &str) -> Result<Actor, Problem> {
    let organisation = Organisation::new(tx, &address_name(name), name);
    store::organisations::create(tx, &organisation)?;
    let actor = Actor::operator(organisation.id);
    store::organisations::record(tx, &actor, Action::Created, &organisation)?;
    Ok(actor)
}

fn create_owner(tx: &Tx, actor: &Actor, email: &str) -> Result<UserId, Problem> {
    let address = EmailAddress::parse(email).map_err(Problem::Internal)?;
    let owner = User::new(tx, actor.organisation_id, &address, UserType::Owner);
    store::users::create(tx, &owner)?;
    store::users::record(tx, actor, Action::Created, &owner)?;
    Ok(owner.id)
}

/// "My organisation" in the form of an address part: "my-organisation".
fn address_name(name: &str) -> String {
    let letters = name.to_lowercase();
    let words = letters.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("-");
    if joined.is_empty() { "organisation".to_owned() } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_turned_into_a_slug() {
        for (name, wanted) in
            [("My organisation", "my-organisation"), ("  Ä&Co. 7 ", "co-7"), ("株式会社", "organisation")]
        {
            assert_eq!(address_name(name), wanted);
        }
    }
}
