//! The Appointment with which a phone takes a Slot of a server that is not ours.

use sokhoe_domain::{IntentId, Occurrence};

use crate::common::Ref;
use crate::json::{Node, Object};
use crate::slot::SlotView;
use crate::{FhirError, occurrence, read};

/// The system of the identifier that every booking of ours carries: its value is the intent's id.
pub const BOOKING: &str = "https://sokhoe.vn/fhir/NamingSystem/booking";

/// Whose actors of a Schedule take part in the visit. A Patient or a RelatedPerson there is somebody else.
const TAKE_PART: &[&str] = &[
    "Practitioner",
    "PractitionerRole",
    "Location",
    "HealthcareService",
    "Device",
];

/// A Slot to be taken.
#[derive(Clone, Copy)]
pub struct SlotBooking<'a> {
    /// The intent's id.
    pub id: IntentId,
    /// The Slot as it came.
    pub slot: &'a str,
    /// Its Schedule as it came, where it can be read.
    pub schedule: Option<&'a str>,
    /// For whom, by the Patient's id.
    pub patient: &'a str,
    /// Which visit of a series it is.
    pub occurrence: Option<Occurrence>,
}

impl std::fmt::Debug for SlotBooking<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlotBooking")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl SlotBooking<'_> {
    /// The Appointment, under the intent's id when `under_its_id`; what Slot and Schedule say of the
    /// visit goes in byte for byte.
    ///
    /// # Errors
    /// When the Slot is none.
    pub fn to_json(&self, under_its_id: bool) -> Result<String, FhirError> {
        let view = SlotView::from_json(self.slot)?;
        let slot = read::resource(self.slot, "Slot")?;
        let schedule = self
            .schedule
            .map(|schedule| read::resource(schedule, "Schedule"))
            .transpose()?;
        let said = |member: &str| -> String {
            let of_slot = slot.root().get(member);
            let of_schedule = schedule
                .as_ref()
                .map(|schedule| schedule.root().get(member));
            let whole = std::iter::once(of_slot).chain(of_schedule);
            whole
                .filter(|node: &Node<'_>| node.exists())
                .map(|node| node.raw().to_owned())
                .next()
                .unwrap_or_default()
        };
        let id = self.id.to_string();
        let identifier = Object::new().text("system", BOOKING).text("value", &id);
        let patient = read::write_reference("Patient", &Ref::new(self.patient, ""));
        let takes_part = |actor: &Node<'_>| {
            read::key(*actor).is_some_and(|key| TAKE_PART.contains(&key.kind.as_str()))
        };
        let actors = schedule.iter().flat_map(|schedule| {
            let actors = schedule.root().get("actor").items();
            actors
                .filter(takes_part)
                .map(|actor| actor.raw().to_owned())
        });
        let participants = std::iter::once(patient.finish()).chain(actors);
        let taken = read::write_reference("Slot", &Ref::new(view.id.as_str(), ""));
        Ok(Object::resource("Appointment")
            .text("id", if under_its_id { &id } else { "" })
            .list(
                "extension",
                occurrence::write_for_appointment(self.occurrence),
            )
            .list("identifier", [identifier])
            .text("status", "booked")
            .raw("serviceCategory", &said("serviceCategory"))
            .raw("serviceType", &said("serviceType"))
            .raw("specialty", &said("specialty"))
            .raw("appointmentType", slot.root().get("appointmentType").raw())
            .raw("start", slot.root().get("start").raw())
            .raw("end", slot.root().get("end").raw())
            .list("slot", [taken])
            .list(
                "participant",
                participants.map(|actor| {
                    Object::new()
                        .raw("actor", &actor)
                        .text("status", "accepted")
                }),
            )
            .finish())
    }
}

/// The same Appointment byte for byte, at another Slot: its time, its Slot, and who takes part by that Slot's Schedule,
/// where that can be read.
///
/// # Errors
/// When the one is no Appointment with a time and participants, or the other no Slot.
pub fn moved(appointment: &str, slot: &str, schedule: Option<&str>) -> Result<String, FhirError> {
    let view = SlotView::from_json(slot)?;
    let slot = read::resource(slot, "Slot")?;
    let schedule = schedule
        .map(|schedule| read::resource(schedule, "Schedule"))
        .transpose()?;
    let document = read::resource(appointment, "Appointment")?;
    let root = document.root();
    let takes_part = |actor: Node<'_>| {
        read::key(actor).is_some_and(|key| TAKE_PART.contains(&key.kind.as_str()))
    };
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let taken = read::write_reference("Slot", &Ref::new(view.id.as_str(), ""));
    let mut members = vec![
        ("start", slot.root().get("start").raw().to_owned()),
        ("end", slot.root().get("end").raw().to_owned()),
        ("slot", list(vec![taken.finish()])),
    ];
    if let Some(schedule) = &schedule {
        let stays = root.get("participant").items();
        let stays = stays.filter(|participant| !takes_part(participant.get("actor")));
        let stays = stays.map(|participant| participant.raw().to_owned());
        let actors = schedule.root().get("actor").items();
        let comes = actors.filter(|actor| takes_part(*actor)).map(|actor| {
            let participant = Object::new().raw("actor", actor.raw());
            participant.text("status", "accepted").finish()
        });
        members.push(("participant", list(stays.chain(comes).collect())));
    }
    let expected = "an appointment with a time, a slot and participants";
    let mut spans = members
        .into_iter()
        .map(|(member, json)| Some((root.get(member).span()?, json)))
        .collect::<Option<Vec<_>>>()
        .ok_or(FhirError::Unexpected { expected })?;
    spans.sort_by_key(|(span, _)| span.start);
    let mut changed = appointment.to_owned();
    for (span, json) in spans.into_iter().rev() {
        changed.replace_range(span, &json);
    }
    Ok(changed)
}

/// Which intent made an Appointment, by its identifier.
#[must_use]
pub fn intent_of(appointment: &str) -> Option<IntentId> {
    read::intent(appointment, "Appointment", BOOKING)
}

/// The ids of the Slots that an Appointment takes, of those at the same server.
#[must_use]
pub fn slots_of(appointment: &str) -> Vec<String> {
    let Ok(document) = read::resource(appointment, "Appointment") else {
        return Vec::new();
    };
    let slots = document.root().get("slot").items();
    slots
        .filter_map(|slot| read::reference(slot, "Slot"))
        .map(|slot| slot.id)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Appointment;

    const ID: &str = "01900000-0000-7000-8000-000000000000";
    const SLOT: &str = r#"{"resourceType":"Slot","id":"s1","status":"free","schedule":{"reference":"Schedule/a"},
        "start":"2026-12-01T01:00:00.000Z","end":"2026-12-01T01:30:00.000Z",
        "appointmentType":{"text":"ROUTINE"},"specialty":[ {"text":"Tim  mạch"} ]}"#;
    const SCHEDULE: &str = r#"{"resourceType":"Schedule","id":"a","serviceType":[{"text":"Khám tim mạch"}],
        "specialty":[{"text":"other"}],"actor":[{"reference":"Patient/x"},
        {"reference":"Practitioner/d","display":"BS. \"Mai\"","x":1.50},{"reference":"Location/p"}]}"#;

    #[test]
    fn an_appointment_is_made_of_slot_and_schedule() {
        let booking = SlotBooking {
            id: ID.parse().unwrap(),
            slot: SLOT,
            schedule: Some(SCHEDULE),
            patient: "bn1",
            occurrence: None,
        };
        let json = booking.to_json(true).unwrap();
        insta::assert_snapshot!(json);
        let read = Appointment::from_json(&json).unwrap();
        assert_eq!(read.id.as_deref(), Some(ID));
        assert_eq!(read.patient.unwrap().id, "bn1");
        assert_eq!(read.practitioner.unwrap().name, "BS. \"Mai\"");
        assert_eq!(intent_of(&json), Some(booking.id));
        assert_eq!(slots_of(&json), ["s1"]);
        let unnamed = booking.to_json(false).unwrap();
        assert_eq!(unnamed, json.replace(&format!(r#""id":"{ID}","#), ""));
        let third = Occurrence {
            originating: ID.parse().unwrap(),
            number: 3,
        };
        let of_series = SlotBooking {
            occurrence: Some(third),
            ..booking
        };
        let of_series = Appointment::from_json(&of_series.to_json(false).unwrap()).unwrap();
        assert_eq!((of_series.occurrence, read.occurrence), (Some(third), None));
        let alone = SlotBooking {
            schedule: None,
            ..booking
        };
        let alone = Appointment::from_json(&alone.to_json(true).unwrap()).unwrap();
        assert_eq!(alone.practitioner, None);
        let none = SlotBooking {
            slot: SCHEDULE,
            ..booking
        };
        assert!(none.to_json(true).is_err());
    }

    #[test]
    fn another_slot_changes_the_time_and_who_takes_part_and_nothing_else() {
        let booking = SlotBooking {
            id: ID.parse().unwrap(),
            slot: SLOT,
            schedule: Some(SCHEDULE),
            patient: "bn1",
            occurrence: None,
        };
        let json = booking.to_json(true).unwrap();
        let json = json.replace("\"status\":\"booked\"", "\"status\":\"booked\" ,\"x\":1.50");
        let later = SLOT.replace("\"s1\"", "\"s2\"").replace("T01:", "T02:");
        let alone = moved(&json, &later, None).unwrap();
        let expected = json.replace("Slot/s1", "Slot/s2").replace("T01:", "T02:");
        assert_eq!(alone, expected);
        let other = SCHEDULE.replace("Practitioner/d", "Practitioner/e");
        let with_another = moved(&json, &later, Some(&other)).unwrap();
        assert_eq!(
            with_another,
            expected.replace("Practitioner/d", "Practitioner/e")
        );
        assert_eq!(slots_of(&with_another), ["s2"]);
        assert_eq!(
            Appointment::from_json(&with_another)
                .unwrap()
                .patient
                .unwrap()
                .id,
            "bn1"
        );
        let timeless = r#"{"resourceType":"Appointment","status":"booked","slot":[]}"#;
        assert!(moved(timeless, &later, None).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(slot: String, schedule: String, inner in r#"[ \[\]{}",:a-z0-9]{0,40}"#) {
            let inner = format!("{{\"resourceType\":\"Appointment\",{inner}}}");
            for text in [&slot, &inner] {
                let _ = (intent_of(text), slots_of(text), SlotView::from_json(text));
                let _ = (crate::slot::actors(text), crate::slot::codes(text, "serviceType"));
            }
            let booking = SlotBooking {
                id: ID.parse().unwrap(),
                slot: &slot,
                schedule: Some(&schedule),
                patient: "p",
                occurrence: None,
            };
            let _ = booking.to_json(true);
            let _ = moved(&inner, &slot, Some(&schedule));
        }
    }

    #[test]
    fn an_identifier_of_another_system_is_nobodys() {
        for (system, value) in [("urn:x", ID), (BOOKING, "7"), (BOOKING, "")] {
            let json = format!(
                r#"{{"resourceType":"Appointment","identifier":[{{"system":"{system}","value":"{value}"}}]}}"#
            );
            assert_eq!(intent_of(&json), None, "{system} {value}");
        }
    }
}
