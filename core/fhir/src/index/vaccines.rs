//! Vaccines given and due.

use sokhoe_domain::Section;

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

pub(super) fn given(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words.concept(root.get("vaccineCode"));
    let dose = values::choice(root.get("protocolApplied").first(), "doseNumber")
        .and_then(values::words)
        .map(|number| format!("Mũi {number}"));
    let lot = root.str("lotNumber").map(|lot| format!("Lô {lot}"));
    let place = root.get("location").str("display").map(Into::into);
    let reason = values::concept(root.get("statusReason")).map(Into::into);
    let vague = root.str("occurrenceString").map(Into::into);
    book.add(Row {
        detail: values::joined([reason, vague, dose, lot, place], " · ").unwrap_or_default(),
        when: values::first_when(root, &["occurrenceDateTime", "recorded"]),
        ..Row::new(Section::Vaccines, title, "Tiêm chủng", words)
    });
}

/// Each recommended vaccine is a row, at the date it is due when one is given.
pub(super) fn recommended(book: &mut Book<'_>, root: Node<'_>) {
    for due in root.get("recommendation").items() {
        let mut words = Words::default();
        let title = words
            .first_concept(due.get("vaccineCode"))
            .or_else(|| words.concept(due.get("targetDisease")));
        let dose = values::choice(due, "doseNumber")
            .and_then(values::words)
            .map(|number| format!("Mũi {number}"));
        let status = due.get("forecastStatus");
        let said = words.concept(status).map(Into::into);
        book.add(Row {
            detail: values::joined([dose, said], " · ").unwrap_or_default(),
            when: values::when(due.get("dateCriterion").first().get("value"))
                .or_else(|| values::when(root.get("date"))),
            status: status.get("coding").first().str("code"),
            ..Row::new(Section::Vaccines, title, "Tiêm chủng", words)
        });
    }
}
