//! The waiting list: a freed time goes to the first whom it suits, for ten minutes of the clinic's clock.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_clinic::{DayHours, Timetable};

use crate::support::http::Reply;
use crate::support::{
    Hospital, MOTHER, Phone, SON, STRANGER, by_resource, hospital, id, key, parameters, refusal,
};

const EYES: &str = "kham-mat";
/// Who had the time before.
const BEFORE: &str = "bn-000006";
const MINUTES: u64 = 60;

/// Whoever waits, with a phone of their own.
struct Waiter {
    phone: Phone,
    patient: &'static str,
    /// The id of their place.
    place: String,
}

impl Waiter {
    async fn join(hospital: &Hospital, patient: &'static str, body: &str) -> Self {
        let (phone, place) = (device_of(hospital, patient).await, key());
        let joined = phone
            .post("/fhir/Appointment/$wait", Some(&place), body)
            .await;
        assert_eq!(joined.status, 200, "{}", joined.body);
        let appointment = &joined.resources("Appointment")[0];
        assert_eq!(id(appointment), place);
        Self {
            phone,
            patient,
            place,
        }
    }

    /// The place as the person's book has it.
    async fn stands(&self) -> Value {
        let path = format!("/fhir/Appointment/{}", self.place);
        let reply = self.phone.get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    }

    async fn status(&self) -> String {
        self.stands().await["status"].as_str().unwrap().to_owned()
    }

    /// Says something of the place as it was seen.
    async fn says(&self, key: &str, seen: &Value, status: &str) -> Reply {
        let mut changed = seen.clone();
        changed["status"] = json!(status);
        let body = by_resource(&changed, self.patient);
        let path = "/fhir/Appointment/$book";
        self.phone.post(path, Some(key), &body).await
    }
}

async fn device_of(hospital: &Hospital, patient: &str) -> Phone {
    hospital
        .phone(&format!("device-{patient}"), &[patient])
        .await
}

/// `$wait` for exactly the time of a slot.
fn for_the_time_of(slot: &Value, patient: &str) -> String {
    let start = slot["start"].as_str().unwrap();
    wait(patient, start, start, Some(doctor(slot)), &[])
}

fn wait(
    patient: &str,
    start: &str,
    end: &str,
    doctor: Option<String>,
    criteria: &[Value],
) -> String {
    let mut parts = vec![
        ("start", json!({"valueDateTime": start})),
        ("end", json!({"valueDateTime": end})),
        ("visit-type", json!({"valueString": EYES})),
        (
            "patient-reference",
            json!({"valueReference": {"reference": format!("Patient/{patient}")}}),
        ),
    ];
    if let Some(doctor) = doctor {
        let reference = json!({"valueReference": {"reference": format!("Practitioner/{doctor}")}});
        parts.push(("practitioner", reference));
    }
    if !criteria.is_empty() {
        parts.push(("criteria", json!({"part": criteria})));
    }
    parameters(&parts)
}

fn doctor(appointment: &Value) -> String {
    let participants = appointment["participant"].as_array().unwrap();
    let of_doctor = participants.iter().find_map(|participant| {
        let reference = participant["actor"]["reference"].as_str()?;
        reference.strip_prefix("Practitioner/")
    });
    of_doctor.unwrap().to_owned()
}

fn held_until(appointment: &Value) -> Option<String> {
    let extensions = appointment["extension"].as_array()?;
    let held = extensions.iter().find(|one| {
        one["url"]
            .as_str()
            .is_some_and(|url| url.ends_with("/held-until"))
    })?;
    Some(held["valueInstant"].as_str()?.to_owned())
}

/// A time that somebody else has, and that booking.
async fn a_taken_time(hospital: &Hospital) -> (Phone, Value, Value) {
    let phone = device_of(hospital, BEFORE).await;
    let slot = hospital.free(&phone, EYES, 1).await.remove(0);
    let booked = phone.book(&key(), id(&slot), BEFORE).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    let booking = booked.resources("Appointment").remove(0);
    (phone, slot, booking)
}

async fn cancels(phone: &Phone, booking: &Value, patient: &str) {
    let mut changed = booking.clone();
    changed["status"] = json!("cancelled");
    let body = by_resource(&changed, patient);
    let path = "/fhir/Appointment/$book";
    let cancelled = phone.post(path, Some(&key()), &body).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
}

async fn tend(hospital: &Hospital, whole: bool) {
    let clinic = hospital.clinic.clone();
    tokio::task::spawn_blocking(move || clinic.tend_waiting_list(whole).unwrap())
        .await
        .unwrap();
}

/// No cell of a seat has two, and no place has more than one time.
fn check(hospital: &Hospital) {
    let held = "SELECT count(*) FROM appointment a JOIN waiting w ON w.id = a.id";
    let offered = "SELECT count(*) FROM waiting WHERE offered_until IS NOT NULL";
    let number = |query| hospital.database.number(query);
    assert_eq!(number(held), number(offered));
    let without = "SELECT count(*) FROM appointment a
                   WHERE (a.state = 'booked' OR a.id IN (SELECT id FROM waiting))
                   AND NOT EXISTS (SELECT 1 FROM busy b WHERE b.appointment = a.pk)";
    assert_eq!(number(without), 0);
}

#[tokio::test]
async fn a_freed_time_goes_down_the_list_ten_minutes_each() {
    let hospital = hospital().await;
    let (phone, slot, booking) = a_taken_time(&hospital).await;
    let first = Waiter::join(&hospital, MOTHER, &for_the_time_of(&slot, MOTHER)).await;
    hospital.clock.advance(Duration::from_secs(1));
    let second = Waiter::join(&hospital, STRANGER, &for_the_time_of(&slot, STRANGER)).await;
    hospital.clock.advance(Duration::from_secs(1));
    let third = Waiter::join(&hospital, SON, &for_the_time_of(&slot, SON)).await;
    let stands = first.stands().await;
    assert_eq!(stands["status"], "waitlist");
    assert_eq!(stands["requestedPeriod"][0]["start"], slot["start"]);
    assert_eq!(stands["created"], "2026-11-23T06:00:00+07:00");
    assert!(stands["start"].is_null() && held_until(&stands).is_none());

    cancels(&phone, &booking, BEFORE).await;
    let offered = first.stands().await;
    assert_eq!(offered["status"], "proposed");
    assert_eq!(
        (&offered["start"], doctor(&offered)),
        (&slot["start"], doctor(&slot))
    );
    assert_eq!(held_until(&offered).unwrap(), "2026-11-23T06:10:02+07:00");
    assert_eq!(second.status().await, "waitlist");
    // Nobody else gets it meanwhile, in whatever way.
    let stolen = phone.book(&key(), id(&slot), BEFORE).await;
    assert_eq!((stolen.status, &*refusal(&stolen)), (409, "slot-taken"));
    let held = phone.hold(&key(), id(&slot), BEFORE).await;
    assert_eq!(refusal(&held), "slot-taken");
    assert_ne!(id(&hospital.free(&phone, EYES, 1).await[0]), id(&slot));

    hospital
        .clock
        .advance(Duration::from_secs(10 * MINUTES - 1));
    tend(&hospital, true).await;
    assert_eq!(first.status().await, "proposed");
    hospital.clock.advance(Duration::from_secs(1));
    tend(&hospital, false).await;
    assert_eq!(first.status().await, "waitlist");
    let seen = second.stands().await;
    assert_eq!(seen["status"], "proposed");
    assert_eq!(third.status().await, "waitlist");
    check(&hospital);

    // Too late: the time is the next one's, the place is kept.
    let late = key();
    let refused = first.says(&late, &offered, "booked").await;
    assert_eq!((refused.status, &*refusal(&refused)), (409, "offer-over"));
    let again = first.says(&late, &offered, "booked").await;
    assert_eq!((again.status, again.body), (409, refused.body));
    assert_eq!(first.status().await, "waitlist");

    // Declined: the next one has it at once. Declining twice is declining once.
    let no = key();
    let declined = second.says(&no, &seen, "waitlist").await;
    assert_eq!(declined.status, 200, "{}", declined.body);
    assert_eq!(declined.resources("Appointment")[0]["status"], "waitlist");
    assert_eq!(
        second.says(&no, &seen, "waitlist").await.body,
        declined.body
    );
    assert_eq!(second.says(&key(), &seen, "waitlist").await.status, 200);

    let seen = third.stands().await;
    assert_eq!(seen["status"], "proposed");
    let yes = key();
    let booked = third.says(&yes, &seen, "booked").await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    let taken = &booked.resources("Appointment")[0];
    assert_eq!(
        (id(taken), &taken["status"]),
        (&*third.place, &json!("booked"))
    );
    assert_eq!(taken["start"], slot["start"]);
    hospital.clock.advance(Duration::from_secs(3600));
    let again = third.says(&yes, &seen, "booked").await;
    assert_eq!((again.status, &again.body), (200, &booked.body));
    let invoices = third
        .phone
        .get(&format!("/fhir/Invoice?patient={SON}"))
        .await;
    assert_eq!(invoices.resources("Invoice").len(), 1);
    check(&hospital);

    // It was somebody's since: whoever did not want it then may want it now.
    cancels(&third.phone, taken, SON).await;
    assert_eq!(first.status().await, "proposed");
    assert_eq!(second.status().await, "waitlist");
    check(&hospital);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_everybody_had_offered_is_free_for_all() {
    let hospital = hospital().await;
    let (phone, slot, booking) = a_taken_time(&hospital).await;
    let only = Waiter::join(&hospital, MOTHER, &for_the_time_of(&slot, MOTHER)).await;
    cancels(&phone, &booking, BEFORE).await;
    let seen = only.stands().await;
    hospital.clock.advance(Duration::from_secs(10 * MINUTES));
    tend(&hospital, true).await;
    tend(&hospital, true).await;
    assert_eq!(only.status().await, "waitlist");
    // By the ordinary way, which is nobody's privilege.
    let free = hospital.free(&phone, EYES, 1).await;
    assert_eq!(id(&free[0]), id(&slot));
    let booked = phone.book(&key(), id(&slot), BEFORE).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    let late = only.says(&key(), &seen, "booked").await;
    assert_eq!((late.status, &*refusal(&late)), (409, "offer-over"));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn who_answers_late_has_it_all_the_same_when_nobody_else_wants_it() {
    let hospital = hospital().await;
    let (phone, slot, booking) = a_taken_time(&hospital).await;
    let only = Waiter::join(&hospital, MOTHER, &for_the_time_of(&slot, MOTHER)).await;
    cancels(&phone, &booking, BEFORE).await;
    let seen = only.stands().await;
    hospital.clock.advance(Duration::from_secs(11 * MINUTES));
    let booked = only.says(&key(), &seen, "booked").await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    assert_eq!(only.status().await, "booked");
    let left = hospital.database.number("SELECT count(*) FROM waiting");
    assert_eq!(left, 0);
    check(&hospital);

    // With somebody else who waits, the same moment is too late.
    let (phone, slot, booking) = a_taken_time(&hospital).await;
    let first = Waiter::join(&hospital, SON, &for_the_time_of(&slot, SON)).await;
    let second = Waiter::join(&hospital, STRANGER, &for_the_time_of(&slot, STRANGER)).await;
    cancels(&phone, &booking, BEFORE).await;
    let seen = first.stands().await;
    hospital.clock.advance(Duration::from_secs(10 * MINUTES));
    let late = first.says(&key(), &seen, "booked").await;
    assert_eq!((late.status, &*refusal(&late)), (409, "offer-over"));
    assert_eq!(first.status().await, "waitlist");
    assert_eq!(second.status().await, "proposed");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn where_an_offer_ran_out_the_next_in_line_comes_before_whoever_books() {
    let hospital = hospital().await;
    let (phone, slot, booking) = a_taken_time(&hospital).await;
    let first = Waiter::join(&hospital, MOTHER, &for_the_time_of(&slot, MOTHER)).await;
    let second = Waiter::join(&hospital, STRANGER, &for_the_time_of(&slot, STRANGER)).await;
    cancels(&phone, &booking, BEFORE).await;
    hospital.clock.advance(Duration::from_secs(10 * MINUTES));
    // Nobody tended the list.
    let refused = phone.book(&key(), id(&slot), BEFORE).await;
    assert_eq!((refused.status, &*refusal(&refused)), (409, "slot-taken"));
    assert_eq!(first.status().await, "waitlist");
    assert_eq!(second.status().await, "proposed");
    check(&hospital);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn moving_a_hold_that_ends_and_new_hours_free_a_time_too() {
    let hospital = hospital().await;
    let (phone, slot, booking) = a_taken_time(&hospital).await;
    let waiter = Waiter::join(&hospital, MOTHER, &for_the_time_of(&slot, MOTHER)).await;
    let other = hospital
        .free(&phone, EYES, 50)
        .await
        .into_iter()
        .find(|other| doctor(other) == doctor(&slot))
        .unwrap();
    let mut moved = booking.clone();
    moved["start"] = other["start"].clone();
    moved["end"] = other["end"].clone();
    let body = by_resource(&moved, BEFORE);
    let path = "/fhir/Appointment/$book";
    let reply = phone.post(path, Some(&key()), &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(waiter.stands().await["start"], slot["start"]);

    // A hold that is not booked.
    let held = hospital.free(&phone, EYES, 1).await.remove(0);
    assert_eq!(phone.hold(&key(), id(&held), BEFORE).await.status, 200);
    let waiter = Waiter::join(&hospital, STRANGER, &for_the_time_of(&held, STRANGER)).await;
    assert_eq!(waiter.status().await, "waitlist");
    hospital.clock.advance(Duration::from_secs(5 * MINUTES));
    tend(&hospital, true).await;
    assert_eq!(waiter.stands().await["start"], held["start"]);

    // A Sunday on which nobody worked.
    let sunday = wait(
        SON,
        "2026-11-29T00:00:00+07:00",
        "2026-11-29T23:00:00+07:00",
        None,
        &[],
    );
    let waiter = Waiter::join(&hospital, SON, &sunday).await;
    tend(&hospital, true).await;
    assert_eq!(waiter.status().await, "waitlist");
    let clinic = hospital.clinic.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let mut all = clinic.timetables().unwrap();
        let for_eyes = |timetable: &&mut Timetable| {
            timetable.services.iter().any(|service| service.id == EYES)
        };
        let one = all.iter_mut().find(for_eyes).unwrap();
        one.days.push(DayHours {
            day: "2026-11-29".parse().unwrap(),
            from: "08:00".parse().unwrap(),
            until: "10:00".parse().unwrap(),
            open: true,
            reason: "Khám bù".to_owned(),
        });
        clinic.set_timetables(all).unwrap();
        clinic.tend_waiting_list(true).unwrap();
    });
    opened.await.unwrap();
    let offered = waiter.stands().await;
    assert_eq!(offered["status"], "proposed");
    assert!(offered["start"].as_str().unwrap().starts_with("2026-11-29"));
    check(&hospital);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn joining_is_asked_once_and_said_once() {
    let hospital = hospital().await;
    let (_, slot, _) = a_taken_time(&hospital).await;
    let phone = device_of(&hospital, MOTHER).await;
    let body = for_the_time_of(&slot, MOTHER);
    let path = "/fhir/Appointment/$wait";
    let intent = key();
    let joined = phone.post(path, Some(&intent), &body).await;
    assert_eq!(joined.status, 200, "{}", joined.body);
    hospital.clock.advance(Duration::from_secs(24 * 3600 / 2));
    let again = phone.post(path, Some(&intent), &body).await;
    assert_eq!((again.status, &again.body), (200, &joined.body));
    let other = for_the_time_of(&slot, MOTHER).replace(EYES, "kham-thai");
    assert_eq!(phone.post(path, Some(&intent), &other).await.status, 422);
    let twice = phone.post(path, Some(&key()), &body).await;
    assert_eq!((twice.status, &*refusal(&twice)), (409, "already-waiting"));

    // What cannot be waited for, or not so.
    let over = wait(
        MOTHER,
        "2026-11-20T00:00:00+07:00",
        "2026-11-22T00:00:00+07:00",
        None,
        &[],
    );
    assert_eq!(
        refusal(&phone.post(path, Some(&key()), &over).await),
        "not-offered"
    );
    let unknown = body.replace(EYES, "kham-rong");
    assert_eq!(
        refusal(&phone.post(path, Some(&key()), &unknown).await),
        "not-offered"
    );
    let anything = body.replace("visit-type", "anything");
    assert_eq!(phone.post(path, Some(&key()), &anything).await.status, 400);
    assert_eq!(phone.post(path, None, &body).await.status, 400);
    let of_another = for_the_time_of(&slot, STRANGER);
    assert_eq!(
        phone.post(path, Some(&key()), &of_another).await.status,
        404
    );

    // Somebody else sees nothing of it and can do nothing with it.
    let stranger = device_of(&hospital, STRANGER).await;
    let read = format!("/fhir/Appointment/{intent}");
    assert_eq!(stranger.get(&read).await.status, 404);
    let mut place = joined.resources("Appointment").remove(0);
    place["status"] = json!("cancelled");
    let book = "/fhir/Appointment/$book";
    let not_theirs = by_resource(&place, STRANGER);
    let refused = stranger.post(book, Some(&key()), &not_theirs).await;
    assert_eq!((refused.status, &*refusal(&refused)), (409, "not-offered"));

    // Left, however often, and joined anew.
    let leave = by_resource(&place, MOTHER);
    for _ in 0..2 {
        let left = phone.post(book, Some(&key()), &leave).await;
        assert_eq!(left.status, 200, "{}", left.body);
        assert_eq!(left.resources("Appointment")[0]["status"], "cancelled");
    }
    assert_eq!(phone.post(path, Some(&key()), &body).await.status, 200);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_person_has_five_places_at_most() {
    let hospital = hospital().await;
    let phone = device_of(&hospital, MOTHER).await;
    let path = "/fhir/Appointment/$wait";
    let services = ["kham-mat", "kham-thai", "kham-tim-mach", "lay-mau"];
    let sunday = |service: &str, doctor| {
        wait(
            MOTHER,
            "2026-11-29T00:00:00+07:00",
            "2026-11-29T23:00:00+07:00",
            doctor,
            &[],
        )
        .replace(EYES, service)
    };
    for service in services {
        let joined = phone.post(path, Some(&key()), &sunday(service, None)).await;
        assert_eq!(joined.status, 200, "{}", joined.body);
    }
    let slot = hospital.free(&phone, EYES, 1).await.remove(0);
    let with_a_doctor = sunday(EYES, Some(doctor(&slot)));
    let fifth = phone.post(path, Some(&key()), &with_a_doctor).await;
    assert_eq!(
        fifth.status, 200,
        "another doctor is another place: {}",
        fifth.body
    );
    let slot = hospital.free(&phone, services[2], 1).await.remove(0);
    let sixth = sunday(services[2], Some(doctor(&slot)));
    let sixth = phone.post(path, Some(&key()), &sixth).await;
    assert_eq!((sixth.status, &*refusal(&sixth)), (409, "too-many"));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_is_free_already_is_offered_at_once_and_only_what_was_asked_for() {
    let hospital = hospital().await;
    let (start, end) = ("2026-11-24T00:00:00+07:00", "2026-12-04T00:00:00+07:00");
    let cheap = [
        json!({"name": "max-price", "valueMoney": {"value": 1000, "currency": "VND"}}),
        json!({"name": "untold-too", "valueBoolean": true}),
    ];
    let never = Waiter::join(
        &hospital,
        STRANGER,
        &wait(STRANGER, start, end, None, &cheap),
    )
    .await;
    tend(&hospital, true).await;
    assert_eq!(never.status().await, "waitlist");

    let mornings = [
        json!({"name": "weekday", "valueCode": "thu"}),
        json!({"name": "from", "valueTime": "09:00:00"}),
    ];
    let waiter = Waiter::join(
        &hospital,
        MOTHER,
        &wait(MOTHER, start, end, None, &mornings),
    )
    .await;
    // Somebody was there before: the list is asked in its order, which is soon.
    tend(&hospital, true).await;
    let offered = waiter.stands().await;
    assert_eq!(offered["status"], "proposed");
    assert_eq!(&offered["start"].as_str().unwrap()[..13], "2026-11-26T09");

    // Whoever asks for the same alone need not wait for that.
    let leave = never.says(&key(), &never.stands().await, "cancelled").await;
    assert_eq!(leave.status, 200, "{}", leave.body);
    let next = Waiter::join(&hospital, SON, &wait(SON, start, end, None, &mornings)).await;
    let next_offered = next.stands().await;
    assert_eq!(next_offered["status"], "proposed");
    check(&hospital);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn an_answer_to_an_earlier_offer_takes_no_other_time() {
    let hospital = hospital().await;
    let (start, end) = ("2026-11-24T00:00:00+07:00", "2026-12-04T00:00:00+07:00");
    let waiter = Waiter::join(&hospital, MOTHER, &wait(MOTHER, start, end, None, &[])).await;
    let seen = waiter.stands().await;
    assert_eq!(seen["status"], "proposed");
    hospital.clock.advance(Duration::from_secs(10 * MINUTES));
    tend(&hospital, true).await;
    let other = waiter.stands().await;
    assert_eq!(other["status"], "proposed");
    assert_ne!(
        (&seen["start"], doctor(&seen)),
        (&other["start"], doctor(&other))
    );
    let late = waiter.says(&key(), &seen, "booked").await;
    assert_eq!((late.status, &*refusal(&late)), (409, "offer-over"));
    // Nor does declining it.
    assert_eq!(waiter.says(&key(), &seen, "waitlist").await.status, 200);
    assert_eq!(waiter.stands().await, other);
    // A client that knows no more than IHE's operation takes what is offered now.
    let booked = waiter.phone.book(&key(), &waiter.place, MOTHER).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    assert_eq!(booked.resources("Appointment")[0]["start"], other["start"]);
    check(&hospital);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_place_ends_with_its_period_and_says_so() {
    let hospital = hospital().await;
    let (_, slot, _) = a_taken_time(&hospital).await;
    let waiter = Waiter::join(&hospital, MOTHER, &for_the_time_of(&slot, MOTHER)).await;
    hospital.clock.advance(Duration::from_secs(3 * 24 * 3600));
    tend(&hospital, false).await;
    let over = waiter.stands().await;
    assert_eq!(over["status"], "cancelled");
    let reason = &over["cancelationReason"];
    assert_eq!(reason["coding"][0]["code"], "period-over");
    assert!(reason["text"].as_str().unwrap().contains("hết"));
    let (changes, _) = waiter.phone.changes(MOTHER, None).await;
    assert!(
        changes
            .iter()
            .any(|change| change["resource"]["id"] == waiter.place)
    );
    let left = hospital.database.number("SELECT count(*) FROM waiting");
    assert_eq!(left, 0);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn whoever_cannot_be_asked_is_not_waited_for() {
    let hospital = hospital().await;
    let (phone, slot, booking) = a_taken_time(&hospital).await;
    let first = Waiter::join(&hospital, MOTHER, &for_the_time_of(&slot, MOTHER)).await;
    let second = Waiter::join(&hospital, STRANGER, &for_the_time_of(&slot, STRANGER)).await;
    cancels(&phone, &booking, BEFORE).await;
    assert_eq!(first.status().await, "proposed");
    let clinic = hospital.clinic.clone();
    let ended = tokio::task::spawn_blocking(move || clinic.end_access(MOTHER, None).unwrap());
    assert_eq!(ended.await.unwrap(), 1);
    assert_eq!(second.status().await, "proposed");
    let seen = second.stands().await;
    assert_eq!(second.says(&key(), &seen, "waitlist").await.status, 200);
    tend(&hospital, true).await;
    let offered = "SELECT count(*) FROM waiting WHERE offered_until IS NOT NULL";
    assert_eq!(hospital.database.number(offered), 0);
    check(&hospital);
    hospital.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_offer_a_time_once() {
    let hospital = hospital().await;
    let phone = device_of(&hospital, BEFORE).await;
    let slots: Vec<Value> = hospital.free(&phone, EYES, 4).await;
    let mut bookings = Vec::new();
    for slot in &slots {
        let booked = phone.book(&key(), id(slot), BEFORE).await;
        assert_eq!(booked.status, 200, "{}", booked.body);
        bookings.push(booked.resources("Appointment").remove(0));
    }
    let (start, end) = (
        slots[0]["start"].as_str().unwrap(),
        slots[3]["start"].as_str().unwrap(),
    );
    // The times of those four alone, whatever else is free between them.
    let others: Vec<Value> = hospital.free(&phone, EYES, 50).await;
    for other in &others {
        let at = other["start"].as_str().unwrap();
        if at >= start && at <= end {
            let other_phone = device_of(&hospital, "bn-000005").await;
            let _ = other_phone.book(&key(), id(other), "bn-000005").await;
        }
    }
    let mut waiters = Vec::new();
    for patient in [MOTHER, SON, STRANGER] {
        let body = wait(patient, start, end, None, &[]);
        waiters.push(Waiter::join(&hospital, patient, &body).await);
        hospital.clock.advance(Duration::from_secs(1));
    }
    let clinics = [
        hospital.clinic.clone(),
        hospital.beside(),
        hospital.beside(),
    ];
    for (round, booking) in bookings.iter().enumerate() {
        let tending: Vec<_> = clinics
            .iter()
            .cloned()
            .map(|clinic| {
                tokio::task::spawn_blocking(move || {
                    for _ in 0..3 {
                        clinic.tend_waiting_list(true).unwrap();
                    }
                })
            })
            .collect();
        cancels(&phone, booking, BEFORE).await;
        for tending in tending {
            tending.await.unwrap();
        }
        tend(&hospital, true).await;
        check(&hospital);
        let twice = "SELECT count(*) FROM (SELECT schedule, cell, seat FROM busy
                     GROUP BY schedule, cell, seat HAVING count(*) > 1) AS twice";
        assert_eq!(hospital.database.number(twice), 0);
        // In the order of the list, whichever process it was.
        let mut statuses = Vec::new();
        for waiter in &waiters {
            statuses.push(waiter.status().await);
        }
        let offered = statuses
            .iter()
            .filter(|status| *status == "proposed")
            .count();
        assert_eq!(offered, (round + 1).min(3), "{statuses:?}");
        assert!(
            statuses[..offered]
                .iter()
                .all(|status| status == "proposed"),
            "{statuses:?}"
        );
    }
    hospital.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_give_back_take_decline_and_book_at_once_are_all_answered() {
    let hospital = hospital().await;
    let (one, two) = ("bn-000005", BEFORE);
    let phones = [
        device_of(&hospital, one).await,
        device_of(&hospital, two).await,
    ];
    let free = hospital.free(&phones[0], EYES, 40).await;
    let doctor_of_them = doctor(&free[0]);
    let slots: Vec<Value> = free
        .into_iter()
        .filter(|slot| doctor(slot) == doctor_of_them)
        .take(8)
        .collect();
    let mut bookings = Vec::new();
    for (at, slot) in slots.iter().enumerate() {
        let (phone, patient) = (&phones[at % 2], [one, two][at % 2]);
        let booked = phone.book(&key(), id(slot), patient).await;
        assert_eq!(booked.status, 200, "{}", booked.body);
        bookings.push(booked.resources("Appointment").remove(0));
    }
    let (start, end) = (
        slots[0]["start"].as_str().unwrap(),
        slots[7]["start"].as_str().unwrap(),
    );
    let mut waiters = Vec::new();
    for patient in [MOTHER, SON, STRANGER] {
        let body = wait(patient, start, end, Some(doctor_of_them.clone()), &[]);
        waiters.push(Waiter::join(&hospital, patient, &body).await);
    }
    let mut working = Vec::new();
    for (at, booking) in bookings.into_iter().enumerate() {
        let (phone, patient) = (phones[at % 2].clone(), [one, two][at % 2]);
        working.push(tokio::spawn(async move {
            cancels(&phone, &booking, patient).await;
        }));
    }
    for (at, waiter) in waiters.into_iter().enumerate() {
        working.push(tokio::spawn(async move {
            for turn in 0..6 {
                let seen = waiter.stands().await;
                if seen["status"] == "booked" {
                    break;
                }
                let says = if turn + at < 4 { "waitlist" } else { "booked" };
                let reply = waiter.says(&key(), &seen, says).await;
                assert!(matches!(reply.status, 200 | 409), "{}", reply.body);
            }
        }));
    }
    // Somebody who does not wait tries their luck with the same times.
    for slot in slots {
        let phone = phones[0].clone();
        working.push(tokio::spawn(async move {
            let reply = phone.book(&key(), id(&slot), one).await;
            assert!(matches!(reply.status, 200 | 409), "{}", reply.body);
        }));
    }
    let clinics = [hospital.clinic.clone(), hospital.beside()];
    for clinic in clinics {
        working.push(tokio::task::spawn_blocking(move || {
            for _ in 0..8 {
                clinic.tend_waiting_list(true).unwrap();
            }
        }));
    }
    for work in working {
        work.await.unwrap();
    }
    tend(&hospital, true).await;
    check(&hospital);
    let twice = "SELECT count(*) FROM (SELECT schedule, cell, seat FROM busy
                 GROUP BY schedule, cell, seat HAVING count(*) > 1) AS twice";
    assert_eq!(hospital.database.number(twice), 0);
    hospital.running.shutdown().await;
}
