//! Tables of blobs, one for each commit that adds words or points; short ones are joined.

use rusqlite::{OptionalExtension as _, Transaction};

use crate::error::VaultError;

/// A run shorter than this, in bytes, is joined by the next: one page of the file, or less.
pub(super) const SHORT: i64 = if cfg!(all(test, debug_assertions)) {
    150
} else {
    4_000
};

/// A table with the columns "first" and "data".
#[derive(Debug, Clone, Copy)]
pub(super) enum Runs {
    Postings,
    Series,
}

impl Runs {
    const fn table(self) -> &'static str {
        match self {
            Self::Postings => "posting_run",
            Self::Series => "series_run",
        }
    }

    /// The last run, when it is short: it is to be replaced, together with what comes.
    pub(super) fn last_short(
        self,
        tx: &Transaction<'_>,
    ) -> Result<Option<(i64, Vec<u8>)>, VaultError> {
        let sql = format!(
            r#"SELECT "first", "data" FROM "{table}"
               WHERE "first" = (SELECT max("first") FROM "{table}") AND length("data") < ?1"#,
            table = self.table()
        );
        Ok(tx
            .prepare_cached(&sql)?
            .query_row([SHORT], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    pub(super) fn put(
        self,
        tx: &Transaction<'_>,
        first: i64,
        data: &[u8],
    ) -> Result<(), VaultError> {
        let sql = format!(
            r#"INSERT OR REPLACE INTO "{}" ("first", "data") VALUES (?1, ?2)"#,
            self.table()
        );
        tx.prepare_cached(&sql)?.execute((first, data))?;
        Ok(())
    }

    /// All runs in their order.
    pub(super) fn each(
        self,
        tx: &Transaction<'_>,
        mut take: impl FnMut(i64, &[u8]) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let sql = format!(
            r#"SELECT "first", "data" FROM "{}" ORDER BY "first""#,
            self.table()
        );
        let mut find = tx.prepare_cached(&sql)?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            let data = row.get_ref(1)?.as_blob().map_err(|_| VaultError::Corrupt)?;
            take(row.get(0)?, data)?;
        }
        Ok(())
    }

    pub(super) fn clear(self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        let sql = format!(r#"DELETE FROM "{}""#, self.table());
        tx.prepare_cached(&sql)?.execute([])?;
        Ok(())
    }
}
