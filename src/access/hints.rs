//! What is said of credentials that cannot be right, and the way out.

use crate::generated::api::{Operation, SecurityScheme};
use crate::http::Authorization;
use crate::secret::SecretKind;

const MISSING: &str = "The Authorization header is missing.";
const NOT_ONE: &str = "Send one Authorization header in ASCII: a scheme, a space, the token.";
const NO_TOKEN: &str = "Behind the scheme of the Authorization header the token is missing.";
const BLANKS: &str =
    "The Authorization header is a scheme, exactly one space and the token; nothing else is taken.";
const UNKNOWN_SCHEME: &str =
    "The scheme of the Authorization header is not known here; send Bearer or Internal.";
const ONLY_SIGN_INS: &str =
    "This operation takes a sign-in of a person (scheme Internal), not a personal access token.";

/// The scheme and the secret that are to be looked up, or why there is no use in that.
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
    if takes(operation, scheme) { Ok((scheme, credentials)) } else { Err(ONLY_SIGN_INS) }
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

/// What the beginning of a secret tells when it does not go with its scheme.
fn hint(operation: Operation, given: Option<SecurityScheme>, secret: &str) -> Option<&'static str> {
    let (right, hint) = match SecretKind::of(secret)? {
        SecretKind::PersonalAccessToken => (
            SecurityScheme::PersonalAccessToken,
            "A secret brms_pat_… goes with the scheme Bearer: send `Authorization: Bearer brms_pat_…`.",
        ),
        SecretKind::InternalToken => (
            SecurityScheme::InternalAuth,
            "A secret brms_ses_… goes with the scheme Internal: send `Authorization: Internal brms_ses_…`.",
        ),
        SecretKind::Invitation => {
            return Some(
                "A secret brms_inv_… is the code of an invitation, which is accepted at /invitations/accept.",
            );
        }
        SecretKind::TestControls => {
            return Some("A secret brms_tst_… opens the test controls and no operation.");
        }
    };
    if !takes(operation, right) {
        return Some(ONLY_SIGN_INS);
    }
    (given != Some(right)).then_some(hint)
}

/// The scheme of a word, in any letter case.
fn known(word: &str) -> Option<SecurityScheme> {
    let all = [SecurityScheme::PersonalAccessToken, SecurityScheme::InternalAuth];
    all.into_iter().find(|scheme| scheme.http_scheme().eq_ignore_ascii_case(word))
}

/// Each alternative of the description names one scheme; `tests/house.rs` holds it to that.
fn takes(operation: Operation, scheme: SecurityScheme) -> bool {
    operation.security().iter().any(|alternative| alternative.contains(&scheme))
}
