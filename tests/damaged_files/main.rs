//! Files that were damaged, mixed up or put back: noticed or harmless, never a panic, never deleted,
//! and never a book that was not once committed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod damage;
mod history;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sokhoe_testing::SeededRng;
use sokhoe_testing::disk::{Promise, SimDisk};
use sokhoe_tests::book::Book;
use sokhoe_vault::{Vault, VaultError, VaultPorts};

use damage::{Damage, Damaged};
use history::{History, MINE, PROBES};

/// How many damaged files one run looks at.
const FILES: u64 = 100_000;

/// What became of a damaged vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// An error said so.
    Noticed,
    /// The content is what it was.
    Harmless,
    /// The content is what it was at an earlier commit.
    Earlier,
}

fn open(
    history: &History,
    files: BTreeMap<String, Vec<u8>>,
) -> (SimDisk, Result<Book, VaultError>) {
    let disk = SimDisk::of(Promise::PowersafeOverwrite, files);
    let ports = VaultPorts {
        files: Arc::new(disk.clone()),
        keys: history.keys.clone(),
        rng: Arc::new(SeededRng::new(4)),
    };
    let book = Vault::open(&ports, MINE).and_then(|vault| Book::read(&vault, PROBES));
    (disk, book)
}

fn look_at(history: &History, damaged: &Damaged) -> Result<Outcome, String> {
    let (disk, book) = open(history, damaged.files.clone());
    let left = disk.contents();
    for name in damaged.files.keys().filter(|name| !name.ends_with("-wal")) {
        if !left.contains_key(name) {
            return Err(format!("{name} is gone"));
        }
    }
    if left.get("me.key") != damaged.files.get("me.key") {
        return Err("the key file was changed".to_owned());
    }
    match book {
        Ok(book) if book == *history.moments[damaged.moment].book => Ok(Outcome::Harmless),
        Ok(book) => {
            let earlier = history.moments[..damaged.moment].iter();
            if damaged.may_be_earlier && earlier.rev().any(|moment| book == *moment.book) {
                Ok(Outcome::Earlier)
            } else {
                Err(format!("holds what it never held: {book:?}"))
            }
        }
        Err(
            VaultError::Corrupt | VaultError::WrongKey | VaultError::Key(_) | VaultError::NotFound,
        ) => Ok(Outcome::Noticed),
        Err(error) => Err(format!("{error:?}")),
    }
}

#[test]
fn damage_is_noticed_or_harmless_in_100_000_files() {
    let history = history::live();
    let next = AtomicU64::new(0);
    let outcomes: Mutex<BTreeMap<(Damage, Outcome), u64>> = Mutex::default();
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= FILES || failures.lock().unwrap().len() > 4 {
                        return;
                    }
                    let damaged = damage::make(&history, seed);
                    let seen = catch_unwind(AssertUnwindSafe(|| look_at(&history, &damaged)));
                    let seen = seen.unwrap_or_else(|_| Err("a panic".to_owned()));
                    match seen {
                        Ok(outcome) => {
                            let mut outcomes = outcomes.lock().unwrap();
                            *outcomes.entry((damaged.damage, outcome)).or_default() += 1;
                        }
                        Err(wrong) => failures.lock().unwrap().push(format!(
                            "seed {seed}, {:?} of {} at moment {}: {wrong}",
                            damaged.damage, damaged.file, damaged.moment
                        )),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let outcomes = outcomes.into_inner().unwrap();
    println!("{outcomes:#?}");
    assert!(outcomes.values().sum::<u64>() >= FILES);
    // Every kind of damage is noticed where it matters: the test does not pass by doing nothing.
    for damage in Damage::ALL {
        let count = |outcome| outcomes.get(&(damage, outcome)).copied().unwrap_or(0);
        let all = count(Outcome::Noticed) + count(Outcome::Harmless) + count(Outcome::Earlier);
        assert!(all > FILES / 50, "{damage:?}: only {all}");
        assert!(all > count(Outcome::Harmless), "{damage:?} did nothing");
    }
}
