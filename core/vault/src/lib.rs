//! One person's health book in one encrypted SQLite file.
//!
//! [`Vault`] keeps resources byte for byte as they came, the rows and trends read from them, the
//! search index, bookings with their outbox, and events that must not be missed. [`AccountVault`]
//! keeps who is on this phone and with which clinics. Both are SQLCipher files with a random key of
//! their own, wrapped by the phone's key store.
//!
//! Beside each vault lies a journal of what the person wrote and no clinic has answered yet, documents
//! of the person's own among it.
//!
//! **The rule for maintainers:** nothing here ever deletes a file or a row because of an error; only
//! [`Vault::erase`], [`AccountVault::erase`] and [`KeyRing::erase_everything`] destroy.

mod access_log;
mod account;
mod account_move;
mod base;
mod blobs;
mod bookings;
mod busy;
mod changes;
mod clinic_session;
mod compression;
mod connection;
mod data_use;
mod day_times;
mod end;
mod entries;
mod epoch;
mod error;
mod events;
mod export;
mod files;
mod forget;
mod helping;
mod index;
mod ingest;
mod insurance_terms;
mod invitations;
mod journal;
mod keys;
mod migrations;
mod names;
mod notice;
mod outbox;
mod own_documents;
mod packed;
mod page;
mod parked;
mod pause;
#[cfg(feature = "plain-for-measuring")]
pub mod plain;
mod queue;
mod rebuild;
mod resources;
mod search;
mod set_aside;
mod sign_in;
mod snippet;
mod store;
mod sync_state;
mod tickets;
mod travel_time;
mod trend;
mod trips;
mod vault;

#[cfg(test)]
mod tests;

pub use access_log::{KeptAccessLog, KeptLogHead};
pub use account::{AccountVault, ClinicRecord, Link, LinkedPerson, PersonRecord, Secret};
pub use account_move::Account;
pub use blobs::{
    BlobHash, BlobOrigin, BlobReader, BlobState, BlobUsage, BlobWriter, ExpectedContent,
    OpenedBlob, StoredBlob,
};
pub use bookings::StoredBooking;
pub use changes::{CHANGE_CONFLICT, CHANGE_REFUSED, ChangeState, NewChange, StoredChange};
pub use clinic_session::ClinicSession;
pub use data_use::{DataLimit, DataUse};
pub use entries::{BadCursor, EntryPage, EntryQuery, EntryRow, PageCursor};
pub use epoch::Opening;
pub use error::VaultError;
pub use events::{KeptEvent, NewEvent};
pub use export::ExportedEntry;
pub use files::FolderFiles;
pub use helping::Helping;
pub use invitations::KeptInvitation;
pub use keys::{BadRecoveryCode, KeyRing, RecoveryCode};
pub use migrations::schema_versions;
pub use notice::{SubscriptionId, VaultChange};
pub use outbox::{IntentKind, NewIntent, StoredIntent};
pub use own_documents::{NewDocument, StoredDocument};
pub use page::{Applied, Page, Place};
pub use parked::{ParkedIntent, ParkedWhy};
pub use pause::PauseSwitch;
pub use queue::NotedQueue;
pub use rebuild::{DamagedCopies, Rebuilt};
pub use resources::StoredResource;
pub use set_aside::SetAside;
pub use sign_in::KeptSignIn;
pub use snippet::TextPart;
pub use store::VaultPorts;
pub use sync_state::ClinicSync;
pub use tickets::KeptTicket;
pub use trips::{HeldPart, NotedTrip, TripHold, TripPart};
pub use vault::{BOOK_OLDER, Vault};
