//! Beside each figure that the Android FHIR SDK publishes, the nearest thing of ours: `*_vs_afs`.
//!
//! Theirs are from a Google Pixel 7, ours from this machine: **the hardware differs**, so a ratio says only how
//! far apart the two are, not by how much the one is better. docs/figures.md names each.

use std::time::Instant;

use sokhoe_app::domain::{ResourceKey, Section, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_vault::{EntryQuery, Vault};

use super::book::{self, NAME, Side, first};
use super::corpus::{self, Resource};
use super::stage::Stage;
use crate::report::Figure;

pub const NAMES: &[&str] = &[
    "create_vs_afs",
    "get_vs_afs",
    "update_vs_afs",
    "delete_vs_afs",
    "search_string_vs_afs",
    "search_two_names_vs_afs",
    "search_name_or_date_vs_afs",
    "search_token_id_vs_afs",
    "search_date_vs_afs",
    "search_number_vs_afs",
    "search_quantity_vs_afs",
    "sort_by_name_vs_afs",
    "sort_by_birth_date_vs_afs",
    "sort_by_last_update_vs_afs",
    "has_vs_afs",
    "include_vs_afs",
    "revinclude_vs_afs",
    "sync_550_vs_afs",
];

const RUNS: usize = 200;
const DAY: i64 = 86_400_000;

/// A published average in milliseconds (docs/use/FEL/Benchmarking.md of the SDK, Pixel 7, 10,000 patients).
struct Published {
    name: &'static str,
    what: &'static str,
    millis: f64,
}

const fn published(name: &'static str, what: &'static str, millis: f64) -> Published {
    Published { name, what, millis }
}

pub fn measure(stage: &Stage<'_>) -> Vec<Figure> {
    let ports = book::ports(&stage.book(Side::Encrypted));
    let vault = Vault::open(&ports, NAME).expect("the vault");
    let resources = corpus::read(stage.corpus(), 1_000);
    let mut figures = read(&vault, &resources);
    figures.extend(write(&vault, &resources));
    figures
}

fn read(vault: &Vault, resources: &[Resource]) -> Vec<Figure> {
    let at = |n: usize| &resources[n * 7 % resources.len()].key;
    let mut figures = vec![
        timed(published("get_vs_afs", "get", 3.83), |n| get(vault, at(n))),
        timed(
            published(
                "search_token_id_vs_afs",
                "searchPatientIdWithTokenIdentifier",
                11.11,
            ),
            |n| {
                get(vault, at(n));
            },
        ),
        timed(
            published(
                "search_string_vs_afs",
                "searchWithTypeStringSearchParameter",
                24.49,
            ),
            |n| {
                search(vault, ["metformin", "nang", "cholesterol mau"][n % 3]);
            },
        ),
        // Either of two words: two searches.
        timed(
            published(
                "search_two_names_vs_afs",
                "searchPatientGivenWithDisjunctValues",
                34.47,
            ),
            |n| {
                search(vault, ["metformin", "huyet ap"][n % 2]);
                search(vault, ["kham", "nang"][n % 2]);
            },
        ),
        timed(
            published(
                "search_name_or_date_vs_afs",
                "searchPatientWithEitherGivenNameOrBirthDate",
                16.17,
            ),
            |n| {
                search(vault, "metformin");
                day(vault, n);
            },
        ),
        timed(
            published(
                "search_date_vs_afs",
                "searchWithTypeDateSearchParameter",
                5.65,
            ),
            |n| {
                day(vault, n);
            },
        ),
        // The values of a code, of which the one is picked.
        timed(
            published(
                "search_number_vs_afs",
                "searchWithTypeNumberSearchParameter",
                1.68,
            ),
            |_| {
                value(vault, "http://loinc.org|4548-4", 6.0);
            },
        ),
        timed(
            published(
                "search_quantity_vs_afs",
                "searchWithTypeQuantitySearchParameter",
                3.12,
            ),
            |_| {
                value(vault, "http://loinc.org|2339-0", 90.0);
            },
        ),
    ];
    // A book is always sorted, by when things happened: its newest row stands for every sorted search.
    for published in [
        published("sort_by_name_vs_afs", "searchPatientSortedByName", 497.06),
        published(
            "sort_by_birth_date_vs_afs",
            "searchPatientSortedByBirthDate",
            612.62,
        ),
    ] {
        figures.push(timed(published, |n| {
            let section = Section::ALL[n % Section::ALL.len()];
            rows(vault, Some(section), 1);
        }));
    }
    figures.extend([
        timed(
            published(
                "sort_by_last_update_vs_afs",
                "searchEncounterLocalLastUpdated",
                428.07,
            ),
            |_| {
                let newest = vault.resources_of_kind("Encounter", 1).expect("resources");
                assert_eq!(newest.len(), 1);
            },
        ),
        // Whether there is a visit of a kind.
        timed(
            published("has_vs_afs", "searchPatientHasEncounter", 104.66),
            |_| {
                let query = EntryQuery {
                    section: Some(Section::Visits),
                    ..first(1)
                };
                vault.search("kham", &query).expect("a page");
            },
        ),
        // A row with the resource that it was read from, and another one.
        timed(
            published(
                "include_vs_afs",
                "searchPatientWithIncludeGeneralPractitioner",
                9.53,
            ),
            |n| {
                get(vault, at(n));
                get(vault, at(n + 1));
            },
        ),
        timed(
            published(
                "revinclude_vs_afs",
                "searchPatientWithRevIncludeConditions",
                8.32,
            ),
            |n| {
                get(vault, at(n));
                rows(vault, Some(Section::AllergiesAndConditions), 50);
            },
        ),
    ]);
    figures
}

/// Each change is a transaction of its own, as in the SDK's figures; they are made as a page of one.
fn write(vault: &Vault, resources: &[Resource]) -> Vec<Figure> {
    let fresh: Vec<Resource> = resources
        .iter()
        .take(RUNS)
        .enumerate()
        .map(|(n, resource)| {
            let id = format!("new-{n}");
            Resource {
                json: resource.json.replacen(&resource.key.id, &id, 1),
                key: ResourceKey::new(resource.key.kind.clone(), &id),
            }
        })
        .collect();
    let changed: Vec<Resource> = fresh
        .iter()
        .map(|resource| Resource {
            json: corpus::on_other_days(resource.json.clone(), 5).replacen("{", "{ ", 1),
            key: resource.key.clone(),
        })
        .collect();
    let synced: Vec<Resource> = resources
        .iter()
        .take(550)
        .enumerate()
        .map(|(n, resource)| {
            let id = format!("synced-{n}");
            Resource {
                json: resource.json.replacen(&resource.key.id, &id, 1),
                key: ResourceKey::new(resource.key.kind.clone(), &id),
            }
        })
        .collect();
    let one = |vault: &Vault, change: Change<'_>| {
        let applied = book::apply(vault, &[change], "next");
        assert_eq!(applied.set_aside + applied.unchanged, 0, "{applied:?}");
    };
    vec![
        timed(published("create_vs_afs", "create", 4.7), |n| {
            one(vault, book::put(&fresh[n]));
        }),
        timed(published("update_vs_afs", "update", 12.29), |n| {
            let change = Change::Put {
                key: changed[n].key.clone(),
                version: Some("2".to_owned()),
                json: &changed[n].json,
            };
            one(vault, change);
        }),
        timed(published("delete_vs_afs", "delete", 8.08), |n| {
            let key = fresh[n].key.clone();
            one(vault, Change::Delete { key });
        }),
        // Without the network on both sides but for a mock of it on theirs.
        timed_runs(
            published("sync_550_vs_afs", "oneTimeSync_50patients", 1_114.0),
            1,
            |_| {
                book::fill(vault, &synced);
            },
        ),
    ]
}

fn get(vault: &Vault, key: &ResourceKey) {
    let stored = vault
        .resource(&book::clinic(), key)
        .expect("a reading")
        .expect("the resource");
    assert_eq!(
        sokhoe_fhir::index(&stored.json).expect("a resource").key,
        *key
    );
}

fn search(vault: &Vault, words: &str) {
    vault.search(words, &first(50)).expect("a page");
}

fn rows(vault: &Vault, section: Option<Section>, limit: u32) {
    let query = EntryQuery {
        section,
        ..first(limit)
    };
    vault.entries(&query).expect("a page");
}

/// What happened on one day, from 2015 on.
fn day(vault: &Vault, n: usize) {
    let begin = 1_420_070_400_000 + i64::try_from(n).expect("a small number") * DAY;
    let query = EntryQuery {
        from: Some(Timestamp::from_millis(begin)),
        to: Some(Timestamp::from_millis(begin + DAY)),
        ..first(50)
    };
    vault.entries(&query).expect("a page");
}

fn value(vault: &Vault, code: &str, wanted: f64) {
    let points = vault.trend(code, 1_000).expect("points");
    assert!(!points.is_empty());
    std::hint::black_box(points.iter().find(|point| point.value >= wanted));
}

fn timed(published: Published, work: impl FnMut(usize)) -> Figure {
    timed_runs(published, RUNS, work)
}

/// The average, which is what they publish.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn timed_runs(published: Published, runs: usize, mut work: impl FnMut(usize)) -> Figure {
    let begin = Instant::now();
    for n in 0..runs {
        work(n);
    }
    let millis = begin.elapsed().as_secs_f64() * 1e3 / runs as f64;
    Figure::new(published.name, millis, "ms", runs).faster_than(published.what, published.millis)
}
