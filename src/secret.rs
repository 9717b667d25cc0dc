//! Secrets: generated here, compared by their SHA-256, and protected from accidental output.
//!
//! [`Secret`] implements neither `Debug` nor `Display` nor `Serialize`, so it cannot end up in a log line or a
//! response; [`Secret::reveal`] returns the text.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The kind of a secret. The prefix lets secret scanners find it, and lets other text be refused without a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// A personal access token.
    PersonalAccessToken,
    /// A session, for `internalAuth`.
    Session,
    /// The code of an invitation.
    Invitation,
    /// The token of the test controls.
    TestControls,
    /// Of the browser or program that asked for a sign-in code, without which the code does nothing.
    SignInAttempt,
    /// Of a browser that has signed in before.
    SignInDevice,
    /// The operator's link that signs a user in.
    SignInLink,
}

impl SecretKind {
    /// The kind of a text by its prefix.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let all = [
            Self::PersonalAccessToken,
            Self::Session,
            Self::Invitation,
            Self::TestControls,
            Self::SignInAttempt,
            Self::SignInDevice,
            Self::SignInLink,
        ];
        all.into_iter().find(|kind| text.starts_with(kind.prefix()))
    }

    /// The prefix of every secret of this kind.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::PersonalAccessToken => "brms_pat_",
            Self::Session => "brms_ses_",
            Self::Invitation => "brms_inv_",
            Self::TestControls => "brms_tst_",
            Self::SignInAttempt => "brms_sia_",
            Self::SignInDevice => "brms_sid_",
            Self::SignInLink => "brms_sil_",
        }
    }

    /// The format of every secret of this kind, in words.
    #[must_use]
    pub fn form(self) -> String {
        let (fewest, most) = (BODY_CHARACTERS.start(), BODY_CHARACTERS.end());
        format!("{} and then {fewest} to {most} letters, digits, '-' or '_'", self.prefix())
    }
}

/// Whether a secret may have this character.
#[must_use]
pub const fn is_secret_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_')
}

/// The number of characters after the prefix of a generated secret: 256 bits.
pub const GENERATED_CHARACTERS: usize = 43;
/// The allowed number of characters after the prefix. Those of a seed may have more or fewer than generated ones.
const BODY_CHARACTERS: std::ops::RangeInclusive<usize> = 32..=SECRET_CHARACTERS_MAX;
/// The most characters of a secret after its prefix.
pub const SECRET_CHARACTERS_MAX: usize = 200;

/// The text of a secret.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A secret with 256 bits from the system's random generator.
    ///
    /// # Panics
    ///
    /// If the system's random generator fails: there is no safe way to continue.
    #[must_use]
    pub fn generate(kind: SecretKind) -> Self {
        let mut bits = [0_u8; 32];
        getrandom::fill(&mut bits).expect("the system's random generator answers");
        Self(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bits)))
    }

    /// Parses a text with the format of a secret: prefix, characters, length.
    #[must_use]
    pub fn parse(kind: SecretKind, text: &str) -> Option<Self> {
        let body = text.strip_prefix(kind.prefix())?;
        let well_formed = BODY_CHARACTERS.contains(&body.len()) && body.chars().all(is_secret_character);
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The text itself, for the places that must show it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The hash that is stored. A fast hash is sufficient: 256 random bits cannot be guessed.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

/// The SHA-256 of a secret. 64 hexadecimal digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// A hash from its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The SHA-256 of a text that is not a secret but that need not be stored.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The 32 bytes, for a column.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
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
            SecretKind::Session,
            SecretKind::Invitation,
            SecretKind::TestControls,
            SecretKind::SignInAttempt,
            SecretKind::SignInDevice,
            SecretKind::SignInLink,
        ] {
            let (one, two) = (Secret::generate(kind), Secret::generate(kind));
            assert!(one.reveal() != two.reveal());
            assert_eq!(one.reveal().len(), kind.prefix().len() + GENERATED_CHARACTERS);
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
    fn a_text_in_another_format_is_refused_without_a_lookup() {
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
        assert!(Secret::parse(SecretKind::Session, right.reveal()).is_none());
    }
}
