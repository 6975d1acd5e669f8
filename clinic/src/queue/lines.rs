//! The lines of today, as the desk lists them.

use chrono::NaiveDate;
use serde::Serialize;
use sokhoe_domain::Timestamp;
use sokhoe_fhir::PatientView;

use super::{IN_ORDER, VisitState};
use crate::store::{Sql, StoreError, params};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The Schedule's id.
    pub schedule: String,
    /// Who sees the people.
    pub practitioner: String,
    /// Where.
    pub room: String,
    /// Those who are called or in, those who wait in their order, and those who missed their call.
    pub people: Vec<LinePerson>,
    /// How many are through.
    pub done: u32,
}

/// Somebody in a line.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct LinePerson {
    /// The Appointment's id.
    pub appointment: String,
    /// Their number.
    pub number: u32,
    /// Their name.
    pub name: String,
    /// Whether they go first.
    pub priority: bool,
    /// A [`VisitState`] as it is stored.
    pub state: String,
    /// Where they are called to; empty when they are not.
    pub station: String,
    /// When they were called last.
    pub called: Option<Timestamp>,
    /// When their booking is, or since when they are there without one.
    pub start: Timestamp,
}

impl std::fmt::Debug for LinePerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinePerson")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// The lines of a day in which somebody is or was, by room.
pub(crate) fn lines(sql: Sql<'_>, day: NaiveDate) -> Result<Vec<Line>, StoreError> {
    let mut lines: Vec<Line> = Vec::new();
    let text = format!(
        "SELECT s.id, s.practitioner_name, s.location_name, a.id, v.number, p.json, v.priority, v.state, v.station,
                v.called, a.starts
         FROM visit v
         JOIN appointment a ON a.pk = v.appointment
         JOIN schedule s ON s.pk = v.schedule
         LEFT JOIN resource p ON p.type = 'Patient' AND p.id = a.patient
         WHERE v.day = ?1 AND v.number IS NOT NULL
         {}",
        IN_ORDER.replace("ORDER BY", "ORDER BY s.location_name, s.pk,")
    );
    sql.stream(&text, params![day.to_string()], |row| {
        let schedule = row.text(0)?;
        if lines.last().is_none_or(|line| line.schedule != schedule) {
            lines.push(Line {
                schedule: schedule.to_owned(),
                practitioner: row.get(1)?,
                room: row.get(2)?,
                people: Vec::new(),
                done: 0,
            });
        }
        let Some(line) = lines.last_mut() else {
            return Ok(true);
        };
        if matches!(
            VisitState::of_stored(row.text(7)?)?,
            VisitState::Done | VisitState::Noshow
        ) {
            line.done += 1;
            return Ok(true);
        }
        let patient = row.text_or_null(5)?;
        line.people.push(LinePerson {
            appointment: row.get(3)?,
            number: row.get(4)?,
            name: patient
                .and_then(|json| PatientView::from_json(json).ok())
                .map(|view| view.name)
                .unwrap_or_default(),
            priority: row.get(6)?,
            state: row.get(7)?,
            station: row.text_or_null(8)?.unwrap_or_default().to_owned(),
            called: row.get::<Option<i64>>(9)?.map(Timestamp::from_millis),
            start: Timestamp::from_millis(row.get(10)?),
        });
        Ok(true)
    })?;
    for line in &mut lines {
        // Within each state the order stays.
        line.people.sort_by_key(|person| match &*person.state {
            "called" => 0,
            "in-room" => 1,
            "waiting" => 2,
            _ => 3,
        });
    }
    Ok(lines)
}

/// The Patient ids of whoever is or was in the lines of a day.
pub(crate) fn people_of_day(sql: Sql<'_>, day: NaiveDate) -> Result<Vec<String>, StoreError> {
    sql.rows(
        "SELECT DISTINCT a.patient FROM visit v JOIN appointment a ON a.pk = v.appointment
         WHERE v.day = ?1 AND v.number IS NOT NULL",
        params![day.to_string()],
        |row| row.get(0),
    )
}
