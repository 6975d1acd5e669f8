//! Visits of one person that come again and again: dialysis, antenatal care. Each is a booking of its own, with its own answer; they
//! are kept in one transaction and know of each other.

mod book;
mod cancel;
mod find;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use view::Coming;

use sokhoe_domain::Vnd;

use crate::views::{SlotCriteria, SlotView};

/// On which days visits are wanted. Days are Vietnam's, e.g. `2026-12-01`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeriesDays {
    /// On some weekdays of every so manieth week.
    Weekly {
        /// Not before; its week is the first.
        first_day: String,
        /// 1 for Monday to 7 for Sunday; one at least.
        weekdays: Vec<u32>,
        /// Weeks from one to the next; 1 for every week, at most 26.
        week_interval: u32,
        /// Visits in all; at most 40.
        visits: u32,
    },
    /// On these days, e.g. those that a doctor wrote down.
    On {
        /// The days; at most 40.
        days: Vec<String>,
    },
    /// In the weeks of a pregnancy in which the WHO wants a woman seen: 12, 20, 26, 30, 34, 36, 38 and 40.
    Antenatal {
        /// When the child is expected.
        due_day: String,
        /// Not before.
        first_day: String,
    },
}

/// Which times to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindSeriesRequest {
    /// For whom.
    pub person_id: String,
    /// Where.
    pub clinic_id: String,
    /// Which service.
    pub service_id: String,
    /// On which days.
    pub days: SeriesDays,
    /// Begin at about this minute of the day; as early as can be when unset.
    pub at_minute: Option<u32>,
    /// By how many days a visit may be before or after its day where that has no free time; 0 to 6.
    pub days_aside: u32,
    /// Whether all must be with the same doctor. Else the same one is preferred.
    pub same_practitioner: bool,
    /// As [`crate::FindSlotsRequest::has_referral`].
    pub has_referral: bool,
    /// What each time must have; anything will do when unset. Its weekdays are those on which visits are allowed at all.
    pub criteria: Option<SlotCriteria>,
}

/// What was found for one of the wanted days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesDayView {
    /// The wanted day, e.g. `2026-12-01`.
    pub day: String,
    /// The time that comes nearest; unset when there is none.
    pub slot: Option<SlotView>,
    /// When it is, or that there is none, in words.
    pub text: String,
}

/// Free times for a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesTimesView {
    /// One for each wanted day, the earliest first.
    pub days: Vec<SeriesDayView>,
    /// What the found ones cost in all before any insurance; unset when that is not told of each.
    pub price: Option<Vnd>,
    /// What of that about remains after health insurance; unset when that is not told of each.
    pub remains: Option<Vnd>,
    /// How many more visits of this service the clinic lets the person book now; unset when it does not say. What is beyond
    /// that is refused.
    pub most_visits: Option<u32>,
    /// For how many days there is a time, what they cost, and what cannot be booked yet.
    pub text: String,
}

/// What will do where a time of a series is taken meanwhile; the clinic decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesOtherwise {
    /// By how many days the visit may be before or after; 0 to 6. Never on the day of another visit of the series.
    pub days_aside: u32,
    /// The minute of the day at which it begins at the earliest; 0 to 1439.
    pub from_minute: u32,
    /// The minute of the day before which it begins; at most 1440.
    pub until_minute: u32,
    /// Whether any doctor of the same service will do.
    pub any_practitioner: bool,
}

/// Book these times of one clinic for this person, each on a day of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesRequest {
    /// For whom.
    pub person_id: String,
    /// Which times; 1 to 40.
    pub slots: Vec<SlotView>,
    /// What else would do.
    pub otherwise: Option<SeriesOtherwise>,
    /// A booking of a series that these times continue; they make a new one when unset.
    pub continues: Option<String>,
}

/// Of which series a booking is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesView {
    /// The id of its first booking.
    pub id: String,
    /// Which visit it is, from 1.
    pub number: u32,
    /// The bookings of the series that take or may take place and are not over, the earliest first.
    pub coming: Vec<String>,
    /// Which visit of how many, in words.
    pub text: String,
}
