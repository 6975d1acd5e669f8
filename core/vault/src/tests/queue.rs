//! What clinics said of places in their queues.

use sokhoe_domain::BookingState;

use super::outbox::{booking, id};
use super::{Phone, at};
use crate::NotedQueue;

#[test]
fn the_last_word_counts_and_goes_with_its_clinic() {
    let phone = Phone::new();
    let vault = phone.create();
    let said = |n, body: &str| NotedQueue {
        booking: id(n),
        clinic: booking(n, BookingState::CheckedIn).clinic,
        received: at(n),
        body: body.to_owned(),
    };
    vault.note_queue(&said(1, "four ahead")).unwrap();
    vault.note_queue(&said(2, "next")).unwrap();
    vault.note_queue(&said(1, "three ahead")).unwrap();
    drop(vault);
    let vault = phone.open().unwrap();
    let noted = vault.noted_queues().unwrap();
    assert_eq!(noted, [said(1, "three ahead"), said(2, "next")]);
    assert!(!format!("{noted:?}").contains("ahead"));
    vault.forget_queue(id(2)).unwrap();
    vault.forget_queue(id(2)).unwrap();
    assert_eq!(vault.noted_queues().unwrap(), [said(1, "three ahead")]);
    vault.forget_clinic(&said(1, "").clinic, 0).unwrap();
    assert_eq!(vault.noted_queues().unwrap(), []);
    vault.check().unwrap();
}
