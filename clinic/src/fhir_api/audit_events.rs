//! `GET /fhir/AuditEvent?patient=…`: who did what with a person's record, the newest first; and `GET /access-log/head`: the
//! signed head of the whole log, with the proof that it follows an earlier one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::json;
use sokhoe_domain::merkle::TreeHead;
use sokhoe_domain::{AccessAction, AccessOperation, GrantScope, GrantScopes, ResourceKey};
use sokhoe_fhir::SearchBundleWriter;
use sokhoe_fhir::bundle::SearchMode;

use super::error::fhir;
use super::extract::{Pairs, UNKNOWN_PARAMETER, count};
use super::search::escape;
use super::{Api, ApiError};
use crate::access::Access;
use crate::access_log::{Asked, audit_event::audit_event, reading, up_to_date};
use crate::cursor;
use crate::store::{Sql, StoreError, read_async};

const USUAL_COUNT: usize = 50;
const MOST: usize = 200;
const KIND: &str = "AuditEvent";
const PURPOSE: &str = "access log";
/// The parameter of `next` links.
const PAGE: &str = "_page";
/// What the head comes as in a page of entries.
const HEAD: &str = "access-log-head";

struct Question {
    patient: String,
    count: usize,
    query: String,
    /// Only entries before this number.
    before: i64,
}

pub(super) async fn search(
    State(api): State<Api>,
    Pairs(pairs): Pairs,
    access: Access,
) -> Result<Response, ApiError> {
    let question = question(&api, &access, &pairs)?;
    // What was done a moment ago belongs to the answer.
    up_to_date(&api.inner).await?;
    let store = Arc::clone(&api.inner.store);
    let office = api.clone();
    let (body, draft) = read_async(&store, move |sql| {
        let asked = Asked {
            access: &access,
            operation: AccessOperation::Log,
            action: AccessAction::Execute,
            kind: KIND,
            id: None,
        };
        let scopes = GrantScopes::of(&[GrantScope::SeeEverything]);
        let draft = asked.of_person(sql, &question.patient, scopes)?;
        let body = answer(sql, &office, &access, &question)?;
        Ok((body, draft))
    })
    .await?;
    api.note(draft.into_iter().collect()).await?;
    Ok(fhir(StatusCode::OK, body))
}

fn question(api: &Api, access: &Access, pairs: &[(String, String)]) -> Result<Question, ApiError> {
    let (mut patient, mut size, mut page) = (None, USUAL_COUNT, None);
    let mut links = Vec::new();
    for (name, value) in pairs {
        match name.as_str() {
            PAGE => {
                page = Some(value.as_str());
                continue;
            }
            "_count" => size = count(value, MOST)?,
            "patient" if patient.is_none() => {
                patient = Some(value.strip_prefix("Patient/").unwrap_or(value).to_owned());
            }
            "patient" => return Err(ApiError::BadRequest("One patient at a time.")),
            _ => return Err(UNKNOWN_PARAMETER),
        }
        links.push(format!("{name}={}", escape(value)));
    }
    let patient = patient.ok_or(ApiError::BadRequest("The patient is needed."))?;
    let query = links.join("&");
    let before = match page {
        None => i64::MAX,
        Some(page) => {
            let bound = [access.device(), KIND, &query];
            cursor::open(&api.inner.keys, PURPOSE, &bound, page).ok_or(ApiError::CursorGone)?
        }
    };
    Ok(Question {
        patient,
        count: size,
        query,
        before,
    })
}

/// A page; one without entries says nothing of the log.
fn answer(
    sql: Sql<'_>,
    api: &Api,
    access: &Access,
    question: &Question,
) -> Result<String, StoreError> {
    let mut bundle = SearchBundleWriter::new(&api.base);
    let link = format!("{}/{KIND}?{}", api.base, question.query);
    if !access.may(sql, &question.patient, GrantScope::SeeEverything)? {
        return Ok(bundle.finish(None, &link, None));
    }
    let page = reading::page(sql, &question.patient, question.before, question.count)?;
    for line in &page.lines {
        let (id, json) = audit_event(&api.inner, &api.base, line);
        bundle.push(&ResourceKey::new(KIND, id), SearchMode::Match, &json);
    }
    let Some(last) = page.lines.last() else {
        return Ok(bundle.finish(None, &link, None));
    };
    bundle.push(
        &ResourceKey::new("Parameters", HEAD),
        SearchMode::Include,
        &head_as_parameters(api, page.head, &[])?,
    );
    let bound = [access.device(), KIND, &question.query];
    let next = page.more.then(|| {
        let place = cursor::seal(&api.inner.keys, PURPOSE, &bound, last.number);
        format!("{link}&{PAGE}={place}")
    });
    Ok(bundle.finish(None, &link, next.as_deref()))
}

fn head_as_parameters(
    api: &Api,
    head: TreeHead,
    consistency: &[[u8; 32]],
) -> Result<String, StoreError> {
    let checkpoint = reading::checkpoint(&api.inner, head)?;
    let mut parts = vec![json!({"name": "checkpoint", "valueString": checkpoint})];
    if !consistency.is_empty() {
        let proof = STANDARD.encode(consistency.concat());
        parts.push(json!({"name": "consistency", "valueBase64Binary": proof}));
    }
    let parameters = json!({"resourceType": "Parameters", "id": HEAD, "parameter": parts});
    Ok(parameters.to_string())
}

/// `?from=<size>&to=<size>`: the head of the first `to` entries, or the newest, and that it follows that of `from`.
pub(super) async fn head(
    State(api): State<Api>,
    Pairs(pairs): Pairs,
    // Whoever has a session, whatever they may see.
    _access: Access,
) -> Result<Response, ApiError> {
    let (mut from, mut to) = (0, None);
    for (name, value) in &pairs {
        let size: u64 = value
            .parse()
            .map_err(|_| ApiError::BadRequest("A size is a whole number."))?;
        match name.as_str() {
            "from" => from = size,
            "to" => to = Some(size),
            _ => return Err(UNKNOWN_PARAMETER),
        }
    }
    if to.is_none() {
        up_to_date(&api.inner).await?;
    }
    let head = read_async(&api.inner.store, move |sql| reading::head(sql, from, to)).await?;
    let body = head_as_parameters(&api, head.head, &head.consistency)?;
    Ok(fhir(StatusCode::OK, body))
}
