//! The desk: pages for those who work here. What they show arrives live; who may what is in `routes`, asked by `guard`.

mod api;
mod board;
mod bookings;
mod cashier;
mod events;
mod form;
mod guard;
mod kiosk;
mod layout;
mod page;
mod person;
mod queue;
mod requests;
mod routes;
mod scanned;
mod screens;
mod sign_in;
mod staff;
mod words;

use std::fmt;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tokio::sync::watch;

pub use bookings::BookingRow;
pub(crate) use bookings::bookings_between;
pub(crate) use routes::router;

use crate::access_log::{ListName, Who};
use crate::clinic::Inner;
use crate::fhir_api::Attempts;
use crate::store::StoreError;

/// What every handler of the desk works with.
#[derive(Clone)]
pub(crate) struct Desk {
    pub inner: Arc<Inner>,
    /// Where phones reach the clinic, for enrolments.
    pub base_url: Arc<str>,
    /// The key of this run.
    pub key: Arc<str>,
    /// Who tries to come in and fails.
    pub attempts: Arc<Attempts>,
    /// Becomes true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl Desk {
    /// Remembers who was in a list, before it is shown.
    async fn listed(
        &self,
        list: ListName,
        who: Who,
        people: Vec<String>,
    ) -> Result<(), StoreError> {
        let Inner {
            lists, gathering, ..
        } = &*self.inner;
        let now = self.inner.clock.now();
        let drafts = lists.drafts(list, who, people.clone(), now);
        gathering.note(drafts).await?;
        lists.are_kept(list, who, people);
        Ok(())
    }
}

/// A key for one run of the desk.
pub(crate) fn new_key(inner: &Inner) -> String {
    guard::new_key(inner)
}

/// A failure of the desk, without a word about its cause: that is in the log.
#[derive(Debug)]
struct Failed(StatusCode);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request of the desk failed");
        Self(StatusCode::SERVICE_UNAVAILABLE)
    }
}
