//! What a booking on a phone can be, and how it may change.

use serde::{Deserialize, Serialize};

use crate::{ProposedTrip, Timestamp};

/// The state of a booking as a person sees it. Only a clinic makes it confirmed or refused
/// (DESIGN.md, decision 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum BookingState {
    /// Kept on the phone; goes out by itself when there is a network.
    WaitingForNetwork,
    /// On its way; the clinic's answer is not known.
    Sending,
    /// The clinic has it.
    Confirmed,
    /// The clinic said no, for good: this intent is never sent again.
    Refused(Refusal),
    /// Taken back by the patient or called off by the clinic; the clinic has it so.
    Cancelled,
}

/// Why a clinic refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Refusal {
    /// Somebody else has the time; these starts of the same kind were free when the clinic answered.
    SlotTaken {
        /// Other free times, the nearest first.
        alternatives: Vec<Timestamp>,
    },
    /// The times of a trip of several could not all be had, so that nobody of it has one.
    TripTaken {
        /// Whose time somebody else has, as places in the trip.
        taken: Vec<usize>,
        /// Other neighbouring times for all, the best first.
        others: Vec<ProposedTrip>,
    },
    /// The time has passed or is not offered.
    NotOffered,
    /// The person already has this many bookings at this clinic.
    TooMany,
    /// Another reason, by the code the clinic gave (never its free text: that may hold personal data).
    Other {
        /// The clinic's code, e.g. a FHIR issue type.
        code: String,
    },
}

impl Refusal {
    /// The code of a clinic whose server cannot take bookings by app: it is to be called.
    pub const TAKES_NO_BOOKINGS: &'static str = "takes-no-bookings";

    /// The code of a clinic where several people cannot be booked together.
    pub const BOOKS_ONE_AT_A_TIME: &'static str = "books-one-at-a-time";

    /// [`Refusal::TAKES_NO_BOOKINGS`] as a refusal.
    #[must_use]
    pub fn takes_no_bookings() -> Self {
        Self::Other {
            code: Self::TAKES_NO_BOOKINGS.to_owned(),
        }
    }
}

impl BookingState {
    /// Whether nothing can change the state but the clinic.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self {
            Self::WaitingForNetwork | Self::Sending => false,
            Self::Confirmed | Self::Refused(_) | Self::Cancelled => true,
        }
    }

    /// Whether the state may follow `self`. A refusal and a cancellation are final; a confirmation
    /// can only be cancelled.
    #[must_use]
    pub fn may_become(&self, next: &Self) -> bool {
        match self {
            Self::WaitingForNetwork | Self::Sending => true,
            Self::Confirmed => matches!(next, Self::Confirmed | Self::Cancelled),
            Self::Refused(_) => next == self,
            Self::Cancelled => matches!(next, Self::Cancelled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_final_and_a_confirmation_is_never_taken_back_quietly() {
        let refused = BookingState::Refused(Refusal::NotOffered);
        for next in [
            BookingState::WaitingForNetwork,
            BookingState::Sending,
            BookingState::Confirmed,
            BookingState::Cancelled,
        ] {
            assert!(!refused.may_become(&next), "{next:?}");
        }
        assert!(!BookingState::Confirmed.may_become(&BookingState::Sending));
        assert!(!BookingState::Confirmed.may_become(&refused));
        assert!(BookingState::Confirmed.may_become(&BookingState::Cancelled));
        assert!(BookingState::Sending.may_become(&BookingState::WaitingForNetwork));
    }
}
