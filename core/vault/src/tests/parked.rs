//! Intents that are kept back.

use sokhoe_domain::BookingState;

use super::outbox::{book, booking, id, intent, state};
use super::{Phone, at};
use crate::{IntentKind, NewEvent, ParkedWhy, Vault, VaultError};

fn due(vault: &Vault) -> Vec<sokhoe_domain::IntentId> {
    let due = vault.due(at(99)).unwrap();
    due.iter().map(|intent| intent.id).collect()
}

#[test]
fn a_parked_intent_is_kept_and_holds_back_only_what_comes_after_it() {
    let phone = Phone::new();
    let vault = phone.create();
    book(&vault, 1);
    book(&vault, 2);
    let stored = booking(1, BookingState::WaitingForNetwork);
    vault
        .enqueue(&intent(3, IntentKind::Cancel, 1), &stored)
        .unwrap();
    vault.mark_sending(id(1), at(4)).unwrap();
    let event = NewEvent {
        kind: "booking-parked".to_owned(),
        subject: "x".to_owned(),
        at: at(5),
        body: String::new(),
    };
    vault
        .park(id(1), &ParkedWhy::Unclear, at(5), &[event])
        .unwrap();
    assert_eq!(vault.events().unwrap().len(), 1);
    // Also after closing, and whatever its backoff says.
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(due(&vault), [id(2)]);
    assert_eq!(state(&vault, 1), BookingState::Sending);
    let parked = vault.parked().unwrap().remove(0);
    assert_eq!(
        (parked.intent.id, parked.why, parked.since),
        (id(1), ParkedWhy::Unclear, at(5))
    );
    assert_eq!(vault.waiting().unwrap().len(), 3);

    vault.unpark(id(1), at(6)).unwrap();
    assert_eq!(due(&vault), [id(1), id(2), id(3)]);
    assert!(vault.parked().unwrap().is_empty());
    assert!(vault.due(at(99)).unwrap()[0].sent);
}

#[test]
fn an_answer_ends_it_whatever_it_was() {
    let phone = Phone::new();
    let vault = phone.create();
    book(&vault, 1);
    assert_eq!(vault.count_unclear(id(1)).unwrap(), 1);
    assert_eq!(vault.count_unclear(id(1)).unwrap(), 2);
    assert_eq!(due(&vault), [id(1)]);
    let why = ParkedWhy::Refused {
        code: "too-late".to_owned(),
    };
    vault.park(id(1), &why, at(5), &[]).unwrap();
    assert_eq!(vault.parked().unwrap()[0].why, why);
    vault
        .settle(id(1), &booking(1, BookingState::Confirmed), &[])
        .unwrap();
    assert!(vault.parked().unwrap().is_empty());
    assert!(vault.waiting().unwrap().is_empty());
    for refused in [
        vault.park(id(1), &why, at(6), &[]),
        vault.unpark(id(1), at(6)),
        vault.count_unclear(id(1)).map(drop),
    ] {
        assert!(matches!(refused, Err(VaultError::UnknownIntent)));
    }
    vault.check().unwrap();
}
