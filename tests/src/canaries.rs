//! What the people of the tests are called, have and take: none of it may be in a log (see [`sokhoe_testing::canaries`]).

use std::io::{BufRead as _, BufReader};
use std::sync::Once;

use flate2::read::GzDecoder;
use serde_json::Value;
use sokhoe_testing::canaries::{PEOPLE, watch_for};

use crate::{BOOK_PATIENT, data};

/// Characters of a text that means something wherever it stands.
const LONG_ENOUGH: usize = 12;

/// From now on this process ends where one of them is in an event or a panic of ours.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        watch_for(PEOPLE);
        watch_for([BOOK_PATIENT.trim()]);
        watch_for(of_the_book());
    });
}

/// What was found in the demo patient, and what they take.
///
/// # Panics
/// When the files of `tests/data` cannot be read.
#[must_use]
pub fn of_the_book() -> Vec<String> {
    const KINDS: [&str; 6] = [
        "AllergyIntolerance",
        "Condition",
        "DiagnosticReport",
        "MedicationRequest",
        "MedicationStatement",
        "Procedure",
    ];
    let mut found = Vec::new();
    for file in ["synthea-patient.ndjson.gz", "hl7-book.ndjson.gz"] {
        let file = std::fs::File::open(data(file)).expect("a file of tests/data");
        for line in BufReader::new(GzDecoder::new(file)).lines() {
            let resource: Value = serde_json::from_str(&line.expect("a line")).expect("a resource");
            if !KINDS.contains(&resource["resourceType"].as_str().unwrap_or_default()) {
                continue;
            }
            for concept in [&resource["code"], &resource["medicationCodeableConcept"]] {
                let codings = concept["coding"].as_array().into_iter().flatten();
                let displays = codings.map(|coding| &coding["display"]);
                let texts = displays.chain([&concept["text"]]).filter_map(Value::as_str);
                found.extend(
                    texts
                        .filter(|text| text.chars().count() >= LONG_ENOUGH)
                        .map(str::to_owned),
                );
            }
        }
    }
    found.sort();
    found.dedup();
    assert!(found.len() > 100, "a book with hardly anything in it");
    found
}
