//! Figures, on the real resources of `tests/data`:
//! `cargo test --release -p sokhoe-vault measure -- --ignored --nocapture`. `cargo xtask bench` is what counts; this
//! is for work on the vault, and shows where the bytes and the time go.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "measures the real time and prints it"
)]

use std::io::Read as _;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use sokhoe_domain::{ResourceKey, Section};
use sokhoe_fhir::bundle::Change;

use super::{Phone, at, clinic};
use crate::{EntryQuery, Page, Vault};

const RESOURCES: usize = 50_000;
const PAGE: usize = 500;

/// Real resources, one a line, without those that a phone never gets.
fn corpus() -> Vec<String> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/synthea-patient.ndjson.gz"
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    text.lines()
        .filter(|line| {
            !["ExplanationOfBenefit", "Claim", "Provenance"]
                .iter()
                .any(|kind| line.starts_with(&format!("{{\"resourceType\":\"{kind}\"")))
        })
        .map(str::to_owned)
        .collect()
}

/// Copies with other ids and other years, in the order of a feed.
fn resources() -> Vec<(ResourceKey, String)> {
    let corpus = corpus();
    (0..RESOURCES)
        .map(|n| {
            let (copy, line) = (n / corpus.len(), &corpus[n % corpus.len()]);
            let key = sokhoe_fhir::index(line).unwrap().key;
            let tail = &key.id[key.id.len().min(4)..];
            let id = format!("{:04x}{tail}", (copy * 7_919 + n) % 65_536);
            let mut json = line.replacen(&key.id, &id, 1);
            for year in (1950..2030).rev() {
                let (from, to) = (format!("\"{year}-"), format!("\"{}-", year - copy));
                if copy > 0 && json.contains(&from) {
                    json = json.replace(&from, &to);
                }
            }
            (ResourceKey::new(key.kind, id), json)
        })
        .collect()
}

fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|f| f.parse::<u64>().ok())
            .unwrap_or(0)
    };
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), cpu());
    let value = work();
    println!(
        "{name:40} {:9.2} ms wall, {:7} ms CPU",
        start.elapsed().as_secs_f64() * 1e3,
        (cpu() - before).as_millis()
    );
    value
}

fn percentiles(name: &str, rounds: usize, mut work: impl FnMut(usize)) {
    let mut times: Vec<f64> = (0..rounds)
        .map(|n| {
            let start = Instant::now();
            work(n);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name:40} p50 {:.3} ms, p95 {:.3} ms, max {:.3} ms",
        times[rounds / 2],
        times[rounds * 95 / 100],
        times[rounds - 1]
    );
}

fn checkpoint(vault: &Vault) {
    // Not in a transaction: through the writer that a relaxed commit just used.
    vault.store().checkpoint();
}

/// How many pages of each table are in the journal.
fn written(vault: &Vault, phone: &Phone) -> std::collections::BTreeMap<String, usize> {
    let journal = std::fs::read(phone.path("me.db-wal")).unwrap();
    let number = |at: usize| u32::from_be_bytes(journal[at..at + 4].try_into().unwrap());
    // Frames of an earlier round follow the new ones; the salt tells.
    let mut pages = std::collections::BTreeSet::new();
    let mut at = 32;
    while at + 24 <= journal.len() && number(at + 8) == number(16) {
        pages.insert(i64::from(number(at)));
        at += 24 + 4_096;
    }
    vault
        .store()
        .read(|tx, _| {
            let mut find = tx.prepare("SELECT name, pageno FROM dbstat").unwrap();
            let mut rows = find.query([]).unwrap();
            let mut counts = std::collections::BTreeMap::new();
            while let Some(row) = rows.next().unwrap() {
                if pages.contains(&row.get(1).unwrap()) {
                    *counts.entry(row.get(0).unwrap()).or_default() += 1;
                }
            }
            Ok(counts)
        })
        .unwrap()
}

/// Only storing, for a profiler.
#[test]
#[ignore = "for a profiler, in a release build"]
fn measure_store() {
    let resources = resources();
    let phone = Phone::new();
    let vault = Vault::create(&phone.ports, "me").unwrap();
    timed("store", || store(&vault, &resources));
}

fn store(vault: &Vault, resources: &[(ResourceKey, String)]) {
    for (number, page) in resources.chunks(PAGE).enumerate() {
        let changes: Vec<_> = page
            .iter()
            .map(|(key, json)| Change::Put {
                key: key.clone(),
                version: Some("1".to_owned()),
                json,
            })
            .collect();
        let applied = vault
            .apply(&Page {
                clinic: &clinic("a"),
                changes: &changes,
                cursor: &number.to_string(),
                received: at(1),
                bookings: &[],
                events: &[],
            })
            .unwrap();
        assert_eq!(applied.stored, page.len() as u64);
    }
}

#[test]
#[ignore = "takes a minute, in a release build"]
fn measure() {
    let resources = resources();
    let bytes: usize = resources.iter().map(|(_, json)| json.len()).sum();
    println!(
        "{} resources of {} bytes",
        resources.len(),
        bytes / resources.len()
    );

    timed("read (sokhoe_fhir::index)", || {
        resources
            .iter()
            .map(|(_, json)| sokhoe_fhir::index(json).unwrap().entries.len())
            .sum::<usize>()
    });
    timed("compress", || {
        let mut encoder = crate::compression::Encoder::default();
        resources
            .iter()
            .map(|(_, json)| encoder.encode(json).bytes.len())
            .sum::<usize>()
    });
    let folder = tempfile::tempdir().unwrap();
    timed("plain SQLite, the same bytes", || {
        let mut plain = Connection::open(folder.path().join("plain.db")).unwrap();
        plain.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE r (id INTEGER PRIMARY KEY, json TEXT);").unwrap();
        for page in resources.chunks(PAGE) {
            let tx = plain.transaction().unwrap();
            let mut add = tx
                .prepare_cached("INSERT INTO r (json) VALUES (?1)")
                .unwrap();
            for (_, json) in page {
                add.execute([json]).unwrap();
            }
            drop(add);
            tx.commit().unwrap();
        }
    });
    let phone = Phone::new();
    let vault = Vault::create(&phone.ports, "me").unwrap();
    let (first, last) = resources.split_at(RESOURCES - PAGE);
    timed("store", || store(&vault, first));
    checkpoint(&vault);
    store(&vault, last);
    println!("pages that the last commit wrote:");
    for (name, pages) in written(&vault, &phone) {
        println!("  {name:24} {pages:>5}");
    }
    timed("the same again", || {
        for page in resources.chunks(PAGE) {
            let changes: Vec<_> = page
                .iter()
                .map(|(key, json)| Change::Put {
                    key: key.clone(),
                    version: Some("1".to_owned()),
                    json,
                })
                .collect();
            let page = Page {
                clinic: &clinic("a"),
                changes: &changes,
                cursor: "x",
                received: at(1),
                bookings: &[],
                events: &[],
            };
            vault.apply(&page).unwrap();
        }
    });
    drop(vault);
    let size = std::fs::metadata(phone.path("me.db")).unwrap().len();
    println!(
        "{size} bytes on disk, {:.3} of the JSON",
        size as f64 / bytes as f64
    );

    timed("open", || Vault::open(&phone.ports, "me").unwrap());
    let list = |section| EntryQuery {
        section,
        limit: 50,
        ..EntryQuery::default()
    };
    timed("open and first list", || {
        let vault = Vault::open(&phone.ports, "me").unwrap();
        vault.entries(&list(None)).unwrap();
    });
    let vault = Vault::open(&phone.ports, "me").unwrap();
    println!("{:?}", vault.counts().unwrap());
    timed("first search", || {
        vault.search("body", &list(None)).unwrap()
    });
    vault
        .store()
        .read(|tx, _| {
            let mut sizes = tx
                .prepare("SELECT name, sum(pgsize), count(*) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12")
                .unwrap();
            let mut rows = sizes.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                println!("  {:24} {:>10} bytes", row.get::<_, String>(0).unwrap(), row.get::<_, i64>(1).unwrap());
            }
            Ok(())
        })
        .unwrap_or_else(|error| println!("{error}"));

    let mut cursors = Vec::new();
    let mut query = list(None);
    for _ in 0..200 {
        query.before = vault.entries(&query).unwrap().next;
        cursors.push(query.before);
    }
    percentiles("list of 50", 1_000, |n| {
        let section = [
            None,
            Some(Section::Results),
            Some(Section::Medicines),
            Some(Section::Visits),
        ][n % 4];
        vault
            .entries(&EntryQuery {
                before: cursors[n * 7 % cursors.len()],
                ..list(section)
            })
            .unwrap();
    });
    percentiles("list of a clinic", 500, |n| {
        let query = EntryQuery {
            clinic: Some(clinic("a")),
            before: cursors[n % cursors.len()],
            ..list(None)
        };
        vault.entries(&query).unwrap();
    });
    let mut common: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for (_, json) in resources.iter().take(5_000) {
        for entry in sokhoe_fhir::index(json).unwrap().entries {
            let words: std::collections::BTreeSet<&str> = entry.folded.split(' ').collect();
            for word in words {
                *common.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    let mut common: Vec<_> = common.into_iter().collect();
    common.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    println!("commonest words of 5,000 resources: {:?}", &common[..8]);
    let words: Vec<&str> = common.iter().map(|(word, _)| word.as_str()).collect();
    percentiles("search, commonest words", 500, |n| {
        vault.search(words[n % 10], &list(None)).unwrap();
    });
    percentiles("search, two of the commonest", 500, |n| {
        vault
            .search(
                &format!("{} {}", words[n % 10], words[(n * 3 + 1) % 20]),
                &list(None),
            )
            .unwrap();
    });
    percentiles("search, one letter", 500, |n| {
        let letter = char::from(b'a' + u8::try_from(n % 26).unwrap());
        vault.search(&letter.to_string(), &list(None)).unwrap();
    });
    percentiles("search, three letters", 500, |n| {
        let word = words[n % words.len()];
        vault
            .search(&word.chars().take(3).collect::<String>(), &list(None))
            .unwrap();
    });
    percentiles("search, any word", 2_000, |n| {
        vault
            .search(words[n * 37 % words.len()], &list(None))
            .unwrap();
    });
    let codes: Vec<String> = {
        let mut codes = std::collections::BTreeSet::new();
        for (_, json) in &resources[..5_000] {
            codes.extend(
                sokhoe_fhir::index(json)
                    .unwrap()
                    .points
                    .into_iter()
                    .map(|point| point.code),
            );
        }
        codes.into_iter().collect()
    };
    percentiles("trend of 50", 500, |n| {
        vault.trend(&codes[n % codes.len()], 50).unwrap();
    });
    percentiles("get", 1_000, |n| {
        let (key, _) = &resources[n * 7_919 % resources.len()];
        vault.resource(&clinic("a"), key).unwrap().unwrap();
    });
}

/// `cargo test --release -p sokhoe-vault measure_pause -- --ignored --nocapture`
#[test]
#[ignore = "takes a minute, in a release build"]
fn measure_pause() {
    const ROUNDS: usize = 200;
    let phone = Phone::new();
    let vault = Vault::create(&phone.ports, "me").unwrap();
    let resources: Vec<(ResourceKey, String)> = corpus()
        .into_iter()
        .map(|json| (sokhoe_fhir::index(&json).unwrap().key, json))
        .collect();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let mut times = Vec::new();
    std::thread::scope(|scope| {
        let (vault, resources, stop) = (&vault, &resources, &stop);
        // A first sync without end, and a screen that reads meanwhile.
        scope.spawn(move || {
            for (n, page) in resources.chunks(PAGE).cycle().enumerate() {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                let version = (n / resources.len().div_ceil(PAGE)).to_string();
                let changes: Vec<Change<'_>> = page
                    .iter()
                    .map(|(key, json)| Change::Put {
                        key: key.clone(),
                        version: Some(version.clone()),
                        json,
                    })
                    .collect();
                let _paused = vault.apply(&Page {
                    clinic: &clinic("a"),
                    changes: &changes,
                    cursor: "c",
                    received: at(1),
                    bookings: &[],
                    events: &[],
                });
            }
        });
        scope.spawn(move || {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let _paused = vault.search("a", &EntryQuery::default());
            }
        });
        for round in 0..ROUNDS {
            std::thread::sleep(Duration::from_millis(20 + (round as u64 * 37) % 200));
            let start = Instant::now();
            vault.pause(Duration::from_millis(500)).unwrap();
            times.push(start.elapsed().as_secs_f64() * 1e3);
            vault.resume();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    times.sort_by(f64::total_cmp);
    println!(
        "pause during a first sync: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms of {ROUNDS}",
        times[ROUNDS / 2],
        times[ROUNDS * 99 / 100],
        times[ROUNDS - 1]
    );
    vault.check().unwrap();
}
