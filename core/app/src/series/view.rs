//! What a booking shows of the series that it is of.

use sokhoe_domain::{BookingState, IntentId, Timestamp};
use sokhoe_vault::StoredBooking;

use super::SeriesView;
use crate::session::Session;

/// The bookings of a person that take or may take place and are not over, the earliest first.
#[derive(Default)]
pub(crate) struct Coming(Vec<StoredBooking>);

impl Coming {
    pub(crate) fn of(mut bookings: Vec<StoredBooking>, now: Timestamp) -> Self {
        bookings.retain(|booking| {
            booking.occurrence.is_some()
                && booking.end > now
                && !matches!(
                    booking.state,
                    BookingState::Refused(_) | BookingState::Cancelled
                )
        });
        bookings.sort_by_key(|booking| (booking.start, booking.id));
        Self(bookings)
    }

    /// Those of one series.
    pub(super) fn of_series(&self, originating: IntentId) -> impl Iterator<Item = &StoredBooking> {
        self.0.iter().filter(move |booking| {
            let of = booking.occurrence.map(|it| it.originating);
            of == Some(originating)
        })
    }
}

impl Session {
    /// Of which series a booking is; nothing for one that is of none.
    pub(crate) fn series_view(
        &self,
        booking: &StoredBooking,
        coming: &Coming,
    ) -> Option<SeriesView> {
        let occurrence = booking.occurrence?;
        let ids: Vec<String> = coming
            .of_series(occurrence.originating)
            .map(|it| it.id.to_string())
            .collect();
        let texts = [
            ("number", occurrence.number.to_string()),
            ("coming", ids.len().to_string()),
        ];
        Some(SeriesView {
            id: occurrence.originating.to_string(),
            number: occurrence.number,
            text: self.words.say_with("series-visit", &texts),
            coming: ids,
        })
    }
}
