//! `sokhoe phone find-trip` and `book-trip`

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;
use sokhoe_app::{
    BookingStatus, FindTripRequest, PersonView, TripMemberRequest, TripRequest, TripTimesView,
};
use sokhoe_domain::Timestamp;

use super::book::waits;
use super::json;
use super::offers::TripOffers;
use super::open::Phone;
use super::times::{DAY, Wanted, day, service_named};
use crate::failure::Failure;
use crate::output::{Output, aside};
use crate::text::{Column, table};

/// Find neighbouring times for several people, so that one helper takes all of them along
///
/// The list is remembered, so that `book-trip 2` books its second line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone find-trip mai nam --service 'nhi khoa'
  sokhoe phone find-trip 'mai=tim mạch' 'nam=nhi khoa' --between 07:00-11:00
  sokhoe phone find-trip mai nam --side-by-side")]
pub(super) struct FindTripArgs {
    /// Two to six people, each an id or a part of the name; after = which service it is for, where not that of --service
    #[arg(value_name = "PERSON[=SERVICE]", required = true, num_args = 2..=6)]
    people: Vec<String>,

    /// Which clinic: an id or a part of its name; not needed when there is only one
    #[arg(long)]
    clinic: Option<String>,

    /// Which service: an id, or a part of its or its speciality's name
    #[arg(long)]
    service: Option<String>,

    /// The first day, e.g. 2026-11-24; now when not given
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<NaiveDate>,

    /// For how many days
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,

    /// At most so many
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    limit: u32,

    /// They manage alone: visits at different doctors may be at the same time
    #[arg(long)]
    side_by_side: bool,

    #[command(flatten)]
    wanted: Wanted,
}

/// Book neighbouring times of the last `find-trip`, for all or for nobody
///
/// The wish is kept on disk before it is sent. Without a network it stays, and goes out with the next `sync`: that is no
/// failure. A refusal is one (exit code 1), and is one for all.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone book-trip 1")]
pub(super) struct BookTripArgs {
    /// The line in the last list of `find-trip`
    #[arg(value_name = "LINE")]
    line: usize,
}

pub(super) async fn find(
    phone: &Phone<'_>,
    args: FindTripArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut asked: Vec<(PersonView, Option<String>)> = Vec::new();
    for text in &args.people {
        let (name, service) = match text.split_once('=') {
            Some((name, service)) => (name, Some(service.to_owned())),
            None => (&**text, args.service.clone()),
        };
        asked.push((phone.person_named(name)?, service));
    }
    let Some((first, _)) = asked.first() else {
        return Err(Failure::said("phone-nobody"));
    };
    let clinic = phone.clinic(first, args.clinic.as_deref())?;
    let has_referral = args.wanted.referral;
    let criteria = args.wanted.criteria(phone, &clinic).await?;
    let mut members = Vec::new();
    for (person, service) in asked {
        let service_id = match service {
            Some(service) => Some(service_named(phone, &clinic, &service).await?.id),
            None => None,
        };
        members.push(TripMemberRequest {
            person_id: person.id,
            service_id,
            criteria: Some(criteria.clone()),
            has_referral,
        });
    }
    let now = phone.ports.clock.now();
    let from = args
        .from
        .map_or(now, |day| Timestamp::start_of_day(day).max(now));
    let found = phone
        .app
        .find_trip(FindTripRequest {
            clinic_id: clinic.id,
            members,
            from,
            to: from.plus(DAY * args.days),
            side_by_side: args.side_by_side,
            limit: args.limit,
        })
        .await?;
    TripOffers::new(&found).keep(&phone.ports)?;
    output.json(&json!({"trips": json::list(&found, json::trip_times)}))?;
    if found.is_empty() {
        return output.line(phone.words.say("phone-nothing-free"));
    }
    let persons = phone.app.persons()?;
    output.lines(table(
        &[Column::Right, Column::Left],
        &rows(&found, &persons),
    ))?;
    output.line(phone.words.say("phone-book-trip-hint"))
}

/// A line for the whole of it, then one for each.
fn rows(found: &[TripTimesView], persons: &[PersonView]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (index, times) in found.iter().enumerate() {
        rows.push(vec![(index + 1).to_string(), times.text.clone()]);
        for visit in &times.visits {
            let name = persons
                .iter()
                .find(|person| person.id == visit.person_id)
                .map(|person| person.name.clone());
            let slot = &visit.slot;
            let parts = [
                slot.start.in_vietnam().format("%H:%M").to_string(),
                name.unwrap_or_default(),
                slot.service.clone(),
                slot.practitioner.clone(),
                slot.location.clone(),
            ];
            let parts: Vec<String> = parts.into_iter().filter(|it| !it.is_empty()).collect();
            rows.push(vec![String::new(), parts.join(" · ")]);
        }
    }
    rows
}

pub(super) async fn book(
    phone: &Phone<'_>,
    args: &BookTripArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let offers =
        TripOffers::last(&phone.ports)?.ok_or_else(|| Failure::said("phone-find-trip-first"))?;
    let visits = offers.choose(args.line).ok_or_else(|| {
        Failure::Said("phone-no-such-trip", vec![("asked", args.line.to_string())])
    })?;
    let request = TripRequest { visits };
    // A book that cannot be read now keeps nobody from booking.
    for overlap in phone.app.trip_overlaps(&request).unwrap_or_default() {
        aside(&overlap.text);
    }
    let bookings = phone.app.book_trip(request).await?;
    output.json(&json!({"bookings": json::list(&bookings, json::booking)}))?;
    let persons = phone.app.persons()?;
    for booking in &bookings {
        let name = persons.iter().find(|person| person.id == booking.person_id);
        let name = name.map(|person| &*person.name).unwrap_or_default();
        let (when, status) = (&booking.when_text, &booking.status_text);
        output.line(format!("{name}: {when}: {status}"))?;
    }
    if bookings.iter().any(|booking| waits(booking.status)) {
        aside(&phone.words.say("phone-sync-sends"));
    }
    match bookings
        .iter()
        .find(|it| it.status == BookingStatus::Refused)
    {
        Some(refused) if output.is_json() => Err(Failure::Said(
            "phone-refused",
            vec![("status", refused.status_text.clone())],
        )),
        Some(_) => Err(Failure::AlreadyTold),
        None => Ok(()),
    }
}
