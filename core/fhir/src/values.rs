//! FHIR's data types as words, told by their shape.

use std::borrow::Cow;

use sokhoe_domain::Timestamp;

use crate::json::Node;
use crate::names;
use crate::patient::human_name;
use crate::read;

/// The name of a Coding: Vietnamese where the code is known, else its display, else its code.
pub(crate) fn coding(coding: Node<'_>) -> Option<Cow<'_, str>> {
    let (system, code) = (coding.str("system"), coding.str("code"));
    if let (Some(system), Some(code)) = (&system, &code)
        && let Some(known) = names::find(system, code)
    {
        return Some(Cow::Borrowed(known.vi));
    }
    coding.str("display").or(code)
}

/// The name of a CodeableConcept: Vietnamese where a code is known, else its text, else a display,
/// else a code.
pub(crate) fn concept(concept: Node<'_>) -> Option<Cow<'_, str>> {
    let codings = concept.get("coding");
    let known = codings.items().find_map(|coding| {
        names::find(&coding.str("system")?, &coding.str("code")?).map(|name| name.vi)
    });
    match known {
        Some(name) => Some(Cow::Borrowed(name)),
        None => concept
            .str("text")
            .or_else(|| codings.items().find_map(|c| c.str("display")))
            .or_else(|| codings.items().find_map(|c| c.str("code"))),
    }
}

/// A Quantity as the clinic wrote it, e.g. `4.50 mmol/L`.
pub(crate) fn quantity(quantity: Node<'_>) -> Option<String> {
    let number = quantity.get("value").number()?;
    let mut text = quantity
        .str("comparator")
        .map_or_else(String::new, |comparator| comparator.into());
    text.push_str(number);
    if let Some(unit) = unit(quantity) {
        text.push(' ');
        text.push_str(&unit);
    }
    Some(text)
}

/// The unit of a Quantity as the clinic wrote it, else its code unless that only says "a number".
pub(crate) fn unit(quantity: Node<'_>) -> Option<Cow<'_, str>> {
    quantity
        .str("unit")
        .or_else(|| quantity.str("code"))
        .filter(|unit| unit != "1" && !unit.starts_with('{'))
}

/// What stands under a choice element, e.g. `value` for `valueQuantity`.
pub(crate) fn choice<'d>(node: Node<'d>, name: &str) -> Option<Node<'d>> {
    node.fields().find_map(|(key, value)| {
        let suffix = inner(key).strip_prefix(name)?;
        (suffix.starts_with(|c: char| c.is_ascii_uppercase()) && value.exists()).then_some(value)
    })
}

/// The bytes of a key between its quotes.
pub(crate) fn inner(key: Node<'_>) -> &str {
    let raw = key.raw();
    raw.get(1..raw.len().saturating_sub(1)).unwrap_or("")
}

/// When something was, of whatever type it is given: a time, the beginning of a period (or its end,
/// when that is all), the first event of a timing.
pub(crate) fn when(node: Node<'_>) -> Option<Timestamp> {
    if !node.is_object() {
        return read::timestamp(node);
    }
    read::timestamp(node.get("start"))
        .or_else(|| read::timestamp(node.get("end")))
        .or_else(|| read::timestamp(node.get("event").first()))
        .or_else(|| read::timestamp(node.get("repeat").get("boundsPeriod").get("start")))
}

/// The first of these fields that says when.
pub(crate) fn first_when(node: Node<'_>, keys: &[&str]) -> Option<Timestamp> {
    keys.iter().find_map(|key| when(node.get(key)))
}

/// Any value as words; nothing for what has no short readable form.
pub(crate) fn words(node: Node<'_>) -> Option<Cow<'_, str>> {
    if let Some(text) = node.text() {
        return Some(text);
    }
    if let Some(number) = node.number() {
        return Some(Cow::Borrowed(number));
    }
    if let Some(truth) = node.bool() {
        return Some(Cow::Borrowed(if truth { "Có" } else { "Không" }));
    }
    if !node.is_object() {
        return None;
    }
    let has = |key| node.get(key).exists();
    if has("coding") {
        return concept(node);
    }
    if let Some(text) = node.str("text") {
        return Some(text);
    }
    if has("currency") {
        return money(node).map(Cow::Owned);
    }
    if has("numerator") {
        return ratio(node).map(Cow::Owned);
    }
    if has("low") || has("high") {
        return range(node).map(Cow::Owned);
    }
    if has("start") || has("end") {
        return period(node).map(Cow::Owned);
    }
    if has("value") {
        return quantity(node).map(Cow::Owned).or_else(|| node.str("value"));
    }
    if has("family") || has("given") {
        return Some(human_name(node))
            .filter(|name| !name.is_empty())
            .map(Cow::Owned);
    }
    if has("repeat") {
        return frequency(node).map(Cow::Owned);
    }
    if has("data") || has("contentType") {
        return node.str("title");
    }
    if has("system") || has("code") {
        return coding(node);
    }
    node.str("display").or_else(|| node.str("title"))
}

/// Money, e.g. `150.000 đ` or `12.50 USD`.
pub(crate) fn money(money: Node<'_>) -> Option<String> {
    if let Some(amount) = read::vnd(money) {
        return Some(amount.to_string());
    }
    let number = money.get("value").number()?;
    Some(match money.str("currency") {
        Some(currency) => format!("{number} {currency}"),
        None => number.to_owned(),
    })
}

fn ratio(node: Node<'_>) -> Option<String> {
    let (numerator, denominator) = (node.get("numerator"), node.get("denominator"));
    let plain = unit(numerator).is_none() && unit(denominator).is_none();
    let upper = quantity(numerator)?;
    Some(match quantity(denominator) {
        // A titre, e.g. 1:128.
        Some(lower) if plain => format!("{upper}:{lower}"),
        Some(lower) => {
            let lower = lower.strip_prefix("1 ").unwrap_or(&lower);
            format!("{upper}/{lower}")
        }
        None => upper,
    })
}

/// A Range, e.g. `3.9 – 6.4 mmol/L`.
pub(crate) fn range(node: Node<'_>) -> Option<String> {
    let (low, high) = (node.get("low"), node.get("high"));
    let unit = unit(low).or_else(|| unit(high));
    let mut text = match (low.get("value").number(), high.get("value").number()) {
        (Some(low), Some(high)) => format!("{low} – {high}"),
        (Some(low), None) => format!("≥ {low}"),
        (None, Some(high)) => format!("≤ {high}"),
        (None, None) => return None,
    };
    if let Some(unit) = unit {
        text.push(' ');
        text.push_str(&unit);
    }
    Some(text)
}

fn period(node: Node<'_>) -> Option<String> {
    match (node.str("start"), node.str("end")) {
        (Some(start), Some(end)) => Some(format!("{start} – {end}")),
        (Some(start), None) => Some(format!("{start} –")),
        (None, Some(end)) => Some(format!("– {end}")),
        (None, None) => None,
    }
}

/// A Dosage: its text, else the dose and how often, put together.
pub(crate) fn dosage(dosage: Node<'_>) -> Option<String> {
    if let Some(text) = dosage
        .str("text")
        .or_else(|| dosage.str("patientInstruction"))
    {
        return Some(text.trim().to_owned());
    }
    let rate = dosage.get("doseAndRate").first();
    let dose = quantity(rate.get("doseQuantity"))
        .or_else(|| range(rate.get("doseRange")))
        .or_else(|| quantity(dosage.get("dose")))
        .map(|dose| format!("mỗi lần {dose}"));
    let often = frequency(dosage.get("timing"));
    let needed = (dosage.get("asNeededBoolean").bool() == Some(true)).then(|| "khi cần".to_owned());
    joined([dose, often, needed], ", ")
}

/// A Timing as words, e.g. `ngày 2 lần`.
fn frequency(timing: Node<'_>) -> Option<String> {
    let code = timing.get("code");
    if let Some(text) = code.str("text") {
        return Some(text.into());
    }
    let known = code.get("coding").first().str("code");
    let known = match known.as_deref() {
        Some("QD") => Some("ngày 1 lần"),
        Some("BID") => Some("ngày 2 lần"),
        Some("TID") => Some("ngày 3 lần"),
        Some("QID") => Some("ngày 4 lần"),
        Some("QOD") => Some("cách ngày 1 lần"),
        Some("AM") => Some("buổi sáng"),
        Some("PM") => Some("buổi chiều"),
        Some("BED") => Some("trước khi ngủ"),
        Some("Q1H") => Some("mỗi 1 giờ"),
        Some("Q2H") => Some("mỗi 2 giờ"),
        Some("Q3H") => Some("mỗi 3 giờ"),
        Some("Q4H") => Some("mỗi 4 giờ"),
        Some("Q6H") => Some("mỗi 6 giờ"),
        Some("Q8H") => Some("mỗi 8 giờ"),
        Some("WK") => Some("tuần 1 lần"),
        Some("MO") => Some("tháng 1 lần"),
        Some(_) | None => None,
    };
    if let Some(known) = known {
        return Some(known.to_owned());
    }
    let repeat = timing.get("repeat");
    let times = repeat.get("frequency").number().unwrap_or("1");
    let period = repeat.get("period").number()?;
    let unit = match repeat.str("periodUnit")?.as_ref() {
        "min" => "phút",
        "h" => "giờ",
        "d" => "ngày",
        "wk" => "tuần",
        "mo" => "tháng",
        "a" => "năm",
        _ => return None,
    };
    let one = matches!(period, "1" | "1.0");
    Some(match (one, times) {
        (true, times) => format!("{unit} {times} lần"),
        (false, "1") => format!("mỗi {period} {unit}"),
        (false, times) => format!("mỗi {period} {unit} {times} lần"),
    })
}

/// What is there, with a separator; nothing when nothing is there.
pub(crate) fn joined<T: AsRef<str>>(
    parts: impl IntoIterator<Item = Option<T>>,
    separator: &str,
) -> Option<String> {
    let mut out = String::new();
    for part in parts.into_iter().flatten() {
        let part = part.as_ref().trim();
        if !part.is_empty() {
            if !out.is_empty() {
                out.push_str(separator);
            }
            out.push_str(part);
        }
    }
    (!out.is_empty()).then_some(out)
}

/// At most so many characters of a text, cut with an ellipsis.
pub(crate) fn clip(mut text: String, most: usize) -> String {
    if text.len() > most
        && let Some((at, _)) = text.char_indices().nth(most)
    {
        text.truncate(at);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    fn said(json: &str) -> Option<String> {
        let json = format!("{{\"v\":{json}}}");
        let document = Document::parse(&json).unwrap();
        words(document.root().get("v")).map(Into::into)
    }

    #[test]
    fn types_are_told_by_their_shape() {
        for (json, text) in [
            (r#""x""#, "x"),
            ("4.50", "4.50"),
            ("true", "Có"),
            (r#"{"value":4.50,"unit":"mmol/L"}"#, "4.50 mmol/L"),
            (r#"{"comparator":"<","value":5,"code":"mg"}"#, "<5 mg"),
            (r#"{"value":7,"unit":"{score}","code":"{score}"}"#, "7"),
            (r#"{"value":7,"code":"1"}"#, "7"),
            (
                r#"{"numerator":{"value":1},"denominator":{"value":128}}"#,
                "1:128",
            ),
            (
                r#"{"numerator":{"value":5,"unit":"mg"},"denominator":{"value":1,"unit":"mL"}}"#,
                "5 mg/mL",
            ),
            (
                r#"{"low":{"value":3.9,"unit":"g"},"high":{"value":6.40}}"#,
                "3.9 – 6.40 g",
            ),
            (r#"{"high":{"value":5}}"#, "≤ 5"),
            (r#"{"value":150000,"currency":"VND"}"#, "150.000 đ"),
            (r#"{"value":12.50,"currency":"USD"}"#, "12.50 USD"),
            (r#"{"start":"2026"}"#, "2026 –"),
            (r#"{"coding":[{"code":"a"},{"display":"B"}]}"#, "B"),
            (r#"{"coding":[{"code":"a"}]}"#, "a"),
            (r#"{"system":"s","code":"c","display":"D"}"#, "D"),
            (r#"{"family":"Lê","given":["An"]}"#, "Lê An"),
            (r#"{"reference":"Patient/1","display":"Lê An"}"#, "Lê An"),
            (r#"{"system":"s","value":"0123"}"#, "0123"),
            (r#"{"time":"2026","text":"ghi chú"}"#, "ghi chú"),
            (r#"{"contentType":"a/b","title":"Phiếu"}"#, "Phiếu"),
        ] {
            assert_eq!(said(json).as_deref(), Some(text), "{json}");
        }
        for json in [
            "null",
            "{}",
            "[]",
            r#"{"reference":"Patient/1"}"#,
            r#"{"contentType":"a/b","data":"AAAA"}"#,
            r#"{"value":{}}"#,
        ] {
            assert_eq!(said(json), None, "{json}");
        }
    }

    #[test]
    fn a_dosage_is_put_together() {
        for (json, text) in [
            (r#"{"text":" Uống 1 viên "}"#, Some("Uống 1 viên")),
            (
                r#"{"doseAndRate":[{"doseQuantity":{"value":1,"unit":"viên"}}],"timing":{"repeat":{"frequency":2,"period":1,"periodUnit":"d"}},"asNeededBoolean":true}"#,
                Some("mỗi lần 1 viên, ngày 2 lần, khi cần"),
            ),
            (
                r#"{"timing":{"repeat":{"frequency":1,"period":8,"periodUnit":"h"}}}"#,
                Some("mỗi 8 giờ"),
            ),
            (
                r#"{"timing":{"code":{"coding":[{"code":"BID"}]}}}"#,
                Some("ngày 2 lần"),
            ),
            (r#"{"timing":{"repeat":{"period":{}}}}"#, None),
            ("{}", None),
            ("7", None),
        ] {
            let json = format!("{{\"v\":{json}}}");
            let document = Document::parse(&json).unwrap();
            assert_eq!(dosage(document.root().get("v")).as_deref(), text, "{json}");
        }
    }

    #[test]
    fn clips_between_characters() {
        assert_eq!(clip("Đường".to_owned(), 3), "Đườ…");
        assert_eq!(clip("Đường".to_owned(), 5), "Đường");
        assert_eq!(clip(String::new(), 0), "");
    }
}
