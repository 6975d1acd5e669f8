//! Bookings that are to be at another time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{BookingStatus, BookingView, MoveBookingRequest, SlotView};
use sokhoe_tests::foreign::Manners;

use crate::server::{PATIENT, Phone};
use crate::times::{all, appointment, at, clinic, row, slot};

impl Phone {
    async fn moves(&self, booking: &str, slot: SlotView) -> BookingView {
        let request = MoveBookingRequest {
            person_id: self.person.clone(),
            booking_id: booking.to_owned(),
            slot,
        };
        self.app.move_booking(request).await.unwrap()
    }

    /// Until nothing is on its way for a booking any more.
    async fn until_it_stands(&self, id: &str) -> BookingView {
        for _ in 0..50 {
            let booking = self.booking(id);
            if booking.moving_to.is_none() {
                return booking;
            }
            assert_eq!(
                booking.status,
                BookingStatus::Confirmed,
                "meanwhile it stands"
            );
            self.clock.pass(Duration::from_secs(150));
            self.sync().await;
        }
        panic!("{:#?}", self.way.asked.lock().unwrap());
    }
}

const EARLY: &str = "2026-11-03T08:00:00+07:00";
const LATE: &str = "2026-11-03T15:00:00+07:00";

#[tokio::test]
async fn a_moved_booking_has_the_new_time_and_the_old_one_is_free() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::with_seed(&server, &clock, 1).await;
        let other = Phone::with_seed(&server, &clock, 2).await;
        let booked = phone.books(phone.find("early").await).await;
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        clock.pass(Duration::from_secs(60));
        other.sync().await;
        let theirs = row(&server, &clock, "early").appointments;
        // The first answer is lost.
        let late = phone.find("late").await;
        phone.way.loses_answers.store(1, Ordering::SeqCst);
        phone.moves(&booked.id, late).await;
        let moved = phone.until_it_stands(&booked.id).await;
        assert_eq!(moved.status, BookingStatus::Confirmed, "{name}");
        assert_eq!(moved.start, at(LATE), "{name}");
        assert_eq!(moved.practitioner, "BS. Lò Văn Tim", "{name}");
        let (early, late) = (row(&server, &clock, "early"), row(&server, &clock, "late"));
        assert_eq!((&*early.status, &*late.status), ("free", "busy"), "{name}");
        assert_eq!(late.appointments, theirs, "{name}: it is the same one");
        assert_eq!(phone.told("booking-moved"), 1, "{name}");
        assert_eq!(phone.told("move-refused"), 0, "{name}");

        clock.pass(Duration::from_secs(7 * 3_600));
        other.sync().await;
        assert_eq!(
            other.until_it_stands(&booked.id).await.start,
            at(LATE),
            "{name}"
        );
        assert_eq!(other.told("booking-moved"), 1, "{name}");
        phone.sync().await;
        assert_eq!(phone.booking(&booked.id), moved, "{name}: nothing new");
        assert_eq!(phone.told("booking-moved"), 1, "{name}");
    }
}

#[tokio::test]
async fn whoever_comes_too_late_keeps_what_they_have() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::with_seed(&server, &clock, 1).await;
        let booked = phone.books(phone.find("early").await).await;
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        let late = phone.find("late").await;
        let taken = slot("late", "heart", "busy", 3, 15);
        server.put(&taken, clock.now()).unwrap();
        server
            .put(&appointment("theirs", "late", "other", 15), clock.now())
            .unwrap();
        phone.moves(&booked.id, late).await;
        let kept = phone.until_it_stands(&booked.id).await;
        assert_eq!(
            (kept.status, kept.start),
            (BookingStatus::Confirmed, at(EARLY)),
            "{name}"
        );
        assert_eq!(
            (phone.told("move-refused"), phone.told("booking-moved")),
            (1, 0),
            "{name}"
        );
        let early = row(&server, &clock, "early");
        assert_eq!(
            (&*early.status, early.appointments.len()),
            ("busy", 1),
            "{name}"
        );
        assert!(
            phone.app.parked(&phone.person).unwrap().is_empty(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn another_doctor_comes_along_with_the_time_and_the_clinics_words_stay() {
    let (server, clock) = clinic(Manners::hapi());
    let phone = Phone::knows(&server, &clock).await;
    let booked = phone.books(phone.find("early").await).await;
    let text = server.contents(PATIENT, clock.now());
    let text = text
        .values()
        .find(|json| json.contains(&booked.id))
        .unwrap();
    let noted = text.replacen(
        "\"status\":\"booked\"",
        "\"priority\":5,\"comment\":\"Nhịn ăn sáng\",\"status\":\"booked\"",
        1,
    );
    server.put(&noted, clock.now()).unwrap();
    let moved = phone.moves(&booked.id, phone.find("eyes").await).await;
    assert_eq!(moved.start, at("2026-11-04T08:00:00+07:00"));
    assert_eq!(moved.practitioner, "BS. Hà Thị Mắt");
    let text = server.contents(PATIENT, clock.now());
    let text = text
        .values()
        .find(|json| json.contains(&booked.id))
        .unwrap();
    for kept in [
        "Nhịn ăn sáng",
        "\"priority\":5",
        "PractitionerRole/r",
        "Slot/eyes",
    ] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    assert!(!text.contains("Practitioner/tim"), "{text}");
}

#[tokio::test]
async fn what_the_clinic_moves_the_person_hears_of() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let booked = phone.books(phone.find("early").await).await;
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        phone.sync().await;
        let id = row(&server, &clock, "early").appointments.remove(0);
        let text = server.contents(PATIENT, clock.now());
        let text = text
            .values()
            .find(|json| json.contains(&format!("\"id\":\"{id}\"")));
        let elsewhere = text
            .unwrap()
            .replace("03T08:00", "03T15:00")
            .replace("03T08:30", "03T15:30")
            .replace("Slot/early", "Slot/late");
        clock.pass(Duration::from_secs(60));
        server.put(&elsewhere, clock.now()).unwrap();
        clock.pass(Duration::from_secs(7 * 3_600));
        phone.sync().await;
        let moved = phone.booking(&booked.id);
        assert_eq!(
            (moved.status, moved.start),
            (BookingStatus::Confirmed, at(LATE)),
            "{name}"
        );
        assert_eq!(phone.told("booking-moved"), 1, "{name}");
    }
}
