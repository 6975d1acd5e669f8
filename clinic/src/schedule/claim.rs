//! Taking time. The database's UNIQUE (schedule, cell, seat) decides who gets it; [`free_seat`] tells most of those who
//! come too late so before anything is written that would be taken back.

use std::ops::Range;

use sokhoe_domain::Timestamp;
use sokhoe_domain::planted::{Bug, is_planted};

use super::calendar::Offer;
use super::cells::MINUTES;
use super::source::Source;
use crate::store::{StoreError, Tx, params};

/// How often another seat is looked for when somebody was quicker: beside other processes alone.
const TRIES: usize = 64;

/// A seat that was free all along an offered time when it was looked for.
pub(super) struct FreeSeat {
    seat: u32,
    /// Whether holds whose time is over still lie there, in some seat.
    has_ended_holds: bool,
}

impl FreeSeat {
    /// Whether holds whose time is over still lie there, in some seat.
    pub fn has_ended_holds(&self) -> bool {
        self.has_ended_holds
    }
}

/// The first seat of an offered time that nobody has.
pub(super) fn free_seat(
    tx: &Tx<'_>,
    offer: &Offer<'_>,
    source: Source,
) -> Result<Option<FreeSeat>, StoreError> {
    let (mut taken, mut has_ended_holds) = (0_u64, false);
    let cells = cells(offer);
    let found = tx.sql().rows(
        "SELECT seat, expires FROM busy WHERE schedule = ?1 AND cell >= ?2 AND cell < ?3",
        params![offer.schedule.pk, cells.start, cells.end],
        |row| Ok((row.get::<u32>(0)?, row.get::<Option<i64>>(1)?)),
    )?;
    for (seat, expires) in found {
        if expires.is_some_and(|expires| expires <= tx.now().as_millis()) {
            has_ended_holds = true;
        } else {
            taken |= 1_u64.checked_shl(seat).unwrap_or(0);
        }
    }
    if is_planted(Bug::TwoInOneSeat) {
        taken = 0;
    }
    let seat = taken.trailing_ones();
    Ok((seat < offer.schedule.seats(source)).then_some(FreeSeat {
        seat,
        has_ended_holds,
    }))
}

/// Takes the offered time for an appointment: the seat that was seen to be free, or another where somebody was quicker.
/// Whether it could.
pub(super) fn take(
    tx: &Tx<'_>,
    offer: &Offer<'_>,
    mut seen: FreeSeat,
    appointment: i64,
    source: Source,
    expires: Option<Timestamp>,
) -> Result<bool, StoreError> {
    if is_planted(Bug::TwoInOneSeat) {
        return Ok(true);
    }
    for _ in 0..TRIES {
        // Holds whose time is over go when somebody wants their place.
        if seen.has_ended_holds {
            let cells = cells(offer);
            tx.sql().execute(
                "DELETE FROM busy WHERE schedule = ?1 AND cell >= ?2 AND cell < ?3 AND expires <= ?4",
                params![offer.schedule.pk, cells.start, cells.end, tx.now().as_millis()],
            )?;
        }
        if take_seat(tx, offer, seen.seat, appointment, expires)? {
            return Ok(true);
        }
        let Some(other) = free_seat(tx, offer, source)? else {
            break;
        };
        seen = other;
    }
    Ok(false)
}

/// Looks for a seat and takes it. Whether it could.
pub(super) fn claim(
    tx: &Tx<'_>,
    offer: &Offer<'_>,
    appointment: i64,
    source: Source,
) -> Result<bool, StoreError> {
    match free_seat(tx, offer, source)? {
        Some(seat) => take(tx, offer, seat, appointment, source, None),
        None => Ok(false),
    }
}

/// Gives an appointment's time back.
pub(super) fn release(tx: &Tx<'_>, appointment: i64) -> Result<(), StoreError> {
    tx.sql().execute(
        "DELETE FROM busy WHERE appointment = ?1",
        params![appointment],
    )?;
    Ok(())
}

fn cells(offer: &Offer<'_>) -> Range<i64> {
    let first = offer.cell.0;
    first..first + offer.minutes / MINUTES
}

fn take_seat(
    tx: &Tx<'_>,
    offer: &Offer<'_>,
    seat: u32,
    appointment: i64,
    expires: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let cells = cells(offer);
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
