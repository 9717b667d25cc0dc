//! The ways to say who one is, as `WWW-Authenticate` names them (RFC 9110, RFC 6750).

/// A scheme of `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A personal access token.
    Bearer,
    /// A sign-in of a person.
    Internal,
    /// The token of the test controls, which is no credential of the API.
    Test,
}

impl Challenge {
    /// Those that an operation of the description can take.
    pub(super) const OF_THE_API: [Self; 2] = [Self::Bearer, Self::Internal];

    /// The scheme's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Internal => "Internal",
            Self::Test => "Test",
        }
    }

    /// The value of `WWW-Authenticate`. `were_sent`: there were credentials, and they did not hold.
    pub(super) fn header(self, were_sent: bool) -> String {
        let realm = if self == Self::Test { "brms-test" } else { "brms" };
        let error = if were_sent { ", error=\"invalid_token\"" } else { "" };
        format!("{} realm=\"{realm}\"{error}", self.word())
    }
}
