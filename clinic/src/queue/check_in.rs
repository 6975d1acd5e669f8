//! Somebody is there.

use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use sokhoe_domain::{Timestamp, queue};
use sokhoe_fhir::queue::walk_in;
use sokhoe_fhir::{AppointmentStatus, PatientView};
use sokhoe_qr::signed::Ticket;

use super::appointment::tell;
use super::line::{Heard, LineOf};
use super::order::goes_first;
use super::{QueueRefusal, Visit, VisitState, of_appointment, ticket};
use crate::clinic::Inner;
use crate::schedule::call_off;
use crate::store::{Sql, StoreError, Tx, Value, params, resources};

/// How somebody comes.
#[derive(Clone, PartialEq, Eq)]
pub enum Arrival {
    /// To a booking, by the Appointment's id.
    Booking(String),
    /// To a booking, by the digits of a scanned ticket.
    Ticket(String),
    /// Without a booking.
    WalkIn {
        /// The Patient's id.
        patient: String,
        /// The Schedule's id: to whom.
        schedule: String,
        /// The HealthcareService's id; the schedule's first one when unset.
        service: Option<String>,
    },
}

/// Somebody who comes to the desk.
#[derive(Clone, PartialEq, Eq)]
pub struct CheckIn {
    /// How they come.
    pub arrival: Arrival,
    /// Whether the desk sees that they go first, e.g. pregnant or disabled. Who is old or small enough goes first without it.
    pub goes_first: bool,
}

impl fmt::Debug for CheckIn {
    /// Not who comes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckIn").finish_non_exhaustive()
    }
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Booking(_) => "Booking(..)",
            Self::Ticket(_) => "Ticket(..)",
            Self::WalkIn { .. } => "WalkIn { .. }",
        })
    }
}

/// An appointment to which somebody comes.
struct Booked {
    pk: i64,
    id: String,
    patient: String,
    schedule: i64,
    starts: Timestamp,
    ends: Timestamp,
    state: String,
}

const BOOKED: &str = "SELECT pk, id, patient, schedule, starts, ends, state FROM appointment";

fn booked(
    sql: Sql<'_>,
    condition: &str,
    params: &[Value<'_>],
) -> Result<Option<Booked>, StoreError> {
    sql.first(&format!("{BOOKED} WHERE {condition}"), params, |row| {
        Ok(Booked {
            pk: row.get(0)?,
            id: row.get(1)?,
            patient: row.get(2)?,
            schedule: row.get(3)?,
            starts: Timestamp::from_millis(row.get(4)?),
            ends: Timestamp::from_millis(row.get(5)?),
            state: row.get(6)?,
        })
    })
}

/// Gives somebody their number of the day and their place in the line. Who has one keeps it, who missed their call is put
/// back with it, and who waits may yet be seen to go first. The Appointment's id and the number.
pub(crate) fn check_in(
    tx: &mut Tx<'_>,
    inner: &Arc<Inner>,
    coming: &CheckIn,
) -> Result<Result<(String, u32), QueueRefusal>, StoreError> {
    match &coming.arrival {
        Arrival::Booking(id) => {
            let found = booked(tx.sql(), "id = ?1", params![id])?;
            to_booking(tx, found, coming.goes_first, None)
        }
        Arrival::Ticket(text) => match ticket::check(text, inner.public_key, tx.now()) {
            Ok(ticket) => {
                let found = booked(tx.sql(), "pk = ?1", params![ticket.number])?;
                to_booking(tx, found, coming.goes_first, Some(&ticket))
            }
            Err(refusal) => Ok(Err(refusal)),
        },
        Arrival::WalkIn {
            patient,
            schedule,
            service,
        } => {
            let wanted = super::walk_in::find(tx, inner, patient, schedule, service.as_deref())?;
            let Some(wanted) = wanted else {
                return Ok(Err(QueueRefusal::Unknown));
            };
            let (day, line) = (tx.now().vietnam_day(), wanted.schedule());
            LineOf {
                day,
                schedule: line,
            }
            .hold(tx)?;
            resources::lock_person(tx, patient)?;
            let found = match there_already(tx.sql(), patient, line, day)? {
                Some(found) => Some(found),
                None => {
                    let pk = wanted.make(tx, inner, patient)?;
                    booked(tx.sql(), "pk = ?1", params![pk])?
                }
            };
            to_booking(tx, found, coming.goes_first, None)
        }
    }
}

/// What somebody has of today in a line who says that they have nothing: they come to that.
fn there_already(
    sql: Sql<'_>,
    patient: &str,
    schedule: i64,
    day: NaiveDate,
) -> Result<Option<Booked>, StoreError> {
    let from = Timestamp::start_of_day(day).as_millis();
    let to = Timestamp::start_of_day(day.succ_opt().unwrap_or(day)).as_millis();
    booked(
        sql,
        "patient = ?1 AND schedule = ?2 AND state = 'booked' AND starts >= ?3 AND starts < ?4
         AND NOT EXISTS (SELECT 1 FROM visit v WHERE v.appointment = pk AND v.state IN ('done', 'noshow'))
         ORDER BY starts, pk",
        params![patient, schedule, from, to],
    )
}

fn to_booking(
    tx: &mut Tx<'_>,
    found: Option<Booked>,
    goes_first: bool,
    ticket: Option<&Ticket>,
) -> Result<Result<(String, u32), QueueRefusal>, StoreError> {
    let Some(seen) = found else {
        return Ok(Err(QueueRefusal::Unknown));
    };
    let today = tx.now().vietnam_day();
    if let Err(refusal) = may_come(&seen, ticket, today) {
        return Ok(Err(refusal));
    }
    let line = |schedule| LineOf {
        day: today,
        schedule,
    };
    line(seen.schedule).hold(tx)?;
    resources::lock_person(tx, &seen.patient)?;
    // As it is now that nobody else changes it.
    let Some(booked) = booked(tx.sql(), "pk = ?1", params![seen.pk])? else {
        return Ok(Err(QueueRefusal::Unknown));
    };
    if let Err(refusal) = may_come(&booked, ticket, today) {
        return Ok(Err(refusal));
    }
    if booked.schedule != seen.schedule {
        line(booked.schedule).hold(tx)?;
    }
    let visit = of_appointment(tx.sql(), booked.pk)?;
    if let Some(used) = is_used(tx, ticket, visit.as_ref())? {
        return Ok(Err(used));
    }
    let number = match visit {
        None => begin(tx, &booked, goes_first)?,
        Some(visit) => match (visit.state, visit.number) {
            (VisitState::Missed, Some(number)) => {
                put_back(tx, &visit)?;
                number
            }
            (VisitState::Waiting, Some(number)) if goes_first && !visit.is_priority => {
                let first = Visit {
                    is_priority: true,
                    ..visit
                };
                tx.sql().execute(
                    "UPDATE visit SET priority = ?2 WHERE appointment = ?1",
                    params![first.pk, true],
                )?;
                first.line().moved(tx, Heard::Behind(&first))?;
                number
            }
            (VisitState::Waiting | VisitState::Called | VisitState::InRoom, Some(number)) => number,
            _ => return Ok(Err(QueueRefusal::Over)),
        },
    };
    if let Some(ticket) = ticket {
        ticket::admit(tx, ticket)?;
    }
    Ok(Ok((booked.id, number)))
}

fn may_come(
    booked: &Booked,
    ticket: Option<&Ticket>,
    today: NaiveDate,
) -> Result<(), QueueRefusal> {
    let day = booked.starts.vietnam_day();
    match &*booked.state {
        "booked" => {}
        "cancelled" => return Err(QueueRefusal::Cancelled),
        _ => return Err(QueueRefusal::Unknown),
    }
    if ticket.is_some_and(|ticket| ticket.start != booked.starts) {
        return Err(QueueRefusal::TicketOutdated);
    }
    if day != today {
        return Err(QueueRefusal::AnotherDay(day));
    }
    Ok(())
}

/// Whether a ticket was used before. Whoever missed their call comes back with what they have in hand.
fn is_used(
    tx: &Tx<'_>,
    ticket: Option<&Ticket>,
    visit: Option<&Visit>,
) -> Result<Option<QueueRefusal>, StoreError> {
    let Some(ticket) = ticket else {
        return Ok(None);
    };
    if visit.is_some_and(|visit| visit.state == VisitState::Missed) {
        return Ok(None);
    }
    let number = visit.and_then(|visit| visit.number);
    let used = ticket::admitted(tx.sql(), ticket)?;
    Ok(used.map(|at| QueueRefusal::TicketUsed { at, number }))
}

/// The next number of the day.
fn next_number(tx: &Tx<'_>, day: &str) -> Result<u32, StoreError> {
    tx.sql().one(
        "INSERT INTO queue_day (day, last_number, closed) VALUES (?1, 1, ?2)
         ON CONFLICT (day) DO UPDATE SET last_number = queue_day.last_number + 1 RETURNING last_number",
        params![day, false],
        |row| row.get(0),
    )
}

fn begin(tx: &mut Tx<'_>, booked: &Booked, seen_to_go_first: bool) -> Result<u32, StoreError> {
    let now = tx.now();
    let today = now.vietnam_day();
    let day = today.to_string();
    let born = resources::json_of(tx.sql(), "Patient", &booked.patient)?
        .and_then(|json| PatientView::from_json(&json).ok()?.birth_date);
    let is_priority = seen_to_go_first || goes_first(born.as_deref(), today);
    let place = queue::place_in_line(Some(booked.starts), now);
    let number = next_number(tx, &day)?;
    tx.sql().execute(
        "INSERT INTO visit (appointment, day, schedule, number, priority, place, arrived, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            booked.pk,
            day,
            booked.schedule,
            number,
            is_priority,
            place.as_millis(),
            now.as_millis(),
            VisitState::Waiting.as_str(),
        ],
    )?;
    let visit = Visit {
        pk: booked.pk,
        id: booked.id.clone(),
        patient: booked.patient.clone(),
        day: today,
        schedule: booked.schedule,
        number: Some(number),
        is_priority,
        place,
        state: VisitState::Waiting,
        called: None,
        station: String::new(),
        starts: booked.starts,
        ends: booked.ends,
    };
    tell(tx, &visit, |appointment| {
        appointment.status = AppointmentStatus::CheckedIn;
        appointment.queue_number = Some(number);
    })?;
    visit.line().moved(tx, Heard::Behind(&visit))?;
    Ok(number)
}

/// As if somebody had not come who waits, is called or missed their call: what they are booked for can be changed again, and
/// their ticket can be used again. What was made for them because they came without a booking is called off.
pub(super) fn take_back(tx: &mut Tx<'_>, visit: &Visit) -> Result<(), StoreError> {
    tx.sql().execute(
        "DELETE FROM visit WHERE appointment = ?1",
        params![visit.pk],
    )?;
    ticket::forget(tx, visit.pk)?;
    let mut is_walk_in = false;
    tell(tx, visit, |appointment| {
        is_walk_in = appointment.kind == Some(walk_in());
        appointment.status = match is_walk_in {
            true => AppointmentStatus::Cancelled,
            false => AppointmentStatus::Booked,
        };
        appointment.queue_number = None;
        appointment.called = None;
    })?;
    if is_walk_in {
        call_off(tx, visit.pk)?;
    }
    visit.line().moved(tx, Heard::Behind(visit))
}

/// Whoever missed their call stands in the line again, by when they came back.
fn put_back(tx: &mut Tx<'_>, visit: &Visit) -> Result<(), StoreError> {
    let back = Visit {
        place: tx.now(),
        state: VisitState::Waiting,
        ..visit.clone()
    };
    tx.sql().execute(
        "UPDATE visit SET state = 'waiting', place = ?2, called = NULL, station = NULL, missed = NULL
         WHERE appointment = ?1",
        params![back.pk, back.place.as_millis()],
    )?;
    tell(tx, &back, |appointment| appointment.called = None)?;
    back.line().moved(tx, Heard::Behind(&back))
}
