//! What a page of the feed says of resources that the person changed.

use std::collections::HashMap;

use rusqlite::Transaction;
use sokhoe_domain::{ClinicId, IntentId, ResourceKey, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::given_id::change_of;

use super::follow::follow;
use super::write::reconsider;
use super::{StoredChange, all, shown};
use crate::error::VaultError;
use crate::ingest::Ingest;
use crate::journal::WrittenChange;
use crate::resources::is_older;

/// What a person makes.
const OBSERVATION: &str = "Observation";

/// The changes of one clinic that wait, while a page of it is taken in.
pub(crate) struct Pending {
    clinic: ClinicId,
    by_resource: HashMap<ResourceKey, Vec<StoredChange>>,
    /// What the clinic calls otherwise than the phone did: from, to.
    named: Vec<(ResourceKey, ResourceKey)>,
    /// What the clinic has now.
    pub(crate) done: Vec<IntentId>,
    /// Whether an event was kept.
    pub(crate) has_news: bool,
}

impl Pending {
    pub(crate) fn of(tx: &Transaction<'_>, clinic: &ClinicId) -> Result<Self, VaultError> {
        let mut by_resource: HashMap<_, Vec<_>> = HashMap::new();
        for change in all(tx)? {
            if change.clinic == *clinic {
                by_resource
                    .entry(change.key.clone())
                    .or_default()
                    .push(change);
            }
        }
        Ok(Self {
            clinic: clinic.clone(),
            by_resource,
            named: Vec::new(),
            done: Vec::new(),
            has_news: false,
        })
    }

    /// Takes in a change of the clinic. What the person changed, too, is shown as both together.
    pub(crate) fn take(
        &mut self,
        tx: &Transaction<'_>,
        ingest: &mut Ingest<'_>,
        change: &Change<'_>,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let (key, version, json) = match change {
            Change::Put { key, version, json } => (key, version.as_deref(), Some(*json)),
            Change::Delete { key } => (key, None, None),
            Change::Broken { .. } => return ingest.take(change),
        };
        if let Some(json) = json {
            self.follow(tx, ingest, key, json)?;
        }
        let Some(changes) = self.by_resource.get_mut(key) else {
            return ingest.take(change);
        };
        let known = changes.first().and_then(|first| first.version.as_deref());
        if json.is_some() && is_older(version, known) {
            // It was asked for meanwhile, and its later version comes in this feed, too.
            return Ok(());
        }
        // What cannot be read is set aside and changes nothing of what the person wrote.
        if json.is_some_and(|json| !ingest.can_read(key, json)) {
            return ingest.take(change);
        }
        let reconsidered = reconsider(tx, changes, json, version, now)?;
        self.done.extend(reconsidered.done);
        self.has_news |= reconsidered.has_news;
        let result = match shown(json, changes) {
            Some(shown) => ingest.replace(key, version, &shown),
            None => ingest.take(change),
        };
        if changes.is_empty() {
            self.by_resource.remove(key);
        }
        result
    }

    /// Knows again what the person made and the clinic named: its answer may have been lost. The phone's own goes.
    fn follow(
        &mut self,
        tx: &Transaction<'_>,
        ingest: &mut Ingest<'_>,
        key: &ResourceKey,
        json: &str,
    ) -> Result<(), VaultError> {
        if self.by_resource.is_empty() || key.kind != OBSERVATION {
            return Ok(());
        }
        let Some(id) = change_of(json) else {
            return Ok(());
        };
        let from = ResourceKey::new(OBSERVATION, id.to_string());
        let made_here = |change: &StoredChange| change.id == id && change.is_new();
        let is_ours = from != *key
            && self
                .by_resource
                .get(&from)
                .is_some_and(|changes| changes.iter().any(made_here));
        if is_ours && ingest.can_read(key, json) {
            let changes = follow(tx, &self.clinic, &from, key)?;
            ingest.withdraw(&from)?;
            self.by_resource.remove(&from);
            self.by_resource.insert(key.clone(), changes);
            self.named.push((from, key.clone()));
        }
        Ok(())
    }

    /// What is left of the changes that go on under another name, for the journal.
    pub(crate) fn under_another_name(&self) -> Vec<WrittenChange> {
        let left = self
            .named
            .iter()
            .filter_map(|(_, to)| self.by_resource.get(to));
        left.flatten().cloned().map(WrittenChange::of).collect()
    }

    /// What the clinic calls otherwise than the phone did: from, to.
    pub(crate) fn into_named(self) -> Vec<(ResourceKey, ResourceKey)> {
        self.named
    }
}
