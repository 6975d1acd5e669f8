//! Files that were damaged, mixed up or put back: noticed or harmless, never a panic, never deleted,
//! and never a book that was not once committed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

/// SQLite asks for memory often.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod damage;
mod history;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sokhoe_app::domain::BookingState;
use sokhoe_testing::disk::{Promise, SimDisk};
use sokhoe_testing::{ForkedKeys, SeededRng};
use sokhoe_tests::book::Book;
use sokhoe_vault::{Vault, VaultError, VaultPorts};

use damage::{Damage, Damaged};
use history::{History, MINE, Moment, PROBES};

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
    let ports = VaultPorts::new(
        Arc::new(disk.clone()),
        Arc::new(ForkedKeys::without_counters(history.keys.clone())),
        Arc::new(SeededRng::new(4)),
    );
    let book = Vault::open(&ports, MINE).and_then(|vault| Book::read(&vault, PROBES));
    (disk, book)
}

fn look_at(history: &History, damaged: &Damaged) -> Result<Outcome, String> {
    let (disk, book) = open(history, damaged.files.clone());
    let left = disk.contents();
    // The log folds into the database; the journal of intents is written anew from what waits.
    let kept = |name: &&String| !name.ends_with("-wal") && !name.ends_with(".journal");
    for name in damaged.files.keys().filter(kept) {
        if !left.contains_key(name) {
            return Err(format!("{name} is gone"));
        }
    }
    match book {
        Ok(book) if book == *history.moments[damaged.moment].book => Ok(Outcome::Harmless),
        Ok(book) => {
            let mut earlier = history.moments[..=damaged.moment].iter().rev();
            let was =
                |moment: &Moment| without_returned(&book, &moment.book, history) == *moment.book;
            if damaged.may_be_earlier && earlier.any(was) {
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

/// A book without the intents that the journal gave back and `before` does not hold: they were kept at
/// some time, and may have been sent.
fn without_returned(book: &Book, before: &Book, history: &History) -> Book {
    let mut book = book.clone();
    let returned: Vec<_> = book
        .intents
        .iter()
        .filter(|intent| !before.intents.iter().any(|known| known.id == intent.id))
        .filter(|intent| {
            let moments = history.moments.iter();
            let mut kept = moments.flat_map(|moment| &moment.book.intents);
            kept.any(|kept| kept.id == intent.id && kept.body == intent.body)
        })
        .map(|intent| intent.id)
        .collect();
    book.intents.retain(|intent| !returned.contains(&intent.id));
    book.bookings.retain(|booking| {
        !(returned.contains(&booking.id) && booking.state == BookingState::Sending)
    });
    book
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
        // What follows a file's end is never read; the ring has a copy.
        let is_harmless = damage == Damage::Grow;
        assert!(
            is_harmless || all > count(Outcome::Harmless),
            "{damage:?} did nothing"
        );
    }
}
