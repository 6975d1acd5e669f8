//! Tests of the vault as a whole. Resources are a small JSON of the tests' own and read by an index
//! of the tests' own, so that nothing here depends on what FHIR means.

mod account;
mod base;
mod book;
mod canary;
mod changes;
mod damage;
mod data_use;
mod day_times;
mod export;
mod insurance_terms;
mod keys;
mod lease;
mod lifecycle;
mod measure;
mod model;
mod named;
mod never_lost;
mod outbox;
mod own_documents;
mod parked;
mod pause;
mod queue;
mod tickets;
mod travel_time;
mod trips;

use std::sync::Arc;

use serde::Deserialize;
use sokhoe_domain::text::fold;
use sokhoe_domain::{
    ClinicId, Entry, EntryKind, Point, ReferenceRange, ResourceKey, Section, Timestamp,
};
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::{FhirError, Indexed};
use sokhoe_testing::{MemoryKeys, SeededRng};
use tempfile::TempDir;

use crate::{Applied, EntryPage, EntryQuery, FolderFiles, Page, Vault, VaultError, VaultPorts};

/// A phone: a folder, a key store.
pub(crate) struct Phone {
    pub(crate) folder: TempDir,
    pub(crate) keys: Arc<MemoryKeys>,
    pub(crate) ports: VaultPorts,
}

impl Phone {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Arc::new(MemoryKeys::default());
        let ports = VaultPorts::new(
            Arc::new(FolderFiles::open(folder.path()).unwrap()),
            keys.clone(),
            Arc::new(SeededRng::new(1)),
        );
        Self {
            folder,
            keys,
            ports,
        }
    }

    pub(crate) fn create(&self) -> Vault {
        with_test_index(Vault::create(&self.ports, "me").unwrap())
    }

    /// The same phone with a ring of its own, as after a restart.
    pub(crate) fn restarted(&self) -> VaultPorts {
        let VaultPorts {
            files, keys, rng, ..
        } = self.ports.clone();
        VaultPorts::new(files, keys, rng)
    }

    pub(crate) fn open(&self) -> Result<Vault, VaultError> {
        Vault::open(&self.ports, "me").and_then(try_with_test_index)
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The names and contents of all files.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let bytes = std::fs::read(entry.path()).unwrap();
                (entry.file_name().into_string().unwrap(), bytes)
            })
            .filter(|(name, _)| !name.starts_with(".lock-"))
            .collect();
        files.sort();
        files
    }
}

pub(crate) fn with_test_index(vault: Vault) -> Vault {
    try_with_test_index(vault).unwrap()
}

/// Fails when the file is damaged where every transaction writes.
fn try_with_test_index(vault: Vault) -> Result<Vault, VaultError> {
    vault
        .store()
        .write(crate::store::Durability::Full, |_, scratch| {
            scratch.index = test_index;
            Ok(())
        })?;
    Ok(vault)
}

/// A resource of these tests: one row for each text, one point for each number.
#[derive(Deserialize)]
struct TestResource {
    kind: String,
    id: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    rows: Vec<TestRow>,
    #[serde(default)]
    points: Vec<(i64, f64)>,
    #[serde(default = "code")]
    code: String,
    #[serde(default = "unit")]
    unit: String,
    #[serde(default)]
    medication: Option<String>,
}

#[derive(Deserialize)]
struct TestRow {
    text: String,
    at: Option<i64>,
    #[serde(default = "one")]
    section: u8,
    #[serde(default)]
    detail: String,
    #[serde(default = "status")]
    status: String,
}

const fn one() -> u8 {
    1
}

fn code() -> String {
    "test|value".to_owned()
}

fn unit() -> String {
    "mmol/L".to_owned()
}

fn status() -> String {
    "final".to_owned()
}

fn test_index(json: &str) -> Result<Indexed, FhirError> {
    // What the vault itself makes.
    if json.starts_with(r#"{"resourceType":"#) {
        return sokhoe_fhir::index(json);
    }
    let resource: TestResource = serde_json::from_str(json).map_err(|e| FhirError::NotJson {
        line: e.line(),
        column: e.column(),
    })?;
    let key = ResourceKey::new(resource.kind, resource.id);
    let entries = resource
        .rows
        .iter()
        .map(|row| Entry {
            resource: key.clone(),
            section: Section::from_code(row.section).unwrap(),
            title: row.text.clone(),
            detail: row.detail.clone(),
            when: row.at.map(Timestamp::from_millis),
            status: row.status.clone(),
            kind: EntryKind::Plain,
            trend: (!resource.points.is_empty()).then(|| resource.code.clone()),
            folded: fold(&row.text),
        })
        .collect();
    let points = resource
        .points
        .iter()
        .map(|(at, value)| Point {
            code: resource.code.clone(),
            at: Timestamp::from_millis(*at),
            value: *value,
            unit: resource.unit.clone(),
            range: ReferenceRange::default(),
        })
        .collect();
    Ok(Indexed {
        key,
        version_id: resource.version,
        last_updated: None,
        patient: None,
        entries,
        points,
        medication: resource
            .medication
            .map(|id| ResourceKey::new("Medication", id)),
    })
}

/// A resource with one row.
pub(crate) fn row(id: &str, version: u32, text: &str, at: i64) -> String {
    rows(id, version, &[(text, Some(at), 1)])
}

/// A resource with these rows: text, time, section.
pub(crate) fn rows(id: &str, version: u32, rows: &[(&str, Option<i64>, u8)]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|(text, at, section)| serde_json::json!({"text": text, "at": at, "section": section}))
        .collect();
    serde_json::json!({"kind": "Observation", "id": id, "version": version.to_string(), "rows": rows})
        .to_string()
}

pub(crate) fn put<'a>(id: &str, version: u32, json: &'a str) -> Change<'a> {
    Change::Put {
        key: ResourceKey::new("Observation", id),
        version: Some(version.to_string()),
        json,
    }
}

pub(crate) fn gone(id: &str) -> Change<'static> {
    Change::Delete {
        key: ResourceKey::new("Observation", id),
    }
}

pub(crate) fn clinic(name: &str) -> ClinicId {
    ClinicId::from(name)
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn apply(vault: &Vault, from: &str, changes: &[Change<'_>], cursor: &str) -> Applied {
    vault
        .apply(&Page {
            clinic: &clinic(from),
            changes,
            cursor,
            received: at(1_000),
            bookings: &[],
            events: &[],
        })
        .unwrap()
}

/// Puts one row for each text, in the order of time.
pub(crate) fn fill(vault: &Vault, texts: &[&str]) {
    let resources: Vec<(String, String)> = texts
        .iter()
        .zip(0..)
        .map(|(text, n)| (format!("r{n}"), row(&format!("r{n}"), 1, text, n)))
        .collect();
    let changes: Vec<_> = resources
        .iter()
        .map(|(id, json)| put(id, 1, json))
        .collect();
    apply(vault, "a", &changes, "c1");
}

pub(crate) fn all() -> EntryQuery {
    EntryQuery {
        limit: 1_000,
        ..EntryQuery::default()
    }
}

pub(crate) fn titles(page: &EntryPage) -> Vec<&str> {
    page.rows.iter().map(|row| row.title.as_str()).collect()
}

pub(crate) fn search(vault: &Vault, text: &str) -> Vec<String> {
    let page = vault.search(text, &all()).unwrap();
    titles(&page).into_iter().map(str::to_owned).collect()
}
