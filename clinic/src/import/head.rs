//! What the clinic must know of a resource: type, id, whose it is, by what it can be found.

use serde::Deserialize;
use serde_json::value::RawValue;
use sokhoe_domain::ResourceKey;

use crate::fhir_api::types::{Rule, rule_of};

/// The head of a resource.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub kind: String,
    pub id: Option<String>,
    /// The Patient's id.
    pub patient: Option<String>,
    /// As `Type?identifier=system|value`, of directory resources.
    pub identifiers: Vec<String>,
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "resourceType")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    patient: Option<&'a RawValue>,
    #[serde(borrow)]
    subject: Option<&'a RawValue>,
    #[serde(borrow)]
    beneficiary: Option<&'a RawValue>,
    #[serde(borrow)]
    participant: Option<&'a RawValue>,
    #[serde(borrow)]
    actor: Option<&'a RawValue>,
    #[serde(borrow)]
    target: Option<&'a RawValue>,
    #[serde(borrow)]
    identifier: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Reference {
    reference: String,
}

#[derive(Deserialize)]
struct Participant {
    actor: Option<Reference>,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(default)]
    system: String,
    value: String,
}

impl Head {
    /// Reads it; fields of a wrong kind are as if they were not there.
    pub fn read(json: &str) -> Result<Self, &'static str> {
        let fields: Fields<'_> =
            serde_json::from_str(json).map_err(|_| "not a JSON object, or a field given twice")?;
        let kind: String = text(fields.kind).ok_or("no resourceType")?;
        let kind_is_sound = ResourceKey::parse(&format!("{kind}/x")).is_some();
        if !kind_is_sound {
            return Err("no resourceType");
        }
        let id = match fields.id {
            None => None,
            Some(id) => Some(text::<String>(Some(id)).ok_or("the id is not a text")?),
        };
        if id
            .as_deref()
            .is_some_and(|id| !sokhoe_domain::ids::is_fhir_id(id))
        {
            return Err("the id breaks FHIR's rule for ids");
        }
        let directory = rule_of(&kind) == Some(Rule::Directory);
        let patient = match kind.as_str() {
            "Patient" => id.clone(),
            _ if directory => None,
            "AppointmentResponse" => text::<Reference>(fields.actor)
                .as_ref()
                .and_then(patient_of),
            "Appointment" => text::<Vec<Participant>>(fields.participant)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|participant| participant.actor)
                .find_map(|actor| patient_of(&actor)),
            _ => [
                fields.patient,
                fields.subject,
                fields.beneficiary,
                fields.target,
            ]
            .into_iter()
            .flatten()
            .find_map(|field| references(field).iter().find_map(patient_of)),
        };
        let identifiers = if directory {
            text::<Vec<Identifier>>(fields.identifier).unwrap_or_default()
        } else {
            Vec::new()
        };
        Ok(Self {
            identifiers: identifiers
                .iter()
                .map(|identifier| {
                    format!(
                        "{kind}?identifier={}|{}",
                        identifier.system, identifier.value
                    )
                })
                .collect(),
            kind,
            id,
            patient,
        })
    }
}

fn text<'a, T: Deserialize<'a>>(field: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(field?.get()).ok()
}

/// One reference or several.
fn references(field: &RawValue) -> Vec<Reference> {
    match text::<Reference>(Some(field)) {
        Some(one) => vec![one],
        None => text::<Vec<Reference>>(Some(field)).unwrap_or_default(),
    }
}

fn patient_of(reference: &Reference) -> Option<String> {
    ResourceKey::parse(&reference.reference)
        .filter(|key| key.kind == "Patient")
        .map(|key| key.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(json: &str) -> Option<String> {
        Head::read(json).unwrap().patient
    }

    #[test]
    fn finds_whose_a_resource_is() {
        let p = Some("p".to_owned());
        for json in [
            r#"{"resourceType":"Patient","id":"p"}"#,
            r#"{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/p"}}"#,
            r#"{"resourceType":"Claim","id":"o","patient":{"reference":"Patient/p/_history/1"}}"#,
            r#"{"resourceType":"Coverage","id":"o","beneficiary":{"reference":"Patient/p"}}"#,
            r#"{"resourceType":"Provenance","id":"o","target":[{"reference":"Encounter/e"},{"reference":"Patient/p"}]}"#,
            r#"{"resourceType":"AppointmentResponse","id":"o","actor":{"reference":"Patient/p"}}"#,
            r#"{"resourceType":"Appointment","id":"o","participant":[{"actor":{"reference":"Location/l"}},{},{"actor":{"reference":"Patient/p"}}]}"#,
        ] {
            assert_eq!(patient(json), p, "{json}");
        }
        for json in [
            r#"{"resourceType":"Observation","id":"o","subject":{"reference":"Group/g"}}"#,
            r#"{"resourceType":"Observation","id":"o","subject":"Patient/p"}"#,
            r#"{"resourceType":"Observation","id":"o","subject":{"reference":"http://a/Patient/p"}}"#,
            r#"{"resourceType":"Practitioner","id":"o","patient":{"reference":"Patient/p"}}"#,
        ] {
            assert_eq!(patient(json), None, "{json}");
        }
    }

    #[test]
    fn says_what_is_not_a_resource() {
        for json in [
            "[]",
            "{}",
            r#"{"resourceType":1}"#,
            r#"{"resourceType":"../x"}"#,
            r#"{"resourceType":"Patient","id":5}"#,
            r#"{"resourceType":"Patient","id":"a/b"}"#,
            r#"{"resourceType":"Patient","id":"a","id":"b"}"#,
        ] {
            assert!(Head::read(json).is_err(), "{json}");
        }
    }
}
