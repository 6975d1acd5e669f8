//! The queue of the day on the wire: what an Appointment tells of it, and the answer of `Appointment/{id}/$queue`, which is
//! ours.

use sokhoe_domain::{QueueCall, QueueStanding, QueueState, Timestamp};

use crate::FhirError;
use crate::common::Coded;
use crate::json::{Node, Object};
use crate::read;

/// Extension on an Appointment: the person's number of the day (`valuePositiveInt`).
pub const QUEUE_NUMBER: &str = "https://sokhoe.vn/fhir/StructureDefinition/queue-number";
/// Extension on an Appointment: that the person is called. Parts `at` (`valueInstant`), `station` (`valueString`), and
/// `missed` (`valueInstant`) once they did not come.
pub const CALLED: &str = "https://sokhoe.vn/fhir/StructureDefinition/called";

/// The system of `Appointment.appointmentType`.
const APPOINTMENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0276";
/// The code of somebody who came without a booking.
const WALK_IN: &str = "WALKIN";

/// The type of an Appointment that was never booked: the person came.
#[must_use]
pub fn walk_in() -> Coded {
    Coded {
        system: APPOINTMENT_TYPE.to_owned(),
        code: WALK_IN.to_owned(),
        name: "Không hẹn trước".to_owned(),
    }
}

/// The number that an Appointment tells.
pub(crate) fn number_of(appointment: Node<'_>) -> Option<u32> {
    positive(read::extension(appointment, QUEUE_NUMBER)?.get("valuePositiveInt"))
}

/// The call that an Appointment tells.
pub(crate) fn call_of(appointment: Node<'_>) -> Option<QueueCall> {
    let called = read::extension(appointment, CALLED)?;
    let instant = |part| read::timestamp(read::extension(called, part)?.get("valueInstant"));
    let station = read::extension(called, "station");
    Some(QueueCall {
        at: instant("at")?,
        station: station.map_or_else(String::new, |it| read::string(it, "valueString")),
        missed: instant("missed"),
    })
}

/// Both as extensions.
pub(crate) fn write_for_appointment(
    number: Option<u32>,
    call: Option<&QueueCall>,
) -> impl Iterator<Item = Object> {
    let number =
        number.map(|it| read::write_extension(QUEUE_NUMBER, "valuePositiveInt", &it.to_string()));
    let call = call.map(|call| {
        let instant = |part, at: Timestamp| {
            read::write_extension(part, "valueInstant", &read::quoted(&at.to_fhir()))
        };
        let station = (!call.station.is_empty())
            .then(|| read::write_extension("station", "valueString", &read::quoted(&call.station)));
        let parts = [
            Some(instant("at", call.at)),
            station,
            call.missed.map(|at| instant("missed", at)),
        ];
        Object::new()
            .text("url", CALLED)
            .list("extension", parts.into_iter().flatten())
    });
    number.into_iter().chain(call)
}

/// The answer of `$queue`, as a Parameters resource.
#[must_use]
pub fn to_parameters(standing: &QueueStanding) -> String {
    let part = |name: &str| Object::new().text("name", name);
    let instant = |name: &str, at: Timestamp| part(name).text("valueInstant", &at.to_fhir());
    let ahead = standing.ahead.map(|ahead| ahead.to_string());
    let parts = [
        Some(part("number").raw("valuePositiveInt", &standing.number.to_string())),
        Some(part("state").text("valueCode", standing.state.code())),
        ahead.map(|ahead| part("ahead").raw("valueUnsignedInt", &ahead)),
        standing.expected.map(|at| instant("expected", at)),
        standing.called.map(|at| instant("called", at)),
        (!standing.station.is_empty())
            .then(|| part("station").text("valueString", &standing.station)),
        Some(instant("as-of", standing.as_of)),
    ];
    Object::resource("Parameters")
        .list("parameter", parts.into_iter().flatten())
        .finish()
}

/// Reads the answer of `$queue`.
///
/// # Errors
/// When it is none: number, state and the time at which it was so must be there.
pub fn from_parameters(json: &str) -> Result<QueueStanding, FhirError> {
    let document = read::resource(json, "Parameters")?;
    let named = |name: &str| {
        let mut parameters = document.root().get("parameter").items();
        parameters.find(|one| one.get("name").is_text(name))
    };
    let instant = |name| read::timestamp(named(name)?.get("valueInstant"));
    let missing = |expected| FhirError::Unexpected { expected };
    let state = named("state").and_then(|it| QueueState::from_code(&it.str("valueCode")?));
    let number = named("number").and_then(|it| positive(it.get("valuePositiveInt")));
    let station = named("station").map(|it| read::string(it, "valueString"));
    Ok(QueueStanding {
        number: number.ok_or(missing("number"))?,
        state: state.ok_or(missing("state"))?,
        ahead: named("ahead").and_then(|it| it.get("valueUnsignedInt").u64()?.try_into().ok()),
        expected: instant("expected"),
        called: instant("called"),
        station: station.unwrap_or_default(),
        as_of: instant("as-of").ok_or(missing("as-of"))?,
    })
}

fn positive(number: Node<'_>) -> Option<u32> {
    let number = number.u64()?.try_into().ok()?;
    (number > 0).then_some(number)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::Appointment;
    use crate::appointment::tests::arb_time;

    prop_compose! {
        pub(crate) fn arb_call()(
            at in arb_time(), station in "[A-Za-z0-9À-ỹ][A-Za-z0-9À-ỹ ]{0,12}", missed in option::of(arb_time()),
        ) -> QueueCall {
            QueueCall { at, station, missed }
        }
    }

    prop_compose! {
        fn arb_standing()(
            number in 1..u32::MAX, state in prop::sample::select(QueueState::ALL.to_vec()),
            ahead in option::of(any::<u32>()), (expected, called) in (option::of(arb_time()), option::of(arb_time())),
            station in "[A-Za-z0-9À-ỹ]{0,12}", as_of in arb_time(),
        ) -> QueueStanding {
            QueueStanding { number, state, ahead, expected, called, station, as_of }
        }
    }

    #[test]
    fn an_answer_is_written_as_parameters() {
        let at = |text: &str| Timestamp::parse_fhir(text).unwrap();
        let standing = QueueStanding {
            number: 12,
            state: QueueState::Waiting,
            ahead: Some(4),
            expected: Some(at("2026-11-24T08:50:00+07:00")),
            called: None,
            station: String::new(),
            as_of: at("2026-11-24T08:31:00+07:00"),
        };
        insta::assert_snapshot!(to_parameters(&standing));
        assert!(!format!("{standing:?}").contains("12"));
    }

    #[test]
    fn an_answer_without_number_state_or_time_is_none() {
        let part = |name: &str, value: &str| format!(r#"{{"name":"{name}",{value}}}"#);
        let number = part("number", r#""valuePositiveInt":7"#);
        let state = part("state", r#""valueCode":"called""#);
        let as_of = part("as-of", r#""valueInstant":"2026-11-24T08:31:00+07:00""#);
        let answer = |parts: &[&String]| {
            let parts: Vec<&str> = parts.iter().map(|part| part.as_str()).collect();
            from_parameters(&format!(
                r#"{{"resourceType":"Parameters","parameter":[{}]}}"#,
                parts.join(",")
            ))
        };
        assert_eq!(answer(&[&number, &state, &as_of]).unwrap().number, 7);
        assert!(answer(&[&state, &as_of]).is_err());
        assert!(answer(&[&number, &as_of]).is_err());
        assert!(answer(&[&number, &state]).is_err());
        let zero = part("number", r#""valuePositiveInt":0"#);
        assert!(answer(&[&zero, &state, &as_of]).is_err());
        let unknown = part("state", r#""valueCode":"gone""#);
        assert!(answer(&[&number, &unknown, &as_of]).is_err());
    }

    #[test]
    fn a_call_without_a_time_is_none() {
        let json = format!(
            r#"{{"resourceType":"Appointment","status":"checked-in","extension":[{{"url":"{CALLED}","extension":[
               {{"url":"station","valueString":"Phòng 3"}}]}}]}}"#
        );
        assert_eq!(Appointment::from_json(&json).unwrap().called, None);
    }

    proptest! {
        #[test]
        fn an_answer_comes_back(standing in arb_standing()) {
            prop_assert_eq!(from_parameters(&to_parameters(&standing)), Ok(standing));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = from_parameters(&text);
        }
    }
}
