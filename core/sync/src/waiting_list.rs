//! A place on a clinic's waiting list: what is asked of the clinic, what its Appointment says, what the person hears.

use std::fmt;

use serde::{Deserialize, Serialize};
use sokhoe_domain::{BookingState, Refusal, Timestamp};
use sokhoe_fhir::scheduling::BookRequest;
use sokhoe_fhir::{Appointment, AppointmentStatus, Ref};
use sokhoe_vault::{IntentKind, NewEvent, StoredBooking, StoredIntent};

use crate::appointment::decided;

/// The kind of the event that a person is on a waiting list now.
pub const ON_WAITING_LIST: &str = "on-waiting-list";

/// The kind of the event that a freed time is kept for a person. Its body is [`Offered`] as JSON.
pub const TIME_OFFERED: &str = "time-offered";

/// The kind of the event that a time is offered to a person no longer, who is still on the list. Its body is [`OfferOver`]
/// as JSON.
pub const OFFER_OVER: &str = "offer-over";

/// The kind of the event that a place on a waiting list ended without a time.
pub const WAITING_OVER: &str = "waiting-over";

/// Be put on a waiting list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitIntent {
    /// The person's Patient id there.
    pub patient_id: String,
    /// The Parameters, as they are sent on every try.
    pub parameters: String,
}

/// Take or decline what is offered, as the person saw it: another time may be offered by the time this arrives.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferIntent {
    /// The Appointment's id.
    pub appointment_id: String,
    /// The person's Patient id there.
    pub patient_id: String,
    /// When the time begins.
    pub start: Timestamp,
    /// Until when the clinic keeps it.
    pub until: Timestamp,
}

/// What is offered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// When it begins.
    pub start: Timestamp,
    /// Until when the clinic keeps it, by its clock.
    pub until: Timestamp,
    /// Who is seen; may be empty.
    pub practitioner: String,
}

/// What is offered no longer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferOver {
    /// When it began.
    pub start: Timestamp,
    /// Why the clinic refused the person's answer, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}

impl WaitIntent {
    /// Reads what the outbox keeps; nothing when it cannot be read.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}

impl OfferIntent {
    /// Reads what the outbox keeps; nothing when it cannot be read.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// As it is sent: the Appointment as it was seen, `booked` to take it, `waitlist` to decline it.
    fn request(self, status: AppointmentStatus) -> BookRequest {
        let resource = Appointment {
            id: Some(self.appointment_id),
            status,
            start: Some(self.start),
            held_until: Some(self.until),
            patient: Some(Ref::new(self.patient_id.as_str(), "")),
            ..Appointment::default()
        };
        BookRequest {
            appointment: None,
            resource: Some(resource),
            patient: self.patient_id,
            comment: None,
            otherwise: None,
            move_to: None,
            occurrence: None,
        }
    }
}

impl fmt::Debug for WaitIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitIntent").finish_non_exhaustive()
    }
}

impl fmt::Debug for OfferIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfferIntent").finish_non_exhaustive()
    }
}

impl fmt::Debug for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offered").finish_non_exhaustive()
    }
}

impl fmt::Debug for OfferOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfferOver").finish_non_exhaustive()
    }
}

/// The request that answers an offer.
pub(crate) fn answer_to_offer(intent: &StoredIntent) -> Option<BookRequest> {
    let status = match intent.kind {
        IntentKind::Take => AppointmentStatus::Booked,
        IntentKind::Decline => AppointmentStatus::Waitlist,
        IntentKind::Book | IntentKind::Cancel | IntentKind::Move | IntentKind::Wait => return None,
    };
    Some(OfferIntent::read(&intent.body)?.request(status))
}

/// Whether an intent is about a place on a waiting list, and so its answer.
pub(crate) const fn is_about_a_place(kind: IntentKind) -> bool {
    matches!(
        kind,
        IntentKind::Wait | IntentKind::Take | IntentKind::Decline
    )
}

/// What an Appointment of a clinic of ours says; nothing while nothing is decided. (At any other server `proposed` and
/// `waitlist` may mean what they like.)
pub(crate) fn state_of(appointment: &Appointment, now: Timestamp) -> Option<BookingState> {
    // A clinic that does not say since when says so now for the first time.
    let since = appointment.created.unwrap_or(now);
    match (appointment.status, appointment.held_until) {
        (AppointmentStatus::Waitlist, _) => Some(BookingState::OnWaitingList { since }),
        (AppointmentStatus::Proposed, Some(until)) => Some(BookingState::Offered { since, until }),
        (status, _) => decided(status),
    }
}

/// What the person hears of a place on a waiting list; nothing when it is none.
pub(crate) fn news(
    before: Option<&StoredBooking>,
    booking: &StoredBooking,
    at: Timestamp,
) -> Option<NewEvent> {
    let was_offered = before.filter(|it| matches!(it.state, BookingState::Offered { .. }));
    let (kind, body) = match (&booking.state, was_offered) {
        (BookingState::Offered { until, .. }, _) => {
            let offered = Offered {
                start: booking.start,
                until: *until,
                practitioner: booking.practitioner.clone(),
            };
            (TIME_OFFERED, serde_json::to_string(&offered))
        }
        (BookingState::OnWaitingList { .. }, Some(before)) => {
            let over = OfferOver {
                start: before.start,
                refusal: None,
            };
            (OFFER_OVER, serde_json::to_string(&over))
        }
        (BookingState::OnWaitingList { .. }, None) => (ON_WAITING_LIST, Ok(String::new())),
        (BookingState::Cancelled, _)
            if before.is_some_and(|before| before.state.is_waiting_list()) =>
        {
            (WAITING_OVER, Ok(String::new()))
        }
        _ => return None,
    };
    Some(NewEvent {
        kind: kind.to_owned(),
        subject: booking.id.to_string(),
        at,
        body: body.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_what_our_clinic_says_of_it() {
        let at = Timestamp::from_millis;
        let place = |status, held_until| Appointment {
            status,
            held_until,
            created: Some(at(5)),
            ..Appointment::default()
        };
        let said = |status, held_until| state_of(&place(status, held_until), at(9));
        let since = at(5);
        assert_eq!(
            said(AppointmentStatus::Waitlist, None),
            Some(BookingState::OnWaitingList { since })
        );
        let until = at(7);
        assert_eq!(
            said(AppointmentStatus::Proposed, Some(until)),
            Some(BookingState::Offered { since, until })
        );
        assert_eq!(said(AppointmentStatus::Proposed, None), None);
        assert_eq!(
            said(AppointmentStatus::Booked, None),
            Some(BookingState::Confirmed)
        );
    }
}
