//! The code of a mail: `XXXX-XXXX`, 40 random bits.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::{Secret, SecretHash};

/// Crockford's alphabet: digits and letters without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LETTERS: usize = 8;
/// Where the hyphen stands.
const HALF: usize = LETTERS / 2;

/// A code. It has no `Debug`, like a secret.
pub(super) struct SignInCode(String);

impl SignInCode {
    /// A new code from the system's random generator.
    ///
    /// # Panics
    ///
    /// If the system's random generator fails: there is no safe way to continue.
    pub(super) fn generate() -> Self {
        let mut bytes = [0_u8; LETTERS];
        getrandom::fill(&mut bytes).expect("the system's random generator answers");
        // 32 divides 256, so that every letter is as likely as any other.
        let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
        Self(bytes.iter().map(letter).collect())
    }

    /// The code in what a person typed or pasted: in any letter case, with or without the hyphen and blanks, with O for 0
    /// and I or L for 1.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut letters = String::with_capacity(LETTERS);
        for c in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}')) {
            let letter = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let is_of_alphabet = letter.is_ascii() && ALPHABET.contains(&(letter as u8));
            if !is_of_alphabet || letters.len() == LETTERS {
                return None;
            }
            letters.push(letter);
        }
        (letters.len() == LETTERS).then_some(Self(letters))
    }

    /// The code as a mail shows it.
    pub(super) fn shown(&self) -> String {
        format!("{}-{}", &self.0[..HALF], &self.0[HALF..])
    }

    /// What is stored: without the secret of the attempt it does not tell whether a code is right.
    pub(super) fn mac(&self, attempt: &Secret) -> SecretHash {
        SecretHash::from_bytes(self.keyed(attempt).finalize().into_bytes().into())
    }

    /// Whether this is the code of the attempt. Takes as long for every wrong one.
    pub(super) fn is(&self, attempt: &Secret, mac: &SecretHash) -> bool {
        self.keyed(attempt).verify_slice(mac.as_bytes()).is_ok()
    }

    fn keyed(&self, attempt: &Secret) -> Hmac<Sha256> {
        let mut keyed =
            Hmac::<Sha256>::new_from_slice(attempt.reveal().as_bytes()).expect("a key may have any length");
        keyed.update(self.0.as_bytes());
        keyed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretKind;

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        let code = SignInCode::parse("01AB-CDEF").unwrap();
        assert_eq!(code.shown(), "01AB-CDEF");
        for text in ["01abcdef", " 01 ab\u{2011}cd ef\n", "oiab-cdef", "OLAB-CDEF"] {
            assert_eq!(SignInCode::parse(text).unwrap().shown(), code.shown(), "{text}");
        }
        for text in ["", "01AB-CDE", "01AB-CDEFG", "01AB-CDEU", "01AB_CDEF", "01AB-CDE\u{00e9}"] {
            assert!(SignInCode::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_new_code_reads_back_and_has_no_letter_that_can_be_mistaken() {
        for _ in 0..200 {
            let shown = SignInCode::generate().shown();
            assert!(shown.chars().all(|c| c == '-' || ALPHABET.contains(&(c as u8))), "{shown}");
            assert!(!shown.contains(['I', 'L', 'O', 'U']) && shown.len() == 9, "{shown}");
            assert_eq!(SignInCode::parse(&shown).unwrap().shown(), shown);
        }
    }

    #[test]
    fn a_code_is_right_only_with_the_secret_of_its_attempt() {
        let [own, other] = [(); 2].map(|()| Secret::generate(SecretKind::SignInAttempt));
        let (code, wrong) =
            (SignInCode::parse("01AB-CDEF").unwrap(), SignInCode::parse("01AB-CDEG").unwrap());
        let mac = code.mac(&own);
        assert!(code.is(&own, &mac) && !wrong.is(&own, &mac) && !code.is(&other, &mac));
    }
}
