//! Authentication schemes, as listed in `WWW-Authenticate` (RFC 9110, RFC 6750).

/// A scheme of `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A personal access token.
    Bearer,
    /// A session.
    Internal,
    /// The token of the test controls, which is not a credential of the API.
    Test,
}

impl Challenge {
    /// The schemes that an operation of the description can accept.
    pub(super) const OF_THE_API: [Self; 2] = [Self::Bearer, Self::Internal];

    /// The scheme's name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Internal => "Internal",
            Self::Test => "Test",
        }
    }

    /// The value of `WWW-Authenticate`. `detail`: what is wrong with the credentials that were sent.
    pub(super) fn header(self, fault: CredentialFault, detail: &str) -> String {
        let realm = if self == Self::Test { "brms-test" } else { "brms" };
        let error = match fault {
            CredentialFault::Missing => String::new(),
            // Headers are ASCII.
            CredentialFault::Invalid => {
                format!(", error=\"invalid_token\", error_description=\"{}\"", detail.replace('…', "..."))
            }
        };
        format!("{} realm=\"{realm}\"{error}", self.word())
    }
}

/// What is wrong with the credentials of a request. By RFC 6750 a challenge has an error only if there were any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFault {
    /// There were none.
    Missing,
    /// They are not valid.
    Invalid,
}
