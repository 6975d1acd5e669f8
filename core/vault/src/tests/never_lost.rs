//! What the person wrote survives what the database does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sokhoe_domain::ports::KeyStoreError;
use sokhoe_domain::{BookingState, IntentId};
use sokhoe_testing::SeededRng;

use super::outbox::{book, booking, id, intent, state};
use super::{Phone, all, apply, at, clinic, fill, put, row, with_test_index};
use crate::pause::PauseSwitch;
use crate::{IntentKind, NewEvent, Page, Rebuilt, Vault, VaultError};

fn rebuild(phone: &Phone) -> Result<(Vault, Rebuilt), VaultError> {
    let (vault, rebuilt) = Vault::rebuild(&phone.ports, "me", at(77), &PauseSwitch::default())?;
    Ok((with_test_index(vault), rebuilt))
}

fn due(vault: &Vault) -> Vec<IntentId> {
    let due = vault.due(at(i64::MAX)).unwrap();
    due.into_iter().map(|intent| intent.id).collect()
}

fn names(phone: &Phone) -> Vec<String> {
    phone.files().into_iter().map(|(name, _)| name).collect()
}

/// A book with rows, a confirmed booking with a cancellation on its way, a booking that was sent, one
/// that was not, and an event.
fn lived(phone: &Phone) -> Vault {
    let vault = phone.create();
    let texts: Vec<String> = (0..300).map(|n| format!("chung số {n}")).collect();
    fill(
        &vault,
        &texts.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    for n in [1, 2, 3] {
        book(&vault, n);
    }
    vault.mark_sending(id(1), at(5)).unwrap();
    let event = NewEvent {
        kind: "booking-confirmed".to_owned(),
        subject: id(1).to_string(),
        at: at(6),
        body: String::new(),
    };
    vault
        .settle(id(1), &booking(1, BookingState::Confirmed), &[event])
        .unwrap();
    vault.mark_sending(id(2), at(7)).unwrap();
    vault
        .enqueue(
            &intent(4, IntentKind::Cancel, 1),
            &booking(1, BookingState::Confirmed),
        )
        .unwrap();
    vault
}

#[test]
fn a_file_that_went_back_in_time_gets_its_intents_back() {
    let phone = Phone::new();
    let vault = phone.create();
    book(&vault, 1);
    drop(vault);
    let old = std::fs::read(phone.path("me.db")).unwrap();
    let vault = phone.open().unwrap();
    vault
        .settle(id(1), &booking(1, BookingState::Confirmed), &[])
        .unwrap();
    book(&vault, 2);
    vault
        .enqueue(
            &intent(3, IntentKind::Cancel, 1),
            &booking(1, BookingState::Confirmed),
        )
        .unwrap();
    drop(vault);
    std::fs::write(phone.path("me.db"), old).unwrap();
    let vault = phone.open().unwrap();
    // The answer to 1 was lost with the file: its id is asked again.
    assert_eq!(due(&vault), [id(1), id(2), id(3)]);
    assert_eq!(state(&vault, 2), BookingState::Sending, "possibly sent");
    assert!(vault.due(at(99)).unwrap()[1].sent);
}

#[test]
fn what_was_noted_of_an_intent_is_not_forgotten() {
    let phone = Phone::new();
    let vault = phone.create();
    book(&vault, 1);
    drop(vault);
    let old = std::fs::read(phone.path("me.db")).unwrap();
    let vault = phone.open().unwrap();
    vault.note(id(1), r#"{"trying":"s2"}"#).unwrap();
    let body = |vault: &Vault| vault.waiting().unwrap().remove(0).body;
    assert_eq!(body(&vault), r#"{"trying":"s2"}"#);
    let unknown = vault.note(id(2), "{}");
    assert_eq!(unknown, Err(VaultError::UnknownIntent));
    drop(vault);
    // The file went back in time: the journal has the note.
    std::fs::write(phone.path("me.db"), old).unwrap();
    let vault = phone.open().unwrap();
    assert_eq!(body(&vault), r#"{"trying":"s2"}"#);
    assert_eq!(due(&vault), [id(1)]);
    drop(vault);
    std::fs::write(phone.path("me.db"), b"").unwrap();
    let (vault, _) = rebuild(&phone).unwrap();
    assert_eq!(body(&vault), r#"{"trying":"s2"}"#);
    // An answer ends it.
    vault
        .settle(id(1), &booking(1, BookingState::Confirmed), &[])
        .unwrap();
    drop(vault);
    assert!(phone.open().unwrap().waiting().unwrap().is_empty());
}

#[test]
fn a_journal_that_went_away_is_written_again() {
    let phone = Phone::new();
    drop(lived(&phone));
    for damage in [None, Some(b"x".as_slice())] {
        match damage {
            None => std::fs::remove_file(phone.path("me.journal")).unwrap(),
            Some(bytes) => std::fs::write(phone.path("me.journal"), bytes).unwrap(),
        }
        let vault = phone.open().unwrap();
        assert_eq!(due(&vault), [id(2), id(3), id(4)]);
        drop(vault);
        std::fs::write(phone.path("me.db"), b"").unwrap();
        let (vault, rebuilt) = rebuild(&phone).unwrap();
        assert_eq!((rebuilt.intents, rebuilt.intents_from_journal), (3, 3));
        assert_eq!(due(&vault), [id(2), id(3), id(4)]);
    }
}

#[test]
fn an_intent_that_was_never_acknowledged_stays_away() {
    let phone = Phone::new();
    let vault = phone.create();
    let trap = |sql: &str| {
        vault
            .store()
            .write(crate::store::Durability::Full, |tx, _| {
                Ok(tx.execute_batch(sql)?)
            })
            .unwrap();
    };
    // Fails at the commit, when the frame is on disk already.
    trap(
        r#"CREATE TABLE parent ("id" INTEGER PRIMARY KEY);
           CREATE TABLE child ("id" INTEGER REFERENCES parent ("id") DEFERRABLE INITIALLY DEFERRED);
           CREATE TRIGGER trap AFTER INSERT ON intent BEGIN INSERT INTO child VALUES (1); END;"#,
    );
    let waiting = booking(1, BookingState::WaitingForNetwork);
    vault
        .enqueue(&intent(1, IntentKind::Book, 1), &waiting)
        .unwrap_err();
    assert!(due(&vault).is_empty() && vault.bookings().unwrap().is_empty());
    assert!(!phone.path("me.journal").exists());
    trap("DROP TRIGGER trap;");
    // A crash between the frame and the commit: a record that nothing says was kept.
    book(&vault, 2);
    let record = crate::journal::WrittenIntent::new(&intent(1, IntentKind::Book, 1), &waiting);
    vault.journal().add(&[record]).unwrap();
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(due(&vault), [id(2)]);
    assert_eq!(vault.journal().read().unwrap().live.len(), 1);
}

#[test]
fn a_disk_that_takes_no_frame_keeps_nothing() {
    let phone = Phone::new();
    let vault = phone.create();
    // Nothing can be written to a folder.
    std::fs::create_dir(phone.path("me.journal")).unwrap();
    let error = vault
        .enqueue(
            &intent(1, IntentKind::Book, 1),
            &booking(1, BookingState::WaitingForNetwork),
        )
        .unwrap_err();
    assert!(matches!(error, VaultError::File { .. }), "{error:?}");
    assert!(due(&vault).is_empty() && vault.bookings().unwrap().is_empty());
    drop(vault);
    // And the book opens for reading all the same.
    let vault = phone.open().unwrap();
    std::fs::remove_dir(phone.path("me.journal")).unwrap();
    book(&vault, 1);
    assert_eq!(due(&vault), [id(1)]);
}

#[test]
fn a_damaged_book_is_kept_aside_and_begins_again() {
    let phone = Phone::new();
    drop(lived(&phone));
    let good = std::fs::read(phone.path("me.db")).unwrap();
    let journal = std::fs::read(phone.path("me.journal")).unwrap();
    let random = SeededRng::new(11);
    let below = |bound: usize| usize::try_from(random.next() % (bound as u64)).unwrap();
    for round in 0..120 {
        let mut file = good.clone();
        match round % 4 {
            0 => file.truncate(16 + below(file.len() - 16)),
            1 => file[16..].iter_mut().for_each(|byte| *byte ^= 0x55),
            2 => {
                let at = 16 + below(file.len() - 16);
                file[at] ^= 1;
            }
            // A few pages.
            _ => {
                for _ in 0..4 {
                    let at = 16 + below(file.len() - 16);
                    file[at] ^= 1;
                }
            }
        }
        std::fs::write(phone.path("me.db"), &file).unwrap();
        std::fs::write(phone.path("me.journal"), &journal).unwrap();
        let (vault, rebuilt) = rebuild(&phone).unwrap();
        assert_eq!(due(&vault), [id(2), id(3), id(4)], "round {round}");
        assert_eq!(rebuilt.intents, 3);
        for n in [1, 2, 3] {
            let known = vault.booking(id(n)).unwrap().unwrap();
            assert_eq!(known.service, booking(n, BookingState::Sending).service);
        }
        assert_eq!(
            vault.cursor(&clinic("a")).unwrap(),
            None,
            "all is fetched again"
        );
        let events = vault.events().unwrap();
        assert_eq!(events.last().unwrap().kind, "book-rebuilt");
        vault.check().unwrap();
        // Everything goes on.
        vault
            .settle(id(2), &booking(2, BookingState::Confirmed), &[])
            .unwrap();
        apply(
            &vault,
            "a",
            &[put("r0", 1, &row("r0", 1, "chung", 3))],
            "c1",
        );
        assert_eq!(vault.entries(&all()).unwrap().rows.len(), 1);
        drop(vault);
        assert_eq!(
            std::fs::read(phone.path("me.damaged-1.db")).unwrap(),
            file,
            "the damaged file is kept as it was"
        );
        let copies = Vault::damaged_copies(&phone.ports, "me").unwrap();
        assert!(copies.files >= 1 && copies.bytes >= file.len() as u64);
        Vault::remove_damaged_copies(&phone.ports, "me").unwrap();
        assert_eq!(names(&phone), ["me.db", "me.journal", "ring", "ring.copy"]);
    }
}

#[test]
fn a_damaged_book_begins_again_while_the_phone_has_it_open() {
    let phone = Phone::new();
    let vault = lived(&phone);
    let (handle, told) = (vault.clone(), Arc::new(AtomicUsize::new(0)));
    let tell = told.clone();
    vault.subscribe(Box::new(move |_| {
        tell.fetch_add(1, Ordering::Relaxed);
    }));
    // Everything is in the file and nothing in memory; then most of the file is damaged.
    vault.pause(Duration::from_millis(500)).unwrap();
    let mut file = std::fs::read(phone.path("me.db")).unwrap();
    for page in file.chunks_mut(4_096).skip(1) {
        page[9] ^= 1;
    }
    std::fs::write(phone.path("me.db"), &file).unwrap();
    vault.resume();
    assert_eq!(vault.entries(&all()).unwrap_err(), VaultError::Corrupt);
    assert!(handle.is_damaged());

    let stop = AtomicBool::new(false);
    let damaged = |error| assert_eq!(error, VaultError::Corrupt);
    let rebuilt = std::thread::scope(|scope| {
        // A screen that reads and a person who books, all the while.
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                damaged(handle.entries(&all()).unwrap_err());
            }
        });
        scope.spawn(|| {
            for n in 100.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let made = booking(n, BookingState::WaitingForNetwork);
                damaged(
                    handle
                        .enqueue(&intent(n, IntentKind::Book, n), &made)
                        .unwrap_err(),
                );
            }
        });
        told.store(0, Ordering::Relaxed);
        let rebuilt = vault.rebuild_open(&phone.ports, "me", at(77));
        stop.store(true, Ordering::Relaxed);
        rebuilt
    });
    let (rebuilt, counted) = rebuilt.unwrap();
    let rebuilt = with_test_index(rebuilt);
    assert_eq!(counted.intents, 3);
    assert!(told.load(Ordering::Relaxed) > 0, "a screen reads again");
    assert_eq!(due(&rebuilt), [id(2), id(3), id(4)]);
    assert!(!rebuilt.is_damaged());
    // Whoever subscribed to the damaged one hears of the new one; the old handles stay damaged, and their end
    // touches nothing.
    told.store(0, Ordering::Relaxed);
    fill(&rebuilt, &["chung"]);
    assert_eq!(told.load(Ordering::Relaxed), 1);
    assert_eq!(vault.counts().unwrap_err(), VaultError::Corrupt);
    drop((vault, handle));
    assert_eq!(rebuilt.entries(&all()).unwrap().rows.len(), 1);
    rebuilt.check().unwrap();
    drop(rebuilt);
    let aside = std::fs::read(phone.path("me.damaged-1.db")).unwrap();
    assert!(aside == file, "the damaged file is kept as it was");
    assert_eq!(due(&phone.open().unwrap()), [id(2), id(3), id(4)]);
}

#[test]
fn what_still_reads_comes_along() {
    let phone = Phone::new();
    drop(lived(&phone));
    // The journal is lost as well, but only pages of the book's rows are damaged.
    std::fs::remove_file(phone.path("me.journal")).unwrap();
    let (vault, rebuilt) = rebuild(&phone).unwrap();
    assert_eq!(
        (
            rebuilt.intents,
            rebuilt.intents_from_journal,
            rebuilt.bookings,
            rebuilt.events
        ),
        (3, 0, 3, 1)
    );
    let due = vault.due(at(99)).unwrap();
    assert_eq!(
        due.iter().map(|i| i.sent).collect::<Vec<_>>(),
        [true, false, false]
    );
    assert_eq!(state(&vault, 1), BookingState::Confirmed);
    assert_eq!(state(&vault, 3), BookingState::WaitingForNetwork);
    let events = vault.events().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].subject, id(1).to_string());
    assert!(events[1].id > events[0].id);
    // The last two, again: a second damage is another copy.
    drop(vault);
    let (vault, _) = rebuild(&phone).unwrap();
    assert!(phone.path("me.damaged-1.db").exists() && phone.path("me.damaged-2.db").exists());
    drop(vault);
    Vault::erase(&phone.ports, "me").unwrap();
    assert_eq!(
        names(&phone),
        ["ring", "ring.copy"],
        "erasing takes the copies along"
    );
}

#[test]
fn the_journal_is_read_after_the_key_was_rotated_also_when_that_was_interrupted() {
    let phone = Phone::new();
    drop(lived(&phone));
    phone.ports.ring.begin_rotation("me").unwrap();
    let ring: Vec<_> = ["ring", "ring.copy"]
        .map(|name| (name, std::fs::read(phone.path(name)).unwrap()))
        .into();
    Vault::rotate_key(&phone.ports, "me").unwrap();
    // As if the process had died before the ring knew: file and journal are under the new key already.
    for (name, bytes) in ring {
        std::fs::write(phone.path(name), bytes).unwrap();
    }
    let ports = phone.restarted();
    Vault::rotate_key(&ports, "me").unwrap();
    assert_eq!(
        names(&phone),
        ["me.db", "me.journal", "ring", "ring.copy"],
        "nothing was taken for damage"
    );
    // The database is lost: what waits comes back from the journal.
    let mut file = std::fs::read(phone.path("me.db")).unwrap();
    file[4_096..].fill(7);
    std::fs::write(phone.path("me.db"), file).unwrap();
    let (vault, rebuilt) = Vault::rebuild(&ports, "me", at(50), &PauseSwitch::default()).unwrap();
    assert_eq!((rebuilt.intents, rebuilt.intents_from_journal), (3, 3));
    assert_eq!(vault.due(at(99)).unwrap().len(), 3);
}

#[test]
fn what_is_not_damage_is_not_rebuilt() {
    let phone = Phone::new();
    drop(lived(&phone));
    let mine = std::fs::read(phone.path("me.db")).unwrap();
    for refusal in [
        KeyStoreError::Locked,
        KeyStoreError::UserCancelled,
        KeyStoreError::Transient,
        KeyStoreError::Invalidated,
        KeyStoreError::Missing,
    ] {
        phone.ports.ring.lock();
        let before = phone.files();
        phone.keys.refuse(refusal);
        assert_eq!(rebuild(&phone).unwrap_err(), VaultError::Key(refusal));
        phone.keys.refuse(None);
        assert_eq!(phone.files(), before);
    }
    // Another's file.
    drop(Vault::create(&phone.ports, "you").unwrap());
    std::fs::copy(phone.path("you.db"), phone.path("me.db")).unwrap();
    let before = phone.files();
    assert_eq!(rebuild(&phone).unwrap_err(), VaultError::WrongKey);
    assert_eq!(phone.files(), before);
    std::fs::write(phone.path("me.db"), mine).unwrap();
    assert_eq!(
        Vault::rebuild(&phone.ports, "nobody", at(1), &PauseSwitch::default()).unwrap_err(),
        VaultError::NotFound
    );
    // A newer program's.
    let vault = phone.open().unwrap();
    vault
        .store()
        .write(crate::store::Durability::Full, |tx, _| {
            Ok(tx.pragma_update(None, "user_version", 99)?)
        })
        .unwrap();
    drop(vault);
    assert!(matches!(
        rebuild(&phone).unwrap_err(),
        VaultError::NewerSchema { found: 99, .. }
    ));
}

#[test]
fn a_rebuilding_that_was_interrupted_is_finished_or_begun_again() {
    let phone = Phone::new();
    drop(lived(&phone));
    let damaged = b"damaged".to_vec();
    let original = phone.files();
    drop(rebuild(&phone).unwrap());
    let whole = std::fs::read(phone.path("me.db")).unwrap();
    let lay = |files: &[(&str, &[u8])]| {
        for (name, _) in phone.files() {
            std::fs::remove_file(phone.path(&name)).unwrap();
        }
        for (name, bytes) in &original {
            if name != "me.db" {
                std::fs::write(phone.path(name), bytes).unwrap();
            }
        }
        for (name, bytes) in files {
            std::fs::write(phone.path(name), bytes).unwrap();
        }
    };
    let steps: [&[(&str, &[u8])]; 4] = [
        &[
            ("me.db", &damaged),
            ("me.db-wal", b"w"),
            ("me.rebuilt.db", &whole),
        ],
        &[
            ("me.db", &damaged),
            ("me.damaged-1.db-wal", b"w"),
            ("me.rebuilt.db", &whole),
        ],
        &[
            ("me.damaged-1.db", &damaged),
            ("me.damaged-1.db-wal", b"w"),
            ("me.rebuilt.db", &whole),
        ],
        &[
            ("me.damaged-1.db", &damaged),
            ("me.damaged-1.db-wal", b"w"),
            ("me.db", &whole),
        ],
    ];
    for (step, files) in steps.into_iter().enumerate() {
        lay(files);
        let vault = phone.open().unwrap();
        assert_eq!(due(&vault), [id(2), id(3), id(4)], "step {step}");
        drop(vault);
        assert_eq!(
            std::fs::read(phone.path("me.damaged-1.db")).unwrap(),
            damaged
        );
        assert_eq!(
            std::fs::read(phone.path("me.damaged-1.db-wal")).unwrap(),
            b"w"
        );
        assert!(!phone.path("me.rebuilt.db").exists());
    }
    // Not yet whole: begun again, the damaged file untouched until then.
    lay(&[
        (
            "me.db",
            &original.iter().find(|(name, _)| name == "me.db").unwrap().1,
        ),
        ("me.new.db", b"half"),
    ]);
    let vault = phone.open().unwrap();
    assert_eq!(due(&vault), [id(2), id(3), id(4)]);
    drop(vault);
    drop(rebuild(&phone).unwrap());
    assert!(!phone.path("me.new.db").exists());
}

#[test]
fn the_feed_and_a_refusal_end_records_too() {
    let phone = Phone::new();
    let vault = phone.create();
    book(&vault, 1);
    book(&vault, 2);
    let page = Page {
        clinic: &clinic("a"),
        changes: &[],
        cursor: "c",
        received: at(5),
        bookings: &[booking(1, BookingState::Confirmed)],
        events: &[],
    };
    vault.apply(&page).unwrap();
    assert_eq!(vault.journal().read().unwrap().live.len(), 1);
    vault
        .enqueue(
            &intent(3, IntentKind::Cancel, 2),
            &booking(2, BookingState::Sending),
        )
        .unwrap();
    let refused = BookingState::Refused(sokhoe_domain::Refusal::NotOffered);
    vault.settle(id(2), &booking(2, refused), &[]).unwrap();
    assert!(!phone.path("me.journal").exists());
    book(&vault, 4);
    vault.drop_intent(id(4), &[]).unwrap();
    assert!(!phone.path("me.journal").exists());
}
