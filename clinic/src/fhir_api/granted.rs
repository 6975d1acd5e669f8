//! `GET /access`: what this phone may do for whom, now; and what is told of it when a phone comes in.
//!
//! A helper's phone keeps a book under a lease (`sokhoe_domain::Lease`): the lease's key opens it, and this is where the
//! phone gets it again, as long as the grant is in force.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, header};
use serde::Serialize;
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, GrantScope, Lease, Timestamp};

use super::{Api, ApiError};
use crate::access::{Access, Granted};
use crate::access_log::{Asked, Draft};
use crate::clinic::Inner;
use crate::store::read_async;

#[derive(Serialize)]
struct Reply {
    access: Vec<PersonAccess>,
    /// Patients whom this phone may see no longer.
    ended: Vec<String>,
}

/// What a session may do for a person.
#[derive(Serialize)]
pub(super) struct PersonAccess {
    patient: String,
    /// Opens the book while it is kept under a lease.
    lease_key: String,
    /// Absent for a phone of the person's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<Grant>,
}

#[derive(Serialize)]
struct Grant {
    scopes: Vec<GrantScope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// For so long the book may be shown without asking again.
    lease_seconds: u64,
}

impl PersonAccess {
    pub(super) fn of(inner: &Inner, access: &Access, granted: Granted) -> Self {
        let parts = [granted.patient.as_bytes(), access.device().as_bytes()];
        let grant = granted.is_helping.then(|| {
            let left = granted
                .ends
                .map_or(Lease::LONGEST, |ends| ends.since(inner.clock.now()));
            Grant {
                scopes: granted.scopes.iter().collect(),
                until: granted.ends.map(Timestamp::to_fhir),
                lease_seconds: left.min(Lease::LONGEST).as_secs(),
            }
        });
        Self {
            // One phone's and one person's, so that a wider grant opens what a narrower one kept.
            lease_key: URL_SAFE_NO_PAD.encode(inner.keys.mac("lease", &parts)),
            patient: granted.patient,
            grant,
        }
    }
}

/// Asking leaves an entry of everybody whose book it is about: the answer opens it, or not any more.
fn drafts(access: &Access, granted: &[Granted], ended: &[String]) -> Vec<Draft> {
    let asked = Asked {
        access,
        operation: AccessOperation::Lease,
        action: AccessAction::Execute,
        kind: "Consent",
        id: None,
    };
    let now = access.clock_now();
    let granted = granted.iter().map(|of| (&of.patient, AccessOutcome::Done));
    let ended = ended.iter().map(|of| (of, AccessOutcome::Denied));
    granted
        .chain(ended)
        .map(|(patient, outcome)| asked.draft(patient, outcome, now))
        .collect()
}

pub(super) async fn access(State(api): State<Api>, access: Access) -> Result<Response, ApiError> {
    let store = Arc::clone(&api.inner.store);
    let asked = access.clone();
    let (granted, ended) = read_async(&store, move |sql| {
        Ok((asked.granted(sql)?, asked.ended(sql)?))
    })
    .await?;
    api.note(drafts(&access, &granted, &ended)).await?;
    let reply = Reply {
        access: granted
            .into_iter()
            .map(|granted| PersonAccess::of(&api.inner, &access, granted))
            .collect(),
        ended,
    };
    let body = serde_json::to_vec(&reply)
        .map_err(|_| ApiError::BadRequest("The answer could not be written."))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body).into_response())
}
