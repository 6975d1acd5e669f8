//! A resource as rows of label and value, for the screen that shows one thing whole.

use sokhoe_domain::Timestamp;

use crate::json::{Document, Node};
use crate::{FhirError, index, values};

/// Rows beyond this are left out.
const MOST_ROWS: usize = 300;
/// Characters of a value beyond this are cut off.
const LONGEST: usize = 4_000;
/// Parts inside parts are followed so far.
const DEEPEST: usize = 5;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// A stable English key: the FHIR element's name without its type (`value`, `status`,
    /// `effective`, `performer`, `dosage`, `note`, `referenceRange`), with dots inside parts
    /// (`reaction.manifestation`, `period.start`). The words for it are the app's.
    pub label: String,
    /// The value as text; a code (`status`) as it came.
    pub value: String,
    /// The instant, when the value is a date or a time.
    pub at: Option<Timestamp>,
}

/// The resource as rows, in the order of its JSON; what has no readable form is left out.
///
/// # Errors
/// As [`crate::index()`].
pub fn fields(json: &str) -> Result<Vec<Field>, FhirError> {
    let document = Document::parse(json)?;
    let root = document.root();
    index::key(root)?;
    let mut rows = Vec::new();
    for (key, value) in root.fields() {
        let name = values::inner(key);
        let kept = !matches!(
            name,
            "resourceType" | "id" | "text" | "contained" | "subject" | "patient"
        );
        if kept {
            add(&mut rows, label(name), value, 0);
        }
    }
    Ok(rows)
}

/// Adds the rows of one member; a list gives a row for each of its values.
fn add(rows: &mut Vec<Field>, label: &str, node: Node<'_>, depth: usize) {
    let last = label.rsplit('.').next().unwrap_or(label);
    let hidden = matches!(
        last,
        "meta"
            | "extension"
            | "modifierExtension"
            | "implicitRules"
            | "language"
            | "linkId"
            | "data"
            | "hash"
            | "url"
            | "reference"
    );
    if hidden || last.starts_with('_') || depth > DEEPEST {
        return;
    }
    for item in node.items() {
        if rows.len() >= MOST_ROWS {
            return;
        }
        add_one(rows, label, item, depth);
    }
}

fn add_one(rows: &mut Vec<Field>, label: &str, node: Node<'_>, depth: usize) {
    let inside = |rows: &mut Vec<Field>, only: fn(&str) -> bool| {
        for (key, value) in node.fields() {
            let name = values::inner(key);
            if only(name) {
                let label = format!("{label}.{}", self::label(name));
                add(rows, &label, value, depth + 1);
            }
        }
    };
    if node.get("linkId").exists() {
        // A question with its answers, and the questions below it.
        let answers = node
            .get("answer")
            .items()
            .map(|answer| values::choice(answer, "value").and_then(values::words));
        let answers = values::joined(answers, ", ");
        let question = node.str("text");
        if let Some(answers) = answers {
            push(rows, label, &named(question.as_deref(), &answers));
        }
        add(rows, label, node.get("item"), depth + 1);
        return;
    }
    if let Some(value) = values::choice(node, "value").and_then(values::words)
        && node.get("code").is_object()
    {
        let name = values::concept(node.get("code"));
        push(rows, label, &named(name.as_deref(), &value));
        inside(rows, |name| name != "code" && !name.starts_with("value"));
        return;
    }
    if node.get("start").text().is_some() || node.get("end").text().is_some() {
        inside(rows, |_| true);
        return;
    }
    let said = if label.ends_with("dosage") {
        values::dosage(node).map(Into::into)
    } else if label.ends_with("referenceRange") {
        values::range(node)
            .map(Into::into)
            .or_else(|| node.str("text"))
    } else {
        values::words(node)
    };
    match said {
        Some(said) => push(rows, label, &said),
        None => inside(rows, |_| true),
    }
}

fn named(name: Option<&str>, value: &str) -> String {
    match name {
        Some(name) => format!("{}: {value}", name.trim()),
        None => value.to_owned(),
    }
}

fn push(rows: &mut Vec<Field>, label: &str, value: &str) {
    let value = value.trim();
    let bytes = value.as_bytes();
    let dated = bytes.len() >= 7
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[5..7].iter().all(u8::is_ascii_digit);
    rows.push(Field {
        label: label.to_owned(),
        value: values::clip(value.to_owned(), LONGEST),
        at: dated.then(|| Timestamp::parse_fhir(value)).flatten(),
    });
}

/// The element's name without the type of a choice: `value` for `valueQuantity`.
fn label(name: &str) -> &str {
    const CHOICES: [&str; 24] = [
        "value",
        "effective",
        "onset",
        "abatement",
        "performed",
        "occurrence",
        "medication",
        "deceased",
        "multipleBirth",
        "chargeItem",
        "born",
        "age",
        "detail",
        "due",
        "content",
        "doseNumber",
        "seriesDoses",
        "created",
        "identified",
        "reported",
        "asNeeded",
        "dose",
        "rate",
        "scheduled",
    ];
    const TYPES: [&str; 22] = [
        "Quantity",
        "CodeableConcept",
        "Reference",
        "String",
        "Boolean",
        "Integer",
        "Decimal",
        "DateTime",
        "Date",
        "Time",
        "Instant",
        "Period",
        "Range",
        "Ratio",
        "SampledData",
        "Age",
        "Timing",
        "PositiveInt",
        "Attachment",
        "Money",
        "Coding",
        "Duration",
    ];
    if name == "dosageInstruction" {
        return "dosage";
    }
    TYPES
        .iter()
        .find_map(|kind| {
            name.strip_suffix(kind)
                .filter(|base| CHOICES.contains(base))
        })
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(json: &str) -> String {
        fields(json)
            .unwrap()
            .iter()
            .map(|f| {
                let at = f.at.map_or(String::new(), |at| format!(" @ {at:?}"));
                format!("{} = {}{at}\n", f.label, f.value)
            })
            .collect()
    }

    #[test]
    fn an_observation_reads_as_rows() {
        let json = r#"{"resourceType":"Observation","id":"1","meta":{"versionId":"2"},
            "text":{"div":"<div>x</div>"},"status":"final",
            "code":{"coding":[{"system":"x","code":"y","display":"Glucose"}]},
            "subject":{"reference":"Patient/1","display":"Lê An"},
            "effectiveDateTime":"2026-11-24T08:30:00+07:00",
            "performer":[{"display":"BS. Mai"},{"reference":"Practitioner/2"}],
            "valueQuantity":{"value":4.50,"unit":"mmol/L"},
            "_valueString":{"extension":[]},
            "referenceRange":[{"low":{"value":3.9,"unit":"mmol/L"},"high":{"value":6.4}},{"text":"khi đói"}],
            "component":[{"code":{"text":"Tâm thu"},"valueQuantity":{"value":135,"unit":"mmHg"},
                          "interpretation":[{"text":"Cao"}]}],
            "note":[{"text":" Nhịn ăn "}]}"#;
        insta::assert_snapshot!(rows(json));
    }

    #[test]
    fn parts_and_periods_read_as_rows() {
        let json = r#"{"resourceType":"MedicationRequest","id":"1","status":"active",
            "medicationCodeableConcept":{"text":"Paracetamol 500 mg"},
            "dosageInstruction":[{"text":"Uống 1 viên khi sốt"}],
            "dispenseRequest":{"validityPeriod":{"start":"2026-11-24","end":"2026-12"},"numberOfRepeatsAllowed":2,
               "quantity":{"value":10,"unit":"viên"}},
            "substitution":{"allowedBoolean":true},
            "item":[{"linkId":"1","text":"Có hút thuốc?","answer":[{"valueBoolean":false}],
                "item":[{"linkId":"1.1","answer":[{"valueString":"từ 2020"}]}]}]}"#;
        insta::assert_snapshot!(rows(json));
    }

    #[test]
    fn what_is_no_resource_is_refused() {
        assert_eq!(fields("{}"), Err(FhirError::MissingType));
        assert_eq!(fields(r#"{"resourceType":"Basic"}"#), Err(FhirError::BadId));
    }
}
