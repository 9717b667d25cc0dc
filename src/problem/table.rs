//! Problems, and the table of their responses.

use uuid::Uuid;

use super::challenge::{Challenge, CredentialFault};
use super::conflict::Conflict;
use super::head::HeadFault;
use super::idempotency::IdempotencyProblem;
use super::injected;
use super::kind::{ProblemKind, kind};
use super::place::Place;
use super::send_limit::SendLimit;
use super::unavailable::Unavailable;
use crate::failure::Failure;

/// Why a secret is no longer valid (410).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was used.
    Used,
    /// It expired.
    Expired,
    /// A newer mail was sent.
    Replaced,
    /// The invitation was withdrawn, because its user was disabled.
    Withdrawn,
}

/// A failed request, by meaning.
#[derive(Debug)]
pub enum Problem {
    /// Its head is refused (400, 431, 501).
    Head(HeadFault),
    /// The request does not match the description (400).
    Invalid(Vec<Place>),
    /// The credentials are missing, not valid, or of a scheme that the operation does not accept (401).
    Unauthenticated {
        /// What is wrong with the credentials.
        detail: String,
        /// The accepted schemes, for `WWW-Authenticate`.
        challenges: Vec<Challenge>,
        /// Whether credentials were sent.
        fault: CredentialFault,
    },
    /// The caller lacks a permission (403).
    Forbidden(&'static str),
    /// No such path (404).
    UnknownPath,
    /// No such path, but a similar one (404).
    MisspeltPath {
        /// The template of the similar path.
        meant: &'static str,
    },
    /// The vendor has this path, but this server does not implement it (501).
    NotBuilt,
    /// The resource of the path does not exist or is not visible to the caller (404).
    NotFound(&'static str),
    /// A resource of the body does not exist or is not visible to the caller (404).
    MissingReferences(Vec<Place>),
    /// The code of an invitation is unknown or incomplete (404).
    UnknownCode,
    /// A sign-in code that does not work here (403). One answer for all reasons.
    WrongSignInCode,
    /// The path is known, the method is not (405).
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: String,
    },
    /// A conflict with the current state (409).
    Conflict(Conflict, Vec<Place>),
    /// A secret that is no longer valid (410).
    Gone(Gone),
    /// The body is too long (413).
    TooLarge {
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// The media type of the body is not supported (415).
    UnsupportedMediaType {
        /// The supported media type.
        supported: &'static str,
    },
    /// The content encoding of the body is not supported (415).
    UnsupportedContentEncoding,
    /// Too many sends (429).
    TooManySends {
        /// The limit that is exceeded.
        limit: SendLimit,
        /// Whole seconds until the next send is allowed.
        retry_after_seconds: u64,
        /// The addresses that are sent too often, if the request has several.
        places: Vec<Place>,
    },
    /// What stands in the way of a request with an `Idempotency-Key` (409, 422, 429).
    Idempotency(IdempotencyProblem),
    /// An internal error (500). The text is for the log only.
    Internal(String),
    /// The service is unavailable (503).
    Unavailable(Unavailable),
    /// The request timed out before its write started (504).
    TimedOut,
    /// A test requested a response with this status.
    Injected(u16),
}

/// A problem, and the places of a request that it is about, if any.
pub type Reason = (fn(Vec<Place>) -> Problem, Vec<Place>);

/// The `Retry-After` of a 503.
const RETRY_AFTER_BUSY_SECONDS: u64 = 1;

impl Problem {
    /// An invalid request, with one place.
    #[must_use]
    pub fn invalid(place: Place) -> Self {
        Self::Invalid(vec![place])
    }

    /// A conflict without a place in the request.
    #[must_use]
    pub fn conflict(conflict: Conflict) -> Self {
        Self::Conflict(conflict, Vec::new())
    }

    /// Fails with a problem for these places, if there are any.
    pub fn for_any(
        places: impl IntoIterator<Item = Place>,
        problem: impl FnOnce(Vec<Place>) -> Self,
    ) -> Result<(), Self> {
        let places: Vec<Place> = places.into_iter().collect();
        if places.is_empty() { Ok(()) } else { Err(problem(places)) }
    }

    /// Fails with every place of all reasons, if there are any. The first reason that applies decides the status.
    pub fn for_all<const N: usize>(reasons: [Reason; N]) -> Result<(), Self> {
        let first = reasons.iter().find(|(_, places)| !places.is_empty()).map(|(problem, _)| *problem);
        let places = reasons.into_iter().flat_map(|(_, places)| places).collect();
        first.map_or(Ok(()), |problem| Err(problem(places)))
    }

    /// Users who are disabled (409).
    #[must_use]
    pub fn user_disabled(places: Vec<Place>) -> Self {
        Self::Conflict(Conflict::UserDisabled, places)
    }

    /// Groups that a role manages (409).
    #[must_use]
    pub fn role_managed(places: Vec<Place>) -> Self {
        Self::Conflict(Conflict::RoleManaged, places)
    }

    /// An internal error, with the action that failed.
    pub fn internal(doing: &str, cause: impl std::fmt::Display) -> Self {
        Self::Internal(format!("{doing}: {cause}"))
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.kind().status
    }

    /// The headers of the response besides type and length.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unauthenticated { detail, challenges, fault } => {
                let header = |challenge: &Challenge| ("www-authenticate", challenge.header(*fault, detail));
                challenges.iter().map(header).collect()
            }
            Self::MethodNotAllowed { allow } => vec![("allow", allow.clone())],
            Self::TooManySends { retry_after_seconds, .. }
            | Self::Idempotency(IdempotencyProblem::TooManyKeys { retry_after_seconds, .. }) => {
                vec![("retry-after", retry_after_seconds.to_string())]
            }
            Self::Unavailable(_) => vec![("retry-after", RETRY_AFTER_BUSY_SECONDS.to_string())],
            Self::UnsupportedContentEncoding => vec![("accept-encoding", "identity".to_owned())],
            Self::Injected(status) => Self::usual(*status).map_or_else(Vec::new, |usual| usual.headers()),
            _ => Vec::new(),
        }
    }

    /// The body of the response.
    #[must_use]
    pub fn body(&self, request_id: Uuid) -> Vec<u8> {
        let ProblemKind { status, name, title } = self.kind();
        let detail = self.detail();
        let mut body = serde_json::json!({
            "type": format!("urn:brms:problem:{name}"),
            "title": title,
            "status": status,
            "detail": detail,
            "instance": format!("urn:uuid:{request_id}"),
            "message": detail,
            "error": title,
            "statusCode": status,
        });
        if !self.places().is_empty() {
            body["errors"] = serde_json::json!(self.places());
        }
        if let Self::Idempotency(problem) = self
            && !problem.ids().is_empty()
        {
            body["ids"] = serde_json::json!(problem.ids());
        }
        body.to_string().into_bytes()
    }

    /// The last part of its `type`, for the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name
    }

    /// A short title.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.kind().title
    }

    /// The places of the request that it is about.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        match self {
            Self::Invalid(places)
            | Self::MissingReferences(places)
            | Self::Conflict(_, places)
            | Self::TooManySends { places, .. } => places,
            _ => &[],
        }
    }

    /// The table: the status, name and title of every problem.
    fn kind(&self) -> ProblemKind {
        match self {
            Self::Head(fault) => fault.kind(),
            Self::Invalid(_) => kind(400, "invalid-request", "The request does not fit the description"),
            Self::Unauthenticated { .. } => kind(401, "unauthenticated", "Authentication required"),
            Self::Forbidden(_) => kind(403, "forbidden", "Not allowed"),
            Self::UnknownPath | Self::MisspeltPath { .. } => kind(404, "unknown-path", "No such path"),
            Self::NotBuilt => kind(501, "not-built", "Not implemented"),
            Self::NotFound(_) | Self::MissingReferences(_) => kind(404, "not-found", "Not found"),
            Self::UnknownCode => kind(404, "unknown-code", "Unknown code"),
            Self::WrongSignInCode => kind(403, "wrong-code", "The code does not work"),
            Self::MethodNotAllowed { .. } => kind(405, "method-not-allowed", "Method not allowed"),
            Self::Conflict(conflict, _) => conflict.kind(),
            Self::Gone(Gone::Used) => kind(410, "invitation-used", "The invitation was used"),
            Self::Gone(Gone::Expired) => kind(410, "invitation-expired", "The invitation has expired"),
            Self::Gone(Gone::Replaced) => kind(410, "invitation-replaced", "A newer invitation was sent"),
            Self::Gone(Gone::Withdrawn) => kind(410, "invitation-withdrawn", "The invitation was withdrawn"),
            Self::TooLarge { .. } => kind(413, "body-too-large", "The body is too large"),
            Self::UnsupportedMediaType { .. } => {
                kind(415, "unsupported-media-type", "Unsupported media type")
            }
            Self::UnsupportedContentEncoding => {
                kind(415, "unsupported-content-encoding", "Unsupported content encoding")
            }
            Self::Idempotency(problem) => problem.kind(),
            Self::TooManySends { .. } => kind(429, "too-many-sends", "Too many sends"),
            Self::Internal(_) => kind(500, "internal-error", "Internal error"),
            Self::Unavailable(_) => kind(503, "unavailable", "Service unavailable"),
            Self::TimedOut => kind(504, "timed-out", "The request timed out"),
            Self::Injected(status) => {
                Self::usual(*status).map_or_else(|| injected::kind(*status), |usual| usual.kind())
            }
        }
    }

    /// The typical problem for a status, if there is one; injected responses look like it.
    fn usual(status: u16) -> Option<Self> {
        Some(match status {
            400 => Self::Invalid(Vec::new()),
            401 => {
                let challenges = Challenge::OF_THE_API.to_vec();
                Self::Unauthenticated { detail: String::new(), challenges, fault: CredentialFault::Missing }
            }
            403 => Self::Forbidden(injected::DETAIL),
            404 => Self::NotFound("thing"),
            // RFC 9110: an empty Allow means that the resource allows no methods.
            405 => Self::MethodNotAllowed { allow: String::new() },
            413 => Self::TooLarge { bytes_max: 0 },
            415 => Self::UnsupportedMediaType { supported: "" },
            422 => Self::Idempotency(IdempotencyProblem::KeyReused),
            429 => {
                let limit = SendLimit::Invitation;
                Self::TooManySends { limit, retry_after_seconds: 1, places: Vec::new() }
            }
            500 => Self::Internal(String::new()),
            503 => Self::Unavailable(Unavailable::Overload),
            504 => Self::TimedOut,
            _ => return None,
        })
    }

    /// What happened and how to resolve it, for the client.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Invalid(places) | Self::MissingReferences(places) => sentences(places),
            Self::Unauthenticated { detail, .. } => detail.clone(),
            Self::Forbidden(detail) => (*detail).to_owned(),
            Self::Head(fault) => fault.detail(),
            Self::UnknownPath => "Nothing is served at this path.".to_owned(),
            Self::MisspeltPath { meant } => format!("Nothing is served at this path. Did you mean {meant}?"),
            Self::NotBuilt => {
                "The vendor's service has this path, but this server does not implement it. The resource may still exist \
                 there."
                    .to_owned()
            }
            Self::NotFound(what) => format!("There is no such {what}, or it is not visible to you."),
            Self::UnknownCode => {
                "This code is unknown. Check that it was copied completely, or ask for a new invitation."
                    .to_owned()
            }
            Self::WrongSignInCode => {
                "The code is wrong, was used, has expired, was tried too often or belongs to another browser. Ask for a new one."
                    .to_owned()
            }
            Self::MethodNotAllowed { allow } => format!("This path supports only: {allow}."),
            Self::Conflict(_, places) | Self::TooManySends { places, .. } if !places.is_empty() => sentences(places),
            Self::Conflict(conflict, _) => conflict.detail().into_owned(),
            Self::Gone(gone) => gone.detail().to_owned(),
            Self::TooLarge { bytes_max } => format!("The body is limited to {bytes_max} bytes."),
            Self::UnsupportedMediaType { supported } => {
                format!("Send the body as {supported}, with that Content-Type.")
            }
            Self::UnsupportedContentEncoding => {
                "Send the body uncompressed, without Content-Encoding.".to_owned()
            }
            Self::TooManySends { limit, retry_after_seconds, .. } => {
                format!("{} Try again in {retry_after_seconds} seconds.", limit.detail())
            }
            Self::Idempotency(problem) => problem.detail(),
            Self::Internal(_) => {
                "Internal error; see the server log for this instance.".to_owned()
            }
            Self::Unavailable(unavailable) => unavailable.detail().to_owned(),
            Self::Injected(_) => injected::DETAIL.to_owned(),
            Self::TimedOut => {
                "The request timed out before anything was written. Nothing was changed.".to_owned()
            }
        }
    }
}

impl Gone {
    fn detail(self) -> &'static str {
        match self {
            Self::Used => "This invitation has already been used; it works only once.",
            Self::Expired => "This invitation has expired. Ask the person who invited you to send it again.",
            Self::Replaced => {
                "A newer invitation was sent and replaced this one. Use the link in the latest mail."
            }
            Self::Withdrawn => "This invitation was withdrawn. Ask the person who invited you.",
        }
    }
}

fn sentences(places: &[Place]) -> String {
    places.iter().map(Place::sentence).collect::<Vec<_>>().join("; ")
}

impl std::fmt::Display for Problem {
    /// For the log: the name and the text, or the cause of an internal error, which a client never sees.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Internal(cause) => write!(formatter, "{}: {cause}", self.kind().name),
            _ => write!(formatter, "{}: {}", self.kind().name, self.detail()),
        }
    }
}

impl std::error::Error for Problem {}

/// For a terminal, where an internal error has its cause, because there is no log.
impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Internal(cause) => Self(cause),
            other => Self(other.detail()),
        }
    }
}
