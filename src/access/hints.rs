//! Error texts for credentials that cannot be valid, with the way to correct them.

use crate::generated::api::{Operation, SecurityScheme};
use crate::http::Authorization;
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
) -> Result<(SecurityScheme, &str), &'static str> {
    let (scheme, credentials) = match authorization {
        Authorization::Absent => return Err(MISSING),
        Authorization::Malformed { text } => {
            return Err(text.map_or(NOT_ONE, |text| malformed(operation, text)));
        }
        Authorization::Present { scheme, credentials } => (known(scheme), credentials),
    };
    if let Some(hint) = hint(operation, scheme, credentials) {
        return Err(hint);
    }
    let scheme = scheme.ok_or(UNKNOWN_SCHEME)?;
    if takes(operation, scheme) { Ok((scheme, credentials)) } else { Err(SESSIONS_ONLY) }
}

fn malformed(operation: Operation, text: &str) -> &'static str {
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (Some(word), None) if known(word).is_some() => NO_TOKEN,
        (Some(word), None) => hint(operation, None, word).unwrap_or(NOT_ONE),
        (Some(_), Some(_)) => BLANKS,
        _ => NOT_ONE,
    }
}

/// A hint if the prefix of the secret does not fit its scheme.
fn hint(operation: Operation, given: Option<SecurityScheme>, secret: &str) -> Option<&'static str> {
    let (right, hint) = match SecretKind::of(secret)? {
        SecretKind::PersonalAccessToken => (
            SecurityScheme::PersonalAccessToken,
            "A secret brms_pat_… requires the scheme Bearer: send `Authorization: Bearer brms_pat_…`.",
        ),
        SecretKind::Session => (
            SecurityScheme::InternalAuth,
            "A secret brms_ses_… requires the scheme Internal: send `Authorization: Internal brms_ses_…`.",
        ),
        SecretKind::Invitation => {
            return Some(
                "A secret brms_inv_… is the code of an invitation, which is accepted at /invitations/accept.",
            );
        }
        SecretKind::TestControls => {
            return Some("A secret brms_tst_… is for the test controls, not for operations.");
        }
    };
    if !takes(operation, right) {
        return Some(SESSIONS_ONLY);
    }
    (given != Some(right)).then_some(hint)
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
