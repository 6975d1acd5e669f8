//! The queue at the desk: who comes, who is called, what became of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use sokhoe_domain::Timestamp;

use super::api::private;
use super::guard::AtDesk;
use super::{Desk, Failed};
use crate::access_log::ListName;
use crate::queue::{self, Arrival, CheckIn, Line, QueueRefusal, Step};
use crate::store::{Isolation, read_async};

/// The longest name of a station.
const LONGEST_STATION: usize = 60;

#[derive(Serialize)]
struct Listed {
    now: i64,
    lines: Vec<Line>,
}

/// The lines of today.
pub(super) async fn lines(State(desk): State<Desk>, here: AtDesk) -> Result<Response, Failed> {
    let now = desk.inner.clock.now();
    let day = now.vietnam_day();
    let (lines, people) = read_async(&desk.inner.store, move |sql| {
        Ok((queue::lines(sql, day)?, queue::people_of_day(sql, day)?))
    })
    .await?;
    desk.listed(ListName::Queue, here.who(), people).await?;
    let listed = Listed {
        now: now.as_millis(),
        lines,
    };
    Ok(private(Json(listed)))
}

/// Who comes: to an appointment, with a scanned ticket, or as a patient to a schedule.
#[derive(Deserialize)]
pub(super) struct Comes {
    appointment: Option<String>,
    ticket: Option<String>,
    patient: Option<String>,
    schedule: Option<String>,
    service: Option<String>,
    #[serde(default)]
    goes_first: bool,
}

impl Comes {
    fn arrival(self) -> Option<(Arrival, bool)> {
        let arrival = match (self.appointment, self.ticket, self.patient, self.schedule) {
            (Some(appointment), None, None, None) => Arrival::Booking(appointment),
            (None, Some(ticket), None, None) => Arrival::Ticket(ticket),
            (None, None, Some(patient), Some(schedule)) => Arrival::WalkIn {
                patient,
                schedule,
                service: self.service,
            },
            _ => return None,
        };
        Some((arrival, self.goes_first))
    }
}

/// Somebody who has a number.
#[derive(Serialize)]
struct Numbered {
    appointment: String,
    number: u32,
}

/// Why it cannot be, with what the desk can say to the person.
#[derive(Serialize)]
struct Refused {
    refusal: &'static str,
    day: Option<String>,
    at: Option<Timestamp>,
    number: Option<u32>,
}

pub(super) async fn check_in(
    State(desk): State<Desk>,
    here: AtDesk,
    Json(comes): Json<Comes>,
) -> Result<Response, Failed> {
    let Some((arrival, goes_first)) = comes.arrival() else {
        return Err(Failed(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let coming = CheckIn {
        arrival,
        goes_first,
    };
    let inner = Arc::clone(&desk.inner);
    let who = here.who();
    let numbered = desk
        .inner
        .store
        .write_async(Isolation::LocksRows, move |tx| {
            tx.by(who);
            queue::check_in(tx, &inner, &coming)
        })
        .await?;
    Ok(answer(numbered.map(|(appointment, number)| {
        Some(Numbered {
            appointment,
            number,
        })
    })))
}

/// Which line, and where to.
#[derive(Deserialize)]
pub(super) struct Next {
    schedule: String,
    station: String,
}

pub(super) async fn call_next(
    State(desk): State<Desk>,
    here: AtDesk,
    Json(next): Json<Next>,
) -> Result<Response, Failed> {
    let station = station(&next.station)?;
    let who = here.who();
    let called = desk
        .inner
        .store
        .write_async(Isolation::LocksRows, move |tx| {
            tx.by(who);
            queue::call_next(tx, &next.schedule, &station)
        })
        .await?;
    Ok(answer(called.map(|called| {
        called.map(|(appointment, number)| Numbered {
            appointment,
            number,
        })
    })))
}

/// Whom.
#[derive(Deserialize)]
pub(super) struct Whom {
    appointment: String,
    station: Option<String>,
}

/// `call-again`, `missed`, `begin`, `finish` or `take-back`.
pub(super) async fn step(
    State(desk): State<Desk>,
    here: AtDesk,
    Path(step): Path<String>,
    Json(whom): Json<Whom>,
) -> Result<Response, Failed> {
    let step = match &*step {
        "call-again" => Step::Recall,
        "missed" => Step::Missed,
        "begin" => Step::Begin,
        "finish" => Step::Finish,
        "take-back" => Step::TakeBack,
        _ => return Err(Failed(StatusCode::NOT_FOUND)),
    };
    let station = whom.station.as_deref().map(station).transpose()?;
    let who = here.who();
    let done = desk
        .inner
        .store
        .write_async(Isolation::LocksRows, move |tx| {
            tx.by(who);
            queue::step(tx, &whom.appointment, step, station.as_deref())
        })
        .await?;
    Ok(answer(done))
}

fn station(text: &str) -> Result<String, Failed> {
    let station = text.trim();
    if station.is_empty() || station.chars().count() > LONGEST_STATION {
        return Err(Failed(StatusCode::UNPROCESSABLE_ENTITY));
    }
    Ok(station.to_owned())
}

fn answer(done: Result<impl Serialize, QueueRefusal>) -> Response {
    let refusal = match done {
        Ok(done) => return private(Json(done)),
        Err(refusal) => refusal,
    };
    let mut refused = Refused {
        refusal: refusal.code(),
        day: None,
        at: None,
        number: None,
    };
    match refusal {
        QueueRefusal::AnotherDay(day) => refused.day = Some(day.to_string()),
        QueueRefusal::TicketUsed { at, number } => {
            (refused.at, refused.number) = (Some(at), number);
        }
        QueueRefusal::Unknown
        | QueueRefusal::Cancelled
        | QueueRefusal::Over
        | QueueRefusal::BadTicket(_)
        | QueueRefusal::TicketOutdated
        | QueueRefusal::StandsElsewhere => {}
    }
    (StatusCode::CONFLICT, private(Json(refused))).into_response()
}
