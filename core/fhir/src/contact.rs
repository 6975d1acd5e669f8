//! How a person can be reached, as their Patient says it: read for a screen, and written back without touching the rest.

use crate::json::{Node, Object, push_string};
use crate::{FhirError, read};

/// Telephone numbers and the address.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ContactView {
    /// The telephone numbers in the order of the Patient.
    pub phones: Vec<String>,
    /// The first address as one line; may be empty.
    pub address: String,
}

impl std::fmt::Debug for ContactView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactView").finish_non_exhaustive()
    }
}

impl ContactView {
    /// Reads a Patient.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Patient")?;
        let root = document.root();
        let phones = root
            .get("telecom")
            .items()
            .filter(|point| is_phone(*point))
            .filter_map(|point| point.str("value"));
        Ok(Self {
            phones: phones.map(Into::into).collect(),
            address: address_line(root.get("address").first()),
        })
    }

    /// The Patient with these numbers and this address. A number that is there keeps what else is said of it, as do
    /// e-mail addresses and further addresses; every other byte stays.
    ///
    /// # Errors
    /// When it is no Patient.
    pub fn write_into(&self, json: &str) -> Result<String, FhirError> {
        let document = read::resource(json, "Patient")?;
        let root = document.root();
        let before = Self::from_json(json)?;
        let mut members: Vec<(String, String)> = root
            .fields()
            .map(|(key, value)| (key.raw().to_owned(), value.raw().to_owned()))
            .collect();
        if before.phones != self.phones {
            set(&mut members, "telecom", self.telecom(root.get("telecom")));
        }
        if before.address != self.address {
            set(&mut members, "address", self.addresses(root.get("address")));
        }
        let members: Vec<String> = members
            .into_iter()
            .map(|(key, value)| format!("{key}:{value}"))
            .collect();
        Ok(format!("{{{}}}", members.join(",")))
    }

    fn telecom(&self, before: Node<'_>) -> Vec<String> {
        let mut phones = self.phones.iter();
        let mut points: Vec<String> = before
            .items()
            .filter_map(|point| {
                if !is_phone(point) {
                    return Some(point.raw().to_owned());
                }
                // The places of the numbers stay: the first is still the first.
                let mut text = String::new();
                push_string(&mut text, phones.next()?);
                Some(with_member(point, "value", &text))
            })
            .collect();
        let has_mobile = before
            .items()
            .any(|point| point.get("use").is_text("mobile"));
        for (place, phone) in phones.enumerate() {
            let is_first_mobile = place == 0 && !has_mobile;
            let point = Object::new()
                .text("system", "phone")
                .text("value", phone)
                .text("use", if is_first_mobile { "mobile" } else { "" });
            points.push(point.finish());
        }
        points
    }

    fn addresses(&self, before: Node<'_>) -> Vec<String> {
        let mut rest = before.items();
        let first = rest.next();
        let mut addresses = Vec::new();
        if !self.address.is_empty() {
            let kept = |name| first.and_then(|first| first.str(name)).unwrap_or_default();
            let used = match kept("use") {
                used if used.is_empty() => "home".into(),
                used => used,
            };
            // Parts of the old address would contradict the new line.
            let address = Object::new()
                .text("id", &kept("id"))
                .text("use", &used)
                .text("text", &self.address);
            addresses.push(address.finish());
        }
        addresses.extend(rest.map(|address| address.raw().to_owned()));
        addresses
    }
}

fn is_phone(point: Node<'_>) -> bool {
    point.get("system").is_text("phone") && point.str("value").is_some()
}

fn address_line(address: Node<'_>) -> String {
    if let Some(text) = address.str("text") {
        return text.trim().to_owned();
    }
    let parts: Vec<_> = ["line", "district", "city", "state"]
        .into_iter()
        .flat_map(|part| address.get(part).items())
        .filter_map(Node::text)
        .collect();
    parts.join(", ")
}

/// The object with this member instead of the one of its name.
fn with_member(object: Node<'_>, name: &str, value: &str) -> String {
    let members: Vec<String> = object
        .fields()
        .map(|(key, old)| {
            let value = if key.is_text(name) { value } else { old.raw() };
            format!("{}:{value}", key.raw())
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Puts a list in the place of a member, or at the end; an empty list takes the member away.
fn set(members: &mut Vec<(String, String)>, name: &str, list: Vec<String>) {
    let key = format!("\"{name}\"");
    let value = format!("[{}]", list.join(","));
    match members.iter().position(|(known, _)| *known == key) {
        Some(place) if list.is_empty() => {
            members.remove(place);
        }
        Some(place) => members[place].1 = value,
        None if list.is_empty() => {}
        None => members.push((key, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: &str = r#"{"resourceType":"Patient","id":"p", "x":1.50,"telecom":[{"system":"email","value":"a@b.vn"},{"system":"phone","use":"mobile","value":"0901","rank":1},{"system":"phone","use":"home","value":"024"}],"address":[{"use":"home","line":["Số 1"],"city":"Sơn La"},{"use":"old","text":"Huế"}]}"#;

    #[test]
    fn reads_and_writes_what_changed_alone() {
        let view = ContactView::from_json(PATIENT).unwrap();
        assert_eq!(view.phones, ["0901", "024"]);
        assert_eq!(view.address, "Số 1, Sơn La");
        let phones = |phones: &[&str]| ContactView {
            phones: phones.iter().map(|p| (*p).to_owned()).collect(),
            ..view.clone()
        };
        let changed = phones(&["0902", "024"]).write_into(PATIENT).unwrap();
        assert_eq!(
            changed,
            PATIENT.replace("0901", "0902").replace(", \"x\"", ",\"x\"")
        );
        let more = phones(&["0901", "024", "0903"])
            .write_into(PATIENT)
            .unwrap();
        assert!(
            more.contains(r#"{"system":"phone","value":"0903"}]"#),
            "{more}"
        );
        let none = phones(&[]).write_into(PATIENT).unwrap();
        assert!(
            none.contains(r#""telecom":[{"system":"email","value":"a@b.vn"}]"#),
            "{none}"
        );
        let moved = ContactView {
            address: "Bản \"Hua Tạt\"".to_owned(),
            ..view
        };
        let moved = moved.write_into(PATIENT).unwrap();
        assert!(
            moved.ends_with(
                r#""address":[{"use":"home","text":"Bản \"Hua Tạt\""},{"use":"old","text":"Huế"}]}"#
            ),
            "{moved}"
        );
    }

    #[test]
    fn a_patient_without_any_gets_them_and_loses_them_again() {
        let bare = r#"{"resourceType":"Patient","id":"p"}"#;
        let view = ContactView {
            phones: vec!["0901".to_owned()],
            address: "Sơn La".to_owned(),
        };
        let written = view.write_into(bare).unwrap();
        assert_eq!(ContactView::from_json(&written), Ok(view));
        assert!(written.contains(r#""use":"mobile""#));
        assert_eq!(
            ContactView::default().write_into(&written).as_deref(),
            Ok(bare)
        );
    }
}
