//! Shows that the simulation bites: each of sixteen classic bugs, planted in the core or in the clinic, is found
//! by one of a thousand lives.
//!
//!     cargo test --profile simulated -p sokhoe-tests --features planted --test simulation planted:: -- --ignored

use std::sync::atomic::{AtomicU64, Ordering};

use sokhoe_domain::planted::{Bug, plant};

use crate::template::Template;
use crate::world::{self, Tally};

/// So many lives are lived with a bug at most, and `SOKHOE_LIVES` asks for others; it is enough that one finds
/// it, and the first that do are counted.
const LIVES: u64 = 1_000;
/// Lives that have found a bug are enough.
const ENOUGH: u64 = 3;

#[test]
#[ignore = "its bugs are in the whole process: nothing else may live there"]
fn every_planted_bug_is_found() {
    // Made by programs without a bug.
    let template = Template::make();
    // Somebody who finds something in every life finds nothing.
    let well = world::live(&template, 1);
    assert!(well.wrongs.is_empty(), "seed {}: {}", well.seed, well.story);
    let lives = std::env::var("SOKHOE_LIVES")
        .ok()
        .and_then(|lives| lives.parse().ok())
        .unwrap_or(LIVES);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut not_found = Vec::new();
    let mut tally = Tally::default();
    for bug in Bug::ALL {
        plant(Some(bug));
        let (next, found) = (AtomicU64::new(1), AtomicU64::new(0));
        let wrong = std::sync::Mutex::new(String::new());
        let lived = std::sync::Mutex::new(&mut tally);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed > lives || found.load(Ordering::Relaxed) >= ENOUGH {
                            return;
                        }
                        let life = world::live(&template, seed);
                        lived.lock().unwrap().add(&life.tally);
                        if let Some(first) = life.wrongs.first() {
                            found.fetch_add(1, Ordering::Relaxed);
                            wrong.lock().unwrap().clone_from(first);
                        }
                    }
                });
            }
        });
        let (lived, found) = (next.into_inner() - 1, found.into_inner());
        let wrong = wrong.into_inner().unwrap();
        println!(
            "{bug:?}: found by {found} of {} lives, e.g. {wrong}",
            lived.min(lives)
        );
        if found == 0 {
            not_found.push(bug);
        }
    }
    plant(None);
    tally.assert_that_it_was_a_life();
    assert!(not_found.is_empty(), "not found: {not_found:?}");
}
