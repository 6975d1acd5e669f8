//! Tickets of bookings.

use sokhoe_domain::{BookingState, Timestamp};

use super::outbox::{booking, id};
use super::{Phone, at, clinic};
use crate::{KeptTicket, Page, StoredBooking, Vault};

const DAY: i64 = 86_400_000;

fn come(vault: &Vault, bookings: &[StoredBooking]) {
    let page = Page {
        clinic: &clinic("a"),
        changes: &[],
        cursor: "1",
        received: at(1),
        bookings,
        events: &[],
    };
    vault.apply(&page).unwrap();
}

fn ticket(n: i64, sheet: Option<&str>) -> KeptTicket {
    KeptTicket {
        booking: id(n),
        start: booking(n, BookingState::Confirmed).start,
        sheet: sheet.map(str::to_owned),
        not_before: at(50),
    }
}

fn without(vault: &Vault, now: Timestamp) -> Vec<sokhoe_domain::IntentId> {
    let without = vault.without_ticket(&clinic("a"), now).unwrap();
    without.into_iter().map(|booking| booking.id).collect()
}

#[test]
fn they_are_kept_for_confirmed_bookings_and_asked_for_where_there_are_none() {
    let phone = Phone::new();
    let vault = phone.create();
    let confirmed = |n| booking(n, BookingState::Confirmed);
    let sending = booking(3, BookingState::Sending);
    come(&vault, &[confirmed(1), confirmed(2), sending]);
    assert_eq!(without(&vault, at(0)), [id(1), id(2)]);
    assert!(
        vault
            .without_ticket(&clinic("b"), at(0))
            .unwrap()
            .is_empty()
    );
    assert_eq!(without(&vault, at(201)), [id(2)], "one that is over");

    for n in [1, 3, 4] {
        vault.keep_ticket(&ticket(n, Some("sheet")), at(0)).unwrap();
    }
    vault.keep_ticket(&ticket(2, None), at(0)).unwrap();
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(vault.ticket(id(1)).unwrap(), Some(ticket(1, Some("sheet"))));
    assert_eq!(vault.ticket(id(2)).unwrap(), Some(ticket(2, None)));
    assert_eq!(vault.ticket(id(3)).unwrap(), None, "it is not confirmed");
    assert_eq!(vault.ticket(id(4)).unwrap(), None, "there is none");
    assert!(!format!("{:?}", ticket(1, Some("sheet"))).contains(r#""sheet""#));

    // Not again at once, but not never either.
    assert!(without(&vault, at(49)).is_empty());
    assert_eq!(without(&vault, at(50)), [id(2)]);
    let never = KeptTicket {
        not_before: at(2 * DAY),
        ..ticket(2, None)
    };
    vault.keep_ticket(&never, at(0)).unwrap();
    assert_eq!(without(&vault, at(0)), [id(2)], "a clock was wrong");
}

#[test]
fn one_of_another_start_counts_for_nothing_and_the_called_off_ones_go() {
    let phone = Phone::new();
    let vault = phone.create();
    let confirmed = |n| booking(n, BookingState::Confirmed);
    come(&vault, &[confirmed(1), confirmed(2)]);
    for n in [1, 2] {
        vault.keep_ticket(&ticket(n, Some("sheet")), at(0)).unwrap();
    }
    let moved = StoredBooking {
        start: at(150),
        ..confirmed(1)
    };
    come(&vault, &[moved, booking(2, BookingState::Cancelled)]);
    assert_eq!(without(&vault, at(0)), [id(1)]);
    assert_eq!(vault.ticket(id(2)).unwrap(), None);
    vault.keep_ticket(&ticket(1, None), at(0)).unwrap();
    assert!(
        vault.ticket(id(1)).unwrap().unwrap().sheet.is_some(),
        "what was asked for the start of before says nothing"
    );
    let new = KeptTicket {
        start: at(150),
        ..ticket(1, Some("new"))
    };
    vault.keep_ticket(&new, at(0)).unwrap();
    assert_eq!(vault.ticket(id(1)).unwrap(), Some(new));
    assert!(without(&vault, at(0)).is_empty());

    // Some days after the visit they go, and with a clinic at once.
    vault
        .keep_ticket(&ticket(9, None), at(3 * DAY + 200))
        .unwrap();
    assert_eq!(vault.ticket(id(1)).unwrap(), None);
    let new = KeptTicket {
        start: at(150),
        ..ticket(1, Some("new"))
    };
    vault.keep_ticket(&new, at(0)).unwrap();
    vault.forget_clinic(&clinic("a"), 0).unwrap();
    assert_eq!(vault.ticket(id(1)).unwrap(), None);
    vault.check().unwrap();
}
