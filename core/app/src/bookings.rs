//! The bookings of a person as lists show them.

use std::collections::HashSet;

use sokhoe_domain::{BookingState, IntentId, Refusal, Timestamp};
use sokhoe_vault::{IntentKind, StoredBooking};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::{BookingStatus, BookingView};

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
        let id: IntentId = booking_id
            .parse()
            .map_err(|_| AppError::not_found("booking"))?;
        let booking = book
            .vault
            .booking(id)?
            .ok_or_else(|| AppError::not_found("booking"))?;
        let cancelling = self.inner.pending_cancellations(&book)?;
        Ok(self.inner.booking_view(&book, booking, &cancelling))
    }
}

impl Session {
    pub(crate) fn booking_views(&self, book: &OpenBook) -> Result<Vec<BookingView>, AppError> {
        let now = self.now();
        let cancelling = self.pending_cancellations(book)?;
        let mut bookings = book.vault.bookings()?;
        bookings.sort_by_key(|booking| {
            let past = booking.end < now;
            let order = booking.start.as_millis();
            (past, if past { -order } else { order })
        });
        Ok(bookings
            .into_iter()
            .map(|booking| self.booking_view(book, booking, &cancelling))
            .collect())
    }

    /// The bookings whose cancellation is still on its way.
    pub(crate) fn pending_cancellations(
        &self,
        book: &OpenBook,
    ) -> Result<HashSet<String>, AppError> {
        let waiting = book.vault.due(Timestamp::from_millis(i64::MAX))?;
        Ok(waiting
            .into_iter()
            .filter(|intent| intent.kind == IntentKind::Cancel)
            .map(|intent| intent.thing)
            .collect())
    }

    fn booking_view(
        &self,
        book: &OpenBook,
        booking: StoredBooking,
        cancelling: &HashSet<String>,
    ) -> BookingView {
        let now = self.now();
        let id = booking.id.to_string();
        let cancelling = cancelling.contains(&id);
        let status_text = if cancelling {
            self.words.say("booking-cancelling")
        } else {
            self.words.booking(&booking.state, now)
        };
        let alternatives = match &booking.state {
            BookingState::Refused(Refusal::SlotTaken { alternatives }) => alternatives.clone(),
            _ => Vec::new(),
        };
        BookingView {
            id,
            person_id: book.person.id.0.clone(),
            clinic_id: booking.clinic.0,
            start: booking.start,
            end: booking.end,
            when_text: self.words.when(booking.start, now),
            service: booking.service,
            practitioner: booking.practitioner,
            location: booking.location,
            status: match booking.state {
                BookingState::WaitingForNetwork => BookingStatus::WaitingForNetwork,
                BookingState::Sending => BookingStatus::Sending,
                BookingState::Confirmed => BookingStatus::Confirmed,
                BookingState::Refused(_) => BookingStatus::Refused,
                BookingState::Cancelled => BookingStatus::Cancelled,
            },
            status_text,
            cancelling,
            alternatives,
        }
    }
}
