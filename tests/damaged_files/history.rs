//! A vault with a past: its files, and what it held, after every commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use sokhoe_app::domain::BookingState;
use sokhoe_testing::disk::SimDisk;
use sokhoe_testing::{MemoryKeys, SeededRng};
use sokhoe_tests::book::{Book, Probes};
use sokhoe_tests::numbered;
use sokhoe_vault::{NewEvent, Vault, VaultPorts};

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
    let ports = VaultPorts::new(
        Arc::new(disk.clone()),
        keys.clone(),
        Arc::new(SeededRng::new(5)),
    );
    let other = Vault::create(&ports, OTHER).unwrap();
    numbered::apply_page(&other, 500).unwrap();
    numbered::enqueue(&other, 500).unwrap();
    drop(other);
    let mut vault = Vault::create(&ports, MINE).unwrap();
    let mut moments = vec![Moment {
        files: Arc::new(disk.contents()),
        book: Arc::new(Book::read(&vault, PROBES).unwrap()),
    }];
    for number in 0..18 {
        match number % 3 {
            0 => numbered::apply_page(&vault, number).unwrap(),
            1 => numbered::enqueue(&vault, number).unwrap(),
            _ => settle(&vault, number - 1),
        }
        let mut note = |vault: &Vault| {
            moments.push(Moment {
                files: Arc::new(disk.contents()),
                book: Arc::new(Book::read(vault, PROBES).unwrap()),
            });
        };
        note(&vault);
        if number % 6 == 5 {
            drop(vault);
            let files = disk.contents();
            vault = Vault::open(&ports, MINE).unwrap();
            let book = Arc::new(Book::read(&vault, PROBES).unwrap());
            moments.push(Moment {
                files: Arc::new(files),
                book,
            });
        }
    }
    History { keys, moments }
}

fn settle(vault: &Vault, number: u32) {
    let confirmed = numbered::booking(number, BookingState::Confirmed);
    let event = NewEvent {
        kind: "booking-confirmed".to_owned(),
        subject: number.to_string(),
        at: confirmed.end,
        body: String::new(),
    };
    vault.settle(confirmed.id, &confirmed, &[event]).unwrap();
}
