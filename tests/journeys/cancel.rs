//! Taking a booking back.

use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::domain::ports::Clock;
use sokhoe_app::{AppError, BookingStatus, FindSlotsRequest, MoveBookingRequest};
use sokhoe_clinic::{DeskAnswer, DeskBooking, DeskRequest, Source};
use sokhoe_testing::Cut;
use sokhoe_tests::shifted_clock::ShiftedClock;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_time_is_free_for_others() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    let booking = phone.book(&person, slot.clone()).await.unwrap();
    assert!(
        !phone
            .free_times(&person, 50)
            .await
            .iter()
            .any(|s| s.id == slot.id)
    );
    let cancelled = phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    assert_eq!(cancelled.status, BookingStatus::Cancelled);
    assert!(
        phone
            .free_times(&person, 50)
            .await
            .iter()
            .any(|s| s.id == slot.id),
        "offered again"
    );
    assert!(matches!(
        phone.app.cancel_booking(&person, &booking.id).await,
        Err(AppError::Validation { .. })
    ));
    phone.app.sync(&person).await.unwrap();
    assert_eq!(phone.app.bookings(&person).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_without_a_network_is_shown_as_on_its_way() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    let booking = phone.book(&person, slot).await.unwrap();
    phone.network.cut(Cut::NoNetwork);
    let waiting = phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    assert!(waiting.cancelling);
    assert_eq!(
        waiting.status,
        BookingStatus::Confirmed,
        "until the clinic has it"
    );
    let again = phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    assert!(again.cancelling, "asking twice is asking once");
    phone.network.cut(Cut::Whole);
    let synced = phone.app.sync(&person).await.unwrap();
    assert_eq!((synced.settled, synced.waiting), (1, 0));
    let done = phone.app.booking(&person, &booking.id).unwrap();
    assert_eq!(
        (done.status, done.cancelling),
        (BookingStatus::Cancelled, false)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_taken_back_before_it_went_out_ends_cancelled() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.network.cut(Cut::NoNetwork);
    let booking = phone.book(&person, slot.clone()).await.unwrap();
    phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    phone.network.cut(Cut::Whole);
    phone.app.sync(&person).await.unwrap();
    assert_eq!(
        phone.app.booking(&person, &booking.id).unwrap().status,
        BookingStatus::Cancelled
    );
    assert!(
        phone
            .free_times(&person, 50)
            .await
            .iter()
            .any(|s| s.id == slot.id)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_changed_only_by_the_clinic_says_so_and_stands() {
    let clock = Arc::new(ShiftedClock::at("2026-11-23T08:00:00+07:00"));
    let clinic = TestClinic::start_at(Arc::clone(&clock) as Arc<dyn Clock>).await;
    let phone = TestPhone::new_at(Arc::clone(&clock) as Arc<dyn Clock>);
    let enrolment = phone.enrol(&clinic, EMPTY_PATIENT).await;
    let person = enrolment.persons[0].id.clone();
    let now = clock.now();
    let request = FindSlotsRequest {
        person_id: person.clone(),
        clinic_id: enrolment.clinic.id.clone(),
        // Four hours' notice.
        service_id: Some("sieu-am-tim".to_owned()),
        from: now.plus(Duration::from_secs(20 * 3_600)),
        to: now.plus(Duration::from_secs(4 * 86_400)),
        limit: 40,
        criteria: None,
        has_referral: false,
    };
    let slots = phone.app.find_slots(request).await.unwrap();
    let booking = phone.book(&person, slots[0].clone()).await.unwrap();
    // The `Date` of the answers is the machine's, which is not the clinic's here: the phone forgets it.
    let phone = phone.restarted();
    let shown = || phone.app.booking(&person, &booking.id).unwrap();
    let deadline = shown().deadline.unwrap();
    assert_eq!(
        deadline.until,
        booking.start.minus(Duration::from_secs(4 * 3_600))
    );
    assert!(
        !deadline.is_over && deadline.text.contains("until"),
        "{deadline:?}"
    );
    // Decided in time, and heard too late.
    phone.network.cut(Cut::NoNetwork);
    let asked = phone.app.cancel_booking(&person, &booking.id).await;
    assert!(asked.unwrap().cancelling);
    let left = deadline.until.since(clock.now());
    clock.advance(left + Duration::from_secs(60));
    phone.network.cut(Cut::Whole);
    phone.app.network_is_back();
    phone.app.sync(&person).await.unwrap();
    let now = phone.app.booking(&person, &booking.id).unwrap();
    assert_eq!(
        (now.status, now.cancelling),
        (BookingStatus::Confirmed, false)
    );
    let moved = phone
        .app
        .move_booking(MoveBookingRequest {
            person_id: person.clone(),
            booking_id: booking.id.clone(),
            slot: slots[30].clone(),
        })
        .await
        .unwrap();
    assert_eq!((moved.start, moved.moving_to), (booking.start, None));
    let phone = phone.restarted();
    let over = phone.app.booking(&person, &booking.id).unwrap().deadline;
    let over = over.unwrap();
    assert!(over.is_over && over.text.contains("call"), "{over:?}");
    let told = phone.app.events(&person).unwrap();
    for kind in ["cancellation-refused", "move-refused"] {
        let event = told.iter().find(|event| event.kind == kind).unwrap();
        assert!(event.text.contains("call"), "{}", event.text);
    }
    assert!(phone.app.parked(&person).unwrap().is_empty());
    // Whoever calls is helped.
    let gone = clinic.clinic.book_at_desk(DeskBooking {
        patient: EMPTY_PATIENT.to_owned(),
        request: DeskRequest::Cancel {
            booking: booking.id.clone(),
        },
        source: Source::Hotline,
        key: "01900000-0000-7000-8000-000000000002".to_owned(),
    });
    assert_eq!(gone.unwrap(), DeskAnswer::Done);
    phone.app.sync(&person).await.unwrap();
    let gone = phone.app.booking(&person, &booking.id).unwrap();
    assert_eq!(
        (gone.status, gone.deadline),
        (BookingStatus::Cancelled, None)
    );
}
