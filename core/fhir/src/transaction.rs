//! Bundles of writes that a server does all of or none of.

use sokhoe_domain::ResourceKey;

use crate::FhirError;
use crate::bundle::SearchPage;
use crate::json::{Document, push_string};

/// One write of a transaction. The resource goes in byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Writes over a version, or what is new under its own id.
    Put {
        /// Its type and id.
        key: ResourceKey,
        /// The version that must still be there; unset for what is new.
        over: Option<String>,
        /// The resource.
        json: String,
    },
    /// Creates, unless this identifier is there already.
    Create {
        /// The type.
        kind: String,
        /// The identifier's system and value.
        identifier: (String, String),
        /// The resource, which must have the identifier.
        json: String,
    },
}

/// A `transaction` Bundle.
#[must_use]
pub fn transaction_of(writes: &[Write]) -> String {
    let mut out = String::from(r#"{"resourceType":"Bundle","type":"transaction","entry":["#);
    for (place, write) in writes.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        let (json, method, url, condition) = match write {
            Write::Put { key, over, json } => (
                json,
                "PUT",
                key.to_string(),
                over.as_ref()
                    .map(|version| ("ifMatch", format!("W/\"{version}\""))),
            ),
            Write::Create {
                kind,
                identifier: (system, value),
                json,
            } => (
                json,
                "POST",
                kind.clone(),
                Some(("ifNoneExist", format!("identifier={system}|{value}"))),
            ),
        };
        out.push_str(r#"{"resource":"#);
        out.push_str(json);
        out.push_str(r#","request":{"method":""#);
        out.push_str(method);
        out.push_str(r#"","url":"#);
        push_string(&mut out, &url);
        if let Some((name, condition)) = condition {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str("\":");
            push_string(&mut out, &condition);
        }
        out.push_str("}}");
    }
    out.push_str("]}");
    out
}

/// What the answer to a transaction says of one type that it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    /// The resource as it is now, when the answer has it.
    pub json: Option<&'a str>,
    /// Its type and id, by the first `location` of that type.
    pub key: Option<ResourceKey>,
}

impl<'a> Written<'a> {
    /// Reads the answer to a transaction.
    ///
    /// # Errors
    /// When it is not a Bundle.
    pub fn in_answer(body: &'a str, kind: &str) -> Result<Self, FhirError> {
        let page = SearchPage::parse(body)?;
        let document = Document::parse(body)?;
        let mut entries = document.root().get("entry").items();
        Ok(Self {
            json: page.of_kind(kind).next(),
            key: entries.find_map(|entry| {
                let location = entry.get("response").str("location")?;
                key_at(&location).filter(|key| key.kind == kind)
            }),
        })
    }
}

/// The key at the end of a place (`Location`), which may be absolute and may name a version.
#[must_use]
pub fn key_at(location: &str) -> Option<ResourceKey> {
    let unversioned = location
        .split_once("/_history/")
        .map_or(location, |(before, _)| before);
    let mut parts = unversioned.rsplit('/');
    let (id, kind) = (parts.next()?, parts.next()?);
    ResourceKey::parse(&format!("{kind}/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_fhir_wants_it() {
        let bundle = transaction_of(&[
            Write::Put {
                key: ResourceKey::new("Slot", "s1"),
                over: Some("a\"b".to_owned()),
                json: r#"{"resourceType":"Slot" , "x":1.50}"#.to_owned(),
            },
            Write::Put {
                key: ResourceKey::new("Appointment", "a"),
                over: None,
                json: "{}".to_owned(),
            },
            Write::Create {
                kind: "Appointment".to_owned(),
                identifier: ("urn:s".to_owned(), "7".to_owned()),
                json: "{}".to_owned(),
            },
        ]);
        let value: serde_json::Value = serde_json::from_str(&bundle).unwrap();
        let request = |place: usize| value["entry"][place]["request"].clone();
        assert_eq!(
            request(0),
            serde_json::json!({"method": "PUT", "url": "Slot/s1", "ifMatch": "W/\"a\"b\""})
        );
        assert_eq!(
            request(1),
            serde_json::json!({"method": "PUT", "url": "Appointment/a"})
        );
        assert_eq!(
            request(2),
            serde_json::json!({"method": "POST", "url": "Appointment", "ifNoneExist": "identifier=urn:s|7"})
        );
        assert!(bundle.contains(r#"{"resourceType":"Slot" , "x":1.50}"#));
    }

    #[test]
    fn an_answer_says_what_was_written() {
        let entry = |location: &str, resource: &str| {
            format!(
                r#"{{"resourceType":"Bundle","type":"transaction-response","entry":[
                {{"response":{{"status":"200 OK","location":"Slot/s1/_history/2"}}}},
                {{{resource}"response":{{"status":"201 Created","location":"{location}"}}}}]}}"#
            )
        };
        let resource = r#"{"resourceType":"Appointment","id":"9"}"#;
        for location in [
            "Appointment/9/_history/1",
            "https://fhir.example/r4/Appointment/9/_history/1",
            "https://fhir.example/r4/Appointment/9",
        ] {
            let body = entry(location, "");
            let written = Written::in_answer(&body, "Appointment").unwrap();
            assert_eq!(written.key, Some(ResourceKey::new("Appointment", "9")));
            assert_eq!(written.json, None);
        }
        let body = entry("nowhere", &format!("\"resource\":{resource},"));
        let written = Written::in_answer(&body, "Appointment").unwrap();
        assert_eq!((written.key, written.json), (None, Some(resource)));
        assert!(Written::in_answer("[]", "Appointment").is_err());
    }
}
