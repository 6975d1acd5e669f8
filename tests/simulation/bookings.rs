//! What a person does with bookings, and what the phone may say of them.

use std::time::Duration;

use sokhoe_app::domain::Timestamp;
use sokhoe_app::{
    AppError, BookRequest, BookingStatus, BookingView, FindSlotsRequest, MoveBookingRequest,
    PersonView, SoKhoe,
};

use crate::phone::SimPhone;
use crate::several::is_whole;
use crate::wishes::Wish;

/// What was being booked when it was last heard of.
#[derive(Clone)]
pub struct Underway {
    /// For whom.
    pub people: Vec<String>,
    /// At which time, where it is one.
    pub wish: Option<Wish>,
    /// So many visits.
    pub visits: usize,
}

/// What a phone said of a booking last.
#[derive(Clone)]
pub struct Said {
    pub clinic: String,
    pub status: BookingStatus,
    pub start: Timestamp,
    /// Whether it said that another time was asked for.
    pub is_moving: bool,
}

impl Said {
    pub fn of(booking: &BookingView) -> Self {
        Self {
            clinic: booking.clinic_id.clone(),
            status: booking.status,
            start: booking.start,
            is_moving: booking.moving_to.is_some(),
        }
    }
}

impl SimPhone {
    pub async fn books(&self, app: &SoKhoe, of: &PersonView) {
        let person = of.id.as_str();
        let Some(clinic) = self.dice.one(&of.clinic_ids) else {
            return;
        };
        // By true time: whoever finds a time on a phone whose clock is wrong sees it on paper, too.
        let from = self.around.time.look().plus(Duration::from_secs(3_600));
        let request = FindSlotsRequest {
            person_id: person.to_owned(),
            clinic_id: clinic.clone(),
            service_id: None,
            from,
            to: from.plus(Duration::from_secs(2 * 86_400)),
            limit: 6,
            criteria: None,
            has_referral: false,
        };
        let slots = match app.find_slots(request).await {
            Ok(slots) => slots,
            Err(error) => return self.failed_for("find", of, &error),
        };
        // The first ones: many want the same.
        let Some(slot) = slots.get(self.dice.below(3)) else {
            return;
        };
        let wish = Wish::of(slot, &self.dice);
        let request = BookRequest {
            person_id: person.to_owned(),
            slot: slot.clone(),
            otherwise: wish.request(),
        };
        self.state().underway = Some(Underway {
            people: vec![person.to_owned()],
            wish: Some(wish.clone()),
            visits: 1,
        });
        match app.book(request).await {
            Ok(booking) => {
                self.tell(format_args!("booked {}: {:?}", booking.id, booking.status));
                let mut state = self.state();
                state.underway = None;
                state.asked.insert(booking.id.clone());
                state.wishes.insert(booking.id.clone(), wish);
                state.tally.bookings += 1;
                let said = Said::of(&booking);
                state.said.insert((person.to_owned(), booking.id), said);
            }
            Err(error) => self.failed_for("book", of, &error),
        }
    }

    pub async fn cancels(&self, app: &SoKhoe, of: &PersonView) {
        let person = of.id.as_str();
        let Ok(bookings) = app.bookings(person) else {
            return;
        };
        let Some(booking) = self.dice.one(&bookings) else {
            return;
        };
        match app.cancel_booking(person, &booking.id).await {
            Ok(after) => {
                self.state().tally.cancellations += 1;
                self.tell(format_args!("cancels {}: {:?}", after.id, after.status));
            }
            Err(AppError::Validation { .. }) => {}
            Err(error) => self.failed_for("cancel", of, &error),
        }
    }

    /// Wants one of the person's bookings to be at another time.
    pub async fn moves(&self, app: &SoKhoe, of: &PersonView) {
        let person = of.id.as_str();
        let Ok(mut bookings) = app.bookings(person) else {
            return;
        };
        bookings.retain(|booking| booking.status == BookingStatus::Confirmed);
        let Some(booking) = self.dice.one(&bookings) else {
            return;
        };
        let from = self.around.time.look().plus(Duration::from_secs(3_600));
        let request = FindSlotsRequest {
            person_id: person.to_owned(),
            clinic_id: booking.clinic_id.clone(),
            service_id: None,
            from,
            to: from.plus(Duration::from_secs(2 * 86_400)),
            limit: 12,
            criteria: None,
            has_referral: false,
        };
        let mut slots = match app.find_slots(request).await {
            Ok(slots) => slots,
            Err(error) => return self.failed_for("find", of, &error),
        };
        slots.retain(|slot| slot.service == booking.service);
        let Some(slot) = slots.get(self.dice.below(4)) else {
            return;
        };
        self.around.moves.wants(&booking.id, slot.start);
        let request = MoveBookingRequest {
            person_id: person.to_owned(),
            booking_id: booking.id.clone(),
            slot: slot.clone(),
        };
        match app.move_booking(request).await {
            Ok(after) => {
                self.state().tally.moves += u64::from(after.start == slot.start);
                let to = (after.start, after.moving_to);
                self.tell(format_args!("moves {}: {to:?}", after.id));
            }
            Err(AppError::Validation { .. }) => {}
            Err(error) => self.failed_for("move", of, &error),
        }
    }

    /// Reads the bookings of whoever has any, and of this person, and holds them against what was said before.
    pub fn looks(&self, app: &SoKhoe, of: Option<&str>) {
        if self.state().disk.is_cut() {
            return;
        }
        let persons = app.persons().expect("persons");
        for person in persons {
            // A book that need not be opened takes time of another life.
            let is_worth_it = {
                let state = self.state();
                of == Some(&person.id)
                    || state
                        .underway
                        .as_ref()
                        .is_some_and(|it| it.people.contains(&person.id))
                    || state.said.keys().any(|(of, _)| *of == person.id)
            };
            if !is_worth_it {
                continue;
            }
            let bookings = match app.bookings(&person.id) {
                Ok(bookings) => bookings,
                Err(error) => return self.failed("look", &error),
            };
            self.holds_against_wishes(&bookings);
            let mut state = self.state();
            // What a clinic took away is to go, and nobody says when it hears of it.
            let gone = |said: &Said| self.lost(&said.clinic, &person.name).is_some();
            let known: Vec<String> = state
                .said
                .iter()
                .filter(|((of, _), said)| *of == person.id && !gone(said))
                .map(|((_, id), _)| id.clone())
                .collect();
            let is_new = |booking: &&BookingView| {
                let key = (person.id.clone(), booking.id.clone());
                !state.said.contains_key(&key)
            };
            let new: Vec<&BookingView> = bookings.iter().filter(is_new).collect();
            if let Some(underway) = &state.underway
                && !is_whole(underway, &new)
            {
                self.wrong(format_args!(
                    "I5: a part of a series of {}",
                    underway.visits
                ));
            }
            for booking in &bookings {
                let said = Said::of(booking);
                let before = state
                    .said
                    .insert((person.id.clone(), booking.id.clone()), said)
                    .map(|before| before.status);
                if booking.asked.is_some() {
                    state.otherwise.insert(booking.id.clone());
                }
                let is_new = before.is_none() && state.underway.is_some();
                // That of another phone may have come by the feed meanwhile: then it is not known what was asked for.
                if before.is_none()
                    && !is_settled(booking.status)
                    && let Some(wish) = state.underway.as_ref().and_then(|it| it.wish.clone())
                {
                    state.wishes.insert(booking.id.clone(), wish);
                }
                if is_new || !is_settled(booking.status) {
                    state.asked.insert(booking.id.clone());
                }
                let allowed = match before {
                    None | Some(BookingStatus::WaitingForNetwork | BookingStatus::Sending) => true,
                    Some(before) if stands(before) => {
                        stands(booking.status) || booking.status == BookingStatus::Cancelled
                    }
                    Some(BookingStatus::OnWaitingList | BookingStatus::Offered) => {
                        matches!(
                            booking.status,
                            BookingStatus::OnWaitingList
                                | BookingStatus::Offered
                                | BookingStatus::Cancelled
                        ) || stands(booking.status)
                    }
                    Some(final_one) => final_one == booking.status,
                };
                if !allowed {
                    self.wrong(format_args!(
                        "{} was {before:?} and is {:?}",
                        booking.id, booking.status
                    ));
                }
            }
            for id in known {
                if !bookings.iter().any(|booking| booking.id == id) {
                    self.wrong(format_args!("I5: {id} was kept and is gone"));
                }
            }
        }
        self.state().underway = None;
    }
}

/// Whether the clinic has it, or had it until its time came.
fn stands(status: BookingStatus) -> bool {
    matches!(
        status,
        BookingStatus::Confirmed
            | BookingStatus::CheckedIn
            | BookingStatus::Fulfilled
            | BookingStatus::NoShow
    )
}

pub fn is_settled(status: BookingStatus) -> bool {
    !matches!(
        status,
        BookingStatus::WaitingForNetwork | BookingStatus::Sending
    )
}
