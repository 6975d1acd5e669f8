//! Taking a booking back.

use sokhoe_domain::{BookingState, IntentId};
use sokhoe_sync::CancelIntent;
use sokhoe_vault::{IntentKind, NewIntent};

use crate::error::AppError;
use crate::move_booking::drop_kept_back;
use crate::session::SoKhoe;
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
        // Whoever cancels again what was kept back wants it sent again.
        for parked in book.vault.parked()? {
            if parked.intent.kind == IntentKind::Cancel && parked.intent.thing == id.to_string() {
                book.vault.unpark(parked.intent.id, session.now())?;
            }
        }
        let pending = session.pending_cancellations(&book)?;
        if !pending.contains(&id.to_string()) {
            let now = session.now();
            let patient_id = session.patient_at(&book.person.id, &booking.clinic)?;
            let intent = CancelIntent {
                appointment_id: id.to_string(),
                patient_id,
            };
            let intent = NewIntent {
                id: IntentId::new(now, &*session.ports.rng),
                clinic: booking.clinic.clone(),
                kind: IntentKind::Cancel,
                thing: id.to_string(),
                body: serde_json::to_string(&intent).map_err(|_| AppError::internal("intent"))?,
                created: now,
            };
            drop_kept_back(&book, booking_id)?;
            book.vault.enqueue(&intent, &booking)?;
        }
        self.send(person_id, booking_id).await
    }
}
