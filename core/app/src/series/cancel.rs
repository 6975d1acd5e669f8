//! Taking back what is left of a series.

use sokhoe_domain::{BookingState, GrantScope};
use sokhoe_vault::StoredBooking;

use super::view::Coming;
use crate::error::AppError;
use crate::move_booking::drop_kept_back;
use crate::session::SoKhoe;
use crate::views::BookingView;

impl SoKhoe {
    /// Takes a booking of a series back and all that come after it. All are on disk, or none, before the first byte is sent; each
    /// is shown as cancelled only when the clinic has it so. What is over, refused or cancelled stays as it is. Gives those that are
    /// taken back, the earliest first.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Validation`] when it is of no series, or nothing of that is left;
    /// [`AppError::DiskFull`], nothing is kept then. [`AppError::NotEnrolled`]: it is kept and waits until this phone is enrolled
    /// again.
    pub async fn cancel_series(
        &self,
        person_id: &str,
        booking_id: &str,
    ) -> Result<Vec<BookingView>, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let from = book.stored_booking(booking_id)?;
        session.granted(&book.person.id, &from.clinic, GrantScope::Book)?;
        let Some(occurrence) = from.occurrence else {
            return Err(AppError::invalid("booking", "is of no series"));
        };
        let coming = Coming::of(book.vault.bookings()?, session.now());
        let rest: Vec<StoredBooking> = coming
            .of_series(occurrence.originating)
            .filter(|booking| (booking.start, booking.id) >= (from.start, from.id))
            // Who is there goes to the desk.
            .filter(|booking| !booking.state.stands() || booking.state == BookingState::Confirmed)
            .cloned()
            .collect();
        if rest.is_empty() {
            return Err(AppError::invalid(
                "booking",
                "is already over, refused or cancelled",
            ));
        }
        let pending = session.pending_cancellations(&book)?;
        session.send_cancellations_again(&book, &rest)?;
        let mut intents = Vec::new();
        for booking in &rest {
            let id = booking.id.to_string();
            if !pending.contains(&id) {
                drop_kept_back(&book, &id)?;
                intents.push((session.cancellation(&book, booking)?, booking.clone()));
            }
        }
        book.vault.enqueue_all(&intents)?;
        let ids: Vec<_> = rest.iter().map(|booking| booking.id).collect();
        self.send_all(person_id, &ids).await
    }
}
