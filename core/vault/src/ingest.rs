//! Taking resources in: the one place that writes resources, rows, points and postings.

use rusqlite::{CachedStatement, Transaction};
use sokhoe_domain::{ClinicId, Entry, Point, ResourceKey, Section, Timestamp};
use sokhoe_fhir::Indexed;
use sokhoe_fhir::bundle::Change;

use crate::compression::Decoder;
use crate::entries::NO_TIME;
use crate::error::VaultError;
use crate::notice::VaultChange;
use crate::packed::PackedId;
use crate::page::Applied;
use crate::resources::hash;
use crate::search::{ColumnPatch, NewPostings, Place};
use crate::set_aside;
use crate::store::Scratch;

/// The rules by which entries are read from resources, counted. A vault written by others reads all
/// its resources again when it is opened. Raise it when `sokhoe_fhir::index` gives other entries,
/// points or folded texts than before, or when words are cut otherwise.
const RULES: i64 = 1;

/// Rows, or points, that one resource may give: their ids are its number times this, and on.
const PER_RESOURCE: i64 = 1 << 10;

/// Resources whose hashes gather before they move to the large table.
const RECENT: i64 = if cfg!(all(test, debug_assertions)) {
    100
} else {
    8_192
};

/// Postings of rows that are gone stay until they are as many as the rows that are there, and at
/// least this many: then all postings are written anew.
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

/// Reads rows, points and words anew from every resource. Resources that can no longer be read keep
/// no rows, but stay.
pub(crate) fn read_everything_again(
    tx: &Transaction<'_>,
    scratch: &mut Scratch,
) -> Result<(), VaultError> {
    tx.execute_batch(
        r#"DELETE FROM "entry"; DELETE FROM "point"; DELETE FROM "posting";
           UPDATE "counter" SET "next_doc" = 0;"#,
    )?;
    let clinics: Vec<(i64, String)> = tx
        .prepare(r#"SELECT "id", "name" FROM "clinic""#)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let index = scratch.index;
    let mut decoder = Decoder::default();
    let mut resources = tx.prepare(
        r#"SELECT "number", "encoding", "length", "json" FROM "resource"
           WHERE "clinic" = ?1 ORDER BY "number""#,
    )?;
    for (clinic, name) in clinics {
        let mut ingest = Ingest::begin(tx, scratch, &ClinicId(name), Timestamp::default())?;
        let mut rows = resources.query([clinic])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(3)?.as_blob().map_err(|_| VaultError::Corrupt)?;
            let json = decoder.decode(row.get(1)?, row.get(2)?, bytes)?;
            if let Ok(indexed) = index(&json)
                && fits(&indexed)
            {
                ingest.add_rows(row.get(0)?, &indexed)?;
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
    clinic: i64,
    received: Timestamp,
    next_resource: i64,
    first_recent: i64,
    next_doc: i64,
    generation: i64,
    seed: i64,
    postings: NewPostings,
    patch: ColumnPatch,
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

struct Statements<'t> {
    find: CachedStatement<'t>,
    find_recent: CachedStatement<'t>,
    add_hash: CachedStatement<'t>,
    add: CachedStatement<'t>,
    change: CachedStatement<'t>,
    add_entry: CachedStatement<'t>,
    add_point: CachedStatement<'t>,
    remove_entries: CachedStatement<'t>,
    remove_points: CachedStatement<'t>,
}

impl<'t> Statements<'t> {
    fn prepare(tx: &'t Transaction<'_>) -> Result<Self, VaultError> {
        Ok(Self {
            find: tx.prepare_cached(
                r#"SELECT r."number", r."version"
                   FROM "resource_by_hash" h CROSS JOIN "resource" r ON r."number" = h."number"
                   WHERE h."hash" = ?1 AND r."clinic" = ?2 AND +r."kind" = ?3 AND r."id" = ?4"#,
            )?,
            find_recent: tx.prepare_cached(
                r#"SELECT r."number", r."version"
                   FROM "recent_by_hash" h CROSS JOIN "resource" r ON r."number" = h."number"
                   WHERE h."hash" = ?1 AND r."clinic" = ?2 AND +r."kind" = ?3 AND r."id" = ?4"#,
            )?,
            add_hash: tx.prepare_cached(r#"INSERT INTO "recent_by_hash" VALUES (?1, ?2)"#)?,
            // Not INSERT OR REPLACE, which journals for a rollback of its own.
            add: tx.prepare_cached(
                r#"INSERT INTO "resource" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"#,
            )?,
            change: tx.prepare_cached(
                r#"UPDATE "resource" SET "version" = ?5, "last_updated" = ?6, "received" = ?7,
                       "encoding" = ?8, "length" = ?9, "json" = ?10
                   WHERE "number" = ?1 AND "clinic" = ?2 AND "kind" = ?3 AND "id" = ?4"#,
            )?,
            add_entry: tx.prepare_cached(
                r#"INSERT INTO "entry" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"#,
            )?,
            add_point: tx
                .prepare_cached(r#"INSERT INTO "point" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#)?,
            remove_entries: tx.prepare_cached(
                r#"DELETE FROM "entry" WHERE "id" >= ?1 AND "id" < ?2 RETURNING "doc", "section""#,
            )?,
            remove_points: tx
                .prepare_cached(r#"DELETE FROM "point" WHERE "id" >= ?1 AND "id" < ?2"#)?,
        })
    }
}

impl<'t> Ingest<'t> {
    pub(crate) fn begin(
        tx: &'t Transaction<'t>,
        scratch: &'t mut Scratch,
        clinic: &ClinicId,
        received: Timestamp,
    ) -> Result<Self, VaultError> {
        let (
            next_resource,
            first_recent,
            next_doc,
            generation,
            seed,
            has_tombstones,
            has_set_aside,
        ) = tx
            .prepare_cached(
                r#"SELECT "next_resource", "first_recent", "next_doc", "generation", "seed",
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
                    row.get(6)?,
                ))
            })?;
        let clinic = scratch.names.clinic(tx, clinic.as_str())?;
        Ok(Self {
            tx,
            scratch,
            decoder: Decoder::default(),
            statements: Statements::prepare(tx)?,
            clinic,
            received,
            next_resource,
            first_recent,
            next_doc,
            generation,
            seed,
            postings: NewPostings::default(),
            patch: ColumnPatch::from(generation),
            applied: Applied::default(),
            change: VaultChange::default(),
            has_tombstones,
            has_set_aside,
        })
    }

    /// Takes in one change. An error is one of the database, never of the record.
    pub(crate) fn take(&mut self, change: &Change<'_>) -> Result<(), VaultError> {
        match change {
            Change::Put { key, version, json } => self.put(key, version.as_deref(), json),
            Change::Delete { key } => self.delete(key),
            Change::Broken { reason, json, .. } => self.set_aside(None, reason.code(), json),
        }
    }

    fn put(
        &mut self,
        key: &ResourceKey,
        version: Option<&str>,
        json: &str,
    ) -> Result<(), VaultError> {
        let name = self.name(key)?;
        let known = self.find(&name)?;
        if let Some((number, stored)) = &known {
            let same = match version {
                Some(version) => stored.as_deref() == Some(version),
                None => stored.is_none() && self.has_json(*number, json)?,
            };
            if same {
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
        let (number, store) = match known {
            Some((number, _)) => {
                self.remove_rows(number)?;
                (number, &mut self.statements.change)
            }
            None => {
                let number = self.next_resource;
                self.next_resource += 1;
                self.statements.add_hash.execute((name.hash, number))?;
                (number, &mut self.statements.add)
            }
        };
        let stored = self.scratch.encoder.encode(json);
        store.execute((
            number,
            self.clinic,
            name.kind,
            &name.id,
            version.or(indexed.version_id.as_deref()),
            indexed.last_updated.map(Timestamp::as_millis),
            self.received.as_millis(),
            stored.encoding,
            i64::try_from(stored.length).unwrap_or(i64::MAX),
            &stored.bytes,
        ))?;
        self.add_rows(number, &indexed)?;
        self.clear_tombstone(&name)?;
        self.clear_set_aside(key)?;
        self.applied.stored += 1;
        Ok(())
    }

    fn name<'k>(&mut self, key: &'k ResourceKey) -> Result<Name<'k>, VaultError> {
        let kind = self.scratch.names.kind(self.tx, &key.kind)?;
        Ok(Name {
            kind,
            id: PackedId::new(&key.id),
            hash: hash(self.seed, self.clinic, kind, &key.id),
        })
    }

    /// The number and the version of a resource that is there.
    fn find(&mut self, name: &Name<'_>) -> Result<Option<(i64, Option<String>)>, VaultError> {
        let values = (name.hash, self.clinic, name.kind, &name.id);
        for find in [&mut self.statements.find, &mut self.statements.find_recent] {
            let mut rows = find.query(values)?;
            if let Some(row) = rows.next()? {
                return Ok(Some((row.get(0)?, row.get(1)?)));
            }
        }
        Ok(None)
    }

    fn delete(&mut self, key: &ResourceKey) -> Result<(), VaultError> {
        let name = self.name(key)?;
        self.tx
            .prepare_cached(r#"INSERT OR REPLACE INTO "tombstone" VALUES (?1, ?2, ?3, ?4)"#)?
            .execute((self.clinic, name.kind, &name.id, self.received.as_millis()))?;
        self.has_tombstones = true;
        self.clear_set_aside(key)?;
        let Some((number, _)) = self.find(&name)? else {
            self.applied.unchanged += 1;
            return Ok(());
        };
        self.remove_rows(number)?;
        let forget = if number < self.first_recent {
            r#"DELETE FROM "resource_by_hash" WHERE "hash" = ?1 AND "number" = ?2"#
        } else {
            r#"DELETE FROM "recent_by_hash" WHERE "hash" = ?1 AND "number" = ?2"#
        };
        self.tx
            .prepare_cached(forget)?
            .execute((name.hash, number))?;
        self.tx
            .prepare_cached(r#"DELETE FROM "resource" WHERE "number" = ?1"#)?
            .execute([number])?;
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

    fn remove_rows(&mut self, number: i64) -> Result<(), VaultError> {
        let ids = (number * PER_RESOURCE, (number + 1) * PER_RESOURCE);
        let mut removed = self.statements.remove_entries.query(ids)?;
        while let Some(row) = removed.next()? {
            self.patch.removed.push(row.get(0)?);
            self.change.entries = true;
            self.change.invoices |= row.get::<_, u8>(1)? == Section::Invoices.code();
        }
        drop(removed);
        self.statements.remove_points.execute(ids)?;
        Ok(())
    }

    fn add_rows(&mut self, number: i64, indexed: &Indexed) -> Result<(), VaultError> {
        for (id, entry) in (number * PER_RESOURCE..).zip(&indexed.entries) {
            self.add_entry(id, entry)?;
        }
        for (id, point) in (number * PER_RESOURCE..).zip(&indexed.points) {
            self.add_point(id, point)?;
        }
        Ok(())
    }

    fn add_entry(&mut self, id: i64, entry: &Entry) -> Result<(), VaultError> {
        let kind = self.scratch.names.kind(self.tx, &entry.resource.kind)?;
        let trend = match &entry.trend {
            Some(code) => Some(self.scratch.names.code(self.tx, code)?),
            None => None,
        };
        let doc = self.next_doc;
        self.next_doc += 1;
        // The sentinel is no time that a clinic can mean.
        let happened = entry
            .when
            .map_or(NO_TIME, |when| when.as_millis().max(NO_TIME + 1));
        self.statements.add_entry.execute(rusqlite::params![
            id,
            doc,
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
        self.postings.add(doc, &entry.folded);
        self.patch.added.push(Place {
            doc,
            happened,
            entry: id,
            section: entry.section.code(),
            clinic: self.clinic,
        });
        self.change.entries = true;
        self.change.invoices |= entry.section == Section::Invoices;
        Ok(())
    }

    fn add_point(&mut self, id: i64, point: &Point) -> Result<(), VaultError> {
        // SQLite keeps no NaN, and no curve shows an infinity.
        if !point.value.is_finite() {
            return Ok(());
        }
        let code = self.scratch.names.code(self.tx, &point.code)?;
        self.statements.add_point.execute((
            id,
            code,
            point.at.as_millis(),
            point.value,
            &point.unit,
            point.range.low,
            point.range.high,
        ))?;
        Ok(())
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

    /// Writes what was gathered: postings, counters and the cursor.
    pub(crate) fn finish(
        mut self,
        cursor: Option<&str>,
    ) -> Result<(Applied, VaultChange, ColumnPatch), VaultError> {
        self.postings.write(self.tx)?;
        if self.next_resource - self.first_recent >= RECENT {
            self.tx.execute_batch(
                r#"INSERT INTO "resource_by_hash" SELECT * FROM "recent_by_hash" ORDER BY "hash";
                   DELETE FROM "recent_by_hash";"#,
            )?;
            self.first_recent = self.next_resource;
        }
        if self.change.entries {
            self.generation += 1;
        }
        self.patch.to = self.generation;
        self.tx
            .prepare_cached(
                r#"UPDATE "counter" SET "next_resource" = ?1, "first_recent" = ?2,
                       "next_doc" = ?3, "generation" = ?4, "rules" = ?5"#,
            )?
            .execute((
                self.next_resource,
                self.first_recent,
                self.next_doc,
                self.generation,
                RULES,
            ))?;
        if let Some(cursor) = cursor {
            self.tx
                .prepare_cached(r#"UPDATE "clinic" SET "cursor" = ?2 WHERE "id" = ?1"#)?
                .execute((self.clinic, cursor))?;
        }
        if !self.patch.removed.is_empty() && self.is_mostly_garbage()? {
            return self.compact();
        }
        Ok((self.applied, self.change, self.patch))
    }

    fn is_mostly_garbage(&self) -> Result<bool, VaultError> {
        if self.next_doc < GARBAGE {
            return Ok(false);
        }
        let rows: i64 = self
            .tx
            .prepare_cached(r#"SELECT count(*) FROM "entry""#)?
            .query_row([], |row| row.get(0))?;
        Ok(self.next_doc - rows > rows.max(GARBAGE))
    }

    /// Numbers the rows anew, so that postings of rows that are gone go too.
    fn compact(self) -> Result<(Applied, VaultChange, ColumnPatch), VaultError> {
        let Self {
            tx,
            scratch,
            statements,
            applied,
            change,
            generation,
            ..
        } = self;
        drop(statements);
        read_everything_again(tx, scratch)?;
        // Whatever is in memory is of another numbering.
        Ok((applied, change, ColumnPatch::unknown(generation)))
    }
}
