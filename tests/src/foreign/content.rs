//! A resource, member by member as it came.

use std::fmt;
use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use sokhoe_domain::ResourceKey;

/// A text that is no FHIR resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAResource(pub String);

impl fmt::Display for NotAResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a resource: {}", self.0)
    }
}

impl std::error::Error for NotAResource {}

/// The members of an object in their order, byte for byte.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// What a client or the clinic gave, without what the server decides.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) kind: String,
    pub(super) id: Option<String>,
    /// `meta` without version, time and source, byte for byte.
    meta: Vec<(String, String)>,
    members: Vec<(String, String)>,
    /// The members for whoever searches.
    pub(super) value: Value,
    /// Everything that it refers to, with the member that does.
    pub(super) references: Vec<(String, ResourceKey)>,
}

impl Content {
    pub(super) fn parse(text: &str) -> Result<Self, NotAResource> {
        let wrong = |error: serde_json::Error| NotAResource(error.to_string());
        let Members(all) = serde_json::from_str(text).map_err(wrong)?;
        let mut content = Self {
            kind: String::new(),
            id: None,
            meta: Vec::new(),
            members: Vec::new(),
            value: Value::Null,
            references: Vec::new(),
        };
        let mut value = serde_json::Map::new();
        for (name, raw) in all {
            match name.as_str() {
                "resourceType" => {
                    content.kind = serde_json::from_str(raw.get()).map_err(wrong)?;
                }
                "id" => content.id = Some(serde_json::from_str(raw.get()).map_err(wrong)?),
                "meta" => {
                    let Members(meta) = serde_json::from_str(raw.get()).map_err(wrong)?;
                    content.meta = meta
                        .into_iter()
                        .filter(|(name, _)| {
                            !matches!(name.as_str(), "versionId" | "lastUpdated" | "source")
                        })
                        .map(|(name, raw)| (name, raw.get().to_owned()))
                        .collect();
                }
                _ => {
                    value.insert(
                        name.clone(),
                        serde_json::from_str(raw.get()).map_err(wrong)?,
                    );
                    content.members.push((name, raw.get().to_owned()));
                }
            }
        }
        if content.kind.is_empty() {
            return Err(NotAResource("no resourceType".to_owned()));
        }
        for (name, value) in &value {
            references_in(name, value, &mut content.references);
        }
        content.value = Value::Object(value);
        Ok(content)
    }

    /// Whether a write of `other` would change nothing.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.value == other.value && self.meta == other.meta
    }

    /// With what the server decided; only the members that `wanted` takes.
    pub(super) fn write(&self, id: &str, stamp: &Stamp<'_>, wanted: Option<&[String]>) -> String {
        let mut text = format!(
            r#"{{"resourceType":"{}","id":"{id}","meta":{{"versionId":"{}","lastUpdated":"{}""#,
            self.kind, stamp.version, stamp.updated
        );
        if let Some(source) = stamp.source {
            let _ = write!(text, r#","source":"{source}""#);
        }
        for (name, raw) in &self.meta {
            if wanted.is_none() || name != "tag" {
                let _ = write!(text, ",{}:{raw}", Value::from(name.as_str()));
            }
        }
        if wanted.is_some() {
            text.push_str(
                r#","tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]"#,
            );
        }
        text.push('}');
        for (name, raw) in &self.members {
            if wanted.is_none_or(|wanted| wanted.contains(name)) {
                let _ = write!(text, ",{}:{raw}", Value::from(name.as_str()));
            }
        }
        text.push('}');
        text
    }

    pub(super) fn refers_to(&self, key: &ResourceKey) -> bool {
        self.references.iter().any(|(_, other)| other == key)
    }
}

fn references_in(member: &str, value: &Value, found: &mut Vec<(String, ResourceKey)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("reference", Value::String(reference)) => {
                        if let Some(key) = ResourceKey::parse(reference) {
                            found.push((member.to_owned(), key));
                        }
                    }
                    _ => references_in(member, value, found),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                references_in(member, item, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What the server says of a version, as it writes it.
pub(super) struct Stamp<'a> {
    pub(super) version: u64,
    pub(super) updated: String,
    pub(super) source: Option<&'a str>,
}
