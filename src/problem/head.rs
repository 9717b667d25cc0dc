//! Heads of requests that are refused before their path is looked at, and what is said of each.

use super::kind::{ProblemKind, kind};

/// What is wrong with the head of a request, whatever it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// It is not HTTP/1.1, in the words of the HTTP library (400).
    Unreadable(String),
    /// `Host` is missing, doubled or malformed; this says which (400).
    Host(&'static str),
    /// It holds more bytes or lines than are read (431).
    TooLong,
    /// The body is packed in a way that is not read here (501).
    TransferCoding,
}

impl HeadFault {
    pub(super) fn kind(&self) -> ProblemKind {
        match self {
            Self::Unreadable(_) | Self::Host(_) => {
                kind(400, "malformed-request", "The request cannot be read")
            }
            Self::TooLong => kind(431, "head-too-long", "The head of the request is too long"),
            Self::TransferCoding => {
                kind(501, "unsupported-transfer-coding", "The transfer coding is not read here")
            }
        }
    }

    pub(super) fn detail(&self) -> String {
        match self {
            Self::Unreadable(cause) => {
                format!("What was sent cannot be read as HTTP/1.1 ({cause}). The connection is closed.")
            }
            Self::Host(fault) => format!("{fault} Send one Host header with the name of this server."),
            Self::TooLong => {
                "The first line and the headers of a request may hold 64 KiB and 100 lines together."
                    .to_owned()
            }
            Self::TransferCoding => {
                "The only transfer coding that is read here is chunked. Send the body as it is.".to_owned()
            }
        }
    }
}
