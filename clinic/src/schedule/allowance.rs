//! How many coming bookings one person may have.

use super::calendar::Calendar;
use crate::store::{StoreError, Tx, params};

/// Coming bookings of one person, of all services that say no number of their own.
const BOOKINGS_AHEAD: u32 = 5;

/// Whether a person has as many coming bookings as they may, so that one more of this service is too many. Those of a service that
/// says its own number, such as dialysis, are counted apart.
pub(super) fn is_used_up(
    tx: &Tx<'_>,
    calendar: &Calendar,
    patient: &str,
    service: i64,
) -> Result<bool, StoreError> {
    let own = |pk| calendar.service(pk)?.bookings_ahead;
    let coming: Vec<i64> = tx.sql().rows(
        "SELECT service FROM appointment WHERE patient = ?1 AND state = 'booked' AND ends > ?2",
        params![patient, tx.now().as_millis()],
        |row| row.get(0),
    )?;
    let (allowed, coming) = match own(service) {
        Some(allowed) => (allowed, coming.iter().filter(|it| **it == service).count()),
        None => {
            let others = coming.iter().filter(|it| own(**it).is_none());
            (BOOKINGS_AHEAD, others.count())
        }
    };
    Ok(u32::try_from(coming).unwrap_or(u32::MAX) >= allowed)
}
