//! What phones read of the log: a person's entries with their proofs, and heads.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value as Json;
use sokhoe_domain::merkle::{Hash, TreeHead, consistency_proof, inclusion_proof, root};
use sokhoe_domain::{AccessAgent, AccessEntry};
use sokhoe_fhir::access_log::from_text;
use sokhoe_qr::signed::{Checkpoint, device_digest, sha256};

use super::insert::rows_of;
use super::places::{self, Numbered};
use super::tree::Tiles;
use crate::clinic::Inner;
use crate::store::{Sql, StoreError, Value, params};

/// An entry as it is given.
pub(crate) struct Line {
    pub number: i64,
    /// Its bytes.
    pub text: String,
    pub entry: AccessEntry,
    pub index: u64,
    pub proof: Vec<Hash>,
    /// Who it was, by a name that the clinic knows now.
    pub name: Option<String>,
}

/// A person's entries, the newest first.
pub(crate) struct Page {
    pub lines: Vec<Line>,
    pub head: TreeHead,
    pub more: bool,
}

/// Entries that are asked for by one statement.
const AT_ONCE: usize = 16;

/// So many of a person's entries that are older than number `before`.
pub(crate) fn page(
    sql: Sql<'_>,
    patient: &str,
    before: i64,
    count: usize,
) -> Result<Page, StoreError> {
    let mut numbered = places::of_person(sql, patient, before, count + 1)?;
    let more = numbered.len() > count;
    numbered.truncate(count);
    let mut texts = texts(sql, &numbered)?;
    // One that somebody took away is not there: its number is missing.
    let rows: Vec<(Numbered, String)> = numbered
        .into_iter()
        .filter_map(|of| Some((of, texts.remove(&of.place)?)))
        .collect();
    let mut tiles = Tiles::new(sql);
    let head = head_of(size(sql)?, &mut tiles)?;
    let entries: Vec<AccessEntry> = rows
        .iter()
        .map(|(_, text)| from_text(text).map_err(|_| StoreError::Unexpected))
        .collect::<Result<_, _>>()?;
    let names = Names::of(sql, patient, &entries)?;
    let mut lines = Vec::with_capacity(rows.len());
    for ((of, text), entry) in rows.into_iter().zip(entries) {
        let index = of.place.unsigned_abs();
        let proof = inclusion_proof(sha256, index, head.size, &mut tiles)?;
        lines.push(Line {
            number: of.number,
            name: names.name(&entry),
            text,
            entry,
            index,
            proof: proof.ok_or(StoreError::Unexpected)?,
        });
    }
    Ok(Page { lines, head, more })
}

/// The bytes of entries by their places.
fn texts(sql: Sql<'_>, numbered: &[Numbered]) -> Result<HashMap<i64, String>, StoreError> {
    let mut texts = HashMap::with_capacity(numbered.len());
    let text = format!(
        "SELECT place, entry FROM access_log_entry WHERE place IN {}",
        rows_of(AT_ONCE, 1)
    );
    for some in numbered.chunks(AT_ONCE) {
        let mut places: Vec<_> = some.iter().map(|of| Value::Integer(of.place)).collect();
        // Always as many, so that it is one text: nothing is before the first place.
        places.resize(AT_ONCE, Value::Integer(-1));
        texts.extend(sql.rows(&text, &places, |row| Ok((row.get(0)?, row.get(1)?)))?);
    }
    Ok(texts)
}

/// A head, and what proves that it follows another one.
pub(crate) struct Head {
    pub head: TreeHead,
    pub consistency: Vec<Hash>,
}

/// The head of the first `to` entries, or of all there are, and that it follows the head of the first `from`. What the log
/// never had so many of cannot be proved.
pub(crate) fn head(sql: Sql<'_>, from: u64, to: Option<u64>) -> Result<Head, StoreError> {
    let mut tiles = Tiles::new(sql);
    let size = size(sql)?;
    let to = to.unwrap_or(size).min(size);
    let consistency = consistency_proof(sha256, from, to, &mut tiles)?;
    Ok(Head {
        head: head_of(to, &mut tiles)?,
        consistency: consistency.unwrap_or_default(),
    })
}

/// The signed head.
pub(crate) fn checkpoint(inner: &Inner, head: TreeHead) -> Result<String, StoreError> {
    Checkpoint::of_access_log(&inner.id, head)
        .sign(inner.keys.identity())
        .map_err(|_| StoreError::Unexpected)
}

fn size(sql: Sql<'_>) -> Result<u64, StoreError> {
    sql.one("SELECT size FROM access_log WHERE one = 1", &[], |row| {
        row.get(0).map(i64::unsigned_abs)
    })
}

fn head_of(size: u64, tiles: &mut Tiles<'_>) -> Result<TreeHead, StoreError> {
    Ok(TreeHead {
        size,
        root: root(sha256, size, tiles)?,
    })
}

/// The id of the member of staff who did it.
fn staff_of(entry: &AccessEntry) -> Option<&str> {
    match &entry.agent {
        AccessAgent::Staff(id, _) => Some(id),
        _ => None,
    }
}

/// The names of who could see a person: looked up when they are shown, since the log has none.
struct Names {
    /// Of the person's own phones, by their digests.
    phones: HashMap<String, String>,
    /// Of helpers, by their Consents.
    helpers: HashMap<String, String>,
    /// Of staff, by their ids.
    staff: HashMap<String, String>,
}

impl Names {
    fn of(sql: Sql<'_>, patient: &str, entries: &[AccessEntry]) -> Result<Self, StoreError> {
        let phones = sql.rows(
            "SELECT s.device, s.device_name FROM access_grant g JOIN session s ON s.pk = g.session
             WHERE g.patient = ?1 AND g.consent IS NULL",
            params![patient],
            |row| Ok((device_digest(row.text(0)?), row.get::<String>(1)?)),
        )?;
        let consents: BTreeSet<&str> = entries
            .iter()
            .filter_map(|entry| entry.consent.as_deref())
            .collect();
        let mut helpers = HashMap::new();
        for consent in consents {
            let json: Option<String> = sql.first(
                "SELECT json FROM resource
                 WHERE type = 'Consent' AND id = ?1 AND patient = ?2 AND json IS NOT NULL",
                params![consent, patient],
                |row| row.get(0),
            )?;
            let json: Json = serde_json::from_str(&json.unwrap_or_default()).unwrap_or_default();
            let name = json.pointer("/provision/actor/0/reference/display");
            if let Some(name) = name.and_then(Json::as_str) {
                helpers.insert(consent.to_owned(), name.to_owned());
            }
        }
        let ids: BTreeSet<&str> = entries.iter().filter_map(staff_of).collect();
        let mut staff = HashMap::new();
        for id in ids {
            let name = crate::staff::name_of(sql, id)?;
            staff.extend(name.map(|name| (id.to_owned(), name)));
        }
        Ok(Self {
            phones: phones.into_iter().collect(),
            staff,
            helpers,
        })
    }

    /// Who was denied something is nobody whom the person knows: not named.
    fn name(&self, entry: &AccessEntry) -> Option<String> {
        match (&entry.agent, &entry.consent) {
            (_, Some(consent)) => self.helpers.get(consent).cloned(),
            (AccessAgent::Phone(digest), None) => self.phones.get(digest).cloned(),
            (AccessAgent::Staff(id, _), None) => self.staff.get(id).cloned(),
            _ => None,
        }
    }
}
