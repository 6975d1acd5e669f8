//! What can go wrong, by what a screen can do about it.

use sokhoe_client::ClientError;
use sokhoe_domain::GrantScope;
use sokhoe_domain::ports::KeyStoreError;
use sokhoe_sync::SyncError;
use sokhoe_vault::{BadRecoveryCode, VaultError};

/// An error of the core. No variant holds personal data; `Display` is for logs, the words for
/// people come from [`crate::SoKhoe::words_for`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The clinic cannot be reached; what was kept is kept. Try again when there is a network.
    #[error("the clinic cannot be reached")]
    Offline,
    /// The clinic answered something that cannot be used; nothing was changed. Try again later.
    #[error("the clinic's answer cannot be used: {what}")]
    BadAnswer {
        /// What was wrong: `html`, `not-fhir`, `too-large`, `too-deep`, `server-error`, `status-NNN`,
        /// or the code with which the clinic refused, e.g. `takes-no-bookings` of one that is to be called, or
        /// `books-one-at-a-time` of one that cannot book several people together.
        what: String,
    },
    /// The clinic asks to wait.
    #[error("the clinic is busy")]
    Busy {
        /// Seconds to wait.
        retry_after_seconds: u32,
    },
    /// The clinic no longer knows this phone. Enrol again; the book stays readable.
    #[error("the clinic does not know this phone")]
    NotEnrolled,
    /// The enrolment code cannot be used.
    #[error("the enrolment code cannot be used: {reason:?}")]
    Enrolment {
        /// Why.
        reason: EnrolmentRefusal,
    },
    /// There is no such person, clinic, row, booking or invoice on this phone.
    #[error("no such {what} on this phone")]
    NotFound {
        /// `person`, `clinic`, `entry`, `attachment`, `document`, `booking`, `invoice`, `service`.
        what: String,
    },
    /// A value of a request cannot be.
    #[error("{field} cannot be so: {rule}")]
    Validation {
        /// The field of the request.
        field: String,
        /// The rule it breaks.
        rule: String,
    },
    /// The clinic's payment order is missing, altered, or not this invoice's: do not pay.
    #[error("the payment order cannot be trusted: {reason}")]
    UntrustedPayment {
        /// `missing`, `altered`, `other-invoice`, `other-amount`, `other-clinic`, or `not-due` when the
        /// invoice is paid or void.
        reason: String,
    },
    /// The account cannot be moved to another phone so; nothing was changed.
    #[error("the move to another phone was refused: {reason}")]
    Move {
        /// Why.
        reason: MoveRefusal,
    },
    /// The file cannot be written; whatever had its name is as it was.
    #[error("the file cannot be written: {reason}")]
    CannotWrite {
        /// `exists`, `no-folder`, `not-allowed` or `other`.
        reason: String,
    },
    /// The document cannot be fetched or opened; what is kept is kept.
    #[error("the document cannot be given: {reason}")]
    Document {
        /// Why.
        reason: DocumentRefusal,
    },
    /// The file to be put in cannot be read; nothing was kept.
    #[error("the file cannot be read")]
    CannotRead,
    /// A document does not fit in what documents may take on this phone. Nothing was kept, and nothing
    /// was let go for it.
    #[error("documents may take {missing} bytes too few")]
    DocumentsFull {
        /// Bytes that are missing, or more when the document's size was not told.
        missing: u64,
    },
    /// So much of what the person decided or wrote is not with the clinic yet and would be lost. Nothing was changed: ask
    /// them, and say how much they were told of.
    #[error("{count} things were not sent yet")]
    Unsent {
        /// Bookings, cancellations, readings and other words.
        count: u64,
    },
    /// The phone's key store did not give the key; nothing was deleted.
    #[error("the key store did not give the key: {reason}")]
    KeyStore {
        /// What it answered.
        reason: KeyStoreRefusal,
    },
    /// The recovery code cannot be used; nothing was changed.
    #[error("the recovery code cannot be used: {reason:?}")]
    RecoveryCode {
        /// Why.
        reason: RecoveryCodeRefusal,
    },
    /// The phone has no space left; nothing that was kept is lost. Make room and try again.
    #[error("no space left on this phone")]
    DiskFull,
    /// The book on this phone is damaged or was opened with a wrong key. It was left as it is.
    #[error("the book on this phone cannot be opened")]
    DamagedBook,
    /// The book was written by a newer app. Update the app.
    #[error("the book was written by a newer app")]
    UpgradeRequired,
    /// This phone helps the person, and the clinic was not asked for too long whether it still may: the book opens again
    /// once it was. Nothing is lost.
    #[error("the lease of the book is over")]
    LeaseOver,
    /// This phone helps the person, and who helps them only their own phone, or the clinic, decides.
    #[error("only the person's own phone can")]
    OnlyOwnPhone,
    /// This phone helps the person, and was not granted this. Nothing was changed.
    #[error("not granted: {scope:?}")]
    NotGranted {
        /// What it would need.
        scope: GrantScope,
    },
    /// The app is in the background: nothing is read or sent until it is resumed. What was kept is kept.
    #[error("the app is paused")]
    Paused,
    /// The call was cancelled by the app.
    #[error("cancelled")]
    Cancelled,
    /// A fault of this core; please report the code.
    #[error("internal error {code}")]
    Internal {
        /// A stable code.
        code: String,
    },
}

/// Why an enrolment, or a sign-in, was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolmentRefusal {
    /// The text is not one of our enrolment codes.
    NotOurs,
    /// The code was altered or is incomplete.
    Altered,
    /// The code is too old.
    Expired,
    /// The clinic does not know the code.
    Unknown,
    /// Another phone has used the code.
    Used,
    /// The clinic that answered is not the one that made the code.
    OtherClinic,
    /// The code is of a later version: update the app.
    NewerVersion,
    /// The phone helps this person in another way already, which must end first.
    OtherGrant,
    /// Nobody signs in at this clinic: its counter shows a code.
    NotOffered,
    /// This phone did not begin this sign-in, or it is over: begin anew.
    NotBegun,
    /// Somebody at the clinic's counter must look who it is.
    CounterRequired,
    /// The person stopped, or was not let through where they signed in.
    Declined,
    /// The person must prove more of who they are where they sign in.
    TooWeak,
    /// The clinic, or where its people sign in, cannot do it now: try later.
    Unavailable,
}

/// Why a move to another phone was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveRefusal {
    /// The text is not one of our codes for this.
    NotOurs,
    /// The code was altered or is incomplete.
    Altered,
    /// The request is too old: show a new one.
    Expired,
    /// The code, or what it carries, is of a later version: update the app.
    NewerVersion,
    /// The new phone has an account already.
    NotEmpty,
    /// The old phone has no account.
    Nothing,
    /// The account fits no reasonable number of codes.
    TooLarge,
    /// The parcel answers another request.
    OtherRequest,
    /// This phone shows no request.
    NoRequest,
    /// All parcels are here and cannot be opened.
    Damaged,
    /// The account has moved away from this phone.
    Moved,
}

impl std::fmt::Display for MoveRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotOurs => "not-ours",
            Self::Altered => "altered",
            Self::Expired => "expired",
            Self::NewerVersion => "newer-version",
            Self::NotEmpty => "not-empty",
            Self::Nothing => "nothing",
            Self::TooLarge => "too-large",
            Self::OtherRequest => "other-request",
            Self::NoRequest => "no-request",
            Self::Damaged => "damaged",
            Self::Moved => "moved",
        })
    }
}

/// Why a document cannot be fetched or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentRefusal {
    /// Its bytes are not on this phone: fetch it.
    NotHere,
    /// The clinic no longer has it, and this phone does not.
    Gone,
    /// It is at another server, which is not asked.
    Elsewhere,
    /// It is longer than documents on a phone may be.
    TooLarge,
    /// It does not fit in what documents may take on this phone, and nothing there may go.
    NoRoom,
    /// It was damaged on this phone, and no clinic has it.
    Damaged,
    /// What the clinic sent is not what the record speaks of; it was not kept.
    OtherContent,
    /// What stands in the record cannot be read.
    Unreadable,
    /// What metered networks may carry is used up.
    DataUsedUp,
}

impl std::fmt::Display for DocumentRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotHere => "not-here",
            Self::Gone => "gone",
            Self::Elsewhere => "elsewhere",
            Self::TooLarge => "too-large",
            Self::NoRoom => "no-room",
            Self::Damaged => "damaged",
            Self::OtherContent => "other-content",
            Self::Unreadable => "unreadable",
            Self::DataUsedUp => "data-used-up",
        })
    }
}

impl From<DocumentRefusal> for AppError {
    fn from(reason: DocumentRefusal) -> Self {
        Self::Document { reason }
    }
}

/// Why a recovery code was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryCodeRefusal {
    /// It has too many letters and digits or too few, or some are mistyped.
    Mistyped,
    /// The code is of a later version: update the app.
    NewerVersion,
    /// It is not the code that was made last for these books.
    Wrong,
    /// No code was made for these books.
    NoneMade,
}

/// What a key store answered instead of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStoreRefusal {
    /// The phone is locked.
    Locked,
    /// The person did not unlock.
    UserCancelled,
    /// It may work when tried again.
    Transient,
    /// The key can no longer be used: recovery is needed.
    Invalidated,
    /// The key is missing: recovery is needed.
    Missing,
}

impl std::fmt::Display for KeyStoreRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Locked => "locked",
            Self::UserCancelled => "user-cancelled",
            Self::Transient => "transient",
            Self::Invalidated => "invalidated",
            Self::Missing => "missing",
        })
    }
}

impl AppError {
    /// A stable name for logs and support, e.g. `offline`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::BadAnswer { .. } => "bad-answer",
            Self::Busy { .. } => "busy",
            Self::NotEnrolled => "not-enrolled",
            Self::Enrolment { .. } => "enrolment",
            Self::NotFound { .. } => "not-found",
            Self::Validation { .. } => "validation",
            Self::UntrustedPayment { .. } => "untrusted-payment",
            Self::Move { .. } => "move",
            Self::CannotWrite { .. } => "cannot-write",
            Self::Document { .. } => "document",
            Self::CannotRead => "cannot-read",
            Self::DocumentsFull { .. } => "documents-full",
            Self::Unsent { .. } => "unsent",
            Self::KeyStore { .. } => "key-store",
            Self::RecoveryCode { .. } => "recovery-code",
            Self::DiskFull => "disk-full",
            Self::DamagedBook => "damaged-book",
            Self::UpgradeRequired => "upgrade-required",
            Self::LeaseOver => "lease-over",
            Self::OnlyOwnPhone => "only-own-phone",
            Self::NotGranted { .. } => "not-granted",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Internal { .. } => "internal",
        }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::NotFound {
            what: what.to_owned(),
        }
    }

    pub(crate) fn invalid(field: &str, rule: &str) -> Self {
        Self::Validation {
            field: field.to_owned(),
            rule: rule.to_owned(),
        }
    }

    pub(crate) fn internal(code: &str) -> Self {
        Self::Internal {
            code: code.to_owned(),
        }
    }
}

impl From<KeyStoreError> for AppError {
    fn from(error: KeyStoreError) -> Self {
        Self::KeyStore {
            reason: match error {
                KeyStoreError::Locked => KeyStoreRefusal::Locked,
                KeyStoreError::UserCancelled => KeyStoreRefusal::UserCancelled,
                KeyStoreError::Transient => KeyStoreRefusal::Transient,
                KeyStoreError::Invalidated => KeyStoreRefusal::Invalidated,
                KeyStoreError::Missing => KeyStoreRefusal::Missing,
            },
        }
    }
}

impl From<ClientError> for AppError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unreachable | ClientError::NoAnswer => Self::Offline,
            ClientError::Key(error) => error.into(),
            ClientError::Unauthorized => Self::NotEnrolled,
            ClientError::NotFound | ClientError::Gone => Self::not_found("record"),
            ClientError::Busy { retry_after } => {
                let seconds = retry_after.map_or(30, |wait| wait.as_secs());
                Self::Busy {
                    retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
                }
            }
            ClientError::Server { .. } => Self::BadAnswer {
                what: "server-error".to_owned(),
            },
            ClientError::Garbled(what) => Self::BadAnswer {
                what: what.to_string(),
            },
            ClientError::Refused { code, .. } => Self::BadAnswer { what: code },
            ClientError::Invalid => Self::invalid("clinic", "its address must be https"),
        }
    }
}

impl From<SyncError> for AppError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Client(error) => error.into(),
            SyncError::PatientGone => Self::not_found("patient"),
            SyncError::Vault(error) => error.into(),
        }
    }
}

impl From<VaultError> for AppError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Key(error) => error.into(),
            VaultError::Paused => Self::Paused,
            VaultError::LeaseOver => Self::LeaseOver,
            VaultError::BadRecoveryCode(bad) => Self::RecoveryCode {
                reason: match bad {
                    BadRecoveryCode::Newer => RecoveryCodeRefusal::NewerVersion,
                    BadRecoveryCode::Length { .. } | BadRecoveryCode::Mistyped => {
                        RecoveryCodeRefusal::Mistyped
                    }
                },
            },
            VaultError::WrongRecoveryCode => Self::RecoveryCode {
                reason: RecoveryCodeRefusal::Wrong,
            },
            VaultError::NoRecoveryCode => Self::RecoveryCode {
                reason: RecoveryCodeRefusal::NoneMade,
            },
            VaultError::BlobsFull { .. } => DocumentRefusal::NoRoom.into(),
            VaultError::BlobDamaged => DocumentRefusal::Damaged.into(),
            VaultError::OtherContent => DocumentRefusal::OtherContent.into(),
            VaultError::UnknownBlob => DocumentRefusal::NotHere.into(),
            VaultError::DiskFull => Self::DiskFull,
            VaultError::WrongKey | VaultError::Corrupt => Self::DamagedBook,
            VaultError::NewerSchema { .. } => Self::UpgradeRequired,
            VaultError::File { kind } => Self::Internal {
                code: format!("file-{kind:?}"),
            },
            VaultError::Internal { code } => Self::Internal {
                code: format!("database-{code}"),
            },
            VaultError::Unsent { count } => Self::Unsent { count },
            VaultError::NotFound => Self::internal("no-vault"),
            VaultError::AlreadyExists => Self::internal("vault-exists"),
            VaultError::BadName => Self::internal("vault-name"),
            VaultError::Busy | VaultError::Unavailable { .. } => Self::KeyStore {
                reason: KeyStoreRefusal::Transient,
            },
            VaultError::OtherClinicKey | VaultError::ReservedClinic => Self::Enrolment {
                reason: EnrolmentRefusal::OtherClinic,
            },
            VaultError::NotEmpty => Self::Move {
                reason: MoveRefusal::NotEmpty,
            },
            VaultError::ForeignEngine { .. } => Self::internal("foreign-engine"),
            VaultError::BookingState { .. } => Self::internal("booking-state"),
            VaultError::UnknownIntent => Self::internal("unknown-intent"),
            VaultError::KeptBack => Self::internal("kept-back"),
            _ => Self::internal("vault"),
        }
    }
}
