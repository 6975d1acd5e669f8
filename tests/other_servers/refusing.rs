//! Times that cannot be had, and what is not yet confirmed.

use std::time::Duration;

use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::words::Words;
use sokhoe_app::{AppError, BookRequest, BookingStatus, Language, SlotView};
use sokhoe_tests::foreign::Manners;

use crate::server::{PATIENT, Phone};
use crate::times::{all, appointment, at, clinic, own_ids, row, silent_own_ids, slot};

#[tokio::test]
async fn a_time_that_somebody_took_in_between_is_refused_with_others_of_the_day() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let wanted = phone.find("mid").await;
        phone.meanwhile(|server, now| {
            server
                .put(&slot("mid", "heart", "busy", 3, 11), now)
                .unwrap();
            server
                .put(&appointment("theirs", "mid", "other", 11), now)
                .unwrap();
        });
        let booked = phone.books(wanted.clone()).await;
        let refused = phone.until(&booked.id, BookingStatus::Refused).await;
        // Not the eye doctor's, and not what is closed, busy or on another day.
        assert_eq!(
            refused.alternatives,
            ["2026-11-03T08:00:00+07:00", "2026-11-03T15:00:00+07:00"].map(at),
            "{name}"
        );
        let taken = row(&server, &clock, "mid");
        assert_eq!(taken.appointments, ["theirs"], "{name}");
        // It stays refused when the time is free again.
        server
            .put(&slot("mid", "heart", "free", 3, 11), clock.now())
            .unwrap();
        clock.pass(Duration::from_secs(600));
        phone.sync().await;
        assert_eq!(
            phone.booking(&booked.id).status,
            BookingStatus::Refused,
            "{name}"
        );
        assert_eq!(
            row(&server, &clock, "mid").appointments,
            ["theirs"],
            "{name}"
        );
        assert_eq!(phone.told("booking-refused"), 1, "{name}");
    }
}

#[tokio::test]
async fn a_time_that_was_taken_before_is_never_written_over() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let wanted = phone.find("mid").await;
        server
            .put(&slot("mid", "heart", "busy", 3, 11), clock.now())
            .unwrap();
        let booked = phone.books(wanted).await;
        phone.until(&booked.id, BookingStatus::Refused).await;
        assert_eq!(phone.writes(), 0, "{name}");
        assert!(
            row(&server, &clock, "mid").appointments.is_empty(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_time_that_was_moved_or_is_past_is_not_booked() {
    let (server, clock) = clinic(Manners::hapi());
    let phone = Phone::knows(&server, &clock).await;
    let (moved, past) = (phone.find("mid").await, phone.find("early").await);
    server
        .put(&slot("mid", "heart", "free", 3, 14), clock.now())
        .unwrap();
    let booked = phone.books(moved).await;
    assert_eq!(booked.status, BookingStatus::Refused);
    clock.pass(Duration::from_secs(30 * 3_600));
    let booked = phone.books(past).await;
    assert_eq!(booked.status, BookingStatus::Refused);
    assert_eq!(phone.writes(), 0);
}

#[tokio::test]
async fn what_the_clinic_has_not_confirmed_is_not_shown_as_confirmed() {
    for (name, manners) in [
        ("hapi", Manners::hapi()),
        ("own ids", own_ids()),
        ("silent own ids", silent_own_ids()),
    ] {
        let (server, clock) = clinic(Manners {
            confirms_later: true,
            ..manners
        });
        let phone = Phone::knows(&server, &clock).await;
        let booked = phone.books(phone.find("early").await).await;
        assert_eq!(booked.status, BookingStatus::Sending, "{name}");
        for _ in 0..8 {
            clock.pass(Duration::from_secs(900));
            phone.sync().await;
            assert_eq!(
                phone.booking(&booked.id).status,
                BookingStatus::Sending,
                "{name}"
            );
        }
        let taken = row(&server, &clock, "early");
        assert_eq!((taken.version, taken.appointments.len()), (2, 1), "{name}");
        // Whoever does not say that it gives ids refuses the first.
        let refused = u64::from(name == "silent own ids");
        assert_eq!(phone.writes(), 1 + refused, "{name}");
        let confirmed = appointment(&taken.appointments[0], "early", PATIENT, 8).replace(
            "\"status\":\"booked\"",
            &format!(
                "\"identifier\":[{{\"system\":\"https://sokhoe.vn/fhir/NamingSystem/booking\",\"value\":\"{}\"}}],\"status\":\"booked\"",
                booked.id
            ),
        );
        server.put(&confirmed, clock.now()).unwrap();
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        assert_eq!(phone.told("booking-confirmed"), 1, "{name}");
        assert_eq!(phone.app.bookings(&phone.person).unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_server_without_transactions_takes_no_bookings_and_says_to_call() {
    let (server, clock) = clinic(Manners {
        transactions: false,
        ..Manners::hapi()
    });
    let phone = Phone::knows(&server, &clock).await;
    let none = AppError::BadAnswer {
        what: "takes-no-bookings".to_owned(),
    };
    assert_eq!(phone.try_find(None, 50).await, Err(none.clone()));
    let words = |language| Words::new(language).error(&none);
    assert!(words(Language::En).contains("call"));
    assert!(words(Language::Vi).contains("gọi điện"));
    let slot = SlotView {
        id: "early".to_owned(),
        clinic_id: phone.clinic.clone(),
        start: at("2026-11-03T08:00:00+07:00"),
        end: at("2026-11-03T08:30:00+07:00"),
        ..SlotView::default()
    };
    // Nobody knows yet: what was decided is kept first, and refused in words.
    let refused = phone.books(slot.clone()).await;
    assert_eq!(refused.status, BookingStatus::Refused);
    assert!(
        refused.status_text.contains("gọi điện") || refused.status_text.contains("call"),
        "{}",
        refused.status_text
    );
    phone.sync().await;
    let request = BookRequest {
        person_id: phone.person.clone(),
        slot,
        otherwise: None,
    };
    assert_eq!(phone.app.book(request).await, Err(none));
    assert_eq!(phone.app.bookings(&phone.person).unwrap().len(), 1);
    assert_eq!(row(&server, &clock, "early").version, 1);
}
