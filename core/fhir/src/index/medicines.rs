//! Medicines, however the clinic tells of them.

use std::borrow::Cow;

use sokhoe_domain::Section;

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

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
