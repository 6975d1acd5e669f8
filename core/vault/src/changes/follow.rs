//! A resource that the person made has an id of the phone's until a server that gives all ids itself has named it. Then
//! there is the server's alone, and what was written into the one goes on with the other.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::Transaction;
use sokhoe_domain::{ClinicId, IntentId, ResourceKey, Timestamp};
use sokhoe_fhir::given_id::with_id;

use super::write::{Alteration, find, reconsider};
use super::{NOTHING, NewChange, StoredChange, of_resource, shown};
use crate::error::VaultError;
use crate::ingest::Ingest;
use crate::journal::WrittenChange;
use crate::resources;
use crate::vault::Vault;

/// What was named otherwise since the vault was opened. A screen, or a program, may still have the phone's id in its
/// hands; what is on disk has it nowhere.
#[derive(Default)]
pub(crate) struct Named(Mutex<HashMap<(ClinicId, ResourceKey), ResourceKey>>);

impl Named {
    pub(crate) fn add(&self, clinic: &ClinicId, from: ResourceKey, to: ResourceKey) {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        named.insert((clinic.clone(), from), to);
    }

    fn of(&self, clinic: &ClinicId, key: &ResourceKey) -> Option<ResourceKey> {
        let named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        named.get(&(clinic.clone(), key.clone())).cloned()
    }
}

/// Lets the changes of a resource go on with what the server calls it; all that there are of that then.
pub(super) fn follow(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
    from: &ResourceKey,
    to: &ResourceKey,
) -> Result<Vec<StoredChange>, VaultError> {
    for change in of_resource(tx, clinic, from)? {
        // What cannot be read cannot be laid over anything either, and is told as a conflict.
        let named = |json: &String| match json.as_str() {
            NOTHING => json.clone(),
            other => with_id(other, &to.id).unwrap_or_else(|_| other.to_owned()),
        };
        tx.prepare_cached(
            r#"UPDATE "change" SET "resource" = ?2, "base" = ?3, "ours" = ?4 WHERE "id" = ?1"#,
        )?
        .execute((
            change.id.to_string(),
            &to.id,
            named(&change.base),
            named(&change.ours),
        ))?;
    }
    of_resource(tx, clinic, to)
}

impl Vault {
    /// What a resource is called now, that may have had an id of the phone's before.
    #[must_use]
    pub fn named_now(&self, clinic: &ClinicId, key: &ResourceKey) -> ResourceKey {
        self.named().of(clinic, key).unwrap_or_else(|| key.clone())
    }

    /// A change of what was named otherwise since it was read, as one of what it is called now.
    pub(super) fn of_named(&self, new: &NewChange) -> NewChange {
        let key = self.named_now(&new.clinic, &new.key);
        if new.base.is_none() || key == new.key {
            return new.clone();
        }
        let named = |json: &String| with_id(json, &key.id).unwrap_or_else(|_| json.clone());
        NewChange {
            base: new.base.as_ref().map(named),
            ours: named(&new.ours),
            key,
            ..new.clone()
        }
    }

    /// When sending a change last began; nothing when nothing of it can have arrived, or there is no such change.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn change_sent(&self, id: IntentId) -> Result<Option<Timestamp>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(r#"SELECT "sent" FROM "change" WHERE "id" = ?1"#)?;
            let mut rows = find.query([id.to_string()])?;
            let sent: Option<i64> = match rows.next()? {
                Some(row) => row.get(0)?,
                None => None,
            };
            Ok(sent.map(Timestamp::from_millis))
        })
    }

    /// As [`Vault::take_theirs`], of a resource that the person made and the server calls by this key. The phone's own
    /// goes in the same transaction; what else was written into it is written into the server's.
    ///
    /// # Errors
    /// As [`Vault::take_theirs`].
    pub fn take_named(
        &self,
        id: IntentId,
        key: &ResourceKey,
        json: &str,
        version: Option<&str>,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let (mut from, mut left) = (None, Vec::new());
        let taken = self.alter_shown(|vault, tx, scratch| {
            let change = find(tx, id)?;
            let clinic = &change.clinic;
            let mut changes = follow(tx, clinic, &change.key, key)?;
            // The feed may have brought a later one meanwhile.
            let is_overtaken = resources::is_older(version, change.version.as_deref());
            let (json, version) = match (&change.theirs, is_overtaken) {
                (Some(later), true) => (later.as_str(), change.version.as_deref()),
                _ => (json, version),
            };
            let reconsidered = reconsider(tx, &mut changes, Some(json), version, now)?;
            let directory = vault.directory().current(tx)?;
            let mut ingest = Ingest::begin(tx, scratch, directory, clinic, now)?;
            if change.key != *key {
                ingest.withdraw(&change.key)?;
            }
            ingest.replace(
                key,
                version,
                &shown(Some(json), &changes).unwrap_or_else(|| json.to_owned()),
            )?;
            let (applied, mut shown, patch) = ingest.finish(None)?;
            // Whoever asks has read it before.
            if applied.set_aside > 0 {
                return Err(VaultError::Internal { code: 0 });
            }
            shown.events |= reconsidered.has_news;
            // Last: whatever fails after it is the commit.
            for change in changes {
                let record = WrittenChange::of(change);
                vault.journal().add_change(&record)?;
                left.push(record.id);
            }
            from = Some((change.clinic, change.key));
            Ok(Alteration {
                done: reconsidered.done,
                change: shown,
                patch,
            })
        });
        if taken.is_ok() {
            self.note_in_journal(|journal| {
                left.iter().try_for_each(|left| journal.keep_change(*left))
            });
            if let Some((clinic, from)) = from {
                self.named().add(&clinic, from, key.clone());
            }
        }
        taken
    }
}
