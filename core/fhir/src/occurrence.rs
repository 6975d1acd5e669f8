//! Which visit of a series an Appointment is.
//!
//! On an Appointment as the extensions that HL7 has for FHIR R5's `originatingAppointment` and `recurrenceId`. The first one of
//! the series is referred to by its identifier of ours: by no id that a server would look for. In `$book` as the parameter
//! `occurrence`, with the parts `originating` (`valueId`) and `number` (`valuePositiveInt`), each once and nothing else.

use sokhoe_domain::Occurrence;

use crate::json::{Node, Object};
use crate::otherwise::{only, value};
use crate::slot_booking::BOOKING;
use crate::{FhirError, read};

/// The parameter's name.
pub(crate) const NAME: &str = "occurrence";

const ORIGINATING: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.originatingAppointment";
const RECURRENCE_ID: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.recurrenceId";

const UNREADABLE: FhirError = FhirError::Unexpected { expected: NAME };

/// What an Appointment says of it; nothing when that is not whole, or of somebody else's making.
pub(crate) fn of_appointment(root: Node<'_>) -> Option<Occurrence> {
    let reference = read::extension(root, ORIGINATING)?.get("valueReference");
    let identifier = reference.get("identifier");
    if !identifier.get("system").is_text(BOOKING) {
        return None;
    }
    Some(Occurrence {
        originating: identifier.str("value")?.parse().ok()?,
        number: number(read::extension(root, RECURRENCE_ID)?.get("valuePositiveInt"))?,
    })
}

/// As extensions of an Appointment.
pub(crate) fn write_for_appointment(
    occurrence: Option<Occurrence>,
) -> impl Iterator<Item = Object> {
    let extensions = occurrence.map(|occurrence| {
        let identifier = Object::new()
            .text("system", BOOKING)
            .text("value", &occurrence.originating.to_string());
        let reference = Object::new().object("identifier", identifier).finish();
        let number = occurrence.number.to_string();
        [
            read::write_extension(ORIGINATING, "valueReference", &reference),
            read::write_extension(RECURRENCE_ID, "valuePositiveInt", &number),
        ]
    });
    extensions.into_iter().flatten()
}

pub(crate) fn write(occurrence: Occurrence) -> Object {
    let part = |name: &str| Object::new().text("name", name);
    let parts = [
        part("originating").text("valueId", &occurrence.originating.to_string()),
        part("number").raw("valuePositiveInt", &occurrence.number.to_string()),
    ];
    Object::new().text("name", NAME).list("part", parts)
}

pub(crate) fn read(parameter: Node<'_>) -> Result<Occurrence, FhirError> {
    let (mut originating, mut number_of) = (None, None);
    only(parameter, &["name", "part"]).map_err(|_| UNREADABLE)?;
    for part in parameter.get("part").items() {
        let name = part.str("name").ok_or(UNREADABLE)?;
        let is_again = match &*name {
            "originating" => {
                let id = value(part, "valueId").map_err(|_| UNREADABLE)?.text();
                let id = id.and_then(|id| id.parse().ok()).ok_or(UNREADABLE)?;
                originating.replace(id).is_some()
            }
            "number" => {
                let given = value(part, "valuePositiveInt").map_err(|_| UNREADABLE)?;
                number_of
                    .replace(number(given).ok_or(UNREADABLE)?)
                    .is_some()
            }
            _ => true,
        };
        if is_again {
            return Err(UNREADABLE);
        }
    }
    Ok(Occurrence {
        originating: originating.ok_or(UNREADABLE)?,
        number: number_of.ok_or(UNREADABLE)?,
    })
}

fn number(node: Node<'_>) -> Option<u32> {
    let number = node.u64()?;
    u32::try_from(number).ok().filter(|number| *number > 0)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::Document;

    pub(crate) fn arb_occurrence() -> impl Strategy<Value = Occurrence> {
        (any::<u128>(), 1..=i32::MAX.unsigned_abs()).prop_map(|(id, number)| Occurrence {
            originating: format!("{id:032x}").parse().unwrap(),
            number,
        })
    }

    fn read_text(json: &str) -> Result<Occurrence, FhirError> {
        read(Document::parse(json).unwrap().root())
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let id = r#"{"name":"originating","valueId":"01930000-0000-7000-8000-000000000001"}"#;
        let number = r#"{"name":"number","valuePositiveInt":3}"#;
        let of =
            |parts: &[&str]| format!(r#"{{"name":"occurrence","part":[{}]}}"#, parts.join(","));
        assert_eq!(read_text(&of(&[id, number])).unwrap().number, 3);
        for parts in [
            &[id][..],
            &[number],
            &[],
            &[id, number, number],
            &[id, id, number],
            &[id, number, r#"{"name":"other","valueString":"x"}"#],
            &[id, r#"{"name":"number","valuePositiveInt":0}"#],
            &[id, r#"{"name":"number","valuePositiveInt":-1}"#],
            &[id, r#"{"name":"number","valuePositiveInt":5000000000}"#],
            &[id, r#"{"name":"number","valueInteger":1}"#],
            &[r#"{"name":"originating","valueId":"first"}"#, number],
        ] {
            assert_eq!(read_text(&of(parts)), Err(UNREADABLE), "{parts:?}");
        }
    }

    #[test]
    fn a_recurrence_of_somebody_elses_making_is_none_of_ours() {
        let of = |reference: &str| {
            let json = format!(
                r#"{{"extension":[{{"url":"{ORIGINATING}","valueReference":{reference}}},{{"url":"{RECURRENCE_ID}","valuePositiveInt":2}}]}}"#
            );
            of_appointment(Document::parse(&json).unwrap().root())
        };
        let identifier = |system: &str| {
            format!(
                r#"{{"identifier":{{"system":"{system}","value":"01930000-0000-7000-8000-000000000001"}}}}"#
            )
        };
        assert!(of(&identifier(BOOKING)).is_some());
        assert_eq!(of(&identifier("urn:other")), None);
        assert_eq!(of(r#"{"reference":"Appointment/1"}"#), None);
    }
}
