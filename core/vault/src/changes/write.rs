//! Keeping a change, and what its sending makes of it.

use rusqlite::{OptionalExtension as _, Transaction};
use sokhoe_domain::{ClinicId, IntentId, ResourceKey, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::merge::{Standing, merge_with};

use super::{
    CHANGE_CONFLICT, CHANGE_REFUSED, COLUMNS, ChangeState, NOTHING, NewChange, StoredChange,
    of_resource, read_row, shown,
};
use crate::compression::Decoder;
use crate::error::VaultError;
use crate::events::{self, NewEvent};
use crate::index::IndexPatch;
use crate::ingest::Ingest;
use crate::journal::WrittenChange;
use crate::notice::VaultChange;
use crate::outbox;
use crate::resources;
use crate::store::{Durability, Scratch};
use crate::vault::Vault;

/// What a clinic has of a resource.
#[derive(Clone, Copy)]
struct Theirs<'a> {
    json: Option<&'a str>,
    version: Option<&'a str>,
}

pub(super) fn find(tx: &Transaction<'_>, id: IntentId) -> Result<StoredChange, VaultError> {
    tx.prepare_cached(&format!(r#"{COLUMNS} WHERE "id" = ?1"#))?
        .query_row([id.to_string()], |row| Ok(read_row(row)))
        .optional()?
        .transpose()?
        .ok_or(VaultError::UnknownIntent)
}

pub(super) fn remove(tx: &Transaction<'_>, id: IntentId) -> Result<(), VaultError> {
    tx.prepare_cached(r#"DELETE FROM "change" WHERE "id" = ?1"#)?
        .execute([id.to_string()])?;
    outbox::note_answered(tx, id)
}

pub(super) fn set_state(
    tx: &Transaction<'_>,
    id: IntentId,
    state: ChangeState,
    reason: &str,
) -> Result<(), VaultError> {
    tx.prepare_cached(r#"UPDATE "change" SET "state" = ?2, "reason" = ?3 WHERE "id" = ?1"#)?
        .execute((id.to_string(), state.as_str(), reason))?;
    Ok(())
}

/// Lays what the clinic has now under the changes of a resource. Those that it has are gone; a conflict that is new
/// is told.
pub(super) fn reconsider(
    tx: &Transaction<'_>,
    changes: &mut Vec<StoredChange>,
    theirs: Option<&str>,
    version: Option<&str>,
    now: Timestamp,
) -> Result<Reconsidered, VaultError> {
    let mut done = Vec::new();
    let mut news = Vec::new();
    let mut first = true;
    let mut kept = Vec::with_capacity(changes.len());
    for mut change in changes.drain(..) {
        change.theirs = theirs.map(ToOwned::to_owned);
        change.version = version.map(ToOwned::to_owned);
        // Later ones began from what the earlier ones make of it.
        if first && change.is_done() {
            remove(tx, change.id)?;
            done.push(change.id);
            continue;
        }
        tx.prepare_cached(r#"UPDATE "change" SET "theirs" = ?2, "version" = ?3 WHERE "id" = ?1"#)?
            .execute((change.id.to_string(), theirs, version))?;
        if first && change.state != ChangeState::Refused {
            first = false;
            let conflicts = change
                .merged()
                .is_none_or(|merged| !merged.conflicts.is_empty());
            let state = match (conflicts, change.state) {
                (true, _) => ChangeState::Conflict,
                (false, ChangeState::Conflict) => ChangeState::Waiting,
                (false, state) => state,
            };
            if state != change.state {
                set_state(tx, change.id, state, "")?;
                change.state = state;
                if conflicts {
                    news.push(event(CHANGE_CONFLICT, change.id, now));
                }
            }
        }
        kept.push(change);
    }
    *changes = kept;
    events::keep(tx, &news)?;
    Ok(Reconsidered {
        done,
        has_news: !news.is_empty(),
    })
}

/// What [`reconsider`] found.
#[derive(Debug)]
pub(super) struct Reconsidered {
    /// What the clinic has now.
    pub(super) done: Vec<IntentId>,
    /// Whether an event was kept.
    pub(super) has_news: bool,
}

fn event(kind: &str, id: IntentId, at: Timestamp) -> NewEvent {
    NewEvent {
        kind: kind.to_owned(),
        subject: id.to_string(),
        at,
        body: String::new(),
    }
}

/// A change in a transaction, with what is shown afterwards.
pub(super) struct Alteration {
    pub(super) done: Vec<IntentId>,
    pub(super) change: VaultChange,
    pub(super) patch: IndexPatch,
}

impl Vault {
    /// Keeps a change together with what lists and searches show from now on. The same id again changes nothing.
    ///
    /// # Errors
    /// [`VaultError::ReservedClinic`], [`VaultError::DiskFull`]; nothing is kept then.
    pub fn keep_change(&self, new: &NewChange) -> Result<(), VaultError> {
        if new.clinic.is_own() {
            return Err(VaultError::ReservedClinic);
        }
        let new = &self.of_named(new);
        let record = WrittenChange::new(new);
        let mut written = false;
        let kept = self.store().write(Durability::Full, |tx, scratch| {
            let known = tx
                .prepare_cached(
                    r#"SELECT 1 FROM "change" WHERE "id" = ?1
                       UNION ALL SELECT 1 FROM "answered" WHERE "id" = ?1"#,
                )?
                .exists([new.id.to_string()])?;
            if known {
                return Ok(None);
            }
            let mut changes = of_resource(tx, &new.clinic, &new.key)?;
            let (theirs, version) = match changes.first() {
                Some(first) => (first.theirs.clone(), first.version.clone()),
                None => self.stored(tx, &new.clinic, &new.key)?,
            };
            super::insert(
                tx,
                &StoredChange {
                    id: new.id,
                    clinic: new.clinic.clone(),
                    key: new.key.clone(),
                    base: record.base.clone(),
                    ours: new.ours.clone(),
                    theirs: theirs.clone(),
                    version: version.clone(),
                    state: ChangeState::Waiting,
                    reason: String::new(),
                    created: new.created,
                    attempts: 0,
                    not_before: new.created,
                    sent: false,
                },
            )?;
            changes.push(find(tx, new.id)?);
            let theirs = Theirs {
                json: theirs.as_deref(),
                version: version.as_deref(),
            };
            let (clinic, key) = (&new.clinic, &new.key);
            let shown = self.show(tx, scratch, clinic, key, theirs, &changes, new.created)?;
            // Last: whatever fails after it is the commit.
            written = true;
            self.journal().add_change(&record)?;
            Ok(Some(shown))
        });
        if written {
            self.note_in_journal(|journal| match kept {
                Ok(_) => journal.keep_change(new.id),
                Err(_) => journal.done(&[new.id]),
            });
        }
        if let Some((change, patch)) = kept? {
            patch.apply(self.columns(), self.directory());
            self.store().notices.tell(change);
        }
        Ok(())
    }

    /// Notes that sending begins: to be called, and to have returned, before the first byte leaves.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`] when it was settled meanwhile; do not send then.
    pub fn mark_change_sending(&self, id: IntentId, now: Timestamp) -> Result<(), VaultError> {
        self.alter(id, |tx, change| {
            if !change.is_on_its_way() {
                return Err(VaultError::UnknownIntent);
            }
            tx.prepare_cached(
                r#"UPDATE "change" SET "attempts" = "attempts" + 1, "sent" = ?2, "state" = 'sending' WHERE "id" = ?1"#,
            )?
            .execute((id.to_string(), now.as_millis()))?;
            Ok(())
        })
    }

    /// Puts a change off. Unless something of it `arrived`, now or before, it counts as not sent again.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`]
    pub fn postpone_change(
        &self,
        id: IntentId,
        not_before: Timestamp,
        arrived: bool,
    ) -> Result<(), VaultError> {
        self.alter(id, |tx, _| {
            tx.prepare_cached(
                r#"UPDATE "change" SET "not_before" = ?2, "sent" = CASE WHEN ?3 THEN "sent" END,
                       "state" = CASE WHEN "state" = 'sending' AND NOT ?3 THEN 'waiting' ELSE "state" END
                   WHERE "id" = ?1"#,
            )?
            .execute((id.to_string(), not_before.as_millis(), arrived))?;
            Ok(())
        })
    }

    /// The clinic does not take it: it stays as it is, with the reason, until the person drops it.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`]
    pub fn refuse_change(
        &self,
        id: IntentId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.alter(id, |tx, _| {
            set_state(tx, id, ChangeState::Refused, reason)?;
            events::keep(tx, &[event(CHANGE_REFUSED, id, now)])
        })?;
        self.store().notices.tell(VaultChange::EVENTS);
        Ok(())
    }

    /// Takes in what the clinic has of the resource of a change, as it was read or answered there. The change is
    /// gone when that says it all, in conflict when it says otherwise, and else to be sent. `known` is the version that was
    /// known when the clinic was asked: when the feed brought a later one meanwhile, that stays.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`]; nothing is changed then.
    pub fn take_theirs(
        &self,
        id: IntentId,
        json: &str,
        version: Option<&str>,
        known: Option<&str>,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.alter_shown(|vault, tx, scratch| {
            let change = find(tx, id)?;
            let (clinic, key) = (&change.clinic, &change.key);
            let mut changes = of_resource(tx, clinic, key)?;
            // Without the feed's word an older version is one of a clinic that was set back.
            let is_overtaken = change.version.as_deref() != known
                && resources::is_older(version, change.version.as_deref());
            let (json, version) = if is_overtaken {
                (change.theirs.as_deref(), change.version.as_deref())
            } else {
                (Some(json), version)
            };
            let reconsidered = reconsider(tx, &mut changes, json, version, now)?;
            let theirs = Theirs { json, version };
            let (mut shown, patch) = vault.show(tx, scratch, clinic, key, theirs, &changes, now)?;
            shown.events |= reconsidered.has_news;
            Ok(Alteration {
                done: reconsidered.done,
                change: shown,
                patch,
            })
        })
    }

    /// Takes a change back that is not on its way: the clinic's version is shown again.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`]; [`VaultError::Busy`] while it may have arrived.
    pub fn drop_change(&self, id: IntentId, now: Timestamp) -> Result<(), VaultError> {
        self.alter_shown(|vault, tx, scratch| {
            let change = find(tx, id)?;
            if change.state == ChangeState::Sending {
                return Err(VaultError::Busy);
            }
            let (clinic, key) = (&change.clinic, &change.key);
            let mut changes = of_resource(tx, clinic, key)?;
            changes.retain(|other| other.id != id);
            remove(tx, id)?;
            let (json, version) = (change.theirs.as_deref(), change.version.as_deref());
            let reconsidered = reconsider(tx, &mut changes, json, version, now)?;
            let theirs = Theirs { json, version };
            let (shown, patch) = vault.show(tx, scratch, clinic, key, theirs, &changes, now)?;
            let mut done = reconsidered.done;
            done.push(id);
            Ok(Alteration {
                done,
                change: shown,
                patch,
            })
        })
    }

    /// The person decided a conflict: their own words go to the clinic over its own, or the clinic's stay. What else
    /// the change says is sent in both cases.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`] when there is no such conflict.
    pub fn decide_change(
        &self,
        id: IntentId,
        standing: Standing,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let mut written = false;
        let decided = self.alter_shown(|vault, tx, scratch| {
            let change = find(tx, id)?;
            let theirs = match (&change.theirs, change.state) {
                (Some(theirs), ChangeState::Conflict) => theirs.clone(),
                _ => return Err(VaultError::UnknownIntent),
            };
            let ours = merge_with(&change.base, &change.ours, &theirs, standing)
                .map_err(|_| VaultError::UnknownIntent)?;
            let decided = NewChange {
                id,
                clinic: change.clinic.clone(),
                key: change.key.clone(),
                base: Some(theirs.clone()),
                ours: ours.json,
                created: change.created,
            };
            tx.prepare_cached(
                r#"UPDATE "change" SET "base" = ?2, "ours" = ?3, "state" = 'waiting', "not_before" = ?4,
                       "sent" = NULL WHERE "id" = ?1"#,
            )?
            .execute((id.to_string(), &theirs, &decided.ours, now.as_millis()))?;
            let (clinic, key) = (&change.clinic, &change.key);
            let mut changes = of_resource(tx, clinic, key)?;
            let version = change.version.as_deref();
            let reconsidered = reconsider(tx, &mut changes, Some(&theirs), version, now)?;
            let json = Some(theirs.as_str());
            let theirs = Theirs { json, version };
            let (shown, patch) = vault.show(tx, scratch, clinic, key, theirs, &changes, now)?;
            if !reconsidered.done.contains(&id) {
                written = true;
                vault.journal().add_change(&WrittenChange::new(&decided))?;
            }
            Ok(Alteration {
                done: reconsidered.done,
                change: shown,
                patch,
            })
        });
        if written && decided.is_ok() {
            self.note_in_journal(|journal| journal.keep_change(id));
        }
        decided
    }

    /// What is stored of a resource that has no changes.
    fn stored(
        &self,
        tx: &Transaction<'_>,
        clinic: &ClinicId,
        key: &ResourceKey,
    ) -> Result<(Option<String>, Option<String>), VaultError> {
        let mut decoder = Decoder::default();
        let found = resources::find(tx, self.directory(), &mut decoder, clinic, key)?;
        Ok(found.map_or((None, None), |found| (Some(found.json), found.version_id)))
    }

    /// Writes what is shown of a resource from now on.
    #[expect(clippy::too_many_arguments, reason = "one place of one resource")]
    fn show(
        &self,
        tx: &Transaction<'_>,
        scratch: &mut Scratch,
        clinic: &ClinicId,
        key: &ResourceKey,
        theirs: Theirs<'_>,
        changes: &[StoredChange],
        now: Timestamp,
    ) -> Result<(VaultChange, IndexPatch), VaultError> {
        let directory = self.directory().current(tx)?;
        let mut ingest = Ingest::begin(tx, scratch, directory, clinic, now)?;
        match shown(theirs.json, changes) {
            Some(json) => ingest.replace(key, theirs.version, &json)?,
            None => ingest.take(&Change::Delete { key: key.clone() })?,
        }
        let (applied, change, patch) = ingest.finish(None)?;
        // Whoever asks has read it before.
        if applied.set_aside > 0 {
            return Err(VaultError::Internal { code: 0 });
        }
        Ok((change, patch))
    }

    /// Alters a change in a way that leaves what is shown.
    fn alter(
        &self,
        id: IntentId,
        alter: impl FnOnce(&Transaction<'_>, &StoredChange) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        self.store()
            .write(Durability::Full, |tx, _| alter(tx, &find(tx, id)?))?;
        self.store().notices.tell(VaultChange::ENTRIES);
        Ok(())
    }

    pub(super) fn alter_shown(
        &self,
        alter: impl FnOnce(&Self, &Transaction<'_>, &mut Scratch) -> Result<Alteration, VaultError>,
    ) -> Result<(), VaultError> {
        let Alteration {
            done,
            mut change,
            patch,
        } = self
            .store()
            .write(Durability::Full, |tx, scratch| alter(self, tx, scratch))?;
        self.note_done(&done);
        patch.apply(self.columns(), self.directory());
        change.entries = true;
        self.store().notices.tell(change);
        Ok(())
    }
}

impl WrittenChange {
    pub(crate) fn new(new: &NewChange) -> Self {
        Self {
            id: new.id,
            clinic: new.clinic.clone(),
            resource_kind: new.key.kind.clone(),
            resource: new.key.id.clone(),
            base: new.base.clone().unwrap_or_else(|| NOTHING.to_owned()),
            ours: new.ours.clone(),
            created: new.created.as_millis(),
        }
    }
}
