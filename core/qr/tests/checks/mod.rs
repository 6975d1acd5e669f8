//! What must hold whatever a reader is given. `it/corpus.rs` replays the corpus through it, `fuzz/` feeds it
//! with anything.

mod cards;
#[cfg(feature = "image")]
mod image;
mod link;
mod payment;
mod scan;
mod signed;

use std::fmt::{Debug, Display};

pub use cards::{citizen_card, insurance_card, numbers};
#[cfg(feature = "image")]
pub use image::image;
pub use link::health_link;
pub use payment::{emv_payload, payment, vietqr};
pub use scan::scan;
pub use signed::{signed, ticket};

pub type Check = fn(&[u8]);

/// Every check by the name of its fuzz target and of its folder in the corpus.
pub const ALL: &[(&str, Check)] = &[
    ("citizen_card", citizen_card),
    ("emv_payload", emv_payload),
    ("health_link", health_link),
    #[cfg(feature = "image")]
    ("image", image),
    ("insurance_card", insurance_card),
    ("numbers", numbers),
    ("payment", payment),
    ("scan", scan),
    ("signed", signed),
    ("ticket", ticket),
    ("vietqr", vietqr),
];

/// As many digits in a row tell something about a person.
const TELLING: usize = 6;

/// Fails when output for logs repeats a telling run of digits of the input. What is shown `on_purpose` may.
fn assert_hidden(input: &str, output: &str, on_purpose: &[String]) {
    let mut rest = output.to_owned();
    for part in on_purpose.iter().filter(|part| !part.is_empty()) {
        rest = rest.replace(part, "·");
    }
    for run in rest.split(|c: char| !c.is_ascii_digit()) {
        for start in 0..(run.len() + 1).saturating_sub(TELLING) {
            let telling = &run[start..start + TELLING];
            assert!(!input.contains(telling), "{telling} is told by {output}");
        }
    }
}

fn assert_error_hides(input: &str, error: &(impl Debug + Display)) {
    assert_hidden(input, &format!("{error:?} {error}"), &[]);
}

fn shown(value: &impl Debug) -> String {
    format!("{value:?}")
}

/// What `Debug` shows of a number of a person.
fn last_four(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    let count = (characters.len() / 2).min(4);
    let last: String = characters[characters.len() - count..].iter().collect();
    format!("…{last}")
}
