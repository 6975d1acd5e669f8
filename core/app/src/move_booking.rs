//! Another time for what a clinic has confirmed.

use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::{BookingState, GrantScope, IntentId};
use sokhoe_sync::MoveIntent;
use sokhoe_vault::{IntentKind, NewIntent, VaultError};

use crate::error::AppError;
use crate::session::{OpenBook, SoKhoe};
use crate::views::{BookingView, MoveBookingRequest};

impl SoKhoe {
    /// Moves a confirmed booking to another offered time of its clinic. Like a booking it is kept first and sent when
    /// it can be. Until the clinic has it so, the booking stands where it was, and [`BookingView::moving_to`] says
    /// where to; when the clinic refuses, it stands there still. The person hears of either.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Validation`] when the booking is not confirmed, is being cancelled, or the
    /// time is at another clinic; [`AppError::DiskFull`]; nothing is kept then. [`AppError::NotEnrolled`]: it is kept
    /// and waits until this phone is enrolled again.
    pub async fn move_booking(&self, request: MoveBookingRequest) -> Result<BookingView, AppError> {
        self.not_moved()?;
        let MoveBookingRequest {
            person_id,
            booking_id,
            slot,
        } = request;
        if !is_fhir_id(&slot.id) {
            return Err(AppError::invalid("slot.id", "must be an offer's id"));
        }
        let session = &*self.inner;
        let book = session.book(&person_id)?;
        let booking = book.stored_booking(&booking_id)?;
        if booking.clinic.as_str() != slot.clinic_id {
            return Err(AppError::invalid("slot.clinic_id", "is another clinic's"));
        }
        session.granted(&book.person.id, &booking.clinic, GrantScope::Book)?;
        let waiting = book.vault.waiting()?;
        let mut of_it = waiting.iter().filter(|intent| intent.thing == booking_id);
        if booking.state != BookingState::Confirmed
            || of_it
                .clone()
                .any(|intent| intent.kind == IntentKind::Cancel)
        {
            return Err(not_confirmed());
        }
        // Whoever asks again for what was kept back wants it sent again.
        let last = of_it
            .next_back()
            .filter(|last| last.kind == IntentKind::Move);
        let asked = last.and_then(|last| Some((last.id, MoveIntent::read(&last.body)?)));
        match asked.filter(|(_, wanted)| wanted.slot_id == slot.id) {
            Some((again, _)) => book.vault.unpark(again, session.now())?,
            None => {
                let now = session.now();
                let intent = MoveIntent {
                    appointment_id: booking_id.clone(),
                    patient_id: session.patient_at(&book.person.id, &booking.clinic)?,
                    slot_id: slot.id,
                    start: slot.start,
                    end: slot.end,
                    practitioner: slot.practitioner,
                    location: slot.location,
                };
                let intent = NewIntent {
                    id: IntentId::new(now, &*session.ports.rng),
                    clinic: booking.clinic.clone(),
                    kind: IntentKind::Move,
                    thing: booking_id.clone(),
                    body: serde_json::to_string(&intent)
                        .map_err(|_| AppError::internal("intent"))?,
                    created: now,
                };
                drop_kept_back(&book, &booking_id)?;
                match book.vault.enqueue(&intent, &booking) {
                    // Its clinic called it off meanwhile.
                    Err(VaultError::BookingState { .. }) => return Err(not_confirmed()),
                    other => other?,
                }
            }
        }
        self.send(&person_id, &booking_id).await
    }
}

fn not_confirmed() -> AppError {
    AppError::invalid("booking", "is not confirmed")
}

/// Moves, and answers to offers, that are kept back are over once something else was decided of their booking, which would
/// wait for them.
pub(crate) fn drop_kept_back(book: &OpenBook, booking_id: &str) -> Result<(), AppError> {
    for parked in book.vault.parked()? {
        let is_over = matches!(
            parked.intent.kind,
            IntentKind::Move | IntentKind::Take | IntentKind::Decline
        );
        if is_over && parked.intent.thing == booking_id {
            book.vault.drop_intent(parked.intent.id, &[])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
