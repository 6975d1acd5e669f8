//! `GET /live?patient=…`: tells a phone that is open which persons' records changed (server-sent events).
//! What changed the phone asks the feed, so that nothing of a record is in here and a lost event loses nothing.
//!
//! A helper who may not see everything hears of what they may see, and while the person waits in a queue of what may be that.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, GrantScope, GrantScopes};
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, WatchStream};
use tokio_stream::{Stream, StreamExt as _, StreamMap};

use super::extract::{Pairs, UNKNOWN_PARAMETER};
use super::{Api, ApiError};
use crate::access::Access;
use crate::access_log::{Asked, Draft};
use crate::queue;
use crate::store::resources::newest_change;
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
    // How far each of them was looked through.
    let mut seen = BTreeMap::new();
    for patient in &patients {
        let draft = noted(&api, &access, patient).await?;
        let is_granted = draft
            .as_ref()
            .is_some_and(|it| it.outcome == AccessOutcome::Done);
        api.note(draft.into_iter().collect()).await?;
        if !is_granted {
            return Err(ApiError::NotFound);
        }
        let Heard::Now(newest) = look(&api, &access, patient, None).await? else {
            return Err(ApiError::NotFound);
        };
        seen.insert(patient.clone(), newest);
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
            let before = seen.get(&patient).copied();
            let heard = look(&api, &access, &patient, before).await;
            let heard = heard.unwrap_or(Heard::Ended);
            if let Heard::Now(newest) | Heard::Nothing(newest) = heard {
                seen.insert(patient.clone(), newest);
            }
            if matches!(heard, Heard::Nothing(_)) {
                continue;
            }
            let event = Event::default().event("changed").data(patient);
            if events.send(event).await.is_err() || heard == Heard::Ended {
                return;
            }
        }
    });
    let events = ReceiverStream::new(told).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

/// What following somebody leaves in the log.
async fn noted(api: &Api, access: &Access, patient: &str) -> Result<Option<Draft>, StoreError> {
    let (access, patient) = (access.clone(), patient.to_owned());
    let store = Arc::clone(&api.inner.store);
    read_async(&store, move |sql| {
        let asked = Asked {
            access: &access,
            operation: AccessOperation::Live,
            action: AccessAction::Execute,
            kind: "Patient",
            id: Some(&patient),
        };
        asked.of_person(sql, &patient, GrantScopes::ALL)
    })
    .await
}

/// What a waking means for who is connected. The number says how far the person's changes were looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// Something that they may see.
    Now(i64),
    /// Something else.
    Nothing(i64),
    /// They may see nothing any more.
    Ended,
}

/// Looks through the person's changes after `before`, or at where they stand.
async fn look(
    api: &Api,
    access: &Access,
    patient: &str,
    before: Option<i64>,
) -> Result<Heard, StoreError> {
    let (access, patient) = (access.clone(), patient.to_owned());
    let store = Arc::clone(&api.inner.store);
    read_async(&store, move |sql| {
        let scopes = access.scopes(sql, &patient)?;
        if scopes.is_empty() {
            return Ok(Heard::Ended);
        }
        let newest = newest_change(sql, &patient)?;
        let Some(before) = before.filter(|_| !scopes.has(GrantScope::SeeEverything)) else {
            return Ok(Heard::Now(newest));
        };
        let mut is_visible = false;
        let looked = access.feed(sql, &patient, before, |_| {
            is_visible = true;
            true
        })?;
        let newest = looked.unwrap_or(newest);
        let concerns =
            is_visible || scopes.has(GrantScope::Book) && queue::is_there(sql, &patient)?;
        Ok(match concerns {
            true => Heard::Now(newest),
            false => Heard::Nothing(newest),
        })
    })
    .await
}
