//! How clinics stand to the health insurance, as they told it last. They tell it again whenever they are asked for times.

use rusqlite::OptionalExtension as _;
use sokhoe_domain::ClinicId;

use crate::account::AccountVault;
use crate::error::VaultError;
use crate::store::Durability;

impl AccountVault {
    /// What a clinic told last, as JSON of the teller's making.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn insurance_terms(&self, clinic: &ClinicId) -> Result<Option<String>, VaultError> {
        self.store.read(|tx, _| {
            let mut find =
                tx.prepare_cached(r#"SELECT "terms" FROM "insurance_terms" WHERE "clinic" = ?1"#)?;
            Ok(find
                .query_row([clinic.as_str()], |row| row.get(0))
                .optional()?)
        })
    }

    /// Keeps what a clinic told; nothing forgets it.
    ///
    /// # Errors
    /// [`VaultError`]; what was kept stays then.
    pub fn set_insurance_terms(
        &self,
        clinic: &ClinicId,
        terms: Option<&str>,
    ) -> Result<(), VaultError> {
        self.store.write(Durability::Relaxed, |tx, _| {
            match terms {
                Some(terms) => tx.execute(
                    r#"INSERT OR REPLACE INTO "insurance_terms" VALUES (?1, ?2)"#,
                    (clinic.as_str(), terms),
                )?,
                None => tx.execute(
                    r#"DELETE FROM "insurance_terms" WHERE "clinic" = ?1"#,
                    [clinic.as_str()],
                )?,
            };
            Ok(())
        })
    }
}
