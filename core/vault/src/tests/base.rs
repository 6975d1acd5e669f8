//! A database of one time with SQLite's journal of another.

use std::sync::Arc;

use sokhoe_testing::{ForkedKeys, SeededRng};

use super::{Phone, all, apply, at, fill, put, row, try_with_test_index};
use crate::{FolderFiles, PauseSwitch, Vault, VaultError, VaultPorts};

const ENDS: [&str; 2] = ["", "-wal"];

/// The database and its journal, if there is one.
type Files = [Option<Vec<u8>>; 2];

fn files(phone: &Phone) -> Files {
    ENDS.map(|end| std::fs::read(phone.path(&format!("me.db{end}"))).ok())
}

fn lay(phone: &Phone, files: &Files) {
    for (end, bytes) in ["", "-wal", "-shm"].iter().zip(files.iter().chain([&None])) {
        let path = phone.path(&format!("me.db{end}"));
        match bytes {
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
            None => drop(std::fs::remove_file(path)),
        }
    }
}

/// Ports of the phone for which no copy is too old.
fn ports(phone: &Phone) -> VaultPorts {
    VaultPorts::new(
        phone.ports.files.clone(),
        Arc::new(ForkedKeys::without_counters(phone.keys.clone())),
        Arc::new(SeededRng::new(9)),
    )
}

/// The rows of the book in these files; afterwards they are as they were.
fn rows(phone: &Phone, there: &Files) -> Result<usize, VaultError> {
    let before = files(phone);
    lay(phone, there);
    let rows =
        Vault::open(&ports(phone), "me").and_then(|vault| Ok(vault.entries(&all())?.rows.len()));
    if rows.is_err() {
        assert!(
            files(phone) == *there,
            "{rows:?}: what was refused was changed"
        );
    }
    lay(phone, &before);
    rows
}

fn add(vault: &Vault, n: u32) {
    let id = format!("n{n}");
    let json = row(&id, 1, &format!("chung số {n}"), n.into());
    apply(vault, "a", &[put(&id, 1, &json)], &n.to_string());
}

#[test]
fn a_journal_of_another_time_is_noticed_and_kept_aside() {
    let phone = Phone::new();
    let mut moments: Vec<(u32, Files)> = Vec::new();
    let mut folded = Files::default();
    for generation in 0..4 {
        let vault = match generation {
            0 => phone.create(),
            _ => phone.open().unwrap(),
        };
        for n in 0..3 {
            add(&vault, generation * 3 + n);
            moments.push((generation, files(&phone)));
        }
        vault.store().fold_some();
        folded = files(&phone);
        drop(vault);
    }
    let mixed = |of: &Files, with: &Files| [of[0].clone(), with[1].clone()];
    for (earlier, (of, old)) in moments.iter().enumerate() {
        for (later, (with, new)) in moments.iter().enumerate().skip(earlier) {
            let place = format!("{earlier} and {later}");
            let (old_file, new_file) = (mixed(old, new), mixed(new, old));
            if of == with {
                // The file is the same until it is folded; the journal is then of an earlier commit.
                assert_eq!(rows(&phone, &old_file), Ok(later + 1), "{place}");
                assert_eq!(rows(&phone, &new_file), Ok(earlier + 1), "{place}");
            } else {
                for files in [old_file, new_file] {
                    assert_eq!(rows(&phone, &files), Err(VaultError::Corrupt), "{place}");
                }
            }
        }
    }
    // Folded, and the journal is still there: as a crash leaves it. All of it, or not enough of it.
    let last = moments.len() - 1;
    assert_eq!(
        rows(&phone, &mixed(&folded, &moments[last].1)),
        Ok(last + 1)
    );
    for (_, moment) in &moments[..last] {
        let mixed = mixed(&folded, moment);
        assert_eq!(rows(&phone, &mixed), Err(VaultError::Corrupt));
    }

    let damaged = mixed(&moments[3].1, &moments[7].1);
    lay(&phone, &damaged);
    let switch = PauseSwitch::default();
    let (vault, _) = Vault::rebuild(&ports(&phone), "me", at(1), &switch).unwrap();
    vault.check().unwrap();
    for (end, bytes) in ENDS.iter().zip(damaged) {
        let aside = std::fs::read(phone.path(&format!("me.damaged-1.db{end}"))).ok();
        assert!(aside == bytes, "kept aside as it was");
    }
}

#[test]
fn a_folder_of_any_name_is_looked_at() {
    let phone = Phone::new();
    let folder = phone.folder.path().join("a ?b#c%20d&ă'");
    let ports = |rng| {
        VaultPorts::new(
            Arc::new(FolderFiles::open(&folder).unwrap()),
            phone.keys.clone(),
            Arc::new(SeededRng::new(rng)),
        )
    };
    let vault = try_with_test_index(Vault::create(&ports(1), "me").unwrap()).unwrap();
    fill(&vault, &["x"]);
    let journal = std::fs::read(folder.join("me.db-wal")).unwrap();
    drop(vault);
    let vault = try_with_test_index(Vault::open(&ports(2), "me").unwrap()).unwrap();
    fill(&vault, &["x", "y"]);
    drop(vault);
    std::fs::write(folder.join("me.db-wal"), journal).unwrap();
    let opened = Vault::open(&ports(3), "me");
    assert_eq!(opened.unwrap_err(), VaultError::Corrupt);
}

/// Two programs that write by turns, one that reads and so holds up the folding, pauses, checkpoints: whatever
/// a kill leaves is opened.
#[test]
fn what_a_kill_leaves_is_never_taken_for_a_mixture() {
    let phone = Phone::new();
    let copy = Phone::new();
    let first = phone.create();
    let other = try_with_test_index(Vault::open(&phone.restarted(), "me").unwrap()).unwrap();
    let dice = SeededRng::new(4);
    for n in 0..300 {
        let (one, two) = match dice.next() % 2 {
            0 => (&first, &other),
            _ => (&other, &first),
        };
        match dice.next() % 8 {
            0 => {
                add(one, n);
                one.store().checkpoint();
            }
            1 => {
                one.pause(std::time::Duration::from_millis(500)).unwrap();
                one.resume();
            }
            // The other reads, so that neither all is folded in nor the journal begins anew.
            2 => two
                .store()
                .read(|tx, _| {
                    tx.query_row(r#"SELECT count(*) FROM "resource""#, [], |_| Ok(()))?;
                    add(one, n);
                    one.store().fold_some();
                    add(one, n + 1_000);
                    Ok(())
                })
                .unwrap(),
            _ => add(one, n),
        }
        for (name, bytes) in phone.files() {
            if !name.ends_with("-shm") {
                std::fs::write(copy.path(&name), bytes).unwrap();
            }
        }
        if !phone.path("me.db-wal").exists() {
            let _ = std::fs::remove_file(copy.path("me.db-wal"));
        }
        let ports = VaultPorts::new(
            copy.ports.files.clone(),
            Arc::new(ForkedKeys::without_counters(phone.keys.clone())),
            Arc::new(SeededRng::new(5)),
        );
        let left = Vault::open(&ports, "me").unwrap();
        let counts = |vault: &Vault| vault.counts().unwrap();
        assert_eq!(counts(&left), counts(&first), "{n}");
        drop(left);
        let _ = std::fs::remove_file(copy.path("me.db-wal"));
    }
}
