//! Bookings that are called off, by the person or by the clinic.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sokhoe_app::BookingStatus;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_tests::foreign::Manners;

use crate::server::{PATIENT, Phone};
use crate::times::{all, appointment, clinic, row, slot};

#[tokio::test]
async fn another_phone_of_the_person_knows_the_booking_and_can_cancel_it() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let one = Phone::with_seed(&server, &clock, 1).await;
        let booked = one.books(one.find("early").await).await;
        let booked = one.until(&booked.id, BookingStatus::Confirmed).await;
        let two = Phone::with_seed(&server, &clock, 2).await;
        two.sync().await;
        let bookings = two.app.bookings(&two.person).unwrap();
        assert_eq!(bookings.len(), 1, "{name}");
        assert_eq!(
            (bookings[0].id.as_str(), bookings[0].status),
            (booked.id.as_str(), BookingStatus::Confirmed),
            "{name}"
        );
        two.app
            .cancel_booking(&two.person, &booked.id)
            .await
            .unwrap();
        two.until(&booked.id, BookingStatus::Cancelled).await;
        assert_eq!(row(&server, &clock, "early").status, "free", "{name}");
        one.until(&booked.id, BookingStatus::Cancelled).await;
    }
}

#[tokio::test]
async fn a_cancellation_frees_the_time_and_keeps_what_the_clinic_wrote() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let booked = phone.books(phone.find("early").await).await;
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        let theirs = row(&server, &clock, "early").appointments.remove(0);
        let key = format!("\"id\":\"{theirs}\"");
        let all = server.contents(PATIENT, clock.now());
        let text = all.values().find(|json| json.contains(&key)).unwrap();
        let noted = text.replacen(
            "\"status\":\"booked\"",
            "\"priority\":5,\"comment\":\"Nhịn ăn sáng\",\"extension\":[{\"url\":\"urn:x\",\"valueDecimal\":1.50}],\"status\":\"booked\"",
            1,
        );
        server.put(&noted, clock.now()).unwrap();
        // The first answer is lost.
        phone.way.loses_answers.store(1, Ordering::SeqCst);
        phone
            .app
            .cancel_booking(&phone.person, &booked.id)
            .await
            .unwrap();
        phone.until(&booked.id, BookingStatus::Cancelled).await;
        assert_eq!(phone.told("booking-cancelled"), 1, "{name}");
        let freed = row(&server, &clock, "early");
        assert_eq!(
            (freed.status.as_str(), freed.version),
            ("free", 3),
            "{name}"
        );
        let all = server.contents(PATIENT, clock.now());
        let text = all.values().find(|json| json.contains(&key)).unwrap();
        for kept in [
            "\"status\":\"cancelled\"",
            "\"priority\":5",
            "Nhịn ăn sáng",
            "1.50",
        ] {
            assert!(text.contains(kept), "{name}: {kept} in {text}");
        }
        // Somebody else may have it now.
        let other = Phone::with_seed(&server, &clock, 8).await;
        let theirs = other.books(other.find("early").await).await;
        other.until(&theirs.id, BookingStatus::Confirmed).await;
        assert_eq!(phone.booking(&booked.id).status, BookingStatus::Cancelled);
    }
}

#[tokio::test]
async fn a_time_that_the_clinic_gave_to_another_use_is_not_freed() {
    let (server, clock) = clinic(Manners::hapi());
    let phone = Phone::knows(&server, &clock).await;
    let booked = phone.books(phone.find("early").await).await;
    server
        .put(
            &slot("early", "heart", "busy-unavailable", 3, 8),
            clock.now(),
        )
        .unwrap();
    let cancelled = phone
        .app
        .cancel_booking(&phone.person, &booked.id)
        .await
        .unwrap();
    assert_eq!(cancelled.status, BookingStatus::Cancelled);
    assert_eq!(row(&server, &clock, "early").status, "busy-unavailable");
}

#[tokio::test]
async fn a_visit_that_was_is_not_cancelled() {
    let (server, clock) = clinic(Manners::hapi());
    let phone = Phone::knows(&server, &clock).await;
    let booked = phone.books(phone.find("early").await).await;
    let there = appointment(&booked.id, "early", PATIENT, 8).replace("booked", "fulfilled");
    server.put(&there, clock.now()).unwrap();
    phone
        .app
        .cancel_booking(&phone.person, &booked.id)
        .await
        .unwrap();
    assert_eq!(phone.booking(&booked.id).status, BookingStatus::Confirmed);
    assert_eq!(phone.app.parked(&phone.person).unwrap().len(), 1);
    assert_eq!(row(&server, &clock, "early").status, "busy");
}

#[tokio::test]
async fn an_appointment_that_the_clinic_deletes_is_a_cancelled_booking() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let booked = phone.books(phone.find("early").await).await;
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        phone.sync().await;
        let theirs = row(&server, &clock, "early").appointments.remove(0);
        clock.pass(Duration::from_secs(60));
        assert!(server.delete("Appointment", &theirs, clock.now()));
        // Who tells of no deletions is compared with after six hours.
        clock.pass(Duration::from_secs(7 * 3_600));
        phone.until(&booked.id, BookingStatus::Cancelled).await;
        assert_eq!(phone.told("booking-cancelled"), 1, "{name}");
    }
}

#[tokio::test]
async fn what_the_clinic_has_not_confirmed_can_be_called_off() {
    for (name, manners) in all() {
        let (server, clock) = clinic(Manners {
            confirms_later: true,
            busy: 0,
            ..manners
        });
        let phone = Phone::knows(&server, &clock).await;
        let booked = phone.books(phone.find("early").await).await;
        assert_eq!(booked.status, BookingStatus::Sending, "{name}");
        phone
            .app
            .cancel_booking(&phone.person, &booked.id)
            .await
            .unwrap();
        phone.until(&booked.id, BookingStatus::Cancelled).await;
        let freed = row(&server, &clock, "early");
        assert_eq!(
            (freed.status.as_str(), freed.version),
            ("free", 3),
            "{name}"
        );
        assert!(freed.appointments.is_empty(), "{name}");
        assert_eq!(phone.told("booking-cancelled"), 1, "{name}");
        assert_eq!(phone.told("booking-confirmed"), 0, "{name}");
    }
}
