//! How far the sync with each clinic is.

use rusqlite::Transaction;
use sokhoe_domain::{ClinicId, Timestamp};

use crate::error::VaultError;
use crate::notice::VaultChange;
use crate::store::Durability;
use crate::vault::Vault;

/// Within this time, in milliseconds, the same result is not worth writing again.
const SAME: i64 = 60_000;

/// How far the sync with a clinic is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClinicSync {
    /// Which clinic.
    pub clinic: ClinicId,
    /// Whether everything ever came.
    pub caught_up: bool,
    /// Resources that came so far; counted until everything did.
    pub arrived: u64,
    /// How many the clinic said there are, if it did.
    pub expected: Option<u64>,
    /// When everything was in step last, by the phone's clock.
    pub reached: Option<Timestamp>,
    /// When it was tried last.
    pub tried: Option<Timestamp>,
    /// Why the last try failed: the code that was noted; nothing when it did not.
    pub trouble: Option<String>,
    /// Records of this clinic that could not be read.
    pub set_aside: u64,
}

impl VaultChange {
    pub(crate) const SYNC: Self = Self {
        sync: true,
        entries: false,
        bookings: false,
        events: false,
        invoices: false,
    };
}

impl Vault {
    /// How far the sync with every clinic is that was ever met.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn clinic_syncs(&self) -> Result<Vec<ClinicSync>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "name", "caught_up", "arrived", "expected", "reached", "tried", "trouble",
                       (SELECT count(*) FROM "set_aside" s WHERE s."clinic" = c."id")
                   FROM "clinic" c WHERE "name" <> ?1 ORDER BY "id""#,
            )?;
            let count = i64::unsigned_abs;
            let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
            let mut rows = find.query([ClinicId::OWN])?;
            let mut syncs = Vec::new();
            while let Some(row) = rows.next()? {
                syncs.push(ClinicSync {
                    clinic: ClinicId(row.get(0)?),
                    caught_up: row.get(1)?,
                    arrived: count(row.get(2)?),
                    expected: row.get::<_, Option<i64>>(3)?.map(count),
                    reached: time(row.get(4)?),
                    tried: time(row.get(5)?),
                    trouble: row.get(6)?,
                    set_aside: count(row.get(7)?),
                });
            }
            Ok(syncs)
        })
    }

    /// Notes how a try ended: in step, or the code of why not. A crash may forget it, and the same within
    /// a minute is not noted again.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn note_sync(
        &self,
        clinic: &ClinicId,
        at: Timestamp,
        trouble: Option<&str>,
    ) -> Result<(), VaultError> {
        let is_noted = self.store().read(|tx, _| {
            Ok(tx
                .prepare_cached(
                    r#"SELECT 1 FROM "clinic"
                       WHERE "name" = ?1 AND "trouble" IS ?3 AND "tried" BETWEEN ?2 - ?4 AND ?2"#,
                )?
                .exists((clinic.as_str(), at.as_millis(), trouble, SAME))?)
        })?;
        if is_noted {
            return Ok(());
        }
        self.store().write(Durability::Relaxed, |tx, scratch| {
            let clinic = scratch.names.clinic(tx, clinic.as_str())?;
            tx.prepare_cached(
                r#"UPDATE "clinic" SET "tried" = ?2, "trouble" = ?3,
                       "reached" = CASE WHEN ?3 IS NULL THEN ?2 ELSE "reached" END WHERE "id" = ?1"#,
            )?
            .execute((clinic, at.as_millis(), trouble))?;
            Ok(())
        })?;
        self.store().notices.tell(VaultChange::SYNC);
        Ok(())
    }

    /// Notes how many resources a first sync will bring.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn expect(&self, clinic: &ClinicId, resources: u64) -> Result<(), VaultError> {
        let resources = i64::try_from(resources).unwrap_or(i64::MAX);
        self.store().write(Durability::Relaxed, |tx, scratch| {
            let clinic = scratch.names.clinic(tx, clinic.as_str())?;
            tx.prepare_cached(
                r#"UPDATE "clinic" SET "expected" = ?2 WHERE "id" = ?1 AND NOT "caught_up""#,
            )?
            .execute((clinic, resources))?;
            Ok(())
        })
    }
}

/// Notes that everything is here, with the page that was the last.
pub(crate) fn reached(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
    at: Timestamp,
) -> Result<(), VaultError> {
    tx.prepare_cached(
        r#"UPDATE "clinic" SET "caught_up" = 1, "tried" = ?2, "reached" = ?2, "trouble" = NULL WHERE "name" = ?1"#,
    )?
    .execute((clinic.as_str(), at.as_millis()))?;
    Ok(())
}

/// Counts what came, until everything did; whether anybody counts.
pub(crate) fn count_arrived(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
    arrived: u64,
) -> Result<bool, VaultError> {
    let counted = tx
        .prepare_cached(
            r#"UPDATE "clinic" SET "arrived" = "arrived" + ?2 WHERE "name" = ?1 AND NOT "caught_up""#,
        )?
        .execute((clinic.as_str(), i64::try_from(arrived).unwrap_or(i64::MAX)))?;
    Ok(counted > 0)
}
