//! A phone that sleeps: no lock is held, nothing is half, everything goes on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::outbox::{book, id};
use super::{Phone, all, apply, at, clinic, fill, put, row, with_test_index};
use crate::store::Durability;
use crate::{Page, PauseSwitch, Vault, VaultError};

const WITHIN: Duration = Duration::from_millis(500);

/// The locks of this process on files of the phone's folder, as the system lists them.
#[cfg(target_os = "linux")]
pub(super) fn locks(phone: &Phone) -> Vec<String> {
    use std::os::unix::fs::MetadataExt as _;
    let inodes: Vec<String> = std::fs::read_dir(phone.folder.path())
        .unwrap()
        .map(|entry| format!(":{} ", entry.unwrap().metadata().unwrap().ino()))
        .collect();
    std::fs::read_to_string("/proc/locks")
        .unwrap()
        .lines()
        .filter(|line| inodes.iter().any(|inode| line.contains(inode)))
        .map(str::to_owned)
        .collect()
}

/// The files of the phone's folder that this process has open.
#[cfg(target_os = "linux")]
fn open_files(phone: &Phone) -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|path| path.starts_with(phone.folder.path()))
        .count()
}

fn assert_let_go(phone: &Phone) {
    #[cfg(target_os = "linux")]
    {
        assert_eq!(locks(phone), Vec::<String>::new());
        assert_eq!(open_files(phone), 0);
    }
    // Nobody else has any lock: an exclusive one is to be had at once.
    let other = Connection::open_with_flags(phone.path("me.db"), OpenFlags::default()).unwrap();
    let found = phone.ports.ring.find("me").unwrap().unwrap();
    found.key.give(&other).unwrap();
    other
        .execute_batch(
            "PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;",
        )
        .unwrap();
}

#[test]
fn a_paused_vault_holds_nothing_and_goes_on() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Đường huyết"]);
    book(&vault, 1);
    vault.entries(&all()).unwrap();
    #[cfg(target_os = "linux")]
    assert!(open_files(&phone) > 0, "the test sees open files");
    let told = std::sync::Arc::new(AtomicUsize::new(0));
    let tell = told.clone();
    vault.subscribe(Box::new(move |_| {
        tell.fetch_add(1, Ordering::Relaxed);
    }));
    for _ in 0..2 {
        vault.pause(WITHIN).unwrap();
        assert_let_go(&phone);
        vault.pause(WITHIN).unwrap();
        assert_eq!(vault.entries(&all()).unwrap_err(), VaultError::Paused);
        assert_eq!(vault.acknowledge(1).unwrap_err(), VaultError::Paused);
        assert_eq!(told.swap(0, Ordering::Relaxed), 0);
        vault.resume();
        vault.resume();
        assert_eq!(told.swap(0, Ordering::Relaxed), 1, "a screen reads again");
        assert_eq!(vault.entries(&all()).unwrap().rows.len(), 1);
        apply(
            &vault,
            "a",
            &[put("n", 1, &row("n", 1, "Men gan", 9))],
            "c2",
        );
        apply(&vault, "a", &[super::gone("n")], "c3");
        told.store(0, Ordering::Relaxed);
    }
    vault.pause(WITHIN).unwrap();
    assert_eq!(
        vault.enqueue(
            &super::outbox::intent(2, crate::IntentKind::Book, 2),
            &super::outbox::booking(2, sokhoe_domain::BookingState::WaitingForNetwork)
        ),
        Err(VaultError::Paused)
    );
    // Killed while it sleeps: nothing is missing.
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(vault.due(at(9)).unwrap()[0].id, id(1));
    assert_eq!(vault.due(at(9)).unwrap().len(), 1);
}

#[test]
fn a_checkpoint_is_made_when_there_is_time() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["x"]);
    let journal = || std::fs::metadata(phone.path("me.db-wal")).map_or(0, |file| file.len());
    assert!(journal() > 0);
    vault.pause(WITHIN).unwrap();
    assert_eq!(journal(), 0);
}

#[test]
fn what_takes_long_is_interrupted_and_leaves_no_half() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["x"]);
    for how in 0..3 {
        let (begun, has_begun) = mpsc::channel();
        std::thread::scope(|scope| {
            let (vault, begun) = (&vault, &begun);
            let long = scope.spawn(move || match how {
                // One long statement.
                0 => vault.store().write(Durability::Full, |tx, _| {
                    tx.execute_batch("DELETE FROM event; UPDATE entry SET title = 'half';")?;
                    begun.send(()).unwrap();
                    Ok(tx.query_row(FOREVER, [], |_| Ok(()))?)
                }),
                // Many short ones, with work of our own in between.
                1 => vault.store().write(Durability::Full, |tx, _| {
                    begun.send(()).unwrap();
                    for n in 0..1_000_000_u64 {
                        tx.execute("UPDATE entry SET title = 'half' || ?1", [n.cast_signed()])?;
                        std::hint::black_box((0..20_000_u64).sum::<u64>());
                    }
                    Ok(())
                }),
                // A long reading.
                _ => vault.store().read(|tx, _| {
                    begun.send(()).unwrap();
                    Ok(tx.query_row(FOREVER, [], |_| Ok(()))?)
                }),
            });
            has_begun.recv().unwrap();
            vault.pause(WITHIN).unwrap();
            assert_let_go(&phone);
            assert_eq!(long.join().unwrap(), Err(VaultError::Paused), "{how}");
        });
        vault.resume();
        assert_eq!(
            super::titles(&vault.entries(&all()).unwrap()),
            ["x"],
            "{how}"
        );
    }
}

/// Ends when it is interrupted.
const FOREVER: &str =
    "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";

#[test]
fn what_cannot_be_interrupted_lets_go_when_it_ends() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["x"]);
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let vault = &vault;
        let stubborn = scope.spawn(move || {
            vault.store().write(Durability::Full, |tx, _| {
                tx.execute("UPDATE entry SET title = 'y'", [])?;
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
                Ok(())
            })
        });
        has_begun.recv().unwrap();
        assert_eq!(
            vault.pause(Duration::from_millis(60)),
            Err(VaultError::Busy)
        );
        assert_eq!(vault.entries(&all()).unwrap_err(), VaultError::Paused);
        go_on.send(()).unwrap();
        stubborn.join().unwrap().unwrap();
        assert_let_go(&phone);
    });
    vault.resume();
    assert_eq!(super::titles(&vault.entries(&all()).unwrap()), ["y"]);
}

#[test]
fn one_that_waits_for_another_process_stops_waiting() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["x"]);
    let other = phone.open().unwrap();
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let other = &other;
        scope.spawn(move || {
            other.store().write(Durability::Full, |_, _| {
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
                Ok(())
            })
        });
        has_begun.recv().unwrap();
        let waiting = scope.spawn(|| vault.reset_cursor(&clinic("a")));
        while !vault.store().writer_is_taken() {
            std::thread::yield_now();
        }
        vault.pause(WITHIN).unwrap();
        let ended = waiting.join().unwrap().unwrap_err();
        assert_eq!(ended, VaultError::Paused);
        go_on.send(()).unwrap();
    });
    vault.resume();
    vault.reset_cursor(&clinic("a")).unwrap();
}

#[test]
fn pages_are_whole_or_not_there_however_often_it_is_paused() {
    let phone = Phone::new();
    let vault = phone.create();
    let (ended, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let pages = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut pages = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                let rows: Vec<_> = (0..100)
                    .map(|n| {
                        (
                            format!("p{pages}-{n}"),
                            row(&format!("p{pages}-{n}"), 1, "chung", n),
                        )
                    })
                    .collect();
                let changes: Vec<_> = rows.iter().map(|(id, json)| put(id, 1, json)).collect();
                let page = Page {
                    clinic: &clinic("a"),
                    changes: &changes,
                    cursor: &pages.to_string(),
                    received: at(1),
                    bookings: &[],
                    events: &[],
                };
                match vault.apply(&page) {
                    Ok(_) => pages += 1,
                    Err(VaultError::Paused) => {
                        ended.fetch_add(1, Ordering::Relaxed);
                        std::thread::yield_now();
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            pages
        });
        // Connections that open at the same time wait for each other, and hear of a pause then, too.
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                match vault.entries(&all()) {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error, VaultError::Paused),
                }
            }
        });
        for _ in 0..25 {
            std::thread::sleep(Duration::from_millis(15));
            // No grace to speak of: most pages are interrupted.
            match vault.pause(Duration::from_millis(30)) {
                Ok(()) => {
                    #[cfg(target_os = "linux")]
                    assert_eq!(open_files(&phone), 0);
                }
                Err(error) => assert_eq!(error, VaultError::Busy),
            }
            vault.resume();
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    assert!(pages > 3 && ended.load(Ordering::Relaxed) > 3);
    vault.check().unwrap();
    let cursor = vault.cursor(&clinic("a")).unwrap().unwrap();
    assert_eq!(cursor, (pages - 1).to_string());
    let rows: u64 = vault.counts().unwrap().iter().map(|(_, rows)| *rows).sum();
    assert_eq!(rows, u64::from(pages) * 100);
}

#[test]
fn everything_under_a_switch_sleeps_together_and_nothing_opens_meanwhile() {
    let phone = Phone::new();
    let switch = PauseSwitch::default();
    let me = with_test_index(Vault::create_under(&phone.ports, "me", &switch).unwrap());
    let you = Vault::create_under(&phone.ports, "you", &switch).unwrap();
    let account = crate::AccountVault::open_or_create_under(&phone.ports, &switch).unwrap();
    switch.pause(WITHIN).unwrap();
    assert_let_go(&phone);
    for error in [
        me.events().unwrap_err(),
        you.events().unwrap_err(),
        account.persons().unwrap_err(),
        Vault::open_under(&phone.ports, "you", &switch).unwrap_err(),
    ] {
        assert_eq!(error, VaultError::Paused);
    }
    switch.resume();
    me.events().unwrap();
    you.events().unwrap();
    account.persons().unwrap();
    Vault::open_under(&phone.ports, "you", &switch).unwrap();
}
