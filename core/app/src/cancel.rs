//! Taking a booking back.

use sokhoe_domain::{BookingState, GrantScope, IntentId};
use sokhoe_sync::CancelIntent;
use sokhoe_vault::{IntentKind, NewIntent, StoredBooking};

use crate::error::AppError;
use crate::move_booking::drop_kept_back;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::BookingView;

impl SoKhoe {
    /// Takes a booking back, or leaves a waiting list. Like a booking it is kept first and sent when it can be; the booking is
    /// shown as cancelled only when the clinic has it so. One of a trip of which nothing was sent yet takes the whole
    /// trip back, without asking the clinic.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Validation`] when it is already refused or cancelled, or the person has come or
    /// should have: then only the desk can.
    pub async fn cancel_booking(
        &self,
        person_id: &str,
        booking_id: &str,
    ) -> Result<BookingView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let booking = book.stored_booking(booking_id)?;
        session.granted(&book.person.id, &booking.clinic, GrantScope::Book)?;
        let id = booking.id;
        if session.take_trip_back(&book, id)? {
            return self.booking(person_id, booking_id);
        }
        if matches!(
            booking.state,
            BookingState::Refused(_) | BookingState::Cancelled
        ) {
            return Err(AppError::invalid(
                "booking",
                "is already refused or cancelled",
            ));
        }
        if booking.state.stands() && booking.state != BookingState::Confirmed {
            return Err(AppError::invalid("booking", "is no longer to come"));
        }
        session.send_cancellations_again(&book, std::slice::from_ref(&booking))?;
        let pending = session.pending_cancellations(&book)?;
        if !pending.contains(&id.to_string()) {
            let intent = session.cancellation(&book, &booking)?;
            drop_kept_back(&book, booking_id)?;
            book.vault.enqueue(&intent, &booking)?;
        }
        self.send(person_id, booking_id).await
    }
}

impl Session {
    /// The intent that takes a booking back.
    pub(crate) fn cancellation(
        &self,
        book: &OpenBook,
        booking: &StoredBooking,
    ) -> Result<NewIntent, AppError> {
        let now = self.now();
        let intent = CancelIntent {
            appointment_id: booking.id.to_string(),
            patient_id: self.patient_at(&book.person.id, &booking.clinic)?,
        };
        Ok(NewIntent {
            id: IntentId::new(now, &*self.ports.rng),
            clinic: booking.clinic.clone(),
            kind: IntentKind::Cancel,
            thing: booking.id.to_string(),
            body: serde_json::to_string(&intent).map_err(|_| AppError::internal("intent"))?,
            created: now,
        })
    }

    /// Whoever cancels again what was kept back wants it sent again.
    pub(crate) fn send_cancellations_again(
        &self,
        book: &OpenBook,
        bookings: &[StoredBooking],
    ) -> Result<(), AppError> {
        for parked in book.vault.parked()? {
            let mut bookings = bookings.iter();
            let is_one = |booking: &StoredBooking| parked.intent.thing == booking.id.to_string();
            if parked.intent.kind == IntentKind::Cancel && bookings.any(is_one) {
                book.vault.unpark(parked.intent.id, self.now())?;
            }
        }
        Ok(())
    }
}
