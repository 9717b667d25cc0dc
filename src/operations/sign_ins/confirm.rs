//! Signing in with a code, and choosing among several organisations after it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::begin::{Beginning, NewSession, Presented, begin};
use super::codes::SignInCode;
use super::limits::{DEVICE_LIFETIME, DEVICES_MAX, TRIES_MAX};
use crate::address::folded_or_lower_case;
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::SignInSettings;
use crate::db::{Party, Tx};
use crate::generated::models::{InvitationStatus, UserStatus, UserType};
use crate::http::{self, RequestContext};
use crate::operations::invitations::accept::{Names, accept_for};
use crate::problem::{Conflict, Problem};
use crate::secret::{Secret, SecretHash, SecretKind};
use crate::store;
use crate::store::ids::UserId;
use crate::store::invitations::Invitation;
use crate::store::sign_ins::{AttemptState, SignInAttempt};
use crate::store::tokens::SessionSource;
use crate::store::users::User;

/// A program's request: the attempt and the code, or after a right code the user that it chooses.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub struct CodeConfirmation {
    /// The attempt, from the answer to the request for a code.
    pub attempt: String,
    /// The code.
    #[serde(default)]
    pub code: Option<String>,
    /// Which of several users.
    #[serde(default)]
    pub user_id: Option<Uuid>,
}

http::object!(CodeConfirmation);

/// No limits but that of the body.
impl http::Limits for CodeConfirmation {}

/// A user who can be chosen.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// The user.
    pub user_id: UserId,
    /// The display name of the user's organisation.
    pub organisation: String,
    /// Whether the invitation is still to be accepted.
    pub is_invited: bool,
    /// Until when, if it is.
    pub invited_until: Option<Timestamp>,
}

/// What a right code leads to.
pub enum Confirmed {
    /// A session has begun.
    SignedIn(Box<NewSession>),
    /// One of these is to be chosen, or the only one's invitation to be accepted.
    Choose(Vec<Choice>),
}

/// Tries a code. Every code that does not work gets the same answer.
pub async fn confirm(
    app: &App,
    context: &RequestContext,
    attempt: Option<Secret>,
    code: &str,
    presented: Presented,
) -> Result<Confirmed, Problem> {
    let (Some(attempt), Some(code)) = (attempt, SignInCode::parse(code)) else {
        return Err(Problem::WrongSignInCode);
    };
    let (settings, context) = (app.sign_in, context.clone());
    // A wrong code is no error inside the transaction: its try has to be counted.
    let tried = app.db.write(Party::of_client(context.ip_address), context.deadline, move |tx| {
        let Some(found) = store::sign_ins::count_try(tx, &attempt.hash(), TRIES_MAX)? else {
            return Ok(None);
        };
        if !code.is(&attempt, &found.code_mac) {
            return Ok(None);
        }
        let mut users = users_of(tx, &found)?;
        if users.len() == 1 && users[0].user_type != UserType::Invited {
            let beginning = by_mail(&settings, &context, presented);
            return Ok(Some(Confirmed::SignedIn(signed_in(tx, &beginning, &found, users.remove(0))?)));
        }
        let next = if users.is_empty() { AttemptState::Ended } else { AttemptState::Confirmed };
        store::sign_ins::set_state(tx, &found.secret_hash, next)?;
        let choices = users.iter().map(|user| choice(tx, user)).collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Confirmed::Choose(choices)).filter(|_| next == AttemptState::Confirmed))
    });
    tried.await?.ok_or(Problem::WrongSignInCode)
}

/// What an invited person fills in.
#[derive(Clone)]
pub struct Joining {
    names: Names,
}

impl Joining {
    /// The names as typed. Fails if one is too long.
    pub fn check(first: Option<String>, last: Option<String>) -> Result<Self, Problem> {
        Ok(Self { names: Names::check(first, last)? })
    }
}

/// Signs in as one of the users that a right code led to. One who is still invited accepts with it.
pub async fn choose(
    app: &App,
    context: &RequestContext,
    attempt: Option<Secret>,
    user_id: UserId,
    joining: Option<Joining>,
    presented: Presented,
) -> Result<NewSession, Problem> {
    let attempt = attempt.ok_or(Problem::WrongSignInCode)?;
    let (settings, context) = (app.sign_in, context.clone());
    let chosen = app.db.write(Party::of_client(context.ip_address), context.deadline, move |tx| {
        let found = store::sign_ins::find_confirmed(tx, &attempt.hash())?;
        let found = found.ok_or(Problem::WrongSignInCode)?;
        let chosen = users_of(tx, &found)?.into_iter().find(|user| user.id == user_id);
        let user = chosen.ok_or(Problem::WrongSignInCode)?;
        if user.user_type != UserType::Invited {
            return Ok(*signed_in(tx, &by_mail(&settings, &context, presented), &found, user)?);
        }
        let joining = joining.as_ref().ok_or(Problem::conflict(Conflict::NotAccepted))?;
        let invitation = open_invitation(tx, &user)?.ok_or(Problem::WrongSignInCode)?;
        let user = accept_for(tx, &context, &invitation, &joining.names)?;
        let beginning = Beginning {
            source: SessionSource::Invitation,
            settings: &settings,
            context: &context,
            presented,
        };
        Ok(*signed_in(tx, &beginning, &found, user)?)
    });
    chosen.await
}

fn by_mail<'a>(
    settings: &'a SignInSettings,
    context: &'a RequestContext,
    presented: Presented,
) -> Beginning<'a> {
    Beginning { source: SessionSource::Mail, settings, context, presented }
}

/// Ends the attempt and begins the session. The browser is known for the address from now on.
fn signed_in(
    tx: &Tx,
    beginning: &Beginning,
    attempt: &SignInAttempt,
    user: User,
) -> Result<Box<NewSession>, Problem> {
    store::sign_ins::set_state(tx, &attempt.secret_hash, AttemptState::Ended)?;
    let session = begin(tx, beginning, user)?;
    // A new secret each time: one that somebody else has put into the browser is of no use.
    let device = Secret::generate(SecretKind::SignInDevice);
    let until = tx.now().plus(DEVICE_LIFETIME);
    store::sign_ins::remember_device(tx, &device.hash(), &attempt.address_hash, until, DEVICES_MAX)?;
    Ok(Box::new(NewSession { device: Some(device), ..session }))
}

/// Those of an attempt who may sign in now, and still have the address.
fn users_of(tx: &Tx, attempt: &SignInAttempt) -> Result<Vec<User>, Problem> {
    let mut users = Vec::new();
    for id in &attempt.user_ids {
        let Some(user) = store::users::find_anywhere(tx, *id)? else { continue };
        let address = SecretHash::of_text(&folded_or_lower_case(&user.email));
        if address == attempt.address_hash && may_sign_in(tx, &user)? {
            users.push(user);
        }
    }
    Ok(users)
}

/// Whether a user may sign in: an active person who has accepted, or who can accept now.
pub(super) fn may_sign_in(tx: &Tx, user: &User) -> Result<bool, Problem> {
    let is_active = !user.is_service && user.status == UserStatus::Active;
    Ok(is_active && (user.user_type != UserType::Invited || open_invitation(tx, user)?.is_some()))
}

/// The invitation that the user can accept now. A withdrawn one has ended.
fn open_invitation(tx: &Tx, user: &User) -> Result<Option<Invitation>, Problem> {
    let found = store::invitations::find_by_user(tx, user.id)?;
    let is_open = |invitation: &Invitation| {
        invitation.status == InvitationStatus::Pending && invitation.expires_at > tx.now()
    };
    Ok(found.filter(is_open))
}

fn choice(tx: &Tx, user: &User) -> Result<Choice, Problem> {
    let is_invited = user.user_type == UserType::Invited;
    let invitation = if is_invited { open_invitation(tx, user)? } else { None };
    Ok(Choice {
        user_id: user.id,
        organisation: store::organisations::get(tx, user.organisation_id)?.display_name,
        is_invited,
        invited_until: invitation.map(|invitation| invitation.expires_at),
    })
}
