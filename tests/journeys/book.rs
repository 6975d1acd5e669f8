//! Booking that survives.

use sokhoe_app::{AppError, BookRequest, BookingStatus, OtherwiseRequest, SlotView};
use sokhoe_testing::Cut;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone, now};

fn booked_at_clinic(clinic: &TestClinic) -> usize {
    (0..8)
        .map(|ahead| {
            let day = now()
                .plus(std::time::Duration::from_secs(ahead * 86_400))
                .vietnam_day();
            clinic
                .clinic
                .bookings_of_day(day)
                .unwrap()
                .iter()
                .filter(|row| row.status == "booked")
                .count()
        })
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_confirmed_by_the_clinic_and_stands_in_the_book() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 5).await.remove(0);
    let booking = phone.book(&person, slot.clone()).await.unwrap();
    assert_eq!(booking.status, BookingStatus::Confirmed);
    assert_eq!(
        (booking.start, &booking.service),
        (slot.start, &slot.service)
    );
    assert_eq!(booked_at_clinic(&clinic), 1);
    phone.app.sync(&person).await.unwrap();
    let bookings = phone.app.bookings(&person).unwrap();
    assert_eq!(
        bookings.len(),
        1,
        "the feed's appointment is the same booking: {bookings:?}"
    );
    assert_eq!(bookings[0].status, BookingStatus::Confirmed);
    let kinds: Vec<_> = phone
        .app
        .events(&person)
        .unwrap()
        .into_iter()
        .map(|e| e.kind)
        .collect();
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "booking-confirmed")
            .count(),
        1,
        "told once: {kinds:?}"
    );
    let phone = phone.restarted();
    assert_eq!(
        phone.app.bookings(&person).unwrap()[0].status,
        BookingStatus::Confirmed
    );
    let event = phone.app.events(&person).unwrap().remove(0);
    phone.app.acknowledge(&person, event.id).unwrap();
    phone.app.acknowledge(&person, event.id).unwrap();
    assert!(
        phone
            .app
            .events(&person)
            .unwrap()
            .iter()
            .all(|e| e.id != event.id)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_network_the_booking_waits_and_goes_out_by_itself() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.network.cut(Cut::NoNetwork);
    let booking = phone.book(&person, slot).await.unwrap();
    assert_eq!(booking.status, BookingStatus::WaitingForNetwork);
    assert_eq!(
        phone.app.sync(&person).await.unwrap_err(),
        AppError::Offline
    );
    assert_eq!(booked_at_clinic(&clinic), 0);
    let phone = phone.restarted();
    assert_eq!(
        phone.app.bookings(&person).unwrap()[0].status,
        BookingStatus::WaitingForNetwork,
        "kept over a restart"
    );
    phone.network.cut(Cut::Whole);
    let synced = phone.app.sync(&person).await.unwrap();
    assert_eq!((synced.settled, synced.waiting), (1, 0));
    assert_eq!(
        phone.app.bookings(&person).unwrap()[0].status,
        BookingStatus::Confirmed
    );
    assert_eq!(booked_at_clinic(&clinic), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_stays_sending_and_the_retry_finds_the_first_booking() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.network.cut(Cut::AnswerLost);
    let booking = phone.book(&person, slot).await.unwrap();
    assert_eq!(
        booking.status,
        BookingStatus::Sending,
        "the clinic may have acted"
    );
    assert_eq!(booked_at_clinic(&clinic), 1, "and it has");
    phone.network.cut(Cut::NoNetwork);
    let _offline = phone.app.sync(&person).await;
    assert_eq!(
        phone.app.booking(&person, &booking.id).unwrap().status,
        BookingStatus::Sending,
        "being offline now changes nothing of that"
    );
    phone.network.cut(Cut::Whole);
    phone.app.sync(&person).await.unwrap();
    assert_eq!(
        phone.app.booking(&person, &booking.id).unwrap().status,
        BookingStatus::Confirmed
    );
    assert_eq!(booked_at_clinic(&clinic), 1, "not twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_arrives_twice_books_once() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.network.cut(Cut::Twice);
    assert_eq!(
        phone.book(&person, slot).await.unwrap().status,
        BookingStatus::Confirmed
    );
    assert_eq!(booked_at_clinic(&clinic), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_taken_meanwhile_is_refused_with_other_times_and_stays_refused() {
    let clinic = TestClinic::start().await;
    let (first, mother) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (second, neighbour) = TestPhone::enrolled(&clinic, NEIGHBOUR).await;
    let slot = second.free_times(&neighbour, 1).await.remove(0);
    let winner = first.book(&mother, slot.clone()).await.unwrap();
    assert_eq!(winner.status, BookingStatus::Confirmed);
    let refused = second.book(&neighbour, slot).await.unwrap();
    assert_eq!(refused.status, BookingStatus::Refused);
    assert!(
        !refused.alternatives.is_empty(),
        "other free times are named"
    );
    assert!(refused.alternatives.iter().all(|at| *at > now()));
    // The time becomes free again: the refused intent must not come back to life.
    first.app.cancel_booking(&mother, &winner.id).await.unwrap();
    second.app.sync(&neighbour).await.unwrap();
    assert_eq!(
        second.app.booking(&neighbour, &refused.id).unwrap().status,
        BookingStatus::Refused
    );
    assert_eq!(booked_at_clinic(&clinic), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_is_refused_before_anything_is_kept() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let mut slot = phone.free_times(&person, 1).await.remove(0);
    slot.id = "../../etc/passwd".to_owned();
    assert!(matches!(
        phone.book(&person, slot.clone()).await,
        Err(AppError::Validation { .. })
    ));
    slot.id = "no-such-offer".to_owned();
    assert_eq!(
        phone.book(&person, slot.clone()).await.unwrap().status,
        BookingStatus::Refused,
        "an offer that is none"
    );
    slot.clinic_id = "elsewhere".to_owned();
    assert!(matches!(
        phone.book(&person, slot.clone()).await,
        Err(AppError::NotFound { .. })
    ));
    assert!(matches!(
        phone.book("nobody", slot).await,
        Err(AppError::NotFound { .. })
    ));
    assert_eq!(phone.app.bookings(&person).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_may_answer_first_and_the_outbox_goes_on() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    for round in 0..4 {
        let slot = phone.free_times(&person, 1).await.remove(0);
        phone.network.cut(Cut::AnswerLost);
        let booking = phone.book(&person, slot).await.unwrap();
        assert_eq!(booking.status, BookingStatus::Sending);
        phone.network.cut(Cut::Whole);
        // In the background the intent waits out its backoff, so the feed mostly comes first.
        phone
            .app
            .wait_for_changes(&person, std::time::Duration::from_secs(5))
            .await
            .unwrap();
        let settled = phone.app.sync(&person).await.unwrap();
        assert_eq!(settled.waiting, 0, "round {round}");
        let after = phone.app.booking(&person, &booking.id).unwrap();
        assert_eq!(after.status, BookingStatus::Confirmed, "round {round}");
        let told = phone.app.events(&person).unwrap();
        let told = told
            .iter()
            .filter(|event| event.subject == booking.id && event.kind == "booking-confirmed");
        assert_eq!(told.count(), 1, "told once, round {round}");
    }
    assert_eq!(booked_at_clinic(&clinic), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_was_refused_takes_its_cancellation_along() {
    let clinic = TestClinic::start().await;
    let (first, mother) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (second, neighbour) = TestPhone::enrolled(&clinic, NEIGHBOUR).await;
    let slot = second.free_times(&neighbour, 1).await.remove(0);
    first.book(&mother, slot.clone()).await.unwrap();
    second.network.cut(Cut::NoNetwork);
    let booking = second.book(&neighbour, slot).await.unwrap();
    second
        .app
        .cancel_booking(&neighbour, &booking.id)
        .await
        .unwrap();
    second.network.cut(Cut::Whole);
    let synced = second.app.sync(&neighbour).await.unwrap();
    assert_eq!(synced.waiting, 0);
    let kinds: Vec<_> = second.app.events(&neighbour).unwrap();
    assert!(
        kinds
            .iter()
            .all(|event| event.kind != "cancellation-refused"),
        "{kinds:?}"
    );
    let after = second.app.booking(&neighbour, &booking.id).unwrap();
    assert_eq!(
        (after.status, after.cancelling),
        (BookingStatus::Refused, false)
    );
}

/// What will do on a phone that cannot ask: the same day and the next, with any doctor or the same.
fn will_do(slot: &SlotView, any_practitioner: bool) -> OtherwiseRequest {
    let day = slot.start.vietnam_day();
    OtherwiseRequest {
        first_day: day.to_string(),
        last_day: (day + chrono::Days::new(7)).to_string(),
        from_minute: 0,
        until_minute: 24 * 60,
        weekdays: Vec::new(),
        any_practitioner,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_with_a_wish_goes_out_by_itself_and_says_when_to_go() {
    let clinic = TestClinic::start().await;
    let (first, mother) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (second, neighbour) = TestPhone::enrolled(&clinic, NEIGHBOUR).await;
    let slot = second.free_times(&neighbour, 1).await.remove(0);
    second.network.cut(Cut::NoNetwork);
    let request = BookRequest {
        person_id: neighbour.clone(),
        slot: slot.clone(),
        otherwise: Some(will_do(&slot, false)),
    };
    let waiting = second.app.book(request).await.unwrap();
    assert_eq!(waiting.status, BookingStatus::WaitingForNetwork);
    assert_eq!((waiting.start, waiting.asked), (slot.start, None));
    // Meanwhile somebody takes the time.
    first.book(&mother, slot.clone()).await.unwrap();

    let second = second.restarted();
    second.network.cut(Cut::AnswerLost);
    let _offline = second.app.sync(&neighbour).await;
    let sending = second.app.booking(&neighbour, &waiting.id).unwrap();
    assert_eq!(
        (sending.status, sending.start),
        (BookingStatus::Sending, slot.start)
    );
    second.network.cut(Cut::Whole);
    second.app.sync(&neighbour).await.unwrap();

    let booked = second.app.booking(&neighbour, &waiting.id).unwrap();
    assert_eq!(booked.status, BookingStatus::Confirmed);
    assert_ne!(booked.start, slot.start);
    assert_eq!(booked.asked, Some(slot.start));
    assert_eq!(booked.practitioner, slot.practitioner);
    for time in [&booked.when_text, &slot.when_text] {
        assert!(booked.status_text.contains(time.as_str()), "{booked:?}");
    }
    let events = second.app.events(&neighbour).unwrap();
    let told: Vec<_> = events
        .iter()
        .filter(|event| event.subject == waiting.id)
        .collect();
    assert_eq!(told.len(), 1, "told once: {events:?}");
    assert_eq!(told[0].kind, "booking-confirmed-otherwise");
    for part in [&booked.when_text, &booked.practitioner, &slot.when_text] {
        assert!(told[0].text.contains(part.as_str()), "{:?}", told[0]);
    }
    assert_eq!(booked_at_clinic(&clinic), 2);

    // It stays so whatever the feed brings, and over a cancellation.
    second.app.sync(&neighbour).await.unwrap();
    assert_eq!(second.app.booking(&neighbour, &waiting.id).unwrap(), booked);
    let cancelled = second
        .app
        .cancel_booking(&neighbour, &waiting.id)
        .await
        .unwrap();
    assert_eq!(cancelled.status, BookingStatus::Cancelled);
    assert_eq!(cancelled.start, booked.start);
    assert_eq!(booked_at_clinic(&clinic), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_cannot_be_met_is_a_time_that_is_taken() {
    let clinic = TestClinic::start().await;
    let (first, mother) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (second, neighbour) = TestPhone::enrolled(&clinic, NEIGHBOUR).await;
    let slot = second.free_times(&neighbour, 1).await.remove(0);
    first.book(&mother, slot.clone()).await.unwrap();
    // Nobody is there at four in the night.
    let request = BookRequest {
        person_id: neighbour.clone(),
        slot: slot.clone(),
        otherwise: Some(OtherwiseRequest {
            from_minute: 4 * 60,
            until_minute: 4 * 60 + 30,
            ..will_do(&slot, true)
        }),
    };
    let refused = second.app.book(request.clone()).await.unwrap();
    assert_eq!(refused.status, BookingStatus::Refused);
    assert!(!refused.alternatives.is_empty());
    assert_eq!(refused.asked, None);

    for (wish, field) in [
        (
            OtherwiseRequest {
                first_day: "1.12.2026".to_owned(),
                ..will_do(&slot, true)
            },
            "otherwise.first_day",
        ),
        (
            OtherwiseRequest {
                last_day: "2020-01-01".to_owned(),
                ..will_do(&slot, true)
            },
            "otherwise.last_day",
        ),
        (
            OtherwiseRequest {
                until_minute: 70_000,
                ..will_do(&slot, true)
            },
            "otherwise.until_minute",
        ),
        (
            OtherwiseRequest {
                weekdays: vec![8],
                ..will_do(&slot, true)
            },
            "otherwise.weekdays",
        ),
    ] {
        let request = BookRequest {
            otherwise: Some(wish),
            ..request.clone()
        };
        match second.app.book(request).await.unwrap_err() {
            AppError::Validation { field: said, .. } => assert_eq!(said, field),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(second.app.bookings(&neighbour).unwrap().len(), 1);
}
