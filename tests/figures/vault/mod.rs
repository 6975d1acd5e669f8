//! The vault beside plain SQLite, itself without encryption, the Android FHIR SDK's way on the JVM, and what
//! the SDK publishes. docs/figures.md tells what each figure is.

mod book;
pub mod corpus;
mod jobs;
mod jvm;
mod life;
mod pausing;
mod published;
mod reading;
mod stage;
mod storing;

use crate::report::Figure;
use jvm::Jvm;
use stage::Stage;

pub use jobs::run as run_job;

/// The sizes of books that figures are of, and how the names of their figures end.
const SIZES: [(usize, &str); 2] = [(50_000, ""), (10_000, "_10k")];

/// A group of figures that are measured together.
struct Group {
    /// Without the size's ending.
    names: &'static [&'static str],
    measure: fn(&Stage<'_>) -> Vec<Figure>,
    /// The only size that it is measured at, where it is one.
    only_at: Option<usize>,
}

const GROUPS: [Group; 8] = [
    Group {
        names: storing::NAMES,
        measure: storing::measure,
        only_at: None,
    },
    Group {
        names: reading::NAMES,
        measure: reading::measure,
        only_at: None,
    },
    Group {
        names: reading::SESSION,
        measure: reading::session,
        only_at: None,
    },
    Group {
        names: reading::AGAINST_JVM,
        measure: reading::against_jvm,
        only_at: None,
    },
    Group {
        names: published::NAMES,
        measure: published::measure,
        only_at: Some(10_000),
    },
    Group {
        names: life::NAMES,
        measure: life::measure,
        only_at: Some(50_000),
    },
    Group {
        names: life::CHECK,
        measure: life::check,
        only_at: Some(50_000),
    },
    Group {
        names: pausing::NAMES,
        measure: pausing::measure,
        only_at: Some(10_000),
    },
];

/// Those of the vault's figures that are wanted.
pub fn measure(wanted: impl Fn(&str) -> bool) -> Vec<Figure> {
    let of_jvm = |name: &str| name.contains("_vs_jvm") && wanted(name);
    let jvm = names()
        .any(|name| of_jvm(&name))
        .then(Jvm::prepared)
        .flatten();
    if jvm.is_none() && names().any(|name| of_jvm(&name)) {
        println!("*_vs_jvm are left out: they need Java and Maven, see `cargo xtask bench`");
    }
    let mut figures = Vec::new();
    for (count, suffix) in SIZES {
        let stage = Stage::new(count, suffix, jvm.as_ref());
        for group in &GROUPS {
            if names_of(group, count, suffix).any(|name| wanted(&name)) {
                figures.extend((group.measure)(&stage));
            }
        }
    }
    figures.retain(|figure| wanted(&figure.name));
    figures
}

/// The names of all of them.
fn names() -> impl Iterator<Item = String> {
    SIZES.into_iter().flat_map(|(count, suffix)| {
        GROUPS
            .iter()
            .flat_map(move |group| names_of(group, count, suffix))
    })
}

fn names_of(
    group: &Group,
    count: usize,
    suffix: &'static str,
) -> impl Iterator<Item = String> + use<> {
    let here = group.only_at.is_none_or(|only| only == count);
    // What is measured at one size only needs no ending.
    let suffix = if group.only_at.is_some() { "" } else { suffix };
    group
        .names
        .iter()
        .filter(move |_| here)
        .map(move |name| format!("{name}{suffix}"))
}
