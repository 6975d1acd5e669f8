//! What can go wrong in the library API.

use std::io;
use std::path::PathBuf;

use sokhoe_domain::GiverRefusal;
use sokhoe_domain::insurance::BadInsuranceTerms;

use crate::backend_services::{BadJwks, BadScope};
use crate::backup::BackupError;
use crate::bank_messages::BadBankMessages;
use crate::billing::NotSettled;
use crate::queue::QueueRefusal;
use crate::rights::NotDisclosed;
use crate::schedule::timetable::TimetableError;
use crate::sign_in::BadSignIn;
use crate::staff::StaffError;
use crate::store::StoreError;

/// Why a clinic could not do what was asked. Texts hold no personal data.
#[derive(Debug, thiserror::Error)]
pub enum ClinicError {
    /// The database URL is neither `sqlite:` nor `postgres:`.
    #[error(
        "the database URL must begin with sqlite: or postgres: (for example sqlite:/var/lib/sokhoe/clinic.db)"
    )]
    UnknownDatabaseUrl,
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A key file is there but does not hold a key.
    #[error("{0}: not a key of this clinic; put back the file it was")]
    BadKeyFile(PathBuf),
    /// The database is a clinic's whose key file is gone.
    #[error("{0}: the key file of this clinic's database is missing; put it back")]
    KeyFileMissing(PathBuf),
    /// The database is that of a clinic with another key.
    #[error("{0}: the key of another clinic; put back the file it was")]
    OtherKey(PathBuf),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing was saved, or nothing came back.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// No patient of that id is here.
    #[error("there is no such patient")]
    NoSuchPatient,
    /// Who is to get a record is named where that is asked, and there alone.
    #[error("who is to get the record must be named where that is asked, and nowhere else")]
    BadRecipient,
    /// Nothing of a record was given to somebody else.
    #[error(transparent)]
    NotDisclosed(#[from] NotDisclosed),
    /// An enrolment needs at least one patient, at most 20.
    #[error("an enrolment is for 1 to 20 patients")]
    BadEnrolment,
    /// A grant needs a scope, names, an end within a year, and what the giver was shown.
    #[error(
        "a grant needs what it allows, names, an end within a year and the words that were shown"
    )]
    BadGrant,
    /// Whoever gives a grant may not, by the age of the person.
    #[error(transparent)]
    Giver(#[from] GiverRefusal),
    /// A system's name is 1 to 100 letters.
    #[error("a system's name is 1 to 100 letters")]
    BadSystemName,
    /// A set of keys that is not taken.
    #[error(transparent)]
    BadJwks(#[from] BadJwks),
    /// Scopes that are not given here.
    #[error(transparent)]
    BadScope(#[from] BadScope),
    /// A configuration of sign-in that is not taken.
    #[error(transparent)]
    BadSignIn(#[from] BadSignIn),
    /// A configuration of bank messages that is not taken.
    #[error(transparent)]
    BadBankMessages(#[from] BadBankMessages),
    /// An account of staff that was not made or changed.
    #[error(transparent)]
    Staff(#[from] StaffError),
    /// A payment that was not settled.
    #[error(transparent)]
    NotSettled(#[from] NotSettled),
    /// Amounts of an invoice are whole, not negative and below 500,000,000 đ.
    #[error("the invoice's amounts do not add up to something that can be paid")]
    BadInvoice,
    /// Something that cannot be done with the queue.
    #[error(transparent)]
    Queue(#[from] QueueRefusal),
    /// A timetable that cannot be.
    #[error(transparent)]
    BadTimetable(#[from] TimetableError),
    /// Rooms for visits by video need an `https` address with one `{room}` behind its host.
    #[error("the address of rooms must be like https://meet.example.vn/{{room}}")]
    BadRooms,
    /// Terms of the health insurance that cannot be.
    #[error(transparent)]
    BadInsuranceTerms(#[from] BadInsuranceTerms),
    /// An insured tariff is not negative and below 500,000,000 đ.
    #[error("an insured tariff is 0 to 500,000,000 đ")]
    BadTariff,
    /// No service of that id is here.
    #[error("there is no such service")]
    NoSuchService,
    /// A code could not be written or drawn.
    #[error("the code could not be written")]
    Code,
    /// The network port could not be served.
    #[error("cannot serve: {0}")]
    Serve(io::Error),
}
