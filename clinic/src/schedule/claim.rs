//! Taking time. The database's UNIQUE (schedule, cell, seat) decides who gets it; [`is_full`] only spares most of
//! those who come too late the writing of what would be taken back.

use sokhoe_domain::Timestamp;
use sokhoe_domain::planted::{Bug, is_planted};

use super::calendar::Offer;
use super::cells::MINUTES;
use super::free::{has_free_seat, taken_seats};
use super::source::Source;
use crate::store::{StoreError, Tx, params};

/// Takes the offered time for an appointment: the first seat that is free all along. Whether it could.
pub(super) fn claim(
    tx: &Tx<'_>,
    offer: &Offer<'_>,
    appointment: i64,
    source: Source,
    expires: Option<Timestamp>,
) -> Result<bool, StoreError> {
    if is_planted(Bug::TwoInOneSeat) {
        return Ok(true);
    }
    let first = offer.cell.0;
    let end = first + offer.minutes / MINUTES;
    // Holds whose time is over go when somebody wants their place.
    tx.sql().execute(
        "DELETE FROM busy WHERE schedule = ?1 AND cell >= ?2 AND cell < ?3 AND expires <= ?4",
        params![offer.schedule.pk, first, end, tx.now().as_millis()],
    )?;
    for seat in 0..offer.schedule.seats(source) {
        if take_seat(tx, offer, first..end, seat, appointment, expires)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether every seat is taken at some time of what is offered.
pub(super) fn is_full(tx: &Tx<'_>, offer: &Offer<'_>, source: Source) -> Result<bool, StoreError> {
    if is_planted(Bug::TwoInOneSeat) {
        return Ok(false);
    }
    let end = offer.cell.plus_minutes(offer.minutes);
    let taken = taken_seats(tx.sql(), offer.schedule, offer.cell, end, tx.now())?;
    Ok(!has_free_seat(offer, &taken, source))
}

/// Gives an appointment's time back.
pub(super) fn release(tx: &Tx<'_>, appointment: i64) -> Result<(), StoreError> {
    tx.sql().execute(
        "DELETE FROM busy WHERE appointment = ?1",
        params![appointment],
    )?;
    Ok(())
}

fn take_seat(
    tx: &Tx<'_>,
    offer: &Offer<'_>,
    cells: std::ops::Range<i64>,
    seat: u32,
    appointment: i64,
    expires: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let expires = expires.map(Timestamp::as_millis);
    for cell in cells.clone() {
        // Beside other processes this waits until who took the cell has committed, or has not.
        let taken = tx.sql().execute(
            "INSERT INTO busy (schedule, cell, seat, appointment, expires) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (schedule, cell, seat) DO NOTHING",
            params![offer.schedule.pk, cell, seat, appointment, expires],
        )?;
        if taken == 0 {
            // Gives back the cells before this one.
            tx.sql().execute(
                "DELETE FROM busy
                 WHERE schedule = ?1 AND cell >= ?2 AND cell < ?3 AND seat = ?4 AND appointment = ?5",
                params![offer.schedule.pk, cells.start, cell, seat, appointment],
            )?;
            return Ok(false);
        }
    }
    Ok(true)
}
