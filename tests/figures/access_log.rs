//! What it costs that who did what is remembered: the same clinic with its access log and without, in turn.
//!
//! `access_log_bookings`: durable answers to `$book` a second when 128 phones ask again at once, with the log; the peer is the
//! clinic without one. `access_log_reads`: the same of reads: a Patient, a search of Observations, the feed. The ratio is what
//! is left of the throughput.

use std::time::Duration;

use tempfile::TempDir;

use crate::report::{Figure, percentile};
use crate::rush::{AT_ONCE, Rushed};

pub const NAMES: [&str; 2] = ["access_log_bookings", "access_log_reads"];

/// Turns of each, so that what else the machine does falls on both.
const TURNS: usize = 5;
const LASTS: Duration = Duration::from_secs(5);

pub async fn measure() -> Vec<Figure> {
    let folders = [
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    ];
    let mut with = Rushed::begin(folders[0].path(), true).await;
    let mut without = Rushed::begin(folders[1].path(), false).await;
    let mut figures = Vec::new();
    for (name, reads) in NAMES.into_iter().zip([false, true]) {
        let (mut kept, mut bare) = (Vec::new(), Vec::new());
        for turn in 0..2 * TURNS {
            let (rushed, rates) = match turn % 2 {
                0 => (&mut with, &mut kept),
                _ => (&mut without, &mut bare),
            };
            rates.push(rushed.rate(AT_ONCE, LASTS, reads).await);
        }
        println!("{name}: {kept:.0?} with, {bare:.0?} without");
        let with = percentile(&mut kept, 50);
        let without = percentile(&mut bare, 50);
        let figure = Figure::new(name, with, "1/s", TURNS);
        figures.push(figure.against("without a log", without));
    }
    figures
}
