//! Which invoice a transfer's text means. Banks put words before and behind what the payer wrote, cut it, write it in capitals and
//! take spaces and signs out: a reference is looked for anywhere in what is left.

use std::collections::BTreeSet;

use super::invoice::{LETTERS, PREFIX, RANDOM_LETTERS};
use crate::store::{StoreError, Tx, params};

/// Texts are shorter; what a stranger wrote is looked into so far.
const LONGEST: usize = 1_000;

/// Which invoice a text means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    One(String),
    None,
    Several,
}

/// The one invoice whose reference is in a text.
pub(super) fn meant(tx: &Tx<'_>, text: &str) -> Result<Meant, StoreError> {
    let mut known = BTreeSet::new();
    for reference in candidates(text) {
        let is_there = tx.sql().exists(
            "SELECT 1 FROM invoice WHERE reference = ?1",
            params![reference],
        )?;
        if is_there {
            known.insert(reference);
        }
    }
    let mut known = known.into_iter();
    Ok(match (known.next(), known.next()) {
        (Some(one), None) => Meant::One(one),
        (None, _) => Meant::None,
        (Some(_), Some(_)) => Meant::Several,
    })
}

/// What could be a reference, wherever it begins.
fn candidates(text: &str) -> BTreeSet<String> {
    let plain: String = text
        .chars()
        .take(LONGEST)
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let starts = plain.match_indices(PREFIX).map(|(at, _)| at);
    starts
        .filter_map(|at| plain.get(at..at + PREFIX.len() + RANDOM_LETTERS))
        .filter(|text| {
            let mut letters = text.bytes().skip(PREFIX.len());
            letters.all(|letter| LETTERS.contains(&letter))
        })
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reference_is_found_in_what_banks_make_of_it() {
        for text in [
            "SK8F3K2Q",
            "sk8f3k2q kham benh",
            "CT DEN:0123 MBVCB.123.SK8F3K2Q.CT tu 0011 toi 1190",
            "IBFT SK 8F3 K2Q",
            "NGUYENVANASK8F3K2QKHAMBENH",
            "SKSK8F3K2Q",
            "thanh toán-SK8F3K2Q-khám",
        ] {
            let found = candidates(text);
            assert!(found.contains("SK8F3K2Q"), "{text}: {found:?}");
        }
        for text in ["", "SK", "SK8F3K2", "SK8F3K2O", "SK8F3K21", "S8F3K2QK"] {
            assert!(!candidates(text).contains("SK8F3K2Q"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_around_it_a_reference_is_found(
            before in "[ -~à-ỹ]{0,80}",
            reference in "SK[2-9A-HJ-NP-Z]{6}",
            after in "[ -~à-ỹ]{0,80}",
            is_lower: bool,
        ) {
            let text = format!("{before}{reference}{after}");
            let text = if is_lower { text.to_lowercase() } else { text };
            prop_assert!(candidates(&text).contains(&reference), "{text}");
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,1500}") {
            for found in candidates(&text) {
                prop_assert_eq!(found.len(), 8);
            }
        }
    }
}
