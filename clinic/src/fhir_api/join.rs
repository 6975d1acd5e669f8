//! `GET /fhir/Appointment/{id}/$join` (ours): when and where a visit by telephone or video is joined.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use sokhoe_domain::AccessOperation;

use super::error::fhir;
use super::extract::{Pairs, Segments, UNKNOWN_PARAMETER};
use super::visit::noted;
use super::{Api, ApiError};
use crate::access::Access;
use crate::remote_visits;
use crate::store::read_async;

pub(super) async fn join(
    State(api): State<Api>,
    Segments(id): Segments<String>,
    Pairs(pairs): Pairs,
    access: Access,
) -> Result<Response, ApiError> {
    if !pairs.is_empty() {
        return Err(UNKNOWN_PARAMETER);
    }
    let inner = Arc::clone(&api.inner);
    let now = inner.clock.now();
    let (visit, drafts) = read_async(&api.inner.store, move |sql| {
        let visit = remote_visits::join(sql, &inner, &access, &id, now)?;
        let drafts = noted(sql, &access, AccessOperation::Join, &id, visit.is_some())?;
        Ok((visit, drafts))
    })
    .await?;
    api.note(drafts).await?;
    let visit = visit.ok_or(ApiError::NotFound)?;
    let mut response = fhir(StatusCode::OK, visit.to_parameters());
    // A link is for one person, now.
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}
