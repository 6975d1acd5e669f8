//! What can go wrong with a vault, by what can be done about it.

use std::io;

use rusqlite::ErrorCode;
use sokhoe_domain::ports::KeyStoreError;

use crate::keys::BadRecoveryCode;

/// Why a vault did not do what it was asked. No error deletes anything: what was committed before
/// is kept, and the transaction that failed left no trace. No variant holds personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is a database of this name already; it was left as it is.
    #[error("there is a vault of this name")]
    AlreadyExists,
    /// There is no database of this name.
    #[error("there is no vault of this name")]
    NotFound,
    /// A name may only hold letters, digits, `-`, `_` and `.`, and not begin with `.`.
    #[error("not a name for a vault")]
    BadName,
    /// The key is not that of this file. Nothing was touched.
    #[error("the key does not open this vault")]
    WrongKey,
    /// The key store did not give the key. Nothing was touched.
    #[error(transparent)]
    Key(#[from] KeyStoreError),
    /// No space is left. What was committed before is kept; make room and try again.
    #[error("no space left")]
    DiskFull,
    /// The file is damaged. It was left as it is.
    #[error("the vault is damaged")]
    Corrupt,
    /// A newer program wrote the file. It was left as it is.
    #[error("the vault has schema {found}, this program knows {known}")]
    NewerSchema {
        /// The schema of the file.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// Another process holds the file. Try again.
    #[error("the vault is in use")]
    Busy,
    /// The app is paused: nothing is read or written until it is resumed. A transaction that ran was
    /// rolled back.
    #[error("the vault is paused")]
    Paused,
    /// The file cannot be reached now, e.g. since the phone is locked. Try again.
    #[error("the vault's file cannot be reached ({code})")]
    Unavailable {
        /// SQLite's extended result code.
        code: i32,
    },
    /// A file beside the database could not be read or written.
    #[error("a file of the vault cannot be used: {kind}")]
    File {
        /// What the file system said.
        kind: io::ErrorKind,
    },
    /// SQLite or its cipher is not the one this program was made with. Nothing was touched.
    #[error("the database engine is not ours: {what}")]
    ForeignEngine {
        /// `version`, `provider` or `cipher`.
        what: &'static str,
    },
    /// A booking cannot go from its state to the other one. Nothing was changed.
    #[error("a booking that is {from} cannot become {to}")]
    BookingState {
        /// The state it has.
        from: &'static str,
        /// The state it was to have.
        to: &'static str,
    },
    /// A clinic of this id is known with another key. Nothing was changed.
    #[error("the clinic is known with another key")]
    OtherClinicKey,
    /// A clinic calls itself what stands for the person's own. Nothing was changed.
    #[error("no clinic can have this id")]
    ReservedClinic,
    /// The account knows a clinic or a person already. Nothing was changed.
    #[error("there is an account on this phone already")]
    NotEmpty,
    /// The outbox holds no such intent (any more).
    #[error("no such intent")]
    UnknownIntent,
    /// The intent is kept back meanwhile.
    #[error("the intent is kept back")]
    KeptBack,
    /// More would be lost of what the person decided or wrote than they know of. Nothing was changed.
    #[error("{count} things were not sent yet")]
    Unsent {
        /// Decisions and words that a clinic does not have.
        count: u64,
    },
    /// A blob cannot fit in what blobs may take, even if everything that may go went. Nothing was
    /// evicted.
    #[error("{needed} bytes are needed, there is room for {room}")]
    BlobsFull {
        /// Bytes it takes, or more.
        needed: u64,
        /// Bytes that it could take.
        room: u64,
    },
    /// The file of a blob is missing or damaged. Row and file were left as they are.
    #[error("a stored document is damaged")]
    BlobDamaged,
    /// The bytes of a blob are not those that the resource speaks of. They were not kept.
    #[error("the document is not the one that was announced")]
    OtherContent,
    /// There is no such blob (any more).
    #[error("no such document")]
    UnknownBlob,
    /// The text is no recovery code. Nothing was tried with it.
    #[error(transparent)]
    BadRecoveryCode(#[from] BadRecoveryCode),
    /// The recovery code is not the one that was made last. Nothing was changed.
    #[error("the recovery code does not open the books")]
    WrongRecoveryCode,
    /// No recovery code was made for these books. Nothing was changed.
    #[error("there is no recovery code")]
    NoRecoveryCode,
    /// The book is kept under a lease, which is over: the clinic must be asked. Nothing of it is lost.
    #[error("the lease of the vault is over")]
    LeaseOver,
    /// A mistake of this program.
    #[error("internal error ({code})")]
    Internal {
        /// SQLite's extended result code, or 0.
        code: i32,
    },
}

impl VaultError {
    /// A stable name for logs and words.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyExists => "already-exists",
            Self::NotFound => "not-found",
            Self::BadName => "bad-name",
            Self::WrongKey => "wrong-key",
            Self::Key(_) => "key-store",
            Self::DiskFull => "disk-full",
            Self::Corrupt => "corrupt",
            Self::NewerSchema { .. } => "newer-schema",
            Self::Busy => "busy",
            Self::Paused => "paused",
            Self::Unavailable { .. } => "unavailable",
            Self::File { .. } => "file",
            Self::ForeignEngine { .. } => "foreign-engine",
            Self::BookingState { .. } => "booking-state",
            Self::OtherClinicKey => "other-clinic-key",
            Self::ReservedClinic => "reserved-clinic",
            Self::NotEmpty => "not-empty",
            Self::UnknownIntent => "unknown-intent",
            Self::KeptBack => "kept-back",
            Self::Unsent { .. } => "unsent",
            Self::BlobsFull { .. } => "blobs-full",
            Self::BlobDamaged => "blob-damaged",
            Self::OtherContent => "other-content",
            Self::UnknownBlob => "unknown-blob",
            Self::BadRecoveryCode(_) => "bad-recovery-code",
            Self::WrongRecoveryCode => "wrong-recovery-code",
            Self::NoRecoveryCode => "no-recovery-code",
            Self::LeaseOver => "lease-over",
            Self::Internal { .. } => "internal",
        }
    }
}

impl From<rusqlite::Error> for VaultError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(failure, _) => {
                let code = failure.extended_code;
                match failure.code {
                    ErrorCode::DiskFull => Self::DiskFull,
                    ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt,
                    // Nobody interrupts but who pauses.
                    ErrorCode::OperationInterrupted => Self::Paused,
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                    ErrorCode::CannotOpen
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::PermissionDenied
                    | ErrorCode::AuthorizationForStatementDenied
                    | ErrorCode::ReadOnly
                    | ErrorCode::FileLockingProtocolFailed => Self::Unavailable { code },
                    _ => Self::Internal { code },
                }
            }
            // A stored value of another type than was written.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Corrupt,
            _ => Self::Internal { code: 0 },
        }
    }
}

impl From<io::Error> for VaultError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            io::ErrorKind::InvalidInput => Self::BadName,
            kind => Self::File { kind },
        }
    }
}
