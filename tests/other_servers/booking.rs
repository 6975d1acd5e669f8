//! Booking where there are Slots and transactions and nothing of ours.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{BookingStatus, SlotView};
use sokhoe_tests::foreign::Manners;

use crate::server::{PATIENT, Phone};
use crate::times::{all, appointment, at, clinic, row, slot};

#[tokio::test]
async fn free_times_are_found_with_what_the_server_tells_of_them() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let ids = |slots: &[SlotView]| -> Vec<String> {
            slots.iter().map(|slot| slot.id.clone()).collect()
        };
        let slots = phone.try_find(None, 50).await.unwrap();
        assert_eq!(ids(&slots), ["early", "mid", "late", "eyes"], "{name}");
        let told = |slot: &SlotView| {
            (
                slot.service.clone(),
                slot.practitioner.clone(),
                slot.location.clone(),
            )
        };
        let expected = |service: &str, doctor: &str| {
            (service.to_owned(), doctor.to_owned(), "Phòng 1".to_owned())
        };
        assert_eq!(
            told(&slots[0]),
            expected("Khám tim mạch", "BS. Lò Văn Tim"),
            "{name}"
        );
        assert_eq!(told(&slots[3]), expected("Mắt", "BS. Hà Thị Mắt"), "{name}");
        assert_eq!(slots[0].start, at("2026-11-03T08:00:00+07:00"));
        assert_eq!(slots[0].end, at("2026-11-03T08:30:00+07:00"));
        assert!(slots[0].price_text.is_empty());
        if name != "sloppy" {
            // Of all pages, and what it is called there.
            let services = phone.app.services(&phone.clinic).await.unwrap();
            let services: Vec<_> = services.iter().map(|it| (&*it.id, &*it.name)).collect();
            assert_eq!(
                services,
                [("kham-mat", "Khám mắt"), ("kham-tim", "Khám tim mạch")]
            );
        }
        // The nearest, of one service; by what it is of, and by its codes.
        let first = phone.try_find(None, 1).await.unwrap();
        assert_eq!(ids(&first), ["early"], "{name}");
        let heart = phone.try_find(Some("kham-tim"), 50).await.unwrap();
        assert_eq!(ids(&heart), ["early", "mid", "late"], "{name}");
        let eye = phone.try_find(Some("kham-mat"), 50).await.unwrap();
        assert_eq!(ids(&eye), ["eyes"], "{name}");
    }
}

#[tokio::test]
async fn many_pages_of_times_are_all_seen_and_none_twice() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        for n in 0..60 {
            let minutes = n % 30;
            let text = slot(&format!("many{n}"), "heart", "free", 5, 7 + n / 30);
            let text = text.replace(":00:00+07:00", &format!(":{minutes:02}:00+07:00"));
            server.put(&text, clock.now()).unwrap();
        }
        let phone = Phone::knows(&server, &clock).await;
        let slots = phone.try_find(None, 100).await.unwrap();
        assert_eq!(slots.len(), 64, "{name}");
        assert!(slots.is_sorted_by_key(|slot| slot.start), "{name}");
        let mut ids: Vec<&str> = slots.iter().map(|slot| slot.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 64, "{name}");
    }
}

#[tokio::test]
async fn a_time_is_booked_and_comes_down_once() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        let booked = phone.books(phone.find("early").await).await;
        let booked = phone.until(&booked.id, BookingStatus::Confirmed).await;
        assert_eq!(booked.practitioner, "BS. Lò Văn Tim", "{name}");
        let taken = row(&server, &clock, "early");
        assert_eq!(taken.status, "busy", "{name}");
        assert_eq!(taken.appointments.len(), 1, "{name}");
        let has_its_id = taken.appointments[0] == booked.id;
        assert_eq!(has_its_id, server.manners().client_ids, "{name}");
        for _ in 0..2 {
            clock.pass(Duration::from_secs(3_600));
            phone.sync().await;
        }
        let bookings = phone.app.bookings(&phone.person).unwrap();
        assert_eq!(bookings, [phone.booking(&booked.id)], "{name}");
        assert_eq!(bookings[0].practitioner, "BS. Lò Văn Tim", "{name}");
        assert_eq!(bookings[0].service, "Khám tim mạch", "{name}");
        assert_eq!(phone.told("booking-confirmed"), 1, "{name}");
        let there = server.contents(PATIENT, clock.now());
        let there = there.iter().filter(|(key, _)| key.kind == "Appointment");
        let there: Vec<String> = there.map(|(_, json)| json.clone()).collect();
        assert_eq!(phone.appointments(), there, "{name}");
        assert_eq!(there.len(), 1, "{name}");
        // The time is no longer offered.
        let slots = phone.try_find(None, 50).await.unwrap();
        assert!(slots.iter().all(|slot| slot.id != "early"), "{name}");
    }
}

#[tokio::test]
async fn a_time_that_changed_and_is_free_is_tried_again() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let wanted = phone.find("mid").await;
        phone.meanwhile(|server, now| {
            let noted = slot("mid", "heart", "free", 3, 11)
                .replace("\"status\"", "\"comment\":\"x\",\"status\"");
            server.put(&noted, now).unwrap();
        });
        let booked = phone.books(wanted).await;
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        let taken = row(&server, &clock, "mid");
        assert_eq!(
            (taken.status.as_str(), taken.version),
            ("busy", 3),
            "{name}"
        );
        assert_eq!(taken.appointments.len(), 1, "{name}");
        // What the clinic wrote into it is still there.
        let all = server.everything(PATIENT, clock.now());
        assert!(
            all.values().any(|json| json.contains("\"comment\":\"x\"")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_asking() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        let wanted = phone.find("early").await;
        phone.way.loses_answers.store(1, Ordering::SeqCst);
        let booked = phone.books(wanted).await;
        if name == "hapi" {
            assert_eq!(booked.status, BookingStatus::Sending);
        }
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        let taken = row(&server, &clock, "early");
        assert_eq!((taken.version, taken.appointments.len()), (2, 1), "{name}");
        assert_eq!(phone.told("booking-confirmed"), 1, "{name}");
    }
}

#[tokio::test]
async fn what_did_not_arrive_is_sent_again_and_books_once() {
    let (server, clock) = clinic(Manners::hapi());
    for at in 1..9 {
        let phone = Phone::with_seed(&server, &clock, 40 + at).await;
        phone.sync().await;
        let wanted = phone.try_find(None, 1).await.unwrap().remove(0);
        let id = wanted.id.clone();
        phone
            .way
            .fails_at
            .store(phone.trips() + at, Ordering::SeqCst);
        let booked = phone.books(wanted).await;
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        let taken = row(&server, &clock, &id);
        assert_eq!(taken.appointments.len(), 1, "{at}: {taken:?}");
        phone
            .app
            .cancel_booking(&phone.person, &booked.id)
            .await
            .unwrap();
        phone.until(&booked.id, BookingStatus::Cancelled).await;
        assert_eq!(row(&server, &clock, &id).status, "free", "{at}");
    }
}

#[tokio::test]
async fn of_two_phones_one_has_the_time() {
    for (name, manners) in all() {
        for round in 0..6 {
            let (server, clock) = clinic(manners.clone());
            let one = Phone::with_seed(&server, &clock, 2 * round + 10).await;
            let two = Phone::with_seed(&server, &clock, 2 * round + 11).await;
            let (first, second) = (one.find("early").await, two.find("early").await);
            let (first, second) = tokio::join!(one.books(first), two.books(second));
            let (mut confirmed, mut refused) = (0, 0);
            for (phone, booked) in [(&one, first), (&two, second)] {
                for _ in 0..50 {
                    if !matches!(
                        phone.booking(&booked.id).status,
                        BookingStatus::Sending | BookingStatus::WaitingForNetwork
                    ) {
                        break;
                    }
                    clock.pass(Duration::from_secs(150));
                    phone.sync().await;
                }
                match phone.booking(&booked.id).status {
                    BookingStatus::Confirmed => confirmed += 1,
                    BookingStatus::Refused => refused += 1,
                    other => panic!("{name} {round}: {other:?}"),
                }
            }
            assert_eq!((confirmed, refused), (1, 1), "{name} {round}");
            let taken = row(&server, &clock, "early");
            assert_eq!(taken.appointments.len(), 1, "{name} {round}");
        }
    }
}

/// So long nothing that is new is found by a search.
fn lagging(manners: Manners) -> Manners {
    Manners {
        search_lags: Duration::from_secs(1_500),
        busy: 0,
        ..manners
    }
}

#[tokio::test]
async fn a_lost_answer_is_never_a_taken_time_while_searches_lag() {
    for (name, manners) in all() {
        let (server, clock) = clinic(lagging(manners));
        clock.pass(Duration::from_secs(1_800));
        let phone = Phone::knows(&server, &clock).await;
        // From now on only searches bring what is new.
        phone.sync().await;
        let wanted = phone.find("early").await;
        phone.way.loses_answers.store(1, Ordering::SeqCst);
        let booked = phone.books(wanted).await;
        let may_be_read_by_id = server.manners().client_ids;
        for _ in 0..8 {
            clock.pass(Duration::from_secs(150));
            phone.sync().await;
            let status = phone.booking(&booked.id).status;
            if may_be_read_by_id {
                assert_eq!(status, BookingStatus::Confirmed, "{name}");
            } else {
                assert_eq!(status, BookingStatus::Sending, "{name}");
            }
        }
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        let taken = row(&server, &clock, "early");
        assert_eq!((taken.version, taken.appointments.len()), (2, 1), "{name}");
        assert_eq!(phone.told("booking-confirmed"), 1, "{name}");
        assert_eq!(phone.told("booking-refused"), 0, "{name}");
    }
}

#[tokio::test]
async fn a_time_that_somebody_else_has_is_told_at_once_or_within_an_hour() {
    for (name, manners) in all() {
        for others_are_seen in [true, false] {
            let what = format!("{name}, others are seen: {others_are_seen}");
            let (server, clock) = clinic(Manners {
                busy: 0,
                ..manners.clone()
            });
            let phone = Phone::knows(&server, &clock).await;
            if !others_are_seen {
                *phone.way.refuses.lock().unwrap() = Some("Appointment?slot=");
            }
            let wanted = phone.find("early").await;
            phone.way.loses_answers.store(1, Ordering::SeqCst);
            let booked = phone.books(wanted).await;
            // The server was set back to before it, and somebody else came first.
            for id in row(&server, &clock, "early").appointments {
                assert!(server.expunge("Appointment", &id, clock.now()));
            }
            let theirs = appointment("theirs", "early", "other", 8);
            server.put(&theirs, clock.now()).unwrap();
            let noted = slot("early", "heart", "busy", 3, 8)
                .replace("\"status\"", "\"comment\":\"x\",\"status\"");
            server.put(&noted, clock.now()).unwrap();
            clock.pass(Duration::from_secs(150));
            phone.sync().await;
            if !others_are_seen && name != "hapi" && !server.manners().client_ids {
                for _ in 0..15 {
                    let status = phone.booking(&booked.id).status;
                    assert_eq!(status, BookingStatus::Sending, "{what}");
                    clock.pass(Duration::from_secs(200));
                    phone.sync().await;
                }
                clock.pass(Duration::from_secs(600));
                phone.sync().await;
            }
            if name == "hapi" && !others_are_seen {
                // It does not say whether it takes ids.
                phone.until(&booked.id, BookingStatus::Refused).await;
            }
            let refused = phone.booking(&booked.id);
            assert_eq!(refused.status, BookingStatus::Refused, "{what}");
            assert!(!refused.alternatives.is_empty(), "{what}");
            let taken = row(&server, &clock, "early");
            assert_eq!(taken.appointments, ["theirs"], "{what}");
        }
    }
}

#[tokio::test]
async fn what_was_confirmed_just_now_can_be_called_off_while_searches_lag() {
    for (name, manners) in all() {
        let (server, clock) = clinic(lagging(manners));
        clock.pass(Duration::from_secs(1_800));
        let phone = Phone::knows(&server, &clock).await;
        let booked = phone.books(phone.find("early").await).await;
        phone.until(&booked.id, BookingStatus::Confirmed).await;
        phone
            .app
            .cancel_booking(&phone.person, &booked.id)
            .await
            .unwrap();
        phone.until(&booked.id, BookingStatus::Cancelled).await;
        assert!(
            phone.app.parked(&phone.person).unwrap().is_empty(),
            "{name}"
        );
        assert_eq!(row(&server, &clock, "early").status, "free", "{name}");
    }
}
