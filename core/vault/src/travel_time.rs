//! How long the way to a clinic takes from here.

use std::collections::HashMap;
use std::time::Duration;

use sokhoe_domain::ClinicId;

use crate::account::AccountVault;
use crate::error::VaultError;
use crate::store::Durability;

impl AccountVault {
    /// The ways that somebody told, by clinic.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn travel_times(&self) -> Result<HashMap<ClinicId, Duration>, VaultError> {
        self.store.read(|tx, _| {
            let mut all = tx.prepare_cached(r#"SELECT "clinic", "minutes" FROM "travel_time""#)?;
            let ways = all.query_map([], |row| Ok((row.get(0)?, row.get::<_, u32>(1)?)))?;
            let mut told = HashMap::new();
            for way in ways {
                let (clinic, minutes) = way?;
                told.insert(ClinicId(clinic), Duration::from_mins(minutes.into()));
            }
            Ok(told)
        })
    }

    /// Keeps how long the way to a clinic takes, in whole minutes; nothing forgets it.
    ///
    /// # Errors
    /// [`VaultError`]; what was kept stays then.
    pub fn set_travel_time(
        &self,
        clinic: &ClinicId,
        way: Option<Duration>,
    ) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            match way {
                Some(way) => tx.execute(
                    r#"INSERT OR REPLACE INTO "travel_time" VALUES (?1, ?2)"#,
                    (clinic.as_str(), (way.as_secs() / 60).cast_signed()),
                )?,
                None => tx.execute(
                    r#"DELETE FROM "travel_time" WHERE "clinic" = ?1"#,
                    [clinic.as_str()],
                )?,
            };
            Ok(())
        })
    }
}
