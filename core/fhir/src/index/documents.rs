//! Letters, reports, plans, teams, answers.

use std::borrow::Cow;

use sokhoe_domain::Section;

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

/// DocumentReference, DocumentManifest.
pub(super) fn reference(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let attachment = root.get("content").first().get("attachment");
    let title = words.concept(root.get("type"));
    let description = words.text(root.str("description"));
    let file = words.text(attachment.str("title"));
    let category = words.first_concept(root.get("category"));
    let (title, detail) = match title {
        Some(title) => (Some(title), description.or(file).or(category)),
        None => (description.or(file).or(category), None),
    };
    book.add(Row {
        detail: detail.map(Into::into).unwrap_or_default(),
        when: values::first_when(root, &["date", "created"])
            .or_else(|| values::when(root.get("context").get("period")))
            .or_else(|| values::when(attachment.get("creation"))),
        ..Row::new(Section::Documents, title, "Tài liệu", words)
    });
}

pub(super) fn answers(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let items = root.get("item");
    let title = words.text(
        root.get("_questionnaire")
            .get("extension")
            .items()
            .find_map(|extension| extension.str("valueString"))
            .or_else(|| items.items().find_map(|item| item.str("text"))),
    );
    let answers = items
        .items()
        .flat_map(|item| item.get("answer").items())
        .filter_map(|answer| values::choice(answer, "value"))
        .map(values::words);
    let detail = values::joined(answers.take(3), " · ");
    book.add(Row {
        detail: detail.unwrap_or_default(),
        when: values::when(root.get("authored")),
        ..Row::new(Section::Documents, title, "Phiếu trả lời", words)
    });
}

pub(super) fn team(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words
        .text(root.str("name"))
        .or_else(|| words.first_concept(root.get("category")))
        .or_else(|| words.first_concept(root.get("reasonCode")));
    let members = root
        .get("participant")
        .items()
        .map(|participant| participant.get("member").str("display"));
    book.add(Row {
        detail: values::joined(members, ", ").unwrap_or_default(),
        when: values::when(root.get("period")),
        ..Row::new(Section::Documents, title, "Nhóm chăm sóc", words)
    });
}

pub(super) fn goal(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words.concept(root.get("description"));
    let targets = root.get("target").items().map(|target| {
        values::choice(target, "detail")
            .and_then(values::words)
            .or_else(|| values::concept(target.get("measure")))
    });
    book.add(Row {
        detail: values::joined(targets, " · ").unwrap_or_default(),
        when: values::first_when(root, &["startDate", "statusDate"]),
        status: root.str("lifecycleStatus"),
        ..Row::new(Section::Documents, title, "Mục tiêu", words)
    });
}

/// The rest, whose fields differ only in name.
pub(super) fn other(book: &mut Book<'_>, root: Node<'_>, kind: &str) {
    let mut words = Words::default();
    let (concepts, usual): (&[&str], _) = match kind {
        "Composition" => (&["type", "category"], "Hồ sơ"),
        "CarePlan" => (&["category"], "Kế hoạch chăm sóc"),
        "ClinicalImpression" => (&["code"], "Nhận định"),
        "Communication" => (&["topic", "category", "reasonCode"], "Tin nhắn"),
        "Consent" => (&["scope", "category"], "Giấy đồng ý"),
        "NutritionOrder" => (&["foodPreferenceModifier"], "Chế độ ăn"),
        "RiskAssessment" => (&["code", "method"], "Đánh giá nguy cơ"),
        _ => (&[], "Đơn kính"),
    };
    let named: Option<Cow<'_, str>> = words.text(root.str("title"));
    let coded = concepts
        .iter()
        .find_map(|field| words.first_concept(root.get(field)));
    let said = root
        .str("description")
        .or_else(|| root.str("summary"))
        .or_else(|| root.get("payload").first().str("contentString"))
        .or_else(|| words.first_concept(root.get("oralDiet").get("type")))
        .or_else(|| words.concept(root.get("prediction").first().get("outcome")))
        .or_else(|| words.concept(root.get("activity").first().get("detail").get("code")));
    let (title, detail) = match named {
        Some(title) => (Some(title), coded.or(said)),
        None => (coded, said),
    };
    let when = values::first_when(
        root,
        &[
            "date",
            "period",
            "created",
            "dateTime",
            "sent",
            "effectiveDateTime",
            "effectivePeriod",
            "occurrenceDateTime",
            "occurrencePeriod",
            "dateWritten",
        ],
    );
    book.add(Row {
        detail: detail.map(Into::into).unwrap_or_default(),
        when,
        ..Row::new(Section::Documents, title, usual, words)
    });
}
