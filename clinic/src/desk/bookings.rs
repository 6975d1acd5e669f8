//! The bookings as the desk lists them.

use chrono::{Days, NaiveDate};
use serde::Serialize;
use sokhoe_domain::{Timestamp, Vnd};
use sokhoe_fhir::{Appointment, PatientView};

use crate::store::{Row, Sql, StoreError, params};

/// A booking with its invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BookingRow {
    /// The Appointment's id.
    pub id: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// The Patient's id.
    pub patient: String,
    /// The person's name.
    pub patient_name: String,
    /// What for.
    pub service: String,
    /// The HealthcareService's id.
    pub service_id: String,
    /// Who sees the person.
    pub practitioner: String,
    /// Where.
    pub room: String,
    /// `booked`, `checked-in`, `fulfilled`, `noshow` or `cancelled`.
    pub status: String,
    /// The person's number of the day.
    pub number: Option<u32>,
    /// Who booked or changed it last for the person, by a grant: their name.
    pub helped_by: Option<String>,
    /// When the clinic wrote it down.
    pub made: Timestamp,
    /// The invoice's reference.
    pub reference: Option<String>,
    /// What is to be paid.
    pub amount: Option<Vnd>,
    /// `issued`, `balanced`, `cancelled`.
    pub invoice_status: Option<String>,
}

/// The bookings of the days from `first` to `last`, by time.
pub(crate) fn bookings_between(
    sql: Sql<'_>,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<BookingRow>, StoreError> {
    let from = Timestamp::start_of_day(first).as_millis();
    let to = Timestamp::start_of_day(last.succ_opt().unwrap_or(last)).as_millis();
    let text = format!(
        "{LISTED} WHERE a.starts >= ?1 AND a.starts < ?2 AND a.state <> 'held' ORDER BY a.starts, a.pk"
    );
    sql.rows(&text, params![from, to], booking)
}

/// The days from `first` to `last` that have bookings, with how many.
pub(super) fn counts_of_days(
    sql: Sql<'_>,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<(NaiveDate, usize)>, StoreError> {
    let from = Timestamp::start_of_day(first).as_millis();
    let to = Timestamp::start_of_day(last.succ_opt().unwrap_or(last)).as_millis();
    // Days count from the first one's begin: Vietnam has no summer time.
    let days: Vec<(i64, i64)> = sql.rows(
        "SELECT (starts - ?1) / 86400000, COUNT(*) FROM appointment
         WHERE starts >= ?1 AND starts < ?2 AND state <> 'held' GROUP BY 1 ORDER BY 1",
        params![from, to],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let day_of = |(day, count): (i64, i64)| {
        let day = first.checked_add_days(Days::new(u64::try_from(day).ok()?))?;
        Some((day, usize::try_from(count).ok()?))
    };
    Ok(days.into_iter().filter_map(day_of).collect())
}

/// A person's bookings from a day on, by time.
pub(super) fn bookings_of(
    sql: Sql<'_>,
    patient: &str,
    first: NaiveDate,
) -> Result<Vec<BookingRow>, StoreError> {
    let from = Timestamp::start_of_day(first).as_millis();
    let text = format!(
        "{LISTED} WHERE a.patient = ?1 AND a.starts >= ?2 AND a.state <> 'held' ORDER BY a.starts, a.pk"
    );
    sql.rows(&text, params![patient, from], booking)
}

const LISTED: &str = "SELECT a.id, a.starts, a.ends, a.patient, p.json, v.name, s.practitioner_name, s.location_name,
                CASE WHEN q.state IS NULL THEN a.state
                     WHEN q.state = 'done' THEN 'fulfilled'
                     WHEN q.state = 'noshow' THEN 'noshow'
                     ELSE 'checked-in' END,
                a.created, i.reference, i.amount, i.state, q.number, v.id,
                CASE WHEN r.json LIKE '%/helped-by%' THEN r.json END
         FROM appointment a
         JOIN service v ON v.pk = a.service
         JOIN schedule s ON s.pk = a.schedule
         LEFT JOIN visit q ON q.appointment = a.pk
         LEFT JOIN invoice i ON i.appointment = a.pk
         LEFT JOIN resource p ON p.type = 'Patient' AND p.id = a.patient
         LEFT JOIN resource r ON r.type = 'Appointment' AND r.id = a.id";

fn booking(row: Row<'_>) -> Result<BookingRow, StoreError> {
    let patient: Option<String> = row.get(4)?;
    Ok(BookingRow {
        id: row.get(0)?,
        start: Timestamp::from_millis(row.get(1)?),
        end: Timestamp::from_millis(row.get(2)?),
        patient: row.get(3)?,
        patient_name: patient
            .and_then(|json| PatientView::from_json(&json).ok())
            .map(|view| view.name)
            .unwrap_or_default(),
        service: row.get(5)?,
        practitioner: row.get(6)?,
        room: row.get(7)?,
        status: row.get(8)?,
        made: Timestamp::from_millis(row.get(9)?),
        reference: row.get(10)?,
        amount: row.get::<Option<i64>>(11)?.map(Vnd::new),
        invoice_status: row.get(12)?,
        number: row.get(13)?,
        service_id: row.get(14)?,
        helped_by: row
            .text_or_null(15)?
            .and_then(|json| Appointment::from_json(json).ok()?.helped_by),
    })
}
