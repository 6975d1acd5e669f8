//! A family, its phones and their clinics on simulated time, network, disks and clocks.
//!
//! Everything that a person uses is real: the core as an app calls it, its vaults on SQLCipher, and the
//! clinic's server with its database, called without a socket. What is simulated is the world between and
//! under them: time, the network, the disks and the clocks. One seed decides everything that happens, so that
//! a life that went wrong is lived again by its number:
//!
//!     SOKHOE_SEED=42 cargo test -p sokhoe-tests --test simulation a_seed -- --nocapture
//!
//! tells the story of seed 42; `SOKHOE_LIVES=100000` lives many.
//!
//! * `world`: a life from its beginning to the quiet at its end. `template`: what every life begins with.
//! * `phone`: what a person does with one. `clinic`: what happens at one. `network`: what lies between.
//! * `time`, `dice`: the only clock, the only chance.
//! * `check`: what must be true, always and at the end. `story`: what happened, in words.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that cannot go on ends"
)]

mod check;
mod clinic;
mod dice;
mod network;
mod phone;
mod story;
mod template;
mod time;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use template::Template;
use world::{Life, live};

/// Lives in a run of the test command; `SOKHOE_LIVES` asks for others.
const LIVES: u64 = 400;

/// Seeds whose life once went wrong, each with what was wrong.
const KEPT: &[u64] = &[];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn what_must_be_true_is_true_in_every_life() {
    let template = Template::make();
    let first = number("SOKHOE_SEED").unwrap_or(1);
    let lives = number("SOKHOE_LIVES").unwrap_or(LIVES);
    let next = AtomicU64::new(first);
    let begin = Instant::now();
    let mut total = world::Tally::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut tally = world::Tally::default();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + lives {
                            return tally;
                        }
                        tally.add(&expect_well(live(&template, seed)));
                    }
                })
            })
            .collect();
        for worker in workers {
            total.add(&worker.join().expect("a life went wrong"));
        }
    });
    println!(
        "{lives} lives in {:.1} s: {total}",
        begin.elapsed().as_secs_f64()
    );
    total.assert_that_it_was_a_life();
}

#[test]
fn seeds_that_once_went_wrong_go_well() {
    let template = Template::make();
    for seed in KEPT {
        expect_well(live(&template, *seed));
    }
}

#[test]
fn a_seed_replays_to_the_letter() {
    let template = Template::make();
    for seed in [1, 2, 3] {
        let lives = [live(&template, seed), live(&template, seed)];
        let [first, second] = lives.map(|life| life.story.lines().to_vec());
        for (a, b) in first.iter().zip(&second) {
            assert_eq!(a, b, "seed {seed}");
        }
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
    if let Some(seed) = number("SOKHOE_SEED") {
        println!("{}", live(&template, seed).story);
    }
}

fn expect_well(life: Life) -> world::Tally {
    assert!(
        life.wrongs.is_empty(),
        "seed {}: {}\n{}",
        life.seed,
        life.wrongs.join("\n"),
        life.story
    );
    life.tally
}
