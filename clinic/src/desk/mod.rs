//! The desk: one page for the counter, behind a key of its own. What it shows arrives live.

mod api;
mod bookings;
mod events;
mod page;
mod queue;
mod requests;
mod session;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio::sync::watch;

pub use bookings::BookingRow;
pub(crate) use bookings::bookings_between;

use crate::access_log::{ListName, Who};
use crate::clinic::Inner;
use crate::store::StoreError;

/// What every handler of the desk works with.
#[derive(Clone)]
pub(crate) struct Desk {
    pub inner: Arc<Inner>,
    /// Where phones reach the clinic, for enrolments.
    pub base_url: Arc<str>,
    /// The key of this run.
    pub key: Arc<str>,
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
    async fn listed(&self, list: ListName, people: Vec<String>) -> Result<(), StoreError> {
        let Inner {
            lists, gathering, ..
        } = &*self.inner;
        let now = self.inner.clock.now();
        let drafts = lists.drafts(list, Who::Desk, people.clone(), now);
        gathering.note(drafts).await?;
        lists.are_kept(list, people);
        Ok(())
    }
}

/// A key for one run of the desk.
pub(crate) fn new_key(inner: &Inner) -> String {
    session::new_key(inner)
}

/// The desk's routes.
pub(crate) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/desk", get(page::page))
        .route("/desk/desk.css", get(page::css))
        .route("/desk/desk.js", get(page::js))
        .route("/desk/bookings", get(api::bookings))
        .route("/desk/patients", get(api::patients))
        .route("/desk/payments", post(api::confirm_payment))
        .route("/desk/enrolments", post(api::enrol))
        .route("/desk/queue", get(queue::lines))
        .route("/desk/queue/check-in", post(queue::check_in))
        .route("/desk/queue/next", post(queue::call_next))
        .route("/desk/queue/{step}", post(queue::step))
        .route("/desk/offers", get(requests::offers))
        .route("/desk/free", get(requests::free))
        .route("/desk/requests", post(requests::ask))
        .route("/desk/requests.js", get(page::requests_js))
        .route("/desk/events", get(events::events))
        .with_state(desk)
}
