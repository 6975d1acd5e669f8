//! A clinic that no longer gives access: what it gave goes.

use rusqlite::Transaction;
use sokhoe_domain::{ClinicId, IntentId, Timestamp};
use sokhoe_fhir::bundle::Change;

use crate::blobs::sources;
use crate::bookings::read_id;
use crate::error::VaultError;
use crate::ingest::Ingest;
use crate::notice::VaultChange;
use crate::resources;
use crate::store::Durability;
use crate::vault::Vault;

impl Vault {
    /// Erases everything of a clinic: resources with their rows, bookings, what waited to be sent there,
    /// records set aside, documents, and where its feed stood; all or nothing. What the person put in,
    /// and other clinics', stays. Bytes that are no longer used lie in the file until they are written
    /// over, unreadable without the vault's key: whoever must not read anything any more erases the vault.
    ///
    /// `knowing_of` is how much the person knows that they lose of what the clinic does not have: decisions without an
    /// answer, and what they wrote.
    ///
    /// # Errors
    /// [`VaultError::Unsent`] when it would be more; [`VaultError::ReservedClinic`] for the person's own;
    /// [`VaultError`]. Nothing is erased then.
    pub fn forget_clinic(&self, clinic: &ClinicId, knowing_of: u64) -> Result<(), VaultError> {
        if clinic.is_own() {
            return Err(VaultError::ReservedClinic);
        }
        let (patch, unsent, files) = self.store().write(Durability::Full, |tx, scratch| {
            let unsent = unsent(tx, clinic)?;
            let count = unsent.len() as u64;
            if count > knowing_of {
                return Err(VaultError::Unsent { count });
            }
            let versions = resources::versions(tx, clinic)?;
            let directory = self.directory().current(tx)?;
            let mut ingest = Ingest::begin(tx, scratch, directory, clinic, Timestamp::default())?;
            for (key, _) in versions {
                ingest.take(&Change::Delete { key })?;
            }
            let (_, _, patch) = ingest.finish(None)?;
            let files = sources::forget(tx, clinic)?;
            for table in ["intent", "change", "trip", "ticket", "queue", "access_log"] {
                tx.execute(
                    &format!(r#"DELETE FROM "{table}" WHERE "clinic" = ?1"#),
                    [clinic.as_str()],
                )?;
            }
            tx.prepare(r#"DELETE FROM "booking" WHERE "clinic" = ?1"#)?
                .execute([clinic.as_str()])?;
            for table in ["tombstone", "set_aside", "named_by"] {
                tx.execute(
                    &format!(
                        r#"DELETE FROM "{table}"
                           WHERE "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)"#
                    ),
                    [clinic.as_str()],
                )?;
            }
            tx.execute(
                r#"UPDATE "clinic" SET "cursor" = NULL, "caught_up" = 0, "arrived" = 0,
                       "expected" = NULL, "reached" = NULL WHERE "name" = ?1"#,
                [clinic.as_str()],
            )?;
            Ok((patch, unsent, files))
        })?;
        patch.apply(self.columns(), self.directory());
        self.note_done(&unsent);
        self.blob_files().discard(&files);
        self.store().notices.tell(VaultChange {
            entries: true,
            bookings: true,
            events: false,
            invoices: true,
            sync: true,
        });
        Ok(())
    }

    /// How much of what a person decided or wrote a clinic does not have: kept back, refused and in conflict, too.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn unsent(&self, clinic: &ClinicId) -> Result<u64, VaultError> {
        self.store()
            .read(|tx, _| Ok(unsent(tx, clinic)?.len() as u64))
    }
}

/// What a person decided or wrote that a clinic does not have.
fn unsent(tx: &Transaction<'_>, clinic: &ClinicId) -> Result<Vec<IntentId>, VaultError> {
    let mut unsent = ids(tx, "intent", clinic)?;
    unsent.extend(ids(tx, "change", clinic)?);
    Ok(unsent)
}

fn ids(tx: &Transaction<'_>, table: &str, clinic: &ClinicId) -> Result<Vec<IntentId>, VaultError> {
    let mut find = tx.prepare(&format!(
        r#"SELECT "id" FROM "{table}" WHERE "clinic" = ?1"#
    ))?;
    let mut rows = find.query([clinic.as_str()])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(read_id(row, 0)?);
    }
    Ok(ids)
}
