//! Visits by video: where they take place is told to whom it concerns, while they are open.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_clinic::ClinicError;

use crate::support::http::Reply;
use crate::support::{MOTHER, STRANGER, by_resource, hospital, id, key, refusal};

const ROOMS: &str = "https://meet.example.vn/{room}?lang=vi";

fn part(reply: &Reply, name: &str) -> Option<Value> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let parameters = reply.json();
    let parts = parameters["parameter"].as_array().unwrap().clone();
    parts.into_iter().find(|part| part["name"] == name)
}

fn state(reply: &Reply) -> String {
    let state = part(reply, "state").unwrap();
    state["valueCode"].as_str().unwrap().to_owned()
}

fn link(reply: &Reply) -> Option<String> {
    let link = part(reply, "link")?;
    Some(link["valueUrl"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_link_opens_in_its_window_by_the_clinics_clock_and_for_nobody_else() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let stranger = hospital.phone("device-stranger", &[STRANGER]).await;
    let slots = hospital.free(&mother, "tu-van-tu-xa", 2).await;
    let booked = mother.book(&key(), id(&slots[0]), MOTHER).await;
    let booked = booked.resources("Appointment").remove(0);
    let path = format!("/fhir/Appointment/{}/$join", id(&booked));
    assert_eq!(mother.get(&path).await.status, 404, "there are no rooms");

    for bad in ["https://meet.example.vn/", "http://meet.example.vn/{room}"] {
        let refused = hospital.clinic.set_video_rooms(Some(bad));
        assert!(matches!(refused, Err(ClinicError::BadRooms)));
    }
    hospital.clinic.set_video_rooms(Some(ROOMS)).unwrap();
    let early = mother.get(&path).await;
    assert_eq!((&*state(&early), link(&early)), ("not-yet", None));
    assert_eq!(early.header("cache-control"), Some("no-store"));
    assert_eq!(stranger.get(&path).await.status, 404);
    assert_eq!(mother.get(&format!("{path}?a=1")).await.status, 400);

    let start = booked["start"].as_str().unwrap();
    hospital.advance_to(start, -15 * 60);
    let open = mother.get(&path).await;
    assert_eq!(state(&open), "open");
    let room = link(&open).unwrap();
    assert!(room.starts_with("https://meet.example.vn/") && room.ends_with("?lang=vi"));
    assert_eq!(room.len(), ROOMS.len() - "{room}".len() + 40);
    assert_eq!(mother.get(&path).await.body, open.body, "always the same");
    assert_eq!(stranger.get(&path).await.status, 404);
    let doctors = hospital.clinic.room_of(id(&booked)).unwrap();
    assert_eq!(doctors.as_deref(), Some(&*room));

    // At another time it is another room.
    let mut moved = booked.clone();
    moved["start"] = slots[1]["start"].clone();
    let body = by_resource(&moved, MOTHER);
    let moved = mother
        .post("/fhir/Appointment/$book", Some(&key()), &body)
        .await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    hospital.advance_to(slots[1]["start"].as_str().unwrap(), 0);
    let there = mother.get(&path).await;
    assert_ne!(link(&there).unwrap(), room);

    hospital.advance_to(slots[1]["end"].as_str().unwrap(), 60 * 60);
    let over = mother.get(&path).await;
    assert_eq!((&*state(&over), link(&over)), ("over", None));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_is_not_by_video_or_called_off_has_no_room() {
    let hospital = hospital().await;
    hospital.clinic.set_video_rooms(Some(ROOMS)).unwrap();
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let book = async |service: &str| {
        let slot = hospital.free(&mother, service, 1).await.remove(0);
        let booked = mother.book(&key(), id(&slot), MOTHER).await;
        booked.resources("Appointment").remove(0)
    };
    let there = book("kham-mat").await;
    let mut afar = book("tu-van-tu-xa").await;
    let join = async |visit: &Value| {
        let path = format!("/fhir/Appointment/{}/$join", id(visit));
        mother.get(&path).await.status
    };
    assert_eq!((join(&there).await, join(&afar).await), (404, 200));
    assert_eq!(hospital.clinic.room_of(id(&there)).unwrap(), None);
    afar["status"] = json!("cancelled");
    let body = by_resource(&afar, MOTHER);
    let gone = mother
        .post("/fhir/Appointment/$book", Some(&key()), &body)
        .await;
    assert_eq!(gone.status, 200, "{}", refusal(&gone));
    assert_eq!(join(&afar).await, 404);
    let nobodys = json!({"id": key()});
    assert_eq!(join(&nobodys).await, 404);

    hospital.clinic.set_video_rooms(None).unwrap();
    hospital.clock.advance(Duration::from_secs(1));
    assert_eq!(join(&afar).await, 404);
    hospital.running.shutdown().await;
}
