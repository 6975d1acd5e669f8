//! Calling people in, and what becomes of it.

use sokhoe_domain::QueueCall;
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_fhir::AppointmentStatus;

use super::appointment::tell;
use super::line::{Heard, LineOf};
use super::{
    COLUMNS, IN_ORDER, QueueRefusal, Visit, VisitState, check_in, find, of_appointment, visit,
};
use crate::store::{DeskNews, StoreError, Tx, params, resources};

/// What the desk, or the doctor's room, says of somebody who has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Called once more.
    Recall,
    /// Called, and not there.
    Missed,
    /// Went in.
    Begin,
    /// It is over.
    Finish,
    /// They are not there after all, or go elsewhere: as if they had not come. Their number is nobody's from now on.
    TakeBack,
}

/// Calls the next one of a line to a station: whose turn it is, or nobody when nobody waits. The Appointment's id and the
/// number.
pub(crate) fn call_next(
    tx: &mut Tx<'_>,
    schedule: &str,
    station: &str,
) -> Result<Result<Option<(String, u32)>, QueueRefusal>, StoreError> {
    let schedule: Option<i64> = tx.sql().first(
        "SELECT pk FROM schedule WHERE id = ?1",
        params![schedule],
        |row| row.get(0),
    )?;
    let Some(schedule) = schedule else {
        return Ok(Err(QueueRefusal::Unknown));
    };
    let line = LineOf {
        day: tx.now().vietnam_day(),
        schedule,
    };
    line.hold(tx)?;
    let whoever_waits = match is_planted(Bug::CalledAgain) {
        true => "v.state IN ('waiting', 'done')",
        false => "v.state = 'waiting'",
    };
    let text = format!(
        "{COLUMNS} WHERE v.day = ?1 AND v.schedule = ?2 AND {whoever_waits} {IN_ORDER} LIMIT 1"
    );
    let day = line.day.to_string();
    let first = tx.sql().first(&text, params![day, schedule], visit)?;
    let Some(next) = first else {
        return Ok(Ok(None));
    };
    resources::lock_person(tx, &next.patient)?;
    // The rule: nobody is called who does not wait, whoever else calls.
    if call(tx, &next, next.state, station)? == 0 {
        return Ok(Err(QueueRefusal::StandsElsewhere));
    }
    line.moved(tx, Heard::All)?;
    let number = next.number.ok_or(StoreError::Unexpected)?;
    Ok(Ok(Some((next.id, number))))
}

/// Says what became of somebody who was called. Said twice it changes nothing.
pub(crate) fn step(
    tx: &mut Tx<'_>,
    appointment: &str,
    step: Step,
    station: Option<&str>,
) -> Result<Result<(), QueueRefusal>, StoreError> {
    let Some(seen) = find(tx.sql(), appointment)? else {
        let is_there = "SELECT 1 FROM appointment WHERE id = ?1";
        return Ok(match step {
            Step::TakeBack if tx.sql().exists(is_there, params![appointment])? => Ok(()),
            _ => Err(QueueRefusal::Unknown),
        });
    };
    seen.line().hold(tx)?;
    resources::lock_person(tx, &seen.patient)?;
    let Some(visit) = of_appointment(tx.sql(), seen.pk)? else {
        return Ok(Err(QueueRefusal::Unknown));
    };
    let now = tx.now();
    match (step, visit.state) {
        (Step::TakeBack, VisitState::Waiting | VisitState::Called | VisitState::Missed) => {
            check_in::take_back(tx, &visit)?;
        }
        (Step::Recall, VisitState::Called) => {
            let station = station.unwrap_or(&visit.station).to_owned();
            call(tx, &visit, VisitState::Called, &station)?;
        }
        (Step::Missed, VisitState::Called) => {
            set(tx, &visit, VisitState::Missed, "missed")?;
            tell(tx, &visit, |appointment| {
                if let Some(call) = &mut appointment.called {
                    call.missed = Some(now);
                }
            })?;
        }
        (Step::Begin, VisitState::Called) => {
            set(tx, &visit, VisitState::InRoom, "begun")?;
            tell(tx, &visit, |appointment| appointment.called = None)?;
        }
        (Step::Finish, VisitState::InRoom) => {
            set(tx, &visit, VisitState::Done, "finished")?;
            tell(tx, &visit, |appointment| {
                appointment.status = AppointmentStatus::Fulfilled;
            })?;
        }
        (Step::Missed, VisitState::Missed)
        | (Step::Begin, VisitState::InRoom)
        | (Step::Finish, VisitState::Done) => {}
        _ => return Ok(Err(QueueRefusal::StandsElsewhere)),
    }
    tx.tell_desk(DeskNews::Queue);
    Ok(Ok(()))
}

/// Calls somebody who stands so. How many rows that were.
fn call(
    tx: &mut Tx<'_>,
    visit: &Visit,
    from: VisitState,
    station: &str,
) -> Result<usize, StoreError> {
    let now = tx.now();
    let called = tx.sql().execute(
        "UPDATE visit SET state = 'called', called = ?3, station = ?4 WHERE appointment = ?1 AND state = ?2",
        params![visit.pk, from.as_str(), now.as_millis(), station],
    )?;
    if called > 0 {
        tell(tx, visit, |appointment| {
            appointment.called = Some(QueueCall {
                at: now,
                station: station.to_owned(),
                missed: None,
            });
        })?;
    }
    Ok(called)
}

/// From now on a visit stands so; `when` names the column of the time.
fn set(tx: &Tx<'_>, visit: &Visit, to: VisitState, when: &str) -> Result<(), StoreError> {
    tx.sql().execute(
        &format!("UPDATE visit SET state = ?2, {when} = ?3 WHERE appointment = ?1"),
        params![visit.pk, to.as_str(), tx.now().as_millis()],
    )?;
    Ok(())
}
