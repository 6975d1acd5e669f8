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

/// The first text of a resource that a person would read and that is wanted, in the order in which
/// they stand there.
///
/// # Errors
/// `NotJson`, `NotAnObject`, `TooDeep`, `TooLong`
pub fn find_text(
    json: &str,
    mut is_wanted: impl FnMut(&str) -> bool,
) -> Result<Option<String>, FhirError> {
    let document = Document::parse(json)?;
    Ok(find(document.root(), &mut is_wanted).map(Cow::into_owned))
}

fn find<'d>(node: Node<'d>, is_wanted: &mut impl FnMut(&str) -> bool) -> Option<Cow<'d, str>> {
    node.fields().find_map(|(key, value)| {
        let is_read = READ_BY_PEOPLE.contains(&inner(key));
        value.items().find_map(|item| {
            if item.is_object() {
                find(item, is_wanted)
            } else if is_read {
                item.text().filter(|text| is_wanted(text))
            } else {
                None
            }
        })
    })
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
        let mut found = Vec::new();
        let none = find_text(&json, |text| {
            found.push(text.to_owned());
            false
        });
        assert_eq!(none.unwrap(), None);
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
        let text = find_text(&json, |text| text.contains("Nhịn"));
        assert_eq!(text.unwrap().as_deref(), Some("Nhịn \"đói\""));
        assert!(find_text("[]", |_| true).is_err());
    }
}
