//! `POST /fhir/Appointment/$find` (IHE ITI-115).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sokhoe_domain::{
    AccessAction, AccessOperation, AccessOutcome, Criteria, GrantScope, GrantScopes, ResourceKey,
    Vnd,
};
use sokhoe_fhir::bundle::SearchMode;
use sokhoe_fhir::{Appointment, FindRequest, SearchBundleWriter};

use super::error::fhir;
use super::extract::{JsonBody, Pairs, UNKNOWN_PARAMETER, count};
use super::{Api, ApiError};
use crate::access::Access;
use crate::access_log::Asked;
use crate::schedule::{self, Source, Wanted};
use crate::store::read_async;

const USUAL_COUNT: usize = 50;
const MOST: usize = 500;

pub(super) async fn find(
    State(api): State<Api>,
    Pairs(pairs): Pairs,
    access: Access,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let mut limit = USUAL_COUNT;
    for (name, value) in &pairs {
        match name.as_str() {
            "_count" => limit = count(value, MOST)?,
            _ => return Err(UNKNOWN_PARAMETER),
        }
    }
    let request = FindRequest::from_parameters(&body)
        .map_err(|_| ApiError::BadRequest("The Parameters of $find cannot be read."))?;
    let request = with_bare_codes(request)?;
    let wanted = Wanted {
        start: request.start,
        end: request.end,
        service: request.service,
        location: request.location,
        criteria: request.criteria,
    };
    let patient = request.patient;
    let (inner, base) = (Arc::clone(&api.inner), Arc::clone(&api.base));
    let (found, draft) = read_async(&api.inner.store, move |sql| {
        let asked = Asked {
            access: &access,
            operation: AccessOperation::Find,
            action: AccessAction::Execute,
            kind: "Appointment",
            id: None,
        };
        let book = GrantScopes::of(&[GrantScope::Book]);
        let mut draft = None;
        if let Some(patient) = &patient {
            draft = asked.of_person(sql, patient, book)?;
            let may = draft
                .as_ref()
                .is_some_and(|draft| draft.outcome == AccessOutcome::Done);
            if !may {
                return Ok((None, draft));
            }
        }
        let calendar = inner.calendar_in(sql)?;
        let now = inner.clock.now();
        let offers = schedule::find(sql, &calendar, &wanted, Source::App, now, limit)?;
        let mut bundle = SearchBundleWriter::new(&base);
        for offer in &offers {
            let told = Some(offer.service.insured_price).filter(|it| *it > Vnd::default());
            let appointment = Appointment {
                insured_tariff: told,
                changeable_until: offer.changeable_until(now),
                ..offer.appointment()
            };
            let json = appointment.to_json();
            let key = ResourceKey::new("Appointment", offer.id());
            bundle.push(&key, SearchMode::Match, &json);
        }
        if let Some(insurance) = calendar.insurance.as_ref().filter(|_| !offers.is_empty()) {
            let key = ResourceKey::new("Organization", insurance.id.as_str());
            bundle.push(&key, SearchMode::Include, &insurance.json);
        }
        let link = format!("{base}/Appointment/$find");
        let total = u64::try_from(offers.len()).ok();
        Ok((Some(bundle.finish(total, &link, None)), draft))
    })
    .await?;
    api.note(draft.into_iter().collect()).await?;
    found
        .map(|body| fhir(StatusCode::OK, body))
        .ok_or(ApiError::NotFound)
}

/// What is asked, without the systems of its codes.
pub(super) fn with_bare_codes(request: FindRequest) -> Result<FindRequest, ApiError> {
    if request.end < request.start {
        return Err(ApiError::BadRequest("The end lies before the start."));
    }
    Ok(FindRequest {
        service: request.service.map(bare_code),
        criteria: Criteria {
            specialty: request.criteria.specialty.map(bare_code),
            ..request.criteria
        },
        ..request
    })
}

/// The code of a token `system|code`.
fn bare_code(token: String) -> String {
    match token.rsplit_once('|') {
        Some((_, code)) => code.to_owned(),
        None => token,
    }
}
