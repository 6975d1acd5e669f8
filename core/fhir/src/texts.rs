//! The texts of a resource that a person would read, as the clinic wrote them.

use std::borrow::Cow;

use crate::FhirError;
use crate::json::{Document, Node};
use crate::values::inner;

/// Members whose strings are read by people.
const READ_BY_PEOPLE: [&str; 14] = [
    "text",
    "display",
    "valueString",
    "title",
    "description",
    "conclusion",
    "comment",
    "summary",
    "patientInstruction",
    "note",
    "name",
    "lotNumber",
    "code",
    "answer",
];

/// Texts given at most.
const MOST: usize = 500;

/// Every text of a resource that a person would read, in the order in which they stand there.
///
/// # Errors
/// `NotJson`, `NotAnObject`, `TooDeep`, `TooLong`
pub fn texts(json: &str) -> Result<Vec<String>, FhirError> {
    let document = Document::parse(json)?;
    let mut found = Vec::new();
    gather(document.root(), &mut found);
    Ok(found.into_iter().map(Cow::into_owned).collect())
}

fn gather<'d>(node: Node<'d>, found: &mut Vec<Cow<'d, str>>) {
    for (key, value) in node.fields() {
        let is_read = READ_BY_PEOPLE.contains(&inner(key));
        for item in value.items() {
            if item.is_object() {
                gather(item, found);
            } else if is_read
                && found.len() < MOST
                && let Some(text) = item.text()
            {
                found.push(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_at_every_depth_and_codes_of_machines_are_not() {
        let json = r#"{"resourceType":"Observation","id":"x","status":"final",
            "text":{"div":"<div>no</div>"},
            "code":{"coding":[{"system":"http://loinc.org","code":"2339-0","display":"Glucose"}],"text":"Đường huyết"},
            "note":[{"text":"Nhịn \\"đói\\""}],"valueString":"âm tính"}"#
            .replace("\\\\", "\\");
        let found = texts(&json).unwrap();
        assert_eq!(
            found,
            [
                "2339-0",
                "Glucose",
                "Đường huyết",
                "Nhịn \"đói\"",
                "âm tính"
            ]
        );
        assert!(texts("[]").is_err());
    }
}
