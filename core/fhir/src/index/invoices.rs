//! Invoices.

use std::borrow::Cow;

use sokhoe_domain::Section;

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

pub(super) fn invoice(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    words.add("Hóa đơn");
    if let Some(number) = root.get("identifier").first().str("value") {
        words.add(&number);
    }
    let mut lines: Vec<Option<Cow<'_, str>>> = Vec::new();
    for line in root.get("lineItem").items() {
        lines.push(
            words
                .concept(line.get("chargeItemCodeableConcept"))
                .or_else(|| words.text(line.get("chargeItemReference").str("display"))),
        );
    }
    let kind = words.concept(root.get("type"));
    let title = values::joined(lines, ", ").map(Cow::Owned).or(kind);
    let total =
        values::money(root.get("totalGross")).or_else(|| values::money(root.get("totalNet")));
    book.add(Row {
        detail: total.unwrap_or_default(),
        when: values::when(root.get("date")),
        ..Row::new(Section::Invoices, title, "Hóa đơn", words)
    });
}
