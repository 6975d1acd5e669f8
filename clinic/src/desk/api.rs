//! What the page asks for and does.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use chrono::{Days, NaiveDate};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use sokhoe_domain::{Timestamp, text};
use sokhoe_fhir::PatientView;

use super::bookings::{BookingRow, bookings_between, counts_of_days};
use super::guard::AtDesk;
use super::scanned::{self, Scan};
use super::{Desk, Failed};
use crate::access_log::ListName;
use crate::enrolment;
use crate::store::{Sql, StoreError, params, patient_search, read_async};

const DAYS_SHOWN: u64 = 14;
/// Bookings that are listed of the days after the first: what a tablet draws again with each change.
const BOOKINGS_SHOWN: usize = 300;
const PATIENTS_SHOWN: usize = 20;
const ENROLMENT: Duration = Duration::from_secs(10 * 60);

#[derive(Deserialize)]
pub(super) struct OfDay {
    day: Option<NaiveDate>,
}

#[derive(Serialize)]
struct Listed {
    now: i64,
    bookings: Vec<BookingRow>,
    /// Days whose bookings are not in the list: there would be too many.
    later: Vec<DayOfMany>,
}

#[derive(Serialize)]
struct DayOfMany {
    day: NaiveDate,
    count: usize,
}

/// The bookings of a day; of none, today's and as many whole days of the two weeks to come as a page takes.
pub(super) async fn bookings(
    State(desk): State<Desk>,
    here: AtDesk,
    Query(of): Query<OfDay>,
) -> Result<Response, Failed> {
    let now = desk.inner.clock.now();
    let listed = read_async(&desk.inner.store, move |sql| listed(sql, of.day, now)).await?;
    let people = listed.bookings.iter().map(|row| row.patient.clone());
    let people = people.collect();
    desk.listed(ListName::Bookings, here.who(), people).await?;
    Ok(private(Json(listed)))
}

fn listed(sql: Sql<'_>, day: Option<NaiveDate>, now: Timestamp) -> Result<Listed, StoreError> {
    let first = day.unwrap_or_else(|| now.vietnam_day());
    let days = if day.is_some() { 0 } else { DAYS_SHOWN };
    let last = first.checked_add_days(Days::new(days)).unwrap_or(first);
    let (mut whole, mut later, mut sum) = (first, Vec::new(), 0);
    for (day, count) in counts_of_days(sql, first, last)? {
        sum += count;
        match day == first || (sum <= BOOKINGS_SHOWN && later.is_empty()) {
            true => whole = day,
            false => later.push(DayOfMany { day, count }),
        }
    }
    Ok(Listed {
        now: now.as_millis(),
        bookings: bookings_between(sql, first, whole)?,
        later,
    })
}

#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    q: String,
}

#[derive(Serialize)]
struct Person {
    id: String,
    name: String,
    born: String,
}

/// Patients with all these words in their names, or with this number; nobody, where so little is asked that it tells nobody from
/// others.
pub(super) async fn patients(
    State(desk): State<Desk>,
    here: AtDesk,
    Query(named): Query<Named>,
) -> Result<Response, Failed> {
    let people = read_async(&desk.inner.store, move |sql| people(sql, &named.q)).await?;
    let listed = people.iter().map(|person| person.id.clone());
    desk.listed(ListName::Patients, here.who(), listed.collect())
        .await?;
    Ok(private(Json(people)))
}

fn people(sql: Sql<'_>, query: &str) -> Result<Vec<Person>, StoreError> {
    let found = match scanned::read(query) {
        Scan::Number(number) => patient_search::find(sql, &number, PATIENTS_SHOWN)?,
        Scan::Ticket(_) => Vec::new(),
        Scan::Other => patient_search::find(sql, query, PATIENTS_SHOWN)?,
    };
    let mut people = Vec::new();
    for id in found {
        let json: Option<String> = sql.first(
            "SELECT json FROM resource WHERE type = 'Patient' AND id = ?1 AND json IS NOT NULL",
            params![id],
            |row| row.get(0),
        )?;
        if let Some(view) = json.and_then(|json| PatientView::from_json(&json).ok()) {
            people.push(Person {
                id: view.id,
                name: view.name,
                born: view.birth_date.unwrap_or_default(),
            });
        }
    }
    people.sort_by_cached_key(|person| text::name_sort_key(&person.name));
    Ok(people)
}

#[derive(Deserialize)]
pub(super) struct Bring {
    patients: Vec<String>,
}

#[derive(Serialize)]
struct Shown {
    svg: String,
    text: String,
    expires: i64,
}

/// A code for a phone to scan.
pub(super) async fn enrol(
    State(desk): State<Desk>,
    here: AtDesk,
    Json(bring): Json<Bring>,
) -> Result<Response, Failed> {
    let shown = tokio::task::spawn_blocking(move || {
        let code = enrolment::issue(
            &desk.inner,
            &bring.patients,
            ENROLMENT,
            &desk.base_url,
            here.who(),
        )?;
        let svg = code.to_svg()?;
        Ok::<_, crate::ClinicError>(Shown {
            svg,
            expires: code.expires.as_millis(),
            text: code.text,
        })
    })
    .await
    .map_err(|_| Failed(StatusCode::SERVICE_UNAVAILABLE))?;
    shown.map(|shown| private(Json(shown))).map_err(|error| {
        tracing::warn!(%error, "no enrolment");
        Failed(StatusCode::UNPROCESSABLE_ENTITY)
    })
}

/// Personal data: not for any cache.
pub(super) fn private(body: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], body).into_response()
}
