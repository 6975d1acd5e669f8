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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use bytes::Bytes;
    use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
    use sokhoe_vault::ClinicRecord;

    use super::*;
    use crate::Language;
    use crate::test_phone::{TestPhone, clinic, clock, config, person};

    /// A FHIR server without free times, which takes bookings when `transactions` says so.
    #[derive(Default)]
    struct EmptyServer {
        transactions: Mutex<bool>,
        asked: Mutex<Vec<String>>,
    }

    impl Transport for EmptyServer {
        fn send(
            &self,
            request: http::Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            let kind = request.uri().path().rsplit('/').next().unwrap().to_owned();
            let answer = match &*kind {
                "metadata" => {
                    let way = match *self.transactions.lock().unwrap() {
                        true => "transaction",
                        false => "batch",
                    };
                    let resource = |kind: &str| {
                        format!(
                            r#"{{"type":"{kind}","interaction":[{{"code":"read"}},{{"code":"search-type"}},{{"code":"update"}}]}}"#
                        )
                    };
                    format!(
                        r#"{{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{{"mode":"server","interaction":[{{"code":"{way}"}}],"resource":[{},{}]}}]}}"#,
                        resource("Slot"),
                        resource("Appointment")
                    )
                }
                _ => r#"{"resourceType":"Bundle","type":"searchset"}"#.to_owned(),
            };
            self.asked.lock().unwrap().push(kind);
            Box::pin(async move { Ok(http::Response::new(answer.into())) })
        }
    }

    #[tokio::test]
    async fn what_a_server_can_is_asked_once_a_day_by_all_of_a_phone() {
        let record = ClinicRecord {
            wire: Wire::Server,
            ..clinic()
        };
        let phone = TestPhone::new(config(Language::En), 1, EmptyServer::default(), clock());
        let phone = phone.enrol(&record, ["mai", "an"].map(person));
        let look = async |person: &str| {
            let from = phone.app.inner.now();
            let request = FindSlotsRequest {
                person_id: person.to_owned(),
                clinic_id: "a".to_owned(),
                from,
                to: from.plus(Duration::from_secs(86_400)),
                service_id: None,
                limit: 5,
            };
            let found = phone.app.find_slots(request).await;
            let asked = std::mem::take(&mut *phone.clinic.asked.lock().unwrap());
            let metadata = asked.iter().filter(|kind| *kind == "metadata").count();
            assert_eq!(found.is_ok(), asked.iter().any(|kind| kind == "Slot"));
            (found.is_ok(), metadata)
        };
        // A "no" may be over by now.
        for _ in 0..2 {
            assert_eq!(look("mai").await, (false, 1));
        }
        *phone.clinic.transactions.lock().unwrap() = true;
        for (person, asks) in [("mai", 1), ("mai", 0), ("an", 0)] {
            assert_eq!(look(person).await, (true, asks), "{person}");
        }
        phone.clock.advance(Duration::from_secs(86_400));
        assert_eq!(look("an").await, (true, 1));
    }
}
