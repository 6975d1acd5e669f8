//! `GET /fhir/{type}/{id}`.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sokhoe_domain::{AccessAction, AccessOperation};

use super::error::fhir;
use super::extract::{Pairs, Reader, Segments, UNKNOWN_PARAMETER};
use super::types::{Rule, rule_of, scopes_of};
use super::{Api, ApiError, binary};
use crate::access_log::Asked;
use crate::store::read_async;

pub(super) async fn read(
    State(api): State<Api>,
    Segments((kind, id)): Segments<(String, String)>,
    Pairs(pairs): Pairs,
    Reader(access): Reader,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !pairs.is_empty() {
        return Err(UNKNOWN_PARAMETER);
    }
    let in_its_own_form = kind == "Binary" && !binary::asks_for_fhir(&headers);
    let (stored, drafts) = read_async(&api.inner.store, move |sql| {
        let stored = access.read(sql, &kind, &id)?;
        let asked = Asked {
            access: &access,
            operation: AccessOperation::Read,
            action: AccessAction::Read,
            kind: &kind,
            id: Some(&id),
        };
        // Whose it is that was given is known; a Binary is of whoever refers to it.
        let owner = stored.as_ref().and_then(|it| it.patient.as_deref());
        let drafts = match owner.filter(|_| rule_of(&kind) == Some(Rule::Compartment)) {
            Some(owner) => vec![asked.given(owner)],
            None => asked.of_resource(sql, scopes_of(&kind), stored.is_some())?,
        };
        Ok((stored, drafts))
    })
    .await?;
    api.note(drafts).await?;
    let stored = stored.ok_or(ApiError::NotFound)?;
    let etag = format!("W/\"{}\"", stored.version);
    let unchanged = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == etag);
    let mut response = if unchanged {
        fhir(StatusCode::NOT_MODIFIED, "")
    } else if in_its_own_form {
        binary::bytes(&stored.json)?
    } else {
        fhir(StatusCode::OK, stored.json)
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    let updated = stored.updated.in_vietnam().to_utc();
    if let Ok(date) =
        HeaderValue::from_str(&updated.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
    {
        headers.insert(header::LAST_MODIFIED, date);
    }
    Ok(response)
}
