//! Secrets: made here, compared by their SHA-256, and shown nowhere by accident.
//!
//! [`Secret`] has neither `Debug` nor `Display` nor `Serialize`, so it cannot slip into a log line or an
//! answer; code that wants the text says [`Secret::reveal`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// What a secret opens. The prefix lets secret scanners find it, and garbage be refused without a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// A personal access token.
    PersonalAccessToken,
    /// A sign-in of a person, for `internalAuth`.
    InternalToken,
    /// The code of an invitation.
    Invitation,
    /// What opens the stand-in's own controls.
    TestControls,
}

impl SecretKind {
    /// What a text opens by its beginning, whatever follows.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let all = [Self::PersonalAccessToken, Self::InternalToken, Self::Invitation, Self::TestControls];
        all.into_iter().find(|kind| text.starts_with(kind.prefix()))
    }

    /// How every secret of this kind begins.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::PersonalAccessToken => "brms_pat_",
            Self::InternalToken => "brms_ses_",
            Self::Invitation => "brms_inv_",
            Self::TestControls => "brms_tst_",
        }
    }

    /// What every secret of this kind looks like, in words.
    #[must_use]
    pub fn form(self) -> String {
        let (fewest, most) = (BODY_CHARACTERS.start(), BODY_CHARACTERS.end());
        format!("{} and then {fewest} to {most} letters, digits, '-' or '_'", self.prefix())
    }
}

/// Whether a secret may hold this character.
#[must_use]
pub const fn is_secret_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_')
}

/// The fewest and the most characters after the prefix. Ours have 43 (256 bits); those of a seed may differ.
const BODY_CHARACTERS: std::ops::RangeInclusive<usize> = 32..=200;

/// The text of a secret.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// 256 bits from the system's generator behind the prefix.
    ///
    /// # Panics
    ///
    /// When the system has no randomness to give: without it there is no safe way on.
    #[must_use]
    pub fn generate(kind: SecretKind) -> Self {
        let mut bits = [0_u8; 32];
        getrandom::fill(&mut bits).expect("the system's random generator answers");
        Self(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bits)))
    }

    /// Takes a text for a secret if it has the form of one: prefix, letters, length.
    #[must_use]
    pub fn parse(kind: SecretKind, text: &str) -> Option<Self> {
        let body = text.strip_prefix(kind.prefix())?;
        let well_formed = BODY_CHARACTERS.contains(&body.len()) && body.chars().all(is_secret_character);
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The text itself, for the one place that has to show it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it. A fast hash is right: 256 random bits cannot be guessed.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

/// The SHA-256 of a secret. In JSON it is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// A hash from its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for a column.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Display for SecretHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.bytes().map(|digit| char::from(digit).to_digit(16)).collect::<Option<Vec<_>>>();
        let digits = digits.filter(|digits| digits.len() == 64);
        let digits = digits.ok_or_else(|| D::Error::custom("must be a SHA-256: 64 hexadecimal digits"))?;
        let mut bytes = [0_u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = pair.iter().fold(0, |byte, digit| byte << 4 | u8::try_from(*digit).unwrap_or_default());
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_secret_reads_back_and_never_repeats() {
        for kind in [
            SecretKind::PersonalAccessToken,
            SecretKind::InternalToken,
            SecretKind::Invitation,
            SecretKind::TestControls,
        ] {
            let (one, two) = (Secret::generate(kind), Secret::generate(kind));
            assert!(one.reveal() != two.reveal());
            assert_eq!(one.reveal().len(), kind.prefix().len() + 43);
            assert!(Secret::parse(kind, one.reveal()).unwrap().hash() == one.hash());
        }
    }

    #[test]
    fn a_hash_is_hexadecimal_in_json_and_reads_back() {
        let hash = Secret::generate(SecretKind::Invitation).hash();
        let text = serde_json::to_string(&hash).unwrap();
        assert_eq!(text.len(), 66);
        assert!(serde_json::from_str::<SecretHash>(&text).unwrap() == hash);
        assert!(serde_json::from_str::<SecretHash>(&text.to_uppercase()).unwrap() == hash);
        for wrong in ["\"\"", "\"ab\"", &text.replace(&text[1..3], "é"), &text.replace(&text[1..2], " ")] {
            assert!(serde_json::from_str::<SecretHash>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_has_not_the_form_is_refused_without_a_look_up() {
        let right = Secret::generate(SecretKind::Invitation);
        for wrong in [
            "",
            "null",
            "brms_inv_",
            "brms_inv_short",
            &right.reveal()[1..],
            &right.reveal().to_uppercase(),
            &format!(" {}", right.reveal()),
            &format!("{}\0", right.reveal()),
            &format!("{}{}", right.reveal(), "x".repeat(400)),
        ] {
            assert!(Secret::parse(SecretKind::Invitation, wrong).is_none(), "{wrong:?}");
        }
        assert!(Secret::parse(SecretKind::InternalToken, right.reveal()).is_none());
    }
}
