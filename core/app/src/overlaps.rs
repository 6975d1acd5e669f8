//! What a planned visit leaves no room for: the whole family has one helper, who goes along with everybody.

use std::time::Duration;

use sokhoe_domain::{BookingState, Timestamp};
use sokhoe_vault::{IntentKind, StoredBooking};

use crate::bookings::pending_moves;
use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};

/// From one clinic to another.
const ON_THE_WAY: Duration = Duration::from_secs(3_600);
/// A visit of which only the begin is told.
const SHORTEST: Duration = Duration::from_secs(60);

/// Why two visits do not go well together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlapKind {
    /// The person has another appointment at that time.
    SamePerson,
    /// Somebody else on this phone has one at that time.
    Family,
    /// Less than an hour is left between them, and they are at different clinics.
    LittleTime,
}

/// A booking that does not go well together with a planned visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlapView {
    /// Why.
    pub kind: OverlapKind,
    /// Whose booking it is.
    pub person_id: String,
    /// The booking.
    pub booking_id: String,
    /// Where it is.
    pub clinic_id: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// All that in words.
    pub text: String,
}

/// A planned visit.
struct Plan<'a> {
    person_id: &'a str,
    clinic_id: &'a str,
    start: Timestamp,
    end: Timestamp,
}

impl SoKhoe {
    /// What everybody's bookings on this phone leave no room for, should this person be at this clinic from `start`
    /// to `end`: the earliest first. Only what waits, is sent or is confirmed counts, and not what was called off.
    /// Nothing is asked of a clinic, and nothing is forbidden: the family decides.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn overlaps(
        &self,
        person_id: &str,
        clinic_id: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<OverlapView>, AppError> {
        let session = &*self.inner;
        session.book(person_id)?;
        let plan = Plan {
            person_id,
            clinic_id,
            start,
            end: end.max(start.plus(SHORTEST)),
        };
        let mut overlaps = Vec::new();
        for person in self.persons()? {
            let book = match session.book(&person.id) {
                // Of whom this phone may show nothing until the clinic was asked it says nothing, either.
                Err(AppError::LeaseOver) => continue,
                other => other?,
            };
            for booking in stands(&book)? {
                overlaps.extend(session.overlap(&plan, &book, booking));
            }
        }
        overlaps.sort_by_key(|overlap| (overlap.start, overlap.person_id.clone()));
        Ok(overlaps)
    }
}

/// The bookings of a person that take or may take place.
pub(crate) fn stands(book: &OpenBook) -> Result<Vec<StoredBooking>, AppError> {
    let waiting = book.vault.waiting()?;
    let parked = book.vault.parked()?;
    // One whose cancellation is kept back may well take place.
    let is_called_off = |booking: &StoredBooking| {
        waiting.iter().any(|intent| {
            intent.kind == IntentKind::Cancel
                && intent.thing == booking.id.to_string()
                && parked.iter().all(|parked| parked.intent.id != intent.id)
        })
    };
    let mut bookings = book.vault.bookings()?;
    // Whoever is to be on a waiting list has no time yet.
    let is_to_wait = |booking: &StoredBooking| {
        let mut waiting = waiting.iter();
        waiting.any(|intent| intent.kind == IntentKind::Wait && intent.id == booking.id)
    };
    bookings.retain(|booking| match booking.state {
        BookingState::WaitingForNetwork
        | BookingState::Sending
        | BookingState::Confirmed
        | BookingState::CheckedIn
        | BookingState::Offered { .. } => !is_called_off(booking) && !is_to_wait(booking),
        BookingState::OnWaitingList { .. }
        | BookingState::Fulfilled
        | BookingState::NoShow
        | BookingState::Refused(_)
        | BookingState::Cancelled => false,
    });
    // One that is to be moved may take place at either time.
    for (id, wanted) in pending_moves(book)? {
        let moved = bookings.iter().find(|booking| booking.id.to_string() == id);
        let moved = moved.map(|booking| StoredBooking {
            start: wanted.start,
            end: wanted.end,
            ..booking.clone()
        });
        bookings.extend(moved);
    }
    Ok(bookings)
}

impl Session {
    fn overlap(
        &self,
        plan: &Plan<'_>,
        book: &OpenBook,
        booking: StoredBooking,
    ) -> Option<OverlapView> {
        let end = booking.end.max(booking.start.plus(SHORTEST));
        let is_their_own = book.person.id.0 == plan.person_id;
        let is_elsewhere = booking.clinic.as_str() != plan.clinic_id;
        // One of the two is nothing.
        let between = plan.start.since(end) + booking.start.since(plan.end);
        let kind = if booking.start < plan.end && plan.start < end {
            match is_their_own {
                true => OverlapKind::SamePerson,
                false => OverlapKind::Family,
            }
        } else if is_elsewhere && between < ON_THE_WAY {
            OverlapKind::LittleTime
        } else {
            return None;
        };
        let clinic = self.clinic(booking.clinic.as_str()).ok();
        let minutes = between.as_secs() / 60;
        let key = match kind {
            OverlapKind::SamePerson => "overlap-same-person",
            OverlapKind::Family => "overlap-family",
            OverlapKind::LittleTime if minutes == 0 => "overlap-no-time",
            OverlapKind::LittleTime => "overlap-little-time",
        };
        let text = self.words.say_with(
            key,
            &[
                ("name", book.person.name.clone()),
                ("when", self.words.when(booking.start, self.now())),
                (
                    "clinic",
                    clinic.map(|clinic| clinic.name).unwrap_or_default(),
                ),
                ("minutes", minutes.to_string()),
            ],
        );
        Some(OverlapView {
            kind,
            person_id: book.person.id.0.clone(),
            booking_id: booking.id.to_string(),
            clinic_id: booking.clinic.0,
            start: booking.start,
            end: booking.end,
            text,
        })
    }
}

#[cfg(test)]
mod tests;
