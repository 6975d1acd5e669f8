//! One person's health book in one encrypted SQLite file.
//!
//! [`Vault`] keeps resources byte for byte as they came, the rows and trends read from them, the
//! search index, bookings with their outbox, and events that must not be missed. [`AccountVault`]
//! keeps who is on this phone and with which clinics. Both are SQLCipher files with a random key of
//! their own, wrapped by the phone's key store.
//!
//! **The rule for maintainers:** nothing here ever deletes a file or a row because of an error; only
//! [`Vault::erase`], [`AccountVault::erase`] and [`KeyRing::erase_everything`] destroy.

mod account;
mod bookings;
mod compression;
mod connection;
mod entries;
mod epoch;
mod error;
mod events;
mod files;
mod ingest;
mod keys;
mod migrations;
mod names;
mod notice;
mod outbox;
mod packed;
mod page;
mod resources;
mod search;
mod set_aside;
mod store;
mod trend;
mod vault;

#[cfg(test)]
mod tests;

pub use account::{AccountVault, ClinicRecord, Link, LinkedPerson, PersonRecord, Secret};
pub use bookings::StoredBooking;
pub use entries::{BadCursor, EntryPage, EntryQuery, EntryRow, PageCursor};
pub use epoch::Opening;
pub use error::VaultError;
pub use events::{KeptEvent, NewEvent};
pub use files::FolderFiles;
pub use keys::{BadRecoveryCode, KeyRing, RecoveryCode};
pub use notice::{SubscriptionId, VaultChange};
pub use outbox::{IntentKind, NewIntent, StoredIntent};
pub use page::{Applied, Page, Place};
pub use resources::StoredResource;
pub use set_aside::SetAside;
pub use store::VaultPorts;
pub use vault::{BOOK_OLDER, Vault};
