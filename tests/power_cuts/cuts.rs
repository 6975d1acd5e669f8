//! The power goes at every operation of a life.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use sokhoe_testing::disk::{CrashKind, Operation, Promise};

use crate::check::Awoken;
use crate::keys::KeysAtCut;
use crate::life::{Life, live, live_until_the_journal_is_full};

/// An image to check.
pub struct Image {
    pub done: u64,
    pub kind: CrashKind,
    pub seed: u64,
    pub files: BTreeMap<String, Vec<u8>>,
}

/// How long the life is.
const DAYS: u32 = 14;

/// How many images of each random kind are looked at, for each operation.
const SEEDS: u64 = 2;

/// Every image of every cut that is wanted, each different one once; to be checked by whoever takes it.
pub fn images(life: &Life, is_wanted: impl Fn(u64) -> bool, mut give: impl FnMut(Image) -> bool) {
    let mut seen = HashSet::new();
    let mut go_on = true;
    life.disk.tape().cuts(|cut| {
        if !go_on || !is_wanted(cut.done) {
            return;
        }
        let expected: Vec<usize> = life
            .marks
            .iter()
            .enumerate()
            .filter(|(_, mark)| mark.begins <= cut.done)
            .map(|(at, mark)| at * 2 + usize::from(mark.ends <= cut.done))
            .collect();
        for kind in CrashKind::ALL {
            for seed in 0..if kind.is_random() { SEEDS } else { 1 } {
                let seed = cut.done * SEEDS + seed;
                let Some(files) = cut.medium.crash(kind, seed, cut.next) else {
                    continue;
                };
                let mut hasher = DefaultHasher::new();
                (&files, &expected).hash(&mut hasher);
                if go_on && seen.insert(hasher.finish()) {
                    go_on = give(Image {
                        done: cut.done,
                        kind,
                        seed,
                        files,
                    });
                }
            }
        }
    });
}

/// Checks images on two threads until one is wrong or all are done; how many were right, and what
/// was wrong with the others.
fn check_all(
    life: &Life,
    is_wanted: impl Fn(u64) -> bool,
    most_failures: usize,
) -> (usize, Vec<String>) {
    let (sender, receiver) = sync_channel::<Image>(8);
    let receiver = Mutex::new(receiver);
    let right = AtomicUsize::new(0);
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(image) = next(&receiver) {
                    match check(life, image) {
                        Ok(()) => {
                            right.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(wrong) => failures.lock().unwrap().push(wrong),
                    }
                }
            });
        }
        images(life, is_wanted, |image| {
            sender.send(image).is_ok() && failures.lock().unwrap().len() < most_failures
        });
        drop(sender);
    });
    (right.into_inner(), failures.into_inner().unwrap())
}

fn next(receiver: &Mutex<Receiver<Image>>) -> Option<Image> {
    receiver.lock().unwrap().recv().ok()
}

fn check(life: &Life, image: Image) -> Result<(), String> {
    let Image {
        done,
        kind,
        seed,
        files,
    } = image;
    let keys = Arc::new(KeysAtCut::new(life.keys.clone(), done));
    Awoken::new(life.promise, files, keys)
        .check(life, done)
        .map_err(|wrong| {
            let steps: Vec<_> = life
                .marks
                .iter()
                .filter(|mark| mark.begins <= done && done <= mark.ends)
                .map(|mark| mark.step.as_str())
                .collect();
            format!(
                "{:?}, operation {done} ({steps:?}), {kind:?}, seed {seed}: {wrong}",
                life.promise
            )
        })
}

#[test]
fn nothing_acknowledged_is_lost_in_20_000_power_cuts() {
    let mut checked = 0;
    for promise in [Promise::PowersafeOverwrite, Promise::Nothing] {
        let life = live(promise, DAYS, false);
        let (right, failures) = check_all(&life, |_| true, 3);
        assert!(failures.is_empty(), "{}", failures.join("\n\n"));
        println!(
            "{promise:?}: {} steps, {} operations, {right} different images",
            life.marks.len(),
            life.disk.operations()
        );
        checked += right;
    }
    assert!(checked >= 20_000, "only {checked} cuts");
}

/// In one life without a close: cuts around the moments when SQLite begins to fold its journal into
/// the file, has done so, and begins the journal anew over what stood in it.
#[test]
fn nothing_is_lost_when_the_journal_is_full() {
    let life = live_until_the_journal_is_full();
    let (mut database, mut journal) = (None, None);
    let mut moments = Vec::new();
    let (mut folding, mut folded) = (false, false);
    life.disk.tape().cuts(|cut| {
        database = database.or(cut.medium.find("me.db"));
        journal = journal.or(cut.medium.find("me.db-wal"));
        match cut.next {
            Some(Operation::Write { file, .. })
                if Some(*file) == database && journal.is_some() && !folding =>
            {
                (folding, folded) = (true, false);
                moments.push(cut.done);
            }
            Some(Operation::SyncFile { file }) if Some(*file) == database && folding => {
                (folding, folded) = (false, true);
                moments.push(cut.done);
            }
            Some(Operation::Write {
                file, offset: 0, ..
            }) if Some(*file) == journal && folded => {
                folded = false;
                moments.push(cut.done);
            }
            _ => {}
        }
    });
    assert!(
        moments.len() >= 3,
        "the journal was never full: {moments:?}"
    );
    let is_wanted = |done: u64| moments.iter().any(|at| done + 2 > *at && done < at + 5);
    let (right, failures) = check_all(&life, is_wanted, 3);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(right > 100, "only {right}");
}

/// The check itself is checked: on a drive that answers syncs and does not do them, promises break.
#[test]
fn a_drive_that_lies_about_its_syncs_is_caught() {
    let life = live(Promise::PowersafeOverwrite, 2, true);
    let (_, failures) = check_all(&life, |_| true, 20);
    assert!(failures.len() >= 20, "only {} failures", failures.len());
}
