//! `GET /fhir/Appointment/{id}/$queue` (ours): how somebody who came stands in the queue now.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sokhoe_fhir::queue::to_parameters;

use super::error::fhir;
use super::extract::{Pairs, Segments, UNKNOWN_PARAMETER};
use super::{Api, ApiError};
use crate::access::Access;
use crate::queue::standing;
use crate::store::read_async;

pub(super) async fn queue(
    State(api): State<Api>,
    Segments(id): Segments<String>,
    Pairs(pairs): Pairs,
    access: Access,
) -> Result<Response, ApiError> {
    if !pairs.is_empty() {
        return Err(UNKNOWN_PARAMETER);
    }
    let now = api.inner.clock.now();
    let standing = read_async(&api.inner.store, move |sql| {
        standing(sql, &access, &id, now)
    })
    .await?
    .ok_or(ApiError::NotFound)?;
    Ok(fhir(StatusCode::OK, to_parameters(&standing)))
}
