//! The second place where a person's own words are kept: an append-only file of sealed frames beside
//! the database, read without any B-tree.
//!
//! A record goes in **before** the transaction that shows it commits, and all writers hold SQLite's
//! writer lock, which so also orders the writers of this file, of all processes. Frames are marked as
//! *kept* once the commit succeeded and as *done* once the clinic has answered; when nothing waits there
//! is no file. Nothing is remembered between calls: the file is short, and another process may have
//! written it.

mod frames;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sokhoe_domain::IntentId;
use sokhoe_domain::ports::{Rng, VaultFiles};

use crate::error::VaultError;
use crate::keys::HeldKey;
use frames::{FileKey, Frames};
use record::{Record, RecordText};
pub(crate) use record::{WrittenBlob, WrittenChange, WrittenDocument, WrittenIntent};

/// Dead records that are carried along before the file is written anew without them.
const GARBAGE: usize = 64;

/// The journal of one vault.
pub(crate) struct Journal {
    files: Arc<dyn VaultFiles>,
    rng: Arc<dyn Rng>,
    name: String,
    key: Arc<HeldKey>,
    /// Whether the last append failed: some systems take for written what a failed sync did not write,
    /// and what follows it would be lost with it. The file is written anew then.
    suspect: AtomicBool,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}

/// What a journal holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Intents that no later record ended, in the order they were written.
    pub(crate) live: Vec<WrittenIntent>,
    /// Documents that no later record ended, as the last record of each says, in the order of their ids.
    pub(crate) documents: Vec<WrittenDocument>,
    /// Changes that no later record ended, as the last record of each says, in the order they were written.
    pub(crate) changes: Vec<WrittenChange>,
    /// Those of all whose transaction is known to have committed.
    pub(crate) kept: BTreeSet<IntentId>,
    /// Records of a kind that this program does not know: kept as they are.
    unknown: Vec<RecordText>,
    /// Records that say nothing any more.
    dead: usize,
    /// Whether bytes could not be read.
    pub(crate) damage: Damage,
    /// Of the file as it was read; nothing when there is none.
    file: Option<(FileKey, u64)>,
}

/// What of a journal could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Damage {
    /// Nothing.
    #[default]
    None,
    /// The end, as a crash during an append leaves it: of a record that was never acknowledged.
    TornTail,
    /// More: bytes were altered or are missing.
    Altered,
}

/// Where the journal of a vault lies.
pub(crate) fn journal_file(name: &str) -> String {
    format!("{name}.journal")
}

impl Journal {
    pub(crate) fn new(
        files: &Arc<dyn VaultFiles>,
        rng: &Arc<dyn Rng>,
        name: &str,
        key: Arc<HeldKey>,
    ) -> Self {
        Self {
            files: Arc::clone(files),
            rng: Arc::clone(rng),
            name: journal_file(name),
            key,
            suspect: AtomicBool::new(false),
        }
    }

    /// Whether there is a file at all.
    pub(crate) fn is_there(&self) -> Result<bool, VaultError> {
        Ok(self.files.size(&self.name)?.is_some())
    }

    /// Everything that verifies.
    pub(crate) fn read(&self) -> Result<Contents, VaultError> {
        let Some(bytes) = self.files.read(&self.name)? else {
            return Ok(Contents::default());
        };
        let Frames {
            key,
            records,
            next,
            damage,
        } = frames::read(&bytes, self.key.get()?.secret())?;
        let mut contents = Contents {
            damage,
            file: key.map(|key| (key, next)),
            ..Contents::default()
        };
        let all = records.len();
        let mut live: BTreeMap<IntentId, (usize, WrittenIntent)> = BTreeMap::new();
        let mut documents: BTreeMap<IntentId, WrittenDocument> = BTreeMap::new();
        let mut changes: Vec<WrittenChange> = Vec::new();
        for (place, text) in records.into_iter().enumerate() {
            match Record::parse(&text) {
                Some(Record::Intent(intent)) => {
                    live.insert(intent.id, (place, *intent));
                }
                Some(Record::Document(document)) => {
                    documents.insert(document.id, *document);
                }
                Some(Record::Change(change)) => {
                    match changes.iter_mut().find(|known| known.id == change.id) {
                        Some(known) => *known = *change,
                        None => changes.push(*change),
                    }
                }
                Some(
                    Record::Kept { id } | Record::DocumentKept { id } | Record::ChangeKept { id },
                ) => {
                    contents.kept.insert(id);
                }
                Some(Record::Aborted { id } | Record::Done { id }) => {
                    contents.kept.remove(&id);
                    live.remove(&id);
                }
                Some(Record::DocumentDone { id }) => {
                    contents.kept.remove(&id);
                    documents.remove(&id);
                }
                Some(Record::ChangeDone { id }) => {
                    contents.kept.remove(&id);
                    changes.retain(|change| change.id != id);
                }
                None => contents.unknown.push(text),
            }
        }
        let mut live: Vec<_> = live.into_values().collect();
        live.sort_by_key(|(place, _)| *place);
        contents.live = live.into_iter().map(|(_, intent)| intent).collect();
        contents.documents = documents.into_values().collect();
        contents.changes = changes;
        contents.forget_kept();
        contents.dead = all.saturating_sub(contents.records());
        Ok(contents)
    }

    /// Adds intents; on disk before this returns. To be called with SQLite's writer lock, before the
    /// commit.
    pub(crate) fn add(&self, intents: &[WrittenIntent]) -> Result<(), VaultError> {
        let records: Vec<_> = intents
            .iter()
            .map(|intent| Record::Intent(Box::new(intent.clone())))
            .collect();
        self.append(&records)
    }

    /// Adds a document, or what is so of it by now; as [`Journal::add`].
    pub(crate) fn add_document(&self, document: &WrittenDocument) -> Result<(), VaultError> {
        self.append(&[Record::Document(Box::new(document.clone()))])
    }

    /// Adds a change, or what the person decided of it by now; as [`Journal::add`].
    pub(crate) fn add_change(&self, change: &WrittenChange) -> Result<(), VaultError> {
        self.append(&[Record::Change(Box::new(change.clone()))])
    }

    /// Notes that the transaction of a change committed. With SQLite's writer lock.
    pub(crate) fn keep_change(&self, id: IntentId) -> Result<(), VaultError> {
        self.append(&[Record::ChangeKept { id }])
    }

    /// Notes that the transaction of a document committed. With SQLite's writer lock.
    pub(crate) fn keep_document(&self, id: IntentId) -> Result<(), VaultError> {
        self.append(&[Record::DocumentKept { id }])
    }

    /// Notes that the transaction of intents committed. With SQLite's writer lock.
    pub(crate) fn keep(&self, ids: &[IntentId]) -> Result<(), VaultError> {
        let records: Vec<_> = ids.iter().map(|id| Record::Kept { id: *id }).collect();
        self.append(&records)
    }

    /// Notes that the transaction of intents did not commit. With SQLite's writer lock.
    pub(crate) fn abort(&self, ids: &[IntentId]) -> Result<(), VaultError> {
        self.end(ids, |id| Record::Aborted { id })
    }

    /// Notes that intents were answered, or that documents or changes are gone or with a clinic. With SQLite's
    /// writer lock.
    pub(crate) fn done(&self, ids: &[IntentId]) -> Result<(), VaultError> {
        self.end(ids, |id| Record::Done { id })
    }

    fn end(&self, ids: &[IntentId], record: fn(IntentId) -> Record) -> Result<(), VaultError> {
        let mut contents = self.read()?;
        let before = contents.records();
        let ends_document = |id: &IntentId| contents.documents.iter().any(|d| d.id == *id);
        let ends_change = |id: &IntentId| contents.changes.iter().any(|c| c.id == *id);
        let records: Vec<_> = ids
            .iter()
            .map(|id| match (ends_document(id), ends_change(id)) {
                (true, _) => Record::DocumentDone { id: *id },
                (false, true) => Record::ChangeDone { id: *id },
                (false, false) => record(*id),
            })
            .collect();
        contents.live.retain(|intent| !ids.contains(&intent.id));
        contents.documents.retain(|d| !ids.contains(&d.id));
        contents.changes.retain(|c| !ids.contains(&c.id));
        contents.forget_kept();
        let ended = before - contents.records();
        if ended == 0 {
            return Ok(());
        }
        let dead = contents.dead + ended + records.len();
        if contents.records() == 0 || contents.damage != Damage::None || dead > GARBAGE {
            return self.rewrite(&contents);
        }
        self.append_to(&contents, &records)
    }

    fn append(&self, records: &[Record]) -> Result<(), VaultError> {
        let contents = self.read()?;
        self.append_to(&contents, records)
    }

    /// Adds frames to the file that was read; writes it anew when there is none or when its end could
    /// not be read: what follows such an end would not be found.
    fn append_to(&self, contents: &Contents, records: &[Record]) -> Result<(), VaultError> {
        match &contents.file {
            Some((key, next))
                if contents.damage == Damage::None && !self.suspect.load(Ordering::Acquire) =>
            {
                let mut bytes = Vec::new();
                for (record, sequence) in records.iter().zip(*next..) {
                    key.seal(&mut bytes, sequence, &record.text()?, &*self.rng)?;
                }
                let appended = self.files.append(&self.name, &bytes);
                self.suspect.store(appended.is_err(), Ordering::Release);
                Ok(appended?)
            }
            _ => self.write(contents, records),
        }
    }

    /// Writes the file anew with what still says something; removes it when nothing does.
    pub(crate) fn rewrite(&self, contents: &Contents) -> Result<(), VaultError> {
        self.write(contents, &[])
    }

    fn write(&self, contents: &Contents, more: &[Record]) -> Result<(), VaultError> {
        if contents.damage == Damage::Altered {
            self.set_aside()?;
        }
        let mut texts = contents.unknown.clone();
        for intent in &contents.live {
            texts.push(Record::Intent(Box::new(intent.clone())).text()?);
        }
        for document in &contents.documents {
            texts.push(Record::Document(Box::new(document.clone())).text()?);
        }
        for change in &contents.changes {
            texts.push(Record::Change(Box::new(change.clone())).text()?);
        }
        for &id in &contents.kept {
            let is_change = contents.changes.iter().any(|change| change.id == id);
            let kept = match (contents.has(id), is_change) {
                (true, _) => Record::Kept { id },
                (false, true) => Record::ChangeKept { id },
                (false, false) => Record::DocumentKept { id },
            };
            texts.push(kept.text()?);
        }
        for record in more {
            texts.push(record.text()?);
        }
        if texts.is_empty() {
            self.files.remove(&self.name)?;
            self.suspect.store(false, Ordering::Release);
            return Ok(());
        }
        let (key, mut bytes) = FileKey::begin(self.key.get()?.secret(), &*self.rng)?;
        for (text, sequence) in texts.iter().zip(0..) {
            key.seal(&mut bytes, sequence, text, &*self.rng)?;
        }
        self.files.write(&self.name, &bytes)?;
        self.suspect.store(false, Ordering::Release);
        Ok(())
    }

    /// Keeps what could not be read under another name.
    fn set_aside(&self) -> Result<(), VaultError> {
        let names = self.files.list()?;
        let stem = self.name.strip_suffix(".journal").unwrap_or(&self.name);
        let aside = (1..)
            .map(|n: u32| crate::rebuild::damaged_file(stem, n, ".journal"))
            .find(|aside| !names.contains(aside))
            .unwrap_or_default();
        if let Some(bytes) = self.files.read(&self.name)? {
            self.files.write(&aside, &bytes)?;
        }
        Ok(())
    }
}

impl Contents {
    /// Whether an intent stands in the journal and waits.
    pub(crate) fn has(&self, id: IntentId) -> bool {
        self.live.iter().any(|intent| intent.id == id)
    }

    /// Puts an intent in that the database holds.
    pub(crate) fn insert_kept(&mut self, intent: WrittenIntent) {
        self.kept.insert(intent.id);
        if !self.has(intent.id) {
            self.live.push(intent);
        }
    }

    /// Takes intents out for which `gone` holds.
    pub(crate) fn remove_where(&mut self, mut gone: impl FnMut(&WrittenIntent) -> bool) {
        self.live.retain(|intent| !gone(intent));
        self.forget_kept();
    }

    /// What the database says of the documents takes the place of what was read.
    pub(crate) fn replace_documents(&mut self, documents: Vec<WrittenDocument>) {
        self.documents = documents;
        self.kept.extend(self.documents.iter().map(|d| d.id));
        self.forget_kept();
    }

    /// What the database says of the changes takes the place of what was read.
    pub(crate) fn replace_changes(&mut self, changes: Vec<WrittenChange>) {
        self.changes = changes;
        self.kept
            .extend(self.changes.iter().map(|change| change.id));
        self.forget_kept();
    }

    /// That something was kept says nothing any more once it is gone.
    fn forget_kept(&mut self) {
        let intents = self.live.iter().map(|intent| intent.id);
        let documents = self.documents.iter().map(|document| document.id);
        let changes = self.changes.iter().map(|change| change.id);
        let there: BTreeSet<IntentId> = intents.chain(documents).chain(changes).collect();
        self.kept.retain(|id| there.contains(id));
    }

    /// Records that a file written anew would have.
    fn records(&self) -> usize {
        self.live.len()
            + self.documents.len()
            + self.changes.len()
            + self.kept.len()
            + self.unknown.len()
    }
}

#[cfg(test)]
mod tests;
