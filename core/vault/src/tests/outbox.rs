//! Bookings and their outbox.

use sokhoe_domain::{BookingState, IntentId, Refusal};
use sokhoe_testing::SeededRng;

use super::{Phone, at, clinic};
use crate::{IntentKind, NewEvent, NewIntent, Page, StoredBooking, Vault, VaultError};

pub(super) fn id(n: i64) -> IntentId {
    IntentId::new(at(n), &SeededRng::new(u64::try_from(n).unwrap()))
}

pub(super) fn booking(n: i64, state: BookingState) -> StoredBooking {
    StoredBooking {
        id: id(n),
        clinic: clinic("a"),
        start: at(100 + n),
        end: at(200 + n),
        service: "Khám tim mạch".to_owned(),
        practitioner: "BS. Đào".to_owned(),
        location: "P. 101".to_owned(),
        state,
        updated: at(n),
        asked: None,
        occurrence: None,
        changeable_until: None,
    }
}

pub(super) fn intent(n: i64, kind: IntentKind, about: i64) -> NewIntent {
    NewIntent {
        id: id(n),
        clinic: clinic("a"),
        kind,
        thing: id(about).to_string(),
        body: "{}".to_owned(),
        created: at(n),
    }
}

fn event() -> NewEvent {
    NewEvent {
        kind: "booking-confirmed".to_owned(),
        subject: "x".to_owned(),
        at: at(1),
        body: String::new(),
    }
}

pub(super) fn book(vault: &Vault, n: i64) {
    vault
        .enqueue(
            &intent(n, IntentKind::Book, n),
            &booking(n, BookingState::WaitingForNetwork),
        )
        .unwrap();
}

pub(super) fn state(vault: &Vault, n: i64) -> BookingState {
    vault.booking(id(n)).unwrap().unwrap().state
}

#[test]
fn an_intent_goes_its_way_and_survives_closing() {
    let phone = Phone::new();
    let vault = phone.create();
    book(&vault, 2);
    book(&vault, 1);
    book(&vault, 1);
    let due = vault.due(at(5)).unwrap();
    assert_eq!(due.iter().map(|i| i.id).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!((due[0].attempts, due[0].sent), (0, false));
    assert_eq!(vault.due(at(0)).unwrap(), []);
    assert_eq!(
        vault.bookings().unwrap(),
        [1, 2].map(|n| booking(n, BookingState::WaitingForNetwork))
    );

    vault.mark_sending(id(1), at(6)).unwrap();
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(state(&vault, 1), BookingState::Sending);
    let due = vault.due(at(6)).unwrap();
    assert_eq!((due[0].attempts, due[0].sent), (1, true));

    vault
        .postpone(id(1), at(50), BookingState::WaitingForNetwork)
        .unwrap();
    assert_eq!(state(&vault, 1), BookingState::WaitingForNetwork);
    assert_eq!(vault.due(at(49)).unwrap().len(), 1);
    assert_eq!(vault.due(at(50)).unwrap().len(), 2);

    vault
        .settle(id(1), &booking(1, BookingState::Confirmed), &[event()])
        .unwrap();
    assert_eq!(state(&vault, 1), BookingState::Confirmed);
    assert_eq!(vault.due(at(99)).unwrap().len(), 1);
    assert_eq!(vault.events().unwrap().len(), 1);
    // Answered: the same intent again is no new one.
    book(&vault, 1);
    assert_eq!(vault.due(at(99)).unwrap().len(), 1);
    assert_eq!(state(&vault, 1), BookingState::Confirmed);
    for error in [
        vault.settle(id(1), &booking(1, BookingState::Confirmed), &[event()]),
        vault.mark_sending(id(1), at(9)),
        vault.postpone(id(1), at(9), BookingState::Sending),
    ] {
        assert_eq!(error, Err(VaultError::UnknownIntent));
    }
    assert_eq!(vault.events().unwrap().len(), 1);
}

#[test]
fn a_cancellation_leaves_the_booking_until_the_clinic_answers() {
    let phone = Phone::new();
    let vault = phone.create();
    book(&vault, 1);
    vault
        .settle(id(1), &booking(1, BookingState::Confirmed), &[])
        .unwrap();
    vault
        .enqueue(
            &intent(2, IntentKind::Cancel, 1),
            &booking(1, BookingState::Confirmed),
        )
        .unwrap();
    vault.mark_sending(id(2), at(3)).unwrap();
    assert_eq!(state(&vault, 1), BookingState::Confirmed);
    vault.postpone(id(2), at(9), BookingState::Sending).unwrap();
    assert_eq!(state(&vault, 1), BookingState::Confirmed);
    vault
        .settle(id(2), &booking(1, BookingState::Cancelled), &[])
        .unwrap();
    assert_eq!(state(&vault, 1), BookingState::Cancelled);
    assert!(vault.due(at(99)).unwrap().is_empty());
}

#[test]
fn a_state_that_may_not_follow_is_refused() {
    let phone = Phone::new();
    let vault = phone.create();
    let refused = BookingState::Refused(Refusal::SlotTaken {
        alternatives: vec![at(300)],
    });
    for settled in [refused, BookingState::Cancelled] {
        let phone = Phone::new();
        let vault = phone.create();
        book(&vault, 1);
        vault
            .settle(id(1), &booking(1, settled.clone()), &[])
            .unwrap();
        let cancel = vault.enqueue(
            &intent(2, IntentKind::Cancel, 1),
            &booking(1, BookingState::Confirmed),
        );
        // What is cancelled already is cancelled.
        assert_eq!(cancel.is_ok(), settled == BookingState::Cancelled);
        assert!(vault.due(at(99)).unwrap().is_empty());
        assert_eq!(state(&vault, 1), settled);
        // From the feed: that booking stays, the page goes in.
        let page = Page {
            clinic: &clinic("a"),
            changes: &[],
            cursor: "c1",
            received: at(5),
            bookings: &[
                booking(1, BookingState::Confirmed),
                booking(3, BookingState::Confirmed),
            ],
            events: &[],
        };
        assert_eq!(vault.apply(&page).unwrap().bookings_refused, 1);
        assert_eq!(state(&vault, 1), settled);
        assert_eq!(state(&vault, 3), BookingState::Confirmed);
        assert_eq!(vault.cursor(&clinic("a")).unwrap().as_deref(), Some("c1"));
    }
    // Whatever the cause: an intent whose booking is settled is not sent.
    book(&vault, 1);
    vault
        .store()
        .write(crate::store::Durability::Full, |tx, _| {
            crate::bookings::store(tx, &booking(1, BookingState::Cancelled))
        })
        .unwrap();
    let refused = Err(VaultError::BookingState {
        from: "cancelled",
        to: "sending",
    });
    assert_eq!(vault.mark_sending(id(1), at(9)), refused);
    assert_eq!(vault.due(at(99)).unwrap()[0].attempts, 0);
    let confirmed = booking(1, BookingState::Confirmed);
    assert!(vault.settle(id(1), &confirmed, &[event()]).is_err());
    assert_eq!(vault.due(at(99)).unwrap().len(), 1);
    assert!(vault.events().unwrap().is_empty());
    vault
        .settle(id(1), &booking(1, BookingState::Cancelled), &[])
        .unwrap();
    assert!(vault.due(at(99)).unwrap().is_empty());
}

#[test]
fn the_feed_answers_an_intent_whose_response_was_lost() {
    let phone = Phone::new();
    let vault = phone.create();
    book(&vault, 1);
    book(&vault, 2);
    vault.mark_sending(id(1), at(3)).unwrap();
    vault
        .apply(&Page {
            clinic: &clinic("a"),
            changes: &[],
            cursor: "c",
            received: at(5),
            bookings: &[booking(1, BookingState::Confirmed)],
            events: &[],
        })
        .unwrap();
    assert_eq!(state(&vault, 1), BookingState::Confirmed);
    assert_eq!(state(&vault, 2), BookingState::WaitingForNetwork);
    let due = vault.due(at(99)).unwrap();
    assert_eq!(due.iter().map(|i| i.id).collect::<Vec<_>>(), [id(2)]);
    assert_eq!(
        vault.mark_sending(id(1), at(9)),
        Err(VaultError::UnknownIntent)
    );
}

#[test]
fn what_is_decided_later_goes_out_later_whatever_the_clock_said() {
    let phone = Phone::new();
    let vault = phone.create();
    let confirmed = booking(5, BookingState::Confirmed);
    book(&vault, 5);
    let early = vault.enqueue(&intent(6, IntentKind::Move, 5), &confirmed);
    assert!(matches!(early, Err(VaultError::BookingState { .. })));
    vault.settle(id(5), &confirmed, &[event()]).unwrap();
    for (n, kind) in [
        (8, IntentKind::Move),
        (7, IntentKind::Move),
        (6, IntentKind::Cancel),
    ] {
        vault.enqueue(&intent(n, kind, 5), &confirmed).unwrap();
    }
    drop(vault);
    let vault = phone.open().unwrap();
    let waiting = vault.waiting().unwrap();
    let ids: Vec<_> = waiting.iter().map(|intent| intent.id).collect();
    assert_eq!(ids, [id(8), id(7), id(6)]);
    assert_eq!(vault.booking(id(5)).unwrap(), Some(confirmed.clone()));

    // At another time it is news; as it was known, it is none.
    let moved = StoredBooking {
        start: at(300),
        ..confirmed
    };
    vault.settle(id(8), &moved, &[event()]).unwrap();
    vault.settle(id(7), &moved, &[event()]).unwrap();
    assert_eq!(vault.events().unwrap().len(), 2);
    let untold = StoredBooking {
        practitioner: String::new(),
        ..moved.clone()
    };
    assert!(!moved.is_elsewhere(&untold) && !untold.is_elsewhere(&moved));
    let with_another = StoredBooking {
        practitioner: "BS. Hoa".to_owned(),
        ..moved.clone()
    };
    assert!(moved.is_elsewhere(&with_another));
    let called_off = StoredBooking {
        state: BookingState::Cancelled,
        ..moved
    };
    vault.settle(id(6), &called_off, &[event()]).unwrap();
    let late = vault.enqueue(&intent(9, IntentKind::Move, 5), &called_off);
    assert!(matches!(late, Err(VaultError::BookingState { .. })));
}
