//! Who goes together.

use std::collections::HashMap;
use std::sync::Arc;

use sokhoe_domain::trip::{FEWEST, MOST};
use sokhoe_domain::{BookingState, IntentId, ProposedTrip, Refusal, Vnd};
use sokhoe_sync::{BookIntent, Trip};
use sokhoe_vault::StoredBooking;

use super::{TripOtherView, TripTimesView, TripView, TripVisit};
use crate::bookings::status_of;
use crate::error::AppError;
use crate::session::{OpenBook, Session};
use crate::views::{BookingStatus, SlotView};

/// Refuses people who are no trip.
pub(super) fn check_people<'a>(
    people: impl ExactSizeIterator<Item = &'a str> + Clone,
    field: &str,
) -> Result<(), AppError> {
    if !(FEWEST..=MOST).contains(&people.len()) {
        return Err(AppError::invalid(field, "must be two to six people"));
    }
    let mut sorted: Vec<&str> = people.collect();
    sorted.sort_unstable();
    match sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        true => Err(AppError::invalid(field, "must be different people")),
        false => Ok(()),
    }
}

/// The trips that bookings are parts of, as it is noted beside them, or in what waits to be sent.
pub(crate) fn trips_of(book: &OpenBook) -> Result<HashMap<IntentId, Trip>, AppError> {
    let waiting = book.vault.waiting()?.into_iter();
    let waiting =
        waiting.filter_map(|intent| Some((intent.id, BookIntent::read(&intent.body)?.trip?)));
    let noted = book.vault.trips()?.into_iter();
    let noted = noted.filter_map(|noted| Some((noted.booking, Trip::read(&noted.body)?)));
    Ok(waiting.chain(noted).collect())
}

impl Session {
    /// The book of one of a trip; nothing when they are no longer on this phone.
    pub(super) fn book_of_member(
        &self,
        person_id: &str,
    ) -> Result<Option<Arc<OpenBook>>, AppError> {
        match self.book(person_id) {
            Ok(book) => Ok(Some(book)),
            Err(AppError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// With whom a booking belongs together. A book that does not open now says nothing; it says so itself.
    pub(crate) fn trip_view(
        &self,
        whose: &OpenBook,
        trip: &Trip,
        booking: &StoredBooking,
    ) -> TripView {
        let mut others = Vec::new();
        for member in trip.members.iter().filter(|it| it.booking != booking.id) {
            let Ok(Some(book)) = self.book_of_member(&member.person_id) else {
                continue;
            };
            self.watchers.shows(&whose.person.id, &book.person.id);
            let theirs = book.vault.booking(member.booking).ok().flatten();
            others.push(TripOtherView {
                person_id: member.person_id.clone(),
                name: book.person.name.clone(),
                booking_id: member.booking.to_string(),
                start: theirs.as_ref().map_or(member.start, |theirs| theirs.start),
                status: theirs.map(|theirs| status_of(&theirs.state)),
            });
        }
        let other_times = match &booking.state {
            BookingState::Refused(Refusal::TripTaken { others, .. }) => others
                .iter()
                .filter_map(|times| self.other_times(trip, booking, times))
                .collect(),
            _ => Vec::new(),
        };
        TripView {
            id: trip.id.to_string(),
            text: self.trip_text(booking, &others),
            others,
            other_times,
        }
    }

    fn trip_text(&self, booking: &StoredBooking, others: &[TripOtherView]) -> String {
        if others.is_empty() {
            return String::new();
        }
        let names: Vec<&str> = others.iter().map(|other| &*other.name).collect();
        let names = names.join(", ");
        let mut texts = vec![self.words.say_with("trip-with", &[("names", names)])];
        // While it is one for all, each one's own state says it.
        let stands = booking.state.stands();
        for other in others.iter().filter(|_| stands) {
            let name = ("name", other.name.clone());
            if other.status == Some(BookingStatus::Cancelled) {
                texts.push(self.words.say_with("trip-other-cancelled", &[name]));
            }
        }
        texts.join(" ")
    }

    fn other_times(
        &self,
        trip: &Trip,
        booking: &StoredBooking,
        times: &ProposedTrip,
    ) -> Option<TripTimesView> {
        if times.visits.len() != trip.members.len() {
            return None;
        }
        let visits = trip.members.iter().zip(&times.visits);
        let visits = visits.map(|(member, visit)| TripVisit {
            person_id: member.person_id.clone(),
            slot: SlotView {
                id: visit.slot_id.clone(),
                clinic_id: booking.clinic.0.clone(),
                start: visit.start,
                end: visit.end,
                when_text: self.words.when(visit.start, self.now()),
                service: visit.service.clone(),
                practitioner: visit.practitioner.clone(),
                location: visit.location.clone(),
                ..SlotView::default()
            },
        });
        self.times_view(visits.collect())
    }

    /// What there is to say of times for all; nothing of none.
    pub(super) fn times_view(&self, visits: Vec<TripVisit>) -> Option<TripTimesView> {
        let slots = || visits.iter().map(|visit| &visit.slot);
        let start = slots().map(|slot| slot.start).min()?;
        let end = slots().map(|slot| slot.end).max()?;
        let price = Vnd::total(slots().map(|slot| slot.price));
        let remains = Vnd::total(slots().map(|slot| slot.estimate.as_ref()?.remains));
        let mut by_start: Vec<_> = slots().map(|slot| (slot.start, slot.end)).collect();
        by_start.sort_unstable();
        let (mut through, mut waiting) = (start, 0_u64);
        for (start, end) in by_start {
            // Nothing where the two meet.
            waiting += start.since(through).as_secs() / 60;
            through = through.max(end);
        }
        let waiting_minutes = u32::try_from(waiting).unwrap_or(u32::MAX);
        let words = &self.words;
        let mut texts = vec![words.say_with(
            "trip-from-until",
            &[
                ("when", words.when(start, self.now())),
                ("until", end.in_vietnam().format("%H:%M").to_string()),
            ],
        )];
        texts.push(match waiting_minutes {
            0 => words.say("trip-no-waiting"),
            minutes => words.say_with("trip-waiting", &[("minutes", minutes.to_string())]),
        });
        texts.extend(
            price.map(|price| words.say_with("trip-price", &[("price", price.to_string())])),
        );
        texts
            .extend(remains.map(|remains| {
                words.say_with("trip-remains", &[("remains", remains.to_string())])
            }));
        Some(TripTimesView {
            start,
            end,
            price,
            remains,
            waiting_minutes,
            text: texts.join(" "),
            visits,
        })
    }
}
