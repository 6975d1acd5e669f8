//! A booking with a wish where there are Slots and transactions and nothing of ours.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{BookRequest, BookingStatus, BookingView, OtherwiseRequest, SlotView};
use sokhoe_tests::foreign::{ForeignClinic, Manners};

use crate::server::{HandClock, PATIENT, Phone};
use crate::times::{all, appointment, at, clinic, row, slot};

/// Some hours of the day of all times, with the same doctor or any.
fn hours(from: u32, until: u32, any_practitioner: bool) -> OtherwiseRequest {
    OtherwiseRequest {
        first_day: "2026-11-03".to_owned(),
        last_day: "2026-11-05".to_owned(),
        from_minute: 60 * from,
        until_minute: 60 * until,
        weekdays: Vec::new(),
        any_practitioner,
    }
}

impl Phone {
    async fn books_otherwise(&self, slot: SlotView, wish: OtherwiseRequest) -> BookingView {
        let request = BookRequest {
            person_id: self.person.clone(),
            slot,
            otherwise: Some(wish),
        };
        self.app.book(request).await.unwrap()
    }

    /// Until the server said yes or no.
    async fn decided(&self, id: &str) -> BookingView {
        for _ in 0..80 {
            let booking = self.booking(id);
            if !matches!(
                booking.status,
                BookingStatus::Sending | BookingStatus::WaitingForNetwork
            ) {
                return booking;
            }
            self.clock.pass(Duration::from_secs(150));
            self.sync().await;
        }
        panic!(
            "{:?}: {:#?}",
            self.booking(id),
            self.way.asked.lock().unwrap()
        );
    }
}

/// Somebody stands before the desk and takes a time.
fn is_given_away(server: &ForeignClinic, now: Timestamp, id: &str, schedule: &str, hour: u8) {
    let busy = slot(id, schedule, "busy", 3, hour);
    server.put(&busy, now).unwrap();
    let theirs = appointment(&format!("of-{id}"), id, "other", hour);
    server.put(&theirs, now).unwrap();
}

/// What is taken for the patient: one Slot by one Appointment, or nothing.
fn taken(server: &ForeignClinic, clock: &HandClock) -> Vec<String> {
    let mut taken = Vec::new();
    for (key, json) in server.contents(PATIENT, clock.now()) {
        if key.kind == "Appointment" && json.contains("\"booked\"") {
            let (_, slot) = json.split_once("Slot/").unwrap();
            taken.push(slot.split('"').next().unwrap().to_owned());
        }
    }
    taken
}

#[tokio::test]
async fn the_nearest_that_will_do_is_taken_and_the_event_says_so() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        let named = phone.find("early").await;
        is_given_away(&server, clock.now(), "early", "heart", 8);
        let booked = phone
            .books_otherwise(named.clone(), hours(7, 17, false))
            .await;
        let booked = phone.decided(&booked.id).await;
        assert_eq!(booked.status, BookingStatus::Confirmed, "{name}");
        let mid = at("2026-11-03T11:00:00+07:00");
        assert_eq!(
            (booked.start, booked.asked),
            (mid, Some(named.start)),
            "{name}"
        );
        assert_eq!(booked.practitioner, "BS. Lò Văn Tim", "{name}");
        assert_eq!(taken(&server, &clock), ["mid"], "{name}");
        assert_eq!(row(&server, &clock, "mid").appointments.len(), 1, "{name}");
        assert_eq!(phone.told("booking-confirmed-otherwise"), 1, "{name}");
        assert_eq!(phone.told("booking-confirmed"), 0, "{name}");
        let events = phone.app.events(&phone.person).unwrap();
        let event = events
            .iter()
            .find(|event| event.subject == booked.id)
            .unwrap();
        assert!(
            event.text.contains("11:00") && event.text.contains("08:00"),
            "{event:?}"
        );
        for _ in 0..2 {
            clock.pass(Duration::from_secs(3_600));
            phone.sync().await;
        }
        assert_eq!(phone.booking(&booked.id), booked, "{name}");
        assert_eq!(phone.told("booking-confirmed-otherwise"), 1, "{name}");
        phone
            .app
            .cancel_booking(&phone.person, &booked.id)
            .await
            .unwrap();
        phone.until(&booked.id, BookingStatus::Cancelled).await;
        assert_eq!(row(&server, &clock, "mid").status, "free", "{name}");
    }
}

#[tokio::test]
async fn another_doctor_is_taken_only_when_any_will_do_and_is_named() {
    for (name, manners) in all() {
        for any in [true, false] {
            let (server, clock) = clinic(manners.clone());
            // Of the same service, by another heart doctor, who is not named in her calendar.
            for resource in [
                r#"{"resourceType":"Practitioner","id":"hoa","name":[{"text":"BS. Lò Thị Hoa"}]}"#,
                r#"{"resourceType":"Schedule","id":"heart-two","actor":[{"reference":"Practitioner/hoa"},{"reference":"HealthcareService/kham-tim"}]}"#,
            ] {
                server.put(resource, clock.now()).unwrap();
            }
            let of_hoa = slot("of-hoa", "heart-two", "free", 3, 8);
            server.put(&of_hoa, clock.now()).unwrap();
            let phone = Phone::knows(&server, &clock).await;
            let named = phone.find("early").await;
            is_given_away(&server, clock.now(), "early", "heart", 8);
            let booked = phone
                .books_otherwise(named.clone(), hours(7, 12, any))
                .await;
            let booked = phone.decided(&booked.id).await;
            assert_eq!(booked.status, BookingStatus::Confirmed, "{name}");
            let (slot, doctor) = match any {
                true => ("of-hoa", "BS. Lò Thị Hoa"),
                false => ("mid", "BS. Lò Văn Tim"),
            };
            assert_eq!(taken(&server, &clock), [slot], "{name} {any}");
            assert_eq!(booked.practitioner, doctor, "{name} {any}");
            assert_eq!(booked.asked, Some(named.start), "{name} {any}");
            let told = phone.app.events(&phone.person).unwrap();
            assert!(
                told.iter().any(|event| event.text.contains(doctor)),
                "{name} {told:?}"
            );
            assert_eq!(booked.status_text.contains("another doctor"), any, "{name}");
        }
    }
}

#[tokio::test]
async fn whatever_is_lost_on_the_way_one_time_is_taken() {
    for (name, manners) in all() {
        for lost in 1..4 {
            let (server, clock) = clinic(manners.clone());
            let mut phone = Phone::knows(&server, &clock).await;
            let named = phone.find("early").await;
            is_given_away(&server, clock.now(), "early", "heart", 8);
            phone.way.loses_answers.store(lost, Ordering::SeqCst);
            let booked = phone.books_otherwise(named, hours(7, 17, false)).await;
            phone.restart();
            let booked = phone.decided(&booked.id).await;
            assert_eq!(booked.status, BookingStatus::Confirmed, "{name} {lost}");
            assert_eq!(taken(&server, &clock), ["mid"], "{name} {lost}");
            assert_eq!(row(&server, &clock, "late").status, "free", "{name} {lost}");
            assert_eq!(
                phone.told("booking-confirmed-otherwise"),
                1,
                "{name} {lost}"
            );
        }
    }
}

#[tokio::test]
async fn what_may_still_arrive_is_asked_for_before_a_nearer_time_is_tried() {
    for (name, manners) in all() {
        let (server, clock) = clinic(Manners { busy: 0, ..manners });
        let phone = Phone::knows(&server, &clock).await;
        let named = phone.find("early").await;
        is_given_away(&server, clock.now(), "early", "heart", 8);
        // Nobody knows whether the transaction for "mid" arrived.
        phone.way.delays_writes.store(1, Ordering::SeqCst);
        let booked = phone.books_otherwise(named, hours(7, 17, false)).await;
        assert_eq!(booked.status, BookingStatus::Sending, "{name}");
        let late = phone.way.late.lock().unwrap().pop().unwrap();
        // A nearer time becomes free.
        let nearer = slot("nearer", "heart", "free", 3, 9);
        server.put(&nearer, clock.now()).unwrap();
        clock.pass(Duration::from_secs(150));
        phone.sync().await;
        let booked = phone.decided(&booked.id).await;
        assert_eq!(booked.status, BookingStatus::Confirmed, "{name}");
        // And now what was on its way arrives.
        let answer = server.answer(late, clock.now());
        assert!(!answer.status().is_success(), "{name}: {answer:?}");
        clock.pass(Duration::from_secs(3_600));
        phone.sync().await;
        assert_eq!(taken(&server, &clock), ["mid"], "{name}");
        assert_eq!(row(&server, &clock, "nearer").status, "free", "{name}");
        assert_eq!(phone.booking(&booked.id).start, booked.start, "{name}");
    }
}

#[tokio::test]
async fn what_is_gone_since_the_search_is_passed_over() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let named = phone.find("early").await;
        is_given_away(&server, clock.now(), "early", "heart", 8);
        phone.meanwhile(|server, now| is_given_away(server, now, "mid", "heart", 11));
        let booked = phone
            .books_otherwise(named.clone(), hours(7, 17, false))
            .await;
        let booked = phone.decided(&booked.id).await;
        assert_eq!(booked.status, BookingStatus::Confirmed, "{name}");
        assert_eq!(taken(&server, &clock), ["late"], "{name}");
        assert_eq!(booked.asked, Some(named.start), "{name}");
    }
}

#[tokio::test]
async fn when_nothing_will_do_the_time_is_taken_and_stays_so() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let named = phone.find("early").await;
        is_given_away(&server, clock.now(), "early", "heart", 8);
        let booked = phone.books_otherwise(named, hours(12, 14, true)).await;
        let refused = phone.decided(&booked.id).await;
        assert_eq!(refused.status, BookingStatus::Refused, "{name}");
        assert!(!refused.alternatives.is_empty(), "{name}");
        let free = slot("noon", "heart", "free", 3, 12);
        server.put(&free, clock.now()).unwrap();
        clock.pass(Duration::from_secs(3_600));
        phone.sync().await;
        assert_eq!(
            phone.booking(&booked.id).status,
            BookingStatus::Refused,
            "{name}"
        );
        assert!(taken(&server, &clock).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_time_that_has_passed_meanwhile_leaves_the_wish() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let named = phone.find("early").await;
        phone.way.no_network.store(true, Ordering::SeqCst);
        let booked = phone
            .books_otherwise(named.clone(), hours(7, 17, false))
            .await;
        assert_eq!(booked.status, BookingStatus::WaitingForNetwork, "{name}");
        // Half past eight on that day.
        clock.pass(Duration::from_secs(25 * 3_600 + 1_800));
        phone.way.no_network.store(false, Ordering::SeqCst);
        phone.sync().await;
        let booked = phone.decided(&booked.id).await;
        assert_eq!(booked.status, BookingStatus::Confirmed, "{name}");
        assert_eq!(taken(&server, &clock), ["mid"], "{name}");
    }
}
