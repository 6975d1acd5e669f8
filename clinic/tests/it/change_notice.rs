//! Until when a person may change a booking by themselves, where its service has a notice.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_clinic::{DeskAnswer, DeskBooking, DeskRequest, Refusal, Source};

use crate::support::{Hospital, MOTHER, Phone, by_resource, hospital, id, key, refusal};

const BOOK: &str = "/fhir/Appointment/$book";
/// Four hours.
const ECHO: &str = "sieu-am-tim";
const HOUR: Duration = Duration::from_secs(3_600);

fn until(appointment: &Value) -> Option<&str> {
    let url = "https://sokhoe.vn/fhir/StructureDefinition/changeable-until";
    let extensions = appointment["extension"].as_array()?;
    let told = extensions.iter().find(|it| it["url"] == url)?;
    told["valueInstant"].as_str()
}

/// Books the slot; the Appointment.
async fn booked(phone: &Phone, slot: &Value) -> Value {
    let reply = phone.book(&key(), id(slot), MOTHER).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.resources("Appointment").remove(0)
}

/// The refusal's code, or how it stands.
async fn cancel(phone: &Phone, appointment: &Value) -> String {
    let mut changed = appointment.clone();
    changed["status"] = json!("cancelled");
    let reply = phone
        .post(BOOK, Some(&key()), &by_resource(&changed, MOTHER))
        .await;
    match reply.status {
        200 => reply.resources("Appointment")[0]["status"]
            .as_str()
            .unwrap()
            .to_owned(),
        _ => refusal(&reply),
    }
}

async fn move_to(phone: &Phone, appointment: &Value, slot: &Value) -> Result<Value, String> {
    let mut changed = appointment.clone();
    changed["start"] = slot["start"].clone();
    let reply = phone
        .post(BOOK, Some(&key()), &by_resource(&changed, MOTHER))
        .await;
    match reply.status {
        200 => Ok(reply.resources("Appointment").remove(0)),
        _ => Err(refusal(&reply)),
    }
}

/// Of the same doctor on another day, later than all others given.
fn later<'s>(slots: &'s [Value], first: &Value) -> &'s Value {
    let doctor = |slot: &Value| {
        let participants = slot["participant"].as_array().unwrap();
        let actors = participants.iter().map(|it| &it["actor"]["reference"]);
        let mut doctors = actors.filter(|it| it.as_str().unwrap().starts_with("Practitioner/"));
        doctors.next().unwrap().clone()
    };
    let day = |slot: &Value| slot["start"].as_str().unwrap()[..10].to_owned();
    let mut others = slots
        .iter()
        .filter(|slot| doctor(slot) == doctor(first) && day(slot) > day(first));
    others.next().unwrap()
}

async fn with_one() -> (Hospital, Phone, Vec<Value>) {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let slots = hospital.free(&phone, ECHO, 60).await;
    assert_eq!(slots[0]["start"], "2026-11-24T07:00:00+07:00");
    (hospital, phone, slots)
}

#[tokio::test]
async fn it_is_told_with_the_booking_and_holds_to_the_second() {
    let (hospital, phone, slots) = with_one().await;
    let first = booked(&phone, &slots[0]).await;
    assert_eq!(until(&first), Some("2026-11-24T03:00:00+07:00"));
    let other = later(&slots, &slots[0]);
    hospital.advance_to("2026-11-24T03:00:00+07:00", 0);
    let moved = move_to(&phone, &first, other).await.unwrap();
    let at = |hours: &str| format!("{}T{hours}+07:00", &other["start"].as_str().unwrap()[..10]);
    assert_eq!(until(&moved), Some(&*at("03:00:00")));
    hospital.advance_to(&at("03:00:00"), 1);
    assert_eq!(cancel(&phone, &moved).await, "too-late");
    let third = later(&slots, other);
    assert_eq!(
        move_to(&phone, &moved, third).await,
        Err("too-late".to_owned())
    );
    let (entries, _) = phone.changes(MOTHER, None).await;
    let stands = entries.iter().map(|entry| &entry["resource"]);
    let mut stands = stands.filter(|it| it["resourceType"] == "Appointment");
    assert_eq!(stands.next(), Some(&moved), "nothing changed");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn who_books_late_has_a_quarter_of_an_hour_but_never_longer_than_until_it_begins() {
    let (hospital, phone, slots) = with_one().await;
    hospital.advance_to("2026-11-24T06:00:00+07:00", 0);
    let at = |start: &str| {
        let start = format!("2026-11-24T{start}:00+07:00");
        slots.iter().find(|slot| slot["start"] == *start).unwrap()
    };
    let first = booked(&phone, at("07:00")).await;
    assert_eq!(until(&first), Some("2026-11-24T06:15:00+07:00"));
    hospital.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(cancel(&phone, &first).await, "cancelled");
    // What is cancelled already is so also when it is late.
    hospital.clock.advance(Duration::from_secs(35 * 60));
    assert_eq!(cancel(&phone, &first).await, "cancelled");
    let second = booked(&phone, at("07:00")).await;
    assert_eq!(until(&second), Some("2026-11-24T07:00:00+07:00"));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_service_without_a_notice_can_be_left_until_it_begins() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let slot = hospital.free(&phone, "kham-tim-mach", 1).await.remove(0);
    let one = booked(&phone, &slot).await;
    assert_eq!(until(&one), None);
    hospital.advance_to(slot["start"].as_str().unwrap(), -1);
    assert_eq!(cancel(&phone, &one).await, "cancelled");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_desk_changes_it_all_the_same_and_whoever_lost_their_time_may_leave() {
    let (hospital, phone, slots) = with_one().await;
    let (one, two) = (
        booked(&phone, &slots[0]).await,
        booked(&phone, later(&slots, &slots[0])).await,
    );
    hospital.advance_to("2026-11-24T06:00:00+07:00", 0);
    assert_eq!(cancel(&phone, &one).await, "too-late");
    let by_desk = |request: DeskRequest, source: Source| {
        let booking = DeskBooking {
            patient: MOTHER.to_owned(),
            request,
            source,
            key: key(),
        };
        hospital.clinic.book_at_desk(booking).unwrap()
    };
    let gone = DeskRequest::Cancel {
        booking: id(&one).to_owned(),
    };
    assert_eq!(
        by_desk(gone.clone(), Source::App),
        DeskAnswer::Refused(Refusal::TooLate)
    );
    assert_eq!(by_desk(gone.clone(), Source::Hotline), DeskAnswer::Done);
    assert_eq!(by_desk(gone, Source::Counter), DeskAnswer::Done);
    // The clinic closes the day of the other: it keeps nobody to a rule that it does not keep itself.
    let day = two["start"].as_str().unwrap()[..10].parse().unwrap();
    hospital.advance_to(two["start"].as_str().unwrap(), -1_800);
    assert_eq!(cancel(&phone, &two).await, "too-late");
    assert_eq!(hospital.clinic.close_day(day, "Bão").unwrap().len(), 1);
    assert_eq!(cancel(&phone, &two).await, "cancelled");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_was_promised_holds_when_the_rule_changes() {
    let (hospital, phone, slots) = with_one().await;
    let one = booked(&phone, &slots[0]).await;
    let json = hospital
        .database
        .rows("SELECT json FROM resource WHERE type = 'HealthcareService' AND id = 'sieu-am-tim'")
        .remove(0)
        .remove(0);
    let stricter = json.replace("\"valuePositiveInt\":240", "\"valuePositiveInt\":2880");
    assert_ne!(json, stricter);
    hospital
        .database
        .execute(&format!(
            "UPDATE resource SET json = '{stricter}' WHERE type = 'HealthcareService' AND id = 'sieu-am-tim';
             UPDATE setting SET value = '1000' WHERE name = 'calendar-version';"
        ))
        .unwrap();
    hospital.clock.advance(HOUR);
    let two = booked(&phone, later(&slots, &slots[0])).await;
    let start = two["start"].as_str().unwrap();
    assert_ne!(until(&two), Some(&*start.replace("T07", "T03")));
    assert_eq!(cancel(&phone, &one).await, "cancelled");
    hospital.running.shutdown().await;
}
