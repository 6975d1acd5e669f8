//! `GET /fhir/Appointment/{id}/$ticket` (ours): the tickets of a booked visit at the clinic.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sokhoe_domain::AccessOperation;
use sokhoe_fhir::TicketAnswer;

use super::error::fhir;
use super::extract::{Pairs, Segments, UNKNOWN_PARAMETER};
use super::visit::noted;
use super::{Api, ApiError};
use crate::access::Access;
use crate::store::read_async;
use crate::tickets;

pub(super) async fn ticket(
    State(api): State<Api>,
    Segments(id): Segments<String>,
    Pairs(pairs): Pairs,
    access: Access,
) -> Result<Response, ApiError> {
    if !pairs.is_empty() {
        return Err(UNKNOWN_PARAMETER);
    }
    let (visit, drafts) = read_async(&api.inner.store, move |sql| {
        let visit = tickets::visit(sql, &access, &id)?;
        let drafts = noted(sql, &access, AccessOperation::Ticket, &id, visit.is_some())?;
        Ok((visit, drafts))
    })
    .await?;
    api.note(drafts).await?;
    let visit = visit.ok_or(ApiError::NotFound)?;
    // Half a millisecond of signing, while no connection of the database is held.
    let sheet = tickets::sheet(&api.inner.keys, &visit).ok_or(ApiError::NotFound)?;
    let answer = TicketAnswer { sheet };
    Ok(fhir(StatusCode::OK, answer.to_parameters()))
}
