//! What can be booked, and when.

use sokhoe_fhir::{Appointment, FindRequest, Ref};

use crate::error::AppError;
use crate::session::{Session, SoKhoe};
use crate::views::{FindSlotsRequest, ServiceView, SlotView};

impl SoKhoe {
    /// The services a clinic offers.
    ///
    /// # Errors
    /// [`AppError::Offline`], [`AppError::BadAnswer`], [`AppError::NotEnrolled`].
    pub async fn services(&self, clinic_id: &str) -> Result<Vec<ServiceView>, AppError> {
        let session = &*self.inner;
        let services = session
            .client(&session.clinic(clinic_id)?)?
            .services()
            .await?;
        Ok(services
            .into_iter()
            .filter(|service| service.active)
            .map(|service| ServiceView {
                id: service.id,
                name: service.name,
                specialty: service
                    .specialty
                    .map(|specialty| specialty.name)
                    .unwrap_or_default(),
                price_text: service
                    .price
                    .map(|price| price.to_string())
                    .unwrap_or_default(),
            })
            .collect())
    }

    /// Free times at a clinic, the nearest first.
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::Offline`], [`AppError::BadAnswer`], [`AppError::NotEnrolled`].
    pub async fn find_slots(&self, request: FindSlotsRequest) -> Result<Vec<SlotView>, AppError> {
        if request.to <= request.from {
            return Err(AppError::invalid("to", "must lie after from"));
        }
        if !(1..=100).contains(&request.limit) {
            return Err(AppError::invalid("limit", "must be 1 to 100"));
        }
        let session = &*self.inner;
        let (book, clinic) = (
            session.book(&request.person_id)?,
            session.clinic(&request.clinic_id)?,
        );
        let patient = session.patient_at(&book.person.id, &clinic.id)?;
        let find = FindRequest {
            start: request.from,
            end: request.to,
            specialty: None,
            service: request.service_id,
            practitioner: None,
            location: None,
            patient: Some(patient),
        };
        let offers = session.client(&clinic)?.find(&find, request.limit).await?;
        Ok(offers
            .into_iter()
            .filter_map(|offer| session.slot_view(&request.clinic_id, offer))
            .collect())
    }
}

impl Session {
    /// A person's Patient id at a clinic.
    pub(crate) fn patient_at(
        &self,
        person: &sokhoe_domain::PersonId,
        clinic: &sokhoe_domain::ClinicId,
    ) -> Result<String, AppError> {
        let links = self.account()?.links(person)?;
        links
            .into_iter()
            .find(|link| link.clinic == *clinic)
            .map(|link| link.patient_id)
            .ok_or_else(|| AppError::not_found("clinic"))
    }

    fn slot_view(&self, clinic_id: &str, offer: Appointment) -> Option<SlotView> {
        let name = |reference: Option<Ref>| reference.map(|r| r.name).unwrap_or_default();
        let start = offer.start?;
        Some(SlotView {
            id: offer.id?,
            clinic_id: clinic_id.to_owned(),
            start,
            end: offer.end.unwrap_or(start),
            when_text: self.words.when(start, self.now()),
            service: name(offer.service),
            practitioner: name(offer.practitioner),
            location: name(offer.location),
            price_text: offer
                .price
                .map(|price| price.to_string())
                .unwrap_or_default(),
        })
    }
}
