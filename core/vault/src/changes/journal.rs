//! Changes and the journal: what the database lost comes back, and what is gone stays gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Transaction;
use sokhoe_domain::{ClinicId, IntentId, ResourceKey, Timestamp};

use super::{ChangeState, StoredChange, all, of_resource, shown};
use crate::compression::Decoder;
use crate::error::VaultError;
use crate::index::Cached as _;
use crate::index::{Cache, Directory, IndexPatch};
use crate::ingest::Ingest;
use crate::journal::{Contents, WrittenChange};
use crate::outbox;
use crate::resources;
use crate::store::Scratch;

/// Puts a change with what is known of its sending into the table, after all others.
pub(crate) fn insert(tx: &Transaction<'_>, change: &StoredChange) -> Result<(), VaultError> {
    let sent = change.sent.then_some(change.created.as_millis());
    tx.prepare_cached(
        r#"INSERT INTO "change" ("id", "clinic", "kind", "resource", "base", "ours", "theirs", "version", "state",
               "reason", "created", "attempts", "not_before", "sent")
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"#,
    )?
    .execute(rusqlite::params![
        change.id.to_string(),
        change.clinic.as_str(),
        change.key.kind,
        change.key.id,
        change.base,
        change.ours,
        change.theirs,
        change.version,
        change.state.as_str(),
        change.reason,
        change.created.as_millis(),
        change.attempts,
        change.not_before.as_millis(),
        sent,
    ])?;
    Ok(())
}

impl WrittenChange {
    /// A change of the database as the journal writes it.
    pub(super) fn of(change: StoredChange) -> Self {
        Self {
            id: change.id,
            clinic: change.clinic,
            resource_kind: change.key.kind,
            resource: change.key.id,
            base: change.base,
            ours: change.ours,
            created: change.created.as_millis(),
        }
    }

    /// As it comes back: possibly sent, so that the clinic is asked first.
    fn lost(&self, theirs: Option<String>, version: Option<String>) -> StoredChange {
        let created = Timestamp::from_millis(self.created);
        StoredChange {
            id: self.id,
            clinic: self.clinic.clone(),
            key: ResourceKey::new(self.resource_kind.as_str(), self.resource.as_str()),
            base: self.base.clone(),
            ours: self.ours.clone(),
            theirs,
            version,
            state: ChangeState::Sending,
            reason: String::new(),
            created,
            attempts: 0,
            not_before: created,
            sent: true,
        }
    }
}

/// What the database has, to be compared with the journal.
pub(crate) struct InDatabase(BTreeMap<IntentId, WrittenChange>);

impl InDatabase {
    pub(crate) fn read(tx: &Transaction<'_>) -> Result<Self, VaultError> {
        let changes = all(tx)?.into_iter();
        Ok(Self(
            changes
                .map(|change| (change.id, WrittenChange::of(change)))
                .collect(),
        ))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the journal says the same.
    pub(crate) fn agrees(&self, journal: &Contents) -> bool {
        journal.changes.len() == self.0.len()
            && journal.changes.iter().all(|change| {
                journal.kept.contains(&change.id) && self.0.get(&change.id) == Some(change)
            })
    }
}

/// Brings database and journal to say the same, as `outbox::reconcile` does for intents.
pub(crate) fn reconcile(
    tx: &Transaction<'_>,
    scratch: &mut Scratch,
    journal: &mut Contents,
) -> Result<Vec<IndexPatch>, VaultError> {
    let kept: Vec<_> = journal
        .changes
        .iter()
        .filter(|change| journal.kept.contains(&change.id))
        .cloned()
        .collect();
    let patches = restore(tx, scratch, &kept)?.1;
    let database = all(tx)?.into_iter().map(WrittenChange::of).collect();
    journal.replace_changes(database);
    Ok(patches)
}

/// Puts changes of the journal back that the database does not hold, unless it notes that they are done; how many
/// came back.
pub(crate) fn restore(
    tx: &Transaction<'_>,
    scratch: &mut Scratch,
    changes: &[WrittenChange],
) -> Result<(u32, Vec<IndexPatch>), VaultError> {
    let there = InDatabase::read(tx)?.0;
    let (mut restored, mut patches) = (0, Vec::new());
    for written in changes {
        if there.contains_key(&written.id) || outbox::is_answered(tx, written.id)? {
            continue;
        }
        let key = ResourceKey::new(written.resource_kind.as_str(), written.resource.as_str());
        let before = of_resource(tx, &written.clinic, &key)?;
        let (theirs, version) = match before.first() {
            Some(first) => (first.theirs.clone(), first.version.clone()),
            None => stored(tx, &written.clinic, &key)?,
        };
        insert(tx, &written.lost(theirs, version))?;
        patches.push(show_again(tx, scratch, &written.clinic, &key)?);
        restored += 1;
    }
    Ok((restored, patches))
}

/// Writes what is shown of a resource whose changes were put back.
pub(crate) fn show_again(
    tx: &Transaction<'_>,
    scratch: &mut Scratch,
    clinic: &ClinicId,
    key: &ResourceKey,
) -> Result<IndexPatch, VaultError> {
    let changes = of_resource(tx, clinic, key)?;
    let first = changes.first();
    let theirs = first.and_then(|first| first.theirs.as_deref());
    let version = first.and_then(|first| first.version.as_deref());
    let received = first.map_or_else(Timestamp::default, |first| first.created);
    // Not what is in memory: this transaction may have changed it, and may yet be undone.
    let directory = Arc::new(Directory::load(tx)?);
    let mut ingest = Ingest::begin(tx, scratch, directory, clinic, received)?;
    if let Some(json) = shown(theirs, &changes) {
        ingest.replace(key, version, &json)?;
    }
    Ok(ingest.finish(None)?.2)
}

fn stored(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
    key: &ResourceKey,
) -> Result<(Option<String>, Option<String>), VaultError> {
    let (directory, mut decoder) = (Cache::<Directory>::default(), Decoder::default());
    let found = resources::find(tx, &directory, &mut decoder, clinic, key)?;
    Ok(found.map_or((None, None), |found| (Some(found.json), found.version_id)))
}
