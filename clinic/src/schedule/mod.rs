//! Time: what is offered, what is free, who has it.

mod allowance;
mod answers;
mod at_desk;
mod book;
mod calendar;
mod cells;
mod claim;
mod free;
mod packed;
mod refusal;
mod source;
mod stranded;
pub(crate) mod timetable;
mod together;
pub(crate) mod waiting_list;

pub(crate) use answers::{Answer, Asked, Operation, once, once_for_several};
pub(crate) use at_desk::book_at_desk;
pub use at_desk::{DeskAnswer, DeskBooking, DeskRequest};
pub(crate) use book::{
    Office, book, call_off, hold, patient as patient_of, put as put_appointment,
};
pub(crate) use calendar::{Calendar, SPECIALTY, Service, last_day};
pub(crate) use cells::Cell;
pub(crate) use free::{Wanted, find};
pub use refusal::Refusal;
pub use source::Source;
pub(crate) use stranded::stranded;
pub(crate) use together::book_together;

use std::time::Duration;

use crate::queue;
use crate::store::{StoreError, Tx, params};

/// How long an answer to an intent is kept: a phone may be off that long.
const ANSWERS_KEPT_MILLIS: i64 = 30 * 24 * 3_600_000;
/// How long a hold that ended is remembered.
const HOLDS_KEPT_MILLIS: i64 = 24 * 3_600_000;

/// How long a ticket is known to be used after none of its number passes: whatever a clock once was.
const TICKETS_KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Drops what no phone can ask for any more.
pub(crate) fn forget_old(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let now = tx.now().as_millis();
    tx.sql().execute(
        "DELETE FROM answer WHERE at < ?1",
        params![now - ANSWERS_KEPT_MILLIS],
    )?;
    let old = now - HOLDS_KEPT_MILLIS;
    tx.sql().execute(
        "DELETE FROM busy WHERE appointment IN (SELECT pk FROM appointment WHERE state = 'held' AND expires < ?1)",
        params![old],
    )?;
    tx.sql().execute(
        "DELETE FROM appointment WHERE state = 'held' AND expires < ?1",
        params![old],
    )?;
    queue::forget_ended(tx, tx.now().minus(TICKETS_KEPT))
}
