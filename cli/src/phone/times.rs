//! `sokhoe phone services` and `find`

use std::time::Duration;

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;
use sokhoe_app::{ClinicView, FindSlotsRequest, ServiceView};
use sokhoe_domain::Timestamp;
use sokhoe_domain::text::fold;

use super::json;
use super::offers::Offers;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, table};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Args)]
pub(super) struct ServicesArgs {
    /// Which clinic: an id or a part of its name; not needed when there is only one
    #[arg(long)]
    clinic: Option<String>,
}

/// Find free times, the nearest first
///
/// The list is remembered, so that `book 2` books its second line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone find
  sokhoe phone find --service 'tim mạch' --from 2026-11-24 --days 3")]
pub(super) struct FindArgs {
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
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
}

pub(super) fn day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| "a day is written 2026-11-24".to_owned())
}

pub(super) async fn services(
    phone: &Phone<'_>,
    args: ServicesArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let clinic = phone.clinic(&phone.person()?, args.clinic.as_deref())?;
    let services = phone.app.services(&clinic.id).await?;
    output.json(&json!({"services": json::list(&services, json::service)}))?;
    let rows: Vec<Vec<String>> = services
        .into_iter()
        .map(|service| {
            vec![
                service.name,
                service.specialty,
                service.price_text,
                service.id,
            ]
        })
        .collect();
    output.lines(table(&[Column::Left, Column::Left, Column::Right], &rows))
}

pub(super) async fn find(
    phone: &Phone<'_>,
    args: FindArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let clinic = phone.clinic(&person, args.clinic.as_deref())?;
    let service_id = match &args.service {
        Some(asked) => Some(service_named(phone, &clinic, asked).await?.id),
        None => None,
    };
    let now = phone.ports.clock.now();
    let from = args
        .from
        .map_or(now, |day| Timestamp::start_of_day(day).max(now));
    let slots = phone
        .app
        .find_slots(FindSlotsRequest {
            person_id: person.id.clone(),
            clinic_id: clinic.id,
            service_id,
            from,
            to: from.plus(DAY * args.days),
            limit: args.limit,
        })
        .await?;
    Offers::new(&person.id, &slots).keep(&phone.ports)?;
    output.json(&json!({"slots": json::list(&slots, json::slot)}))?;
    if slots.is_empty() {
        return output.line(phone.words.say("phone-nothing-free"));
    }
    let rows: Vec<Vec<String>> = slots
        .into_iter()
        .enumerate()
        .map(|(index, slot)| {
            vec![
                (index + 1).to_string(),
                slot.when_text,
                slot.service,
                slot.practitioner,
                slot.location,
                slot.price_text,
            ]
        })
        .collect();
    let columns = [
        Column::Right,
        Column::Left,
        Column::Left,
        Column::Left,
        Column::Left,
        Column::Right,
    ];
    output.lines(table(&columns, &rows))?;
    output.line(phone.words.say("phone-book-hint"))
}

/// The one service that the words mean.
async fn service_named(
    phone: &Phone<'_>,
    clinic: &ClinicView,
    asked: &str,
) -> Result<ServiceView, Failure> {
    let services = phone.app.services(&clinic.id).await?;
    if let Some(exact) = services.iter().find(|service| service.id == asked) {
        return Ok(exact.clone());
    }
    let wanted = fold(asked);
    let mut found: Vec<ServiceView> = services
        .iter()
        .filter(|service| fold(&service.name).contains(&wanted))
        .cloned()
        .collect();
    if found.is_empty() {
        found = services
            .into_iter()
            .filter(|service| fold(&service.specialty).contains(&wanted))
            .collect();
    }
    let names: Vec<&str> = found.iter().map(|service| service.name.as_str()).collect();
    let names = names.join("; ");
    match <[ServiceView; 1]>::try_from(found) {
        Ok([service]) => Ok(service),
        Err(found) if found.is_empty() => Err(Failure::Said(
            "phone-no-such-service",
            vec![("asked", asked.to_owned())],
        )),
        Err(_) => Err(Failure::Said(
            "phone-which-service",
            vec![("asked", asked.to_owned()), ("services", names)],
        )),
    }
}
