//! `sokhoe phone book`, `list`, `cancel` and `move-booking`

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;
use sokhoe_app::{
    BookRequest, BookingStatus, BookingView, MoveBookingRequest, OtherwiseRequest, PersonView,
    SlotView,
};

use super::json;
use super::offers::Offers;
use super::open::Phone;
use super::times::{Weekday, day, minutes};
use crate::failure::Failure;
use crate::output::{Output, aside};
use crate::text::{Column, table};

/// Book a time of the last `find`
///
/// The wish is kept on disk before it is sent. Without a network it stays, and goes out with the next
/// `sync`: that is no failure. A refusal is one (exit code 1).
///
/// With `--otherwise-from` the clinic takes the nearest other time that will do, should this one be taken.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone book 1
  sokhoe phone book 1 --otherwise-from 2026-12-01 --otherwise-until 2026-12-05 --between 07:00-11:00 --any-doctor")]
pub(super) struct BookArgs {
    /// The line in the last list of `find`, or the time's id
    #[arg(value_name = "LINE|ID")]
    which: String,

    /// Should it be taken, another time will do from this day on, e.g. 2026-12-01
    #[arg(long, value_name = "DATE", value_parser = day)]
    otherwise_from: Option<NaiveDate>,

    /// Up to and with this day; the same day when not given
    #[arg(long, value_name = "DATE", value_parser = day, requires = "otherwise_from")]
    otherwise_until: Option<NaiveDate>,

    /// Only what begins between these times of the day, e.g. 07:00-11:00
    #[arg(long, value_name = "TIME-TIME", value_parser = minutes, requires = "otherwise_from")]
    between: Option<(u32, u32)>,

    /// Only on these weekdays; any when not given
    #[arg(
        long,
        value_name = "DAY",
        value_delimiter = ',',
        requires = "otherwise_from"
    )]
    on: Vec<Weekday>,

    /// Any doctor of the same service will do
    #[arg(long, requires = "otherwise_from")]
    any_doctor: bool,
}

impl BookArgs {
    fn otherwise(&self) -> Option<OtherwiseRequest> {
        let first = self.otherwise_from?;
        let (from_minute, until_minute) = self.between.unwrap_or((0, 24 * 60));
        Some(OtherwiseRequest {
            first_day: first.to_string(),
            last_day: self.otherwise_until.unwrap_or(first).to_string(),
            from_minute,
            until_minute,
            weekdays: self.on.iter().map(|day| *day as u32).collect(),
            any_practitioner: self.any_doctor,
        })
    }
}

/// Take a booking back
#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    /// The booking's id, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,
}

/// Move a confirmed booking to a time of the last `find`
///
/// Until the clinic has it so, the booking stands where it was: without a network the wish waits, and goes out with
/// the next `sync`. Where the clinic refuses (exit code 1), it stands where it was.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone find --service 'tim mạch'
  sokhoe phone move-booking 0197 2       the second time of that list")]
pub(super) struct MoveBookingArgs {
    /// The booking's id, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,

    /// The line in the last list of `find`, or the time's id
    #[arg(value_name = "LINE|ID")]
    which: String,
}

/// A time of the last `find`.
fn chosen(phone: &Phone<'_>, person: &PersonView, which: &str) -> Result<SlotView, Failure> {
    let offers =
        Offers::last(&phone.ports, &person.id)?.ok_or_else(|| Failure::said("phone-find-first"))?;
    offers
        .choose(which)
        .ok_or_else(|| Failure::Said("phone-no-such-time", vec![("asked", which.to_owned())]))
}

/// Says what the family's bookings leave no room for, but for this booking.
fn warn_of_overlaps(phone: &Phone<'_>, person: &PersonView, slot: &SlotView, except: &str) {
    let (clinic, start, end) = (&slot.clinic_id, slot.start, slot.end);
    // A book that cannot be read now keeps nobody from booking.
    let overlaps = phone.app.overlaps(&person.id, clinic, start, end);
    for overlap in overlaps.unwrap_or_default() {
        if overlap.booking_id != except {
            aside(&overlap.text);
        }
    }
}

pub(super) async fn book(
    phone: &Phone<'_>,
    args: &BookArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let slot = chosen(phone, &person, &args.which)?;
    warn_of_overlaps(phone, &person, &slot, "");
    let booking = phone
        .app
        .book(BookRequest {
            person_id: person.id,
            slot,
            otherwise: args.otherwise(),
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
    let booking = known(phone, &person, &args.booking)?;
    let booking = phone.app.cancel_booking(&person.id, &booking.id).await?;
    tell(phone, &booking, output)
}

pub(super) async fn move_booking(
    phone: &Phone<'_>,
    args: &MoveBookingArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let booking = known(phone, &person, &args.booking)?;
    let slot = chosen(phone, &person, &args.which)?;
    warn_of_overlaps(phone, &person, &slot, &booking.id);
    let wanted = slot.start;
    let request = MoveBookingRequest {
        person_id: person.id.clone(),
        booking_id: booking.id,
        slot,
    };
    let booking = phone.app.move_booking(request).await?;
    tell(phone, &booking, output)?;
    if booking.moving_to.is_some() {
        aside(&phone.words.say("phone-sync-sends"));
    } else if booking.start != wanted {
        let events = phone.app.events(&person.id)?;
        let said = events.into_iter().rev();
        let why = said
            .filter(|event| event.subject == booking.id)
            .map(|event| event.text)
            .next()
            .unwrap_or(booking.status_text);
        return Err(Failure::Said("phone-not-moved", vec![("why", why)]));
    }
    Ok(())
}

/// The one booking whose id begins so.
pub(super) fn known(
    phone: &Phone<'_>,
    person: &PersonView,
    id: &str,
) -> Result<BookingView, Failure> {
    let bookings = phone.app.bookings(&person.id)?;
    let mut fitting = bookings
        .into_iter()
        .filter(|booking| !id.is_empty() && booking.id.starts_with(id));
    match (fitting.next(), fitting.next()) {
        (Some(booking), None) => Ok(booking),
        _ => Err(Failure::Said(
            "phone-no-such-booking",
            vec![("asked", id.to_owned())],
        )),
    }
}

pub(super) fn tell(
    phone: &Phone<'_>,
    booking: &BookingView,
    output: &mut Output,
) -> Result<(), Failure> {
    output.json(&json!({"booking": json::booking(booking)}))?;
    output.line(format!("{}: {}", booking.when_text, booking.status_text))?;
    let parts = [&booking.service, &booking.practitioner, &booking.location];
    let parts: Vec<&str> = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(String::as_str)
        .collect();
    output.line(format!("  {}", parts.join(" · ")))?;
    if let Some(trip) = booking.trip.as_ref().filter(|trip| !trip.text.is_empty()) {
        output.line(format!("  {}", trip.text))?;
    }
    if let Some(series) = &booking.series {
        output.line(format!("  {}", series.text))?;
    }
    if let Some(deadline) = &booking.deadline {
        output.line(format!("  {}", deadline.text))?;
    }
    match booking.status {
        status if waits(status) => aside(&phone.words.say("phone-sync-sends")),
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
        BookingStatus::OnWaitingList
        | BookingStatus::Offered
        | BookingStatus::WaitingForNetwork
        | BookingStatus::Sending
        | BookingStatus::Confirmed
        | BookingStatus::CheckedIn
        | BookingStatus::Fulfilled
        | BookingStatus::NoShow
        | BookingStatus::Cancelled => {}
    }
    Ok(())
}

/// Whether a clinic has still to answer.
pub(super) const fn waits(status: BookingStatus) -> bool {
    matches!(
        status,
        BookingStatus::WaitingForNetwork | BookingStatus::Sending
    )
}
