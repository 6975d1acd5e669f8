//! What a clinic may answer instead of what was asked.

use std::time::Duration;

use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{KeyStoreError, TransportError};

/// Why a request gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The request did not arrive: nothing happened at the clinic.
    #[error("the clinic cannot be reached")]
    Unreachable,
    /// It is not known whether the clinic acted: ask again under the same id.
    #[error("the clinic's answer did not arrive")]
    NoAnswer,
    /// The key with which this phone proves itself cannot be used now, or its tokens cannot be read: nothing was asked.
    #[error("this phone cannot prove itself now: {0}")]
    Key(KeyStoreError),
    /// The clinic does not know this phone (401), or no longer, or the phone has lost its key: it must come in again.
    #[error("the clinic does not know this phone")]
    Unauthorized,
    /// There is no such thing for this phone (404); absent and foreign look the same.
    #[error("the clinic has no such record")]
    NotFound,
    /// The cursor is no longer valid (410): start from the beginning.
    #[error("the cursor is no longer valid")]
    Gone,
    /// The clinic refused for good (another 4xx).
    #[error("the clinic refused: {code}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The refusal's code in `https://sokhoe.vn/fhir/CodeSystem/refusal`, else the FHIR issue type.
        code: String,
        /// When a time was taken: other free times, the nearest first.
        alternatives: Vec<Timestamp>,
    },
    /// The clinic asks to come back later (408, 425, 429, 503).
    #[error("the clinic is busy")]
    Busy {
        /// How long it asks to wait, if it says.
        retry_after: Option<Duration>,
    },
    /// The clinic failed (5xx); whether it acted is not known.
    #[error("the clinic failed with status {status}")]
    Server {
        /// The HTTP status.
        status: u16,
    },
    /// The answer cannot be read; whether the clinic acted is not known.
    #[error("the clinic's answer cannot be read: {0}")]
    Garbled(GarbledAnswer),
    /// The request itself could not be formed, e.g. a bad base URL.
    #[error("the request could not be formed")]
    Invalid,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GarbledAnswer {
    /// A web page: a captive portal or a proxy answered.
    Html,
    /// Neither FHIR JSON nor what was asked.
    NotFhir,
    /// Longer than allowed.
    TooLarge,
    /// Nested deeper than allowed.
    TooDeep,
    /// A status that the exchange does not have, e.g. a redirect.
    Status(u16),
}

impl std::fmt::Display for GarbledAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Html => f.write_str("html"),
            Self::NotFhir => f.write_str("not-fhir"),
            Self::TooLarge => f.write_str("too-large"),
            Self::TooDeep => f.write_str("too-deep"),
            Self::Status(status) => write!(f, "status-{status}"),
        }
    }
}

impl ClientError {
    /// Whether the same request may be sent again under the same id.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Unreachable
            | Self::NoAnswer
            | Self::Key(_)
            | Self::Busy { .. }
            | Self::Server { .. }
            | Self::Garbled(_) => true,
            Self::Unauthorized
            | Self::NotFound
            | Self::Gone
            | Self::Refused { .. }
            | Self::Invalid => false,
        }
    }

    /// Whether somebody else wrote first: the standard says 412 of a version that is not the current one,
    /// HAPI says 409, and what they say beside it is for people.
    #[must_use]
    pub const fn is_overtaken(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 409 | 412,
                ..
            } | Self::Garbled(GarbledAnswer::Status(409 | 412))
        )
    }

    /// How long the clinic asks to wait, if it does.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } => *retry_after,
            Self::Unreachable
            | Self::NoAnswer
            | Self::Key(_)
            | Self::Unauthorized
            | Self::NotFound
            | Self::Gone
            | Self::Refused { .. }
            | Self::Server { .. }
            | Self::Garbled(_)
            | Self::Invalid => None,
        }
    }
}

impl From<TransportError> for ClientError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Unreachable => Self::Unreachable,
            TransportError::Timeout | TransportError::Broken => Self::NoAnswer,
            TransportError::TooLarge { .. } => Self::Garbled(GarbledAnswer::TooLarge),
            TransportError::Invalid => Self::Invalid,
        }
    }
}

impl From<KeyStoreError> for ClientError {
    fn from(error: KeyStoreError) -> Self {
        match error {
            // Without its key this phone is another one.
            KeyStoreError::Missing | KeyStoreError::Invalidated => Self::Unauthorized,
            KeyStoreError::Locked | KeyStoreError::UserCancelled | KeyStoreError::Transient => {
                Self::Key(error)
            }
        }
    }
}
