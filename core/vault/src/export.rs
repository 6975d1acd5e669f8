//! Going over the whole book, one thing at a time, to write it elsewhere.
//!
//! Each walk is one reading transaction: what it gives is of one moment, however long it takes. What
//! is held in memory is one resource or row, and what finds them. The visitor stops the walk with `ControlFlow::Break`.

use std::cmp::Reverse;
use std::ops::ControlFlow;

use foldhash::HashMap;
use rusqlite::Transaction;
use sokhoe_domain::{ClinicId, ReferenceRange, ResourceKey, Section, Timestamp};

use crate::entries::{EntryQuery, EntryRow, ROW, read_row};
use crate::error::VaultError;
use crate::index::{self, StoredPoint};
use crate::ingest::PER_RESOURCE;
use crate::resources::{COLUMNS, StoredResource, read_row as read_resource};
use crate::set_aside::SetAside;
use crate::vault::Vault;

/// A row of the book with what a printed list shows beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedEntry {
    /// The row.
    pub row: EntryRow,
    /// The reference range that came with its value.
    pub range: ReferenceRange,
    /// The unit of the value and of the range; empty when there is no number.
    pub unit: String,
    /// When this phone received the resource.
    pub received: Timestamp,
}

/// The first point of each code of a resource, by the doc of its first row.
fn ranges(tx: &Transaction<'_>) -> Result<HashMap<(i64, u32), StoredPoint>, VaultError> {
    let mut ranges = HashMap::default();
    index::each_point(tx, None, &mut |code, doc, point| {
        ranges.entry((doc, code)).or_insert(point);
    })?;
    Ok(ranges)
}

impl Vault {
    /// Visits every resource of every clinic, in the order in which they first came.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn for_each_resource(
        &self,
        visit: &mut dyn FnMut(StoredResource) -> ControlFlow<()>,
    ) -> Result<(), VaultError> {
        self.store().read_at_length(|tx, decoder| {
            let mut all = tx.prepare_cached(&format!(r#"{COLUMNS} ORDER BY r."number""#))?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                if visit(read_resource(row, decoder)?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Visits every row of a section, newest first; rows without a time come last.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn for_each_entry(
        &self,
        section: Section,
        visit: &mut dyn FnMut(ExportedEntry) -> ControlFlow<()>,
    ) -> Result<(), VaultError> {
        self.store().read_at_length(|tx, _| {
            let columns = self.columns().current(tx)?;
            let query = EntryQuery {
                section: Some(section),
                ..EntryQuery::default()
            };
            let ranges = ranges(tx)?;
            let mut find = tx.prepare_cached(&format!(r#"{ROW} WHERE e."id" = ?1"#))?;
            let mut behind = tx.prepare_cached(
                r#"SELECT "received", "first_doc" FROM "resource" WHERE "number" = ?1"#,
            )?;
            let mut code = tx.prepare_cached(r#"SELECT "id" FROM "code" WHERE "name" = ?1"#)?;
            let mut unit = tx.prepare_cached(r#"SELECT "name" FROM "unit" WHERE "id" = ?1"#)?;
            for place in columns.newest(None, None, &query, columns.docs()) {
                let row = match find.query([place.entry])?.next()? {
                    Some(row) => read_row(row)?,
                    None => return Err(VaultError::Corrupt),
                };
                let (received, first_doc): (i64, i64) = behind
                    .query_row([place.entry / PER_RESOURCE], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })?;
                let mut entry = ExportedEntry {
                    range: ReferenceRange::default(),
                    unit: String::new(),
                    received: Timestamp::from_millis(received),
                    row,
                };
                if let Some(name) = &entry.row.trend {
                    let code: u32 = code.query_row([name], |row| row.get(0))?;
                    if let Some(point) = ranges.get(&(first_doc, code)) {
                        entry.unit = unit.query_row([point.unit], |row| row.get(0))?;
                        entry.range = ReferenceRange {
                            low: point.low,
                            high: point.high,
                        };
                    }
                }
                if visit(entry).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The codes that have at least `least` points, those with the newest point first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn trend_codes(&self, least: u32) -> Result<Vec<String>, VaultError> {
        self.store().read_at_length(|tx, _| {
            let mut codes: HashMap<u32, (u32, i64)> = HashMap::default();
            index::each_point(tx, None, &mut |code, _, point| {
                let (count, newest) = codes.entry(code).or_insert((0, i64::MIN));
                *count += 1;
                *newest = point.at.max(*newest);
            })?;
            let mut name = tx.prepare_cached(r#"SELECT "name" FROM "code" WHERE "id" = ?1"#)?;
            let mut found: Vec<(Reverse<i64>, String)> = Vec::new();
            for (code, (count, newest)) in codes {
                if count >= least {
                    found.push((Reverse(newest), name.query_row([code], |row| row.get(0))?));
                }
            }
            found.sort_unstable();
            Ok(found.into_iter().map(|(_, name)| name).collect())
        })
    }

    /// Visits every record that was set aside, with the text that came, in the order they came.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn for_each_set_aside(
        &self,
        visit: &mut dyn FnMut(SetAside, String) -> ControlFlow<()>,
    ) -> Result<(), VaultError> {
        self.store().read_at_length(|tx, decoder| {
            let mut all = tx.prepare_cached(
                r#"SELECT c."name", s."kind", s."resource", s."reason", s."received",
                       s."encoding", s."length", s."raw"
                   FROM "set_aside" s JOIN "clinic" c ON c."id" = s."clinic" ORDER BY s."id""#,
            )?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                let key = (row.get(1)?, row.get(2)?);
                let bytes = row.get_ref(7)?.as_blob().map_err(|_| VaultError::Corrupt)?;
                let raw = decoder.decode(row.get(5)?, row.get(6)?, bytes)?;
                let record = SetAside {
                    clinic: ClinicId(row.get(0)?),
                    key: match key {
                        (Some(kind), Some(id)) => Some(ResourceKey { kind, id }),
                        _ => None,
                    },
                    reason: row.get(3)?,
                    received: Timestamp::from_millis(row.get(4)?),
                };
                if visit(record, raw).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}
