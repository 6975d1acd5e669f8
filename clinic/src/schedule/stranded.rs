//! Bookings whose time is offered no longer: somebody has to move them or call them off.

use std::collections::BTreeSet;

use sokhoe_domain::Timestamp;

use super::calendar::Calendar;
use crate::store::{Sql, StoreError, params};

/// The ids of bookings to come, of some Schedules or of all, that the calendar does not offer.
pub(crate) fn stranded(
    sql: Sql<'_>,
    calendar: &Calendar,
    of: Option<&BTreeSet<String>>,
    now: Timestamp,
) -> Result<BTreeSet<String>, StoreError> {
    let mut stranded = BTreeSet::new();
    sql.stream(
        "SELECT a.id, a.schedule, a.service, a.starts, s.id FROM appointment a JOIN schedule s ON s.pk = a.schedule
         WHERE a.state = 'booked' AND a.starts > ?1",
        params![now.as_millis()],
        |row| {
            let schedule = row.text(4)?;
            if of.is_some_and(|of| !of.contains(schedule)) {
                return Ok(true);
            }
            let (schedule, service) = (row.get(1)?, row.get(2)?);
            let starts = Timestamp::from_millis(row.get(3)?);
            if !calendar.still_has(schedule, service, starts, now) {
                stranded.insert(row.get(0)?);
            }
            Ok(true)
        },
    )?;
    Ok(stranded)
}
