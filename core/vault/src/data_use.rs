//! What metered networks carried, and what they may.

use chrono::Datelike;
use rusqlite::OptionalExtension as _;
use sokhoe_domain::Timestamp;

use crate::account::AccountVault;
use crate::error::VaultError;
use crate::store::Durability;

/// Days that are remembered: this month and the last one.
const REMEMBERED: i64 = 62;

/// What metered networks may carry, in bytes, both ways together. No limit where unset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataLimit {
    /// In a day of Vietnam.
    pub a_day: Option<u64>,
    /// In a calendar month of Vietnam.
    pub a_month: Option<u64>,
}

/// What metered networks carried, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataUse {
    /// The limit.
    pub limit: DataLimit,
    /// Today, by the phone's clock.
    pub today: u64,
    /// This month.
    pub this_month: u64,
    /// Allowed today on top of the limit.
    pub more_today: u64,
    /// The same this month.
    pub more_this_month: u64,
}

impl DataUse {
    /// How many bytes are left today; unset when there is no limit.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        let left = |limit: Option<u64>, more: u64, used: u64| {
            limit.map(|limit| limit.saturating_add(more).saturating_sub(used))
        };
        let today = left(self.limit.a_day, self.more_today, self.today);
        let this_month = left(self.limit.a_month, self.more_this_month, self.this_month);
        match (today, this_month) {
            (Some(today), Some(this_month)) => Some(today.min(this_month)),
            (today, this_month) => today.or(this_month),
        }
    }
}

/// The day, and the first and the last day of its month.
fn days(now: Timestamp) -> (i64, i64, i64) {
    let day = now.vietnam_day();
    let number = i64::from(day.to_epoch_days());
    let first = number - i64::from(day.day0());
    let length = i64::from(day.num_days_in_month());
    (number, first, first + length - 1)
}

fn stored(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl AccountVault {
    /// What metered networks carried, and what they may.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn data_use(&self, now: Timestamp) -> Result<DataUse, VaultError> {
        let (day, first, last) = days(now);
        let count = i64::unsigned_abs;
        self.store.read(|tx, _| {
            let limit = tx
                .prepare_cached(r#"SELECT "a_day", "a_month" FROM "data_limit""#)?
                .query_row([], |row| {
                    Ok(DataLimit {
                        a_day: row.get::<_, Option<i64>>(0)?.map(count),
                        a_month: row.get::<_, Option<i64>>(1)?.map(count),
                    })
                })
                .optional()?
                .unwrap_or_default();
            let mut used = DataUse {
                limit,
                ..DataUse::default()
            };
            let mut find = tx.prepare_cached(
                r#"SELECT "day", "bytes", "more" FROM "data_use" WHERE "day" BETWEEN ?1 AND ?2"#,
            )?;
            let mut rows = find.query([first, last])?;
            while let Some(row) = rows.next()? {
                let (of, bytes, more) = (row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?);
                used.this_month = used.this_month.saturating_add(count(bytes));
                used.more_this_month = used.more_this_month.saturating_add(count(more));
                if of == day {
                    (used.today, used.more_today) = (count(bytes), count(more));
                }
            }
            Ok(used)
        })
    }

    /// Sets what metered networks may carry. What they carried stays counted.
    ///
    /// # Errors
    /// [`VaultError`]; the old limit stays then.
    pub fn set_data_limit(&self, limit: DataLimit) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(
                r#"INSERT OR REPLACE INTO "data_limit" VALUES (1, ?1, ?2)"#,
                (limit.a_day.map(stored), limit.a_month.map(stored)),
            )?;
            Ok(())
        })
    }

    /// Counts bytes that a metered network carried. A crash may forget the last ones.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn add_data_use(&self, now: Timestamp, bytes: u64) -> Result<(), VaultError> {
        self.count_data(Durability::Relaxed, now, bytes, 0)
    }

    /// Allows so many bytes more today.
    ///
    /// # Errors
    /// [`VaultError`]; nothing is allowed then.
    pub fn allow_more_data(&self, now: Timestamp, bytes: u64) -> Result<(), VaultError> {
        self.count_data(Durability::Full, now, 0, bytes)
    }

    fn count_data(
        &self,
        durability: Durability,
        now: Timestamp,
        bytes: u64,
        more: u64,
    ) -> Result<(), VaultError> {
        let (day, ..) = days(now);
        self.store.write(durability, |tx, _| {
            // Sums end below what an integer holds, which SQLite would make a real number.
            tx.prepare_cached(
                r#"INSERT INTO "data_use" VALUES (?1, ?2, ?3) ON CONFLICT ("day") DO UPDATE SET
                       "bytes" = min("bytes", ?4) + min(?2, ?4), "more" = min("more", ?4) + min(?3, ?4)"#,
            )?
            .execute((day, stored(bytes), stored(more), i64::MAX / 2))?;
            tx.prepare_cached(r#"DELETE FROM "data_use" WHERE "day" < ?1"#)?
                .execute([day.saturating_sub(REMEMBERED)])?;
            Ok(())
        })
    }
}
