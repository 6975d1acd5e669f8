//! A vault that is written without end, for a test that kills it at any moment.
//!
//! `killable-vault FOLDER`: one line for each thing that was acknowledged: `page N`, `kept N`,
//! `settled N`, `acknowledged N`. Whatever was printed must be true after any kill.

#![allow(clippy::print_stdout, reason = "the lines are its output")]

use std::io::Write;
use std::sync::Arc;

use sokhoe_app::domain::BookingState;
use sokhoe_testing::PlainKeys;
use sokhoe_testing::SeededRng;
use sokhoe_tests::numbered;
use sokhoe_vault::{FolderFiles, NewEvent, Vault, VaultError, VaultPorts};

fn say(what: &str, number: u32) {
    println!("{what} {number}");
    let _closed = std::io::stdout().flush();
}

fn open(ports: &VaultPorts) -> Vault {
    match Vault::open(ports, "me") {
        Err(VaultError::NotFound) => Vault::create(ports, "me").expect("a new vault"),
        other => other.expect("a vault"),
    }
}

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(folder).expect("a folder")),
        Arc::new(PlainKeys::default()),
        Arc::new(SeededRng::new(u64::from(std::process::id()))),
    );
    let mut vault = open(&ports);
    let cursor = vault.cursor(&numbered::clinic()).expect("a cursor");
    let last = cursor.and_then(|cursor| cursor.parse::<u32>().ok());
    for number in last.map_or(0, |last| last + 1).. {
        numbered::apply_page(&vault, number).expect("a page");
        say("page", number);
        numbered::enqueue(&vault, number).expect("a booking");
        say("kept", number);
        if number % 2 == 0 {
            let confirmed = numbered::booking(number, BookingState::Confirmed);
            let event = NewEvent {
                kind: "booking-confirmed".to_owned(),
                subject: number.to_string(),
                at: confirmed.end,
                body: String::new(),
            };
            vault
                .settle(confirmed.id, &confirmed, &[event])
                .expect("an answer");
            say("settled", number);
        }
        for event in vault.events().expect("events") {
            let about: u32 = event.subject.parse().expect("a number");
            if about + 8 < number {
                vault.acknowledge(event.id).expect("an acknowledgement");
                say("acknowledged", about);
            }
        }
        if number % 9 == 8 {
            drop(vault);
            vault = open(&ports);
        }
    }
}
