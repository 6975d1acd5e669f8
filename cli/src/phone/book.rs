//! `sokhoe phone book`, `list` and `cancel`

use clap::Args;
use serde_json::json;
use sokhoe_app::{BookRequest, BookingStatus, BookingView};

use super::json;
use super::offers::Offers;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::{Output, aside};
use crate::text::{Column, table};

/// Book a time of the last `find`
///
/// The wish is kept on disk before it is sent. Without a network it stays, and goes out with the next
/// `sync`: that is no failure. A refusal is one (exit code 1).
#[derive(Debug, Args)]
pub(super) struct BookArgs {
    /// The line in the last list of `find`, or the time's id
    #[arg(value_name = "LINE|ID")]
    which: String,
}

/// Take a booking back
#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    /// The booking's id, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,
}

pub(super) async fn book(
    phone: &Phone<'_>,
    args: &BookArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let offers =
        Offers::last(&phone.ports, &person.id)?.ok_or_else(|| Failure::said("phone-find-first"))?;
    let slot = offers
        .choose(&args.which)
        .ok_or_else(|| Failure::Said("phone-no-such-time", vec![("asked", args.which.clone())]))?;
    let booking = phone
        .app
        .book(BookRequest {
            person_id: person.id,
            slot,
        })
        .await?;
    tell(phone, &booking, output)
}

pub(super) fn list(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let bookings = phone.app.bookings(&phone.person()?.id)?;
    output.json(&json!({"bookings": json::list(&bookings, json::booking)}))?;
    if bookings.is_empty() {
        return output.line(phone.words.say("phone-no-bookings"));
    }
    let rows: Vec<Vec<String>> = bookings
        .into_iter()
        .map(|booking| {
            vec![
                booking.when_text,
                booking.service,
                booking.practitioner,
                booking.location,
                booking.status_text,
                booking.id,
            ]
        })
        .collect();
    output.lines(table(&[Column::Left], &rows))
}

pub(super) async fn cancel(
    phone: &Phone<'_>,
    args: &CancelArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let bookings = phone.app.bookings(&person.id)?;
    let mut fitting = bookings
        .iter()
        .filter(|booking| !args.booking.is_empty() && booking.id.starts_with(&args.booking));
    let (Some(booking), None) = (fitting.next(), fitting.next()) else {
        return Err(Failure::Said(
            "phone-no-such-booking",
            vec![("asked", args.booking.clone())],
        ));
    };
    let booking = phone.app.cancel_booking(&person.id, &booking.id).await?;
    tell(phone, &booking, output)
}

fn tell(phone: &Phone<'_>, booking: &BookingView, output: &mut Output) -> Result<(), Failure> {
    output.json(&json!({"booking": json::booking(booking)}))?;
    output.line(format!("{}: {}", booking.when_text, booking.status_text))?;
    let parts = [&booking.service, &booking.practitioner, &booking.location];
    let parts: Vec<&str> = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(String::as_str)
        .collect();
    output.line(format!("  {}", parts.join(" · ")))?;
    match booking.status {
        BookingStatus::WaitingForNetwork | BookingStatus::Sending => {
            aside(&phone.words.say("phone-sync-sends"))
        }
        BookingStatus::Refused => {
            // On stdout for people; programs have it in the JSON, and stderr says it to both.
            return Err(if output.is_json() {
                Failure::Said(
                    "phone-refused",
                    vec![("status", booking.status_text.clone())],
                )
            } else {
                Failure::AlreadyTold
            });
        }
        BookingStatus::Confirmed | BookingStatus::Cancelled => {}
    }
    Ok(())
}
