//! `first_sync`: resources a second over loopback from our clinic into the vault of a new phone.

use std::time::Instant;

use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

use crate::report::{Figure, percentile};

const RUNS: usize = 5;

#[expect(clippy::disallowed_methods, reason = "this measures time")]
pub async fn measure() -> Figure {
    let clinic = TestClinic::with_book().await;
    let mut rates = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
        let begin = Instant::now();
        let synced = phone.app.sync(&person).await.expect("a sync");
        rates.push(synced.stored as f64 / begin.elapsed().as_secs_f64());
    }
    Figure::new(
        "first_sync",
        percentile(&mut rates, 50),
        "resources/s",
        RUNS,
    )
}
