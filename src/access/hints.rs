//! Error texts for credentials that cannot be valid, with the way to correct them.

use std::borrow::Cow;

use crate::generated::api::{Operation, SecurityScheme};
use crate::http::Authorization;
use crate::problem::Challenge;
use crate::secret::SecretKind;

const MISSING: &str = "The Authorization header is missing.";
const NOT_ONE: &str = "Send one Authorization header in ASCII: a scheme, a space, the token.";
const NO_TOKEN: &str = "The Authorization header has a scheme but no token.";
const BLANKS: &str =
    "The Authorization header must be a scheme, exactly one space and the token, with nothing else.";
const UNKNOWN_SCHEME: &str = "The scheme of the Authorization header is unknown; use Bearer or Internal.";
const SESSIONS_ONLY: &str =
    "This operation requires a session (scheme Internal), not a personal access token.";

/// The scheme and secret to look up, or the reason why they cannot be valid.
pub(super) fn plausible(
    operation: Operation,
    authorization: Authorization<'_>,
) -> Result<(SecurityScheme, &str), Cow<'static, str>> {
    let (scheme, credentials) = match authorization {
        Authorization::Absent => return Err(MISSING.into()),
        Authorization::Malformed { text } => {
            return Err(text.map_or(NOT_ONE.into(), |text| malformed(operation, text)));
        }
        Authorization::Present { scheme, credentials } => (known(scheme), credentials),
    };
    if let Some(hint) = hint(operation, scheme, credentials) {
        return Err(hint);
    }
    let scheme = scheme.ok_or(UNKNOWN_SCHEME)?;
    if takes(operation, scheme) { Ok((scheme, credentials)) } else { Err(SESSIONS_ONLY.into()) }
}

fn malformed(operation: Operation, text: &str) -> Cow<'static, str> {
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (Some(word), None) if known(word).is_some() => NO_TOKEN.into(),
        (Some(word), None) => hint(operation, None, word).unwrap_or(NOT_ONE.into()),
        (Some(_), Some(_)) => BLANKS.into(),
        _ => NOT_ONE.into(),
    }
}

/// A hint if the prefix of the secret does not fit its scheme.
fn hint(operation: Operation, given: Option<SecurityScheme>, secret: &str) -> Option<Cow<'static, str>> {
    let kind = SecretKind::of(secret)?;
    let secret = format!("{}…", kind.prefix());
    let right = match kind {
        SecretKind::PersonalAccessToken => SecurityScheme::PersonalAccessToken,
        SecretKind::Session => SecurityScheme::InternalAuth,
        SecretKind::Invitation => {
            let detail = "is the code of an invitation, which is accepted at /invitations/accept";
            return Some(format!("A secret {secret} {detail}.").into());
        }
        SecretKind::TestControls => {
            return Some(format!("A secret {secret} is for the test controls, not for operations.").into());
        }
        SecretKind::SignInAttempt | SecretKind::SignInDevice | SecretKind::SignInLink => {
            let detail = "is for signing in at /sign-in, which gives a session";
            return Some(format!("A secret {secret} {detail}.").into());
        }
    };
    if !takes(operation, right) {
        return Some(SESSIONS_ONLY.into());
    }
    let word = challenge(right).word();
    let hint =
        || format!("A secret {secret} requires the scheme {word}: send `Authorization: {word} {secret}`.");
    (given != Some(right)).then(|| hint().into())
}

/// The name of a scheme in responses.
pub(super) fn challenge(scheme: SecurityScheme) -> Challenge {
    match scheme {
        SecurityScheme::PersonalAccessToken => Challenge::Bearer,
        SecurityScheme::InternalAuth => Challenge::Internal,
    }
}

/// The scheme for a word, case-insensitive.
fn known(word: &str) -> Option<SecurityScheme> {
    let all = [SecurityScheme::PersonalAccessToken, SecurityScheme::InternalAuth];
    all.into_iter().find(|scheme| scheme.http_scheme().eq_ignore_ascii_case(word))
}

/// Each alternative of the description has exactly one scheme, which `tests/house.rs` checks.
fn takes(operation: Operation, scheme: SecurityScheme) -> bool {
    operation.security().iter().any(|alternative| alternative.contains(&scheme))
}
