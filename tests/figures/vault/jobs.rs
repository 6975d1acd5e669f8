//! What the processes do.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::{Value, json};
use sokhoe_app::domain::Section;
use sokhoe_vault::{EntryQuery, Vault};

use super::book::{self, NAME, PAGE, Side, first};
use super::corpus::{self, Resource};
use crate::process::{cpu_seconds, memory};
use crate::report::percentile;

/// How often each read is timed.
pub const RUNS: usize = 200;

/// From one rare word to words that match nearly every row of a kind.
const WORDS: [&str; 12] = [
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

/// Blood glucose, which was measured oftenest.
const TREND: &str = "http://loinc.org|2339-0";

/// Does the job that the arguments name and prints what it found.
pub fn run(arguments: &[String]) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = match arguments[..] {
        ["store", side, corpus, count, folder] => {
            Side::begin(side);
            let resources = corpus::read(Path::new(corpus), count.parse().expect("a number"));
            store(&resources, Path::new(folder))
        }
        ["rows", corpus, count, folder] => {
            let resources = corpus::read(Path::new(corpus), count.parse().expect("a number"));
            rows(&resources, Path::new(folder))
        }
        ["open", side, folder] => {
            Side::begin(side);
            open(Path::new(folder))
        }
        ["read", side, corpus, folder] => {
            Side::begin(side);
            read(&corpus::read(Path::new(corpus), 1_000), Path::new(folder))
        }
        ["session", side, corpus, folder] => {
            Side::begin(side);
            session(&corpus::read(Path::new(corpus), 1_000), Path::new(folder))
        }
        _ => panic!("no such job: {arguments:?}"),
    };
    println!("{said}");
}

/// The storing of the first sync, to the file that is folded and closed.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn store(resources: &[Resource], folder: &Path) -> Value {
    let ports = book::ports(folder);
    let vault = Vault::create(&ports, NAME).expect("a vault");
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    book::fill(&vault, resources);
    drop(vault);
    let (wall, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    json!({"wall_s": wall, "cpu_s": cpu, "bytes": book::bytes(folder), "peak_mb": memory("VmHWM")})
}

/// The same JSON into one table of an ordinary SQLite file, under a number and nothing else: the same
/// pages as transactions, on disk as surely as the vault's pages are, and closed.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn rows(resources: &[Resource], folder: &Path) -> Value {
    let mut sql = Connection::open(folder.join("rows.db")).expect("a database");
    sql.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192;
         PRAGMA wal_autocheckpoint = 4000;
         CREATE TABLE resource (number INTEGER PRIMARY KEY, json TEXT NOT NULL)",
    )
    .expect("a table");
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    for chunk in resources.chunks(PAGE) {
        let tx = sql.transaction().expect("a transaction");
        for resource in chunk {
            tx.prepare_cached("INSERT INTO resource (json) VALUES (?1)")
                .and_then(|mut insert| insert.execute([&resource.json]))
                .expect("a row");
        }
        tx.commit().expect("a commit");
    }
    drop(sql);
    let (wall, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    json!({"wall_s": wall, "cpu_s": cpu, "bytes": book::bytes(folder)})
}

/// A process that has just started shows the first list.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn open(folder: &Path) -> Value {
    let ports = book::ports(folder);
    let begin = Instant::now();
    let vault = Vault::open(&ports, NAME).expect("the vault");
    let open = begin.elapsed().as_secs_f64() * 1e3;
    let shown = vault.entries(&first(50)).expect("a page").rows.len();
    let millis = begin.elapsed().as_secs_f64() * 1e3;
    assert_eq!(shown, 50);
    json!({"ms": millis, "open_ms": open, "rss_mb": memory("VmRSS"), "peak_mb": memory("VmHWM")})
}

/// Every kind of reading, many times.
fn read(resources: &[Resource], folder: &Path) -> Value {
    let vault = Vault::open(&book::ports(folder), NAME).expect("the vault");
    json!({
        "list": times(|n| list(&vault, n)),
        "search": times(|n| search(&vault, n)),
        "trend": times(|_| trend(&vault)),
        "get": times(|n| get(&vault, &resources[n * 7 % resources.len()])),
    })
}

/// What a person does in some minutes.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn session(resources: &[Resource], folder: &Path) -> Value {
    let ports = book::ports(folder);
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    let vault = Vault::open(&ports, NAME).expect("the vault");
    for n in 0..20 {
        list(&vault, n);
        search(&vault, n);
        trend(&vault);
        get(&vault, &resources[n * 37 % resources.len()]);
        get(&vault, &resources[n * 41 % resources.len()]);
    }
    let (wall, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    json!({"ms": wall * 1e3, "cpu_ms": cpu * 1e3})
}

fn list(vault: &Vault, n: usize) {
    vault
        .entries(&EntryQuery {
            section: Some(Section::ALL[n % Section::ALL.len()]),
            ..first(50)
        })
        .expect("a page");
}

fn search(vault: &Vault, n: usize) {
    vault
        .search(WORDS[n % WORDS.len()], &first(50))
        .expect("a page");
}

fn trend(vault: &Vault) {
    assert!(!vault.trend(TREND, 50).expect("points").is_empty());
}

/// The resource, read as a screen reads it: the peer parses it, too.
fn get(vault: &Vault, resource: &Resource) {
    let stored = vault
        .resource(&book::clinic(), &resource.key)
        .expect("a reading")
        .expect("the resource");
    let read = sokhoe_fhir::index(&stored.json).expect("a resource");
    assert_eq!(read.key, resource.key);
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn times(mut work: impl FnMut(usize)) -> Value {
    let cpu = cpu_seconds();
    let mut millis: Vec<f64> = (0..RUNS)
        .map(|n| {
            let begin = Instant::now();
            work(n);
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let cpu = cpu_seconds() - cpu;
    json!({
        "p50": percentile(&mut millis, 50),
        "p95": percentile(&mut millis, 95),
        "cpu_ms": cpu * 1e3 / RUNS as f64,
    })
}
