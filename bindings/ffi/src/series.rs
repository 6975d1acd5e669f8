//! Visits that come again and again. The compiler checks that the fields here are those of [`sokhoe_app`]; the comments are what
//! app developers read.

use sokhoe_app::{
    BookingView, FindSeriesRequest, OverlapView, SeriesDayView, SeriesDays, SeriesOtherwise,
    SeriesRequest, SeriesTimesView, SeriesView, SlotCriteria, SlotView,
};
use sokhoe_domain::Vnd;

use crate::sokhoe::{Result, SoKhoe};

/// On which days visits are wanted. Days are Vietnam's, e.g. `2026-12-01`.
#[uniffi::remote(Enum)]
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
#[uniffi::remote(Record)]
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
    #[uniffi(default = None)]
    pub at_minute: Option<u32>,
    /// By how many days a visit may be before or after its day where that has no free time; 0 to 6.
    #[uniffi(default = 0)]
    pub days_aside: u32,
    /// Whether all must be with the same doctor. Else the same one is preferred.
    #[uniffi(default = false)]
    pub same_practitioner: bool,
    /// Whether the person says that they have a referral slip, on which an estimate may depend.
    #[uniffi(default = false)]
    pub has_referral: bool,
    /// What each time must have; anything will do when unset. Its weekdays are those on which visits are allowed at all.
    #[uniffi(default = None)]
    pub criteria: Option<SlotCriteria>,
}

/// What was found for one of the wanted days.
#[uniffi::remote(Record)]
pub struct SeriesDayView {
    /// The wanted day, e.g. `2026-12-01`.
    pub day: String,
    /// The time that comes nearest; unset when there is none.
    pub slot: Option<SlotView>,
    /// When it is, or that there is none, in words.
    pub text: String,
}

/// Free times for a series.
#[uniffi::remote(Record)]
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
#[uniffi::remote(Record)]
pub struct SeriesOtherwise {
    /// By how many days the visit may be before or after; 0 to 6. Never on the day of another visit of the series.
    #[uniffi(default = 0)]
    pub days_aside: u32,
    /// The minute of the day at which it begins at the earliest; 0 to 1439.
    #[uniffi(default = 0)]
    pub from_minute: u32,
    /// The minute of the day before which it begins; at most 1440.
    #[uniffi(default = 1440)]
    pub until_minute: u32,
    /// Whether any doctor of the same service will do.
    #[uniffi(default = false)]
    pub any_practitioner: bool,
}

/// Book these times of one clinic for this person, each on a day of its own.
#[uniffi::remote(Record)]
pub struct SeriesRequest {
    /// For whom.
    pub person_id: String,
    /// Which times; 1 to 40.
    pub slots: Vec<SlotView>,
    /// What else would do.
    #[uniffi(default = None)]
    pub otherwise: Option<SeriesOtherwise>,
    /// A booking of a series that these times continue; they make a new one when unset.
    #[uniffi(default = None)]
    pub continues: Option<String>,
}

/// Of which series a booking is.
#[uniffi::remote(Record)]
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

#[uniffi::export]
impl SoKhoe {
    /// For each wanted day of a series the free time that comes nearest to it. Nothing is kept for anybody yet.
    pub async fn find_series(&self, request: FindSeriesRequest) -> Result<SeriesTimesView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.find_series(request).await?) })
            .await
    }

    /// Books several times of one clinic for one person, each with an answer of its own. All are kept before the first is sent:
    /// without a network they wait, and that is no error.
    pub async fn book_series(&self, request: SeriesRequest) -> Result<Vec<BookingView>> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.book_series(request).await?) })
            .await
    }

    /// Takes a booking of a series back and all that come after it.
    pub async fn cancel_series(
        &self,
        person_id: String,
        booking_id: String,
    ) -> Result<Vec<BookingView>> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.cancel_series(&person_id, &booking_id).await?) })
            .await
    }

    /// What everybody's bookings on this phone leave no room for, should these visits take place.
    pub async fn series_overlaps(&self, request: SeriesRequest) -> Result<Vec<OverlapView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.series_overlaps(&request)?))
            .await
    }
}
