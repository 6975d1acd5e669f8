//! Tickets of bookings: what a phone shows at the kiosk, also when neither has a network.
//!
//! They are signed when a phone asks for them, not when the time is booked: twenty signatures take longer than a booking
//! does, and in the rush in which times are given out nobody needs them yet.

use sokhoe_domain::{GrantScope, Timestamp, VisitMode};
use sokhoe_fhir::{Appointment, AppointmentStatus};
use sokhoe_qr::TicketSheet;

use crate::access::Access;
use crate::keys::Keys;
use crate::store::{Sql, StoreError, params};

/// A booking whose visit takes place at the clinic.
pub(crate) struct BookedVisit {
    /// The number of its tickets: the row's own.
    number: u32,
    start: Timestamp,
}

/// The booking of this id; nothing when it is not granted, not booked, or by telephone or video.
pub(crate) fn visit(
    sql: Sql<'_>,
    access: &Access,
    id: &str,
) -> Result<Option<BookedVisit>, StoreError> {
    let Some(stored) = access.read_to(sql, "Appointment", id, GrantScope::Book)? else {
        return Ok(None);
    };
    let takes_place_here = Appointment::from_json(&stored.json).is_ok_and(|visit| {
        visit.status == AppointmentStatus::Booked && visit.mode != Some(VisitMode::Remote)
    });
    if !takes_place_here {
        return Ok(None);
    }
    let row = sql.first(
        "SELECT pk, starts FROM appointment WHERE id = ?1 AND state = 'booked'",
        params![id],
        |row| Ok((row.get::<i64>(0)?, row.get(1)?)),
    )?;
    Ok(row.and_then(|(pk, starts)| {
        Some(BookedVisit {
            number: u32::try_from(pk).ok()?,
            start: Timestamp::from_millis(starts),
        })
    }))
}

/// The signed sheet of a visit; nothing for a time that no ticket can say.
pub(crate) fn sheet(keys: &Keys, visit: &BookedVisit) -> Option<String> {
    let key = keys.identity();
    let sheet = TicketSheet::for_appointment(visit.number, visit.start, key).ok()?;
    sheet.sign(key).ok()
}
