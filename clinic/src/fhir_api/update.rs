//! `PUT /fhir/{type}/{id}`: what a person writes. What may be written is decided in [`crate::access`].

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, GrantScope, GrantScopes};
use sokhoe_fhir::consent::Grant;
use sokhoe_fhir::{OwnReadingView, RightsTask};

use super::error::fhir;
use super::extract::{JsonBody, Pairs, Segments, UNKNOWN_PARAMETER};
use super::{Api, ApiError};
use crate::access::{Access, Effect, WRITABLE, Writing};
use crate::access_log::{Asked, Draft, Who, owners};
use crate::grants::{on_behalf, own};
use crate::rights;
use crate::store::resources::{self, Put};
use crate::store::{Isolation, StoreError, Tx};

/// The longest resource that a person writes, in bytes.
const LONGEST: usize = 64 * 1024;

pub(super) async fn update(
    State(api): State<Api>,
    Segments((kind, id)): Segments<(String, String)>,
    Pairs(pairs): Pairs,
    access: Access,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, ApiError> {
    if !pairs.is_empty() {
        return Err(UNKNOWN_PARAMETER);
    }
    if !WRITABLE.contains(&kind.as_str()) {
        return Err(ApiError::MethodNotAllowed);
    }
    if body.len() > LONGEST {
        return Err(ApiError::TooLarge);
    }
    if !api.pace.allows(access.device(), api.inner.clock.now()) {
        return Err(ApiError::TooOften);
    }
    let expected = if_match(&headers)?;
    let inner = Arc::clone(&api.inner);
    let (written, denied) = api
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            let writing = access.write(tx.sql(), &kind, &id, expected.as_deref(), &body)?;
            let denied = note(tx, &access, (&kind, &id), &body, &writing)?;
            let written = match writing {
                Writing::NotThere => Err(ApiError::NotFound),
                Writing::Deleted => Err(ApiError::Deleted),
                Writing::NotTheirs(text) => Err(ApiError::NotTheirs(text)),
                Writing::VersionNeeded => Err(ApiError::VersionNeeded),
                Writing::OtherVersion => Err(ApiError::OtherVersion),
                Writing::Same { version, json } => Ok((StatusCode::OK, version, json)),
                Writing::Write {
                    patient,
                    mut json,
                    new,
                    effect,
                } => {
                    let asked = match effect {
                        Effect::None => None,
                        Effect::Grant(change) => {
                            own::apply(tx, &inner, &id, &patient, &change)?;
                            None
                        }
                        Effect::Rights(task) => {
                            tx.by(Who::Session(access.session()));
                            let session = Some(access.session());
                            let (task, _) = rights::received(tx, &inner, *task, session)?;
                            json = task.to_json();
                            Some(task)
                        }
                    };
                    on_behalf::may(tx, &access, &patient, GrantScope::SeeEverything)?;
                    let put = resources::put(tx, &kind, &id, Some(&patient), &json)?;
                    let (Put::Stored(version) | Put::Same(version)) = put;
                    on_behalf::note(tx, &format!("{id}.{version}"))?;
                    if let Some(task) = asked {
                        rights::takes_effect(tx, &inner, &task)?;
                    }
                    let status = if new {
                        StatusCode::CREATED
                    } else {
                        StatusCode::OK
                    };
                    Ok((status, version, json))
                }
            };
            Ok((written, denied))
        })
        .await?;
    // Not in the transaction: its commit would take longer where there is somebody than where there is nobody.
    api.note(denied).await?;
    let (status, version, json) = written?;
    let mut response = fhir(status, json);
    if let Ok(etag) = HeaderValue::from_str(&format!("W/\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

/// Notes what it leaves in the log: of whose resource it is, or would be. Gives what was denied.
fn note(
    tx: &mut Tx<'_>,
    access: &Access,
    (kind, id): (&str, &str),
    body: &str,
    writing: &Writing,
) -> Result<Vec<Draft>, StoreError> {
    let (is_done, action) = match writing {
        Writing::Write { new: true, .. } => (true, AccessAction::Create),
        Writing::Write { .. } | Writing::Same { .. } => (true, AccessAction::Update),
        Writing::NotThere
        | Writing::Deleted
        | Writing::NotTheirs(_)
        | Writing::VersionNeeded
        | Writing::OtherVersion => (false, AccessAction::Update),
    };
    let asked = Asked {
        access,
        operation: AccessOperation::Write,
        action,
        kind,
        id: Some(id),
    };
    let mut owners = owners(tx.sql(), kind, id)?;
    if owners.is_empty() {
        owners.extend(match kind {
            "Consent" => Grant::from_json(body).map(|grant| grant.patient).ok(),
            "Task" => RightsTask::from_json(body).map(|task| task.patient).ok(),
            _ => OwnReadingView::from_json(body)
                .map(|reading| reading.patient)
                .ok(),
        });
    }
    let everything = GrantScopes::of(&[GrantScope::SeeEverything]);
    let mut denied = Vec::new();
    for owner in owners {
        let draft = asked.of_person(tx.sql(), &owner, everything)?;
        if let Some(mut draft) = draft {
            if draft.outcome == AccessOutcome::Denied {
                denied.push(draft);
                continue;
            }
            if !is_done {
                draft.outcome = AccessOutcome::Refused;
            }
            tx.note(draft);
        }
    }
    Ok(denied)
}

/// The version of `If-Match`, when it is there.
fn if_match(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .map(str::trim)
        .map(|value| value.strip_prefix("W/").unwrap_or(value))
        .and_then(|value| value.strip_prefix('"')?.strip_suffix('"'))
        .filter(|version| !version.contains('"') && values.next().is_none())
        .map(|version| Some(version.to_owned()))
        .ok_or(ApiError::BadRequest("If-Match must name one version."))
}
