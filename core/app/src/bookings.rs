//! The bookings of a person as lists show them.

use std::collections::{HashMap, HashSet};

use sokhoe_domain::{BookingState, ClinicId, IntentId, Refusal, ResourceKey, Timestamp};
use sokhoe_fhir::Appointment;
use sokhoe_sync::{MoveIntent, Trip};
use sokhoe_vault::{IntentKind, NotedQueue, StoredBooking};

use crate::error::AppError;
use crate::queue::noted_queues;
use crate::series::Coming;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::trip::trips_of;
use crate::views::{BookingStatus, BookingView};
use crate::waiting_list::OnTheWay;

/// What is on its way for bookings, by their ids.
pub(crate) struct Outbox {
    cancelling: HashSet<String>,
    /// When each is to begin that is to be moved: as was decided last.
    moving: HashMap<String, Timestamp>,
    parked: HashMap<String, IntentKind>,
    /// Of places on waiting lists.
    pub(crate) of_places: OnTheWay,
    /// The trips of several that they are parts of.
    trips: HashMap<IntentId, Trip>,
    /// Those of series that are still to come.
    of_series: Coming,
    /// What clinics said of their queues.
    queues: HashMap<IntentId, NotedQueue>,
}

impl SoKhoe {
    /// A person's bookings: the next first, then the past ones, the latest first.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn bookings(&self, person_id: &str) -> Result<Vec<BookingView>, AppError> {
        let book = self.inner.book(person_id)?;
        self.inner.booking_views(&book)
    }

    /// One booking.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn booking(&self, person_id: &str, booking_id: &str) -> Result<BookingView, AppError> {
        let book = self.inner.book(person_id)?;
        let booking = book.stored_booking(booking_id)?;
        if self.inner.undecided(&book)?.contains(&booking.id) {
            return Err(AppError::not_found("booking"));
        }
        let outbox = self.inner.outbox(&book, book.vault.bookings()?)?;
        Ok(self.inner.booking_view(&book, booking, &outbox))
    }
}

/// Where bookings of a person are to be moved, those last that were decided last.
pub(crate) fn pending_moves(book: &OpenBook) -> Result<Vec<(String, MoveIntent)>, AppError> {
    let waiting = book.vault.waiting()?;
    let moves = waiting
        .into_iter()
        .filter(|intent| intent.kind == IntentKind::Move);
    Ok(moves
        .filter_map(|intent| Some((intent.thing, MoveIntent::read(&intent.body)?)))
        .collect())
}

/// A state without what belongs to it.
pub(crate) const fn status_of(state: &BookingState) -> BookingStatus {
    match state {
        BookingState::WaitingForNetwork => BookingStatus::WaitingForNetwork,
        BookingState::Sending => BookingStatus::Sending,
        BookingState::OnWaitingList { .. } => BookingStatus::OnWaitingList,
        BookingState::Offered { .. } => BookingStatus::Offered,
        BookingState::Confirmed => BookingStatus::Confirmed,
        BookingState::CheckedIn => BookingStatus::CheckedIn,
        BookingState::Fulfilled => BookingStatus::Fulfilled,
        BookingState::NoShow => BookingStatus::NoShow,
        BookingState::Refused(_) => BookingStatus::Refused,
        BookingState::Cancelled => BookingStatus::Cancelled,
    }
}

impl OpenBook {
    /// A booking as it is stored, by the id that a screen has.
    pub(crate) fn stored_booking(&self, booking_id: &str) -> Result<StoredBooking, AppError> {
        let not_found = || AppError::not_found("booking");
        let id: IntentId = booking_id.parse().map_err(|_| not_found())?;
        self.vault.booking(id)?.ok_or_else(not_found)
    }

    /// The Appointment of a booking, as its clinic sent it last.
    pub(crate) fn appointment_of(&self, booking: &StoredBooking) -> Option<Appointment> {
        let key = ResourceKey::new("Appointment", booking.id.to_string());
        let stored = self.vault.resource(&booking.clinic, &key).ok()??;
        Appointment::from_json(&stored.json).ok()
    }
}

impl Session {
    pub(crate) fn booking_views(&self, book: &OpenBook) -> Result<Vec<BookingView>, AppError> {
        let now = self.now();
        let undecided = self.undecided(book)?;
        let mut bookings = book.vault.bookings()?;
        let outbox = self.outbox(book, bookings.clone())?;
        bookings.retain(|booking| !undecided.contains(&booking.id));
        bookings.sort_by_key(|booking| {
            let past = booking.end < now;
            let order = booking.start.as_millis();
            (past, if past { -order } else { order })
        });
        Ok(bookings
            .into_iter()
            .map(|booking| self.booking_view(book, booking, &outbox))
            .collect())
    }

    /// The bookings whose cancellation is still on its way.
    pub(crate) fn pending_cancellations(
        &self,
        book: &OpenBook,
    ) -> Result<HashSet<String>, AppError> {
        let waiting = book.vault.waiting()?;
        Ok(waiting
            .into_iter()
            .filter(|intent| intent.kind == IntentKind::Cancel)
            .map(|intent| intent.thing)
            .collect())
    }

    /// What the outbox says of these bookings, which are all of the person's.
    fn outbox(&self, book: &OpenBook, bookings: Vec<StoredBooking>) -> Result<Outbox, AppError> {
        let parked = book.vault.parked()?;
        Ok(Outbox {
            cancelling: self.pending_cancellations(book)?,
            moving: pending_moves(book)?
                .into_iter()
                .map(|(booking, wanted)| (booking, wanted.start))
                .collect(),
            parked: parked
                .into_iter()
                .map(|parked| (parked.intent.thing, parked.intent.kind))
                .collect(),
            of_places: OnTheWay::of(book.vault.waiting()?),
            trips: trips_of(book)?,
            of_series: Coming::of(bookings, self.now()),
            queues: noted_queues(book)?,
        })
    }

    /// When a clinic may be asked again that is being left alone.
    fn next_try(&self, clinic: &ClinicId) -> Option<Timestamp> {
        let clinic = self.clinic(clinic.as_str()).ok()?;
        let host = self.client(&clinic).ok()?.origin();
        self.paces.next_try(&host)
    }

    /// Who acted for the person, as the clinic says.
    fn helped_by_text(&self, book: &OpenBook, booking: &StoredBooking) -> Option<String> {
        let key = ResourceKey::new("Appointment", booking.id.to_string());
        let stored = book.vault.resource(&booking.clinic, &key).ok()??;
        let name = Appointment::from_json(&stored.json).ok()?.helped_by?;
        Some(self.words.say_with("booking-helped-by", &[("name", name)]))
    }

    fn booking_view(
        &self,
        book: &OpenBook,
        booking: StoredBooking,
        outbox: &Outbox,
    ) -> BookingView {
        let now = self.now();
        let id = booking.id.to_string();
        let cancelling = outbox.cancelling.contains(&id);
        let is_confirmed = booking.state == BookingState::Confirmed;
        let moving_to = outbox.moving.get(&id).copied();
        let moving_to = moving_to.filter(|_| is_confirmed && !cancelling);
        let waiting = self.waiting_view(&booking, outbox);
        let of_place = waiting.as_ref().and(outbox.of_places.last(&id));
        let what = match (cancelling, moving_to, of_place) {
            (true, _, _) => IntentKind::Cancel,
            (false, Some(_), _) => IntentKind::Move,
            (false, None, Some(of_place)) => of_place,
            (false, None, None) => IntentKind::Book,
        };
        let waits = what != IntentKind::Book || !booking.state.is_settled();
        let queue = self.queue_view(book, &booking, outbox.queues.get(&booking.id));
        let next_try = waits.then(|| self.next_try(&booking.clinic)).flatten();
        let status_text = match (outbox.parked.get(&id), next_try) {
            (Some(IntentKind::Book), _) => self.words.say("booking-parked"),
            (Some(IntentKind::Cancel), _) => self.words.say("booking-cancelling-parked"),
            (Some(IntentKind::Move), _) => self.words.say("booking-moving-parked"),
            (Some(IntentKind::Wait), _) => self.words.say("waiting-parked"),
            (Some(IntentKind::Take | IntentKind::Decline), _) => {
                self.words.say("waiting-answer-parked")
            }
            (None, Some(next_try)) => self.words.next_try(what, next_try, now),
            (None, None) if cancelling => self.words.say("booking-cancelling"),
            (None, None) => match (moving_to, &waiting) {
                (Some(to), _) => self.words.moving(to, now),
                (None, Some(waiting)) => self.waiting_text(&booking, waiting),
                (None, None) => match &queue {
                    Some(queue) => queue.text.clone(),
                    None => self
                        .late_text(book, &booking)
                        .unwrap_or_else(|| self.words.booking_at(&booking, now)),
                },
            },
        };
        let alternatives = match &booking.state {
            BookingState::Refused(Refusal::SlotTaken { alternatives }) => alternatives.clone(),
            _ => Vec::new(),
        };
        let has_a_time = waiting
            .as_ref()
            .is_none_or(|waiting| waiting.offered_until.is_some());
        let when_text = match has_a_time {
            true => self.words.when(booking.start, now),
            false => self.period_text(&booking),
        };
        let trip = outbox.trips.get(&booking.id);
        let trip = trip.map(|trip| self.trip_view(book, trip, &booking));
        BookingView {
            helped_by_text: self.helped_by_text(book, &booking),
            trip,
            deadline: self.deadline_view(&booking),
            series: self.series_view(&booking, &outbox.of_series),
            id,
            person_id: book.person.id.0.clone(),
            clinic_id: booking.clinic.0,
            start: booking.start,
            end: booking.end,
            when_text,
            service: booking.service,
            practitioner: booking.practitioner,
            location: booking.location,
            status: status_of(&booking.state),
            status_text,
            cancelling,
            moving_to,
            alternatives,
            asked: booking.asked,
            waiting,
            queue,
        }
    }
}
