//! Visits and stays.

use std::borrow::Cow;

use sokhoe_domain::Section;

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

pub(super) fn encounter(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let class = class(root.get("class"));
    let kind = words
        .first_concept(root.get("type"))
        .or_else(|| words.concept(root.get("serviceType")));
    let reason = words.first_concept(root.get("reasonCode"));
    let class = words.text(class);
    let title = kind.or(class);
    let place = root
        .get("serviceProvider")
        .str("display")
        .or_else(|| root.get("location").first().get("location").str("display"));
    book.add(Row {
        detail: values::joined([reason, place], " · ").unwrap_or_default(),
        when: values::when(root.get("period")),
        // The place is added with all places.
        detail_is_searched: true,
        ..Row::new(Section::Visits, title, "Lần khám", words)
    });
}

/// `Encounter.class` is a Coding; one word of it says enough.
fn class(class: Node<'_>) -> Option<Cow<'_, str>> {
    Some(match class.str("code")?.as_ref() {
        "AMB" => Cow::Borrowed("Khám ngoại trú"),
        "EMER" => Cow::Borrowed("Cấp cứu"),
        "IMP" | "ACUTE" | "NONAC" => Cow::Borrowed("Nằm viện"),
        "HH" => Cow::Borrowed("Khám tại nhà"),
        "OBSENC" => Cow::Borrowed("Nằm theo dõi"),
        "SS" => Cow::Borrowed("Nằm trong ngày"),
        "VR" => Cow::Borrowed("Khám từ xa"),
        _ => return values::coding(class),
    })
}
