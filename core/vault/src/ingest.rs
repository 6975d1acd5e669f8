//! Taking resources in: the one place that writes resources, rows, points and postings.

use std::sync::Arc;

use foldhash::HashMap;
use rusqlite::{CachedStatement, Transaction};
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_domain::{ClinicId, Entry, Point, ResourceKey, Section, Timestamp};
use sokhoe_fhir::Indexed;
use sokhoe_fhir::bundle::Change;

use crate::compression::Decoder;
use crate::entries::NO_TIME;
use crate::error::VaultError;
use crate::index::{
    self, Cached as _, ColumnPatch, Directory, DirectoryPatch, IndexPatch, NewPoints, NewPostings,
    Place, Signpost,
};
use crate::notice::VaultChange;
use crate::packed::PackedId;
use crate::page::Applied;
use crate::resources::{self, hash};
use crate::set_aside;
use crate::store::Scratch;

/// The rules by which entries are read from resources, counted. A vault written by others reads all
/// its resources again when it is opened. Raise it when `sokhoe_fhir::index` gives other entries,
/// points or folded texts than before, or when words are cut otherwise.
const RULES: i64 = 2;

/// Rows, or points, that one resource may give: their ids are its number times this, and on.
pub(crate) const PER_RESOURCE: i64 = 1 << 10;

/// The type of the resources that name others.
const MEDICATION: &str = "Medication";

/// Docs that are gone stay until they are as many as the rows that are there, and at least this many:
/// then all rows are numbered anew.
const GARBAGE: i64 = 16_384;

/// Whether the rows were read by other rules than today's.
pub(crate) fn is_outdated(tx: &Transaction<'_>) -> Result<bool, VaultError> {
    let (rules, next_resource): (i64, i64) = tx.query_row(
        r#"SELECT "rules", "next_resource" FROM "counter""#,
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rules != RULES && next_resource > 1)
}

/// Brings a file whose rows were read by other rules up to today's.
pub(crate) fn renew(tx: &Transaction<'_>, scratch: &mut Scratch) -> Result<(), VaultError> {
    let (seed, next_resource) = tx.query_row(
        r#"SELECT "seed", "next_resource" FROM "counter""#,
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    index::rebuild_directory(tx, seed, next_resource)?;
    let directory = Arc::new(Directory::load(tx)?);
    read_everything_again(tx, scratch, &directory)
}

fn note_docs(tx: &Transaction<'_>, number: i64, docs: Docs) -> Result<(), VaultError> {
    tx.prepare_cached(
        r#"UPDATE "resource" SET "first_doc" = ?2, "docs" = ?3 WHERE "number" = ?1"#,
    )?
    .execute((number, docs.first, docs.count))?;
    Ok(())
}

/// Reads rows, points and words anew from every resource. Resources that can no longer be read keep
/// no rows, but stay.
fn read_everything_again(
    tx: &Transaction<'_>,
    scratch: &mut Scratch,
    directory: &Arc<Directory>,
) -> Result<(), VaultError> {
    tx.execute_batch(r#"DELETE FROM "entry"; UPDATE "counter" SET "next_doc" = 0;"#)?;
    index::clear(tx)?;
    let clinics: Vec<(i64, String)> = tx
        .prepare(r#"SELECT "id", "name" FROM "clinic""#)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let index = scratch.index;
    let mut decoder = Decoder::default();
    let mut resources = tx.prepare(
        r#"SELECT "number", "encoding", "length", "json" FROM "resource"
           WHERE "clinic" = ?1 AND "number" > ?2 ORDER BY "number" LIMIT 1000"#,
    )?;
    for (clinic, name) in clinics {
        let mut ingest = Ingest::begin(
            tx,
            scratch,
            Arc::clone(directory),
            &ClinicId(name),
            Timestamp::default(),
        )?;
        let mut last = 0;
        loop {
            // Some at a time: no statement reads the table while rows of it are written.
            let mut noted = Vec::new();
            let mut rows = resources.query((clinic, last))?;
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                let bytes = row.get_ref(3)?.as_blob().map_err(|_| VaultError::Corrupt)?;
                let json = decoder.decode(row.get(1)?, row.get(2)?, bytes)?;
                let docs = match index(&json) {
                    Ok(mut indexed) if fits(&indexed) => {
                        ingest.name_medicine(last, &mut indexed)?;
                        ingest.add_rows(last, &indexed)?
                    }
                    _ => Docs::default(),
                };
                noted.push((last, docs));
            }
            drop(rows);
            for (number, docs) in &noted {
                note_docs(tx, *number, *docs)?;
            }
            if noted.is_empty() {
                break;
            }
        }
        ingest.finish(None)?;
    }
    Ok(())
}

/// Whether a resource's rows and points can be numbered.
fn fits(indexed: &Indexed) -> bool {
    let limit = usize::try_from(PER_RESOURCE).unwrap_or(usize::MAX);
    indexed.entries.len() <= limit && indexed.points.len() <= limit
}

/// One transaction's worth of changes of one clinic.
pub(crate) struct Ingest<'t> {
    tx: &'t Transaction<'t>,
    scratch: &'t mut Scratch,
    decoder: Decoder,
    statements: Statements<'t>,
    /// The resources before this transaction.
    directory: Arc<Directory>,
    /// Those that it adds, by hash.
    by_hash: HashMap<u32, Vec<i64>>,
    signposts: DirectoryPatch,
    clinic: i64,
    received: Timestamp,
    /// Whether what is older than what is here changes nothing.
    pub(crate) only_newer: bool,
    next_resource: i64,
    first_doc: i64,
    next_doc: i64,
    generation: i64,
    seed: i64,
    postings: NewPostings,
    points: NewPoints,
    columns: ColumnPatch,
    applied: Applied,
    change: VaultChange,
    /// Whether there may be tombstones, or records set aside, to clear.
    has_tombstones: bool,
    has_set_aside: bool,
}

/// A resource's key as it is stored.
struct Name<'k> {
    kind: i64,
    id: PackedId<'k>,
    hash: u32,
}

/// The docs of a resource.
#[derive(Debug, Clone, Copy, Default)]
struct Docs {
    first: i64,
    count: i64,
}

/// A resource that is there.
struct Known {
    number: i64,
    version: Option<String>,
    docs: Docs,
}

struct Statements<'t> {
    find: CachedStatement<'t>,
    add: CachedStatement<'t>,
    change: CachedStatement<'t>,
    add_entry: CachedStatement<'t>,
    remove_entries: CachedStatement<'t>,
}

impl<'t> Statements<'t> {
    fn prepare(tx: &'t Transaction<'_>) -> Result<Self, VaultError> {
        Ok(Self {
            find: tx.prepare_cached(
                r#"SELECT "version", "first_doc", "docs" FROM "resource"
                   WHERE "number" = ?1 AND "clinic" = ?2 AND "kind" = ?3 AND "id" = ?4"#,
            )?,
            // Not INSERT OR REPLACE, which journals for a rollback of its own.
            add: tx.prepare_cached(
                r#"INSERT INTO "resource"
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"#,
            )?,
            change: tx.prepare_cached(
                r#"UPDATE "resource" SET "version" = ?5, "last_updated" = ?6, "received" = ?7,
                       "first_doc" = ?8, "docs" = ?9, "encoding" = ?10, "length" = ?11, "json" = ?12
                   WHERE "number" = ?1 AND "clinic" = ?2 AND "kind" = ?3 AND "id" = ?4"#,
            )?,
            add_entry: tx.prepare_cached(
                r#"INSERT INTO "entry" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"#,
            )?,
            remove_entries: tx.prepare_cached(
                r#"DELETE FROM "entry" WHERE "id" >= ?1 AND "id" < ?2 RETURNING "section""#,
            )?,
        })
    }
}

impl<'t> Ingest<'t> {
    pub(crate) fn begin(
        tx: &'t Transaction<'t>,
        scratch: &'t mut Scratch,
        directory: Arc<Directory>,
        clinic: &ClinicId,
        received: Timestamp,
    ) -> Result<Self, VaultError> {
        let (next_resource, next_doc, generation, seed, has_tombstones, has_set_aside) = tx
            .prepare_cached(
                r#"SELECT "next_resource", "next_doc", "generation", "seed",
                       EXISTS (SELECT 1 FROM "tombstone"), EXISTS (SELECT 1 FROM "set_aside")
                   FROM "counter""#,
            )?
            .query_row([], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                ))
            })?;
        let clinic = scratch.names.clinic(tx, clinic.as_str())?;
        Ok(Self {
            tx,
            scratch,
            decoder: Decoder::default(),
            statements: Statements::prepare(tx)?,
            directory,
            by_hash: HashMap::default(),
            signposts: DirectoryPatch::default(),
            clinic,
            received,
            only_newer: false,
            next_resource,
            first_doc: next_doc,
            next_doc,
            generation,
            seed,
            postings: NewPostings::at(next_doc),
            points: NewPoints::at(next_doc),
            columns: ColumnPatch::default(),
            applied: Applied::default(),
            change: VaultChange::default(),
            has_tombstones,
            has_set_aside,
        })
    }

    /// What is taken in from here on came at this time.
    pub(crate) fn receive_at(&mut self, received: Timestamp) {
        self.received = received;
    }

    /// Takes in one change. An error is one of the database, never of the record.
    pub(crate) fn take(&mut self, change: &Change<'_>) -> Result<(), VaultError> {
        match change {
            Change::Put { key, version, json } => self.put(key, version.as_deref(), json, false),
            Change::Delete { key } => self.delete(key),
            Change::Broken { reason, json, .. } => self.set_aside(None, reason.code(), json),
        }
    }

    /// Takes in a resource that may say something new under a version that is known: the person wrote in it.
    pub(crate) fn replace(
        &mut self,
        key: &ResourceKey,
        version: Option<&str>,
        json: &str,
    ) -> Result<(), VaultError> {
        self.put(key, version, json, true)
    }

    /// Whether a text would be taken in as this resource, and not set aside.
    pub(crate) fn can_read(&self, key: &ResourceKey, json: &str) -> bool {
        (self.scratch.index)(json).is_ok_and(|indexed| indexed.key == *key && fits(&indexed))
    }

    fn put(
        &mut self,
        key: &ResourceKey,
        version: Option<&str>,
        json: &str,
        whatever_the_version: bool,
    ) -> Result<(), VaultError> {
        let name = self.name(key)?;
        let known = self.find(&name)?;
        if let Some(known) = known.as_ref().filter(|_| !whatever_the_version) {
            let same = match version {
                Some(version) => known.version.as_deref() == Some(version),
                None => known.version.is_none() && self.has_json(known.number, json)?,
            } || is_planted(Bug::UpdatesIgnored);
            if same && !self.counts_anew(known, json)? {
                self.applied.unchanged += 1;
                return Ok(());
            }
        }
        let indexed = match (self.scratch.index)(json) {
            Ok(indexed) if indexed.key != *key => {
                return self.set_aside(Some(key), "other-key", json);
            }
            Ok(indexed) if !fits(&indexed) => {
                return self.set_aside(Some(key), "too-many-rows", json);
            }
            Ok(indexed) => indexed,
            Err(error) => return self.set_aside(Some(key), error.code(), json),
        };
        if let Some(known) = &known
            && self.only_newer
            && self.is_older(known, version.or(indexed.version_id.as_deref()), &indexed)?
        {
            self.applied.unchanged += 1;
            return Ok(());
        }
        let is_new = known.is_none();
        let number = match known {
            Some(known) => {
                self.remove_rows(known.number, known.docs)?;
                known.number
            }
            None => self.add_number(&name)?,
        };
        let mut indexed = indexed;
        self.name_medicine(number, &mut indexed)?;
        let docs = self.add_rows(number, &indexed)?;
        let stored = self.scratch.encoder.encode(json);
        let store = if is_new {
            &mut self.statements.add
        } else {
            &mut self.statements.change
        };
        store.execute((
            number,
            self.clinic,
            name.kind,
            &name.id,
            version.or(indexed.version_id.as_deref()),
            indexed.last_updated.map(Timestamp::as_millis),
            self.received.as_millis(),
            docs.first,
            docs.count,
            stored.encoding,
            i64::try_from(stored.length).unwrap_or(i64::MAX),
            &stored.bytes,
        ))?;
        self.clear_tombstone(&name)?;
        self.clear_set_aside(key)?;
        self.applied.stored += 1;
        if key.kind == MEDICATION {
            self.name_again(&name, json)?;
        }
        Ok(())
    }

    /// Puts in the name of a medicine that its resource only refers to, as far as the Medication is
    /// there, and notes who names it for when it comes or changes.
    fn name_medicine(&mut self, number: i64, indexed: &mut Indexed) -> Result<(), VaultError> {
        let Some(medication) = indexed.medication.take() else {
            return Ok(());
        };
        self.tx
            .prepare_cached(r#"INSERT OR IGNORE INTO "named_by" VALUES (?1, ?2, ?3)"#)?
            .execute((self.clinic, PackedId::new(&medication.id), number))?;
        let name = self.name(&medication)?;
        if let Some(known) = self.find(&name)?
            && let Some(json) = resources::json(self.tx, &mut self.decoder, known.number)?
        {
            indexed.name_medicine(&json);
        }
        Ok(())
    }

    /// Reads anew the resources that a Medication names.
    fn name_again(&mut self, medication: &Name<'_>, json: &str) -> Result<(), VaultError> {
        let named: Vec<i64> = self
            .tx
            .prepare_cached(
                r#"SELECT "resource" FROM "named_by" WHERE "clinic" = ?1 AND "medication" = ?2"#,
            )?
            .query_map((self.clinic, &medication.id), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for number in named {
            let Some(resource) = resources::json(self.tx, &mut self.decoder, number)? else {
                continue;
            };
            let Ok(mut indexed) = (self.scratch.index)(&resource) else {
                continue;
            };
            let is_named = indexed
                .medication
                .take()
                .is_some_and(|key| PackedId::new(&key.id) == medication.id);
            if !is_named {
                continue;
            }
            indexed.name_medicine(json);
            let docs = self
                .tx
                .prepare_cached(
                    r#"SELECT "first_doc", "docs" FROM "resource" WHERE "number" = ?1"#,
                )?
                .query_row([number], |row| {
                    Ok(Docs {
                        first: row.get(0)?,
                        count: row.get(1)?,
                    })
                })?;
            self.remove_rows(number, docs)?;
            let docs = self.add_rows(number, &indexed)?;
            note_docs(self.tx, number, docs)?;
        }
        Ok(())
    }

    /// A number for a new resource.
    fn add_number(&mut self, name: &Name<'_>) -> Result<i64, VaultError> {
        let number = self.next_resource;
        self.next_resource += 1;
        self.by_hash.entry(name.hash).or_default().push(number);
        self.signposts.added.push(Signpost {
            hash: name.hash,
            kind: u16::try_from(name.kind).map_err(|_| VaultError::Internal { code: 0 })?,
        });
        Ok(number)
    }

    fn name<'k>(&mut self, key: &'k ResourceKey) -> Result<Name<'k>, VaultError> {
        let kind = self.scratch.names.kind(self.tx, &key.kind)?;
        Ok(Name {
            kind,
            id: PackedId::new(&key.id),
            hash: hash(self.seed, self.clinic, kind, &key.id),
        })
    }

    /// What is there under this name.
    fn find(&mut self, name: &Name<'_>) -> Result<Option<Known>, VaultError> {
        let added = self.by_hash.get(&name.hash).into_iter().flatten().copied();
        for number in self.directory.with_hash(name.hash).chain(added) {
            let mut rows =
                self.statements
                    .find
                    .query((number, self.clinic, name.kind, &name.id))?;
            if let Some(row) = rows.next()? {
                return Ok(Some(Known {
                    number,
                    version: row.get(0)?,
                    docs: Docs {
                        first: row.get(1)?,
                        count: row.get(2)?,
                    },
                }));
            }
        }
        Ok(None)
    }

    /// Takes away what is the phone's alone and is known by another name from here on: nobody deleted it.
    pub(crate) fn withdraw(&mut self, key: &ResourceKey) -> Result<(), VaultError> {
        let name = self.name(key)?;
        let Some(known) = self.find(&name)? else {
            return Ok(());
        };
        self.remove_rows(known.number, known.docs)?;
        self.remove(known.number)
    }

    fn remove(&self, number: i64) -> Result<(), VaultError> {
        self.tx
            .prepare_cached(r#"DELETE FROM "resource" WHERE "number" = ?1"#)?
            .execute([number])?;
        Ok(())
    }

    fn delete(&mut self, key: &ResourceKey) -> Result<(), VaultError> {
        if is_planted(Bug::DeletionsIgnored) {
            return Ok(());
        }
        let name = self.name(key)?;
        self.tx
            .prepare_cached(r#"INSERT OR REPLACE INTO "tombstone" VALUES (?1, ?2, ?3, ?4)"#)?
            .execute((self.clinic, name.kind, &name.id, self.received.as_millis()))?;
        self.has_tombstones = true;
        self.clear_set_aside(key)?;
        let Some(known) = self.find(&name)? else {
            self.applied.unchanged += 1;
            return Ok(());
        };
        self.remove_rows(known.number, known.docs)?;
        self.remove(known.number)?;
        self.applied.deleted += 1;
        Ok(())
    }

    /// Keeps what cannot be read. What was stored under the same key before stays.
    fn set_aside(
        &mut self,
        key: Option<&ResourceKey>,
        reason: &str,
        raw: &str,
    ) -> Result<(), VaultError> {
        set_aside::keep(
            self.tx,
            &mut self.scratch.encoder,
            self.clinic,
            key,
            reason,
            self.received,
            raw,
        )?;
        self.has_set_aside = true;
        self.applied.set_aside += 1;
        Ok(())
    }

    /// Whether what came was there before what is here.
    fn is_older(
        &self,
        known: &Known,
        version: Option<&str>,
        came: &Indexed,
    ) -> Result<bool, VaultError> {
        let stamps = self
            .last_updated(known)?
            .zip(came.last_updated.map(Timestamp::as_millis));
        let here = known.version.as_deref();
        Ok(match stamps {
            // A clock that was set back writes later versions under earlier times.
            Some((then, came)) if then != came => {
                came < then && !resources::is_older(here, version)
            }
            _ => resources::is_older(version, here),
        })
    }

    /// Whether a version has the number of the one that is here and is another: a server that forgot a resource
    /// altogether (HAPI's `$expunge`) counts anew when it has it again.
    fn counts_anew(&self, known: &Known, json: &str) -> Result<bool, VaultError> {
        if !self.only_newer {
            return Ok(false);
        }
        let Ok(came) = (self.scratch.index)(json) else {
            return Ok(false);
        };
        let came = came.last_updated.map(Timestamp::as_millis);
        let stamps = self.last_updated(known)?.zip(came);
        Ok(stamps.is_some_and(|(here, came)| here != came))
    }

    /// The server's time of the version that is here.
    fn last_updated(&self, known: &Known) -> Result<Option<i64>, VaultError> {
        Ok(self
            .tx
            .prepare_cached(r#"SELECT "last_updated" FROM "resource" WHERE "number" = ?1"#)?
            .query_row([known.number], |row| row.get(0))?)
    }

    /// Whether the stored bytes are these.
    fn has_json(&mut self, number: i64, json: &str) -> Result<bool, VaultError> {
        let mut find = self.tx.prepare_cached(
            r#"SELECT "encoding", "length", "json" FROM "resource" WHERE "number" = ?1"#,
        )?;
        let mut rows = find.query([number])?;
        let row = rows.next()?.ok_or(VaultError::Corrupt)?;
        let length: i64 = row.get(1)?;
        if usize::try_from(length).ok() != Some(json.len()) {
            return Ok(false);
        }
        let bytes = row.get_ref(2)?.as_blob().map_err(|_| VaultError::Corrupt)?;
        Ok(self.decoder.decode(row.get(0)?, length, bytes)? == json)
    }

    fn remove_rows(&mut self, number: i64, docs: Docs) -> Result<(), VaultError> {
        let ids = (number * PER_RESOURCE, (number + 1) * PER_RESOURCE);
        let mut removed = self.statements.remove_entries.query(ids)?;
        while let Some(row) = removed.next()? {
            self.change.entries = true;
            self.change.invoices |= row.get::<_, u8>(0)? == Section::Invoices.code();
        }
        drop(removed);
        self.columns
            .removed
            .extend(docs.first..docs.first + docs.count);
        Ok(())
    }

    fn add_rows(&mut self, number: i64, indexed: &Indexed) -> Result<Docs, VaultError> {
        let first = self.next_doc;
        for (id, entry) in (number * PER_RESOURCE..).zip(&indexed.entries) {
            self.add_entry(id, entry)?;
        }
        if indexed.entries.is_empty() && !indexed.points.is_empty() {
            // Points belong to a doc: one without a row.
            self.add_doc(0, NO_TIME, 0);
        }
        for point in &indexed.points {
            self.add_point(first, point)?;
        }
        Ok(Docs {
            first,
            count: self.next_doc - first,
        })
    }

    fn add_doc(&mut self, entry: i64, happened: i64, section: u8) -> i64 {
        let doc = self.next_doc;
        self.next_doc += 1;
        self.columns.added.push(Place {
            doc,
            happened,
            entry,
            section,
            clinic: self.clinic,
        });
        doc
    }

    fn add_entry(&mut self, id: i64, entry: &Entry) -> Result<(), VaultError> {
        let kind = self.scratch.names.kind(self.tx, &entry.resource.kind)?;
        let trend = match &entry.trend {
            Some(code) => Some(self.scratch.names.code(self.tx, code)?),
            None => None,
        };
        // The sentinel is no time that a clinic can mean.
        let happened = entry
            .when
            .map_or(NO_TIME, |when| when.as_millis().max(NO_TIME + 1));
        let doc = self.add_doc(id, happened, entry.section.code());
        self.statements.add_entry.execute(rusqlite::params![
            id,
            self.clinic,
            kind,
            PackedId::new(&entry.resource.id),
            entry.section.code(),
            happened,
            entry.title,
            entry.detail,
            entry.status,
            entry.kind.code(),
            trend,
        ])?;
        self.postings.add(self.tx, doc, &entry.folded)?;
        self.change.entries = true;
        self.change.invoices |= entry.section == Section::Invoices;
        Ok(())
    }

    fn add_point(&mut self, doc: i64, point: &Point) -> Result<(), VaultError> {
        // No curve shows an infinity or what is no number.
        if !point.value.is_finite() {
            return Ok(());
        }
        let number = |id: i64| u32::try_from(id).map_err(|_| VaultError::Internal { code: 0 });
        let code = number(self.scratch.names.code(self.tx, &point.code)?)?;
        let unit = number(self.scratch.names.unit(self.tx, &point.unit)?)?;
        self.points.add(self.tx, doc, code, unit, point)
    }

    fn clear_tombstone(&self, name: &Name<'_>) -> Result<(), VaultError> {
        if self.has_tombstones {
            self.tx
                .prepare_cached(
                    r#"DELETE FROM "tombstone" WHERE "clinic" = ?1 AND "kind" = ?2 AND "id" = ?3"#,
                )?
                .execute((self.clinic, name.kind, &name.id))?;
        }
        Ok(())
    }

    fn clear_set_aside(&self, key: &ResourceKey) -> Result<(), VaultError> {
        if self.has_set_aside {
            set_aside::clear(self.tx, self.clinic, key)?;
        }
        Ok(())
    }

    /// Writes what was gathered: the index, counters and the cursor.
    pub(crate) fn finish(
        mut self,
        cursor: Option<&str>,
    ) -> Result<(Applied, VaultChange, IndexPatch), VaultError> {
        self.postings
            .finish(self.tx, self.first_doc, self.next_doc)?;
        self.points.finish(self.tx, self.first_doc, self.next_doc)?;
        index::store(self.tx, &self.columns)?;
        let first_resource =
            self.next_resource - i64::try_from(self.signposts.added.len()).unwrap_or(i64::MAX);
        index::store_signposts(self.tx, first_resource, &self.signposts)?;
        let from = self.generation;
        if self.change.entries
            || !self.columns.added.is_empty()
            || !self.columns.removed.is_empty()
            || !self.signposts.added.is_empty()
        {
            self.generation += 1;
        }
        self.tx
            .prepare_cached(
                r#"UPDATE "counter" SET "next_resource" = ?1, "next_doc" = ?2, "generation" = ?3,
                       "rules" = ?4
                   WHERE ("next_resource", "next_doc", "generation", "rules") IS NOT (?1, ?2, ?3, ?4)"#,
            )?
            .execute((self.next_resource, self.next_doc, self.generation, RULES))?;
        if let Some(cursor) = cursor {
            self.tx
                .prepare_cached(
                    r#"UPDATE "clinic" SET "cursor" = ?2 WHERE "id" = ?1 AND "cursor" IS NOT ?2"#,
                )?
                .execute((self.clinic, cursor))?;
        }
        let compact = !self.columns.removed.is_empty() && self.is_mostly_garbage()?;
        let Self {
            tx,
            scratch,
            statements,
            applied,
            change,
            generation,
            columns,
            signposts,
            ..
        } = self;
        drop(statements);
        let mut patch = IndexPatch {
            from,
            to: generation,
            columns: Some(columns),
            directory: signposts,
        };
        if compact {
            // Numbers the rows anew, so that postings of rows that are gone go too.
            let directory = Arc::new(Directory::load(tx)?);
            read_everything_again(tx, scratch, &directory)?;
            patch.columns = None;
        }
        Ok((applied, change, patch))
    }

    fn is_mostly_garbage(&self) -> Result<bool, VaultError> {
        if self.next_doc < GARBAGE {
            return Ok(false);
        }
        let gone = index::count_gone(self.tx)?;
        Ok(gone > (self.next_doc - gone).max(GARBAGE))
    }
}
