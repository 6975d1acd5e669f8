//! A person's page: who they are, what they come for, what to take care of, who helps them. Every look at it is in the log that
//! the person reads, with a reason where they are not here today.

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use serde_json::Value as Json;
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, AccessReason, Timestamp};
use sokhoe_fhir::{IdentifierKind, PatientView};

use super::bookings::{BookingRow, bookings_of};
use super::form::Fields;
use super::guard::AtDesk;
use super::layout::{Page, answer, page, see};
use super::words::Words;
use super::{Desk, Failed};
use crate::access_log::{Draft, Who};
use crate::staff::opening;
use crate::store::{Isolation, Sql, StoreError, params, read_async};

/// Letters of an id (FHIR R4, `id`).
const LONGEST_ID: usize = 64;

/// What is shown of somebody.
struct Shown {
    patient: PatientView,
    bookings: Vec<BookingRow>,
    allergies: Vec<String>,
    helpers: Vec<Helper>,
}

/// Who helps, and until when.
struct Helper {
    name: String,
    until: Option<String>,
}

/// The page; where nobody said why yet, the question. It is the same for somebody who is not there: nobody learns by it who is.
pub(super) async fn show(
    State(desk): State<Desk>,
    here: AtDesk,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let (now, session, of) = (desk.inner.clock.now(), here.session(), id.clone());
    let opened = read_async(&desk.inner.store, move |sql| {
        let Some(reason) = opening::reason(sql, session, &of, now)? else {
            return Ok(None);
        };
        Ok(Some((reason, read(sql, &of, now)?)))
    })
    .await?;
    let Some((reason, shown)) = opened else {
        return Ok(ask(&desk, &here, &id));
    };
    let Some(shown) = shown else {
        return Ok(not_there(&desk, &here, &id));
    };
    let draft = seen(&id, here.who_because(Some(reason)), now);
    desk.inner.gathering.note(vec![draft]).await?;
    let words = here.words;
    let page_of = Page {
        path: &path(&id),
        title: words.say("person-title"),
        scripts: &[],
        body: body(words, &shown, reason, now),
    };
    Ok(answer(StatusCode::OK, page(&desk, &here, page_of)))
}

fn path(id: &str) -> String {
    format!("/desk/persons/{id}")
}

/// What a look leaves in the log.
fn seen(patient: &str, who: Who, now: Timestamp) -> Draft {
    Draft {
        patient: patient.to_owned(),
        at: now,
        operation: AccessOperation::Open,
        action: AccessAction::Read,
        kind: "Patient".to_owned(),
        id: Some(patient.to_owned()),
        outcome: AccessOutcome::Done,
        who,
    }
}

/// Says why, and sees.
pub(super) async fn open(
    State(desk): State<Desk>,
    here: AtDesk,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failed> {
    let chosen = AccessReason::of_code(fields.one("reason"));
    let Some(reason) = chosen.filter(|reason| AccessReason::CHOSEN.contains(reason)) else {
        return Ok(ask(&desk, &here, &id));
    };
    if id.len() > LONGEST_ID {
        return Err(Failed(StatusCode::NOT_FOUND));
    }
    let (session, of) = (here.session(), id.clone());
    desk.inner
        .store
        .write_async(Isolation::LocksRows, move |tx| {
            opening::open(tx, session, &of, reason)
        })
        .await?;
    Ok(see(&path(&id), &[]))
}

fn ask(desk: &Desk, here: &AtDesk, id: &str) -> Response {
    let words = here.words;
    let path = path(id);
    let body = html! {
        main.narrow {
            h2 { (words.say("reason-title")) }
            p { (words.say("reason-why")) }
            form method="post" action=(format!("{path}/opening")) {
                fieldset.reasons {
                    legend { (words.say("reason")) }
                    @for reason in AccessReason::CHOSEN {
                        label { input type="radio" name="reason" value=(reason.code()) required; " " (words.reason(reason)) }
                    }
                }
                p { button { (words.say("reason-open")) } " " a href="/desk" { (words.say("back")) } }
            }
        }
    };
    let page_of = Page {
        path: &path,
        title: words.say("reason-title"),
        scripts: &[],
        body,
    };
    answer(StatusCode::OK, page(desk, here, page_of))
}

fn not_there(desk: &Desk, here: &AtDesk, id: &str) -> Response {
    let words = here.words;
    let page_of = Page {
        path: &path(id),
        title: words.say("person-title"),
        scripts: &[],
        body: html! {
            main.narrow { p { (words.say("person-none")) } p { a href="/desk" { (words.say("back")) } } }
        },
    };
    answer(StatusCode::NOT_FOUND, page(desk, here, page_of))
}

fn read(sql: Sql<'_>, id: &str, now: Timestamp) -> Result<Option<Shown>, StoreError> {
    let json: Option<String> = sql.first(
        "SELECT json FROM resource WHERE type = 'Patient' AND id = ?1 AND json IS NOT NULL",
        params![id],
        |row| row.get(0),
    )?;
    let Some(patient) = json.and_then(|json| PatientView::from_json(&json).ok()) else {
        return Ok(None);
    };
    Ok(Some(Shown {
        patient,
        bookings: bookings_of(sql, id, now.vietnam_day())?,
        allergies: of_kind(sql, "AllergyIntolerance", id, allergy)?,
        helpers: of_kind(sql, "Consent", id, |json| helper(json, now))?,
    }))
}

/// What is read of each resource of a type that is a person's.
fn of_kind<T>(
    sql: Sql<'_>,
    kind: &str,
    patient: &str,
    read: impl Fn(&Json) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let text = "SELECT json FROM resource WHERE type = ?1 AND patient = ?2 AND json IS NOT NULL";
    let found = sql.rows(text, params![kind, patient], |row| {
        Ok(serde_json::from_str(row.text(0)?).ok())
    })?;
    Ok(found
        .into_iter()
        .flatten()
        .filter_map(|json| read(&json))
        .collect())
}

/// What somebody must not be given, unless it was ruled out.
fn allergy(json: &Json) -> Option<String> {
    let status = |path| json.pointer(path).and_then(Json::as_str);
    let is_in_error = status("/verificationStatus/coding/0/code")
        .is_some_and(|code| matches!(code, "entered-in-error" | "refuted"));
    let text = status("/code/text").or_else(|| status("/code/coding/0/display"));
    text.filter(|_| !is_in_error).map(str::to_owned)
}

fn helper(json: &Json, now: Timestamp) -> Option<Helper> {
    let text = |path| json.pointer(path).and_then(Json::as_str);
    let end = text("/provision/period/end").and_then(Timestamp::parse_fhir);
    let is_active = text("/status") == Some("active") && end.is_none_or(|end| end > now);
    let name = text("/provision/actor/0/reference/display").filter(|_| is_active)?;
    Some(Helper {
        name: name.to_owned(),
        until: end.map(|end| end.vietnam_day().format("%d/%m/%Y").to_string()),
    })
}

/// All but the last four letters of a number: enough to compare with a card, too little to copy one.
fn masked(number: &str) -> String {
    let count = number.chars().count();
    let hidden = count.saturating_sub(4);
    number
        .chars()
        .enumerate()
        .map(|(at, letter)| if at < hidden { '•' } else { letter })
        .collect()
}

fn day(written: &str) -> String {
    written.split('-').rev().collect::<Vec<_>>().join("/")
}

fn body(words: Words, shown: &Shown, reason: AccessReason, now: Timestamp) -> Markup {
    let Shown {
        patient,
        bookings,
        allergies,
        helpers,
    } = shown;
    let born = patient.birth_date.as_deref().map(day);
    html! {
        main {
            section aria-labelledby="person" {
                h2 id="person" { (patient.name) }
                p.hint role="note" {
                    (words.say_with("person-logged", &[("reason", words.reason(reason))]))
                }
                dl {
                    @if let Some(born) = born { dt { (words.say("person-born")) } dd { (born) } }
                    @if let Some(gender) = gender(words, patient) { dt { (words.say("person-gender")) } dd { (gender) } }
                    @if let Some(phone) = &patient.phone { dt { (words.say("person-phone")) } dd { (phone) } }
                    @for identifier in &patient.identifiers {
                        dt { (identifier_name(words, identifier.kind())) }
                        dd { (masked(&identifier.value)) }
                    }
                }
                h3 { (words.say("person-allergies")) }
                @if allergies.is_empty() { p.hint { (words.say("person-no-allergies")) } }
                ul.allergies { @for allergy in allergies { li { (allergy) } } }
                h3 { (words.say("person-bookings")) }
                @if bookings.is_empty() { p.hint { (words.say("person-no-bookings")) } }
                table { tbody { @for booking in bookings { (row(words, booking, now)) } } }
            }
            aside aria-labelledby="helpers" {
                h2 id="helpers" { (words.say("person-helpers")) }
                @if helpers.is_empty() { p.hint { (words.say("person-no-helpers")) } }
                ul { @for helper in helpers {
                    li {
                        (helper.name)
                        @if let Some(until) = &helper.until { " " small { (words.say_with("person-until", &[("day", until.clone())])) } }
                    }
                } }
            }
        }
    }
}

fn row(words: Words, booking: &BookingRow, now: Timestamp) -> Markup {
    html! {
        tr.cancelled[booking.status == "cancelled"].past[booking.end < now] {
            td.time { (words.time(booking.start)) }
            td { strong.name { (booking.service) } span.service { (booking.practitioner) " · " (booking.room) } }
            td.action {
                @if booking.status == "cancelled" { span.tag.off { (words.say("booking-cancelled")) } }
                @if let Some(number) = booking.number { span.tag { (words.say_with("booking-number", &[("number", number.to_string())])) } }
            }
        }
    }
}

fn gender(words: Words, patient: &PatientView) -> Option<String> {
    match patient.gender.as_deref()? {
        "male" => Some(words.say("gender-male")),
        "female" => Some(words.say("gender-female")),
        "other" => Some(words.say("gender-other")),
        _ => None,
    }
}

fn identifier_name(words: Words, kind: Option<IdentifierKind>) -> String {
    match kind {
        Some(IdentifierKind::Cccd) => words.say("identifier-citizen"),
        Some(IdentifierKind::Bhyt) => words.say("identifier-insurance"),
        _ => words.say("identifier-other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_can_be_compared_and_not_copied() {
        assert_eq!(masked("011085001234"), "••••••••1234");
        assert_eq!(masked("123"), "123");
        assert_eq!(day("1959-04-12"), "12/04/1959");
        assert_eq!(day("1959"), "1959");
    }

    #[test]
    fn what_was_ruled_out_is_no_allergy() {
        let json = |status: &str| {
            serde_json::json!({
                "code": {"text": "Penicillin"},
                "verificationStatus": {"coding": [{"code": status}]},
            })
        };
        assert_eq!(allergy(&json("confirmed")).as_deref(), Some("Penicillin"));
        assert_eq!(allergy(&json("refuted")), None);
        assert_eq!(allergy(&json("entered-in-error")), None);
    }
}
