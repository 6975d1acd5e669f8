//! Visits that come again and again: each knows of which series it is, and a service may let more be booked ahead.

use serde_json::{Value, json};

use crate::support::{MOTHER, SON, hospital, id, key, parameters, refusal};

const BOOK: &str = "/fhir/Appointment/$book";
const DIALYSIS: &str = "chay-than";

fn occurrence(appointment: &str, patient: &str, originating: &str, number: i64) -> String {
    let reference = |text: String| json!({"valueReference": {"reference": text}});
    let parts = json!({"part": [
        {"name": "originating", "valueId": originating},
        {"name": "number", "valuePositiveInt": number},
    ]});
    parameters(&[
        (
            "appointment-reference",
            reference(format!("Appointment/{appointment}")),
        ),
        ("patient-reference", reference(format!("Patient/{patient}"))),
        ("occurrence", parts),
    ])
}

/// The first visit of its series and its own number, as an Appointment says them.
fn series_of(appointment: &Value) -> (String, i64) {
    let value = |name: &str, value: &str| {
        let extensions = appointment["extension"].as_array().unwrap();
        let url =
            format!("http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.{name}");
        let found = extensions.iter().find(|it| it["url"] == url.as_str());
        found.unwrap()[value].clone()
    };
    let originating = value("originatingAppointment", "valueReference");
    let number = value("recurrenceId", "valuePositiveInt");
    (
        originating["identifier"]["value"]
            .as_str()
            .unwrap()
            .to_owned(),
        number.as_i64().unwrap(),
    )
}

#[tokio::test]
async fn of_dialysis_more_can_be_booked_ahead_and_other_visits_are_counted_apart() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let days = hospital.free(&phone, DIALYSIS, 9).await;
    assert!(days.len() >= 7, "{days:#?}");
    let keys: Vec<String> = (0..7).map(|_| key()).collect();
    for ((slot, key), number) in days.iter().zip(&keys).zip(1..) {
        let body = occurrence(id(slot), MOTHER, &keys[0], number);
        let booked = phone.post(BOOK, Some(key), &body).await;
        assert_eq!(booked.status, 200, "{}", booked.body);
        let booked = booked.resources("Appointment").remove(0);
        assert_eq!(series_of(&booked), (keys[0].clone(), number));
    }
    // Five others beside.
    let others = hospital.free(&phone, "lay-mau", 6).await;
    for slot in &others[..5] {
        assert_eq!(phone.book(&key(), id(slot), MOTHER).await.status, 200);
    }
    let sixth = phone.book(&key(), id(&others[5]), MOTHER).await;
    assert_eq!(refusal(&sixth), "too-many");
    let found = hospital.free(&phone, DIALYSIS, 9).await;
    let eighth = phone.book(&key(), id(found.last().unwrap()), MOTHER).await;
    assert_eq!(eighth.status, 200, "{}", eighth.body);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_service_has_its_own_end_of_booking_ahead() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    // Of antenatal visits ten.
    let times = hospital.free(&phone, "kham-thai", 11).await;
    for slot in &times[..10] {
        assert_eq!(phone.book(&key(), id(slot), MOTHER).await.status, 200);
    }
    let eleventh = phone.book(&key(), id(&times[10]), MOTHER).await;
    assert_eq!((eleventh.status, &*refusal(&eleventh)), (409, "too-many"));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_feed_and_a_move_and_a_cancellation_keep_of_which_series_a_visit_is() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let days = hospital.free(&phone, DIALYSIS, 9).await;
    let (first, second) = (key(), key());
    let body = occurrence(id(&days[1]), MOTHER, &first, 2);
    assert_eq!(phone.post(BOOK, Some(&second), &body).await.status, 200);
    let stored = || async {
        let (changed, _) = phone.changes(MOTHER, None).await;
        let resources = changed.iter().map(|entry| &entry["resource"]);
        let mut of_it = resources.filter(|resource| resource["id"] == second.as_str());
        of_it.next_back().unwrap().clone()
    };
    let booked = stored().await;
    assert_eq!(series_of(&booked), (first.clone(), 2));
    for (status, at) in [("booked", &days[2]), ("cancelled", &days[2])] {
        let mut changed = booked.clone();
        changed["status"] = json!(status);
        changed["start"] = at["start"].clone();
        let body = crate::support::by_resource(&changed, MOTHER);
        let answer = phone.post(BOOK, Some(&key()), &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let now = stored().await;
        assert_eq!(now["status"], status);
        assert_eq!(now["start"], days[2]["start"]);
        assert_eq!(series_of(&now), (first.clone(), 2));
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_is_no_occurrence_is_refused_and_the_key_is_of_one() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let days = hospital.free(&phone, DIALYSIS, 1).await;
    let intent = key();
    for (originating, number) in [("first", 1), (&*intent, 0), (&*intent, -1)] {
        let body = occurrence(id(&days[0]), MOTHER, originating, number);
        assert_eq!(phone.post(BOOK, Some(&intent), &body).await.status, 400);
    }
    let of = |number| occurrence(id(&days[0]), MOTHER, &intent, number);
    assert_eq!(phone.post(BOOK, Some(&intent), &of(1)).await.status, 200);
    assert_eq!(phone.post(BOOK, Some(&intent), &of(1)).await.status, 200);
    assert_eq!(phone.post(BOOK, Some(&intent), &of(2)).await.status, 422);
    hospital.running.shutdown().await;
}
