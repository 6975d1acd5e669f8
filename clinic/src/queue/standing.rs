//! How somebody stands in the queue now.

use std::time::Duration;

use sokhoe_domain::{GrantScope, QueueStanding, QueueState, Timestamp};

use super::expected::{LineNow, expected};
use super::{Visit, VisitState, find};
use crate::access::Access;
use crate::store::{Sql, StoreError, params};

/// How the person of an Appointment stands; nothing when it is not granted, or they never came.
pub(crate) fn standing(
    sql: Sql<'_>,
    access: &Access,
    id: &str,
    now: Timestamp,
) -> Result<Option<QueueStanding>, StoreError> {
    if access
        .read_to(sql, "Appointment", id, GrantScope::Book)?
        .is_none()
    {
        return Ok(None);
    }
    let Some(visit) = find(sql, id)? else {
        return Ok(None);
    };
    let Some(number) = visit.number else {
        return Ok(None);
    };
    let state = match visit.state {
        VisitState::Waiting => QueueState::Waiting,
        VisitState::Called => QueueState::Called,
        VisitState::Missed => QueueState::Missed,
        VisitState::InRoom => QueueState::InRoom,
        VisitState::Done | VisitState::Noshow => QueueState::Done,
    };
    let ahead = match state {
        QueueState::Waiting => Some(people_ahead(sql, &visit)?),
        QueueState::Called | QueueState::InRoom | QueueState::Missed | QueueState::Done => None,
    };
    let turn = |ahead| {
        let line = line_now(sql, &visit)?;
        Ok::<_, StoreError>(expected(&line, ahead, Some(visit.starts), now))
    };
    Ok(Some(QueueStanding {
        number,
        state,
        ahead,
        expected: ahead.map(turn).transpose()?,
        called: visit.called,
        station: visit.station.clone(),
        as_of: now,
    }))
}

/// Whether a person waits in any queue, is called, or is with a doctor.
pub(crate) fn is_there(sql: Sql<'_>, patient: &str) -> Result<bool, StoreError> {
    sql.exists(
        "SELECT 1 FROM appointment a JOIN visit v ON v.appointment = a.pk
         WHERE a.patient = ?1 AND v.state NOT IN ('done', 'noshow')",
        params![patient],
    )
}

fn people_ahead(sql: Sql<'_>, visit: &Visit) -> Result<u32, StoreError> {
    sql.one(
        "SELECT count(*) FROM visit WHERE day = ?1 AND schedule = ?2 AND state = 'waiting'
         AND (priority > ?3 OR (priority = ?3 AND (place < ?4 OR (place = ?4 AND number < ?5))))",
        params![
            visit.day.to_string(),
            visit.schedule,
            visit.is_priority,
            visit.place.as_millis(),
            visit.number,
        ],
        |row| row.get(0),
    )
}

/// What is known of the line of a visit.
fn line_now(sql: Sql<'_>, visit: &Visit) -> Result<LineNow, StoreError> {
    let seats = sql.one(
        "SELECT seats FROM schedule WHERE pk = ?1",
        params![visit.schedule],
        |row| row.get(0),
    )?;
    let mut line = LineNow {
        seats,
        running: Vec::new(),
        called: 0,
        took: Vec::new(),
        meant: visit.ends.since(visit.starts),
    };
    let others = sql.rows(
        "SELECT state, begun, finished FROM visit
         WHERE day = ?1 AND schedule = ?2 AND state IN ('called', 'in-room', 'done')",
        params![visit.day.to_string(), visit.schedule],
        |row| {
            let state = VisitState::of_stored(row.text(0)?)?;
            Ok((
                state,
                row.get::<Option<i64>>(1)?,
                row.get::<Option<i64>>(2)?,
            ))
        },
    )?;
    for (state, begun, finished) in others {
        match (state, begun, finished) {
            (VisitState::Called, _, _) => line.called += 1,
            (VisitState::InRoom, Some(begun), _) => {
                line.running.push(Timestamp::from_millis(begun));
            }
            (VisitState::Done, Some(begun), Some(finished)) => {
                let took = u64::try_from(finished - begun).unwrap_or_default();
                line.took.push(Duration::from_millis(took));
            }
            _ => {}
        }
    }
    Ok(line)
}
