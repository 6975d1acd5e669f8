//! What the page asks for and does.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use sokhoe_domain::{Vnd, text};
use sokhoe_fhir::PatientView;

use super::Desk;
use super::bookings::{BookingRow, bookings_between};
use super::session::AtDesk;
use crate::access_log::{ListName, Who};
use crate::billing::{PaymentOutcome, is_due, record_payment};
use crate::enrolment;
use crate::store::{Isolation, Sql, StoreError, read_async};

const DAYS_SHOWN: u64 = 14;
const PATIENTS_SHOWN: usize = 20;
const ENROLMENT: Duration = Duration::from_secs(10 * 60);

/// A failure of the desk, without a word about its cause: that is in the log.
#[derive(Debug)]
pub(super) struct Failed(pub(super) StatusCode);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request of the desk failed");
        Self(StatusCode::SERVICE_UNAVAILABLE)
    }
}

#[derive(Serialize)]
pub(super) struct Listed {
    now: i64,
    bookings: Vec<BookingRow>,
}

/// Today's bookings and those of the two weeks to come.
pub(super) async fn bookings(
    State(desk): State<Desk>,
    _at_desk: AtDesk,
) -> Result<Response, Failed> {
    let now = desk.inner.clock.now();
    let first = now.vietnam_day();
    let last = first
        .checked_add_days(chrono::Days::new(DAYS_SHOWN))
        .unwrap_or(first);
    let bookings = read_async(&desk.inner.store, move |sql| {
        bookings_between(sql, first, last)
    })
    .await?;
    let listed = bookings.iter().map(|row| row.patient.clone());
    desk.listed(ListName::Bookings, listed.collect()).await?;
    Ok(private(Json(Listed {
        now: now.as_millis(),
        bookings,
    })))
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

/// Patients whose names hold all words, by given name.
pub(super) async fn patients(
    State(desk): State<Desk>,
    _at_desk: AtDesk,
    Query(named): Query<Named>,
) -> Result<Response, Failed> {
    let people = read_async(&desk.inner.store, move |sql| people(sql, &named.q)).await?;
    let listed = people.iter().map(|person| person.id.clone());
    desk.listed(ListName::Patients, listed.collect()).await?;
    Ok(private(Json(people)))
}

fn people(sql: Sql<'_>, query: &str) -> Result<Vec<Person>, StoreError> {
    let folded = text::fold(query);
    let mut people = Vec::new();
    sql.stream(
        "SELECT json FROM resource WHERE type = 'Patient' AND json IS NOT NULL",
        &[],
        |row| {
            let Ok(view) = PatientView::from_json(row.text(0)?) else {
                return Ok(true);
            };
            let name = text::fold(&view.name);
            if folded.split(' ').all(|word| name.contains(word)) {
                people.push(Person {
                    id: view.id,
                    name: view.name,
                    born: view.birth_date.unwrap_or_default(),
                });
            }
            Ok(true)
        },
    )?;
    people.sort_by_cached_key(|person| text::name_sort_key(&person.name));
    people.truncate(PATIENTS_SHOWN);
    Ok(people)
}

#[derive(Deserialize)]
pub(super) struct Payment {
    reference: String,
    amount: i64,
}

#[derive(Serialize)]
struct Done {
    outcome: &'static str,
}

/// The cashier has the money.
pub(super) async fn confirm_payment(
    State(desk): State<Desk>,
    _at_desk: AtDesk,
    Json(payment): Json<Payment>,
) -> Result<Response, Failed> {
    let inner = Arc::clone(&desk.inner);
    let outcome = desk
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            tx.by(Who::Desk);
            // One payment at the counter for each invoice: pressing twice counts once.
            let provider_id = format!("desk:{}", payment.reference);
            let amount = Vnd::new(payment.amount);
            // What the cashier mistook is no payment: recorded, it would use up the invoice's one number.
            if !is_due(tx, &payment.reference, amount, &provider_id)? {
                return Ok(None);
            }
            record_payment(tx, &inner, &payment.reference, amount, &provider_id).map(Some)
        })
        .await?
        .ok_or(Failed(StatusCode::UNPROCESSABLE_ENTITY))?;
    let outcome = match outcome {
        PaymentOutcome::Applied { .. } => "applied",
        PaymentOutcome::AlreadyCounted => "already-counted",
        PaymentOutcome::Conflict => "conflict",
        PaymentOutcome::ToSettle(_) => "to-settle",
    };
    Ok(private(Json(Done { outcome })))
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
    _at_desk: AtDesk,
    Json(bring): Json<Bring>,
) -> Result<Response, Failed> {
    let shown = tokio::task::spawn_blocking(move || {
        let code = enrolment::issue(
            &desk.inner,
            &bring.patients,
            ENROLMENT,
            &desk.base_url,
            Who::Desk,
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
