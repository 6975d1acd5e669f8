//! Many vaults at once, and the end of one.

use std::time::Instant;

use sokhoe_vault::Vault;
use tempfile::TempDir;

use super::book;
use super::corpus;
use super::stage::Stage;
use crate::report::{Figure, percentile};

pub const NAMES: &[&str] = &["twenty_vaults", "erase"];
pub const CHECK: &[&str] = &["check"];

/// The neighbours that a commune's helper looks after.
const VAULTS: usize = 20;
const RESOURCES: usize = 500;
const OPENS: usize = 21;
const ERASES: usize = 5;
const CHECKS: usize = 5;

pub fn measure(stage: &Stage<'_>) -> Vec<Figure> {
    vec![twenty_vaults(stage), erase(stage)]
}

/// All of them open, each with its first list, in one process.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn twenty_vaults(stage: &Stage<'_>) -> Figure {
    let folder = TempDir::new().expect("a folder");
    let ports = book::ports(folder.path());
    let resources = corpus::read(stage.corpus(), VAULTS * RESOURCES);
    let names: Vec<String> = (0..VAULTS).map(|n| format!("neighbour-{n}")).collect();
    for (name, resources) in names.iter().zip(resources.chunks(RESOURCES)) {
        book::fill(&Vault::create(&ports, name).expect("a vault"), resources);
    }
    let mut millis: Vec<f64> = (0..OPENS)
        .map(|_| {
            let begin = Instant::now();
            let vaults: Vec<Vault> = names
                .iter()
                .map(|name| Vault::open(&ports, name).expect("a vault"))
                .collect();
            for vault in &vaults {
                assert!(
                    !vault
                        .entries(&book::first(50))
                        .expect("rows")
                        .rows
                        .is_empty()
                );
            }
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    Figure::new("twenty_vaults", percentile(&mut millis, 50), "ms", OPENS)
}

/// The key destroyed and a book of 50,000 resources gone.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn erase(stage: &Stage<'_>) -> Figure {
    let stored = stage.book(book::Side::Encrypted);
    let mut millis: Vec<f64> = (0..ERASES)
        .map(|_| {
            let folder = TempDir::new().expect("a folder");
            for file in std::fs::read_dir(&stored).expect("the book") {
                let file = file.expect("a file");
                std::fs::copy(file.path(), folder.path().join(file.file_name())).expect("a copy");
            }
            let ports = book::ports(folder.path());
            let begin = Instant::now();
            Vault::erase(&ports, book::NAME).expect("erased");
            let millis = begin.elapsed().as_secs_f64() * 1e3;
            assert!(Vault::open(&ports, book::NAME).is_err());
            millis
        })
        .collect();
    Figure::new("erase", percentile(&mut millis, 95), "ms", ERASES)
}

/// A whole book read and verified, each time after it was opened.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
pub fn check(stage: &Stage<'_>) -> Vec<Figure> {
    let folder = TempDir::new().expect("a folder");
    let ports = book::ports(folder.path());
    let resources = corpus::read(stage.corpus(), stage.count);
    book::fill(
        &Vault::create(&ports, book::NAME).expect("a vault"),
        &resources,
    );
    let mut millis: Vec<f64> = (0..CHECKS)
        .map(|_| {
            let vault = Vault::open(&ports, book::NAME).expect("a vault");
            let begin = Instant::now();
            vault.check().expect("a whole book");
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    vec![Figure::new(
        "check",
        percentile(&mut millis, 50),
        "ms",
        CHECKS,
    )]
}
