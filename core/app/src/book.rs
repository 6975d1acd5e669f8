//! Booking: kept on the phone first, then sent; only the clinic confirms.

use chrono::NaiveDate;
use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::{
    BookingState, ClinicId, GrantScope, IntentId, Otherwise, OtherwiseError, Refusal, Wire,
};
use sokhoe_sync::{BookIntent, Urgency};
use sokhoe_vault::{IntentKind, NewIntent, StoredBooking};

use crate::error::AppError;
use crate::find_slots::weekdays;
use crate::session::{OpenBook, SoKhoe};
use crate::views::{BookRequest, BookingView, OtherwiseRequest};

impl SoKhoe {
    /// Books a time, or one that the person said would do should that be taken; [`BookingView::asked`] tells. The intent is on disk before the first byte is sent, so nothing is lost when the
    /// network or the phone fails; a clinic that cannot be reached is not an error but the state
    /// [`crate::BookingStatus::WaitingForNetwork`].
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::NotFound`], [`AppError::DiskFull`]; nothing is kept then.
    /// [`AppError::NotEnrolled`]: the booking is kept and waits until this phone is enrolled again.
    /// [`AppError::BadAnswer`] with [`Refusal::TAKES_NO_BOOKINGS`] for a clinic that is known to take none
    /// by app; nothing is kept then. When only the sending finds out, the booking is refused so.
    pub async fn book(&self, request: BookRequest) -> Result<BookingView, AppError> {
        self.not_moved()?;
        let slot = request.slot;
        if !is_fhir_id(&slot.id) {
            return Err(AppError::invalid("slot.id", "must be an offer's id"));
        }
        let session = &*self.inner;
        let otherwise = request.otherwise.as_ref();
        let otherwise = otherwise.map(allowed).transpose()?;
        let book = session.book(&request.person_id)?;
        let clinic = ClinicId(slot.clinic_id);
        let patient_id = session.patient_at(&book.person.id, &clinic)?;
        session.granted(&book.person.id, &clinic, GrantScope::Book)?;
        self.takes_bookings(&book, &clinic, &patient_id).await?;
        let now = session.now();
        let id = IntentId::new(now, &*session.ports.rng);
        let intent = BookIntent {
            slot_id: slot.id,
            patient_id,
            otherwise,
            trying: None,
            trip: None,
            occurrence: None,
        };
        let booking = StoredBooking {
            id,
            clinic: clinic.clone(),
            start: slot.start,
            end: slot.end,
            service: slot.service,
            practitioner: slot.practitioner,
            location: slot.location,
            state: BookingState::WaitingForNetwork,
            updated: now,
            asked: None,
            occurrence: None,
            changeable_until: None,
        };
        let intent = NewIntent {
            id,
            clinic,
            kind: IntentKind::Book,
            thing: id.to_string(),
            body: serde_json::to_string(&intent).map_err(|_| AppError::internal("intent"))?,
            created: now,
        };
        book.vault.enqueue(&intent, &booking)?;
        self.send(&request.person_id, &id.to_string()).await
    }

    /// Refuses a clinic that is known to take no bookings by app.
    pub(crate) async fn takes_bookings(
        &self,
        book: &OpenBook,
        clinic: &ClinicId,
        patient_id: &str,
    ) -> Result<(), AppError> {
        let session = &*self.inner;
        let place = session.clinic(clinic.as_str())?;
        if place.wire == Wire::Server {
            let lane = session.lane(&place, patient_id.to_owned())?;
            if session.engine(book).takes_no_bookings(&lane).await? {
                return Err(AppError::BadAnswer {
                    what: Refusal::TAKES_NO_BOOKINGS.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Sends what waits for this person and gives the booking as it then stands.
    pub(crate) async fn send(
        &self,
        person_id: &str,
        booking_id: &str,
    ) -> Result<BookingView, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let lanes = session.lanes(&book.person.id)?;
        let pushed = {
            let _one_at_a_time = book.syncing.lock().await;
            session.let_trips_settle(&book);
            session
                .engine(&book)
                .push(&lanes, Urgency::Foreground, &session.paces)
                .await?
        };
        let booking = self.booking(person_id, booking_id)?;
        // It will not go out by itself: the person has to enrol again first. The intent is kept.
        if pushed
            .unauthorized
            .contains(&ClinicId::from(booking.clinic_id.as_str()))
        {
            return Err(AppError::NotEnrolled);
        }
        Ok(booking)
    }
}

/// A day as requests have it.
pub(crate) fn day(field: &str, text: &str) -> Result<NaiveDate, AppError> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let day = day.filter(|_| text.len() == 10);
    day.ok_or_else(|| AppError::invalid(field, "must be a day such as 2026-12-01"))
}

/// What a person said would do. Whether it has passed the clinic says: this phone's clock may be wrong.
fn allowed(wish: &OtherwiseRequest) -> Result<Otherwise, AppError> {
    let first = day("otherwise.first_day", &wish.first_day)?;
    let last = day("otherwise.last_day", &wish.last_day)?;
    let minute = |minute| u16::try_from(minute).unwrap_or(u16::MAX);
    let weekdays = weekdays(&wish.weekdays);
    let otherwise = Otherwise::on_days(first, last)
        .and_then(|days| days.between(minute(wish.from_minute), minute(wish.until_minute)))
        .and_then(|days| days.on_weekdays(weekdays.ok_or(OtherwiseError::Weekdays)?))
        .map_err(|error| {
            let field = match error {
                OtherwiseError::Days | OtherwiseError::TooLong => "otherwise.last_day",
                OtherwiseError::Minutes => "otherwise.until_minute",
                OtherwiseError::Weekdays => "otherwise.weekdays",
            };
            AppError::invalid(field, &error.to_string())
        })?;
    Ok(otherwise.with_any_practitioner(wish.any_practitioner))
}
