//! The rows of the book: lists, newest first.

use std::fmt;
use std::str::FromStr;

use rusqlite::{Row, Transaction};
use sokhoe_domain::{ClinicId, EntryKind, ResourceKey, Section, Timestamp};
use sokhoe_fhir::texts::find_text;

use crate::error::VaultError;
use crate::ingest::PER_RESOURCE;
use crate::packed::UnpackedId;
use crate::resources::{self, StoredResource};
use crate::search;
use crate::snippet::{TextPart, snippet};
use crate::vault::Vault;

/// Rows a page has at most.
const LONGEST_PAGE: u32 = 1_000;
/// What stands for a time that is not known: such rows come last.
pub(crate) const NO_TIME: i64 = i64::MIN;

/// Which rows, and how many. Everything unset asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryQuery {
    /// Only this section.
    pub section: Option<Section>,
    /// Only what came from this clinic.
    pub clinic: Option<ClinicId>,
    /// Only what happened at or after; leaves out rows without a time.
    pub from: Option<Timestamp>,
    /// Only what happened before; leaves out rows without a time.
    pub to: Option<Timestamp>,
    /// Go on after the page that gave this.
    pub before: Option<PageCursor>,
    /// At most so many rows; at least 1 and at most 1,000 are given.
    pub limit: u32,
}

impl EntryQuery {
    pub(crate) fn page_length(&self) -> usize {
        self.limit.clamp(1, LONGEST_PAGE) as usize
    }

    /// The times asked for, both ends included.
    pub(crate) fn period(&self) -> (i64, i64) {
        let unbounded = self.from.is_none() && self.to.is_none();
        let from = self.from.map_or(NO_TIME + i64::from(!unbounded), |from| {
            from.as_millis().max(NO_TIME + 1)
        });
        let to = self
            .to
            .map_or(i64::MAX, |to| to.as_millis().saturating_sub(1));
        (from, to)
    }
}

/// One row of the book.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Names the row on this phone; the same as long as the resource is there.
    pub id: i64,
    /// Where it came from.
    pub clinic: ClinicId,
    /// The resource it was read from.
    pub resource: ResourceKey,
    /// Where it belongs.
    pub section: Section,
    /// What it is.
    pub title: String,
    /// What stands beside the title; may be empty.
    pub detail: String,
    /// When it was so.
    pub when: Option<Timestamp>,
    /// The FHIR status; may be empty.
    pub status: String,
    /// How to read the value.
    pub kind: EntryKind,
    /// The code whose points make its trend.
    pub trend: Option<String>,
    /// After a search: where the words stand, in the row or in the resource behind it. Else empty.
    pub snippet: Vec<TextPart>,
}

impl fmt::Debug for EntryRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryRow")
            .field("id", &self.id)
            .field("section", &self.section)
            .finish_non_exhaustive()
    }
}

/// A page of rows, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryPage {
    /// The rows.
    pub rows: Vec<EntryRow>,
    /// What to give as [`EntryQuery::before`] for the rows after these; nothing at the end.
    pub next: Option<PageCursor>,
}

/// A place in the book between two rows. Opaque; as text for those who must carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageCursor {
    pub(crate) happened: i64,
    pub(crate) doc: i64,
}

impl PageCursor {
    /// Before the first row.
    pub(crate) const START: Self = Self {
        happened: i64::MAX,
        doc: i64::MAX,
    };
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.happened, self.doc)
    }
}

/// A text that is no [`PageCursor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a page cursor")]
pub struct BadCursor;

impl FromStr for PageCursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (happened, doc) = text.split_once('.').ok_or(BadCursor)?;
        Ok(Self {
            happened: happened.parse().map_err(|_| BadCursor)?,
            doc: doc.parse().map_err(|_| BadCursor)?,
        })
    }
}

// CROSS JOIN keeps the order: the entry leads to its names, never the other way.
pub(crate) const ROW: &str = r#"
    SELECT e."id", c."name", k."name", e."resource", e."section", e."happened", e."title",
        e."detail", e."status", e."flag", t."name"
    FROM "entry" e
    CROSS JOIN "clinic" c ON c."id" = e."clinic"
    CROSS JOIN "kind" k ON k."id" = e."kind"
    LEFT JOIN "code" t ON t."id" = e."trend""#;

pub(crate) fn read_row(row: &Row<'_>) -> Result<EntryRow, VaultError> {
    let happened = row.get(5)?;
    Ok(EntryRow {
        id: row.get(0)?,
        clinic: ClinicId(row.get(1)?),
        resource: ResourceKey {
            kind: row.get(2)?,
            id: row.get::<_, UnpackedId>(3)?.0,
        },
        section: Section::from_code(row.get(4)?).ok_or(VaultError::Corrupt)?,
        title: row.get(6)?,
        detail: row.get(7)?,
        when: (happened != NO_TIME).then(|| Timestamp::from_millis(happened)),
        status: row.get(8)?,
        kind: EntryKind::from_code(row.get(9)?),
        trend: row.get(10)?,
        snippet: Vec::new(),
    })
}

/// The rows of these ids, in their order; ids without a row are left out.
pub(crate) fn by_ids(
    tx: &Transaction<'_>,
    ids: impl ExactSizeIterator<Item = i64>,
) -> Result<Vec<EntryRow>, VaultError> {
    let mut find = tx.prepare_cached(&format!(r#"{ROW} WHERE e."id" = ?1"#))?;
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(row) = find.query([id])?.next()? {
            rows.push(read_row(row)?);
        }
    }
    Ok(rows)
}

impl Vault {
    /// A page of the book, newest first; rows without a time come last.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn entries(&self, query: &EntryQuery) -> Result<EntryPage, VaultError> {
        self.store()
            .read(|tx, _| search::page(tx, self.columns(), &[], query))
    }

    /// A page of the rows that have every word of `text`, or one that begins so, in whatever order,
    /// with or without accents; newest first. Without words: [`Vault::entries`].
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn search(&self, text: &str, query: &EntryQuery) -> Result<EntryPage, VaultError> {
        let words = search::words_of_query(text);
        if words.is_empty() {
            return self.entries(query);
        }
        self.store().read(|tx, decoder| {
            let mut page = search::page(tx, self.columns(), &words, query)?;
            for row in &mut page.rows {
                row.snippet = snippet(&row.title, &row.detail, &words, |is_wanted| {
                    let json = resources::json(tx, decoder, row.id / PER_RESOURCE).ok()??;
                    find_text(&json, is_wanted).ok()?
                });
            }
            Ok(page)
        })
    }

    /// A row with the resource it was read from.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn entry(&self, id: i64) -> Result<Option<(EntryRow, StoredResource)>, VaultError> {
        self.store().read(|tx, decoder| {
            let Some(row) = by_ids(tx, [id].into_iter())?.pop() else {
                return Ok(None);
            };
            let resource =
                resources::find(tx, self.directory(), decoder, &row.clinic, &row.resource)?
                    .ok_or(VaultError::Corrupt)?;
            Ok(Some((row, resource)))
        })
    }

    /// How many rows each section has; sections without rows are left out.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn counts(&self) -> Result<Vec<(Section, u64)>, VaultError> {
        self.store().read(|tx, _| {
            let rows = self.columns().current(tx)?.counts();
            let mut counts = Vec::new();
            for (section, rows) in (0..=u8::MAX).zip(rows) {
                if rows > 0 {
                    let section = Section::from_code(section).ok_or(VaultError::Corrupt)?;
                    counts.push((section, rows));
                }
            }
            Ok(counts)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_carried_as_text() {
        for cursor in [
            PageCursor::START,
            PageCursor {
                happened: NO_TIME,
                doc: 0,
            },
        ] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for bad in ["", ".", "1", "1.", "1.2.3", "a.b", "1.99999999999999999999"] {
            assert_eq!(bad.parse::<PageCursor>(), Err(BadCursor), "{bad}");
        }
    }
}
