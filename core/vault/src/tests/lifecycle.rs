//! Making, opening, erasing; keys; full disks.

use sokhoe_domain::ports::KeyStoreError;

use super::{Phone, all, apply, at, clinic, fill, put, row, search};
use crate::store::Durability;
use crate::{NewEvent, Page, Vault, VaultError, VaultPorts};

#[test]
fn a_vault_is_made_closed_and_opened_again() {
    let phone = Phone::new();
    assert_eq!(phone.open().unwrap_err(), VaultError::NotFound);
    let vault = phone.create();
    fill(&vault, &["Đường huyết"]);
    assert_eq!(
        Vault::create(&phone.ports, "me").unwrap_err(),
        VaultError::AlreadyExists
    );
    drop(vault);
    let names: Vec<_> = phone.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["me.db", "ring", "ring.copy"],
        "closing folds the journal in"
    );

    let vault = phone.open().unwrap();
    assert_eq!(search(&vault, "duong"), ["Đường huyết"]);
    assert_eq!(vault.cursor(&clinic("a")).unwrap().as_deref(), Some("c1"));
    vault.reset_cursor(&clinic("a")).unwrap();
    assert_eq!(vault.cursor(&clinic("a")).unwrap(), None);
    drop(vault);

    Vault::erase(&phone.ports, "me").unwrap();
    Vault::erase(&phone.ports, "me").unwrap();
    let names: Vec<_> = phone.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ring", "ring.copy"]);
    assert_eq!(
        phone.keys.aliases(),
        ["ring-2"],
        "the key that wrapped it is gone too"
    );
}

#[test]
fn names_stay_in_the_folder() {
    let phone = Phone::new();
    for bad in [
        "",
        "../me",
        "a/b",
        ".me",
        "m e",
        "ring",
        "ring-1",
        "ring.copy",
    ] {
        assert_eq!(
            Vault::create(&phone.ports, bad).unwrap_err(),
            VaultError::BadName
        );
        assert_eq!(
            Vault::erase(&phone.ports, bad).unwrap_err(),
            VaultError::BadName
        );
    }
    assert!(phone.files().is_empty());
}

#[test]
fn a_key_without_a_database_is_used_by_the_next_try() {
    let phone = Phone::new();
    drop(phone.create());
    let key = || phone.ports.ring.find("me").unwrap().unwrap().key;
    let before = key();
    std::fs::remove_file(phone.path("me.db")).unwrap();
    drop(phone.create());
    assert!(key() == before);
    phone.open().unwrap();
}

#[test]
fn a_database_that_a_crash_left_empty_is_finished_at_open() {
    let phone = Phone::new();
    drop(phone.create());
    std::fs::write(phone.path("me.db"), b"").unwrap();
    // It was whole once: this is no crash in `create`, and must not pass for a new book.
    assert_eq!(phone.open().unwrap_err(), VaultError::Corrupt);
    phone.ports.ring.set_finished("me", false).unwrap();
    let vault = phone.open().unwrap();
    fill(&vault, &["x"]);
    drop(vault);
    assert_eq!(search(&phone.open().unwrap(), "x"), ["x"]);
}

#[test]
fn another_key_opens_nothing_and_touches_nothing() {
    let phone = Phone::new();
    fill(&phone.create(), &["Đường huyết"]);
    drop(Vault::create(&phone.ports, "you").unwrap());
    // Your file under my name.
    let mine = std::fs::read(phone.path("me.db")).unwrap();
    std::fs::copy(phone.path("you.db"), phone.path("me.db")).unwrap();
    let before = phone.files();
    assert_eq!(phone.open().unwrap_err(), VaultError::WrongKey);
    assert_eq!(phone.files(), before);
    // Mine again.
    std::fs::write(phone.path("me.db"), mine).unwrap();
    assert_eq!(search(&phone.open().unwrap(), "huyet"), ["Đường huyết"]);
    // No key at all, and no new ring that would come before the one that may come back.
    for name in ["ring", "ring.copy"] {
        std::fs::rename(phone.path(name), phone.path(&format!("away-{name}"))).unwrap();
    }
    let missing = VaultError::Key(KeyStoreError::Missing);
    assert_eq!(phone.open().unwrap_err(), missing);
    assert_eq!(Vault::create(&phone.ports, "he").unwrap_err(), missing);
}

#[test]
fn a_newer_schema_is_left_as_it_is() {
    let phone = Phone::new();
    let vault = phone.create();
    vault
        .store()
        .write(Durability::Full, |tx, _| {
            tx.pragma_update(None, "user_version", 99)?;
            Ok(())
        })
        .unwrap();
    drop(vault);
    let before = phone.files();
    assert_eq!(
        phone.open().unwrap_err(),
        VaultError::NewerSchema {
            found: 99,
            known: i64::try_from(crate::migrations::VAULT.len()).unwrap()
        }
    );
    assert_eq!(phone.files(), before);
}

#[test]
fn a_full_disk_loses_nothing() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Đường huyết"]);
    let pages = |limit: i64| {
        vault
            .store()
            .write(Durability::Full, |tx, _| {
                Ok(
                    tx.query_row(&format!("PRAGMA max_page_count = {limit}"), [], |row| {
                        row.get::<_, i64>(0)
                    })?,
                )
            })
            .unwrap()
    };
    let used = pages(1);
    // Not compressible.
    let mut state = 1_u64;
    let noise: String = (0..60_000)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
        })
        .collect();
    let json = row("big", 1, &noise, 5);
    let big = [put("big", 1, &json)];
    let page = Page {
        clinic: &clinic("a"),
        changes: &big,
        cursor: "c2",
        received: at(2),
        bookings: &[],
        events: &[],
    };
    assert_eq!(vault.apply(&page).unwrap_err(), VaultError::DiskFull);
    let event = NewEvent {
        kind: noise,
        subject: String::new(),
        at: at(1),
        body: String::new(),
    };
    let with_event = Page {
        changes: &[],
        events: std::slice::from_ref(&event),
        ..page
    };
    assert_eq!(vault.apply(&with_event).unwrap_err(), VaultError::DiskFull);
    assert_eq!(vault.cursor(&clinic("a")).unwrap().as_deref(), Some("c1"));
    assert_eq!(search(&vault, "huyet"), ["Đường huyết"]);
    assert!(vault.events().unwrap().is_empty());
    // Room again: all goes on, in the same handle.
    pages(used + 1_000);
    assert_eq!(vault.apply(&page).unwrap().stored, 1);
    drop(vault);
    assert_eq!(phone.open().unwrap().entries(&all()).unwrap().rows.len(), 2);
}

#[test]
fn what_was_committed_is_there_after_a_kill() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Đường huyết"]);
    // As a killed process leaves it: files copied while the vault is open.
    let other = Phone::new();
    for (name, bytes) in phone.files() {
        std::fs::write(other.path(&name), bytes).unwrap();
    }
    let ports = VaultPorts::new(other.ports.files, phone.ports.keys.clone(), other.ports.rng);
    let survived = super::with_test_index(Vault::open(&ports, "me").unwrap());
    assert_eq!(search(&survived, "huyet"), ["Đường huyết"]);
    assert_eq!(
        survived.cursor(&clinic("a")).unwrap().as_deref(),
        Some("c1")
    );
}

#[test]
fn a_page_is_all_or_nothing() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Đường huyết"]);
    let trap = |sql: &str| {
        vault
            .store()
            .write(Durability::Full, |tx, _| Ok(tx.execute_batch(sql)?))
            .unwrap();
    };
    // Fails after everything else of the page was written.
    trap("CREATE TRIGGER trap BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'trap'); END;");
    let json = row("new", 1, "Men gan", 7);
    let second = row("r0", 2, "Mỡ máu", 8);
    let changes = [put("new", 1, &json), put("r0", 2, &second)];
    let event = NewEvent {
        kind: "result".to_owned(),
        subject: "new".to_owned(),
        at: at(7),
        body: String::new(),
    };
    let page = Page {
        clinic: &clinic("b"),
        changes: &changes,
        cursor: "c9",
        received: at(9),
        bookings: &[],
        events: std::slice::from_ref(&event),
    };
    assert!(vault.apply(&page).is_err());
    assert_eq!(search(&vault, ""), ["Đường huyết"]);
    assert!(search(&vault, "men").is_empty());
    assert_eq!(vault.cursor(&clinic("b")).unwrap(), None);
    trap("DROP TRIGGER trap;");
    // Names and numbers of the failed page are not remembered.
    assert_eq!(vault.apply(&page).unwrap().stored, 2);
    assert_eq!(search(&vault, "men"), ["Men gan"]);
    assert_eq!(vault.cursor(&clinic("b")).unwrap().as_deref(), Some("c9"));
    assert_eq!(vault.events().unwrap().len(), 1);
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(vault.entries(&all()).unwrap().rows.len(), 3);
}

#[test]
fn rows_are_read_again_when_the_rules_change() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Đường huyết", "Men gan"]);
    apply(
        &vault,
        "b",
        &[put("r0", 1, &row("r0", 1, "Mỡ máu", 3))],
        "c",
    );
    let before = vault.entries(&all()).unwrap();
    vault
        .store()
        .write(Durability::Full, |tx, scratch| {
            tx.execute_batch(
                r#"UPDATE "entry" SET "title" = 'old'; DELETE FROM "posting_run"; DELETE FROM "directory";
                   UPDATE "counter" SET "rules" = 0;"#,
            )?;
            assert!(crate::ingest::is_outdated(tx)?);
            crate::ingest::renew(tx, scratch)?;
            assert!(!crate::ingest::is_outdated(tx)?);
            Ok(())
        })
        .unwrap();
    assert_eq!(vault.entries(&all()).unwrap(), before);
    assert_eq!(search(&vault, "gan"), ["Men gan"]);
}

#[test]
fn four_threads_read_while_one_writes() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["x 0"]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let page = vault.search("x", &all()).unwrap();
                    let mut times: Vec<_> = page.rows.iter().map(|row| row.when).collect();
                    times.sort();
                    times.reverse();
                    assert!(page.rows.iter().map(|row| row.when).eq(times));
                    assert!(!page.rows.is_empty());
                }
            });
        }
        for n in 0..50 {
            let id = format!("n{n}");
            let json = row(&id, 1, &format!("x {n}"), 10 + n);
            apply(&vault, "a", &[put(&id, 1, &json)], "c");
        }
    });
    assert_eq!(search(&vault, "x").len(), 51);
}

#[test]
fn whoever_reads_between_writes_opens_no_connection() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Đường huyết"]);
    assert_eq!(search(&vault, "duong"), ["Đường huyết"]);
    let another = row("another", 1, "Creatinin", 9);
    apply(&vault, "a", &[put("another", 1, &another)], "c2");
    assert_eq!(search(&vault, "creatinin"), ["Creatinin"]);
    assert_eq!(vault.store().readers_open(), 0);
    vault.check().unwrap();
    assert_eq!(vault.store().readers_open(), 0, "it was lent");
    assert!(vault.store().has_writer(), "and is back");
}

#[test]
fn nobody_who_reads_waits_for_a_writer() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Đường huyết"]);
    let written = vault.store().write(Durability::Full, |tx, _| {
        tx.execute_batch(r#"UPDATE "counter" SET "rules" = "rules""#)?;
        std::thread::scope(|scope| {
            let read = scope.spawn(|| search(&vault, "duong"));
            assert_eq!(read.join().unwrap(), ["Đường huyết"]);
        });
        Ok(())
    });
    written.unwrap();
}

#[test]
fn whoever_writes_while_the_connection_is_lent_has_another() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Đường huyết"]);
    let another = row("another", 1, "Creatinin", 9);
    let mut seen = 0;
    vault
        .for_each_resource(&mut |_| {
            assert!(!vault.store().has_writer());
            let changes = [put("another", 1, &another)];
            std::thread::scope(|scope| {
                let write = scope.spawn(|| apply(&vault, "a", &changes, "c2"));
                write.join().unwrap();
            });
            seen += 1;
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 1, "all of one moment");
    assert_eq!(vault.store().readers_open(), 0);
    assert!(vault.store().has_writer());
    assert_eq!(search(&vault, "creatinin"), ["Creatinin"]);
}
