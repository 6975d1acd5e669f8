//! What the person writes into what a clinic keeps: a reading of their own, another telephone number.
//!
//! A change holds what the person saw (`base`) and what they made of it (`ours`), which never alter while it waits, and
//! what the clinic has now (`theirs`). The resource that lists, searches and exports see is all of it merged
//! ([`sokhoe_fhir::merge`]); it is written in the transaction that alters any part. Changes of one resource are
//! sent one after the other. As with intents, the journal has each before its transaction commits.

mod feed;
mod follow;
mod journal;
mod write;

use std::fmt;

use rusqlite::{Row, Transaction};
use sokhoe_domain::{ClinicId, IntentId, ResourceKey, Timestamp};
use sokhoe_fhir::merge::{Conflict, Merged, merge, says_the_same};

use crate::bookings::read_id;
use crate::entries::{self, EntryRow};
use crate::error::VaultError;
use crate::ingest::PER_RESOURCE;
use crate::resources;
use crate::vault::Vault;
pub(crate) use feed::Pending;
pub(crate) use follow::Named;
pub(crate) use journal::{InDatabase, insert, reconcile, restore, show_again};

/// What stands as `base` where the person made the resource.
pub(crate) const NOTHING: &str = "{}";

/// The kind of the event by which a person hears that a clinic changed the same words otherwise. Its subject is the id of
/// the change.
pub const CHANGE_CONFLICT: &str = "change-conflict";

/// The kind of the event by which a person hears that a clinic does not take a change; as [`CHANGE_CONFLICT`].
pub const CHANGE_REFUSED: &str = "change-refused";

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// To be sent.
    Waiting,
    /// It may have arrived; only the clinic's word ends this.
    Sending,
    /// The clinic does not take it.
    Refused,
    /// The clinic changed the same words otherwise: the person decides.
    Conflict,
}

impl ChangeState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Sending, Self::Refused, Self::Conflict];

    /// The text that is stored; never changed once released.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
        }
    }
}

/// A change to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewChange {
    /// Its id, a UUIDv7; of a resource that the person makes it is the resource's, too.
    pub id: IntentId,
    /// Whose resource it is.
    pub clinic: ClinicId,
    /// The resource.
    pub key: ResourceKey,
    /// The resource as the person saw it; nothing for one that they made.
    pub base: Option<String>,
    /// The resource as the person wants it.
    pub ours: String,
    /// When they wrote it.
    pub created: Timestamp,
}

impl fmt::Debug for NewChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewChange")
            .field("id", &self.id)
            .field("clinic", &self.clinic)
            .field("kind", &self.key.kind)
            .finish_non_exhaustive()
    }
}

/// A change that no clinic has yet.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredChange {
    /// Its id.
    pub id: IntentId,
    /// Whose resource it is.
    pub clinic: ClinicId,
    /// The resource.
    pub key: ResourceKey,
    /// What the person saw; `{}` for what they made.
    pub base: String,
    /// What they made of it.
    pub ours: String,
    /// What the clinic has, as far as is known.
    pub theirs: Option<String>,
    /// The version of that at the clinic.
    pub version: Option<String>,
    /// How far it has come.
    pub state: ChangeState,
    /// The code of the refusal; else empty.
    pub reason: String,
    /// When the person wrote it.
    pub created: Timestamp,
    /// How often sending was begun.
    pub attempts: u32,
    /// Not to be tried again before.
    pub not_before: Timestamp,
    /// Whether a byte of it may ever have left the phone.
    pub sent: bool,
}

impl fmt::Debug for StoredChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredChange")
            .field("id", &self.id)
            .field("clinic", &self.clinic)
            .field("kind", &self.key.kind)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

impl StoredChange {
    /// Whether the person made the resource.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.base == NOTHING
    }

    /// The change laid over what the clinic has; nothing when they cannot be laid together.
    #[must_use]
    pub fn merged(&self) -> Option<Merged> {
        match &self.theirs {
            Some(theirs) => merge(&self.base, &self.ours, theirs).ok(),
            None => Some(Merged {
                json: self.ours.clone(),
                conflicts: Vec::new(),
            }),
        }
    }

    /// What the clinic changed otherwise.
    #[must_use]
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.merged()
            .map(|merged| merged.conflicts)
            .unwrap_or_default()
    }

    /// Whether the clinic has it all.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let (Some(theirs), Some(merged)) = (&self.theirs, self.merged()) else {
            return false;
        };
        merged.conflicts.is_empty() && says_the_same(&merged.json, theirs).unwrap_or(false)
    }

    /// Whether the clinic's word on it is still to come.
    #[must_use]
    pub const fn is_on_its_way(&self) -> bool {
        matches!(self.state, ChangeState::Waiting | ChangeState::Sending)
    }
}

pub(crate) const COLUMNS: &str = r#"SELECT "number", "id", "clinic", "kind", "resource", "base", "ours", "theirs",
    "version", "state", "reason", "created", "attempts", "not_before", "sent" IS NOT NULL FROM "change""#;

pub(crate) fn read_row(row: &Row<'_>) -> Result<StoredChange, VaultError> {
    let state: String = row.get(9)?;
    Ok(StoredChange {
        id: read_id(row, 1)?,
        clinic: ClinicId(row.get(2)?),
        key: ResourceKey {
            kind: row.get(3)?,
            id: row.get(4)?,
        },
        base: row.get(5)?,
        ours: row.get(6)?,
        theirs: row.get(7)?,
        version: row.get(8)?,
        state: ChangeState::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or(VaultError::Corrupt)?,
        reason: row.get(10)?,
        created: Timestamp::from_millis(row.get(11)?),
        attempts: row.get(12)?,
        not_before: Timestamp::from_millis(row.get(13)?),
        sent: row.get(14)?,
    })
}

/// All changes in their order.
pub(crate) fn all(tx: &Transaction<'_>) -> Result<Vec<StoredChange>, VaultError> {
    let mut find = tx.prepare_cached(&format!(r#"{COLUMNS} ORDER BY "number""#))?;
    let mut rows = find.query([])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        changes.push(read_row(row)?);
    }
    Ok(changes)
}

/// The changes of one resource in their order.
fn of_resource(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
    key: &ResourceKey,
) -> Result<Vec<StoredChange>, VaultError> {
    let mut find = tx.prepare_cached(&format!(
        r#"{COLUMNS} WHERE "clinic" = ?1 AND "kind" = ?2 AND "resource" = ?3 ORDER BY "number""#
    ))?;
    let mut rows = find.query((clinic.as_str(), &key.kind, &key.id))?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        changes.push(read_row(row)?);
    }
    Ok(changes)
}

/// What is shown of a resource with these changes: what the clinic has with each laid over it.
fn shown(theirs: Option<&str>, changes: &[StoredChange]) -> Option<String> {
    changes
        .iter()
        .fold(theirs.map(ToOwned::to_owned), |shown, change| {
            Some(match shown {
                None => change.ours.clone(),
                Some(shown) => match merge(&change.base, &change.ours, &shown) {
                    Ok(merged) => merged.json,
                    Err(_) => shown,
                },
            })
        })
}

impl Vault {
    /// Whether anything that the person wrote is not with this clinic yet.
    pub(crate) fn has_changes(&self, clinic: &ClinicId) -> Result<bool, VaultError> {
        self.store().read(|tx, _| {
            Ok(tx
                .prepare_cached(r#"SELECT 1 FROM "change" WHERE "clinic" = ?1"#)?
                .exists([clinic.as_str()])?)
        })
    }

    /// A change; nothing when the clinic has it by now, or it was taken back.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn change(&self, id: IntentId) -> Result<Option<StoredChange>, VaultError> {
        self.store().read(|tx, _| match write::find(tx, id) {
            Ok(change) => Ok(Some(change)),
            Err(VaultError::UnknownIntent) => Ok(None),
            Err(error) => Err(error),
        })
    }

    /// The first row that was read from a resource, also when it was named otherwise since ([`Vault::named_now`]).
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn first_entry_of(
        &self,
        clinic: &ClinicId,
        key: &ResourceKey,
    ) -> Result<Option<EntryRow>, VaultError> {
        self.store().read(|tx, _| {
            let key = self.named_now(clinic, key);
            let Some(number) = resources::number(tx, self.directory(), clinic, &key)? else {
                return Ok(None);
            };
            Ok(entries::by_ids(tx, [number * PER_RESOURCE].into_iter())?.pop())
        })
    }

    /// Every change that no clinic has yet, in the order in which they were written.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn changes(&self) -> Result<Vec<StoredChange>, VaultError> {
        self.store().read(|tx, _| all(tx))
    }
}
