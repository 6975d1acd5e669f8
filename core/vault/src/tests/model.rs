//! The vault against a model of maps and loops.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sokhoe_domain::text::fold;
use sokhoe_domain::{ResourceKey, Section};

use super::{Phone, apply, at, clinic, gone, put, rows};
use crate::EntryQuery;

const WORDS: [&str; 8] = ["Đường", "huyết", "đào", "Đạo", "hòa", "HOÀ", "áp", "du"];
const CLINICS: [&str; 2] = ["a", "b"];

#[derive(Debug, Clone)]
enum Step {
    Put {
        clinic: usize,
        id: u8,
        rows: Vec<TestRow>,
        points: Vec<(i64, i8)>,
    },
    Delete {
        clinic: usize,
        id: u8,
    },
    Broken {
        clinic: usize,
        id: u8,
    },
    Reopen,
}

type TestRow = (Vec<usize>, Option<i64>, u8);

fn step() -> impl Strategy<Value = Step> {
    let row = (
        proptest::collection::vec(0..WORDS.len(), 0..4),
        proptest::option::of(0_i64..5),
        1_u8..4,
    );
    prop_oneof![
        6 => (
            0..2_usize,
            0_u8..40,
            proptest::collection::vec(row, 0..3),
            proptest::collection::vec((0_i64..5, any::<i8>()), 0..3),
        )
            .prop_map(|(clinic, id, rows, points)| Step::Put { clinic, id, rows, points }),
        2 => (0..2_usize, 0_u8..40).prop_map(|(clinic, id)| Step::Delete { clinic, id }),
        1 => (0..2_usize, 0_u8..40).prop_map(|(clinic, id)| Step::Broken { clinic, id }),
        1 => Just(Step::Reopen),
    ]
}

fn query() -> impl Strategy<Value = (Vec<String>, EntryQuery)> {
    let word = (0..WORDS.len(), 1_usize..6)
        .prop_map(|(word, length)| fold(WORDS[word]).chars().take(length).collect::<String>());
    (
        proptest::collection::vec(word, 0..3),
        proptest::option::of(1_u8..4),
        proptest::option::of(0..2_usize),
        proptest::option::of(0_i64..5),
        proptest::option::of(0_i64..6),
        1_u32..8,
    )
        .prop_map(|(words, section, from_clinic, from, to, limit)| {
            let query = EntryQuery {
                section: section.and_then(Section::from_code),
                clinic: from_clinic.map(|n| clinic(CLINICS[n])),
                from: from.map(at),
                to: to.map(at),
                before: None,
                limit,
            };
            (words, query)
        })
}

/// A row of the model: its place in the order is its time and when it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    when: Option<i64>,
    written: u64,
    title: String,
    section: u8,
    clinic: usize,
}

/// A resource of the model: which step wrote it, its JSON, its points.
type Resource = (u32, String, Vec<(i64, i8)>);

fn matches(row: &Row, words: &[String], query: &EntryQuery) -> bool {
    let folded = fold(&row.title);
    let all_words = words.iter().all(|word| {
        folded
            .split(' ')
            .any(|other| other.starts_with(word.as_str()))
    });
    let in_period = match row.when {
        None => query.from.is_none() && query.to.is_none(),
        Some(when) => {
            query.from.is_none_or(|from| at(when) >= from)
                && query.to.is_none_or(|to| at(when) < to)
        }
    };
    all_words
        && in_period
        && query
            .section
            .is_none_or(|section| section.code() == row.section)
        && query
            .clinic
            .as_ref()
            .is_none_or(|id| *id == clinic(CLINICS[row.clinic]))
}

fn with_points(json: &str, points: &[(i64, i8)]) -> String {
    let mut resource: serde_json::Value = serde_json::from_str(json).unwrap();
    resource["points"] = serde_json::json!(points);
    resource.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_vault_is_a_sorted_list_of_rows(
        steps in proptest::collection::vec((step(), any::<bool>()), 1..250),
        queries in proptest::collection::vec(query(), 1..12),
    ) {
        let phone = Phone::new();
        let mut vault = phone.create();
        let mut model: BTreeMap<(usize, u8), Vec<Row>> = BTreeMap::new();
        let mut resources: BTreeMap<(usize, u8), Resource> = BTreeMap::new();
        let mut written = 0;
        for (number, (step, search_now)) in (1_u32..).zip(&steps) {
            match step {
                Step::Put { clinic, id, rows: new, points } => {
                    let titles: Vec<String> = new
                        .iter()
                        .map(|(words, ..)| words.iter().map(|w| WORDS[*w]).collect::<Vec<_>>().join(" "))
                        .collect();
                    let new: Vec<_> = titles.iter().zip(new).map(|(t, (_, at, section))| (t.as_str(), *at, *section)).collect();
                    let id_text = format!("r{id}");
                    let json = with_points(&rows(&id_text, number, &new), points);
                    apply(&vault, CLINICS[*clinic], &[put(&id_text, number, &json)], "c");
                    let kept = new.iter().map(|(title, when, section)| {
                        written += 1;
                        Row { when: *when, written, title: (*title).to_owned(), section: *section, clinic: *clinic }
                    });
                    model.insert((*clinic, *id), kept.collect());
                    resources.insert((*clinic, *id), (number, json, points.clone()));
                }
                Step::Delete { clinic, id } => {
                    apply(&vault, CLINICS[*clinic], &[gone(&format!("r{id}"))], "c");
                    model.remove(&(*clinic, *id));
                    resources.remove(&(*clinic, *id));
                }
                Step::Broken { clinic, id } => {
                    apply(&vault, CLINICS[*clinic], &[put(&format!("r{id}"), number, "{")], "c");
                }
                Step::Reopen => {
                    drop(vault);
                    vault = phone.open().unwrap();
                }
            }
            // Now and then, so that columns in memory are patched and not only read.
            if *search_now {
                vault.search("d", &EntryQuery::default()).unwrap();
            }
        }
        for (clinic_number, name) in CLINICS.iter().enumerate() {
            for id in 0..40 {
                let key = ResourceKey::new("Observation", format!("r{id}"));
                let stored = vault.resource(&clinic(name), &key).unwrap();
                let expected = resources.get(&(clinic_number, id)).map(|(_, json, _)| json);
                prop_assert_eq!(stored.as_ref().map(|stored| &stored.json), expected);
            }
        }
        let of_kind = vault.resources_of_kind("Observation", 1_000).unwrap();
        prop_assert_eq!(of_kind.len(), resources.len());
        let mut points: Vec<(i64, u32, i8)> = Vec::new();
        for (number, _, of_resource) in resources.values() {
            points.extend(of_resource.iter().map(|(at, value)| (*at, *number, *value)));
        }
        points.sort_by_key(|(at, number, _)| (*at, *number));
        let expected: Vec<f64> = points.iter().rev().take(20).rev().map(|(_, _, value)| f64::from(*value)).collect();
        let trend: Vec<f64> = vault.trend("test|value", 20).unwrap().into_iter().map(|point| point.value).collect();
        prop_assert_eq!(trend, expected);
        let mut sorted: Vec<Row> = model.into_values().flatten().collect();
        sorted.sort_by_key(|row| std::cmp::Reverse((row.when, row.written)));
        for (words, query) in queries {
            let expected: Vec<&str> = sorted.iter().filter(|row| matches(row, &words, &query)).map(|row| row.title.as_str()).collect();
            let mut found = Vec::new();
            let mut query = query;
            loop {
                let page = vault.search(&words.join(" "), &query).unwrap();
                prop_assert!(page.rows.len() <= query.limit as usize);
                found.extend(page.rows.into_iter().map(|row| row.title));
                query.before = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            prop_assert_eq!(found, expected);
        }
    }
}
