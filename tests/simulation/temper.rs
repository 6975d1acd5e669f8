//! What kind of a life it is.
//!
//! Lives of one kind find one kind of bugs, and most of what is wrong needs few actors that do much in a short time.
//! So the seed decides how many phones there are and how busy everybody is: many lives are small, some are crowded.

use std::time::Duration;

use crate::dice::Dice;

/// How long a life is, before the quiet.
pub const LIFE: Duration = Duration::from_secs(36_000);

/// Of a life.
#[derive(Clone, Copy)]
pub struct Temper {
    /// So many of the family's phones are in it.
    pub phones: usize,
    /// Between two visits of a person to their phone, in the mean: each visit is several things in a row.
    pub between_visits: Duration,
    /// Between two things that happen at a clinic, in the mean.
    pub at_clinics: Duration,
}

impl Temper {
    /// Of a seed.
    pub fn of(seed: u64) -> Self {
        let dice = Dice::new(seed, 2);
        let phones = match dice.below(20) {
            0..6 => 1,
            6..16 => 2,
            16..18 => 3,
            18 => 4,
            _ => 5,
        };
        let minutes = match dice.below(20) {
            0..2 => 60,
            2..5 => 300,
            _ => 1_200,
        };
        Self {
            phones,
            between_visits: Duration::from_secs(60 * minutes),
            at_clinics: Duration::from_secs(60 * (60 + minutes / 6)),
        }
    }
}
