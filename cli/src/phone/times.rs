//! `sokhoe phone services` and `find`

use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, Timelike as _};
use clap::{Args, ValueEnum};
use serde_json::json;
use sokhoe_app::{ClinicView, FindSlotsRequest, ServiceView, SlotCriteria, SlotView, VisitMode};
use sokhoe_domain::text::fold;
use sokhoe_domain::{Timestamp, Vnd};

use super::json;
use super::offers::Offers;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, table};

pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

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
  sokhoe phone find --service 'tim mạch' --from 2026-11-24 --days 3
  sokhoe phone find --specialty 'nội tiết' --on tue,thu --between 07:00-11:00 --max-price 200000
  sokhoe phone find --language hmn --step-free --untold-too")]
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

    #[command(flatten)]
    wanted: Wanted,
}

/// What a time must have, and what insurance is told.
#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// Only on these weekdays; any when not given
    #[arg(long, value_name = "DAY", value_delimiter = ',')]
    on: Vec<Weekday>,

    /// Only what begins between these times of the day, e.g. 07:00-11:00
    #[arg(long, value_name = "TIME-TIME", value_parser = minutes)]
    between: Option<(u32, u32)>,

    /// Only with this doctor: the id that --json tells
    #[arg(long, value_name = "ID")]
    doctor: Option<String>,

    /// Only of this speciality: a code, or a part of its name
    #[arg(long)]
    specialty: Option<String>,

    /// Only what costs no more đồng, before any insurance
    #[arg(long, value_name = "VND", value_parser = clap::value_parser!(i64).range(0..))]
    max_price: Option<i64>,

    /// Only where somebody speaks this language: a code of BCP 47, e.g. vi, hmn, blt
    #[arg(long, value_name = "CODE")]
    language: Option<String>,

    /// Only where one gets in without a step
    #[arg(long)]
    step_free: bool,

    /// Only at the clinic
    #[arg(long)]
    in_person: bool,

    /// Only by telephone or video
    #[arg(long, conflicts_with = "in_person")]
    remote: bool,

    /// They have a referral slip, or a slip to be examined again: insurance then pays as on the right route
    #[arg(long)]
    pub(super) referral: bool,

    /// Also times of which the clinic does not tell whether they have all this
    #[arg(long)]
    untold_too: bool,
}

impl Wanted {
    pub(super) async fn criteria(
        self,
        phone: &Phone<'_>,
        clinic: &ClinicView,
    ) -> Result<SlotCriteria, Failure> {
        let specialty = match &self.specialty {
            Some(asked) => Some(specialty_named(phone, clinic, asked).await?),
            None => None,
        };
        let (from_minute, until_minute) = self.between.unwrap_or((0, 24 * 60));
        Ok(SlotCriteria {
            weekdays: self.on.iter().map(|day| *day as u32).collect(),
            from_minute,
            until_minute,
            practitioner_id: self.doctor,
            specialty,
            max_price: self.max_price.map(Vnd::new),
            language: self.language,
            step_free: self.step_free,
            mode: match (self.in_person, self.remote) {
                (true, _) => Some(VisitMode::InPerson),
                (false, true) => Some(VisitMode::Remote),
                (false, false) => None,
            },
            untold_too: self.untold_too,
        })
    }
}

pub(super) fn day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| "a day is written 2026-11-24".to_owned())
}

/// As FHIR calls them.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Weekday {
    Mon = 1,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Two times of a day, in minutes; 24:00 is its end.
pub(super) fn minutes(text: &str) -> Result<(u32, u32), String> {
    let minute = |text: &str| match text {
        "24:00" => Some(24 * 60),
        text => {
            let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
            Some(time.num_seconds_from_midnight() / 60)
        }
    };
    text.split_once('-')
        .and_then(|(from, until)| Some((minute(from)?, minute(until)?)))
        .ok_or_else(|| "times of the day are written 07:00-11:00".to_owned())
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
    let has_referral = args.wanted.referral;
    let criteria = args.wanted.criteria(phone, &clinic).await?;
    let now = phone.ports.clock.now();
    let from = args
        .from
        .map_or(now, |day| Timestamp::start_of_day(day).max(now));
    let search = FindSlotsRequest {
        person_id: person.id,
        clinic_id: clinic.id,
        service_id,
        from,
        to: from.plus(DAY * args.days),
        limit: args.limit,
        criteria: Some(criteria),
        has_referral,
    };
    offer(phone, search, output).await
}

/// Finds times, keeps them for `book`, and lists them.
pub(super) async fn offer(
    phone: &Phone<'_>,
    search: FindSlotsRequest,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = search.person_id.clone();
    let slots = phone.app.find_slots(search).await?;
    Offers::new(&person, &slots).keep(&phone.ports)?;
    output.json(&json!({"slots": json::list(&slots, json::slot)}))?;
    if slots.is_empty() {
        return output.line(phone.words.say("phone-nothing-free"));
    }
    let estimates = estimates(&slots);
    let rows: Vec<Vec<String>> = slots
        .into_iter()
        .enumerate()
        .map(|(index, slot)| {
            let remote = (slot.mode == Some(VisitMode::Remote)).then_some(slot.mode_text);
            let untold = Some(slot.untold_text).filter(|text| !text.is_empty());
            let notes: Vec<String> = remote.into_iter().chain(untold).collect();
            let remains = slot.estimate.and_then(|estimate| estimate.remains);
            vec![
                (index + 1).to_string(),
                slot.when_text,
                slot.service,
                slot.practitioner,
                slot.location,
                slot.price_text,
                remains.map_or_else(String::new, |remains| format!("~ {remains}")),
                notes.join(". "),
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
        Column::Right,
        Column::Left,
    ];
    output.lines(table(&columns, &rows))?;
    output.lines(estimates)?;
    output.line(phone.words.say("phone-book-hint"))
}

/// What insurance would pay, and why: each once, as most times have the same.
fn estimates(slots: &[SlotView]) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for text in slots
        .iter()
        .filter_map(|slot| Some(&slot.estimate.as_ref()?.text))
    {
        if !said.contains(text) {
            said.push(text.clone());
        }
    }
    said
}

/// The one service that the words mean.
pub(super) async fn service_named(
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

/// The code of the one speciality that the words mean.
async fn specialty_named(
    phone: &Phone<'_>,
    clinic: &ClinicView,
    asked: &str,
) -> Result<String, Failure> {
    let services = phone.app.services(&clinic.id).await?;
    let wanted = fold(asked);
    let mut found: Vec<(String, String)> = services
        .into_iter()
        .filter(|service| {
            service.specialty_code == asked || fold(&service.specialty).contains(&wanted)
        })
        .map(|service| (service.specialty_code, service.specialty))
        .collect();
    found.sort();
    found.dedup();
    if let Some((code, _)) = found.iter().find(|(code, _)| code == asked) {
        return Ok(code.clone());
    }
    let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
    let names = names.join("; ");
    match <[(String, String); 1]>::try_from(found) {
        Ok([(code, _)]) => Ok(code),
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
