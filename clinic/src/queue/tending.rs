//! The end of the day: what nobody said of a visit. Any number of processes may do it at once: each step locks its person
//! and looks again.
//!
//! Only days on which somebody was checked in are ended: where nobody ever is, nothing is known of who came.

use std::sync::Arc;

use chrono::NaiveDate;
use sokhoe_domain::{Timestamp, VisitMode};
use sokhoe_fhir::{Appointment, AppointmentStatus};

use super::appointment::tell;
use super::{Visit, VisitState, of_appointment};
use crate::clinic::Inner;
use crate::store::{Isolation, Sql, StoreError, Tx, params, resources};

/// Ends the days before today. Blocks on the database.
pub(crate) fn tend(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let today = inner.clock.now().vietnam_day();
    for day in inner.store.read(|sql| open_days(sql, today))? {
        for pk in inner.store.read(|sql| without_an_end(sql, day))? {
            inner
                .store
                .write_in(Isolation::LocksRows, move |tx| end(tx, pk, day))?;
        }
        inner.store.write_in(Isolation::LocksRows, move |tx| {
            tx.sql().execute(
                "UPDATE queue_day SET closed = ?2 WHERE day = ?1",
                params![day.to_string(), true],
            )
        })?;
    }
    Ok(())
}

fn open_days(sql: Sql<'_>, today: NaiveDate) -> Result<Vec<NaiveDate>, StoreError> {
    let days = sql.rows(
        "SELECT day FROM queue_day WHERE day < ?1 AND closed = ?2 ORDER BY day",
        params![today.to_string(), false],
        |row| Ok(row.text(0)?.parse::<NaiveDate>()),
    )?;
    Ok(days.into_iter().flatten().collect())
}

/// The appointments of a day whose visits have no end.
fn without_an_end(sql: Sql<'_>, day: NaiveDate) -> Result<Vec<i64>, StoreError> {
    let from = Timestamp::start_of_day(day).as_millis();
    let to = Timestamp::start_of_day(day.succ_opt().unwrap_or(day)).as_millis();
    sql.rows(
        "SELECT a.pk FROM appointment a LEFT JOIN visit v ON v.appointment = a.pk
         WHERE a.starts >= ?1 AND a.starts < ?2 AND a.state = 'booked'
           AND (v.state IS NULL OR v.state NOT IN ('done', 'noshow'))
         ORDER BY a.pk",
        params![from, to],
        |row| row.get(0),
    )
}

/// Ends a visit. Who was there has been seen, as far as anybody knows; who never came, or not when they were called, was
/// missed.
fn end(tx: &mut Tx<'_>, pk: i64, day: NaiveDate) -> Result<(), StoreError> {
    let patient: Option<String> = tx.sql().first(
        "SELECT patient FROM appointment WHERE pk = ?1",
        params![pk],
        |row| row.get(0),
    )?;
    let Some(patient) = patient else {
        return Ok(());
    };
    resources::lock_person(tx, &patient)?;
    let visit = match of_appointment(tx.sql(), pk)? {
        Some(visit) => visit,
        None => match never_came(tx, pk, day)? {
            Some(visit) => visit,
            None => return Ok(()),
        },
    };
    let (state, status) = match visit.state {
        VisitState::Waiting | VisitState::InRoom => {
            (VisitState::Done, AppointmentStatus::Fulfilled)
        }
        VisitState::Called | VisitState::Missed => (VisitState::Noshow, AppointmentStatus::Noshow),
        VisitState::Done | VisitState::Noshow => return Ok(()),
    };
    tx.sql().execute(
        "UPDATE visit SET state = ?2 WHERE appointment = ?1",
        params![pk, state.as_str()],
    )?;
    tell(tx, &visit, |appointment| {
        appointment.status = status;
        appointment.called = None;
    })
}

/// A visit for a booking whose person never came to the desk; nothing when it does not stand at that day, or they need not
/// come: a visit by telephone or video takes place elsewhere.
fn never_came(tx: &Tx<'_>, pk: i64, day: NaiveDate) -> Result<Option<Visit>, StoreError> {
    let booked = tx.sql().first(
        "SELECT id, schedule, starts FROM appointment WHERE pk = ?1 AND state = 'booked'",
        params![pk],
        |row| {
            let starts = Timestamp::from_millis(row.get(2)?);
            Ok((row.get::<String>(0)?, row.get::<i64>(1)?, starts))
        },
    )?;
    let Some((id, schedule, starts)) = booked.filter(|(_, _, at)| at.vietnam_day() == day) else {
        return Ok(None);
    };
    let json = resources::json_of(tx.sql(), "Appointment", &id)?;
    let stands = json.and_then(|json| Appointment::from_json(&json).ok());
    if stands.is_none_or(|it| it.mode == Some(VisitMode::Remote)) {
        return Ok(None);
    }
    tx.sql().execute(
        "INSERT INTO visit (appointment, day, schedule, priority, place, state) VALUES (?1, ?2, ?3, ?4, ?5, 'missed')",
        params![pk, day.to_string(), schedule, false, starts.as_millis()],
    )?;
    of_appointment(tx.sql(), pk)
}
