//! Medicines, however the clinic tells of them.

use std::borrow::Cow;

use sokhoe_domain::{ResourceKey, Section};

use super::row::{Book, LONGEST, Row, Words};
use crate::json::Node;
use crate::values;

/// The types that tell of a medicine.
pub(super) const KINDS: [&str; 4] = [
    "MedicationRequest",
    "MedicationStatement",
    "MedicationDispense",
    "MedicationAdministration",
];

pub(super) fn medicine(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = name(root, &mut words);
    let dosage = ["dosageInstruction", "dosage"]
        .into_iter()
        .flat_map(|field| root.get(field).items())
        .filter_map(values::dosage)
        .map(Some);
    let detail = values::joined(dosage, "; ")
        .or_else(|| values::quantity(root.get("quantity")))
        .unwrap_or_default();
    let when = values::first_when(
        root,
        &[
            "authoredOn",
            "effectiveDateTime",
            "effectivePeriod",
            "whenHandedOver",
            "whenPrepared",
            "dateAsserted",
        ],
    );
    book.add(Row {
        detail,
        when,
        ..Row::new(Section::Medicines, title, "Thuốc", words)
    });
}

/// The medicine itself: by code, inside the resource, or as the reference shows it.
fn name<'d>(root: Node<'d>, words: &mut Words) -> Option<Cow<'d, str>> {
    let reference = root.get("medicationReference");
    words
        .concept(root.get("medicationCodeableConcept"))
        .or_else(|| {
            let inside = reference.str("reference")?;
            let id = inside.strip_prefix('#')?;
            let contained = root
                .get("contained")
                .items()
                .find(|resource| resource.get("id").is_text(id))?;
            words.concept(contained.get("code"))
        })
        .or_else(|| words.text(reference.str("display")))
}

/// The Medication that a resource refers to without saying what it is.
pub(super) fn unnamed(root: Node<'_>, kind: &str) -> Option<ResourceKey> {
    if !KINDS.contains(&kind) || name(root, &mut Words::default()).is_some() {
        return None;
    }
    // Relative, or absolute at the same clinic, or of a version.
    let reference = root.get("medicationReference").str("reference")?;
    let reference = reference.split("/_history/").next()?;
    let start = reference.rfind("Medication/")?;
    ResourceKey::parse(reference.get(start..)?)
}

/// The name of a Medication, and all it says of it, folded.
pub(super) fn name_of(medication: Node<'_>) -> Option<(String, String)> {
    let mut words = Words::default();
    let name = words.concept(medication.get("code"))?;
    let name = values::clip(name.trim().to_owned(), LONGEST);
    Some((name, words.into_folded()))
}
