//! What a person books at once: a trip of two people, a series of visits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::{
    AppError, BookingStatus, BookingView, FindSeriesRequest, FindTripRequest, PersonView,
    SeriesDays, SeriesOtherwise, SeriesRequest, SlotView, SoKhoe, TripMemberRequest, TripRequest,
};

use crate::bookings::{Said, Underway, is_settled};
use crate::check::Wrongs;
use crate::network::Clinics;
use crate::phone::SimPhone;
use crate::template::HOSTS;
use crate::wishes::Wish;

impl SimPhone {
    /// For this person and another one of the phone, at our clinic.
    pub async fn goes_on_a_trip(&self, app: &SoKhoe, of: &PersonView) {
        let is_ours = |clinic: &&String| self.around.hosts[*clinic] == HOSTS[0];
        let Some(clinic) = of.clinic_ids.iter().find(is_ours).cloned() else {
            return;
        };
        let persons = app.persons().expect("persons");
        let goes_along = |it: &&PersonView| it.id != of.id && it.clinic_ids.contains(&clinic);
        let Some(other) = persons.iter().find(goes_along) else {
            return;
        };
        let from = self.around.time.look().plus(Duration::from_secs(3_600));
        let member = |person: &PersonView| TripMemberRequest {
            person_id: person.id.clone(),
            service_id: None,
            criteria: None,
            has_referral: false,
        };
        let request = FindTripRequest {
            clinic_id: clinic,
            members: vec![member(of), member(other)],
            from,
            to: from.plus(Duration::from_secs(2 * 86_400)),
            side_by_side: self.dice.percent(50),
            limit: 3,
        };
        let found = match app.find_trip(request).await {
            Ok(found) => found,
            Err(error) => return self.failed_for_two("find-trip", [of, other], &error),
        };
        let Some(times) = self.dice.one(&found) else {
            return;
        };
        let visits = times.visits.clone();
        let slots: Vec<SlotView> = visits.iter().map(|visit| visit.slot.clone()).collect();
        self.state().underway = Some(Underway {
            people: vec![of.id.clone(), other.id.clone()],
            wish: None,
            visits: visits.len(),
        });
        match app.book_trip(TripRequest { visits }).await {
            Ok(bookings) => {
                self.state().tally.trips += 1;
                self.asked_for(&bookings, &slots);
            }
            Err(error) => self.failed_for_two("book-trip", [of, other], &error),
        }
    }

    /// One of them may have lost the clinic.
    fn failed_for_two(&self, what: &str, people: [&PersonView; 2], error: &AppError) {
        let lost = people.into_iter().find(|it| self.lost_any(it));
        self.failed_for(what, lost.unwrap_or(people[0]), error);
    }

    /// Three visits in a row, each on a day of its own.
    pub async fn books_a_series(&self, app: &SoKhoe, of: &PersonView) {
        let Some(clinic) = self.dice.one(&of.clinic_ids).cloned() else {
            return;
        };
        let services = match app.services(&clinic).await {
            Ok(services) => services,
            Err(error) => return self.failed_for("services", of, &error),
        };
        let Some(service) = self.dice.one(&services) else {
            return;
        };
        let today = self.around.time.look().vietnam_day();
        let day = |after: u64| (today + chrono::Days::new(after)).to_string();
        let days_aside = u32::try_from(self.dice.below(2)).unwrap();
        let request = FindSeriesRequest {
            person_id: of.id.clone(),
            clinic_id: clinic,
            service_id: service.id.clone(),
            days: SeriesDays::On {
                days: [1, 2, 4].map(day).to_vec(),
            },
            at_minute: self.dice.percent(50).then_some(600),
            days_aside,
            same_practitioner: self.dice.percent(30),
            has_referral: false,
            criteria: None,
        };
        let found = match app.find_series(request).await {
            Ok(found) => found,
            Err(error) => return self.failed_for("find-series", of, &error),
        };
        let slots: Vec<SlotView> = found.days.into_iter().filter_map(|day| day.slot).collect();
        if slots.is_empty() {
            return;
        }
        let otherwise = self.dice.percent(50).then_some(SeriesOtherwise {
            days_aside,
            from_minute: 0,
            until_minute: 1_440,
            any_practitioner: true,
        });
        let has_otherwise = otherwise.is_some();
        self.state().underway = Some(Underway {
            people: vec![of.id.clone()],
            wish: None,
            visits: slots.len(),
        });
        let request = SeriesRequest {
            person_id: of.id.clone(),
            slots: slots.clone(),
            otherwise,
            continues: None,
        };
        match app.book_series(request).await {
            Ok(bookings) => {
                self.state().tally.series += 1;
                match has_otherwise {
                    true => self.asked_for(&bookings, &[]),
                    false => self.asked_for(&bookings, &slots),
                }
            }
            Err(error) => self.failed_for("book-series", of, &error),
        }
    }

    /// What is left of a series.
    pub async fn gives_a_series_up(&self, app: &SoKhoe, of: &PersonView) {
        let Ok(mut bookings) = app.bookings(&of.id) else {
            return;
        };
        bookings.retain(|booking| booking.series.is_some());
        let Some(booking) = self.dice.one(&bookings) else {
            return;
        };
        match app.cancel_series(&of.id, &booking.id).await {
            Ok(after) => self.tell(format_args!("gives {} of a series up", after.len())),
            Err(AppError::Validation { .. }) => {}
            Err(error) => self.failed_for("cancel-series", of, &error),
        }
    }

    /// That these were asked for, at these times where nothing else would do.
    fn asked_for(&self, bookings: &[BookingView], slots: &[SlotView]) {
        let mut state = self.state();
        state.underway = None;
        for booking in bookings {
            self.tell(format_args!("booked {}: {:?}", booking.id, booking.status));
            state.asked.insert(booking.id.clone());
            state.tally.bookings += 1;
            let key = (booking.person_id.clone(), booking.id.clone());
            state.said.insert(key, Said::of(booking));
        }
        for (booking, slot) in bookings.iter().zip(slots) {
            state.wishes.insert(booking.id.clone(), Wish::named(slot));
        }
    }
}

/// What was kept of a series when the phone lost its power in the middle: all of it or nothing. What came from another phone of
/// the person is decided already.
pub fn is_whole(underway: &Underway, new: &[&BookingView]) -> bool {
    let mut series: BTreeMap<&str, Vec<BookingStatus>> = BTreeMap::new();
    for booking in new {
        if let Some(of) = &booking.series {
            series.entry(&of.id).or_default().push(booking.status);
        }
    }
    let is_of_here = |statuses: &&Vec<BookingStatus>| statuses.iter().any(|it| !is_settled(*it));
    let mut of_here = series.values().filter(is_of_here);
    of_here.all(|statuses| statuses.len() == underway.visits)
}

/// T: a trip is of everybody or of nobody, at the clinic and on every phone.
pub fn trips(phones: &[Arc<SimPhone>], clinics: &Clinics, wrongs: &Wrongs) {
    let there: BTreeSet<String> = clinics
        .values()
        .flat_map(|clinic| clinic.bookings())
        .map(|booking| booking.id)
        .collect();
    for phone in phones {
        let app = phone.app();
        let persons = app.persons().expect("persons");
        let name = |id: &str| persons.iter().find(|it| it.id == id).map(|it| &*it.name);
        for person in &persons {
            for booking in app.bookings(&person.id).expect("bookings") {
                for other in booking.trip.iter().flat_map(|trip| &trip.others) {
                    let lost = name(&other.person_id)
                        .is_none_or(|name| phone.lost(&booking.clinic_id, name).is_some());
                    if lost {
                        continue;
                    }
                    let is_refused = |status| status == Some(BookingStatus::Refused);
                    if is_refused(Some(booking.status)) != is_refused(other.status) {
                        wrongs.note(format!(
                            "T: {}: {} is {:?} and {} is {:?}",
                            phone.name, booking.id, booking.status, other.booking_id, other.status
                        ));
                    }
                    if there.contains(&booking.id) != there.contains(&other.booking_id) {
                        wrongs.note(format!(
                            "T: {}: of {} and {} the clinic has one",
                            phone.name, booking.id, other.booking_id
                        ));
                    }
                }
            }
        }
    }
}
