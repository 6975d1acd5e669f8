//! What a sync puts on the wire: bytes and round trips between a phone and our clinic over loopback.
//!
//! Counted by a relay between the two, so that heads and bodies count as they travel (HTTP/1.1, zstd). TLS is not in
//! it: it adds some 30 bytes a record, and a handshake where a connection is new.

use std::time::Duration;

use sokhoe_tests::book::exported_resources;
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

use crate::relay::{Pace, Relay};
use crate::report::Figure;

pub const NAMES: [&str; 3] = ["wire_ratio", "idle_sync_bytes", "idle_sync_trips"];

pub async fn measure() -> Vec<Figure> {
    let clinic = TestClinic::with_book().await;
    let relay = Relay::start(&clinic.url, Pace::Loopback).await;
    let phone = TestPhone::new();
    let code = clinic
        .clinic
        .issue_enrolment(
            &[BOOK_PATIENT.to_owned()],
            Duration::from_secs(600),
            &relay.url(),
        )
        .expect("an enrolment");
    let enrolled = phone.app.enrol(&code.text).await.expect("enrolled");
    let person = &enrolled.persons[0].id;

    let before = relay.counted();
    let synced = phone.app.sync(person).await.expect("a sync");
    let first = relay.counted() - before;
    let mut json = Vec::new();
    phone.app.export_fhir(person, &mut json).expect("the book");
    let json: usize = exported_resources(&json)
        .iter()
        .map(|json| json.len())
        .sum();

    let before = relay.counted();
    let nothing = phone.app.sync(person).await.expect("a sync");
    assert_eq!(nothing.stored, 0);
    let idle = relay.counted() - before;
    let samples = usize::try_from(synced.stored).unwrap_or(usize::MAX);
    vec![
        Figure::new(
            "wire_ratio",
            (first.up + first.down) / json as f64,
            "",
            samples,
        ),
        Figure::new("idle_sync_bytes", idle.up.max(idle.down), "bytes", 1),
        Figure::new("idle_sync_trips", idle.trips, "", 1),
    ]
}
