//! The vault at 50,000 resources: store, list, search, trend, size.

use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use sokhoe_app::domain::{ClinicId, ResourceKey, Section, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::{MemoryKeys, SeededRng};
use sokhoe_vault::{EntryQuery, FolderFiles, Page, Vault, VaultPorts};
use tempfile::TempDir;

use crate::report::{Figure, percentile};

const RESOURCES: usize = 50_000;
const PAGE: usize = 500;
const RUNS: usize = 200;

/// Real resources again and again under new ids until there are 50,000; the long financial ones
/// (Claim, ExplanationOfBenefit) and the one Provenance of everything are left out, so that a
/// resource is of the size that clinics send (about 1 KB).
fn corpus() -> Vec<(ResourceKey, String)> {
    let file =
        std::fs::File::open(sokhoe_tests::data("synthea-patient.ndjson.gz")).expect("the data");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("the data");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| {
            !["Claim", "ExplanationOfBenefit", "Provenance", "Patient"]
                .iter()
                .any(|kind| line.starts_with(&format!("{{\"resourceType\":\"{kind}\"")))
        })
        .collect();
    (0..RESOURCES)
        .map(|n| {
            let line = lines[n % lines.len()];
            let kind = line.split('"').nth(3).expect("a resource type").to_owned();
            let id = sokhoe_fhir::index(line).expect("a resource").key.id;
            let new_id = format!("r{n}");
            (
                ResourceKey::new(kind, &new_id),
                line.replacen(
                    &format!("\"id\":\"{id}\""),
                    &format!("\"id\":\"{new_id}\""),
                    1,
                ),
            )
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn millis(mut work: impl FnMut()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64() * 1e3
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
pub fn measure() -> Vec<Figure> {
    let corpus = corpus();
    let json_bytes: usize = corpus.iter().map(|(_, json)| json.len()).sum();
    let folder = TempDir::new().expect("a folder");
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(folder.path()).expect("a folder")),
        Arc::new(MemoryKeys::default()),
        Arc::new(SeededRng::new(1)),
    );
    let clinic = ClinicId::from("bench");
    let vault = Vault::create(&ports, "bench").expect("a vault");
    let begin = Instant::now();
    for (n, chunk) in corpus.chunks(PAGE).enumerate() {
        let changes: Vec<Change<'_>> = chunk
            .iter()
            .map(|(key, json)| Change::Put {
                key: key.clone(),
                version: Some("1".to_owned()),
                json,
            })
            .collect();
        let applied = vault
            .apply(&Page {
                clinic: &clinic,
                changes: &changes,
                cursor: &n.to_string(),
                received: Timestamp::from_millis(0),
                bookings: &[],
                events: &[],
            })
            .expect("a page");
        assert_eq!(applied.set_aside, 0);
    }
    let store = RESOURCES as f64 / begin.elapsed().as_secs_f64();
    drop(vault);
    let disk: u64 = std::fs::read_dir(folder.path())
        .expect("the folder")
        .map(|f| f.expect("a file").metadata().expect("its size").len())
        .sum();

    let mut opened = Vec::new();
    for _ in 0..20 {
        opened.push(millis(|| {
            let vault = Vault::open(&ports, "bench").expect("the vault");
            assert_eq!(vault.entries(&first(50)).expect("a page").rows.len(), 50);
        }));
    }
    let vault = Vault::open(&ports, "bench").expect("the vault");
    let mut lists = Vec::new();
    for n in 0..RUNS {
        let section = Section::ALL[n % Section::ALL.len()];
        lists.push(millis(|| {
            vault
                .entries(&EntryQuery {
                    section: Some(section),
                    ..first(50)
                })
                .expect("a page");
        }));
    }
    // From one rare word to words that match nearly every row of a kind.
    let words = [
        "duong huyet",
        "huyet ap",
        "a",
        "ma",
        "thuoc",
        "kham",
        "metformin",
        "cholesterol mau",
        "nang",
        "xyzzy",
        "b",
        "huyet duong tam thu",
    ];
    let mut searches = Vec::new();
    for n in 0..RUNS {
        searches.push(millis(|| {
            vault
                .search(words[n % words.len()], &first(50))
                .expect("a page");
        }));
    }
    let mut trends = Vec::new();
    for _ in 0..RUNS {
        trends.push(millis(|| {
            assert!(
                !vault
                    .trend("http://loinc.org|2339-0", 50)
                    .expect("points")
                    .is_empty()
            );
        }));
    }
    vec![
        Figure::new("store", store, "resources/s", 1)
            .against("plain SQLite, one table", plain_sqlite(&corpus)),
        Figure::new("open_first_list", percentile(&mut opened, 95), "ms", 20),
        Figure::new("list_p95", percentile(&mut lists, 95), "ms", RUNS),
        Figure::new("search_p95", percentile(&mut searches, 95), "ms", RUNS),
        Figure::new("trend_p95", percentile(&mut trends, 95), "ms", RUNS),
        Figure::new(
            "vault_bytes_ratio",
            disk as f64 / json_bytes as f64,
            "of the JSON",
            1,
        ),
    ]
}

/// Resources a second into unencrypted SQLite: the same JSON, the same pages, nothing else kept.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn plain_sqlite(corpus: &[(ResourceKey, String)]) -> f64 {
    let folder = TempDir::new().expect("a folder");
    let mut sql = Connection::open(folder.path().join("plain.db")).expect("a database");
    sql.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         CREATE TABLE resource (kind TEXT, id TEXT, json TEXT, PRIMARY KEY (kind, id))",
    )
    .expect("a table");
    let begin = Instant::now();
    for chunk in corpus.chunks(PAGE) {
        let tx = sql.transaction().expect("a transaction");
        for (key, json) in chunk {
            tx.prepare_cached("INSERT INTO resource VALUES (?1, ?2, ?3)")
                .and_then(|mut insert| insert.execute((&key.kind, &key.id, json)))
                .expect("a row");
        }
        tx.commit().expect("a commit");
    }
    corpus.len() as f64 / begin.elapsed().as_secs_f64()
}

fn first(limit: u32) -> EntryQuery {
    EntryQuery {
        section: None,
        clinic: None,
        from: None,
        to: None,
        before: None,
        limit,
    }
}
