//! Pausing while the vault writes and is read: until every file is let go.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sokhoe_app::domain::BookingState;
use sokhoe_app::domain::ports::Rng as _;
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::SeededRng;
use sokhoe_tests::numbered;
use sokhoe_vault::{Page, Vault, VaultError};
use tempfile::TempDir;

use super::book::{self, PAGE};
use super::corpus::{self, Resource};
use super::stage::Stage;
use crate::report::{Figure, percentile};

pub const NAMES: &[&str] = &[
    "pause_p50",
    "pause_p99",
    "pause_max",
    "pause_booking_p50",
    "pause_booking_p99",
    "pause_booking_max",
];

/// How often it is paused under each load.
const PAUSES: usize = 400;
/// What a phone gives an app.
const WITHIN: Duration = Duration::from_millis(500);
/// The longest time between two pauses: some pages of the first sync, and a checkpoint.
const AWAKE_MILLIS: u64 = 250;

pub fn measure(stage: &Stage<'_>) -> Vec<Figure> {
    let resources = corpus::read(stage.corpus(), 10_000);
    let first_sync = pauses(|vault, stop| first_sync(vault, &resources, stop));
    let bookings = pauses(bookings);
    let mut figures = Vec::new();
    for (name, mut millis) in [("pause", first_sync), ("pause_booking", bookings)] {
        for (end, percent) in [("p50", 50), ("p99", 99), ("max", 100)] {
            let value = percentile(&mut millis, percent);
            figures.push(Figure::new(format!("{name}_{end}"), value, "ms", PAUSES));
        }
    }
    figures
}

/// Pauses at random moments of a load, while somebody reads; the milliseconds of each.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn pauses(load: impl Fn(&Vault, &AtomicBool) + Sync) -> Vec<f64> {
    let folder = TempDir::new().expect("a folder");
    let vault = Vault::create(&book::ports(folder.path()), book::NAME).expect("a vault");
    let stop = AtomicBool::new(false);
    let dice = SeededRng::new(7);
    let millis = std::thread::scope(|scope| {
        scope.spawn(|| load(&vault, &stop));
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                if vault.search("a", &book::first(50)) == Err(VaultError::Paused) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let millis = (0..PAUSES)
            .map(|_| {
                let mut random = [0; 8];
                dice.fill(&mut random);
                let awake = u64::from_le_bytes(random) % AWAKE_MILLIS;
                std::thread::sleep(Duration::from_millis(awake));
                let begin = Instant::now();
                vault.pause(WITHIN).expect("paused in time");
                let millis = begin.elapsed().as_secs_f64() * 1e3;
                assert_eq!(open_files(folder.path()), 0, "every file is let go");
                vault.resume();
                millis
            })
            .collect();
        stop.store(true, Ordering::Relaxed);
        millis
    });
    vault.check().expect("nothing is damaged");
    millis
}

/// A first sync without end: pages of 500 resources, from the second time on new versions of them.
fn first_sync(vault: &Vault, resources: &[Resource], stop: &AtomicBool) {
    for round in 0_u64.. {
        for page in resources.chunks(PAGE) {
            let version = round.to_string();
            let changes: Vec<Change<'_>> = page
                .iter()
                .map(|resource| Change::Put {
                    key: resource.key.clone(),
                    version: Some(version.clone()),
                    json: &resource.json,
                })
                .collect();
            again_while_paused(stop, || {
                vault.apply(&Page {
                    clinic: &book::clinic(),
                    changes: &changes,
                    cursor: &version,
                    received: sokhoe_app::domain::Timestamp::from_millis(0),
                    bookings: &[],
                    events: &[],
                })
            });
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// Bookings and their answers, each on disk before it returns, and small pages.
fn bookings(vault: &Vault, stop: &AtomicBool) {
    for number in 0.. {
        let confirmed = numbered::booking(number, BookingState::Confirmed);
        again_while_paused(stop, || numbered::enqueue(vault, number));
        again_while_paused(stop, || vault.settle(confirmed.id, &confirmed, &[]));
        again_while_paused(stop, || numbered::apply_page(vault, number));
        if stop.load(Ordering::Relaxed) {
            return;
        }
    }
}

fn again_while_paused<T>(stop: &AtomicBool, work: impl Fn() -> Result<T, VaultError>) {
    while let Err(error) = work() {
        assert_eq!(error, VaultError::Paused);
        if stop.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The files of a folder that this process has open, as Linux lists them.
fn open_files(folder: &Path) -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, |entries| {
        entries
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter(|path| path.starts_with(folder))
            .count()
    })
}
