//! A vault with a past: its files, and what it held, after every commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use sokhoe_app::domain::{BookingState, ClinicId, IntentId, ResourceKey, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::disk::SimDisk;
use sokhoe_testing::{MemoryKeys, SeededRng};
use sokhoe_tests::book::{Book, Probes};
use sokhoe_vault::{IntentKind, NewEvent, NewIntent, Page, StoredBooking, Vault, VaultPorts};

/// The vault that is damaged.
pub const MINE: &str = "me";
/// Another vault of the same phone.
pub const OTHER: &str = "other";

/// What to look for.
pub const PROBES: Probes<'static> = Probes {
    words: &["dao"],
    codes: &[],
    kinds: &["Condition"],
    clinics: &["a"],
};

/// The files at one moment and what they hold.
pub struct Moment {
    pub files: Arc<BTreeMap<String, Vec<u8>>>,
    pub book: Arc<Book>,
    /// How often the journal had been folded into the file: since then it only grows.
    pub folded: u32,
}

/// A vault's past.
pub struct History {
    pub keys: Arc<MemoryKeys>,
    pub moments: Vec<Moment>,
}

/// Lives: some pages and bookings, closed and opened again in between.
pub fn live() -> History {
    let disk = SimDisk::default();
    let keys = Arc::new(MemoryKeys::default());
    let ports = VaultPorts {
        files: Arc::new(disk.clone()),
        keys: keys.clone(),
        rng: Arc::new(SeededRng::new(5)),
    };
    let other = Vault::create(&ports, OTHER).unwrap();
    page(&other, 500);
    enqueue(&other, 500);
    drop(other);
    let mut vault = Vault::create(&ports, MINE).unwrap();
    let mut moments = Vec::new();
    let mut folded = 0;
    for number in 0..18 {
        match number % 3 {
            0 => page(&vault, number),
            1 => enqueue(&vault, number),
            _ => page(&vault, number / 3),
        }
        let mut note = |vault: &Vault, folded| {
            moments.push(Moment {
                files: Arc::new(disk.contents()),
                book: Arc::new(Book::read(vault, PROBES).unwrap()),
                folded,
            });
        };
        note(&vault, folded);
        if number % 6 == 5 {
            drop(vault);
            folded += 1;
            let files = disk.contents();
            vault = Vault::open(&ports, MINE).unwrap();
            let book = Arc::new(Book::read(&vault, PROBES).unwrap());
            moments.push(Moment {
                files: Arc::new(files),
                book,
                folded,
            });
        }
    }
    History { keys, moments }
}

fn page(vault: &Vault, number: u32) {
    let clinic = ClinicId::from("a");
    let resources: Vec<(String, String)> = (number..number + 3)
        .map(|n| {
            let id = format!("c{n}");
            let json = format!(
                r#"{{"resourceType":"Condition","id":"{id}","code":{{"text":"Dị ứng đào {number}"}},"recordedDate":"2026-02-{:02}"}}"#,
                n % 28 + 1
            );
            (id, json)
        })
        .collect();
    let changes: Vec<Change<'_>> = resources
        .iter()
        .map(|(id, json)| Change::Put {
            key: ResourceKey::new("Condition", id),
            version: None,
            json,
        })
        .collect();
    let event = NewEvent {
        kind: "new".to_owned(),
        subject: number.to_string(),
        at: Timestamp::from_millis(1),
        body: String::new(),
    };
    let page = Page {
        clinic: &clinic,
        changes: &changes,
        cursor: &format!("cursor-{number}"),
        received: Timestamp::from_millis(1),
        bookings: &[],
        events: &[event],
    };
    vault.apply(&page).unwrap();
}

fn enqueue(vault: &Vault, number: u32) {
    let start = Timestamp::from_millis(i64::from(number) * 3_600_000);
    let booking = StoredBooking {
        id: IntentId::new(start, &SeededRng::new(u64::from(number))),
        clinic: ClinicId::from("a"),
        start,
        end: start,
        service: "Khám nội".to_owned(),
        practitioner: String::new(),
        location: String::new(),
        state: BookingState::WaitingForNetwork,
        updated: start,
    };
    let intent = NewIntent {
        id: booking.id,
        clinic: booking.clinic.clone(),
        kind: IntentKind::Book,
        thing: booking.id.to_string(),
        body: "{}".to_owned(),
        created: start,
    };
    vault.enqueue(&intent, &booking).unwrap();
}
