//! What can be booked, and when.

use sokhoe_domain::Wire;
use sokhoe_fhir::{Appointment, FindRequest, Ref};
use sokhoe_sync::{Lane, SlotSearch};
use sokhoe_vault::ClinicRecord;

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
        let clinic = session.clinic(clinic_id)?;
        let client = session.client(&clinic)?;
        let services = match clinic.wire {
            Wire::Clinic => client.services().await?,
            Wire::Server => sokhoe_sync::services_of_server(&client).await?,
        };
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

    /// Free times at a clinic, the nearest first. At any other FHIR server these are its free Slots, and
    /// what it does not tell of them is empty.
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::Offline`], [`AppError::BadAnswer`], [`AppError::NotEnrolled`].
    /// A server where a time cannot be taken safely is [`AppError::BadAnswer`] with
    /// [`sokhoe_domain::Refusal::TAKES_NO_BOOKINGS`]: that clinic is to be called.
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
        if clinic.wire == Wire::Server {
            let wanted = SlotSearch {
                from: request.from,
                to: request.to,
                service: request.service_id,
                limit: usize::try_from(request.limit).unwrap_or(usize::MAX),
            };
            let lane = session.lane(&clinic, patient)?;
            let offers = session.engine(&book).free_slots(&lane, &wanted).await?;
            return Ok(session.slot_views(&request.clinic_id, offers));
        }
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
        Ok(session.slot_views(&request.clinic_id, offers))
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

    /// A person's way to one clinic.
    pub(crate) fn lane(&self, clinic: &ClinicRecord, patient_id: String) -> Result<Lane, AppError> {
        Ok(Lane {
            client: self.client(clinic)?,
            wire: clinic.wire,
            clinic: clinic.id.clone(),
            patient_id,
        })
    }

    fn slot_views(&self, clinic_id: &str, offers: Vec<Appointment>) -> Vec<SlotView> {
        offers
            .into_iter()
            .filter_map(|offer| self.slot_view(clinic_id, offer))
            .collect()
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
