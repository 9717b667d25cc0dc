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

    /// The value of `WWW-Authenticate`. `fault`: what is wrong with the credentials, if any were sent.
    pub(super) fn header(self, fault: Option<&str>) -> String {
        let realm = if self == Self::Test { "brms-test" } else { "brms" };
        // Headers are ASCII.
        let description = |fault: &str| fault.replace('…', "...");
        let error = fault.map_or_else(String::new, |fault| {
            format!(", error=\"invalid_token\", error_description=\"{}\"", description(fault))
        });
        format!("{} realm=\"{realm}\"{error}", self.word())
    }
}
