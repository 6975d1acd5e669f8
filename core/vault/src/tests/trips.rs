//! Parts of trips of several people.

use sokhoe_domain::{BookingState, Refusal};

use super::outbox::{booking, id, intent, state};
use super::{Phone, at};
use crate::{IntentKind, NotedTrip, TripHold, TripPart, Vault, VaultError};

const TRIP: &str = r#"{"id":"t"}"#;

fn keep(vault: &Vault, n: i64, hold: Option<TripHold>) -> Result<(), VaultError> {
    let waits = booking(n, BookingState::WaitingForNetwork);
    vault.enqueue_part(&intent(n, IntentKind::Book, n), &waits, TRIP, hold)
}

fn taken_back() -> BookingState {
    BookingState::Refused(Refusal::Other {
        code: "taken-back".to_owned(),
    })
}

fn part(vault: &Vault, n: i64) -> TripPart {
    vault.trip_part(id(n), &taken_back()).unwrap()
}

#[test]
fn a_held_part_is_sent_by_nobody_and_shown_as_kept_back_to_nobody() {
    let phone = Phone::new();
    let vault = phone.create();
    keep(&vault, 1, Some(TripHold::Keeping)).unwrap();
    keep(&vault, 2, None).unwrap();
    drop(vault);
    let vault = phone.open().unwrap();
    let due = vault.due(at(i64::MAX)).unwrap();
    assert_eq!(due.iter().map(|it| it.id).collect::<Vec<_>>(), [id(2)]);
    assert_eq!(vault.mark_sending(id(1), at(9)), Err(VaultError::KeptBack));
    assert_eq!(vault.parked().unwrap(), []);
    let held = vault.held_parts().unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].intent.id, held[0].hold),
        (id(1), TripHold::Keeping)
    );
    let noted = |n| NotedTrip {
        booking: id(n),
        clinic: booking(n, BookingState::Confirmed).clinic,
        body: TRIP.to_owned(),
    };
    assert_eq!(vault.trips().unwrap(), [noted(1), noted(2)]);

    vault.release_part(id(1)).unwrap();
    vault.mark_sending(id(1), at(9)).unwrap();
    assert_eq!(vault.due(at(99)).unwrap().len(), 2);
    // With whom stays when it is answered.
    vault
        .settle(id(1), &booking(1, BookingState::Confirmed), &[])
        .unwrap();
    assert_eq!(vault.trips().unwrap().len(), 2);
    vault.check().unwrap();
}

#[test]
fn a_part_is_taken_back_only_while_it_is_held_and_held_only_while_it_is_unsent() {
    let phone = Phone::new();
    let vault = phone.create();
    assert_eq!(part(&vault, 1), TripPart::Absent);
    for n in [1, 2, 3] {
        keep(&vault, n, None).unwrap();
    }
    assert_eq!(part(&vault, 1), TripPart::Unsent);
    let back = || Some((taken_back(), at(9)));
    vault.take_part_back(id(1), back()).unwrap();
    assert_eq!(
        state(&vault, 1),
        BookingState::WaitingForNetwork,
        "it is not held"
    );

    vault.mark_sending(id(2), at(8)).unwrap();
    assert_eq!(part(&vault, 2), TripPart::Out);
    assert_eq!(vault.hold_part(id(2), at(9)), Ok(false));
    assert_eq!(vault.hold_part(id(1), at(9)), Ok(true));
    assert_eq!(vault.hold_part(id(3), at(9)), Ok(true));
    // What else was meant to happen to it goes along.
    let stored = booking(1, BookingState::WaitingForNetwork);
    vault
        .enqueue(&intent(4, IntentKind::Cancel, 1), &stored)
        .unwrap();
    for _ in 0..2 {
        vault.take_part_back(id(1), back()).unwrap();
        vault.take_part_back(id(3), None).unwrap();
    }
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(part(&vault, 1), TripPart::TakenBack);
    assert_eq!(state(&vault, 1), taken_back());
    assert_eq!(part(&vault, 3), TripPart::Absent, "as if it had never been");
    let waiting = vault.waiting().unwrap();
    assert_eq!(waiting.iter().map(|it| it.id).collect::<Vec<_>>(), [id(2)]);
    assert_eq!(vault.trips().unwrap().len(), 2);
    vault.check().unwrap();
}
