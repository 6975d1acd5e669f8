//! A process that writes and reads a vault beside others, for a test that kills it at any moment.
//!
//! `vault-worker FOLDER`: prints `ready`, then one line per thing that is on disk: `kept <id>`,
//! `settled <id>`, `page <id>`; `busy` when it could not have its turn.

#![allow(clippy::print_stdout, reason = "the lines are its output")]

use std::io::Write;
use std::sync::Arc;

use sokhoe_app::domain::ports::Clock;
use sokhoe_app::domain::{BookingState, ClinicId, IntentId, ResourceKey};
use sokhoe_app::{SystemClock, SystemRng};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::PlainKeys;
use sokhoe_vault::{
    EntryQuery, FolderFiles, IntentKind, NewIntent, Page, StoredBooking, Vault, VaultError,
    VaultPorts,
};

fn say(line: &str) {
    println!("{line}");
    let _closed = std::io::stdout().flush();
}

/// Whether it was done; another's turn is no error.
fn done(result: Result<(), VaultError>) -> bool {
    match result {
        Ok(()) => true,
        Err(VaultError::Busy) => {
            say("busy");
            false
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn main() {
    let folder = std::env::args().nth(1).expect("usage: vault-worker FOLDER");
    let rng = Arc::new(SystemRng::default());
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(folder).expect("a folder")),
        Arc::new(PlainKeys::default()),
        rng.clone(),
    );
    let clinic = ClinicId::from("hospital");
    say("ready");
    loop {
        let vault = match Vault::open(&ports, "shared") {
            Err(VaultError::Busy) => {
                say("busy");
                continue;
            }
            other => other.expect("a vault"),
        };
        for round in 0..8 {
            let now = SystemClock.now();
            let id = IntentId::new(now, &*rng);
            let booking = StoredBooking {
                id,
                clinic: clinic.clone(),
                start: now,
                end: now,
                service: "Khám tim mạch".to_owned(),
                practitioner: String::new(),
                location: String::new(),
                state: BookingState::WaitingForNetwork,
                updated: now,
                asked: None,
                occurrence: None,
                changeable_until: None,
            };
            let intent = NewIntent {
                id,
                clinic: clinic.clone(),
                kind: IntentKind::Book,
                thing: id.to_string(),
                body: "{}".to_owned(),
                created: now,
            };
            if !done(vault.enqueue(&intent, &booking)) {
                continue;
            }
            say(&format!("kept {id}"));
            if round % 2 == 0 {
                let confirmed = StoredBooking {
                    state: BookingState::Confirmed,
                    ..booking
                };
                // Said before: a kill may come between the commit and the line.
                say(&format!("settling {id}"));
                if done(vault.settle(id, &confirmed, &[])) {
                    say(&format!("settled {id}"));
                }
            }
            let json = format!(
                r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"Chung"}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2026-01-01","valueString":"x"}}"#
            );
            let changes = [Change::Put {
                key: ResourceKey::new("Observation", id.to_string()),
                version: Some("1".to_owned()),
                json: &json,
            }];
            let page = Page {
                clinic: &clinic,
                changes: &changes,
                cursor: "c",
                received: now,
                bookings: &[],
                events: &[],
            };
            if done(vault.apply(&page).map(drop)) {
                say(&format!("page {id}"));
            }
            let query = EntryQuery {
                limit: 50,
                ..EntryQuery::default()
            };
            done(vault.entries(&query).map(drop));
            done(vault.search("chung", &query).map(drop));
        }
    }
}
