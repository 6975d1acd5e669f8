//! One `$book` for several people.

use http::StatusCode;
use sokhoe_domain::IntentId;
use sokhoe_fhir::bundle::SearchPage;
use sokhoe_fhir::{Appointment, BookTogetherRequest, TogetherAnswer, TogetherRefusal};

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::{ORDINARY, garbled, read};

impl ClinicClient {
    /// Books for all of them or for nobody. The same key gives the same answer, whoever of them it is asked for.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn book_together(
        &self,
        request: &BookTogetherRequest,
        key: IntentId,
    ) -> Result<TogetherAnswer, ClientError> {
        let asked = self
            .post("Appointment/$book")?
            .header("idempotency-key", key.to_string())
            .body(request.to_parameters().into())
            .map_err(|_| ClientError::Invalid)?;
        let response = self.send(asked, ORDINARY).await?;
        if response.status() == StatusCode::CONFLICT
            && let Ok(body) = std::str::from_utf8(response.body())
            && let Ok(()) =
                sokhoe_fhir::limits::check_depth(body.as_bytes(), sokhoe_fhir::limits::MAX_DEPTH)
            && let Some(refusal) = TogetherRefusal::read(body)
        {
            return Ok(TogetherAnswer::Refused(refusal));
        }
        let body = read(response)?;
        let page = SearchPage::parse(&body).map_err(garbled)?;
        let booked: Vec<Appointment> = page
            .of_kind("Appointment")
            .filter_map(|json| Appointment::from_json(json).ok())
            .collect();
        let has = |id: String| booked.iter().any(|it| it.id.as_deref() == Some(&*id));
        // Who is left out would never hear of it.
        match request.visits.iter().all(|visit| has(visit.id.to_string())) {
            true => Ok(TogetherAnswer::Booked(booked)),
            false => Err(ClientError::Garbled(GarbledAnswer::NotFhir)),
        }
    }
}
