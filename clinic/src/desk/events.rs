//! `/desk/events`: what happened, as it happens. An event says only that something changed; the page lists
//! again, so a lost event costs nothing.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use tokio_stream::wrappers::{BroadcastStream, WatchStream};
use tokio_stream::{Stream, StreamExt as _};

use super::Desk;
use super::guard::AtDesk;
use crate::store::DeskNews;

/// How often the page hears that the clinic is there.
const BEAT: Duration = Duration::from_secs(15);

pub(super) async fn events(
    State(desk): State<Desk>,
    _: AtDesk,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let news = BroadcastStream::new(desk.inner.store.wakers().desk()).map(|news| {
        Some(match news {
            Ok(DeskNews::Bookings) => "bookings",
            Ok(DeskNews::Payments) => "payments",
            Ok(DeskNews::Queue) => "queue",
            // Some were missed: list everything again.
            Err(_) => "everything",
        })
    });
    let stopping = WatchStream::new(desk.stopping)
        .filter(|stopping| *stopping)
        .map(|_| None);
    let events = news
        .merge(stopping)
        .take_while(Option::is_some)
        .filter_map(|name| name.map(|name| Ok(Event::default().event(name).data("{}"))));
    // A page that hears nothing for longer than this knows that the network is away, also where no connection broke.
    let beat = Event::default().event("beat").data("{}");
    Sse::new(events).keep_alive(KeepAlive::new().interval(BEAT).event(beat))
}
