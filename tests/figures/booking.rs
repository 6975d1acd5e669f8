//! `booking_round_trip`: from the tap to "confirmed", durable on the phone and at the clinic.

use std::time::Instant;

use sokhoe_app::BookingStatus;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

use crate::report::{Figure, percentile};

const RUNS: usize = 100;

#[expect(clippy::disallowed_methods, reason = "this measures time")]
pub async fn measure() -> Figure {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slots = phone.free_times(&person, 100).await;
    let mut times = Vec::with_capacity(RUNS);
    for slot in slots.into_iter().cycle().take(RUNS) {
        let begin = Instant::now();
        let booking = phone.book(&person, slot).await.expect("a booking");
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        assert_eq!(booking.status, BookingStatus::Confirmed);
        phone
            .app
            .cancel_booking(&person, &booking.id)
            .await
            .expect("a cancellation");
    }
    Figure::new("booking_round_trip", percentile(&mut times, 50), "ms", RUNS)
}
