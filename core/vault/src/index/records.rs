//! Records of some numbers each, by their own number, packed in runs.
//!
//! A run has the records of a commit, or of some: first all their first fields, then all their second
//! ones, each as the difference from the record before, compressed. Times, ids and clinics differ little from
//! row to row, so that a row takes 2 bytes instead of 17 and a book's first list decrypts few pages.

use rusqlite::{OptionalExtension as _, Transaction};

use crate::error::VaultError;
use crate::index::runs::SHORT;

/// No run is longer; guards the allocation against a damaged count.
const MOST: usize = 1 << 24;

/// Higher levels gain little.
const LEVEL: i32 = 1;

/// A table with the columns "first", "data" and "count".
#[derive(Debug, Clone, Copy)]
pub(super) struct Records {
    pub(super) table: &'static str,
    /// Bytes of each field.
    pub(super) fields: &'static [usize],
}

/// Records whose fields lie together.
#[derive(Debug)]
pub(super) struct Fields {
    fields: &'static [usize],
    count: usize,
    /// Differences, little endian.
    data: Vec<u8>,
}

impl Fields {
    /// The field `n` of every record, `W` bytes wide.
    pub(super) fn each<const W: usize>(&self, n: usize) -> impl Iterator<Item = [u8; W]> + '_ {
        let start = self.fields.iter().take(n).sum::<usize>() * self.count;
        let end = start + self.fields.get(n).copied().unwrap_or(0) * self.count;
        let (differences, _) = self
            .data
            .get(start..end)
            .unwrap_or_default()
            .as_chunks::<W>();
        differences.iter().scan(0, |last: &mut u64, difference| {
            *last = last.wrapping_add(number(difference));
            Some(bytes(*last))
        })
    }

    /// The records one after the other, as they are given to [`Records::append`].
    fn records(&self) -> Vec<u8> {
        let width: usize = self.fields.iter().sum();
        let mut records = vec![0; width * self.count];
        let (mut rest, mut place) = (self.data.as_slice(), 0);
        for &field in self.fields {
            let (differences, others) = rest.split_at(field * self.count);
            let mut last = 0_u64;
            for (difference, record) in differences
                .chunks_exact(field)
                .zip(records.chunks_exact_mut(width))
            {
                last = last.wrapping_add(number(difference));
                record[place..place + field].copy_from_slice(&last.to_le_bytes()[..field]);
            }
            (rest, place) = (others, place + field);
        }
        records
    }

    fn of_records(fields: &'static [usize], records: &[u8]) -> Result<Self, VaultError> {
        let width: usize = fields.iter().sum();
        if !records.len().is_multiple_of(width) {
            return Err(VaultError::Corrupt);
        }
        let mut data = Vec::with_capacity(records.len());
        let mut place = 0;
        for &field in fields {
            let mut last = 0_u64;
            for record in records.chunks_exact(width) {
                let this = number(&record[place..place + field]);
                data.extend_from_slice(&this.wrapping_sub(last).to_le_bytes()[..field]);
                last = this;
            }
            place += field;
        }
        Ok(Self {
            fields,
            count: records.len() / width,
            data,
        })
    }

    fn pack(&self) -> Result<Vec<u8>, VaultError> {
        zstd::bulk::compress(&self.data, LEVEL).map_err(|_| VaultError::Internal { code: 0 })
    }

    fn unpack(fields: &'static [usize], count: i64, packed: &[u8]) -> Result<Self, VaultError> {
        let count = usize::try_from(count)
            .ok()
            .filter(|count| *count <= MOST)
            .ok_or(VaultError::Corrupt)?;
        let length = count * fields.iter().sum::<usize>();
        let data = zstd::bulk::decompress(packed, length).map_err(|_| VaultError::Corrupt)?;
        if data.len() != length {
            return Err(VaultError::Corrupt);
        }
        Ok(Self {
            fields,
            count,
            data,
        })
    }

    /// As it is stored: packed when there is a count.
    fn stored(
        fields: &'static [usize],
        count: Option<i64>,
        data: &[u8],
    ) -> Result<Self, VaultError> {
        match count {
            Some(count) => Self::unpack(fields, count, data),
            None => Self::of_records(fields, data),
        }
    }
}

/// A number of up to eight bytes.
fn number(bytes: &[u8]) -> u64 {
    let mut number = [0; 8];
    number[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(number)
}

/// The lowest bytes of a number.
fn bytes<const W: usize>(number: u64) -> [u8; W] {
    let mut bytes = [0; W];
    bytes.copy_from_slice(&number.to_le_bytes()[..W]);
    bytes
}

impl Records {
    /// Adds records, one after the other, right after those that are there; `first` is the number of the first.
    pub(super) fn append(
        self,
        tx: &Transaction<'_>,
        first: i64,
        records: &[u8],
    ) -> Result<(), VaultError> {
        let last: Option<(i64, Option<i64>, Vec<u8>)> = tx
            .prepare_cached(&format!(
                r#"SELECT "first", "count", "data" FROM "{table}"
                   WHERE "first" = (SELECT max("first") FROM "{table}") AND length("data") < ?1"#,
                table = self.table
            ))?
            .query_row([SHORT], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let (first, fields) = match last {
            // A short run is replaced, together with what comes.
            Some((last, count, data)) => {
                let mut together = Fields::stored(self.fields, count, &data)?.records();
                together.extend_from_slice(records);
                (last, Fields::of_records(self.fields, &together)?)
            }
            None => (first, Fields::of_records(self.fields, records)?),
        };
        let count = i64::try_from(fields.count).map_err(|_| VaultError::Internal { code: 0 })?;
        tx.prepare_cached(&format!(
            r#"INSERT OR REPLACE INTO "{}" ("first", "data", "count") VALUES (?1, ?2, ?3)"#,
            self.table
        ))?
        .execute((first, fields.pack()?, count))?;
        Ok(())
    }

    /// All records, run after run; the number of each run's first.
    pub(super) fn each(
        self,
        tx: &Transaction<'_>,
        mut take: impl FnMut(i64, &Fields) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let mut find = tx.prepare_cached(&format!(
            r#"SELECT "first", "count", "data" FROM "{}" ORDER BY "first""#,
            self.table
        ))?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            let data = row.get_ref(2)?.as_blob().map_err(|_| VaultError::Corrupt)?;
            take(
                row.get(0)?,
                &Fields::stored(self.fields, row.get(1)?, data)?,
            )?;
        }
        Ok(())
    }

    pub(super) fn clear(self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        tx.execute(&format!(r#"DELETE FROM "{}""#, self.table), [])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIELDS: &[usize] = &[8, 6, 1, 2];

    proptest! {
        #[test]
        fn records_come_back(records in proptest::collection::vec(any::<[u8; 17]>(), 0..50)) {
            let flat = records.as_flattened();
            let fields = Fields::of_records(FIELDS, flat).unwrap();
            prop_assert_eq!(fields.records(), flat);
            let count = i64::try_from(records.len()).unwrap();
            let read = Fields::stored(FIELDS, Some(count), &fields.pack().unwrap()).unwrap();
            prop_assert_eq!(read.records(), flat);
            let second: Vec<[u8; 6]> = read.each(1).collect();
            let expected: Vec<&[u8]> = records.iter().map(|record| &record[8..14]).collect();
            prop_assert_eq!(second, expected);
        }

        #[test]
        fn damaged_runs_are_noticed_or_read(count in any::<i64>(), data in any::<Vec<u8>>()) {
            let _ = Fields::stored(FIELDS, Some(count), &data);
            let _ = Fields::stored(FIELDS, None, &data);
        }
    }

    #[test]
    fn rows_of_one_visit_take_little() {
        let mut records = Vec::new();
        for row in 0..1_000_u64 {
            records.extend_from_slice(&(1_700_000_000_000 + row / 9 * 86_400_000).to_le_bytes());
            records.extend_from_slice(&(row * 1_024).to_le_bytes()[..6]);
            records.extend_from_slice(&[1, 2, 0]);
        }
        let packed = Fields::of_records(FIELDS, &records).unwrap().pack();
        assert!(packed.unwrap().len() < records.len() / 8);
    }
}
