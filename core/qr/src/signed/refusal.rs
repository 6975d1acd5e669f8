use sokhoe_domain::Timestamp;
use thiserror::Error;

/// Why a code of ours is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is something else.
    #[error("not a code of this kind")]
    NotOurs,
    /// It is of a version or kind that this reader does not have.
    #[error("the code needs a newer app")]
    NewerVersion,
    /// It is cut off or garbled, or says what no code may say.
    #[error("the code is cut off or garbled")]
    Malformed,
    /// The signature does not hold: someone changed it, or it was misread.
    #[error("the code was altered")]
    Altered,
    /// Somebody else signed it: another clinic, or nobody that is known.
    #[error("the code is of another clinic")]
    Foreign,
    /// It is not valid yet.
    #[error("the code is not valid yet")]
    NotYet {
        /// From this instant on it is.
        from: Timestamp,
    },
    /// It was shown too long ago: an old code, or yesterday's screenshot.
    #[error("the code has expired")]
    Expired,
    /// It was used before.
    #[error("the code was used before")]
    Replayed {
        /// When it was used first.
        at: Timestamp,
    },
}

impl Refusal {
    /// A stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotOurs => "not_ours",
            Self::NewerVersion => "newer_version",
            Self::Malformed => "malformed",
            Self::Altered => "altered",
            Self::Foreign => "foreign",
            Self::NotYet { .. } => "not_yet",
            Self::Expired => "expired",
            Self::Replayed { .. } => "replayed",
        }
    }
}

/// Why a code cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// It would be longer than any reader takes.
    #[error("the code would be too long")]
    TooLong,
    /// What it says would be refused by the reader.
    #[error("a reader would refuse the code")]
    Invalid,
    /// The key pair does not belong to the public key inside.
    #[error("the key pair is not that of the public key")]
    WrongKey,
}
