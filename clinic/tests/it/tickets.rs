//! Tickets of bookings: signed for whoever may see the booking, as long as it stands.

use serde_json::{Value, json};
use sokhoe_domain::Timestamp;
use sokhoe_qr::{TicketGate, TicketSheet};

use crate::support::http::Reply;
use crate::support::{Hospital, MOTHER, STRANGER, by_resource, hospital, id, key};

fn sheet(hospital: &Hospital, reply: &Reply) -> TicketSheet {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let parameters = reply.json();
    assert_eq!(parameters["resourceType"], "Parameters");
    let part = &parameters["parameter"][0];
    assert_eq!(part["name"], "sheet");
    let text = part["valueString"].as_str().unwrap();
    TicketSheet::verify(text, &hospital.clinic.public_key()).unwrap()
}

fn start(visit: &Value) -> Timestamp {
    Timestamp::parse_fhir(visit["start"].as_str().unwrap()).unwrap()
}

fn path(visit: &Value) -> String {
    format!("/fhir/Appointment/{}/$ticket", id(visit))
}

#[tokio::test]
async fn a_booking_has_tickets_of_its_start_and_for_nobody_else() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let stranger = hospital.phone("device-stranger", &[STRANGER]).await;
    let slots = hospital.free(&mother, "kham-mat", 2).await;
    let booked = mother.book(&key(), id(&slots[0]), MOTHER).await;
    let booked = booked.resources("Appointment").remove(0);
    let other = mother.book(&key(), id(&slots[1]), MOTHER).await;
    let other = other.resources("Appointment").remove(0);

    let reply = mother.get(&path(&booked)).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let first = sheet(&hospital, &reply);
    assert_eq!(first.start(), start(&booked));
    let others = sheet(&hospital, &mother.get(&path(&other)).await);
    assert_ne!(first.number(), others.number());
    let again = mother.get(&path(&booked)).await;
    assert_eq!(again.body, reply.body, "always the same");
    let mut gate = TicketGate::new([hospital.clinic.public_key()]);
    let now = start(&booked);
    let shown = first.at(now).unwrap();
    assert_eq!(gate.admit(&shown, now).unwrap().number, first.number());
    assert!(gate.admit(&shown, now).is_err());

    assert_eq!(stranger.get(&path(&booked)).await.status, 404);
    let query = format!("{}?a=1", path(&booked));
    assert_eq!(mother.get(&query).await.status, 400);
    let nobodys = json!({"id": key()});
    assert_eq!(mother.get(&path(&nobodys)).await.status, 404);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_moved_booking_has_others_and_what_does_not_stand_or_is_not_here_none() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let slots = hospital.free(&mother, "kham-mat", 5).await;
    let booked = mother.book(&key(), id(&slots[0]), MOTHER).await;
    let mut visit = booked.resources("Appointment").remove(0);
    let old = sheet(&hospital, &mother.get(&path(&visit)).await);
    let same_doctor = |slot: &&Value| slot["participant"] == slots[0]["participant"];
    let later = slots.iter().rfind(same_doctor).unwrap();
    visit["start"] = later["start"].clone();
    let body = by_resource(&visit, MOTHER);
    let moved = mother
        .post("/fhir/Appointment/$book", Some(&key()), &body)
        .await;
    let mut visit = moved.resources("Appointment").remove(0);
    let new = sheet(&hospital, &mother.get(&path(&visit)).await);
    assert_eq!(new.start(), start(later));
    assert_ne!(new.start(), old.start());

    visit["status"] = json!("cancelled");
    let body = by_resource(&visit, MOTHER);
    let gone = mother
        .post("/fhir/Appointment/$book", Some(&key()), &body)
        .await;
    assert_eq!(gone.status, 200, "{}", gone.body);
    assert_eq!(mother.get(&path(&visit)).await.status, 404);

    let held = mother.hold(&key(), id(&slots[1]), MOTHER).await;
    let held = held.resources("Appointment").remove(0);
    assert_eq!(mother.get(&path(&held)).await.status, 404);
    let by_video = hospital.free(&mother, "tu-van-tu-xa", 1).await.remove(0);
    let by_video = mother.book(&key(), id(&by_video), MOTHER).await;
    let by_video = by_video.resources("Appointment").remove(0);
    assert_eq!(mother.get(&path(&by_video)).await.status, 404);
    hospital.running.shutdown().await;
}
