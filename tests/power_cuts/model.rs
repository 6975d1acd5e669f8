//! What the book should hold, worked out from the resources alone.

use std::collections::BTreeMap;

use sokhoe_app::domain::{ClinicId, Entry, ResourceKey};
use sokhoe_fhir::bundle::Change;
use sokhoe_tests::book::Book;

/// The resources that are there, with the order of their arrival.
#[derive(Debug, Default)]
pub struct Model {
    resources: BTreeMap<(ClinicId, ResourceKey), (u64, String, Option<String>)>,
    arrivals: u64,
}

impl Model {
    /// Takes in what a page brings.
    pub fn take(&mut self, clinic: &ClinicId, changes: &[Change<'_>]) {
        for change in changes {
            match change {
                Change::Put { key, version, json } => {
                    let is_readable =
                        sokhoe_fhir::index(json).is_ok_and(|indexed| indexed.key == *key);
                    let name = (clinic.clone(), key.clone());
                    let is_known = self
                        .resources
                        .get(&name)
                        .is_some_and(|(.., known)| known == version);
                    if is_readable && !is_known {
                        self.arrivals += 1;
                        let resource = (self.arrivals, (*json).to_owned(), version.clone());
                        self.resources.insert(name, resource);
                    }
                }
                Change::Delete { key } => {
                    self.resources.remove(&(clinic.clone(), key.clone()));
                }
                Change::Broken { .. } => {}
            }
        }
    }

    /// Fails unless the book holds these resources, and the rows, searches and trends they give.
    pub fn compare(&self, book: &Book, step: &str) {
        let kept: BTreeMap<_, _> = book
            .resources
            .iter()
            .map(|(name, resource)| (name, (&resource.json, &resource.version_id)))
            .collect();
        let expected: BTreeMap<_, _> = self
            .resources
            .iter()
            .map(|(name, (_, json, version))| (name, (json, version)))
            .collect();
        assert!(kept == expected, "{step}: other resources");

        let mut rows: Vec<(u64, &ClinicId, Entry)> = Vec::new();
        let mut points = Vec::new();
        for ((clinic, _), (arrival, json, _)) in &self.resources {
            let indexed = sokhoe_fhir::index(json).unwrap();
            rows.extend(indexed.entries.into_iter().map(|e| (*arrival, clinic, e)));
            points.extend(indexed.points);
        }
        rows.sort_by_key(|(arrival, _, entry)| std::cmp::Reverse((entry.when, *arrival)));
        let texts = |rows: &[sokhoe_vault::EntryRow]| -> Vec<String> {
            rows.iter()
                .map(|row| {
                    format!(
                        "{} {:?} {:?} {} {} {:?} {} {:?} {:?}",
                        row.clinic,
                        row.resource,
                        row.section,
                        row.title,
                        row.detail,
                        row.when,
                        row.status,
                        row.kind,
                        row.trend
                    )
                })
                .collect()
        };
        let text = |(_, clinic, e): &(u64, &ClinicId, Entry)| {
            format!(
                "{clinic} {:?} {:?} {} {} {:?} {} {:?} {:?}",
                e.resource, e.section, e.title, e.detail, e.when, e.status, e.kind, e.trend
            )
        };
        let all: Vec<String> = rows.iter().map(text).collect();
        assert_eq!(texts(&book.entries), all, "{step}: other rows");
        for (word, found) in &book.found {
            let with_word: Vec<String> = rows
                .iter()
                .filter(|(_, _, e)| e.folded.split(' ').any(|other| other.starts_with(word)))
                .map(text)
                .collect();
            assert_eq!(texts(found), with_word, "{step}: other rows with {word}");
        }
        for (code, course) in &book.trends {
            let mut expected: Vec<_> = points
                .iter()
                .filter(|point| point.code == *code)
                .map(|point| (point.at, point.value.to_bits(), point.unit.clone()))
                .collect();
            expected.sort();
            let mut kept = course.clone();
            kept.sort();
            assert_eq!(kept, expected, "{step}: another course of {code}");
        }
    }
}
