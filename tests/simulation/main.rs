//! A family, its phones and their clinics on simulated time, network, disks and clocks.
//!
//! Everything that a person uses is real: the core as an app calls it, its vaults on SQLCipher, and the
//! clinic's server with its database, called without a socket. Two more clinics have servers of others, with the
//! manners of HAPI and with bad ones (`sokhoe_tests::foreign`). What is simulated is the world between and
//! under them: time, the network, the disks and the clocks. One seed decides everything that happens, so that
//! a life that went wrong is lived again by its number:
//!
//!     SOKHOE_SEED=42 cargo test -p sokhoe-tests --test simulation a_seed -- --nocapture
//!
//! tells the story of seed 42. `cargo xtask simulate` lives many, in a build that is quick;
//! `SOKHOE_LIVES`, `SOKHOE_MINUTES` and `SOKHOE_STORIES` (a folder for the stories of lives that went wrong)
//! are what it asks for.
//!
//! * `world`: a life from its beginning to the quiet at its end. `temper`: how busy it is. `template`: what every life begins with.
//! * `phone`: what a person does with one; `bookings`, `several`, `waiting`, `words`: what they book, alone and together, wait for and
//!   write there; `wishes`: what else would do;
//!   `bank`: how they pay. `clinic`: what all of them are to the others; `our_clinic`: the
//!   real program, and `floor` its desk; `foreign_clinic`: another's server, and `foreign_records` what it has. `network`: what lies
//!   between.
//! * `refreshing`: a phone whose tokens are renewed, and nothing else, a hundred thousand times.
//! * `time`, `dice`: the only clock, the only chance.
//! * `check`: what must be true, always and at the end. `story`: what happened, in words.
//!
//! The numbers I1 to I9 and I11 stand for what must be true: a seat has one booking (I1), an intent one effect (I2),
//! nothing acknowledged is lost (I3), phones have what the clinics have (I4), what was kept survives (I5), nobody has
//! or hears what is another's (I6), nothing stays of a clinic that ended the access (I7), and all is in step within a
//! minute of quiet (I11), a booking is at the time that was named, within what was said would do or where it was moved to (W), a trip is of all or of nobody (T), numbers
//! of a day go up and everybody is served once (I9), and money is either applied or waits for a person (I8). I10 (audit) is not
//! asked here: clinics have no audit yet.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that cannot go on ends"
)]

/// A sixth of a life is memory that is asked for and given back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod bank;
mod bookings;
mod check;
mod clinic;
mod dice;
mod floor;
mod foreign_clinic;
mod foreign_records;
mod network;
mod our_clinic;
mod phone;
#[cfg(feature = "planted")]
mod planted;
mod refreshing;
mod several;
mod story;
mod temper;
mod template;
mod time;
mod waiting;
mod wishes;
mod words;
mod world;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use template::Template;
use world::{Life, Tally, live};

/// Lives in a plain run of the tests, which is not optimised; `SOKHOE_LIVES` asks for others.
const LIVES: u64 = 150;

/// Seeds whose life once went wrong, each with what was wrong. A seed lives another life once lives have another form;
/// what was wrong is asked beside the program that was mended, too.
const KEPT: &[(u64, &str)] = &[
    (
        760,
        "a cancellation went out before its booking: the clock had gone back in between",
    ),
    (
        488,
        "a resource that was forgotten altogether and came back under the number of its old version was not seen",
    ),
    (
        270,
        "a Patient that changed under an old time was never compared",
    ),
    (
        20_497,
        "a booking went out while the others had asked already, and nobody asked again",
    ),
    (
        49_820,
        "whose time another one is was not told, and so it was taken for somebody else's",
    ),
    (
        16_247,
        "a booking was refused as over while what was sent for it was on its way: the phone's clock was ahead",
    ),
    (
        30_116,
        "a trip that was sent, of whom one was then seen no longer, was asked for again and again",
    ),
];

/// What is asked for in the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

mod lives {
    use super::*;

    #[test]
    fn what_must_be_true_is_true_in_every_life() {
        let template = Template::make();
        let first = number("SOKHOE_SEED").unwrap_or(1);
        let lives = number("SOKHOE_LIVES").unwrap_or(LIVES);
        let longest = number("SOKHOE_MINUTES").map(|minutes| Duration::from_secs(60 * minutes));
        let begin = Instant::now();
        let next = AtomicU64::new(first);
        let total = Mutex::new(Tally::default());
        let wrong = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    let mut tally = Tally::default();
                    while longest.is_none_or(|longest| begin.elapsed() < longest) {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first.saturating_add(lives)
                            || wrong.lock().unwrap().len() >= ENOUGH
                        {
                            break;
                        }
                        let life = live(&template, seed);
                        tally.add(&life.tally);
                        if !life.wrongs.is_empty() {
                            println!("{}", told(&life));
                            wrong.lock().unwrap().push(seed);
                        }
                    }
                    total.lock().unwrap().add(&tally);
                });
            }
        });
        let (total, wrong) = (total.into_inner().unwrap(), wrong.into_inner().unwrap());
        let seconds = begin.elapsed().as_secs_f64();
        println!("{} lives in {seconds:.1} s: {total}", total.lives);
        assert!(wrong.is_empty(), "seeds that went wrong: {wrong:?}");
        total.assert_that_it_was_a_life();
    }

    #[test]
    fn seeds_that_once_went_wrong_go_well() {
        let template = Template::make();
        for (seed, was) in KEPT {
            let life = live(&template, *seed);
            assert!(life.wrongs.is_empty(), "as before ({was})? {}", told(&life));
        }
    }

    #[test]
    fn a_seed_replays_to_the_letter() {
        let template = Template::make();
        for seed in [1, 2, 3] {
            let lives = [live(&template, seed), live(&template, seed)];
            let [first, second] = lives.map(|life| life.story.lines());
            for (a, b) in first.iter().zip(&second) {
                assert_eq!(a, b, "seed {seed}");
            }
            assert_eq!(first.len(), second.len(), "seed {seed}");
        }
        if let Some(seed) = number("SOKHOE_SEED") {
            println!("{}", live(&template, seed).story);
        }
    }
}

/// Lives that went wrong after which no more are lived.
const ENOUGH: usize = 20;

/// What went wrong in a life, and its story: in a file, when a folder for stories is named.
fn told(life: &Life) -> String {
    let mut told = format!("seed {} went wrong:", life.seed);
    for wrong in &life.wrongs {
        let _infallible = write!(told, "\n  {wrong}");
    }
    let whole = format!("{told}\n{}", life.story);
    let Some(folder) = std::env::var_os("SOKHOE_STORIES") else {
        return whole;
    };
    let file = PathBuf::from(folder).join(format!("seed-{}.txt", life.seed));
    match std::fs::write(&file, &whole) {
        Ok(()) => format!("{told}\n  its story: {}", file.display()),
        Err(_) => whole,
    }
}
