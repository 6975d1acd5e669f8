//! Operations and treatments, done and ordered.

use sokhoe_domain::Section;

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

pub(super) fn procedure(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words.concept(root.get("code"));
    let part = words.first_concept(root.get("bodySite"));
    let outcome = words.concept(root.get("outcome"));
    let place = root.get("location").str("display");
    let vague = words.text(root.str("performedString"));
    let when = values::first_when(root, &["performedDateTime", "performedPeriod"]);
    book.add(Row {
        detail: values::joined([part, outcome, place, vague], " · ").unwrap_or_default(),
        when,
        // The place is added with all places.
        detail_is_searched: true,
        ..Row::new(Section::Procedures, title, "Thủ thuật", words)
    });
}

/// ServiceRequest, DeviceRequest.
pub(super) fn request(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words
        .concept(root.get("code"))
        .or_else(|| words.concept(root.get("codeCodeableConcept")))
        .or_else(|| words.text(root.get("codeReference").str("display")));
    let detail = words.first_concept(root.get("orderDetail"));
    let reason = words.first_concept(root.get("reasonCode"));
    let instruction = root.str("patientInstruction");
    let when = values::first_when(
        root,
        &[
            "occurrenceDateTime",
            "occurrencePeriod",
            "occurrenceTiming",
            "authoredOn",
        ],
    );
    book.add(Row {
        detail: values::joined([detail, reason, instruction], " · ").unwrap_or_default(),
        when,
        ..Row::new(Section::Procedures, title, "Chỉ định", words)
    });
}
