//! `GET /fhir/Patient/{id}/$changes`: a person's feed, in the order of the commits.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, GrantScope, ResourceKey};
use sokhoe_fhir::ChangeBundleWriter;

use super::error::fhir;
use super::extract::{Pairs, Segments, UNKNOWN_PARAMETER, count, prefer_wait};
use super::{Api, ApiError};
use crate::access::Access;
use crate::access_log::{Asked, Draft, is_patient};
use crate::cursor;
use crate::store::resources::newest_change;
use crate::store::{Sql, StoreError, read_async};

const USUAL_COUNT: usize = 500;
const MOST: usize = 1000;
/// A page ends after this many bytes of resources, however many were asked for.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
const MOST_WAIT_SECONDS: u64 = 30;
const PURPOSE: &str = "changes";

/// What is asked; the same at each look while waiting.
#[derive(Debug, Clone)]
struct Question {
    patient: Arc<str>,
    cursor: Option<Arc<str>>,
    count: usize,
}

enum Page {
    /// The person is not granted.
    Denied,
    /// The person is no longer granted.
    Ended,
    /// The cursor is not ours.
    Gone,
    Found {
        body: String,
        empty: bool,
    },
}

pub(super) async fn changes(
    State(api): State<Api>,
    Segments(patient): Segments<String>,
    Pairs(pairs): Pairs,
    access: Access,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let mut question = Question {
        patient: patient.into(),
        cursor: None,
        count: USUAL_COUNT,
    };
    for (name, value) in &pairs {
        match name.as_str() {
            "cursor" => question.cursor = Some(value.as_str().into()),
            "_count" => question.count = count(value, MOST)?,
            _ => return Err(UNKNOWN_PARAMETER),
        }
    }
    let wait = Duration::from_secs(prefer_wait(&headers, MOST_WAIT_SECONDS));
    let deadline = api.inner.clock.sleep(wait);
    tokio::pin!(deadline);
    let mut stopping = api.stopping.clone();
    // Before the first look, so that no commit falls between looking and waiting. Only a granted person is
    // watched.
    let mut news = None;
    let mut over = false;
    let mut is_noted = false;
    loop {
        let (page, drafts) = look(&api, &access, &question).await?;
        // Who waits asked once.
        if !std::mem::replace(&mut is_noted, true) {
            api.note(drafts).await?;
        }
        let (body, empty) = match page {
            Page::Denied => return Err(ApiError::NotFound),
            Page::Ended => return Err(ApiError::AccessEnded),
            Page::Gone => return Err(ApiError::CursorGone),
            Page::Found { body, empty } => (body, empty),
        };
        if !empty || wait.is_zero() || over || *stopping.borrow() {
            return Ok(fhir(StatusCode::OK, body));
        }
        let Some(news) = &mut news else {
            news = Some(api.inner.store.wakers().watch(&question.patient));
            continue;
        };
        tokio::select! {
            // One more look: what another process committed (an import, a payment) wakes nobody here.
            () = &mut deadline => over = true,
            _ = stopping.changed() => return Ok(fhir(StatusCode::OK, body)),
            changed = news.changed() => if changed.is_err() {
                return Ok(fhir(StatusCode::OK, body));
            },
        }
    }
}

async fn look(
    api: &Api,
    access: &Access,
    question: &Question,
) -> Result<(Page, Vec<Draft>), ApiError> {
    let (api, access, question) = (api.clone(), access.clone(), question.clone());
    let store = Arc::clone(&api.inner.store);
    let looked = read_async(&store, move |sql| {
        let page = page(sql, &api, &access, &question)?;
        let outcome = match page {
            Page::Denied | Page::Ended => AccessOutcome::Denied,
            Page::Gone => AccessOutcome::Refused,
            Page::Found { .. } => AccessOutcome::Done,
        };
        let patient = &*question.patient;
        let asked = Asked {
            access: &access,
            operation: AccessOperation::Changes,
            action: AccessAction::Execute,
            kind: "Patient",
            id: Some(patient),
        };
        let is_known = outcome != AccessOutcome::Denied || is_patient(sql, patient)?;
        let draft = is_known.then(|| asked.draft(patient, outcome, access.clock_now()));
        Ok((page, draft.into_iter().collect()))
    });
    Ok(looked.await?)
}

fn page(sql: Sql<'_>, api: &Api, access: &Access, question: &Question) -> Result<Page, StoreError> {
    let scopes = access.scopes(sql, &question.patient)?;
    if scopes.is_empty() {
        return Ok(if access.has_ended(sql, &question.patient)? {
            Page::Ended
        } else {
            Page::Denied
        });
    }
    // With more scopes there is more from the beginning on.
    let scopes_now = scopes.bits().to_string();
    let bound = [&*question.patient, access.device(), &scopes_now];
    let after = match &question.cursor {
        None => 0,
        Some(text) => match cursor::open(&api.inner.keys, PURPOSE, &bound, text) {
            Some(position) if position <= newest_change(sql, &question.patient)? => position,
            _ => return Ok(Page::Gone),
        },
    };
    let mut bundle = ChangeBundleWriter::new(&api.base);
    let (mut taken, mut bytes, mut more) = (0, 0, false);
    let seen = access.feed(sql, &question.patient, after, |change| {
        more = taken == question.count || bytes > PAGE_BYTES;
        if more {
            return false;
        }
        taken += 1;
        bytes += change.json.map_or(0, str::len);
        let key = ResourceKey::new(change.kind, change.id);
        let version = change.version.to_string();
        match change.json {
            Some(json) => bundle.push_put(&key, &version, change.at, json),
            None => bundle.push_delete(&key, &version, change.at),
        }
        true
    })?;
    let Some(seen) = seen else {
        return Ok(Page::Denied);
    };
    // How long a first sync will take is worth counting; how much is new shows by itself. Who does not see everything is
    // not told how much there is.
    let total = (after == 0 && more && scopes.has(GrantScope::SeeEverything))
        .then(|| access.feed_length(sql, &question.patient))
        .transpose()?;
    let cursor = cursor::seal(&api.inner.keys, PURPOSE, &bound, seen);
    let link = format!(
        "{}/Patient/{}/$changes?cursor={cursor}&_count={}",
        api.base, question.patient, question.count
    );
    Ok(Page::Found {
        body: bundle.finish(total, &link, more.then_some(&*link)),
        empty: taken == 0,
    })
}
