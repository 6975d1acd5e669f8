//! Booking a series: every visit is kept before the first one is sent.

use chrono::NaiveDate;
use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::series::{MOST_VISITS, windows};
use sokhoe_domain::{
    BookingState, ClinicId, GrantScope, IntentId, Occurrence, Otherwise, OtherwiseError,
};
use sokhoe_sync::BookIntent;
use sokhoe_vault::{IntentKind, NewIntent, StoredBooking};

use super::find::aside;
use super::{SeriesOtherwise, SeriesRequest};
use crate::error::AppError;
use crate::overlaps::OverlapView;
use crate::session::{OpenBook, SoKhoe};
use crate::views::{BookingView, SlotView};

impl SoKhoe {
    /// Books several times of one clinic for one person. All are on disk, or none, before the first byte is sent; the clinic
    /// decides of each. Gives every booking, the earliest first, as it then stands; [`BookingView::series`] says that they belong
    /// together, also on other phones of the person.
    ///
    /// # Errors
    /// As [`SoKhoe::book`].
    pub async fn book_series(&self, request: SeriesRequest) -> Result<Vec<BookingView>, AppError> {
        self.not_moved()?;
        let clinic = check(&request.slots)?;
        let session = &*self.inner;
        let book = session.book(&request.person_id)?;
        session.granted(&book.person.id, &clinic, GrantScope::Book)?;
        let patient_id = session.patient_at(&book.person.id, &clinic)?;
        self.takes_bookings(&book, &clinic, &patient_id).await?;
        let mut slots = request.slots;
        slots.sort_by_key(|slot| slot.start);
        let days: Vec<NaiveDate> = slots.iter().map(|slot| slot.start.vietnam_day()).collect();
        let wishes = wishes(&days, request.otherwise.as_ref())?;
        let before = request.continues.as_deref();
        let before = before.map(|id| series_of(&book, id, &clinic)).transpose()?;
        let now = session.now();
        let new_id = |_: &SlotView| IntentId::new(now, &*session.ports.rng);
        let mut ids: Vec<IntentId> = slots.iter().map(new_id).collect();
        // They are sent in this order.
        ids.sort_unstable();
        let originating = before.map(|(originating, _)| originating);
        let Some(originating) = originating.or(ids.first().copied()) else {
            return Ok(Vec::new());
        };
        let numbers = before.map_or(1, |(_, last)| last.saturating_add(1))..;
        let mut kept = Vec::new();
        for (((slot, id), otherwise), number) in
            slots.into_iter().zip(&ids).zip(wishes).zip(numbers)
        {
            let intent = BookIntent {
                slot_id: slot.id,
                patient_id: patient_id.clone(),
                otherwise,
                trying: None,
                trip: None,
                occurrence: Some(Occurrence {
                    originating,
                    number,
                }),
            };
            let booking = StoredBooking {
                id: *id,
                clinic: clinic.clone(),
                start: slot.start,
                end: slot.end,
                service: slot.service,
                practitioner: slot.practitioner,
                location: slot.location,
                state: BookingState::WaitingForNetwork,
                updated: now,
                asked: None,
                occurrence: intent.occurrence,
                changeable_until: None,
            };
            let intent = NewIntent {
                id: *id,
                clinic: clinic.clone(),
                kind: IntentKind::Book,
                thing: id.to_string(),
                body: serde_json::to_string(&intent).map_err(|_| AppError::internal("intent"))?,
                created: now,
            };
            kept.push((intent, booking));
        }
        book.vault.enqueue_all(&kept)?;
        self.send_all(&request.person_id, &ids).await
    }

    /// Sends what waits for this person and gives these bookings as they then stand.
    pub(super) async fn send_all(
        &self,
        person_id: &str,
        bookings: &[IntentId],
    ) -> Result<Vec<BookingView>, AppError> {
        if let Some(first) = bookings.first() {
            self.send(person_id, &first.to_string()).await?;
        }
        bookings
            .iter()
            .map(|id| self.booking(person_id, &id.to_string()))
            .collect()
    }

    /// What the bookings on this phone leave no room for, should these visits take place ([`SoKhoe::overlaps`]).
    ///
    /// # Errors
    /// As [`SoKhoe::overlaps`].
    pub fn series_overlaps(&self, request: &SeriesRequest) -> Result<Vec<OverlapView>, AppError> {
        let mut overlaps: Vec<OverlapView> = Vec::new();
        for slot in &request.slots {
            let (start, end) = (slot.start, slot.end);
            let found = self.overlaps(&request.person_id, &slot.clinic_id, start, end)?;
            for overlap in found {
                let is_said = |said: &OverlapView| said.booking_id == overlap.booking_id;
                if !overlaps.iter().any(is_said) {
                    overlaps.push(overlap);
                }
            }
        }
        overlaps.sort_by_key(|overlap| (overlap.start, overlap.person_id.clone()));
        Ok(overlaps)
    }
}

/// Refuses what is no series, and gives its clinic.
fn check(slots: &[SlotView]) -> Result<ClinicId, AppError> {
    let Some(first) = slots.first().filter(|_| slots.len() <= MOST_VISITS) else {
        return Err(AppError::invalid("slots", "must be 1 to 40 times"));
    };
    if slots.iter().any(|slot| slot.clinic_id != first.clinic_id) {
        return Err(AppError::invalid("slots.clinic_id", "must be one clinic's"));
    }
    if !slots.iter().all(|slot| is_fhir_id(&slot.id)) {
        return Err(AppError::invalid("slots.id", "must be an offer's id"));
    }
    let mut days: Vec<NaiveDate> = slots.iter().map(|slot| slot.start.vietnam_day()).collect();
    days.sort_unstable();
    days.dedup();
    match days.len() == slots.len() {
        true => Ok(ClinicId(first.clinic_id.clone())),
        false => Err(AppError::invalid(
            "slots.start",
            "must be on different days",
        )),
    }
}

/// What else would do for each, so that no two visits can be on one day.
fn wishes(
    days: &[NaiveDate],
    otherwise: Option<&SeriesOtherwise>,
) -> Result<Vec<Option<Otherwise>>, AppError> {
    let Some(wish) = otherwise else {
        return Ok(vec![None; days.len()]);
    };
    let days_aside = aside("otherwise.days_aside", wish.days_aside)?;
    let minute = |minute| u16::try_from(minute).unwrap_or(u16::MAX);
    let of_window = |window: std::ops::RangeInclusive<NaiveDate>| {
        let days = Otherwise::on_days(*window.start(), *window.end())?;
        let times = days.between(minute(wish.from_minute), minute(wish.until_minute))?;
        Ok(Some(times.with_any_practitioner(wish.any_practitioner)))
    };
    let wishes: Result<_, OtherwiseError> = windows(days, days_aside)
        .into_iter()
        .map(of_window)
        .collect();
    wishes.map_err(|error| AppError::invalid("otherwise.until_minute", &error.to_string()))
}

/// The series that a booking is of, and the number of its last visit; one that is of none begins one.
fn series_of(
    book: &OpenBook,
    booking_id: &str,
    clinic: &ClinicId,
) -> Result<(IntentId, u32), AppError> {
    let booking = book.stored_booking(booking_id)?;
    if booking.clinic != *clinic {
        return Err(AppError::invalid("continues", "is at another clinic"));
    }
    let Some(occurrence) = booking.occurrence else {
        return Ok((booking.id, 1));
    };
    let bookings = book.vault.bookings()?;
    let of_it = bookings.iter().filter_map(|it| it.occurrence);
    let of_it = of_it.filter(|it| it.originating == occurrence.originating);
    let last = of_it.map(|it| it.number).max();
    Ok((occurrence.originating, last.unwrap_or(occurrence.number)))
}
