//! X-ray, CT, ultrasound, photographs.

use std::borrow::Cow;

use sokhoe_domain::Section;

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

pub(super) fn study(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let procedure = words.first_concept(root.get("procedureCode"));
    let description = words.text(root.str("description"));
    let series = root.get("series").first();
    let modality = words
        .coding(root.get("modality").first())
        .or_else(|| words.coding(series.get("modality")));
    let part = words.coding(series.get("bodySite"));
    let title = procedure.or(description).or_else(|| modality.clone());
    let detail = [modality, part]
        .into_iter()
        .filter(|part| part.is_some() && *part != title);
    book.add(Row {
        detail: values::joined(detail, " · ").unwrap_or_default(),
        when: values::first_when(root, &["started"])
            .or_else(|| values::when(series.get("started"))),
        ..Row::new(Section::Images, title, "Chẩn đoán hình ảnh", words)
    });
}

pub(super) fn media(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words
        .text(root.get("content").str("title"))
        .or_else(|| words.concept(root.get("view")))
        .or_else(|| words.concept(root.get("modality")))
        .or_else(|| words.concept(root.get("type")));
    let part: Option<Cow<'_, str>> = words.concept(root.get("bodySite"));
    book.add(Row {
        detail: part.map(Into::into).unwrap_or_default(),
        when: values::first_when(root, &["createdDateTime", "createdPeriod", "issued"]),
        ..Row::new(Section::Images, title, "Hình ảnh", words)
    });
}
