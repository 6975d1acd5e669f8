//! Having a booking at another time.

use std::time::Duration;

use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{BookingStatus, FindSlotsRequest, MoveBookingRequest, SlotView, SystemClock};
use sokhoe_clinic::{DeskAnswer, DeskBooking, DeskRequest, Source};
use sokhoe_testing::Cut;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

fn to(person: &str, booking: &str, slot: &SlotView) -> MoveBookingRequest {
    MoveBookingRequest {
        person_id: person.to_owned(),
        booking_id: booking.to_owned(),
        slot: slot.clone(),
    }
}

/// What the clinic offers from a time on, for an hour; taking blood has four seats and is left out.
async fn offered(phone: &TestPhone, person: &str, from: Timestamp) -> Vec<SlotView> {
    let request = FindSlotsRequest {
        person_id: person.to_owned(),
        clinic_id: phone.app.clinics().unwrap()[0].id.clone(),
        service_id: None,
        from,
        to: from.plus(Duration::from_secs(3_600)),
        limit: 100,
        criteria: None,
        has_referral: false,
    };
    let mut slots = phone.app.find_slots(request).await.unwrap();
    slots.retain(|slot| slot.practitioner != "KTV. Phòng lấy máu");
    slots
}

/// The times of one service, the nearest first: of a morning that is not over while the test runs.
async fn times(phone: &TestPhone, person: &str) -> Vec<SlotView> {
    let mut from = SystemClock.now().vietnam_day().succ_opt().unwrap();
    loop {
        let mut slots = offered(phone, person, Timestamp::start_of_day(from).plus(EIGHT)).await;
        if let Some(first) = slots.first() {
            let service = first.service.clone();
            slots.retain(|slot| slot.service == service);
            // Several doctors may begin at the same time.
            slots.dedup_by_key(|slot| slot.start);
            return slots;
        }
        from = from.succ_opt().unwrap();
    }
}

const EIGHT: Duration = Duration::from_secs(8 * 3_600);

/// Whether the clinic offers this time.
async fn is_free(phone: &TestPhone, person: &str, slot: &SlotView) -> bool {
    let free = offered(phone, person, slot.start).await;
    free.iter().any(|free| free.id == slot.id)
}

fn told(phone: &TestPhone, person: &str) -> Vec<String> {
    let events = phone.app.events(person).unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_booking_has_the_new_time_and_others_have_the_old_one() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (other, same) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (late, neighbour) = TestPhone::enrolled(&clinic, NEIGHBOUR).await;
    let times = times(&phone, &person).await;
    let booked = phone.book(&person, times[0].clone()).await.unwrap();
    let wanted = times.last().unwrap();
    other.app.sync(&same).await.unwrap();

    let moved = phone
        .app
        .move_booking(to(&person, &booked.id, wanted))
        .await
        .unwrap();
    assert_eq!(moved.status, BookingStatus::Confirmed);
    assert_eq!((moved.start, moved.end), (wanted.start, wanted.end));
    assert_eq!(
        (&moved.practitioner, &moved.location),
        (&wanted.practitioner, &wanted.location)
    );
    assert_eq!(moved.moving_to, None);
    assert!(is_free(&phone, &person, &times[0]).await);
    assert!(!is_free(&phone, &person, wanted).await);
    assert_eq!(
        told(&phone, &person),
        ["booking-confirmed", "booking-moved"]
    );

    // The feed says nothing new here, and the same to whoever else has the book.
    phone.app.sync(&person).await.unwrap();
    assert_eq!(told(&phone, &person).len(), 2);
    assert_eq!(phone.app.booking(&person, &booked.id).unwrap(), moved);
    other.app.sync(&same).await.unwrap();
    let theirs = other.app.booking(&same, &booked.id).unwrap();
    assert_eq!(
        (theirs.start, theirs.status),
        (wanted.start, BookingStatus::Confirmed)
    );
    assert_eq!(told(&other, &same).last().unwrap(), "booking-moved");

    // Whoever comes too late keeps what they have.
    let theirs = late.book(&neighbour, times[0].clone()).await.unwrap();
    let kept = late
        .app
        .move_booking(to(&neighbour, &theirs.id, wanted))
        .await
        .unwrap();
    assert_eq!((kept.start, kept.moving_to), (times[0].start, None));
    assert_eq!(kept.status, BookingStatus::Confirmed);
    let events = late.app.events(&neighbour).unwrap();
    assert_eq!(events.last().unwrap().kind, "move-refused");
    late.app.sync(&neighbour).await.unwrap();
    assert_eq!(late.app.booking(&neighbour, &theirs.id).unwrap(), kept);
    assert!(!is_free(&late, &neighbour, &times[0]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_whose_answer_is_lost_is_done_once() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let times = times(&phone, &person).await;
    let booked = phone.book(&person, times[0].clone()).await.unwrap();
    let wanted = &times[1];
    for cut in [Cut::NoNetwork, Cut::AnswerLost] {
        phone.network.cut(cut);
        let waiting = phone
            .app
            .move_booking(to(&person, &booked.id, wanted))
            .await
            .unwrap();
        assert_eq!(waiting.status, BookingStatus::Confirmed);
        assert_eq!(
            (waiting.start, waiting.moving_to),
            (times[0].start, Some(wanted.start))
        );
    }
    phone.network.cut(Cut::Whole);
    let phone = phone.restarted();
    let synced = phone.app.sync(&person).await.unwrap();
    assert_eq!((synced.settled, synced.waiting), (1, 0));
    let moved = phone.app.booking(&person, &booked.id).unwrap();
    assert_eq!((moved.start, moved.moving_to), (wanted.start, None));
    assert_eq!(
        told(&phone, &person),
        ["booking-confirmed", "booking-moved"]
    );
    assert!(is_free(&phone, &person, &times[0]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_desk_moves_the_person_hears_of() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let times = times(&phone, &person).await;
    let booked = phone.book(&person, times[0].clone()).await.unwrap();
    phone.app.sync(&person).await.unwrap();
    let answer = clinic.clinic.book_at_desk(DeskBooking {
        patient: EMPTY_PATIENT.to_owned(),
        request: DeskRequest::Move {
            booking: booked.id.clone(),
            to: times[1].id.clone(),
        },
        source: Source::Hotline,
        key: "01900000-0000-7000-8000-000000000001".to_owned(),
    });
    assert_eq!(answer.unwrap(), DeskAnswer::Done);
    phone.app.sync(&person).await.unwrap();
    let moved = phone.app.booking(&person, &booked.id).unwrap();
    assert_eq!(moved.status, BookingStatus::Confirmed);
    assert_eq!(moved.start, times[1].start);
    assert_eq!(
        told(&phone, &person),
        ["booking-confirmed", "booking-moved"]
    );
    assert!(is_free(&phone, &person, &times[0]).await);
}
