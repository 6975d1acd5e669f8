//! Booking for several people: kept in everybody's book first, then sent by whoever's turn it is.

use std::sync::Arc;

use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::{BookingState, ClinicId, GrantScope, IntentId};
use sokhoe_sync::{BookIntent, Trip, TripMember};
use sokhoe_vault::{IntentKind, NewIntent, StoredBooking};

use super::members::check_people;
use super::{TripRequest, TripVisit};
use crate::error::AppError;
use crate::overlaps::OverlapView;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::BookingView;

/// What one of a trip keeps.
pub(super) struct Part {
    pub(super) book: Arc<OpenBook>,
    pub(super) intent: NewIntent,
    pub(super) booking: StoredBooking,
}

impl SoKhoe {
    /// Books for several people at one clinic, all of them or none. Kept in everybody's book before the first byte is
    /// sent; the clinic decides for all in one transaction. Gives everybody's booking in the order of the request, as
    /// each then stands; [`BookingView::trip`] says with whom it belongs together. From the confirmation on each is
    /// cancelled and moved alone.
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::NotFound`], [`AppError::DiskFull`]; nothing is kept then.
    /// [`AppError::BadAnswer`] with [`sokhoe_domain::Refusal::BOOKS_ONE_AT_A_TIME`] for a clinic where several cannot be
    /// booked together; nothing is kept then. [`AppError::NotEnrolled`]: it is kept and waits until this phone is
    /// enrolled again.
    pub async fn book_trip(&self, request: TripRequest) -> Result<Vec<BookingView>, AppError> {
        self.not_moved()?;
        check(&request.visits)?;
        let session = &*self.inner;
        let clinic = request.visits.first().map(|it| it.slot.clinic_id.clone());
        session.books_together(&clinic.unwrap_or_default())?;
        let (trip, parts) = session.parts(request.visits)?;
        session.keep_trip(&trip, &parts)?;
        let mut not_enrolled = None;
        for member in &trip.members {
            match self
                .send(&member.person_id, &member.booking.to_string())
                .await
            {
                // Where there is no space to note that it is sent, it waits.
                Ok(_) | Err(AppError::DiskFull) => {}
                Err(AppError::NotEnrolled) => not_enrolled = Some(AppError::NotEnrolled),
                Err(error) => return Err(error),
            }
        }
        if let Some(error) = not_enrolled {
            return Err(error);
        }
        let members = trip.members.iter();
        members
            .map(|member| self.booking(&member.person_id, &member.booking.to_string()))
            .collect()
    }

    /// What everybody's bookings on this phone leave no room for, should these visits take place
    /// ([`SoKhoe::overlaps`]). Those of the trip are no trouble to each other.
    ///
    /// # Errors
    /// As [`SoKhoe::overlaps`].
    pub fn trip_overlaps(&self, request: &TripRequest) -> Result<Vec<OverlapView>, AppError> {
        let mut overlaps: Vec<OverlapView> = Vec::new();
        for visit in &request.visits {
            let slot = &visit.slot;
            let found = self.overlaps(&visit.person_id, &slot.clinic_id, slot.start, slot.end)?;
            for overlap in found {
                let is_said = |said: &OverlapView| {
                    said.booking_id == overlap.booking_id && said.kind == overlap.kind
                };
                if !overlaps.iter().any(is_said) {
                    overlaps.push(overlap);
                }
            }
        }
        overlaps.sort_by_key(|overlap| (overlap.start, overlap.person_id.clone()));
        Ok(overlaps)
    }
}

/// Refuses what is no trip: it takes place at one clinic on one day.
fn check(visits: &[TripVisit]) -> Result<(), AppError> {
    check_people(visits.iter().map(|visit| &*visit.person_id), "visits")?;
    let day = |visit: &TripVisit| visit.slot.start.vietnam_day();
    for pair in visits.windows(2) {
        if let [one, other] = pair {
            if one.slot.clinic_id != other.slot.clinic_id {
                return Err(AppError::invalid(
                    "visits.slot.clinic_id",
                    "must be one clinic's",
                ));
            }
            if day(one) != day(other) {
                return Err(AppError::invalid("visits.slot.start", "must be on one day"));
            }
        }
    }
    match visits.iter().all(|visit| is_fhir_id(&visit.slot.id)) {
        true => Ok(()),
        false => Err(AppError::invalid("visits.slot.id", "must be an offer's id")),
    }
}

impl Session {
    /// What each of them keeps.
    fn parts(&self, visits: Vec<TripVisit>) -> Result<(Trip, Vec<Part>), AppError> {
        let now = self.now();
        let new_id = || IntentId::new(now, &*self.ports.rng);
        let mut trip = Trip {
            id: new_id(),
            members: Vec::new(),
        };
        let mut kept = Vec::new();
        for visit in visits {
            let book = self.book(&visit.person_id)?;
            let slot = visit.slot;
            let clinic = ClinicId(slot.clinic_id);
            self.granted(&book.person.id, &clinic, GrantScope::Book)?;
            trip.members.push(TripMember {
                patient_id: self.patient_at(&book.person.id, &clinic)?,
                person_id: visit.person_id,
                booking: new_id(),
                slot_id: slot.id,
                start: slot.start,
                service: slot.service.clone(),
                practitioner: slot.practitioner.clone(),
            });
            kept.push((book, clinic, slot.end, slot.location));
        }
        let mut parts = Vec::new();
        for (member, (book, clinic, end, location)) in trip.members.iter().zip(kept) {
            let intent = BookIntent {
                slot_id: member.slot_id.clone(),
                patient_id: member.patient_id.clone(),
                otherwise: None,
                trying: None,
                trip: Some(trip.clone()),
                occurrence: None,
            };
            parts.push(Part {
                book,
                booking: StoredBooking {
                    id: member.booking,
                    clinic: clinic.clone(),
                    start: member.start,
                    end,
                    service: member.service.clone(),
                    practitioner: member.practitioner.clone(),
                    location,
                    state: BookingState::WaitingForNetwork,
                    updated: now,
                    asked: None,
                    occurrence: None,
                    changeable_until: None,
                },
                intent: NewIntent {
                    id: member.booking,
                    clinic,
                    kind: IntentKind::Book,
                    thing: member.booking.to_string(),
                    body: serde_json::to_string(&intent)
                        .map_err(|_| AppError::internal("intent"))?,
                    created: now,
                },
            });
        }
        Ok((trip, parts))
    }
}
