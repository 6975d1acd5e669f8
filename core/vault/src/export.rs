//! Going over the whole book, one thing at a time, to write it elsewhere.
//!
//! Each walk is one reading transaction: what it gives is of one moment, however long it takes. What
//! is held in memory is one resource or row. The visitor stops the walk with `ControlFlow::Break`.

use std::ops::ControlFlow;

use sokhoe_domain::{ClinicId, ReferenceRange, ResourceKey, Section, Timestamp};

use crate::entries::{EntryRow, ROW, read_row};
use crate::error::VaultError;
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

impl Vault {
    /// Visits every resource of every clinic, in the order in which they first came.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn for_each_resource(
        &self,
        visit: &mut dyn FnMut(StoredResource) -> ControlFlow<()>,
    ) -> Result<(), VaultError> {
        self.store().read(|tx, decoder| {
            let mut all = tx.prepare_cached(&format!(
                r#"{COLUMNS} FROM "resource" r
                   CROSS JOIN "clinic" c ON c."id" = r."clinic"
                   CROSS JOIN "kind" k ON k."id" = r."kind"
                   ORDER BY r."number""#
            ))?;
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
        self.store().read(|tx, _| {
            let mut all = tx.prepare_cached(&format!(
                r#"{ROW} WHERE e."section" = ?1 ORDER BY e."happened" DESC, e."doc" DESC"#
            ))?;
            let mut received =
                tx.prepare_cached(r#"SELECT "received" FROM "resource" WHERE "number" = ?1"#)?;
            let mut range = tx.prepare_cached(
                r#"SELECT "unit", "low", "high" FROM "point" WHERE "id" BETWEEN ?1 AND ?2
                   AND "code" = (SELECT "id" FROM "code" WHERE "name" = ?3) LIMIT 1"#,
            )?;
            let mut rows = all.query([section.code()])?;
            while let Some(found) = rows.next()? {
                let (row, _) = read_row(found)?;
                let number = row.id.div_euclid(1_024);
                let mut entry = ExportedEntry {
                    range: ReferenceRange {
                        low: None,
                        high: None,
                    },
                    unit: String::new(),
                    received: Timestamp::from_millis(
                        received.query_row([number], |row| row.get(0))?,
                    ),
                    row,
                };
                if let Some(code) = &entry.row.trend {
                    let first = number * 1_024;
                    let mut points = range.query((first, first + 1_023, code))?;
                    if let Some(point) = points.next()? {
                        entry.unit = point.get(0)?;
                        entry.range = ReferenceRange {
                            low: point.get(1)?,
                            high: point.get(2)?,
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
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT c."name" FROM "point" p CROSS JOIN "code" c ON c."id" = p."code"
                   GROUP BY p."code" HAVING count(*) >= ?1 ORDER BY max(p."at") DESC, c."name""#,
            )?;
            Ok(find
                .query_map([least], |row| row.get(0))?
                .collect::<Result<_, _>>()?)
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
        self.store().read(|tx, decoder| {
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
