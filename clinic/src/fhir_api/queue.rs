//! `GET /fhir/Appointment/{id}/$queue` (ours): how somebody who came stands in the queue now.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use sokhoe_domain::AccessOperation;
use sokhoe_fhir::queue::to_parameters;

use super::error::fhir;
use super::extract::{Pairs, Segments, UNKNOWN_PARAMETER};
use super::visit::noted;
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
    let (standing, drafts) = read_async(&api.inner.store, move |sql| {
        let standing = standing(sql, &access, &id, now)?;
        let drafts = noted(
            sql,
            &access,
            AccessOperation::Queue,
            &id,
            standing.is_some(),
        )?;
        Ok((standing, drafts))
    })
    .await?;
    api.note(drafts).await?;
    let standing = standing.ok_or(ApiError::NotFound)?;
    Ok(fhir(StatusCode::OK, to_parameters(&standing)))
}
