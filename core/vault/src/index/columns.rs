//! What ordering and filtering need of every row, in memory.

use rusqlite::Transaction;

use crate::entries::{EntryQuery, PageCursor};
use crate::error::VaultError;
use crate::index::bits::{BLOCK, Bits};
use crate::index::cache::Cached;
use crate::index::gone;
use crate::index::records::{Fields, Records};

/// Docs whose newest time is known, so that they can be passed over together.
const CHUNK: usize = if BLOCK < 256 { BLOCK } else { BLOCK / 4 };

/// As they are stored: when, the entry's id, section, clinic.
const STORED: Records = Records {
    table: "columns",
    fields: &[8, 6, 1, 2],
};

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) doc: i64,
    pub(crate) happened: i64,
    /// The entry's id; 0 for a doc that only has points.
    pub(crate) entry: i64,
    pub(crate) section: u8,
    pub(crate) clinic: i64,
}

/// All rows, by doc.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    happened: Vec<i64>,
    /// 0 where there is no row (any more): the first row's id is larger.
    entry: Vec<i64>,
    section: Vec<u8>,
    clinic: Vec<u16>,
    /// The newest time of each chunk; of rows that are gone, too.
    newest: Vec<i64>,
}

/// What a transaction changed.
#[derive(Debug, Default)]
pub(crate) struct ColumnPatch {
    pub(crate) removed: Vec<i64>,
    pub(crate) added: Vec<Place>,
}

impl Cached for Columns {
    type Patch = ColumnPatch;

    fn load(tx: &Transaction<'_>) -> Result<Self, VaultError> {
        let mut columns = Self::default();
        STORED.each(tx, |first, rows| {
            if usize::try_from(first).ok() != Some(columns.docs()) {
                return Err(VaultError::Corrupt);
            }
            columns.extend(rows);
            Ok(())
        })?;
        let gone = gone::all(tx, columns.docs())?;
        for doc in gone.docs() {
            columns.remove(doc);
        }
        Ok(columns)
    }

    fn apply(&mut self, patch: &ColumnPatch) {
        for place in &patch.added {
            self.push(*place);
        }
        // After: what a transaction added it may have removed again.
        for doc in &patch.removed {
            if let Ok(doc) = usize::try_from(*doc) {
                self.remove(doc);
            }
        }
    }
}

impl Columns {
    /// Docs are below this.
    pub(crate) fn docs(&self) -> usize {
        self.entry.len()
    }

    fn extend(&mut self, rows: &Fields) {
        let start = self.docs();
        self.happened.extend(rows.each(0).map(i64::from_le_bytes));
        let entries = rows
            .each(1)
            .map(|[a, b, c, d, e, f]| [a, b, c, d, e, f, 0, 0]);
        self.entry.extend(entries.map(i64::from_le_bytes));
        self.section.extend(rows.each(2).map(u8::from_le_bytes));
        self.clinic.extend(rows.each(3).map(u16::from_le_bytes));
        for (doc, happened) in self.happened.iter().enumerate().skip(start) {
            match self.newest.get_mut(doc / CHUNK) {
                Some(newest) => *newest = (*newest).max(*happened),
                None => self.newest.push(*happened),
            }
        }
    }

    fn push(&mut self, place: Place) {
        if self.docs().is_multiple_of(CHUNK) {
            self.newest.push(i64::MIN);
        }
        if let Some(newest) = self.newest.last_mut() {
            *newest = place.happened.max(*newest);
        }
        self.happened.push(place.happened);
        self.entry.push(place.entry);
        self.section.push(place.section);
        self.clinic.push(u16::try_from(place.clinic).unwrap_or(0));
    }

    fn remove(&mut self, doc: usize) {
        if let Some(entry) = self.entry.get_mut(doc) {
            *entry = 0;
        }
    }

    /// How many rows each section has, by its stored number.
    pub(crate) fn counts(&self) -> [u64; 256] {
        let mut counts = [0; 256];
        for (section, entry) in self.section.iter().zip(&self.entry) {
            counts[usize::from(*section)] += u64::from(*entry != 0);
        }
        counts
    }

    /// The first `count` rows, newest first, of those in `matches` (or of all) that fit the query.
    pub(crate) fn newest(
        &self,
        matches: Option<&Bits>,
        clinic: Option<i64>,
        query: &EntryQuery,
        count: usize,
    ) -> Vec<Place> {
        let (from, to) = query.period();
        let before = query.before.unwrap_or(PageCursor::START);
        let filter = Filter {
            from,
            to: to.min(before.happened),
            before: (before.happened, before.doc),
            section: query.section.map(sokhoe_domain::Section::code),
            clinic: clinic.map(|clinic| u16::try_from(clinic).unwrap_or(0)),
        };
        let mut best = Best::new(count);
        // Chunks with the newest rows first: the others can then be passed over, since a book comes
        // more or less in the order of time.
        let mut chunks: Vec<(i64, usize)> = self.newest.iter().copied().zip(0..).collect();
        chunks.sort_unstable_by(|a, b| b.cmp(a));
        for (newest, chunk) in chunks {
            if newest < best.floor.0 || newest < filter.from {
                break;
            }
            let start = chunk * CHUNK;
            match matches {
                Some(matches) => {
                    self.collect(matches.docs_in(start, CHUNK), &filter, &mut best);
                }
                None => {
                    let end = (start + CHUNK).min(self.docs());
                    self.collect(start..end, &filter, &mut best);
                }
            }
        }
        best.into_sorted()
            .into_iter()
            .map(|(happened, doc)| {
                let at = usize::try_from(doc).unwrap_or(0);
                Place {
                    doc,
                    happened,
                    entry: self.entry[at],
                    section: self.section[at],
                    clinic: i64::from(self.clinic[at]),
                }
            })
            .collect()
    }

    fn collect(&self, docs: impl Iterator<Item = usize>, filter: &Filter, best: &mut Best) {
        for doc in docs {
            let (Some(&happened), Some(&entry)) = (self.happened.get(doc), self.entry.get(doc))
            else {
                break;
            };
            let place = (happened, i64::try_from(doc).unwrap_or(i64::MAX));
            let fits = entry != 0
                && place >= best.floor
                && place < filter.before
                && (filter.from..=filter.to).contains(&happened)
                && filter
                    .section
                    .is_none_or(|section| self.section[doc] == section)
                && filter
                    .clinic
                    .is_none_or(|clinic| self.clinic[doc] == clinic);
            if fits {
                best.push(place);
            }
        }
    }
}

/// What a row must be.
struct Filter {
    from: i64,
    to: i64,
    before: (i64, i64),
    section: Option<u8>,
    clinic: Option<u16>,
}

/// The newest rows so far, and later ones that beat the worst of a full round: cut back when there
/// are too many, so that most rows cost one comparison.
struct Best {
    count: usize,
    places: Vec<(i64, i64)>,
    /// No row below this is wanted any more.
    floor: (i64, i64),
}

impl Best {
    fn new(count: usize) -> Self {
        Self {
            count,
            places: Vec::with_capacity(count * 4),
            floor: (i64::MIN, i64::MIN),
        }
    }

    fn push(&mut self, place: (i64, i64)) {
        self.places.push(place);
        if self.places.len() >= self.count * 4 {
            self.places
                .select_nth_unstable_by(self.count - 1, |a, b| b.cmp(a));
            self.places.truncate(self.count);
            self.floor = self.places[self.count - 1];
        }
    }

    fn into_sorted(mut self) -> Vec<(i64, i64)> {
        self.places.sort_unstable_by(|a, b| b.cmp(a));
        self.places.truncate(self.count);
        self.places
    }
}

/// Stores rows; their docs follow each other and those that are there.
pub(crate) fn add(tx: &Transaction<'_>, places: &[Place]) -> Result<(), VaultError> {
    let Some(first) = places.first() else {
        return Ok(());
    };
    let mut data = Vec::with_capacity(places.len() * 17);
    for place in places {
        data.extend_from_slice(&place.happened.to_le_bytes());
        data.extend_from_slice(&place.entry.to_le_bytes()[..6]);
        data.push(place.section);
        let clinic = u16::try_from(place.clinic).map_err(|_| VaultError::Internal { code: 0 })?;
        data.extend_from_slice(&clinic.to_le_bytes());
    }
    STORED.append(tx, first.doc, &data)
}
