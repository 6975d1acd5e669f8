//! What ordering and filtering need of every row, in memory.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Transaction;

use crate::entries::{EntryQuery, PageCursor};
use crate::error::VaultError;
use crate::search::bits::Bits;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) doc: i64,
    pub(crate) happened: i64,
    pub(crate) entry: i64,
    pub(crate) section: u8,
    pub(crate) clinic: i64,
}

/// All rows, by doc.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    generation: i64,
    happened: Vec<i64>,
    /// 0 where there is no row (any more): the first row's id is larger.
    entry: Vec<i64>,
    section: Vec<u8>,
    clinic: Vec<i64>,
}

/// What a transaction changed.
#[derive(Debug)]
pub(crate) struct ColumnPatch {
    /// The generation it changed.
    pub(crate) from: i64,
    /// The generation it made.
    pub(crate) to: i64,
    pub(crate) removed: Vec<i64>,
    pub(crate) added: Vec<Place>,
}

impl ColumnPatch {
    pub(crate) fn from(generation: i64) -> Self {
        Self {
            from: generation,
            to: generation,
            removed: Vec::new(),
            added: Vec::new(),
        }
    }

    /// A change that leads from no generation: what is in memory is read again.
    pub(crate) fn unknown(to: i64) -> Self {
        Self {
            from: -1,
            ..Self::from(to)
        }
    }
}

impl Columns {
    /// Docs are below this.
    pub(crate) fn docs(&self) -> usize {
        self.entry.len()
    }

    fn load(tx: &Transaction<'_>, generation: i64) -> Result<Self, VaultError> {
        let docs: i64 = tx
            .prepare_cached(r#"SELECT "next_doc" FROM "counter""#)?
            .query_row([], |row| row.get(0))?;
        let mut columns = Self {
            generation,
            ..Self::default()
        };
        columns.grow(usize::try_from(docs).map_err(|_| VaultError::Corrupt)?);
        // The index has all of it and is a quarter of the table.
        let mut find = tx.prepare_cached(
            r#"SELECT "doc", "happened", "id", "section", "clinic"
               FROM "entry" INDEXED BY "entry_by_time""#,
        )?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            columns.put(Place {
                doc: row.get(0)?,
                happened: row.get(1)?,
                entry: row.get(2)?,
                section: row.get(3)?,
                clinic: row.get(4)?,
            })?;
        }
        Ok(columns)
    }

    fn grow(&mut self, docs: usize) {
        self.happened.resize(docs, 0);
        self.entry.resize(docs, 0);
        self.section.resize(docs, 0);
        self.clinic.resize(docs, 0);
    }

    fn put(&mut self, place: Place) -> Result<(), VaultError> {
        let doc = usize::try_from(place.doc)
            .ok()
            .filter(|doc| *doc < self.docs())
            .ok_or(VaultError::Corrupt)?;
        self.happened[doc] = place.happened;
        self.entry[doc] = place.entry;
        self.section[doc] = place.section;
        self.clinic[doc] = place.clinic;
        Ok(())
    }

    fn apply(&mut self, patch: &ColumnPatch) {
        for place in &patch.added {
            let docs = usize::try_from(place.doc).unwrap_or(0) + 1;
            if docs > self.docs() {
                self.grow(docs);
            }
            let _ = self.put(*place);
        }
        // After: what a transaction added it may have removed again.
        for doc in &patch.removed {
            if let Some(entry) = usize::try_from(*doc)
                .ok()
                .and_then(|doc| self.entry.get_mut(doc))
            {
                *entry = 0;
            }
        }
        self.generation = patch.to;
    }

    /// The first `count` rows, newest first, of those in `matches` (or of all) that fit the query.
    pub(crate) fn newest(
        &self,
        matches: Option<&Bits>,
        clinic: Option<i64>,
        query: &EntryQuery,
        count: usize,
    ) -> Vec<Place> {
        match matches {
            Some(matches) => self.select(matches.docs(), clinic, query, count),
            None => self.select(0..self.docs(), clinic, query, count),
        }
    }

    fn select(
        &self,
        docs: impl Iterator<Item = usize>,
        clinic: Option<i64>,
        query: &EntryQuery,
        count: usize,
    ) -> Vec<Place> {
        let (from, to) = query.period();
        let before = query.before.unwrap_or(PageCursor::START);
        let before = (before.happened, before.doc);
        let section = query.section.map(sokhoe_domain::Section::code);
        // The best so far, and later ones that beat the worst of a full round: cut back when there
        // are too many, so that most rows cost one comparison.
        let mut best: Vec<(i64, i64)> = Vec::with_capacity(count * 4);
        let mut floor = (i64::MIN, i64::MIN);
        for doc in docs {
            let (Some(&happened), Some(&entry)) = (self.happened.get(doc), self.entry.get(doc))
            else {
                break;
            };
            let place = (happened, i64::try_from(doc).unwrap_or(i64::MAX));
            let fits = entry != 0
                && place >= floor
                && place < before
                && (from..=to).contains(&happened)
                && section.is_none_or(|section| self.section[doc] == section)
                && clinic.is_none_or(|clinic| self.clinic[doc] == clinic);
            if fits {
                best.push(place);
                if best.len() >= count * 4 {
                    best.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
                    best.truncate(count);
                    floor = best[count - 1];
                }
            }
        }
        best.sort_unstable_by(|a, b| b.cmp(a));
        best.truncate(count);
        best.into_iter()
            .map(|(happened, doc)| {
                let at = usize::try_from(doc).unwrap_or(0);
                Place {
                    doc,
                    happened,
                    entry: self.entry[at],
                    section: self.section[at],
                    clinic: self.clinic[at],
                }
            })
            .collect()
    }
}

/// The columns, once they were needed.
#[derive(Debug, Default)]
pub(crate) struct ColumnCache {
    columns: Mutex<Option<Arc<Columns>>>,
}

impl ColumnCache {
    /// The columns as `tx` sees them.
    pub(crate) fn current(&self, tx: &Transaction<'_>) -> Result<Arc<Columns>, VaultError> {
        let generation: i64 = tx
            .prepare_cached(r#"SELECT "generation" FROM "counter""#)?
            .query_row([], |row| row.get(0))?;
        let cached = self
            .columns
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(columns) = cached
            && columns.generation == generation
        {
            return Ok(columns);
        }
        // The first search; or a commit between it and its patch; or another process's commit.
        let loaded = Arc::new(Columns::load(tx, generation)?);
        let mut columns = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        if columns
            .as_ref()
            .is_none_or(|columns| columns.generation < generation)
        {
            *columns = Some(Arc::clone(&loaded));
        }
        Ok(loaded)
    }

    /// Brings the columns in memory up to a commit. When they are of another generation they are
    /// left, and the next search reads them anew.
    pub(crate) fn patch(&self, patch: ColumnPatch) {
        if patch.from == patch.to {
            return;
        }
        let mut columns = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(columns) = columns.as_mut()
            && columns.generation == patch.from
        {
            Arc::make_mut(columns).apply(&patch);
        }
    }
}
