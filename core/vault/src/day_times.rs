//! The times of the day at which medicines are taken on this phone.

use rusqlite::OptionalExtension as _;
use sokhoe_fhir::timing::DayTimes;

use crate::account::AccountVault;
use crate::error::VaultError;
use crate::store::Durability;

impl AccountVault {
    /// The times of the day that were set, or those of a common day.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn day_times(&self) -> Result<DayTimes, VaultError> {
        let parts = self.store.read(|tx, _| {
            Ok(tx
                .prepare_cached(r#"SELECT "morning", "noon", "evening", "night" FROM "day_times""#)?
                .query_row([], |row| {
                    Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
                })
                .optional()?)
        })?;
        // What a newer program took for a day and this one does not.
        Ok(parts.and_then(DayTimes::new).unwrap_or_default())
    }

    /// Sets the times of the day.
    ///
    /// # Errors
    /// [`VaultError`]; the old times stay then.
    pub fn set_day_times(&self, day: DayTimes) -> Result<(), VaultError> {
        let [morning, noon, evening, night] = day.parts();
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(
                r#"INSERT OR REPLACE INTO "day_times" VALUES (1, ?1, ?2, ?3, ?4)"#,
                (morning, noon, evening, night),
            )?;
            Ok(())
        })
    }
}
