//! Observations and diagnostic reports.

use std::borrow::Cow;

use sokhoe_domain::{EntryKind, Point, ReferenceRange, Section, Timestamp};

use super::row::{Book, Row, Words};
use crate::json::Node;
use crate::values;

const LOINC: &str = "http://loinc.org";

/// What people measure at home and nurses at the bed; for observations without a category.
const VITAL_SIGNS: [&str; 22] = [
    "85353-1", "85354-9", "55284-4", "8480-6", "8462-4", "8867-4", "9279-1", "8310-5", "8302-2",
    "8287-5", "9843-4", "29463-7", "3141-9", "39156-5", "2708-6", "59408-5", "8478-0", "8306-3",
    "41950-7", "55423-8", "72514-3", "59576-9",
];

pub(super) fn observation(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let code = root.get("code");
    let title = words.concept(code);
    let when = values::first_when(
        root,
        &[
            "effectiveDateTime",
            "effectivePeriod",
            "effectiveInstant",
            "effectiveTiming",
            "issued",
        ],
    );
    let value = values::choice(root, "value");
    let mut kind = flagged(root.get("interpretation"));
    let mut trend = None;
    let mut detail = String::new();
    let mut numeric = false;
    if let Some(value) = value {
        detail = words.value(value).map(Into::into).unwrap_or_default();
        if let Some(number) = number(value) {
            numeric = true;
            let range = reference_range(root.get("referenceRange"), value);
            kind = kind.or(Some(against(number, range)));
            trend = trend_code(code);
            add_point(book, trend.clone(), when, value, range);
        }
    }
    let components = root.get("component");
    if components.exists() {
        let read = read_components(book, &mut words, components, when);
        numeric |= read.numeric;
        kind = kind.or(read.kind);
        trend = trend.or(read.trend);
        detail = values::joined([Some(detail), read.detail], " · ").unwrap_or_default();
    }
    if detail.is_empty()
        && let Some(reason) = words.concept(root.get("dataAbsentReason"))
    {
        detail = reason.into();
    }
    book.add(Row {
        detail,
        when,
        kind: kind.unwrap_or_default(),
        trend,
        detail_is_searched: true,
        ..Row::new(section(root, numeric), title, "Kết quả", words)
    });
}

fn section(root: Node<'_>, numeric: bool) -> Section {
    let mut measured = false;
    let mut any = false;
    for coding in root
        .get("category")
        .items()
        .flat_map(|category| category.get("coding").items())
    {
        any = true;
        if let Some(code) = coding.str("code") {
            match code.as_ref() {
                "laboratory" | "imaging" | "procedure" => return Section::Results,
                "vital-signs" => return Section::Measurements,
                _ => measured = numeric,
            }
        }
    }
    if !any {
        let vital = root
            .get("code")
            .get("coding")
            .items()
            .filter_map(|coding| coding.str("code"))
            .any(|code| VITAL_SIGNS.contains(&code.as_ref()));
        let laboratory = ["specimen", "referenceRange", "interpretation"]
            .into_iter()
            .any(|field| root.get(field).exists());
        measured = vital || numeric && !laboratory;
    }
    if measured {
        Section::Measurements
    } else {
        Section::Results
    }
}

struct Components {
    detail: Option<String>,
    kind: Option<EntryKind>,
    trend: Option<String>,
    numeric: bool,
}

/// The parts of an observation, e.g. the two of a blood pressure. Each number is a point under its
/// own code; the entry's trend is that of the first.
fn read_components(
    book: &mut Book<'_>,
    words: &mut Words,
    components: Node<'_>,
    when: Option<Timestamp>,
) -> Components {
    let mut read = Components {
        detail: None,
        kind: None,
        trend: None,
        numeric: false,
    };
    let mut parts: Vec<String> = Vec::new();
    let mut pressure = (None, None);
    for component in components.items() {
        let code = component.get("code");
        let name = words.concept(code);
        if let Some(kind) = flagged(component.get("interpretation")) {
            read.kind = Some(worse(read.kind, kind));
        }
        let Some(value) = values::choice(component, "value") else {
            continue;
        };
        if let Some(number) = number(value) {
            read.numeric = true;
            let range = reference_range(component.get("referenceRange"), value);
            if !component.get("interpretation").exists() {
                read.kind = Some(worse(read.kind, against(number, range)));
            }
            let trend = trend_code(code);
            if read.trend.is_none() {
                read.trend.clone_from(&trend);
            }
            add_point(book, trend, when, value, range);
            for coding in code.get("coding").items() {
                match coding.str("code").as_deref() {
                    Some("8480-6") => pressure.0 = Some(value),
                    Some("8462-4") => pressure.1 = Some(value),
                    Some(_) | None => {}
                }
            }
        }
        if let Some(said) = words.value(value) {
            parts.push(match name {
                Some(name) => format!("{name}: {said}"),
                None => said.into(),
            });
        }
    }
    read.detail = match pressure {
        (Some(systolic), Some(diastolic)) => blood_pressure(systolic, diastolic),
        _ => values::joined(parts.into_iter().map(Some), " · "),
    };
    read
}

/// As everybody writes it: `135/82 mmHg`.
fn blood_pressure(systolic: Node<'_>, diastolic: Node<'_>) -> Option<String> {
    let upper = systolic.get("value").number()?;
    Some(format!("{upper}/{}", values::quantity(diastolic)?))
}

/// The number of a value that is one.
fn number(value: Node<'_>) -> Option<f64> {
    value.f64().or_else(|| value.get("value").f64())
}

/// The code whose points make a trend: LOINC's when there is one, else the first.
fn trend_code(code: Node<'_>) -> Option<String> {
    let codings = code.get("coding");
    let coding = codings
        .items()
        .find(|coding| coding.get("system").is_text(LOINC))
        .unwrap_or(codings.first());
    let code = coding.str("code")?;
    let system = coding.str("system").unwrap_or(Cow::Borrowed(""));
    Some(format!("{system}|{code}"))
}

/// A value with a comparator (`<5`) is no point: it would be drawn where it is not.
fn add_point(
    book: &mut Book<'_>,
    code: Option<String>,
    at: Option<Timestamp>,
    value: Node<'_>,
    range: ReferenceRange,
) {
    if value.get("comparator").exists() {
        return;
    }
    if let (Some(code), Some(at), Some(number)) = (code, at, number(value)) {
        book.point(Point {
            code,
            at,
            value: number,
            unit: values::unit(value).map(Into::into).unwrap_or_default(),
            range,
        });
    }
}

/// How the clinic reads the value; nothing when it does not say.
fn flagged(interpretation: Node<'_>) -> Option<EntryKind> {
    let mut said = None;
    for coding in interpretation
        .items()
        .flat_map(|concept| concept.get("coding").items())
    {
        let kind = match coding.str("code").as_deref() {
            Some("H" | "HH" | "HU" | "HX" | ">") => EntryKind::High,
            Some("L" | "LL" | "LU" | "LX" | "<") => EntryKind::Low,
            Some("A" | "AA") => EntryKind::Abnormal,
            Some(_) => EntryKind::Plain,
            None => continue,
        };
        said = Some(worse(said, kind));
    }
    said
}

fn worse(one: Option<EntryKind>, other: EntryKind) -> EntryKind {
    match (one.unwrap_or_default(), other) {
        (EntryKind::Plain, kind) | (kind, EntryKind::Plain) => kind,
        (one, other) if one == other => one,
        (EntryKind::High | EntryKind::Low | EntryKind::Abnormal, _) => EntryKind::Abnormal,
    }
}

fn against(number: f64, range: ReferenceRange) -> EntryKind {
    if range.high.is_some_and(|high| number > high) {
        EntryKind::High
    } else if range.low.is_some_and(|low| number < low) {
        EntryKind::Low
    } else {
        EntryKind::Plain
    }
}

/// The usual range of a value, when there is exactly one that can be meant: ranges for other kinds
/// of people (by age, sex, state) cannot be told apart here.
fn reference_range(ranges: Node<'_>, value: Node<'_>) -> ReferenceRange {
    let usual = |range: &Node<'_>| {
        let mut codings = range.get("type").get("coding").items().peekable();
        codings.peek().is_none() || codings.any(|coding| coding.get("code").is_text("normal"))
    };
    let mut candidates = ranges.items().filter(usual);
    let (Some(range), None) = (candidates.next(), candidates.next()) else {
        return ReferenceRange::default();
    };
    let bound = |key| {
        let quantity = range.get(key);
        let same_unit = match (values::unit(quantity), values::unit(value)) {
            (Some(theirs), Some(ours)) => theirs == ours,
            _ => true,
        };
        quantity.get("value").f64().filter(|_| same_unit)
    };
    let (low, high) = (bound("low"), bound("high"));
    if low.is_some() || high.is_some() || range.get("low").exists() || range.get("high").exists() {
        return ReferenceRange { low, high };
    }
    range
        .str("text")
        .map(|text| range_of_text(&text))
        .unwrap_or_default()
}

/// The ranges that laboratories print: `3.9 - 6.4`, `(3,9–6,4)`, `< 5.2`, `≥ 40`.
fn range_of_text(text: &str) -> ReferenceRange {
    let text = text.trim().trim_matches(['(', ')', '[', ']']).trim();
    let none = ReferenceRange::default();
    for (signs, is_high) in [(["<=", "≤", "<"], true), ([">=", "≥", ">"], false)] {
        if let Some(rest) = signs.iter().find_map(|sign| text.strip_prefix(sign)) {
            let bound = printed_number(rest);
            return if is_high {
                ReferenceRange {
                    high: bound,
                    ..none
                }
            } else {
                ReferenceRange { low: bound, ..none }
            };
        }
    }
    let Some((low, high)) = ["–", "—", " - ", "-", "÷", "~"]
        .iter()
        .find_map(|dash| text.split_once(dash))
    else {
        return none;
    };
    match (printed_number(low), printed_number(high)) {
        (Some(low), Some(high)) if low <= high => ReferenceRange {
            low: Some(low),
            high: Some(high),
        },
        _ => none,
    }
}

/// A number with a decimal point or comma. `1,000` may be a thousand or one: it is neither.
fn printed_number(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let ambiguous = text
        .split_once([',', '.'])
        .is_some_and(|(_, after)| after.len() == 3 || after.contains([',', '.']));
    if ambiguous && !text.starts_with("0.") && !text.starts_with("0,") {
        return None;
    }
    text.replace(',', ".")
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

pub(super) fn report(book: &mut Book<'_>, root: Node<'_>) {
    let mut words = Words::default();
    let title = words.concept(root.get("code"));
    let detail = root
        .str("conclusion")
        .or_else(|| words.first_concept(root.get("conclusionCode")))
        .map(Into::into)
        .or_else(|| people(root))
        .unwrap_or_default();
    let when = values::first_when(root, &["effectiveDateTime", "effectivePeriod", "issued"]);
    book.add(Row {
        detail,
        when,
        ..Row::new(report_section(root), title, "Phiếu kết quả", words)
    });
}

/// Images for radiology (HL7 v2-0074 and LOINC's class), documents for notes, else results.
fn report_section(root: Node<'_>) -> Section {
    let mut section = None;
    for coding in root
        .get("category")
        .items()
        .flat_map(|category| category.get("coding").items())
    {
        let Some(code) = coding.str("code") else {
            continue;
        };
        match code.as_ref() {
            "LAB" | "laboratory" | "LP29693-6" | "26436-6" => return Section::Results,
            "RAD" | "RUS" | "RX" | "CT" | "CUS" | "NMR" | "NMS" | "OUS" | "VUS" | "XRC"
            | "imaging" | "LP29684-5" | "18748-4" => return Section::Images,
            code if !code.starts_with("LP") && coding.get("system").is_text(LOINC) => {
                section = Some(Section::Documents);
            }
            _ => {}
        }
    }
    section.unwrap_or(
        if root.get("imagingStudy").exists() && !root.get("result").exists() {
            Section::Images
        } else {
            Section::Results
        },
    )
}

/// The first performer that has a name.
fn people(root: Node<'_>) -> Option<String> {
    root.get("performer")
        .items()
        .find_map(|performer| performer.str("display"))
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_ranges_that_laboratories_print() {
        for (text, low, high) in [
            ("3.9 - 6.4", Some(3.9), Some(6.4)),
            ("(3,9–6,4)", Some(3.9), Some(6.4)),
            ("0.012 - 0.5", Some(0.012), Some(0.5)),
            ("< 5.2", None, Some(5.2)),
            ("≤5", None, Some(5.0)),
            (">= 40", Some(40.0), None),
            ("1,000 - 2,000", None, None),
            ("6.4 - 3.9", None, None),
            ("Âm tính", None, None),
            ("nam: 3-5", None, None),
            ("-", None, None),
            ("", None, None),
        ] {
            assert_eq!(range_of_text(text), ReferenceRange { low, high }, "{text}");
        }
    }
}
