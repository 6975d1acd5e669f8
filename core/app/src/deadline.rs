//! Until when a booking can be moved or cancelled without calling the clinic.

use sokhoe_domain::{BookingState, Timestamp};
use sokhoe_vault::StoredBooking;

use crate::session::Session;

/// Until when a person may change a booking by themselves, as its clinic said it. Only the clinic decides: its clock counts,
/// and what was asked before and reaches it later is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadlineView {
    /// Until when, by the clinic's clock.
    pub until: Timestamp,
    /// Whether that is over, as far as it is known what the clinic's clock says.
    pub is_over: bool,
    /// The same to read: what to do.
    pub text: String,
}

impl Session {
    /// Until when a confirmed booking that has not begun can be changed; nothing where its clinic tells nothing of it.
    pub(crate) fn deadline_view(&self, booking: &StoredBooking) -> Option<DeadlineView> {
        let until = booking.changeable_until?;
        if booking.state != BookingState::Confirmed {
            return None;
        }
        let theirs = self.clinic_now(&booking.clinic);
        (theirs < booking.start).then(|| self.deadline_of(until, theirs))
    }

    /// Until then something can be changed at a clinic whose clock says `theirs`.
    pub(crate) fn deadline_of(&self, until: Timestamp, theirs: Timestamp) -> DeadlineView {
        let is_over = until < theirs;
        let key = match is_over {
            true => "deadline-over",
            false => "deadline-until",
        };
        let when = ("when", self.words.when(until, self.now()));
        DeadlineView {
            until,
            is_over,
            text: self.words.say_with(key, &[when]),
        }
    }
}
