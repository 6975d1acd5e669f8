//! The queue of the day: who is there, with which number, who is called next, and about when it is whose turn.
//!
//! A line is what a schedule (a doctor, a room) has of a day. Somebody who comes to the desk gets the clinic's next number of
//! the day, once, and a row of `visit`, which says what becomes of their appointment on its day; the Appointment tells the
//! same in their book. While there is such a row nobody moves the booking or calls it off.
//!
//! Whoever moves a line holds its row first, then the person's ([`crate::store::resources::lock_person`]): so two desks
//! that call the next one at once call two people, and a booking is not moved away from under somebody who is being checked
//! in. Those who only stand elsewhere in the line by then are told live, and nothing of theirs is written.

mod appointment;
mod calls;
mod check_in;
mod expected;
mod line;
mod lines;
mod order;
mod refusal;
mod standing;
mod tending;
mod ticket;
mod walk_in;

use chrono::NaiveDate;
use sokhoe_domain::Timestamp;

use crate::store::{Row, Sql, StoreError, params};

pub(crate) use calls::{Step, call_next, step};
pub(crate) use check_in::check_in;
pub use check_in::{Arrival, CheckIn};
pub use lines::{Line, LinePerson};
pub(crate) use lines::{lines, people_of_day};
pub use refusal::QueueRefusal;
pub(crate) use standing::{is_there, standing};
pub(crate) use tending::tend;
pub(crate) use ticket::forget_ended;

/// Where a visit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitState {
    /// In the line.
    Waiting,
    /// Their turn.
    Called,
    /// Called, and not there.
    Missed,
    /// With the doctor.
    InRoom,
    /// Over.
    Done,
    /// They never came, or not when they were called.
    Noshow,
}

impl VisitState {
    const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Called,
        Self::Missed,
        Self::InRoom,
        Self::Done,
        Self::Noshow,
    ];

    /// The word that is stored and shown; never changed once released.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Missed => "missed",
            Self::InRoom => "in-room",
            Self::Done => "done",
            Self::Noshow => "noshow",
        }
    }

    fn of_stored(text: &str) -> Result<Self, StoreError> {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == text)
            .ok_or(StoreError::Unexpected)
    }
}

/// A visit.
#[derive(Clone)]
struct Visit {
    /// The appointment's row.
    pk: i64,
    /// The Appointment's id.
    id: String,
    patient: String,
    day: NaiveDate,
    schedule: i64,
    number: Option<u32>,
    is_priority: bool,
    place: Timestamp,
    state: VisitState,
    called: Option<Timestamp>,
    station: String,
    /// When the appointment is.
    starts: Timestamp,
    ends: Timestamp,
}

const COLUMNS: &str = "SELECT v.appointment, a.id, a.patient, v.day, v.schedule, v.number, v.priority, v.place, v.state,
            v.called, v.station, a.starts, a.ends
     FROM visit v JOIN appointment a ON a.pk = v.appointment";

/// In which order people are called: those who go first, then by their places, then by their numbers.
const IN_ORDER: &str = "ORDER BY v.priority DESC, v.place, v.number";

fn visit(row: Row<'_>) -> Result<Visit, StoreError> {
    Ok(Visit {
        pk: row.get(0)?,
        id: row.get(1)?,
        patient: row.get(2)?,
        day: row.text(3)?.parse().map_err(|_| StoreError::Unexpected)?,
        schedule: row.get(4)?,
        number: row.get(5)?,
        is_priority: row.get(6)?,
        place: Timestamp::from_millis(row.get(7)?),
        state: VisitState::of_stored(row.text(8)?)?,
        called: row.get::<Option<i64>>(9)?.map(Timestamp::from_millis),
        station: row.text_or_null(10)?.unwrap_or_default().to_owned(),
        starts: Timestamp::from_millis(row.get(11)?),
        ends: Timestamp::from_millis(row.get(12)?),
    })
}

/// The visit of an Appointment's id.
fn find(sql: Sql<'_>, id: &str) -> Result<Option<Visit>, StoreError> {
    let text = format!("{COLUMNS} WHERE a.id = ?1");
    sql.first(&text, params![id], visit)
}

/// The visit of an appointment's row.
fn of_appointment(sql: Sql<'_>, pk: i64) -> Result<Option<Visit>, StoreError> {
    let text = format!("{COLUMNS} WHERE v.appointment = ?1");
    sql.first(&text, params![pk], visit)
}

/// Whether an appointment's day has begun for it: its person is there, or its day is over.
pub(crate) fn has_visit(sql: Sql<'_>, appointment: i64) -> Result<bool, StoreError> {
    sql.exists(
        "SELECT 1 FROM visit WHERE appointment = ?1",
        params![appointment],
    )
}
