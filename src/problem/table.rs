//! The meanings of failures, and the table of what each is answered with.

use uuid::Uuid;

use super::challenge::{Challenge, CredentialFault};
use super::conflict::Conflict;
use super::head::HeadFault;
use super::injected;
use super::kind::{ProblemKind, kind};
use super::place::Place;
use super::unavailable::Unavailable;
use crate::failure::Failure;

/// Why a secret that was once right opens nothing any more (410).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was used.
    Used,
    /// Its time is over.
    Expired,
    /// A newer mail was sent.
    Replaced,
    /// The invitation was withdrawn, because its user was disabled.
    Withdrawn,
}

/// What bounds the sending of invitations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendLimit {
    /// One invitation, so that no mailbox is flooded.
    Invitation,
    /// One inviter, so that no stolen credential floods many.
    Inviter,
}

impl SendLimit {
    fn detail(self) -> &'static str {
        match self {
            Self::Invitation => "This invitation was sent too often.",
            Self::Inviter => "You have sent too many invitations.",
        }
    }
}

/// Everything that can go wrong, by meaning.
#[derive(Debug)]
pub enum Problem {
    /// Its head is refused, whatever it asks for (400, 431, 501).
    Head(HeadFault),
    /// The request does not fit the description (400).
    Invalid(Vec<Place>),
    /// The caller is not known, or not in a way that this operation takes (401).
    Unauthenticated {
        /// What is wrong with the credentials.
        detail: String,
        /// The schemes that are taken, for `WWW-Authenticate`.
        challenges: Vec<Challenge>,
        /// Whether there were any.
        fault: CredentialFault,
    },
    /// A known caller who may not (403).
    Forbidden(&'static str),
    /// No such path (404).
    UnknownPath,
    /// No such path, but one that was probably meant (404).
    MisspeltPath {
        /// The template of the path that was meant.
        meant: &'static str,
    },
    /// The vendor has this path, and this server has not (501).
    NotBuilt,
    /// What the path names is not there for this caller (404).
    NotFound(&'static str),
    /// What the body names is not there for this caller (404).
    MissingReferences(Vec<Place>),
    /// The code of an invitation that never was one, or is not whole (404).
    UnknownCode,
    /// The path is known, the method is not (405).
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: String,
    },
    /// The state forbids it (409).
    Conflict(Conflict, Vec<Place>),
    /// A secret that matched and is over (410).
    Gone(Gone),
    /// The body is too long (413).
    TooLarge {
        /// The most a body may hold.
        bytes_max: usize,
    },
    /// The body is not of a type that is read here (415).
    UnsupportedMediaType {
        /// The types that are read here.
        supported: &'static str,
    },
    /// The body is packed, which is not undone here (415).
    UnsupportedContentEncoding,
    /// Too many sends (429).
    TooManySends {
        /// What was sent, or who sent, too often.
        limit: SendLimit,
        /// Whole seconds until the next one is taken.
        retry_after_seconds: u64,
    },
    /// A fault of ours (500). The text is for the log alone.
    Internal(String),
    /// Not now (503).
    Unavailable(Unavailable),
    /// The request's time ran out before its write began (504).
    TimedOut,
    /// A test of a client asked for an answer with this status.
    Injected(u16),
}

/// How long a client is asked to wait after a 503.
const RETRY_AFTER_BUSY_SECONDS: u64 = 1;

impl Problem {
    /// One complaint about one place of the request.
    #[must_use]
    pub fn invalid(place: Place) -> Self {
        Self::Invalid(vec![place])
    }

    /// A conflict with the state as a whole, not with one place of the request.
    #[must_use]
    pub fn conflict(conflict: Conflict) -> Self {
        Self::Conflict(conflict, Vec::new())
    }

    /// Refuses for the sake of these places, if there are any.
    pub fn for_any(
        places: impl IntoIterator<Item = Place>,
        problem: impl FnOnce(Vec<Place>) -> Self,
    ) -> Result<(), Self> {
        let places: Vec<Place> = places.into_iter().collect();
        if places.is_empty() { Ok(()) } else { Err(problem(places)) }
    }

    /// A fault of ours, with what we were doing when it came up.
    pub fn internal(doing: &str, cause: impl std::fmt::Display) -> Self {
        Self::Internal(format!("{doing}: {cause}"))
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.kind().status
    }

    /// The headers of the answer beyond its type and length.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unauthenticated { detail, challenges, fault } => {
                let header = |challenge: &Challenge| ("www-authenticate", challenge.header(*fault, detail));
                challenges.iter().map(header).collect()
            }
            Self::MethodNotAllowed { allow } => vec![("allow", allow.clone())],
            Self::TooManySends { retry_after_seconds, .. } => {
                vec![("retry-after", retry_after_seconds.to_string())]
            }
            Self::Unavailable(_) => vec![("retry-after", RETRY_AFTER_BUSY_SECONDS.to_string())],
            Self::UnsupportedContentEncoding => vec![("accept-encoding", "identity".to_owned())],
            Self::Injected(status) => Self::usual(*status).map_or_else(Vec::new, |usual| usual.headers()),
            _ => Vec::new(),
        }
    }

    /// The body of the answer.
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
        body.to_string().into_bytes()
    }

    /// The last part of its `type`, for the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name
    }

    /// A short headline for people.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.kind().title
    }

    /// The places of the request that the problem is about.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        match self {
            Self::Invalid(places) | Self::MissingReferences(places) | Self::Conflict(_, places) => places,
            _ => &[],
        }
    }

    /// The table: every meaning, its status and its name.
    fn kind(&self) -> ProblemKind {
        match self {
            Self::Head(fault) => fault.kind(),
            Self::Invalid(_) => kind(400, "invalid-request", "The request does not fit the description"),
            Self::Unauthenticated { .. } => kind(401, "unauthenticated", "Credentials are needed"),
            Self::Forbidden(_) => kind(403, "forbidden", "Not allowed"),
            Self::UnknownPath | Self::MisspeltPath { .. } => kind(404, "unknown-path", "No such path"),
            Self::NotBuilt => kind(501, "not-built", "Not built here"),
            Self::NotFound(_) | Self::MissingReferences(_) => kind(404, "not-found", "Not found"),
            Self::UnknownCode => kind(404, "unknown-code", "The code is not known"),
            Self::MethodNotAllowed { .. } => kind(405, "method-not-allowed", "Method not allowed"),
            Self::Conflict(conflict, _) => conflict.kind(),
            Self::Gone(Gone::Used) => kind(410, "invitation-used", "The invitation was used"),
            Self::Gone(Gone::Expired) => kind(410, "invitation-expired", "The invitation has expired"),
            Self::Gone(Gone::Replaced) => kind(410, "invitation-replaced", "A newer invitation was sent"),
            Self::Gone(Gone::Withdrawn) => kind(410, "invitation-withdrawn", "The invitation was withdrawn"),
            Self::TooLarge { .. } => kind(413, "body-too-large", "The body is too large"),
            Self::UnsupportedMediaType { .. } => {
                kind(415, "unsupported-media-type", "The content type is not read here")
            }
            Self::UnsupportedContentEncoding => {
                kind(415, "unsupported-content-encoding", "The content encoding is not read here")
            }
            Self::TooManySends { .. } => kind(429, "too-many-sends", "Too many sends"),
            Self::Internal(_) => kind(500, "internal-error", "Internal error"),
            Self::Unavailable(_) => kind(503, "unavailable", "Not available right now"),
            Self::TimedOut => kind(504, "timed-out", "The request took too long"),
            Self::Injected(status) => {
                Self::usual(*status).map_or_else(|| injected::kind(*status), |usual| usual.kind())
            }
        }
    }

    /// The problem that usually has a status, where one has it more than others: an answer that a test asked for looks
    /// like it.
    fn usual(status: u16) -> Option<Self> {
        Some(match status {
            400 => Self::Invalid(Vec::new()),
            401 => {
                let challenges = Challenge::OF_THE_API.to_vec();
                Self::Unauthenticated { detail: String::new(), challenges, fault: CredentialFault::Missing }
            }
            403 => Self::Forbidden(injected::DETAIL),
            404 => Self::NotFound("thing"),
            // RFC 9110: an empty Allow says that no method is taken now.
            405 => Self::MethodNotAllowed { allow: String::new() },
            413 => Self::TooLarge { bytes_max: 0 },
            415 => Self::UnsupportedMediaType { supported: "" },
            429 => Self::TooManySends { limit: SendLimit::Invitation, retry_after_seconds: 1 },
            500 => Self::Internal(String::new()),
            503 => Self::Unavailable(Unavailable::Overload),
            504 => Self::TimedOut,
            _ => return None,
        })
    }

    /// What happened and the way out, for the one who asked.
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
                "The vendor's service has this path, and this server does not serve it. This says nothing about what \
                 the path names."
                    .to_owned()
            }
            Self::NotFound(what) => format!("There is no such {what}, or it is not visible to you."),
            Self::UnknownCode => {
                "This code is not known. Check that it was copied whole, or ask for a new invitation."
                    .to_owned()
            }
            Self::MethodNotAllowed { allow } => format!("This path takes only: {allow}."),
            Self::Conflict(_, places) if !places.is_empty() => sentences(places),
            Self::Conflict(conflict, _) => conflict.detail().to_owned(),
            Self::Gone(gone) => gone.detail().to_owned(),
            Self::TooLarge { bytes_max } => format!("A body may hold at most {bytes_max} bytes."),
            Self::UnsupportedMediaType { supported } => {
                format!("Send the body as {supported} and say so in Content-Type.")
            }
            Self::UnsupportedContentEncoding => {
                "Send the body as it is, without Content-Encoding: nothing is unpacked here.".to_owned()
            }
            Self::TooManySends { limit, retry_after_seconds } => {
                format!("{} Try again in {retry_after_seconds} seconds.", limit.detail())
            }
            Self::Internal(_) => {
                "Something went wrong on the server. The log has it under this instance.".to_owned()
            }
            Self::Unavailable(unavailable) => unavailable.detail().to_owned(),
            Self::Injected(_) => injected::DETAIL.to_owned(),
            Self::TimedOut => {
                "The request's time ran out before anything was written. Nothing was changed.".to_owned()
            }
        }
    }
}

impl Gone {
    fn detail(self) -> &'static str {
        match self {
            Self::Used => "This invitation was used already; it works once.",
            Self::Expired => "This invitation has expired. Ask the one who invited you to send it again.",
            Self::Replaced => {
                "A newer invitation was sent, so this one is over. Use the link in the latest mail."
            }
            Self::Withdrawn => "This invitation was withdrawn. Ask the one who invited you.",
        }
    }
}

fn sentences(places: &[Place]) -> String {
    places.iter().map(Place::sentence).collect::<Vec<_>>().join("; ")
}

impl std::fmt::Display for Problem {
    /// For the log: the kind, and for faults of ours the cause that a client never sees.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Internal(cause) => write!(formatter, "{}: {cause}", self.kind().name),
            _ => write!(formatter, "{}: {}", self.kind().name, self.detail()),
        }
    }
}

impl std::error::Error for Problem {}

/// For a terminal, where there is no log that would have the cause of a fault of ours.
impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Internal(cause) => Self(cause),
            other => Self(other.detail()),
        }
    }
}
