//! What phones call: FHIR R4 and IHE ITI Scheduling, as ARCHITECTURE.md's table says.

mod attempts;
mod audit_events;
mod authorize;
mod binary;
mod booking;
mod changes;
mod enrol;
mod error;
mod extract;
mod filter;
mod find;
mod granted;
mod join;
mod live;
mod metadata;
mod newest;
mod pace;
mod queue;
mod read;
mod search;
mod signed_in;
mod ticket;
mod token;
pub(crate) mod types;
mod update;
mod visit;
mod well_known;
mod window;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tokio::sync::watch;

use crate::access_log::Draft;
use crate::clinic::Inner;

/// What every handler works with.
#[derive(Clone)]
pub(crate) struct Api {
    pub inner: Arc<Inner>,
    /// The FHIR base as phones reach it.
    pub base: Arc<str>,
    /// The clinic's address as phones reach it.
    pub root: Arc<str>,
    /// How often each device booked.
    pub pace: Arc<Pace>,
    /// Who tries to come in and fails.
    pub attempts: Arc<Attempts>,
    /// Becomes true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// Remembers what a request read, before it is answered.
    async fn note(&self, drafts: Vec<Draft>) -> Result<(), ApiError> {
        Ok(self.inner.gathering.note(drafts).await?)
    }
}

/// The routes. What is not here is denied by the fallback.
pub(crate) fn router(api: Api) -> Router {
    let attempts = Arc::clone(&api.attempts);
    Router::new()
        .route("/enrolment", post(enrol::enrol))
        .route("/token", post(token::token))
        .route("/authorize", get(authorize::authorize))
        .route(signed_in::PATH, get(signed_in::signed_in))
        .route_layer(from_fn_with_state(attempts, slow_down))
        // What follows is for those who are in.
        .route("/access", get(granted::access))
        .route("/.well-known/smart-configuration", get(well_known::smart))
        .route(
            "/fhir/.well-known/smart-configuration",
            get(well_known::smart),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(well_known::oauth),
        )
        .route("/live", get(live::live))
        .route("/fhir/metadata", get(metadata::metadata))
        .route("/fhir/Appointment/$find", post(find::find))
        .route("/fhir/Appointment/$hold", post(booking::hold))
        .route("/fhir/Appointment/$book", post(booking::book))
        .route("/fhir/Appointment/{id}/$join", get(join::join))
        .route("/fhir/Appointment/{id}/$ticket", get(ticket::ticket))
        .route("/fhir/Appointment/{id}/$queue", get(queue::queue))
        .route("/fhir/Appointment/$wait", post(booking::wait))
        .route("/fhir/Patient/{id}/$changes", get(changes::changes))
        .route("/fhir/AuditEvent", get(audit_events::search))
        .route("/access-log/head", get(audit_events::head))
        .route("/fhir/{kind}", get(search::search))
        .route("/fhir/{kind}/{id}", get(read::read).put(update::update))
        .with_state(api)
}

pub(crate) use attempts::{Attempts, slow_down};
pub(crate) use error::ApiError;
#[cfg(test)]
pub(crate) use error::FHIR_JSON;
pub(crate) use pace::Pace;
