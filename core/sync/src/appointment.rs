//! What a clinic's Appointment says of a booking: the one reading for answers and for the feed.

use std::fmt;

use serde::{Deserialize, Serialize};
use sokhoe_domain::{BookingState, ClinicId, Otherwise, Refusal, Timestamp, Wire};
use sokhoe_fhir::slot_booking::intent_of;
use sokhoe_fhir::{Appointment, AppointmentStatus, FhirError, Ref};
use sokhoe_vault::{NewEvent, StoredBooking};

use crate::intent::{BookIntent, MoveIntent};
use crate::waiting_list;

/// The kind of the event that a booking was confirmed as the person had said would do, not as they named it first. Its
/// body is [`Elsewhere`] as JSON.
pub const CONFIRMED_OTHERWISE: &str = "booking-confirmed-otherwise";

/// The kind of the event that a confirmed booking has another time or doctor now, whoever wanted it so. Its body is [`Moved`] as
/// JSON.
pub const MOVED: &str = "booking-moved";

/// The kind of the event that a clinic refused another time; the booking stands where it was. Its body is
/// [`MoveRefused`] as JSON.
pub const MOVE_REFUSED: &str = "move-refused";
/// A clinic does not call a booking off; its body is a [`CancellationRefused`] where asking again is in vain.
pub const CANCELLATION_REFUSED: &str = "cancellation-refused";

/// From when to when a booking was moved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// When it began before.
    pub from: Timestamp,
    /// When it begins now.
    pub start: Timestamp,
    /// Who is seen; may be empty.
    pub practitioner: String,
}

/// What was wanted and could not be had.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveRefused {
    /// The time that the person wanted.
    pub wanted: Timestamp,
    /// Why not.
    pub refusal: Refusal,
}

/// Why what was to be called off stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancellationRefused {
    /// Why.
    pub refusal: Refusal,
}

impl fmt::Debug for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moved").finish_non_exhaustive()
    }
}

impl fmt::Debug for MoveRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoveRefused").finish_non_exhaustive()
    }
}

/// Where and when a booking was confirmed that was asked for at another place in time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// When it begins.
    pub start: Timestamp,
    /// Who is seen; may be empty.
    pub practitioner: String,
    /// The time that the person named first.
    pub asked: Timestamp,
}

impl fmt::Debug for Elsewhere {
    /// Neither who is seen nor when.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elsewhere").finish_non_exhaustive()
    }
}

/// Reads an Appointment. One that a server of somebody else's gave an id of its own has the id of the
/// booking that it is, so that the two are one.
pub(crate) fn read(wire: Wire, json: &str) -> Result<Appointment, FhirError> {
    let mut appointment = Appointment::from_json(json)?;
    if wire == Wire::Server
        && let Some(intent) = intent_of(json)
    {
        appointment.id = Some(intent.to_string());
    }
    Ok(appointment)
}

/// An answer need not repeat what the person saw when booking.
pub(crate) fn with_names_of(booking: StoredBooking, before: &StoredBooking) -> StoredBooking {
    let kept = |new: String, old: &String| if new.is_empty() { old.clone() } else { new };
    StoredBooking {
        service: kept(booking.service, &before.service),
        practitioner: kept(booking.practitioner, &before.practitioner),
        location: kept(booking.location, &before.location),
        ..booking
    }
}

/// Whether an Appointment has another Slot than the one that its intent names first.
pub(crate) fn is_another_slot(appointment: &Appointment, intent: Option<&BookIntent>) -> bool {
    match (&appointment.slot, intent) {
        (Some(slot), Some(intent)) => *slot != intent.slot_id,
        _ => false,
    }
}

/// The same without what the person saw of a time that was booked in the place of the named one: the doctor and the room
/// of that one may be others.
pub(crate) fn of_another_time(before: &StoredBooking) -> StoredBooking {
    StoredBooking {
        practitioner: String::new(),
        location: String::new(),
        ..before.clone()
    }
}

/// The same with what the person saw of the time that it moves to.
pub(crate) fn moved_as_wanted(before: &StoredBooking, wanted: &MoveIntent) -> StoredBooking {
    StoredBooking {
        start: wanted.start,
        end: wanted.end,
        practitioner: wanted.practitioner.clone(),
        location: wanted.location.clone(),
        ..before.clone()
    }
}

/// The booking that an Appointment is, with what the phone knows of it beside: the time that the person named when it is not what
/// they named, and of which series it is where the clinic does not tell that.
pub(crate) fn with_asked(
    booking: StoredBooking,
    before: &StoredBooking,
    appointment: &Appointment,
    intent: Option<&BookIntent>,
) -> StoredBooking {
    let otherwise = intent.and_then(|intent| intent.otherwise.as_ref());
    let may_be_another = match appointment.slot {
        Some(_) => is_another_slot(appointment, intent),
        None => !booking.practitioner.is_empty(),
    };
    let is_with_another = may_be_another
        && otherwise.is_some_and(Otherwise::any_practitioner)
        && booking.practitioner != before.practitioner;
    let is_elsewhere = booking.start != before.start || is_with_another;
    let asked = if before.state.is_settled() {
        // Of a time that it is no longer at, nobody need be told what it was in the place of.
        before.asked.filter(|_| booking.start == before.start)
    } else {
        // Whoever waited for any time of a period named none.
        let is_named = intent.is_some();
        (is_named && is_elsewhere && booking.state.stands()).then_some(before.start)
    };
    StoredBooking {
        asked,
        occurrence: booking.occurrence.or(before.occurrence),
        ..booking
    }
}

/// What the person hears of a booking that a clinic decided, by what it was before; nothing where they were there
/// themselves, or are told by what is shown.
pub(crate) fn news_of(
    before: Option<&StoredBooking>,
    booking: &StoredBooking,
    at: Timestamp,
) -> Option<NewEvent> {
    if let Some(of_place) = waiting_list::news(before, booking, at) {
        return Some(of_place);
    }
    let is_moved = |before: &&StoredBooking| {
        before.state.stands() && booking.state.stands() && before.is_elsewhere(booking)
    };
    if let Some(before) = before.filter(is_moved) {
        let moved = Moved {
            from: before.start,
            start: booking.start,
            practitioner: booking.practitioner.clone(),
        };
        return Some(NewEvent {
            kind: MOVED.to_owned(),
            subject: booking.id.to_string(),
            at,
            body: serde_json::to_string(&moved).unwrap_or_default(),
        });
    }
    // The desk took back that they came, to whom it says so.
    let had_come = before.is_some_and(|before| before.state == BookingState::CheckedIn);
    if had_come && booking.state == BookingState::Confirmed {
        return None;
    }
    let is_known = before.is_none_or(|before| before.state.stands());
    if is_known && booking.state.stands() && booking.state != BookingState::Confirmed {
        return None;
    }
    let elsewhere = booking.asked.map(|asked| Elsewhere {
        start: booking.start,
        practitioner: booking.practitioner.clone(),
        asked,
    });
    let (kind, body) = match (&booking.state, elsewhere) {
        (BookingState::Cancelled, _) => ("booking-cancelled", String::new()),
        (_, Some(elsewhere)) => (
            CONFIRMED_OTHERWISE,
            serde_json::to_string(&elsewhere).unwrap_or_default(),
        ),
        (_, None) => ("booking-confirmed", String::new()),
    };
    Some(NewEvent {
        kind: kind.to_owned(),
        subject: booking.id.to_string(),
        at,
        body,
    })
}

/// What the clinic decided; nothing while it has not.
pub(crate) const fn decided(status: AppointmentStatus) -> Option<BookingState> {
    match status {
        AppointmentStatus::Booked => Some(BookingState::Confirmed),
        AppointmentStatus::Arrived | AppointmentStatus::CheckedIn => Some(BookingState::CheckedIn),
        AppointmentStatus::Fulfilled => Some(BookingState::Fulfilled),
        AppointmentStatus::Noshow => Some(BookingState::NoShow),
        AppointmentStatus::Cancelled | AppointmentStatus::EnteredInError => {
            Some(BookingState::Cancelled)
        }
        AppointmentStatus::Proposed | AppointmentStatus::Pending | AppointmentStatus::Waitlist => {
            None
        }
    }
}

/// An Appointment with an intent's id as the phone keeps it; nothing for one without a time or with
/// another kind of id.
pub(crate) fn booking_from(
    clinic: &ClinicId,
    appointment: &Appointment,
    state: BookingState,
    updated: Timestamp,
) -> Option<StoredBooking> {
    let name = |reference: &Option<Ref>| {
        reference
            .as_ref()
            .map(|r| r.name.clone())
            .unwrap_or_default()
    };
    // On a waiting list there is no time yet, but one within which it is wanted.
    let requested = appointment.requested;
    let (start, end) = match (appointment.start, requested) {
        (None, Some((start, end))) => (start, end),
        (start, _) => (start?, appointment.end.or(start)?),
    };
    Some(StoredBooking {
        id: appointment.id.as_deref()?.parse().ok()?,
        clinic: clinic.clone(),
        start,
        end,
        service: name(&appointment.service),
        practitioner: name(&appointment.practitioner),
        location: name(&appointment.location),
        state,
        updated,
        asked: None,
        occurrence: appointment.occurrence,
        changeable_until: appointment.changeable_until,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_clinic_decided_is_said() {
        use AppointmentStatus as Status;
        for (status, state) in [
            (Status::Proposed, None),
            (Status::Pending, None),
            (Status::Waitlist, None),
            (Status::Booked, Some(BookingState::Confirmed)),
            (Status::Arrived, Some(BookingState::CheckedIn)),
            (Status::CheckedIn, Some(BookingState::CheckedIn)),
            (Status::Fulfilled, Some(BookingState::Fulfilled)),
            (Status::Noshow, Some(BookingState::NoShow)),
            (Status::Cancelled, Some(BookingState::Cancelled)),
            (Status::EnteredInError, Some(BookingState::Cancelled)),
        ] {
            assert_eq!(decided(status), state, "{status:?}");
        }
    }
}
