//! `POST /fhir/Appointment/$hold` and `$book` (IHE ITI-116, ITI-117), and `$wait` (ours).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, GrantScope, GrantScopes};
use sokhoe_fhir::{BookRequest, BookTogetherRequest, FindRequest, HoldRequest};

use super::error::fhir;
use super::extract::{JsonBody, Pairs, UNKNOWN_PARAMETER, idempotency_key};
use super::find::with_bare_codes;
use super::{Api, ApiError};
use crate::access::Access;
use crate::access_log::Asked as Noted;
use crate::grants::on_behalf;
use crate::schedule::{self, Answer, Asked, Office, Operation, Source};
use crate::store::{Isolation, StoreError, Tx};

/// The longest words a patient may add.
const LONGEST_COMMENT: usize = 1000;

pub(super) async fn hold(
    State(api): State<Api>,
    Pairs(pairs): Pairs,
    access: Access,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let asked = asked(Operation::Hold, &pairs, &headers, &body)?;
    let request = HoldRequest::from_parameters(&body)
        .map_err(|_| ApiError::BadRequest("The Parameters of $hold cannot be read."))?;
    let patients = BTreeSet::from([request.patient.clone()]);
    let noted = (AccessOperation::Hold, AccessAction::Create);
    decide(
        &api,
        access,
        asked,
        patients,
        noted,
        move |tx, office, asked| schedule::hold(tx, office, asked, &request),
    )
    .await
}

pub(super) async fn book(
    State(api): State<Api>,
    Pairs(pairs): Pairs,
    access: Access,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let unreadable = |_| ApiError::BadRequest("The Parameters of $book cannot be read.");
    if let Some(request) = BookTogetherRequest::from_parameters(&body).map_err(unreadable)? {
        let asked = asked(Operation::BookTogether, &pairs, &headers, &body)?;
        let patients = request.visits.iter().map(|visit| visit.patient.clone());
        let patients = patients.collect();
        let noted = (AccessOperation::Book, AccessAction::Create);
        return decide(
            &api,
            access,
            asked,
            patients,
            noted,
            move |tx, office, _| schedule::book_together(tx, office, &request),
        )
        .await;
    }
    let asked = asked(Operation::Book, &pairs, &headers, &body)?;
    let request = BookRequest::from_parameters(&body).map_err(unreadable)?;
    let comment = request.comment.as_deref().unwrap_or_default();
    if comment.chars().count() > LONGEST_COMMENT {
        return Err(ApiError::BadRequest("The comment is too long."));
    }
    let patients = BTreeSet::from([request.patient.clone()]);
    let action = match request.appointment {
        Some(_) => AccessAction::Create,
        None => AccessAction::Update,
    };
    let noted = (AccessOperation::Book, action);
    decide(
        &api,
        access,
        asked,
        patients,
        noted,
        move |tx, office, asked| schedule::book(tx, office, asked, &request),
    )
    .await
}

/// Onto the waiting list, by the parameters of `$find`.
pub(super) async fn wait(
    State(api): State<Api>,
    Pairs(pairs): Pairs,
    access: Access,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    let asked = asked(Operation::Wait, &pairs, &headers, &body)?;
    let request = FindRequest::from_parameters(&body)
        .map_err(|_| ApiError::BadRequest("The Parameters of $wait cannot be read."))?;
    let request = with_bare_codes(request)?;
    let (Some(patient), Some(_)) = (request.patient.clone(), &request.service) else {
        return Err(ApiError::BadRequest(
            "The patient-reference and the visit-type are needed.",
        ));
    };
    // As it is understood now, whatever it is made of.
    let kept = request.to_parameters();
    let patients = BTreeSet::from([patient]);
    let noted = (AccessOperation::Wait, AccessAction::Create);
    decide(
        &api,
        access,
        asked,
        patients,
        noted,
        move |tx, office, asked| schedule::waiting_list::join(tx, office, asked, &request, &kept),
    )
    .await
}

fn asked(
    operation: Operation,
    pairs: &[(String, String)],
    headers: &HeaderMap,
    body: &str,
) -> Result<Asked, ApiError> {
    if !pairs.is_empty() {
        return Err(UNKNOWN_PARAMETER);
    }
    let key = idempotency_key(headers)?;
    Asked::new(operation, &key, body.as_bytes())
        .ok_or(ApiError::BadRequest("The Idempotency-Key must be a UUID."))
}

/// One transaction: may the device act for the people, was this answered before, the work, the answer kept.
async fn decide(
    api: &Api,
    access: Access,
    asked: Asked,
    patients: BTreeSet<String>,
    (operation, action): (AccessOperation, AccessAction),
    work: impl Fn(&mut Tx<'_>, &Office, &Asked) -> Result<Answer, StoreError> + Send + 'static,
) -> Result<Response, ApiError> {
    // Before anything is kept: the same intent may come again later.
    let now = api.inner.clock.now();
    if !api.pace.allows_for(patients.len(), access.device(), now) {
        return Err(ApiError::TooOften);
    }
    let office = Office::of(&api.inner, Source::App, &api.base);
    let pace = Arc::clone(&api.pace);
    let (answer, denied) = api
        .inner
        .store
        .write_async(Isolation::LocksRows, move |tx| {
            // The ids of several bookings are made for them.
            let id = Some(asked.key()).filter(|_| patients.len() == 1);
            let noted = Noted {
                access: &access,
                operation,
                action,
                kind: "Appointment",
                id,
            };
            let book = GrantScopes::of(&[GrantScope::Book]);
            let (mut is_denied, mut denied) = (false, Vec::new());
            for patient in &patients {
                if !on_behalf::may(tx, &access, patient, GrantScope::Book)? {
                    is_denied = true;
                    denied.extend(noted.of_person(tx.sql(), patient, book)?);
                }
            }
            if is_denied {
                return Ok((Err(ApiError::NotFound), denied));
            }
            // Only of those who may act for them: nobody else can stop a person.
            if !patients.iter().all(|it| pace.allows_person(it, now)) {
                return Ok((Err(ApiError::TooOften), denied));
            }
            let one = patients.first().filter(|_| patients.len() == 1);
            let work = |tx: &mut Tx<'_>| {
                let answer = work(tx, &office, &asked)?;
                on_behalf::note(tx, asked.key())?;
                Ok(answer)
            };
            let answer = match one {
                Some(patient) => schedule::once(tx, &asked, patient, work)?,
                None => schedule::once_for_several(tx, &asked, &patients, work)?,
            };
            let outcome = match &answer {
                Some(answer) if answer.is_done() => AccessOutcome::Done,
                Some(_) | None => AccessOutcome::Refused,
            };
            for patient in &patients {
                tx.note(noted.draft(patient, outcome, tx.now()));
            }
            Ok((answer.ok_or(ApiError::KeyReused), denied))
        })
        .await?;
    // Not in the transaction: its commit would take longer where there is somebody than where there is nobody.
    api.note(denied).await?;
    let answer = answer?;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(fhir(status, answer.body))
}
