//! What a clinic's Appointment says of a booking: the one reading for answers and for the feed.

use sokhoe_domain::{BookingState, ClinicId, Timestamp, Wire};
use sokhoe_fhir::slot_booking::intent_of;
use sokhoe_fhir::{Appointment, AppointmentStatus, FhirError, Ref};
use sokhoe_vault::StoredBooking;

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

/// What the clinic decided; nothing while it has not.
pub(crate) const fn decided(status: AppointmentStatus) -> Option<BookingState> {
    match status {
        AppointmentStatus::Booked
        | AppointmentStatus::Arrived
        | AppointmentStatus::CheckedIn
        | AppointmentStatus::Fulfilled
        // The person did not come: the booking stood.
        | AppointmentStatus::Noshow => Some(BookingState::Confirmed),
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
    Some(StoredBooking {
        id: appointment.id.as_deref()?.parse().ok()?,
        clinic: clinic.clone(),
        start: appointment.start?,
        end: appointment.end.or(appointment.start)?,
        service: name(&appointment.service),
        practitioner: name(&appointment.practitioner),
        location: name(&appointment.location),
        state,
        updated,
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
            (Status::CheckedIn, Some(BookingState::Confirmed)),
            (Status::Cancelled, Some(BookingState::Cancelled)),
            (Status::EnteredInError, Some(BookingState::Cancelled)),
        ] {
            assert_eq!(decided(status), state, "{status:?}");
        }
    }
}
