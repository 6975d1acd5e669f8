//! What the person puts into the book: a photo of a prescription, the PDF of a discharge letter.
//!
//! A document is a DocumentReference under [`ClinicId::OWN`] with its row, and a blob that no clinic
//! has. Nobody can send it again, so the journal has all of it as well: the resource, and what finds and
//! opens the sealed file. As with intents, the frame is on disk before the transaction commits.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{OptionalExtension as _, Row, Transaction};
use sokhoe_domain::{ClinicId, IntentId, ResourceKey, Timestamp};
use sokhoe_fhir::OwnDocument;
use sokhoe_fhir::bundle::Change;

use crate::blobs::{
    self, BlobFiles, BlobOrigin, BlobState, BlobWriter, ExpectedContent, StoredBlob, sources,
};
use crate::compression::Decoder;
use crate::error::VaultError;
use crate::index::{Directory, IndexPatch};
use crate::ingest::{Ingest, PER_RESOURCE};
use crate::journal::{Contents, WrittenBlob, WrittenDocument};
use crate::notice::VaultChange;
use crate::outbox;
use crate::packed::{PackedId, UnpackedId};
use crate::resources::{self, StoredResource};
use crate::store::{Durability, Scratch};
use crate::vault::Vault;

const KIND: &str = "DocumentReference";

/// A document to be put in.
pub struct NewDocument {
    /// Its id, a UUIDv7.
    pub id: IntentId,
    /// What the person calls it.
    pub title: String,
    /// The MIME type of its bytes.
    pub content_type: String,
    /// When it was made; lists sort by it.
    pub created: Timestamp,
    /// Now.
    pub received: Timestamp,
    /// The person's name; may be empty.
    pub patient: String,
    /// Its bytes, all of them written: [`Vault::write_blob`] of the same vault.
    pub blob: BlobWriter,
}

impl fmt::Debug for NewDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewDocument")
            .field("id", &self.id)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

/// A document of the person's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its id.
    pub id: IntentId,
    /// The DocumentReference.
    pub resource: StoredResource,
    /// Its bytes; unset when nothing is known of them.
    pub blob: Option<StoredBlob>,
}

fn key(id: IntentId) -> ResourceKey {
    ResourceKey::new(KIND, id.to_string())
}

/// The url of a document's attachment.
fn place(id: IntentId) -> String {
    format!("Binary/{id}")
}

/// What the database has of the documents that no clinic has: of all, or of those with this blob.
fn blobs_of(
    tx: &Transaction<'_>,
    blob: Option<i64>,
) -> Result<BTreeMap<IntentId, WrittenBlob>, VaultError> {
    let mut find = tx.prepare_cached(&format!(r#"{BLOBS} AND (?1 IS NULL OR s."blob" = ?1)"#))?;
    let mut rows = find.query([blob])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        found.extend(read_blob(row)?);
    }
    Ok(found)
}

/// The blobs of documents that no clinic has.
pub(crate) const BLOBS: &str = r#"
    SELECT s."resource" AS "document", b."hash", b."length", b."file", b."key"
    FROM "blob_source" s JOIN "blob" b ON b."number" = s."blob"
    WHERE s."clinic" = (SELECT "id" FROM "clinic" WHERE "name" = 'own')
      AND s."kind" = (SELECT "id" FROM "kind" WHERE "name" = 'DocumentReference')
      AND s."origin" = 1 AND b."file" IS NOT NULL"#;

/// A row of [`BLOBS`]; nothing for what is not named as a document is.
pub(crate) fn read_blob(row: &Row<'_>) -> Result<Option<(IntentId, WrittenBlob)>, VaultError> {
    let length: i64 = row.get(2)?;
    let Ok(id) = row.get::<_, UnpackedId>(0)?.0.parse() else {
        return Ok(None);
    };
    let blob = WrittenBlob {
        hash: row.get(1)?,
        length: u64::try_from(length).map_err(|_| VaultError::Corrupt)?,
        file: row.get(3)?,
        key: row.get::<_, [u8; 32]>(4)?.into(),
    };
    Ok(Some((id, blob)))
}

/// The resources of documents, found without the directory.
pub(crate) const RESOURCES: &str = r#"
    SELECT "number", "id", "received", "encoding", "length", "json" FROM "resource"
    WHERE "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = 'own')
      AND "kind" = (SELECT "id" FROM "kind" WHERE "name" = 'DocumentReference')"#;

/// A row of [`RESOURCES`]: id, when it was put in, JSON.
pub(crate) fn read_resource(row: &Row<'_>) -> Result<(IntentId, i64, String), VaultError> {
    let id = row.get::<_, UnpackedId>(1)?.0.parse();
    let bytes = row.get_ref(5)?.as_blob().map_err(|_| VaultError::Corrupt)?;
    let json = Decoder::default().decode(row.get(3)?, row.get(4)?, bytes)?;
    Ok((id.map_err(|_| VaultError::Corrupt)?, row.get(2)?, json))
}

/// The documents with this blob that no clinic has.
pub(crate) fn of_blob(tx: &Transaction<'_>, blob: i64) -> Result<Vec<IntentId>, VaultError> {
    Ok(blobs_of(tx, Some(blob))?.into_keys().collect())
}

/// A blob got another file: the journal hears of it for every document with that blob. In the
/// transaction that changes it.
pub(crate) fn journal_again(
    vault: &Vault,
    tx: &Transaction<'_>,
    blob: i64,
) -> Result<(), VaultError> {
    for (id, blob) in blobs_of(tx, Some(blob))? {
        if let Some(document) = written(vault, tx, id, blob)? {
            vault.journal().add_document(&document)?;
        }
    }
    Ok(())
}

/// A document of the database as the journal writes it.
fn written(
    vault: &Vault,
    tx: &Transaction<'_>,
    id: IntentId,
    blob: WrittenBlob,
) -> Result<Option<WrittenDocument>, VaultError> {
    let mut decoder = Decoder::default();
    let own = ClinicId::own();
    let resource = resources::find(tx, vault.directory(), &mut decoder, &own, &key(id))?;
    Ok(resource.map(|resource| WrittenDocument {
        id,
        resource: resource.json,
        received: resource.received.as_millis(),
        blob,
    }))
}

/// What the database has, to be compared with the journal.
pub(crate) struct InDatabase(BTreeMap<IntentId, WrittenBlob>);

impl InDatabase {
    pub(crate) fn read(tx: &Transaction<'_>) -> Result<Self, VaultError> {
        blobs_of(tx, None).map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the journal says the same. What the resources say never changes.
    pub(crate) fn agrees(&self, journal: &Contents) -> bool {
        journal.documents.len() == self.0.len()
            && journal.documents.iter().all(|document| {
                journal.kept.contains(&document.id)
                    && self.0.get(&document.id) == Some(&document.blob)
            })
    }
}

/// Brings database and journal to say the same, as `outbox::reconcile` does for intents.
pub(crate) fn reconcile(
    vault: &Vault,
    tx: &Transaction<'_>,
    scratch: &mut Scratch,
    journal: &mut Contents,
) -> Result<Option<IndexPatch>, VaultError> {
    // What the database knows already is read before anything changes.
    let mut known = BTreeMap::new();
    for document in std::mem::take(&mut journal.documents) {
        known.insert(document.id, document);
    }
    for (id, blob) in blobs_of(tx, None)? {
        if known.get(&id).is_none_or(|known| known.blob != blob)
            && let Some(document) = written(vault, tx, id, blob)?
        {
            known.insert(id, document);
            journal.kept.insert(id);
        }
    }
    let directory = vault.directory().current(tx)?;
    let lost: Vec<&WrittenDocument> = known
        .values()
        .filter(|document| journal.kept.contains(&document.id))
        .collect();
    let restored = restore(tx, scratch, directory, vault.blob_files(), &lost)?;
    let there = blobs_of(tx, None)?;
    let documents = there.into_iter().filter_map(|(id, blob)| {
        let document = known.remove(&id)?;
        Some(WrittenDocument { blob, ..document })
    });
    journal.replace_documents(documents.collect());
    Ok(restored.patch)
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    /// Documents that are there again.
    pub(crate) documents: u32,
    /// Of these, those whose bytes are lost.
    pub(crate) without_bytes: Vec<IntentId>,
    /// To be applied after the commit.
    patch: Option<IndexPatch>,
}

/// Puts documents of the journal back that the database does not hold, unless it notes that they were
/// removed or that a clinic has them.
pub(crate) fn restore(
    tx: &Transaction<'_>,
    scratch: &mut Scratch,
    directory: Arc<Directory>,
    files: &BlobFiles,
    documents: &[&WrittenDocument],
) -> Result<Restored, VaultError> {
    let own = ClinicId::own();
    let there = blobs_of(tx, None)?;
    let mut missing = Vec::new();
    for document in documents {
        if !there.contains_key(&document.id) && !outbox::is_answered(tx, document.id)? {
            missing.push(*document);
        }
    }
    let mut restored = Restored::default();
    if missing.is_empty() {
        return Ok(restored);
    }
    let mut ingest = Ingest::begin(tx, scratch, directory, &own, Timestamp::default())?;
    for document in &missing {
        ingest.receive_at(Timestamp::from_millis(document.received));
        ingest.take(&Change::Put {
            key: key(document.id),
            version: None,
            json: &document.resource,
        })?;
    }
    restored.patch = Some(ingest.finish(None)?.2);
    for document in missing {
        let adopted = blobs::adopt(tx, files, &document.blob)?;
        let (key, place) = (key(document.id), place(document.id));
        sources::add(
            tx,
            scratch,
            adopted.blob,
            BlobOrigin::Own,
            &own,
            &key,
            &place,
        )?;
        restored.documents += 1;
        if !adopted.is_whole {
            restored.without_bytes.push(document.id);
        }
    }
    Ok(restored)
}

/// The entry of a document. Reads all rows: only for what hardly happens.
fn entry_of(tx: &Transaction<'_>, id: IntentId) -> Result<Option<i64>, VaultError> {
    Ok(tx
        .prepare_cached(
            r#"SELECT "id" FROM "entry"
               WHERE "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)
                 AND "kind" = (SELECT "id" FROM "kind" WHERE "name" = ?2) AND "resource" = ?3"#,
        )?
        .query_row(
            (ClinicId::OWN, KIND, PackedId::new(&id.to_string())),
            |row| row.get(0),
        )
        .optional()?)
}

impl Vault {
    /// Puts a document of the person's own in: its DocumentReference, its row and its bytes, all or
    /// nothing, on disk before this returns; gives the id of its row. The same id again changes nothing.
    ///
    /// # Errors
    /// [`VaultError::BlobsFull`], [`VaultError::DiskFull`], [`VaultError`]; nothing is kept then.
    pub fn add_document(&self, document: NewDocument) -> Result<i64, VaultError> {
        let NewDocument { id, blob, .. } = document;
        let (own, key, place) = (ClinicId::own(), key(id), place(id));
        let known = self
            .store()
            .read(|tx, _| match self.has_document(tx, id)? {
                true => entry_of(tx, id),
                false => Ok(None),
            })?;
        if let Some(entry) = known {
            return Ok(entry);
        }
        let mut written = false;
        let mut added = None;
        let kept = blob.finish_with(ExpectedContent::default(), |tx, scratch, content| {
            if self.has_document(tx, id)? {
                return Err(VaultError::Busy);
            }
            let blob = content.blob;
            sources::add(tx, scratch, blob, BlobOrigin::Own, &own, &key, &place)?;
            let json = OwnDocument {
                id: &key.id,
                title: &document.title,
                content_type: &document.content_type,
                created: document.created,
                size: content.length,
                hash: &STANDARD.encode(content.sha1),
                url: &place,
                patient: &document.patient,
            }
            .to_json();
            let directory = self.directory().current(tx)?;
            let mut ingest = Ingest::begin(tx, scratch, directory, &own, document.received)?;
            ingest.take(&Change::Put {
                key: key.clone(),
                version: None,
                json: &json,
            })?;
            let (applied, change, patch) = ingest.finish(None)?;
            if applied.stored != 1 {
                return Err(VaultError::Internal { code: 0 });
            }
            let resource: i64 = tx
                .prepare_cached(r#"SELECT "next_resource" - 1 FROM "counter""#)?
                .query_row([], |row| row.get(0))?;
            let blob = blobs_of(tx, Some(blob))?.remove(&id);
            let record = WrittenDocument {
                id,
                resource: json,
                received: document.received.as_millis(),
                blob: blob.ok_or(VaultError::Internal { code: 0 })?,
            };
            // Last: whatever fails after it is the commit. Some of it may be there when it fails.
            written = true;
            self.journal().add_document(&record)?;
            added = Some((resource * PER_RESOURCE, change, patch));
            Ok(())
        });
        if written {
            self.note_in_journal(|journal| match kept {
                Ok(_) => journal.keep_document(id),
                Err(_) => journal.done(&[id]),
            });
        }
        kept?;
        let (entry, change, patch) = added.ok_or(VaultError::Internal { code: 0 })?;
        self.tell_document(change, &patch);
        Ok(entry)
    }

    /// Takes a document of the person's own out again, with its bytes; whether it was there.
    ///
    /// # Errors
    /// [`VaultError`]; it stays then.
    pub fn remove_document(&self, id: IntentId) -> Result<bool, VaultError> {
        let own = ClinicId::own();
        let removed = self.store().write(Durability::Full, |tx, scratch| {
            if !self.has_document(tx, id)? {
                return Ok(None);
            }
            let directory = self.directory().current(tx)?;
            let mut ingest = Ingest::begin(tx, scratch, directory, &own, Timestamp::default())?;
            ingest.take(&Change::Delete { key: key(id) })?;
            let (_, change, patch) = ingest.finish(None)?;
            // Nobody asks whether it was ever there.
            tx.prepare_cached(
                r#"DELETE FROM "tombstone"
                   WHERE "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)"#,
            )?
            .execute([ClinicId::OWN])?;
            let file = sources::remove(tx, &own, &key(id), &place(id))?;
            outbox::note_answered(tx, id)?;
            Ok(Some((file, change, patch)))
        })?;
        let Some((file, change, patch)) = removed else {
            return Ok(false);
        };
        if let Some(file) = file {
            self.blob_files().discard(&[file]);
        }
        self.note_done(&[id]);
        self.tell_document(change, &patch);
        Ok(true)
    }

    /// Every document of the person's own, the oldest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn own_documents(&self) -> Result<Vec<StoredDocument>, VaultError> {
        let own = ClinicId::own();
        let ids = self.store().read(|tx, _| {
            // A UUIDv7 begins with its time.
            let mut find = tx.prepare_cached(
                r#"SELECT DISTINCT "resource" FROM "blob_source"
                   WHERE "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)
                     AND "kind" = (SELECT "id" FROM "kind" WHERE "name" = ?2)
                   ORDER BY "resource""#,
            )?;
            let rows = find.query_map((ClinicId::OWN, KIND), |row| row.get::<_, UnpackedId>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })?;
        let mut documents = Vec::with_capacity(ids.len());
        for UnpackedId(id) in ids {
            let Ok(id) = id.parse::<IntentId>() else {
                continue;
            };
            // Gone meanwhile when it is not there.
            if let Some(resource) = self.resource(&own, &key(id))? {
                documents.push(StoredDocument {
                    id,
                    blob: self.blob(&own, &key(id), &place(id))?,
                    resource,
                });
            }
        }
        Ok(documents)
    }

    fn has_document(&self, tx: &Transaction<'_>, id: IntentId) -> Result<bool, VaultError> {
        let mut decoder = Decoder::default();
        let own = ClinicId::own();
        let found = resources::find(tx, self.directory(), &mut decoder, &own, &key(id))?;
        Ok(found.is_some())
    }

    fn tell_document(&self, change: VaultChange, patch: &IndexPatch) {
        patch.apply(self.columns(), self.directory());
        self.store().notices.tell(change);
    }
}

impl StoredDocument {
    /// Whether its bytes are on this phone, as far as is known without reading them.
    #[must_use]
    pub fn has_bytes(&self) -> bool {
        self.blob.is_some_and(|blob| blob.state == BlobState::Here)
    }
}
