//! What somebody who calls, or stands there, wants: another time, a new one, none at all.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use sokhoe_domain::Timestamp;

use super::api::private;
use super::guard::AtDesk;
use super::{Desk, Failed};
use crate::schedule::{self, DeskAnswer, DeskBooking, DeskRequest, Source, Wanted};
use crate::store::{Isolation, Sql, StoreError, read_async};

/// How far ahead free times are listed.
const DAYS_LISTED: u64 = 14;
const TIMES_LISTED: usize = 40;

/// Who is at the desk's end of it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum By {
    Counter,
    Hotline,
}

impl From<By> for Source {
    fn from(by: By) -> Self {
        match by {
            By::Counter => Self::Counter,
            By::Hotline => Self::Hotline,
        }
    }
}

/// A service with somebody who gives it.
#[derive(Serialize)]
struct Given {
    service: String,
    service_name: String,
    schedule: String,
    practitioner: String,
    room: String,
}

/// What can be booked, and where one can wait without a booking.
pub(super) async fn offers(State(desk): State<Desk>, _: AtDesk) -> Result<Response, Failed> {
    let given = read_async(&desk.inner.store, given).await?;
    Ok(private(Json(given)))
}

fn given(sql: Sql<'_>) -> Result<Vec<Given>, StoreError> {
    sql.rows(
        "SELECT v.id, v.name, s.id, s.practitioner_name, s.location_name
         FROM schedule_service x JOIN schedule s ON s.pk = x.schedule JOIN service v ON v.pk = x.service
         ORDER BY v.name, s.practitioner_name, s.pk",
        &[],
        |row| {
            Ok(Given {
                service: row.get(0)?,
                service_name: row.get(1)?,
                schedule: row.get(2)?,
                practitioner: row.get(3)?,
                room: row.get(4)?,
            })
        },
    )
}

#[derive(Deserialize)]
pub(super) struct Looked {
    service: String,
    by: By,
}

/// A free time.
#[derive(Serialize)]
struct FreeTime {
    id: String,
    start: Timestamp,
    practitioner: String,
    room: String,
}

/// The nearest free times of a service.
pub(super) async fn free(
    State(desk): State<Desk>,
    _: AtDesk,
    Query(looked): Query<Looked>,
) -> Result<Response, Failed> {
    let now = desk.inner.clock.now();
    let inner = desk.inner.clone();
    let free = read_async(&desk.inner.store, move |sql| {
        let calendar = inner.calendar_in(sql)?;
        let wanted = Wanted {
            start: now,
            end: now.plus(Duration::from_secs(DAYS_LISTED * 86_400)),
            service: Some(looked.service),
            ..Wanted::default()
        };
        let by = looked.by.into();
        let found = schedule::find(sql, &calendar, &wanted, by, now, TIMES_LISTED)?;
        Ok(found
            .iter()
            .map(|offer| FreeTime {
                id: offer.id(),
                start: offer.cell.start(),
                practitioner: offer.schedule.practitioner.name.clone(),
                room: offer.schedule.location.name.clone(),
            })
            .collect::<Vec<_>>())
    })
    .await?;
    Ok(private(Json(free)))
}

/// What is wanted, for whom.
#[derive(Deserialize)]
pub(super) struct Asked {
    patient: String,
    by: By,
    key: String,
    #[serde(flatten)]
    wish: Wish,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
enum Wish {
    Book { time: String },
    Move { booking: String, time: String },
    Cancel { booking: String },
}

impl From<Wish> for DeskRequest {
    fn from(wish: Wish) -> Self {
        match wish {
            Wish::Book { time } => Self::Book {
                appointment: time,
                comment: None,
            },
            Wish::Move { booking, time } => Self::Move { booking, to: time },
            Wish::Cancel { booking } => Self::Cancel { booking },
        }
    }
}

#[derive(Serialize)]
struct Done {}

#[derive(Serialize)]
struct Refused {
    refusal: &'static str,
}

/// Does it, or says why not.
pub(super) async fn ask(
    State(desk): State<Desk>,
    here: AtDesk,
    Json(asked): Json<Asked>,
) -> Result<Response, Failed> {
    let booking = DeskBooking {
        patient: asked.patient,
        request: asked.wish.into(),
        source: asked.by.into(),
        key: asked.key,
    };
    let inner = Arc::clone(&desk.inner);
    let who = here.who();
    let done = desk
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            tx.by(who);
            schedule::book_at_desk(tx, &inner, &booking)
        })
        .await?;
    match done {
        Some(DeskAnswer::Done) => Ok(private(Json(Done {}))),
        Some(DeskAnswer::Refused(refusal)) => {
            let refused = Refused {
                refusal: refusal.code(),
            };
            Ok((StatusCode::CONFLICT, private(Json(refused))).into_response())
        }
        Some(DeskAnswer::BadKey) | None => Err(Failed(StatusCode::UNPROCESSABLE_ENTITY)),
    }
}
