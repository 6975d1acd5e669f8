//! What clinics proved of their access logs: the newest head of each in the account, the entries of a person in the book.

use std::fmt;

use rusqlite::OptionalExtension as _;
use sokhoe_domain::{ClinicId, Timestamp};

use crate::account::AccountVault;
use crate::error::VaultError;
use crate::events::{self, NewEvent};
use crate::notice::VaultChange;
use crate::store::Durability;
use crate::vault::Vault;

/// How far a clinic's log was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLogHead {
    /// The newest head that was proved, as the clinic signed it.
    pub checkpoint: Option<String>,
    /// When the clinic was asked last.
    pub asked: Timestamp,
    /// Why what it said last is not believed: a code.
    pub mismatch: Option<String>,
}

/// A person's entries at a clinic.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptAccessLog {
    /// When they came, by this phone's clock.
    pub received: Timestamp,
    /// As JSON of the keeper's making.
    pub body: String,
    /// The mismatch of which the person was told: a code.
    pub told: Option<String>,
}

impl fmt::Debug for KeptAccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptAccessLog")
            .field("received", &self.received)
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}

impl AccountVault {
    /// How far a clinic's log was; nothing when it was never asked.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn access_log_head(&self, clinic: &ClinicId) -> Result<Option<KeptLogHead>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "checkpoint", "asked", "mismatch" FROM "access_log_head" WHERE "clinic" = ?1"#,
            )?;
            let read = |row: &rusqlite::Row<'_>| {
                Ok(KeptLogHead {
                    checkpoint: row.get(0)?,
                    asked: Timestamp::from_millis(row.get(1)?),
                    mismatch: row.get(2)?,
                })
            };
            Ok(find.query_row([clinic.as_str()], read).optional()?)
        })
    }

    /// Keeps how far a clinic's log was. A head that is held must not be lost: the past is proved by it.
    ///
    /// # Errors
    /// [`VaultError`]; what was kept stays then.
    pub fn keep_access_log_head(
        &self,
        clinic: &ClinicId,
        head: &KeptLogHead,
    ) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(
                r#"INSERT OR REPLACE INTO "access_log_head" VALUES (?1, ?2, ?3, ?4)"#,
                (
                    clinic.as_str(),
                    &head.checkpoint,
                    head.asked.as_millis(),
                    &head.mismatch,
                ),
            )?;
            Ok(())
        })
    }
}

impl Vault {
    /// The person's entries at a clinic, as they came last.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn access_log(&self, clinic: &ClinicId) -> Result<Option<KeptAccessLog>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "received", "body", "told" FROM "access_log" WHERE "clinic" = ?1"#,
            )?;
            let read = |row: &rusqlite::Row<'_>| {
                Ok(KeptAccessLog {
                    received: Timestamp::from_millis(row.get(0)?),
                    body: row.get(1)?,
                    told: row.get(2)?,
                })
            };
            Ok(find.query_row([clinic.as_str()], read).optional()?)
        })
    }

    /// Keeps them, in the place of those of before.
    ///
    /// # Errors
    /// [`VaultError`]; what was kept stays then.
    pub fn keep_access_log(
        &self,
        clinic: &ClinicId,
        received: Timestamp,
        body: &str,
    ) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            tx.execute(
                r#"INSERT INTO "access_log" VALUES (?1, ?2, ?3, NULL)
                   ON CONFLICT ("clinic") DO UPDATE SET "received" = ?2, "body" = ?3"#,
                (clinic.as_str(), received.as_millis(), body),
            )?;
            Ok(())
        })
    }

    /// Tells the person of a mismatch, once for each code.
    ///
    /// # Errors
    /// [`VaultError`]; nothing is told then.
    pub fn tell_of_access_log(
        &self,
        clinic: &ClinicId,
        code: &str,
        event: &NewEvent,
    ) -> Result<(), VaultError> {
        let is_new = self.store().write(Durability::Full, |tx, _| {
            let told: Option<Option<String>> = tx
                .prepare_cached(r#"SELECT "told" FROM "access_log" WHERE "clinic" = ?1"#)?
                .query_row([clinic.as_str()], |row| row.get(0))
                .optional()?;
            if told.flatten().as_deref() == Some(code) {
                return Ok(false);
            }
            tx.execute(
                r#"INSERT INTO "access_log" VALUES (?1, ?2, '', ?3)
                   ON CONFLICT ("clinic") DO UPDATE SET "told" = ?3"#,
                (clinic.as_str(), event.at.as_millis(), code),
            )?;
            events::keep(tx, std::slice::from_ref(event))?;
            Ok(true)
        })?;
        if is_new {
            self.store().notices.tell(VaultChange::EVENTS);
        }
        Ok(())
    }
}
