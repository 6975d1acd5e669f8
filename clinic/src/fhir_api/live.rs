//! `GET /live?patient=…`: tells a phone that is open which persons' records changed (server-sent events).
//! What changed the phone asks the feed, so that nothing of a record is in here and a lost event loses nothing.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, WatchStream};
use tokio_stream::{Stream, StreamExt as _, StreamMap};

use super::extract::{Pairs, UNKNOWN_PARAMETER};
use super::{Api, ApiError};
use crate::access::Access;
use crate::store::{StoreError, read_async};

/// Persons that one connection follows at most.
const MOST: usize = 50;
/// How often a connection without news says that it is alive: well below what networks cut as idle.
const ALIVE: Duration = Duration::from_secs(25);
/// Events that wait for a slow phone; more changes of one person are one event.
const WAITING: usize = 16;

pub(super) async fn live(
    State(api): State<Api>,
    Pairs(pairs): Pairs,
    access: Access,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let mut patients = BTreeSet::new();
    for (name, value) in pairs {
        if name != "patient" {
            return Err(UNKNOWN_PARAMETER);
        }
        patients.insert(value);
    }
    if patients.is_empty() || patients.len() > MOST {
        return Err(ApiError::BadRequest("One to fifty patients."));
    }
    // Watched before anything is said, so that no commit falls between the phone's asking and this.
    let mut changes = StreamMap::new();
    for patient in &patients {
        if !may(&api, &access, patient).await? {
            return Err(ApiError::NotFound);
        }
        let watched = api.inner.store.wakers().watch(patient);
        changes.insert(patient.clone(), WatchStream::from_changes(watched));
    }
    let (events, told) = mpsc::channel(WAITING);
    let mut stopping = api.stopping.clone();
    tokio::spawn(async move {
        let ready = Event::default().event("ready").data("");
        if events.send(ready).await.is_err() {
            return;
        }
        loop {
            let patient = tokio::select! {
                changed = changes.next() => match changed {
                    Some((patient, ())) => patient,
                    None => return,
                },
                () = events.closed() => return,
                _ = stopping.changed() => return,
            };
            // Asked anew: whoever lost access is told once more to ask, and hears it there.
            let goes_on = may(&api, &access, &patient).await.unwrap_or(false);
            let event = Event::default().event("changed").data(patient);
            if events.send(event).await.is_err() || !goes_on {
                return;
            }
        }
    });
    let events = ReceiverStream::new(told).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

async fn may(api: &Api, access: &Access, patient: &str) -> Result<bool, StoreError> {
    let (access, patient) = (access.clone(), patient.to_owned());
    let store = Arc::clone(&api.inner.store);
    let scopes = read_async(&store, move |sql| access.scopes(sql, &patient)).await?;
    Ok(!scopes.is_empty())
}
