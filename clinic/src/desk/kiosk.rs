//! The kiosk in the hall: a ticket or a card is scanned, whoever it is says yes, and has a number. On the screen stand initials
//! and the last digits alone: others see it, too.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, Timestamp};
use sokhoe_fhir::PatientView;

use super::form::Fields;
use super::guard::AtDesk;
use super::layout::{Screen, answer, screen};
use super::scanned::{self, Scan};
use super::words::Words;
use super::{Desk, Failed};
use crate::access_log::Draft;
use crate::queue::{self, Arrival, CheckIn, QueueRefusal};
use crate::store::{Isolation, Sql, StoreError, params, patient_search, read_async};

const PATH: &str = "/desk/kiosk";
/// People that one number may be of: a family's telephone.
const PEOPLE: usize = 6;
/// Seconds until the next one's page stands there again.
const SHOWN: u32 = 25;

/// The first page.
pub(super) async fn start(State(desk): State<Desk>, here: AtDesk) -> Response {
    show(&desk, &here, StatusCode::OK, None, begin(here.words, None))
}

fn show(
    desk: &Desk,
    here: &AtDesk,
    status: StatusCode,
    back_in: Option<u32>,
    body: Markup,
) -> Response {
    let shown = Screen {
        title: here.words.say("kiosk"),
        scripts: &["/desk/kiosk.js"],
        back: back_in.map(|seconds| (seconds, PATH)),
        class: "kiosk",
        body,
    };
    answer(status, screen(desk, here.words, shown))
}

fn begin(words: Words, wrong: Option<String>) -> Markup {
    html! {
        main {
            h2 { (words.say("kiosk-scan")) }
            @if let Some(wrong) = wrong { p.notice role="alert" { (wrong) } }
            form method="post" action="/desk/kiosk/scan" {
                label for="code" { (words.say("kiosk-type")) }
                input id="code" name="code" autocomplete="off" autofocus required inputmode="numeric" maxlength="1000";
                p { button { (words.say("kiosk-go")) } }
            }
            p.hint { (words.say("kiosk-help")) }
        }
    }
}

/// Somebody's visit of today.
struct Expected {
    appointment: String,
    patient: String,
    initials: String,
    starts: Timestamp,
    service: String,
    room: String,
}

/// What was scanned or typed: a ticket admits at once, a number asks who it is.
pub(super) async fn scan(
    State(desk): State<Desk>,
    here: AtDesk,
    fields: Fields,
) -> Result<Response, Failed> {
    let number = match scanned::read(fields.one("code")) {
        Scan::Ticket(ticket) => return arrive(&desk, &here, Arrival::Ticket(ticket)).await,
        Scan::Number(number) => number,
        Scan::Other => return Ok(refused(&desk, &here, here.words.say("kiosk-unknown"))),
    };
    let (now, asked) = (desk.inner.clock.now(), number.clone());
    let expected = read_async(&desk.inner.store, move |sql| today(sql, &asked, now)).await?;
    let drafts = expected.iter().map(|expected| Draft {
        patient: expected.patient.clone(),
        at: now,
        operation: AccessOperation::List,
        action: AccessAction::Execute,
        kind: "Appointment".to_owned(),
        id: None,
        outcome: AccessOutcome::Done,
        who: here.who(),
    });
    desk.inner.gathering.note(drafts.collect()).await?;
    if expected.is_empty() {
        return Ok(refused(&desk, &here, here.words.say("kiosk-nothing-today")));
    }
    let body = confirm(here.words, &expected, &number);
    Ok(show(&desk, &here, StatusCode::OK, Some(2 * SHOWN), body))
}

/// The visits of today of whoever has a number, that are not over.
fn today(sql: Sql<'_>, number: &str, now: Timestamp) -> Result<Vec<Expected>, StoreError> {
    let day = now.vietnam_day();
    let from = Timestamp::start_of_day(day).as_millis();
    let to = Timestamp::start_of_day(day.succ_opt().unwrap_or(day)).as_millis();
    let mut expected = Vec::new();
    for patient in patient_search::find(sql, number, PEOPLE)? {
        expected.extend(sql.rows(
            "SELECT a.id, a.patient, p.json, a.starts, v.name, s.location_name
             FROM appointment a
             JOIN service v ON v.pk = a.service
             JOIN schedule s ON s.pk = a.schedule
             LEFT JOIN visit q ON q.appointment = a.pk
             LEFT JOIN resource p ON p.type = 'Patient' AND p.id = a.patient
             WHERE a.patient = ?1 AND a.starts >= ?2 AND a.starts < ?3 AND a.state = 'booked'
               AND (q.state IS NULL OR q.state NOT IN ('done', 'noshow'))
             ORDER BY a.starts, a.pk",
            params![patient, from, to],
            |row| {
                let patient = row
                    .text_or_null(2)?
                    .and_then(|json| PatientView::from_json(json).ok());
                Ok(Expected {
                    appointment: row.get(0)?,
                    patient: row.get(1)?,
                    initials: initials(&patient.unwrap_or_default().name),
                    starts: Timestamp::from_millis(row.get(3)?),
                    service: row.get(4)?,
                    room: row.get(5)?,
                })
            },
        )?);
    }
    Ok(expected)
}

/// `Quàng Thị Mai` as `Q. T. M.`
fn initials(name: &str) -> String {
    let letters = name
        .split_whitespace()
        .filter_map(|word| word.chars().next());
    letters
        .map(|letter| format!("{}.", letter.to_uppercase()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn confirm(words: Words, expected: &[Expected], number: &str) -> Markup {
    let last: String = {
        let letters: Vec<char> = number.chars().collect();
        letters[letters.len().saturating_sub(3)..].iter().collect()
    };
    html! {
        main {
            h2 { (words.say("kiosk-who")) }
            ul.choices {
                @for one in expected {
                    li {
                        form method="post" action="/desk/kiosk/arrive" {
                            input type="hidden" name="appointment" value=(one.appointment);
                            button {
                                strong { (one.initials) " · …" (last) }
                                span { (one.starts.in_vietnam().format("%H:%M").to_string()) " · " (one.service) }
                                span { (one.room) }
                            }
                        }
                    }
                }
            }
            p { a.button.plain href=(PATH) { (words.say("kiosk-not-me")) } }
        }
    }
}

/// Whoever it is said yes.
pub(super) async fn confirmed(
    State(desk): State<Desk>,
    here: AtDesk,
    fields: Fields,
) -> Result<Response, Failed> {
    let appointment = fields.one("appointment").to_owned();
    arrive(&desk, &here, Arrival::Booking(appointment)).await
}

async fn arrive(desk: &Desk, here: &AtDesk, arrival: Arrival) -> Result<Response, Failed> {
    let (inner, who) = (Arc::clone(&desk.inner), here.who());
    let coming = CheckIn {
        arrival,
        goes_first: false,
    };
    let came = desk
        .inner
        .store
        .write_async(Isolation::LocksRows, move |tx| {
            tx.by(who);
            queue::check_in(tx, &inner, &coming)
        })
        .await?;
    let words = here.words;
    match came {
        Ok((appointment, number)) => {
            let place = read_async(&desk.inner.store, move |sql| place(sql, &appointment)).await?;
            let body = numbered(
                words,
                &desk.inner.name,
                number,
                place,
                desk.inner.clock.now(),
            );
            Ok(show(desk, here, StatusCode::OK, Some(SHOWN), body))
        }
        Err(refusal) => Ok(refused(desk, here, why(words, refusal))),
    }
}

/// Where somebody goes, and how many wait before them.
struct Place {
    room: String,
    practitioner: String,
    before: i64,
}

fn place(sql: Sql<'_>, appointment: &str) -> Result<Option<Place>, StoreError> {
    sql.first(
        "SELECT s.location_name, s.practitioner_name,
                (SELECT COUNT(*) FROM visit o WHERE o.day = v.day AND o.schedule = v.schedule AND o.state = 'waiting'
                   AND (o.priority > v.priority OR (o.priority = v.priority AND (o.place < v.place
                     OR (o.place = v.place AND o.number < v.number)))))
         FROM visit v JOIN appointment a ON a.pk = v.appointment JOIN schedule s ON s.pk = v.schedule
         WHERE a.id = ?1",
        params![appointment],
        |row| {
            Ok(Place {
                room: row.get(0)?,
                practitioner: row.get(1)?,
                before: row.get(2)?,
            })
        },
    )
}

/// The number, as it is shown and printed (80 mm).
fn numbered(
    words: Words,
    clinic: &str,
    number: u32,
    place: Option<Place>,
    now: Timestamp,
) -> Markup {
    html! {
        main.slip {
            p.clinic { (clinic) }
            p { (words.say("kiosk-number")) }
            p.big id="number" { (number) }
            @if let Some(place) = place {
                p { strong { (place.room) } " · " (place.practitioner) }
                p { (words.say_with("kiosk-before", &[("count", place.before.to_string())])) }
            }
            p.hint { (words.time(now)) }
            p.not-printed {
                button type="button" data-print="yes" { (words.say("kiosk-print")) } " "
                a.button.plain href=(PATH) { (words.say("kiosk-done")) }
            }
        }
    }
}

fn why(words: Words, refusal: QueueRefusal) -> String {
    match refusal {
        QueueRefusal::AnotherDay(day) => {
            let day = day.format("%d/%m/%Y").to_string();
            words.say_with("kiosk-another-day", &[("day", day)])
        }
        QueueRefusal::TicketUsed {
            number: Some(number),
            ..
        } => words.say_with("kiosk-used", &[("number", number.to_string())]),
        QueueRefusal::TicketUsed { number: None, .. } | QueueRefusal::Over => {
            words.say("kiosk-over")
        }
        QueueRefusal::Cancelled => words.say("kiosk-cancelled"),
        QueueRefusal::TicketOutdated => words.say("kiosk-outdated"),
        QueueRefusal::BadTicket(_) => words.say("kiosk-bad-ticket"),
        QueueRefusal::Unknown | QueueRefusal::StandsElsewhere => words.say("kiosk-unknown"),
    }
}

fn refused(desk: &Desk, here: &AtDesk, why: String) -> Response {
    let body = begin(here.words, Some(why));
    show(desk, here, StatusCode::OK, Some(SHOWN), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_that_others_see_names_nobody() {
        assert_eq!(initials("Quàng Thị Mai"), "Q. T. M.");
        assert_eq!(initials("đặng  văn"), "Đ. V.");
        assert_eq!(initials(""), "");
    }
}
