//! Requests that are refused because of their head, and the texts for it.

use super::kind::{ProblemKind, kind};

/// What is wrong with the head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// It is not HTTP/1.1, as worded by the HTTP library (400).
    Unreadable(String),
    /// `Host` is missing, repeated or malformed, as described (400).
    Host(&'static str),
    /// It exceeds the limit of bytes or lines (431).
    TooLong,
    /// It has an unsupported transfer coding (501).
    TransferCoding,
}

impl HeadFault {
    pub(super) fn kind(&self) -> ProblemKind {
        match self {
            Self::Unreadable(_) | Self::Host(_) => {
                kind(400, "malformed-request", "The request cannot be read")
            }
            Self::TooLong => kind(431, "head-too-long", "The head of the request is too long"),
            Self::TransferCoding => kind(501, "unsupported-transfer-coding", "Unsupported transfer coding"),
        }
    }

    pub(super) fn detail(&self) -> String {
        match self {
            Self::Unreadable(cause) => {
                format!("The request is not valid HTTP/1.1 ({cause}). The connection is closed.")
            }
            Self::Host(fault) => format!("{fault} Send one Host header with the name of this server."),
            Self::TooLong => {
                "The request line and the headers are limited to 64 KiB and 100 lines.".to_owned()
            }
            Self::TransferCoding => {
                "The only supported transfer coding is chunked. Send the body without any other.".to_owned()
            }
        }
    }
}
