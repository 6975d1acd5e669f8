//! One trip for several: a helper takes mother and child along on one way, to neighbouring times at one clinic on one
//! day, all of them or none.

mod book;
mod find;
mod keep;
mod members;
#[cfg(test)]
mod tests;

pub(crate) use keep::TAKEN_BACK;
pub(crate) use members::trips_of;

use sokhoe_domain::{Timestamp, Vnd};

use crate::views::{BookingStatus, SlotCriteria, SlotView};

/// One who goes along, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TripMemberRequest {
    /// Who.
    pub person_id: String,
    /// Which service; any when unset.
    pub service_id: Option<String>,
    /// What the time must have; anything will do when unset.
    pub criteria: Option<SlotCriteria>,
    /// As [`crate::FindSlotsRequest::has_referral`].
    pub has_referral: bool,
}

/// Which neighbouring times to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindTripRequest {
    /// Where.
    pub clinic_id: String,
    /// Two to six people of this phone.
    pub members: Vec<TripMemberRequest>,
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub to: Timestamp,
    /// Whether they manage alone, so that visits at different doctors may be at the same time. Else one helper goes
    /// along with everybody, and one visit ends before the next begins.
    pub side_by_side: bool,
    /// At most this many, the best first; 1 to 20.
    pub limit: u32,
}

/// A time for one of a trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TripVisit {
    /// For whom.
    pub person_id: String,
    /// Which time.
    pub slot: SlotView,
}

/// Neighbouring times for everybody of a trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TripTimesView {
    /// One for each, in the order in which they were named. [`TripRequest::visits`] as it is.
    pub visits: Vec<TripVisit>,
    /// When the first visit begins.
    pub start: Timestamp,
    /// When the last one ends.
    pub end: Timestamp,
    /// What they cost in all before any insurance; unset when that is not told of each.
    pub price: Option<Vnd>,
    /// What would remain of that after health insurance; unset when that cannot be told of each.
    pub remains: Option<Vnd>,
    /// Minutes in between in which nobody of them is seen.
    pub waiting_minutes: u32,
    /// From when to when, how long one waits in between and what it costs in all.
    pub text: String,
}

/// Book these times for these people, all of them or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TripRequest {
    /// Two to six people at one clinic on one day.
    pub visits: Vec<TripVisit>,
}

/// With whom a booking belongs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TripView {
    /// The same for all of them.
    pub id: String,
    /// The others, as far as their books are on this phone.
    pub others: Vec<TripOtherView>,
    /// With whom, and what became of the others, in words; empty when nobody of them is on this phone.
    pub text: String,
    /// When nobody could be booked: other times that the clinic named for all.
    pub other_times: Vec<TripTimesView>,
}

/// Another one of a trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TripOtherView {
    /// Who.
    pub person_id: String,
    /// Their name.
    pub name: String,
    /// Their booking.
    pub booking_id: String,
    /// When it begins; it may have been moved alone.
    pub start: Timestamp,
    /// How far it has come; unset when the clinic has not told of it yet.
    pub status: Option<BookingStatus>,
}
