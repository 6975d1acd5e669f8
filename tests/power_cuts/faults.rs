//! A disk that is full, fails a sync or a read, or goes dark while the phone is awake, at every
//! operation of a short life: a call that fails leaves no trace and can be tried again, and what was
//! acknowledged afterwards is on the disk.

use std::sync::Arc;

use sokhoe_app::domain::{BookingState, ClinicId, ResourceKey, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::disk::{AfterFailedSync, CrashKind, Promise, SimDisk};
use sokhoe_testing::{ForkedKeys, MemoryKeys, SeededRng};
use sokhoe_tests::book::Book;
use sokhoe_vault::{IntentKind, NewEvent, Page, StoredBooking, Vault, VaultError, VaultPorts};

use crate::life::{MINE, PROBES, add_document, booking, check_documents, intent, remove_document};

/// Numbers of documents that are put in.
const DOCUMENTS: u32 = 2;

/// A phone during a trial.
struct Trial {
    disk: SimDisk,
    ports: VaultPorts,
    vault: Option<Vault>,
}

impl Trial {
    fn new() -> Self {
        let disk = SimDisk::new(Promise::PowersafeOverwrite);
        let ports = VaultPorts::new(
            Arc::new(disk.clone()),
            Arc::new(MemoryKeys::default()),
            Arc::new(SeededRng::new(3)),
        );
        Self {
            disk,
            ports,
            vault: None,
        }
    }

    fn vault(&self) -> &Vault {
        self.vault.as_ref().unwrap()
    }

    /// What the vault holds; nothing while it is closed.
    fn book(&self) -> Option<Book> {
        let vault = self.vault.as_ref()?;
        Some(Book::read(vault, PROBES).unwrap())
    }

    /// The ports of a phone that loses its power now.
    fn copied(&self, kind: CrashKind) -> VaultPorts {
        VaultPorts::new(
            Arc::new(self.disk.crash(kind, 0)),
            Arc::new(ForkedKeys::of(self.ports.keys.clone())),
            self.ports.rng.clone(),
        )
    }

    /// What a phone finds that loses its power now, and every unsynced byte with it.
    fn book_after_crash(&self, kind: CrashKind, place: &str) -> Book {
        let ports = self.copied(kind);
        let vault = Vault::open(&ports, MINE).unwrap();
        let book = Book::read(&vault, PROBES).unwrap();
        if let Err(wrong) = check_documents(&vault, DOCUMENTS) {
            panic!("{place}: after a power cut: {wrong}, {book:?}");
        }
        book
    }

    fn page(&self, number: u32, events: &[NewEvent]) -> Result<(), VaultError> {
        let id = format!("c{number}");
        let json = format!(
            r#"{{"resourceType":"Condition","id":"{id}","code":{{"text":"Dị ứng đào {number}"}}}}"#
        );
        let clinic = ClinicId::from("a");
        let changes = [Change::Put {
            key: ResourceKey::new("Condition", id),
            version: None,
            json: &json,
        }];
        let page = Page {
            clinic: &clinic,
            changes: &changes,
            cursor: &number.to_string(),
            received: Timestamp::from_millis(1),
            bookings: &[],
            events,
        };
        self.vault().apply(&page).map(drop)
    }
}

/// Whether the effect of a step is on the disk when it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durable {
    AtOnce,
    Later,
}
use Durable::{AtOnce, Later};

type Step = (
    &'static str,
    Durable,
    fn(&mut Trial) -> Result<(), VaultError>,
);

fn answered() -> StoredBooking {
    booking(1, BookingState::Confirmed)
}

const STEPS: &[Step] = &[
    ("create", AtOnce, |trial| {
        // A try that failed in the middle may have left a database: then it is opened.
        let made = match Vault::create(&trial.ports, MINE) {
            Err(VaultError::AlreadyExists) => Vault::open(&trial.ports, MINE)?,
            other => other?,
        };
        trial.vault = Some(made);
        Ok(())
    }),
    ("first page", Later, |trial| trial.page(1, &[])),
    ("second page", Later, |trial| trial.page(2, &[])),
    ("enqueue", AtOnce, |trial| {
        let made = booking(1, BookingState::WaitingForNetwork);
        trial
            .vault()
            .enqueue(&intent(&made, IntentKind::Book), &made)
    }),
    ("third page", Later, |trial| trial.page(3, &[])),
    ("mark sending", AtOnce, |trial| {
        trial
            .vault()
            .mark_sending(answered().id, Timestamp::from_millis(5))
    }),
    ("close", AtOnce, |trial| {
        trial.vault = None;
        Ok(())
    }),
    ("open", AtOnce, |trial| {
        trial.vault = Some(Vault::open(&trial.ports, MINE)?);
        Ok(())
    }),
    ("page with an event", AtOnce, |trial| {
        let event = NewEvent {
            kind: "new-result".to_owned(),
            subject: "c4".to_owned(),
            at: Timestamp::from_millis(4),
            body: String::new(),
        };
        trial.page(4, &[event])
    }),
    ("settle", AtOnce, |trial| {
        trial.vault().settle(answered().id, &answered(), &[])
    }),
    ("add a document", AtOnce, |trial| {
        add_document(trial.vault(), 1)
    }),
    ("fifth page", Later, |trial| trial.page(5, &[])),
    ("add another document", AtOnce, |trial| {
        add_document(trial.vault(), 2)
    }),
    ("remove a document", AtOnce, |trial| {
        remove_document(trial.vault(), 1)
    }),
    ("acknowledge", AtOnce, |trial| {
        let oldest = trial.vault().events()?.first().map_or(0, |event| event.id);
        trial.vault().acknowledge(oldest)
    }),
];

/// A life without faults: the book after each step, and how many operations and reads there were.
fn without_faults() -> (Vec<Option<Book>>, u64, u64) {
    let mut trial = Trial::new();
    let mut books = Vec::new();
    for (_, _, step) in STEPS {
        step(&mut trial).unwrap();
        books.push(trial.book());
    }
    // Without the books that were read in between.
    let mut trial = Trial::new();
    for (_, _, step) in STEPS {
        step(&mut trial).unwrap();
    }
    (books, trial.disk.operations(), trial.disk.reads())
}

/// Lives with a fault that was set up; how many calls failed.
fn live_with(fault: &str, set_up: impl Fn(&SimDisk), books: &[Option<Book>]) -> usize {
    let mut trial = Trial::new();
    set_up(&trial.disk);
    let (mut failed, mut known) = (0, None);
    for ((name, durable, step), expected) in STEPS.iter().zip(books) {
        let place = format!("{fault}, {name}");
        let mut tries = 0;
        while let Err(error) = step(&mut trial) {
            assert!(
                matches!(
                    error,
                    VaultError::DiskFull | VaultError::Unavailable { .. } | VaultError::File { .. }
                ),
                "{place}: {error:?}"
            );
            failed += 1;
            tries += 1;
            assert!(tries < 4, "{place}: still {error:?}");
            // Full or not, everything that was there can be read, and nothing else is there.
            let now = trial.book();
            assert!(now.is_none() || now == known, "{place}: left {now:?}");
            trial.disk.make_room();
        }
        let now = trial.book();
        assert_eq!(now, *expected, "{place}");
        if *durable == AtOnce {
            let there = trial.book_after_crash(CrashKind::Durable, &place);
            let expected = expected.as_ref().or(known.as_ref());
            assert_eq!(Some(&there), expected, "{place}: after a power cut");
        }
        known = now.or(known);
    }
    check_documents(trial.vault(), DOCUMENTS).unwrap();
    trial.vault().check().unwrap();
    failed
}

#[test]
fn a_disk_that_is_full_at_any_operation_loses_nothing() {
    let (books, operations, _) = without_faults();
    let failed: usize = (0..operations)
        .map(|at| live_with(&format!("full at {at}"), |disk| disk.fill_up_at(at), &books))
        .sum();
    assert!(failed as u64 > operations / 2, "{failed} of {operations}");
}

#[test]
fn a_sync_that_fails_at_any_operation_loses_nothing() {
    let (books, operations, _) = without_faults();
    for after in [AfterFailedSync::Retried, AfterFailedSync::Lost] {
        let failed: usize = (0..operations)
            .map(|at| {
                let fault = format!("sync fails at {at}, {after:?}");
                live_with(&fault, |disk| disk.fail_sync_at(at, after), &books)
            })
            .sum();
        assert!(failed as u64 > operations / 2, "{failed} of {operations}");
    }
}

#[test]
fn a_read_that_fails_loses_nothing() {
    let (books, _, reads) = without_faults();
    let failed: usize = (0..reads)
        .map(|at| {
            let fault = format!("read {at} fails");
            // The harness's own readings come in between; they may not fail.
            live_with_failing_read(&fault, at, &books)
        })
        .sum();
    assert!(failed as u64 > reads / 2, "{failed} of {reads}");
}

/// As [`live_with`], with nothing read between the steps.
fn live_with_failing_read(fault: &str, at: u64, books: &[Option<Book>]) -> usize {
    let mut trial = Trial::new();
    trial.disk.fail_read_at(at);
    let mut failed = 0;
    for (name, _, step) in STEPS {
        let mut tries = 0;
        while let Err(error) = step(&mut trial) {
            assert!(
                matches!(
                    error,
                    VaultError::Unavailable { .. } | VaultError::File { .. }
                ),
                "{fault}, {name}: {error:?}"
            );
            failed += 1;
            tries += 1;
            assert!(tries < 4, "{fault}, {name}: still {error:?}");
        }
    }
    assert_eq!(trial.book(), *books.last().unwrap(), "{fault}");
    trial.vault().check().unwrap();
    failed
}

#[test]
fn a_phone_that_goes_dark_while_awake_fails_cleanly_and_wakes_up_whole() {
    let (books, operations, _) = without_faults();
    for at in 0..operations {
        let mut trial = Trial::new();
        trial.disk.cut_after(at);
        let mut reached = 0;
        for (_, _, step) in STEPS {
            if step(&mut trial).is_err() {
                break;
            }
            reached += 1;
        }
        trial.vault = None;
        let ports = trial.copied(CrashKind::Written);
        let book = match Vault::open(&ports, MINE) {
            Ok(vault) => {
                check_documents(&vault, DOCUMENTS).unwrap();
                Book::read(&vault, PROBES).unwrap()
            }
            Err(VaultError::NotFound) if reached == 0 => continue,
            Err(error) => panic!("dark at {at}: {error:?}"),
        };
        let before = books[..reached].iter().rev().flatten().next();
        let during = books.get(reached).and_then(Option::as_ref);
        assert!(
            (reached == 0 && book.is_empty()) || [before, during].contains(&Some(&book)),
            "dark at {at}: {book:?}"
        );
    }
}
