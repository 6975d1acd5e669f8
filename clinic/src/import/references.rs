//! References made true: `urn:uuid:` and identifiers inside a Bundle become relative references, and with
//! adoption every Patient becomes the one. Everything else stays byte for byte.

use std::borrow::Cow;
use std::collections::HashMap;

use sokhoe_domain::ResourceKey;

/// What texts of references become.
#[derive(Debug, Default)]
pub(super) struct References {
    known: HashMap<String, String>,
    adopt_into: Option<String>,
}

impl References {
    pub fn new(adopt_into: Option<&str>) -> Self {
        Self {
            known: HashMap::new(),
            adopt_into: adopt_into.map(|id| format!("Patient/{id}")),
        }
    }

    /// From now on `text` is a name of the resource.
    pub fn learn(&mut self, text: String, kind: &str, id: &str) {
        self.known.insert(text, format!("{kind}/{id}"));
    }

    /// Forgets names that hold only within one Bundle.
    pub fn forget_bundle(&mut self) {
        self.known.retain(|text, _| !text.starts_with("urn:"));
    }

    /// The resource with its references made true.
    pub fn apply<'a>(&self, json: &'a str) -> Cow<'a, str> {
        let mut out = String::new();
        let mut copied = 0;
        let mut at = 0;
        while let Some(text) = next_text(json, at) {
            at = text.end + 1;
            let Some(target) = json.get(text.clone()).and_then(|text| self.target(text)) else {
                continue;
            };
            out.push_str(&json[copied..text.start]);
            out.push_str(target);
            copied = text.end;
        }
        if copied == 0 {
            return Cow::Borrowed(json);
        }
        out.push_str(&json[copied..]);
        Cow::Owned(out)
    }

    fn target(&self, text: &str) -> Option<&str> {
        let known = if text.starts_with("urn:") || text.contains("?identifier=") {
            self.known.get(text).map(String::as_str)
        } else {
            None
        };
        match &self.adopt_into {
            Some(adopted) if is_patient(known.unwrap_or(text)) => Some(adopted),
            _ => known,
        }
    }
}

fn is_patient(text: &str) -> bool {
    text.starts_with("Patient/") && ResourceKey::parse(text).is_some()
}

/// The inside of the next JSON string from `at` on, which lies outside of strings.
fn next_text(json: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let bytes = json.as_bytes();
    let start = at + bytes.get(at..)?.iter().position(|byte| *byte == b'"')? + 1;
    let mut end = start;
    loop {
        match bytes.get(end)? {
            b'"' => return Some(start..end),
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_references_and_nothing_else() {
        let mut references = References::new(None);
        references.learn("urn:uuid:1".to_owned(), "Patient", "p");
        references.learn(
            "Practitioner?identifier=s|9".to_owned(),
            "Practitioner",
            "d",
        );
        assert_eq!(
            references.apply(r#"{"a": "urn:uuid:1", "b":"x\"urn:uuid:1", "c":"Practitioner?identifier=s|9","d":"urn:uuid:2","e":1.50}"#),
            r#"{"a": "Patient/p", "b":"x\"urn:uuid:1", "c":"Practitioner/d","d":"urn:uuid:2","e":1.50}"#
        );
        assert!(matches!(
            references.apply(r#"{"a":"b\\"}"#),
            Cow::Borrowed(_)
        ));
        references.forget_bundle();
        assert_eq!(
            references.apply(r#"{"a":"urn:uuid:1"}"#),
            r#"{"a":"urn:uuid:1"}"#
        );
    }

    #[test]
    fn adopts() {
        let mut references = References::new(Some("me"));
        references.learn("urn:uuid:1".to_owned(), "Patient", "p");
        assert_eq!(
            references
                .apply(r#"{"a":"urn:uuid:1","b":"Patient/q","c":"Patient of x","d":"Group/g"}"#),
            r#"{"a":"Patient/me","b":"Patient/me","c":"Patient of x","d":"Group/g"}"#
        );
    }
}
