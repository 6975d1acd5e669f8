//! What makes two elements of an array the same one.

use std::borrow::Cow;

use crate::json::{Node, push_string};

/// The key of an element.
pub(super) type Key = fn(Node<'_>) -> String;

/// How elements of this name are told apart when they have no `id`: the coarsest key that tells all of them
/// apart counts, so that the one mobile number stays the same one when its digits change.
pub(super) fn keys_of(name: &str) -> &'static [Key] {
    match name {
        "telecom" => &[system_and_use, system_use_and_value, canonical],
        "identifier" => &[system_and_value, canonical],
        "name" => &[use_alone, canonical],
        "address" => &[use_alone, use_and_type, canonical],
        "extension" | "modifierExtension" => &[url, canonical],
        "coding" | "security" | "tag" => &[system_and_code, canonical],
        "contact" => &[relationship, relationship_and_name, canonical],
        "communication" => &[language, canonical],
        "component" => &[code, canonical],
        "note" => &[author_and_time, canonical],
        _ => &[],
    }
}

/// Whether arrays of this name are merged element by element.
pub(super) fn has_element_keys(name: &str) -> bool {
    !keys_of(name).is_empty()
}

/// Whether an element of this name is merged member by member. Others are one value: an address that
/// is half of one and half of another is nobody's.
pub(super) fn by_member(name: &str) -> bool {
    matches!(name, "telecom" | "contact" | "component")
}

fn parts(element: Node<'_>, names: &[&str]) -> String {
    let mut key = String::new();
    for (place, name) in names.iter().enumerate() {
        if place > 0 {
            key.push(',');
        }
        let value = element.get(name);
        let text = value
            .text()
            .unwrap_or_else(|| Cow::Borrowed(value.number().unwrap_or_default()));
        // A comma within a text must not look like the end of it.
        key.push_str(&text.replace('\\', "\\\\").replace(',', "\\,"));
    }
    key
}

fn system_and_use(element: Node<'_>) -> String {
    parts(element, &["system", "use", "rank"])
}

fn system_use_and_value(element: Node<'_>) -> String {
    parts(element, &["system", "use", "rank", "value"])
}

fn system_and_value(element: Node<'_>) -> String {
    parts(element, &["system", "value"])
}

fn use_alone(element: Node<'_>) -> String {
    parts(element, &["use"])
}

fn use_and_type(element: Node<'_>) -> String {
    parts(element, &["use", "type"])
}

fn url(element: Node<'_>) -> String {
    parts(element, &["url"])
}

fn system_and_code(element: Node<'_>) -> String {
    parts(element, &["system", "code"])
}

fn author_and_time(element: Node<'_>) -> String {
    let author = element.get("authorReference").str("reference");
    format!(
        "{},{}",
        author.unwrap_or_default(),
        parts(element, &["authorString", "time"])
    )
}

fn relationship(element: Node<'_>) -> String {
    let concepts: Vec<_> = element.get("relationship").items().map(concept).collect();
    concepts.join(",")
}

fn relationship_and_name(element: Node<'_>) -> String {
    let name = element.get("name");
    format!("{};{}", relationship(element), canonical(name))
}

fn language(element: Node<'_>) -> String {
    concept(element.get("language"))
}

fn code(element: Node<'_>) -> String {
    concept(element.get("code"))
}

fn concept(concept: Node<'_>) -> String {
    let mut codings: Vec<_> = concept.get("coding").items().map(system_and_code).collect();
    codings.sort_unstable();
    if codings.is_empty() {
        codings.push(parts(concept, &["text"]));
    }
    codings.join(" ")
}

/// A text that is the same for values that say the same: members in the order of their names, elements
/// with keys in any order. Digits of numbers count, as FHIR wants it.
pub(super) fn canonical(value: Node<'_>) -> String {
    let mut out = String::new();
    write_canonical(&mut out, "", value);
    out
}

fn write_canonical(out: &mut String, name: &str, value: Node<'_>) {
    if value.is_object() {
        let mut members: Vec<_> = value
            .fields()
            .map(|(key, value)| (key.text().unwrap_or_else(|| key.raw().into()), value))
            .collect();
        members.sort_by(|one, other| one.0.cmp(&other.0));
        out.push('{');
        for (key, value) in members {
            push_string(out, &key);
            write_canonical(out, &key, value);
        }
        out.push('}');
    } else if value.is_array() {
        let mut items: Vec<String> = value
            .items()
            .map(|item| {
                let mut text = String::new();
                write_canonical(&mut text, "", item);
                text
            })
            .collect();
        if has_element_keys(name) {
            items.sort_unstable();
        }
        out.push('[');
        for item in items {
            out.push_str(&item);
            out.push(',');
        }
        out.push(']');
    } else if let Some(text) = value.text() {
        push_string(out, &text);
    } else {
        out.push_str(value.raw());
    }
}
