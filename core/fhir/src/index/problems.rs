//! Allergies, conditions, what runs in the family, warnings.

use std::borrow::Cow;

use sokhoe_domain::Section;

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

pub(super) fn allergy(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words.concept(root.get("code"));
    let mut reactions = Vec::new();
    for manifestation in root
        .get("reaction")
        .items()
        .flat_map(|reaction| reaction.get("manifestation").items())
    {
        reactions.push(words.concept(manifestation));
    }
    let when = values::first_when(
        root,
        &[
            "onsetDateTime",
            "onsetPeriod",
            "recordedDate",
            "lastOccurrence",
        ],
    );
    book.add(Row {
        detail: values::joined(reactions, ", ").unwrap_or_default(),
        when,
        status: clinical_status(root),
        detail_is_searched: true,
        ..Row::new(Section::AllergiesAndConditions, title, "Dị ứng", words)
    });
}

pub(super) fn condition(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words.concept(root.get("code"));
    let severity = words.concept(root.get("severity"));
    let part = words.first_concept(root.get("bodySite"));
    let vague = words.text(root.str("onsetString"));
    let when = values::first_when(root, &["onsetDateTime", "onsetPeriod", "recordedDate"]);
    book.add(Row {
        detail: values::joined([severity, part, vague], " · ").unwrap_or_default(),
        when,
        status: clinical_status(root),
        detail_is_searched: true,
        ..Row::new(Section::AllergiesAndConditions, title, "Bệnh", words)
    });
}

pub(super) fn family(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let relative = words.concept(root.get("relationship"));
    let name = words.text(root.str("name"));
    let mut conditions = Vec::new();
    for condition in root.get("condition").items() {
        conditions.push(words.concept(condition.get("code")));
    }
    book.add(Row {
        detail: values::joined(conditions, ", ").unwrap_or_default(),
        when: values::when(root.get("date")),
        detail_is_searched: true,
        ..Row::new(
            Section::AllergiesAndConditions,
            relative.or(name),
            "Tiền sử gia đình",
            words,
        )
    });
}

/// Flag, DetectedIssue, AdverseEvent.
pub(super) fn warning(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words
        .concept(root.get("code"))
        .or_else(|| words.concept(root.get("event")));
    let when = values::first_when(
        root,
        &["period", "identifiedDateTime", "identifiedPeriod", "date"],
    );
    book.add(Row {
        detail: root.str("detail").map(Into::into).unwrap_or_default(),
        when,
        status: root.str("status").or_else(|| root.str("actuality")),
        ..Row::new(Section::AllergiesAndConditions, title, "Lưu ý", words)
    });
}

fn clinical_status(root: Node<'_>) -> Option<Cow<'_, str>> {
    root.get("clinicalStatus").get("coding").first().str("code")
}
