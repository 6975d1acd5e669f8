//! Several people on one trip. The compiler checks that the fields here are those of [`sokhoe_app`]; the comments are
//! what app developers read.

use sokhoe_app::{
    BookingStatus, BookingView, FindTripRequest, OverlapView, SlotCriteria, SlotView,
    TripMemberRequest, TripOtherView, TripRequest, TripTimesView, TripView, TripVisit,
};
use sokhoe_domain::{Timestamp, Vnd};

use crate::sokhoe::{Result, SoKhoe};

/// One who goes along, and what for.
#[uniffi::remote(Record)]
pub struct TripMemberRequest {
    /// Who.
    pub person_id: String,
    /// Which service; any when unset.
    #[uniffi(default = None)]
    pub service_id: Option<String>,
    /// What the time must have; anything will do when unset.
    #[uniffi(default = None)]
    pub criteria: Option<SlotCriteria>,
    /// As in a [`FindSlotsRequest`](sokhoe_app::FindSlotsRequest).
    #[uniffi(default = false)]
    pub has_referral: bool,
}

/// Which neighbouring times to look for.
#[uniffi::remote(Record)]
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
    #[uniffi(default = false)]
    pub side_by_side: bool,
    /// At most this many, the best first; 1 to 20.
    #[uniffi(default = 5)]
    pub limit: u32,
}

/// A time for one of a trip.
#[uniffi::remote(Record)]
pub struct TripVisit {
    /// For whom.
    pub person_id: String,
    /// Which time.
    pub slot: SlotView,
}

/// Neighbouring times for everybody of a trip.
#[uniffi::remote(Record)]
pub struct TripTimesView {
    /// One for each, in the order in which they were named. What a [`TripRequest`] takes, as it is.
    pub visits: Vec<TripVisit>,
    /// When the first visit begins.
    pub start: Timestamp,
    /// When the last one ends.
    pub end: Timestamp,
    /// What they cost in all before any insurance; unset when that is not told of each.
    pub price: Option<Vnd>,
    /// What would remain of that after health insurance; unset when that cannot be told of each.
    #[uniffi(default = None)]
    pub remains: Option<Vnd>,
    /// Minutes in between in which nobody of them is seen.
    pub waiting_minutes: u32,
    /// From when to when, how long one waits in between and what it costs in all.
    pub text: String,
}

/// Book these times for these people, all of them or none.
#[uniffi::remote(Record)]
pub struct TripRequest {
    /// Two to six people at one clinic on one day.
    pub visits: Vec<TripVisit>,
}

/// With whom a booking belongs together.
#[uniffi::remote(Record)]
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
#[uniffi::remote(Record)]
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

#[uniffi::export]
impl SoKhoe {
    /// Neighbouring times for several people at a clinic, those that take the least time in all first.
    pub async fn find_trip(&self, request: FindTripRequest) -> Result<Vec<TripTimesView>> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.find_trip(request).await?) })
            .await
    }

    /// Books for several people at one clinic, all of them or none. Kept in everybody's book before it is sent: without
    /// a network it waits, and that is no error.
    pub async fn book_trip(&self, request: TripRequest) -> Result<Vec<BookingView>> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.book_trip(request).await?) })
            .await
    }

    /// What everybody's bookings on this phone leave no room for, should these visits take place.
    pub async fn trip_overlaps(&self, request: TripRequest) -> Result<Vec<OverlapView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.trip_overlaps(&request)?))
            .await
    }
}
