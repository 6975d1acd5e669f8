//! A booking with a wish: the named time, else the nearest that the person said would do.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::{
    Hospital, MOTHER, Phone, SON, STRANGER, by_reference, by_resource, hospital, id, key,
    parameters, refusal,
};

const HEART: &str = "kham-tim-mach";

/// `$book` of a proposed time with a wish.
fn wished(appointment: &str, patient: &str, parts: &[Value]) -> String {
    let mut body: Value = serde_json::from_str(&by_reference(appointment, patient)).unwrap();
    let wish = json!({"name": "otherwise", "part": parts});
    body["parameter"].as_array_mut().unwrap().push(wish);
    body.to_string()
}

fn days(first: &str, last: &str) -> Vec<Value> {
    vec![
        json!({"name": "first-day", "valueDate": first}),
        json!({"name": "last-day", "valueDate": last}),
    ]
}

fn part(name: &str, value: Value) -> Value {
    let mut part = value;
    part["name"] = json!(name);
    part
}

async fn send(phone: &Phone, key: &str, body: &str) -> Reply {
    phone.post("/fhir/Appointment/$book", Some(key), body).await
}

fn start(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let booked = &reply.resources("Appointment")[0];
    assert_eq!(booked["status"], "booked");
    booked["start"].as_str().unwrap().to_owned()
}

fn doctor(appointment: &Value) -> String {
    let participants = appointment["participant"].as_array().unwrap();
    let of_doctor = participants.iter().find_map(|participant| {
        let reference = participant["actor"]["reference"].as_str()?;
        reference.strip_prefix("Practitioner/")
    });
    of_doctor.unwrap().to_owned()
}

/// All free times of a service on some days.
async fn all_free(hospital: &Hospital, phone: &Phone, service: &str) -> Vec<Value> {
    hospital.free(phone, service, 500).await
}

/// Somebody else takes a time.
async fn takes(hospital: &Hospital, slot: &Value) {
    let phone = hospital.phone("device-of-another", &["bn-000006"]).await;
    let taken = phone.book(&key(), id(slot), "bn-000006").await;
    assert_eq!(taken.status, 200, "{}", taken.body);
}

#[tokio::test]
async fn the_named_time_goes_before_all_others_and_the_same_id_has_one_answer() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let slot = hospital.free(&phone, HEART, 1).await.remove(0);
    let body = wished(id(&slot), MOTHER, &days("2026-11-25", "2026-11-27"));
    let intent = key();
    let booked = send(&phone, &intent, &body).await;
    assert_eq!(start(&booked), slot["start"].as_str().unwrap());

    // The wish is of the request: without it, or with another, it is another one.
    let without = phone.book(&intent, id(&slot), MOTHER).await;
    assert_eq!(without.status, 422);
    let again = send(&phone, &intent, &body).await;
    assert_eq!((again.status, again.body), (200, booked.body));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn of_what_will_do_the_nearest_is_booked_with_the_same_doctor() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let free = all_free(&hospital, &phone, HEART).await;
    let slot = free[0].clone();
    takes(&hospital, &slot).await;
    let mut parts = days("2026-11-24", "2026-11-28");
    parts.push(part("until", json!({"valueTime": "11:00:00"})));
    let intent = key();
    let body = wished(id(&slot), MOTHER, &parts);
    let booked = send(&phone, &intent, &body).await;
    let expected = free
        .iter()
        .skip(1)
        .find(|other| doctor(other) == doctor(&slot))
        .unwrap();
    assert_eq!(start(&booked), expected["start"].as_str().unwrap());
    assert_eq!(doctor(&booked.resources("Appointment")[0]), doctor(&slot));
    assert_eq!(id(&booked.resources("Appointment")[0]), intent);

    // What it has is taken; nothing else is.
    let left: BTreeSet<String> = all_free(&hospital, &phone, HEART)
        .await
        .iter()
        .map(|one| id(one).to_owned())
        .collect();
    assert_eq!(left.len(), free.len() - 2);
    assert!(!left.contains(id(expected)));

    // Asked again when a nearer time is free, it is the same answer; cancelled, its own time is free again.
    let again = send(&phone, &intent, &body).await;
    assert_eq!((again.status, &again.body), (200, &booked.body));
    let mut appointment = booked.resources("Appointment").remove(0);
    appointment["status"] = json!("cancelled");
    let cancelled = send(&phone, &key(), &by_resource(&appointment, MOTHER)).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    let left = all_free(&hospital, &phone, HEART).await;
    assert!(left.iter().any(|one| id(one) == id(expected)));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn another_doctor_at_the_same_time_is_nearer_than_another_time() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let free = all_free(&hospital, &phone, HEART).await;
    let (slot, other) = free
        .iter()
        .enumerate()
        .find_map(|(at, one)| {
            let twin =
                |other: &&Value| other["start"] == one["start"] && doctor(other) != doctor(one);
            Some((one, free[at + 1..].iter().find(twin)?))
        })
        .expect("two doctors at one time");
    takes(&hospital, slot).await;
    let mut parts = days("2026-11-24", "2026-12-04");
    parts.push(part("any-practitioner", json!({"valueBoolean": true})));
    let booked = send(&phone, &key(), &wished(id(slot), MOTHER, &parts)).await;
    assert_eq!(start(&booked), slot["start"].as_str().unwrap());
    assert_eq!(doctor(&booked.resources("Appointment")[0]), doctor(other));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_time_that_has_passed_meanwhile_leaves_the_wish() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let slot = hospital.free(&phone, HEART, 1).await.remove(0);
    hospital.clock.advance(Duration::from_secs(2 * 24 * 3600));
    // Now it is Wednesday, six in the morning.
    let mut parts = days("2026-11-24", "2026-11-28");
    parts.push(part("from", json!({"valueTime": "08:00:00"})));
    parts.push(part("weekday", json!({"valueCode": "thu"})));
    parts.push(part("weekday", json!({"valueCode": "fri"})));
    let booked = send(&phone, &key(), &wished(id(&slot), MOTHER, &parts)).await;
    let start = start(&booked);
    assert!(start.as_str() >= "2026-11-26T08:00:00+07:00", "{start}");
    assert!(start.as_str() < "2026-11-28T00:00:00+07:00", "{start}");

    let over = wished(id(&slot), MOTHER, &days("2026-11-23", "2026-11-24"));
    let refused = send(&phone, &key(), &over).await;
    assert_eq!((refused.status, &*refusal(&refused)), (409, "not-offered"));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn when_nothing_that_will_do_is_free_the_time_is_taken_and_stays_so() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let free = all_free(&hospital, &phone, HEART).await;
    let slot = free[0].clone();
    takes(&hospital, &slot).await;
    // A Sunday, and the minutes before anybody comes.
    for parts in [
        days("2026-11-29", "2026-11-29"),
        [
            days("2026-11-24", "2026-11-28"),
            vec![part("until", json!({"valueTime": "05:00:00"}))],
        ]
        .concat(),
    ] {
        let intent = key();
        let body = wished(id(&slot), MOTHER, &parts);
        let refused = send(&phone, &intent, &body).await;
        assert_eq!((refused.status, &*refusal(&refused)), (409, "slot-taken"));
        let others = refused.resources("Appointment");
        assert!(!others.is_empty() && others.iter().all(|one| one["status"] == "proposed"));
        let again = send(&phone, &intent, &body).await;
        assert_eq!((again.status, again.body), (409, refused.body));
    }
    let rows = hospital.database.number("SELECT count(*) FROM appointment");
    assert_eq!(rows, 1, "nothing of the refused stays");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_hold_that_ran_out_and_was_taken_leaves_the_wish() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[SON]).await;
    let slot = hospital.free(&phone, "kham-mat", 1).await.remove(0);
    let hold = key();
    assert_eq!(phone.hold(&hold, id(&slot), SON).await.status, 200);
    hospital.clock.advance(Duration::from_secs(5 * 60));
    takes(&hospital, &slot).await;
    let body = wished(&hold, SON, &days("2026-11-24", "2026-11-28"));
    let booked = send(&phone, &key(), &body).await;
    assert_ne!(start(&booked), slot["start"].as_str().unwrap());
    assert_eq!(id(&booked.resources("Appointment")[0]), hold);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_wish_that_cannot_be_read_refuses_the_request_and_books_nothing() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[STRANGER]).await;
    let slot = hospital.free(&phone, HEART, 1).await.remove(0);
    let intent = key();
    let bad = [
        vec![],
        days("2026-11-28", "2026-11-24"),
        days("2026-11-24", "2027-11-24"),
        [
            days("2026-11-24", "2026-11-28"),
            vec![part("doctor", json!({"valueCode": "any"}))],
        ]
        .concat(),
        [
            days("2026-11-24", "2026-11-28"),
            vec![part("from", json!({"valueString": "7h"}))],
        ]
        .concat(),
    ];
    for parts in bad {
        let refused = send(&phone, &intent, &wished(id(&slot), STRANGER, &parts)).await;
        assert_eq!(refused.status, 400, "{parts:?}");
    }
    let wish = json!({"name": "otherwise", "part": days("2026-11-24", "2026-11-28")});
    let move_it = parameters(&[
        (
            "appointment-resource",
            json!({"resource": {"resourceType": "Appointment", "id": "x", "status": "booked"}}),
        ),
        (
            "patient-reference",
            json!({"valueReference": {"reference": format!("Patient/{STRANGER}")}}),
        ),
        ("otherwise", wish),
    ]);
    assert_eq!(send(&phone, &intent, &move_it).await.status, 400);
    // A request that could not be read is none: its id is as new.
    let booked = send(
        &phone,
        &intent,
        &wished(id(&slot), STRANGER, &days("2026-11-24", "2026-11-28")),
    )
    .await;
    assert_eq!(start(&booked), slot["start"].as_str().unwrap());
    hospital.running.shutdown().await;
}
