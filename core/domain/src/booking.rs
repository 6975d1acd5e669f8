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
    /// On the clinic's waiting list: as soon as a time that suits is freed, the clinic offers it.
    OnWaitingList {
        /// Since when, by the clinic's clock.
        since: Timestamp,
    },
    /// The clinic keeps a freed time for this person, for a few minutes: it is to be taken or declined.
    Offered {
        /// Since when they are on the list, by the clinic's clock.
        since: Timestamp,
        /// Until when the time is kept, by the clinic's clock. Only the clinic says that this is over.
        until: Timestamp,
    },
    /// The clinic has it.
    Confirmed,
    /// The person is there, and the clinic knows it: nothing can be changed of it by phone.
    CheckedIn,
    /// It is over.
    Fulfilled,
    /// The person did not come.
    NoShow,
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
    /// The code of a clinic whose server keeps no waiting list.
    pub const KEEPS_NO_WAITING_LIST: &'static str = "keeps-no-waiting-list";
    /// A clinic's code: the person is on that waiting list already.
    pub const ALREADY_WAITING: &'static str = "already-waiting";
    /// A clinic's code: the person is there already, and only the desk can change what is booked.
    pub const CHECKED_IN: &'static str = "checked-in";
    /// A clinic's code: the time is too near for the person to change what is booked by themselves.
    pub const TOO_LATE: &'static str = "too-late";
    /// A clinic's code: what it offered to somebody on its waiting list is offered to them no longer.
    pub const OFFER_OVER: &'static str = "offer-over";

    /// The code of a clinic where several people cannot be booked together.
    pub const BOOKS_ONE_AT_A_TIME: &'static str = "books-one-at-a-time";

    /// Whether from now on only the clinic can change what is booked: the person is to turn to it, and asking again is in vain.
    #[must_use]
    pub fn leaves_it_to_the_clinic(&self) -> bool {
        matches!(self, Self::Other { code } if code == Self::CHECKED_IN || code == Self::TOO_LATE)
    }

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
            Self::OnWaitingList { .. }
            | Self::Offered { .. }
            | Self::Confirmed
            | Self::CheckedIn
            | Self::Fulfilled
            | Self::NoShow
            | Self::Refused(_)
            | Self::Cancelled => true,
        }
    }

    /// Whether the clinic has it, or had it until its time came.
    #[must_use]
    pub fn stands(&self) -> bool {
        match self {
            Self::Confirmed | Self::CheckedIn | Self::Fulfilled | Self::NoShow => true,
            Self::WaitingForNetwork
            | Self::Sending
            | Self::OnWaitingList { .. }
            | Self::Offered { .. }
            | Self::Refused(_)
            | Self::Cancelled => false,
        }
    }

    /// Whether it is a place on a waiting list, with a time offered or without.
    #[must_use]
    pub fn is_waiting_list(&self) -> bool {
        matches!(self, Self::OnWaitingList { .. } | Self::Offered { .. })
    }

    /// Whether the state may follow `self`. A refusal and a cancellation are final; what a clinic has can only be
    /// cancelled, and what became of it the clinic may correct; a place on a waiting list becomes anything that a clinic
    /// says but a refusal.
    #[must_use]
    pub fn may_become(&self, next: &Self) -> bool {
        match self {
            Self::WaitingForNetwork | Self::Sending => true,
            Self::OnWaitingList { .. } | Self::Offered { .. } => {
                next.is_waiting_list() || next.stands() || matches!(next, Self::Cancelled)
            }
            Self::Confirmed | Self::CheckedIn | Self::Fulfilled | Self::NoShow => {
                next.stands() || matches!(next, Self::Cancelled)
            }
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

    #[test]
    fn what_becomes_of_a_visit_is_the_clinics_word_and_it_may_correct_it() {
        let told = [
            BookingState::Confirmed,
            BookingState::CheckedIn,
            BookingState::Fulfilled,
            BookingState::NoShow,
        ];
        for from in &told {
            assert!(from.stands() && from.is_settled());
            assert!(told.iter().all(|to| from.may_become(to)), "{from:?}");
            assert!(from.may_become(&BookingState::Cancelled));
            assert!(BookingState::Sending.may_become(from));
            assert!(!from.may_become(&BookingState::Sending));
            assert!(!BookingState::Cancelled.may_become(from));
        }
    }

    #[test]
    fn a_place_on_a_waiting_list_goes_back_and_forth_until_it_is_booked_or_given_up() {
        let since = Timestamp::from_millis(1);
        let waits = BookingState::OnWaitingList { since };
        let until = Timestamp::from_millis(2);
        let offered = BookingState::Offered { since, until };
        for next in [
            &waits,
            &offered,
            &BookingState::Confirmed,
            &BookingState::Cancelled,
        ] {
            assert!(
                waits.may_become(next) && offered.may_become(next),
                "{next:?}"
            );
        }
        let refused = BookingState::Refused(Refusal::NotOffered);
        assert!(!waits.may_become(&refused) && !offered.may_become(&BookingState::Sending));
        assert!(!BookingState::Confirmed.may_become(&offered));
        assert!(waits.is_settled() && BookingState::Sending.may_become(&waits));
    }
}
