//! What can go wrong, by what a screen can do about it.

use sokhoe_app::words::Words;
use sokhoe_app::{
    AppError, DocumentRefusal, EnrolmentRefusal, GrantScope, KeyStoreRefusal, Language,
    MoveRefusal, RecoveryCodeRefusal,
};
use uniffi::UnexpectedUniFFICallbackError;

/// An error of the core. No field holds personal data, because crash reports read them; the words for people come
/// from `words_for`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum SoKhoeError {
    /// The clinic cannot be reached; what was kept is kept. Try again when there is a network.
    #[error("the clinic cannot be reached")]
    Offline,
    /// The clinic answered something that cannot be used; nothing was changed. Try again later.
    #[error("the clinic's answer cannot be used: {what}")]
    BadAnswer {
        /// What was wrong: `html`, `not-fhir`, `too-large`, `too-deep`, `server-error`, `status-NNN`.
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
    /// There is no such thing on this phone.
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
        /// `missing`, `altered`, `other-invoice`, `other-amount`, `other-clinic`.
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
    /// A document does not fit in what documents may take on this phone. Nothing was kept, and nothing was let go
    /// for it.
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
    /// The app cancelled the call.
    #[error("cancelled")]
    Cancelled,
    /// A fault of the core; please report the code.
    #[error("internal error {code}")]
    Internal {
        /// A stable code.
        code: String,
    },
}

impl SoKhoeError {
    pub(crate) fn internal(code: &str) -> Self {
        Self::Internal {
            code: code.to_owned(),
        }
    }
}

/// What to tell people about an error, before there is an open core to ask.
///
/// # Errors
/// None of its own: a fault of the core arrives as an error instead of ending the app.
#[uniffi::export]
pub fn words_for(error: SoKhoeError, language: Language) -> Result<String, SoKhoeError> {
    Ok(Words::new(language).error(&error.into()))
}

/// What an observer throws without being asked.
impl From<UnexpectedUniFFICallbackError> for SoKhoeError {
    fn from(_: UnexpectedUniFFICallbackError) -> Self {
        Self::internal("callback")
    }
}

impl From<AppError> for SoKhoeError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Offline => Self::Offline,
            AppError::BadAnswer { what } => Self::BadAnswer { what },
            AppError::Busy {
                retry_after_seconds,
            } => Self::Busy {
                retry_after_seconds,
            },
            AppError::NotEnrolled => Self::NotEnrolled,
            AppError::Enrolment { reason } => Self::Enrolment { reason },
            AppError::NotFound { what } => Self::NotFound { what },
            AppError::Validation { field, rule } => Self::Validation { field, rule },
            AppError::UntrustedPayment { reason } => Self::UntrustedPayment { reason },
            AppError::Move { reason } => Self::Move { reason },
            AppError::CannotWrite { reason } => Self::CannotWrite { reason },
            AppError::Document { reason } => Self::Document { reason },
            AppError::CannotRead => Self::CannotRead,
            AppError::DocumentsFull { missing } => Self::DocumentsFull { missing },
            AppError::Unsent { count } => Self::Unsent { count },
            AppError::KeyStore { reason } => Self::KeyStore { reason },
            AppError::RecoveryCode { reason } => Self::RecoveryCode { reason },
            AppError::DiskFull => Self::DiskFull,
            AppError::DamagedBook => Self::DamagedBook,
            AppError::UpgradeRequired => Self::UpgradeRequired,
            AppError::LeaseOver => Self::LeaseOver,
            AppError::OnlyOwnPhone => Self::OnlyOwnPhone,
            AppError::NotGranted { scope } => Self::NotGranted { scope },
            AppError::Paused => Self::Paused,
            AppError::Cancelled => Self::Cancelled,
            AppError::Internal { code } => Self::Internal { code },
            // The core may learn a new error before this crate does.
            _ => Self::internal("unknown"),
        }
    }
}

impl From<SoKhoeError> for AppError {
    fn from(error: SoKhoeError) -> Self {
        match error {
            SoKhoeError::Offline => Self::Offline,
            SoKhoeError::BadAnswer { what } => Self::BadAnswer { what },
            SoKhoeError::Busy {
                retry_after_seconds,
            } => Self::Busy {
                retry_after_seconds,
            },
            SoKhoeError::NotEnrolled => Self::NotEnrolled,
            SoKhoeError::Enrolment { reason } => Self::Enrolment { reason },
            SoKhoeError::NotFound { what } => Self::NotFound { what },
            SoKhoeError::Validation { field, rule } => Self::Validation { field, rule },
            SoKhoeError::UntrustedPayment { reason } => Self::UntrustedPayment { reason },
            SoKhoeError::Move { reason } => Self::Move { reason },
            SoKhoeError::CannotWrite { reason } => Self::CannotWrite { reason },
            SoKhoeError::Document { reason } => Self::Document { reason },
            SoKhoeError::CannotRead => Self::CannotRead,
            SoKhoeError::DocumentsFull { missing } => Self::DocumentsFull { missing },
            SoKhoeError::Unsent { count } => Self::Unsent { count },
            SoKhoeError::KeyStore { reason } => Self::KeyStore { reason },
            SoKhoeError::RecoveryCode { reason } => Self::RecoveryCode { reason },
            SoKhoeError::DiskFull => Self::DiskFull,
            SoKhoeError::DamagedBook => Self::DamagedBook,
            SoKhoeError::UpgradeRequired => Self::UpgradeRequired,
            SoKhoeError::LeaseOver => Self::LeaseOver,
            SoKhoeError::OnlyOwnPhone => Self::OnlyOwnPhone,
            SoKhoeError::NotGranted { scope } => Self::NotGranted { scope },
            SoKhoeError::Paused => Self::Paused,
            SoKhoeError::Cancelled => Self::Cancelled,
            SoKhoeError::Internal { code } => Self::Internal { code },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_crosses_both_ways() {
        let text = || "text".to_owned();
        let all = [
            SoKhoeError::Offline,
            SoKhoeError::BadAnswer { what: text() },
            SoKhoeError::Busy {
                retry_after_seconds: 3,
            },
            SoKhoeError::NotEnrolled,
            SoKhoeError::Enrolment {
                reason: EnrolmentRefusal::Used,
            },
            SoKhoeError::NotFound { what: text() },
            SoKhoeError::Validation {
                field: text(),
                rule: text(),
            },
            SoKhoeError::UntrustedPayment { reason: text() },
            SoKhoeError::KeyStore {
                reason: KeyStoreRefusal::Locked,
            },
            SoKhoeError::Document {
                reason: DocumentRefusal::NoRoom,
            },
            SoKhoeError::Move {
                reason: MoveRefusal::Expired,
            },
            SoKhoeError::CannotWrite { reason: text() },
            SoKhoeError::CannotRead,
            SoKhoeError::DocumentsFull { missing: 3 },
            SoKhoeError::Unsent { count: 3 },
            SoKhoeError::RecoveryCode {
                reason: RecoveryCodeRefusal::Wrong,
            },
            SoKhoeError::DiskFull,
            SoKhoeError::DamagedBook,
            SoKhoeError::UpgradeRequired,
            SoKhoeError::LeaseOver,
            SoKhoeError::OnlyOwnPhone,
            SoKhoeError::NotGranted {
                scope: GrantScope::Pay,
            },
            SoKhoeError::Paused,
            SoKhoeError::Cancelled,
            SoKhoeError::Internal { code: text() },
        ];
        for error in all {
            let core = AppError::from(error.clone());
            assert_eq!(core.to_string(), error.to_string());
            assert_eq!(SoKhoeError::from(core), error);
            for language in [Language::Vi, Language::En] {
                let words = words_for(error.clone(), language).unwrap();
                assert!(words.contains(' '), "{error:?}: {words}");
            }
        }
    }
}
