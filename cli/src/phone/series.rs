//! `sokhoe phone find-series`, `book-series` and `cancel-series`

use chrono::{NaiveDate, NaiveTime, Timelike as _};
use clap::Args;
use serde_json::json;
use sokhoe_app::{
    BookingStatus, BookingView, FindSeriesRequest, SeriesDays, SeriesOtherwise, SeriesRequest,
    SeriesTimesView, SlotCriteria, SlotView,
};

use super::book::{known, waits};
use super::json;
use super::offers::Offers;
use super::open::Phone;
use super::times::{Weekday, day, minutes, service_named};
use crate::failure::Failure;
use crate::output::{Output, aside};
use crate::text::{Column, table};

/// Find times for visits that come again and again, such as dialysis or antenatal care
///
/// The list is remembered: `book-series` books all of it, or some of its lines.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone find-series --service 'chạy thận' --on mon,wed,fri --visits 12
  sokhoe phone find-series --service 'khám thai' --due 2027-05-20 --aside 3
  sokhoe phone find-series --service 'nội tiết' --days 2026-12-01,2027-01-05 --at 08:30 --same-doctor")]
pub(super) struct FindSeriesArgs {
    /// Which clinic: an id or a part of its name; not needed when there is only one
    #[arg(long)]
    clinic: Option<String>,

    /// Which service: an id, or a part of its or its speciality's name
    #[arg(long)]
    service: String,

    /// On these weekdays
    #[arg(long, value_name = "DAY", value_delimiter = ',', requires = "visits")]
    on: Vec<Weekday>,

    /// So many visits in all
    #[arg(long, requires = "on", value_parser = clap::value_parser!(u32).range(1..=40))]
    visits: Option<u32>,

    /// Only every so manieth week
    #[arg(long, value_name = "WEEKS", default_value_t = 1, requires = "on", value_parser = clap::value_parser!(u32).range(1..=26))]
    every: u32,

    /// On these days
    #[arg(long, value_name = "DATE", value_delimiter = ',', value_parser = day, conflicts_with_all = ["on", "due"])]
    days: Vec<NaiveDate>,

    /// In the weeks of a pregnancy in which the WHO wants a woman seen: when the child is expected
    #[arg(long, value_name = "DATE", value_parser = day, conflicts_with = "on", required_unless_present_any = ["on", "days"])]
    due: Option<NaiveDate>,

    /// Not before this day; today when not given
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<NaiveDate>,

    /// Begin at about this time of the day, e.g. 08:30
    #[arg(long, value_name = "TIME", value_parser = minute)]
    at: Option<u32>,

    /// Only what begins between these times of the day, e.g. 07:00-11:00
    #[arg(long, value_name = "TIME-TIME", value_parser = minutes)]
    between: Option<(u32, u32)>,

    /// So many days before or after will do where a day has no free time
    #[arg(long, value_name = "DAYS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=6))]
    aside: u32,

    /// All with the same doctor
    #[arg(long)]
    same_doctor: bool,

    /// The person has a referral slip: for the estimate of what health insurance pays
    #[arg(long)]
    referral: bool,
}

/// Book the times of the last `find-series`
///
/// Every wish is kept on disk before the first is sent. Without a network they stay, and go out with the next `sync`: that is no
/// failure. The clinic answers each; when it refuses any, the exit code is 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone book-series
  sokhoe phone book-series 1 2 3 --otherwise-aside 0 --between 06:00-12:00 --any-doctor
  sokhoe phone book-series --continues 0197")]
pub(super) struct BookSeriesArgs {
    /// Lines in the last list of `find-series`; all of it when not given
    #[arg(value_name = "LINE")]
    lines: Vec<String>,

    /// Should a time be taken, another of its day will do, or of so many days before or after
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=6))]
    otherwise_aside: Option<u32>,

    /// Another time only between these of the day, e.g. 07:00-11:00
    #[arg(long, value_name = "TIME-TIME", value_parser = minutes, requires = "otherwise_aside")]
    between: Option<(u32, u32)>,

    /// Another time also with another doctor
    #[arg(long, requires = "otherwise_aside")]
    any_doctor: bool,

    /// They go on with the series of this booking: its id, or enough of its beginning
    #[arg(long, value_name = "BOOKING")]
    continues: Option<String>,
}

/// Take a booking of a series back, and all that come after it
#[derive(Debug, Args)]
pub(super) struct CancelSeriesArgs {
    /// The booking's id, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,
}

fn minute(text: &str) -> Result<u32, String> {
    let time = NaiveTime::parse_from_str(text, "%H:%M");
    let time = time.map_err(|_| "a time of the day is written 08:30".to_owned())?;
    Ok(time.num_seconds_from_midnight() / 60)
}

impl FindSeriesArgs {
    fn days(&self, today: NaiveDate) -> SeriesDays {
        let first_day = self.from.unwrap_or(today).to_string();
        match (self.due, self.visits) {
            (Some(due), _) => SeriesDays::Antenatal {
                due_day: due.to_string(),
                first_day,
            },
            (None, Some(visits)) => SeriesDays::Weekly {
                first_day,
                weekdays: self.on.iter().map(|day| *day as u32).collect(),
                week_interval: self.every,
                visits,
            },
            (None, None) => SeriesDays::On {
                days: self.days.iter().map(NaiveDate::to_string).collect(),
            },
        }
    }
}

pub(super) async fn find(
    phone: &Phone<'_>,
    args: FindSeriesArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let clinic = phone.clinic(&person, args.clinic.as_deref())?;
    let service = service_named(phone, &clinic, &args.service).await?;
    let (from_minute, until_minute) = args.between.unwrap_or((0, 24 * 60));
    let found = phone
        .app
        .find_series(FindSeriesRequest {
            person_id: person.id.clone(),
            clinic_id: clinic.id,
            service_id: service.id,
            days: args.days(phone.ports.clock.now().vietnam_day()),
            at_minute: args.at,
            days_aside: args.aside,
            same_practitioner: args.same_doctor,
            has_referral: args.referral,
            criteria: Some(SlotCriteria {
                from_minute,
                until_minute,
                ..SlotCriteria::default()
            }),
        })
        .await?;
    let slots: Vec<SlotView> = found
        .days
        .iter()
        .filter_map(|day| day.slot.clone())
        .collect();
    Offers::new(&person.id, &slots).keep_series(&phone.ports)?;
    output.json(&json!({"series": json::series_times(&found)}))?;
    output.lines(table(&[Column::Right, Column::Left], &rows(&found)))?;
    output.line(&found.text)?;
    if slots.is_empty() {
        return Ok(());
    }
    output.line(phone.words.say("phone-book-series-hint"))
}

/// A line for each wanted day; those with a time are numbered.
fn rows(found: &SeriesTimesView) -> Vec<Vec<String>> {
    let mut line = 0;
    let row = |day: &sokhoe_app::SeriesDayView| match &day.slot {
        None => vec![String::new(), day.text.clone()],
        Some(slot) => {
            line += 1;
            vec![
                line.to_string(),
                day.text.clone(),
                slot.practitioner.clone(),
                slot.location.clone(),
                slot.price_text.clone(),
            ]
        }
    };
    found.days.iter().map(row).collect()
}

pub(super) async fn book(
    phone: &Phone<'_>,
    args: BookSeriesArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let offers = Offers::last_series(&phone.ports, &person.id)?;
    let offers = offers.ok_or_else(|| Failure::said("phone-find-series-first"))?;
    let slots = match args.lines.is_empty() {
        true => offers.all(),
        false => args
            .lines
            .iter()
            .map(|line| {
                offers.clone().choose(line).ok_or_else(|| {
                    Failure::Said("phone-no-such-series", vec![("asked", line.clone())])
                })
            })
            .collect::<Result<_, _>>()?,
    };
    let continues = match &args.continues {
        Some(id) => Some(known(phone, &person, id)?.id),
        None => None,
    };
    let (from_minute, until_minute) = args.between.unwrap_or((0, 24 * 60));
    let request = SeriesRequest {
        person_id: person.id,
        slots,
        otherwise: args.otherwise_aside.map(|days_aside| SeriesOtherwise {
            days_aside,
            from_minute,
            until_minute,
            any_practitioner: args.any_doctor,
        }),
        continues,
    };
    // A book that cannot be read now keeps nobody from booking.
    for overlap in phone.app.series_overlaps(&request).unwrap_or_default() {
        aside(&overlap.text);
    }
    let bookings = phone.app.book_series(request).await?;
    tell(phone, &bookings, output)
}

pub(super) async fn cancel(
    phone: &Phone<'_>,
    args: &CancelSeriesArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let booking = known(phone, &person, &args.booking)?;
    let bookings = phone.app.cancel_series(&person.id, &booking.id).await?;
    tell(phone, &bookings, output)
}

fn tell(phone: &Phone<'_>, bookings: &[BookingView], output: &mut Output) -> Result<(), Failure> {
    output.json(&json!({"bookings": json::list(bookings, json::booking)}))?;
    for booking in bookings {
        output.line(format!("{}: {}", booking.when_text, booking.status_text))?;
    }
    let is_on_its_way = |it: &BookingView| waits(it.status) || it.cancelling;
    if bookings.iter().any(is_on_its_way) {
        aside(&phone.words.say("phone-sync-sends"));
    }
    let refused = |it: &&BookingView| it.status == BookingStatus::Refused;
    match bookings.iter().find(refused) {
        Some(refused) if output.is_json() => Err(Failure::Said(
            "phone-refused",
            vec![("status", refused.status_text.clone())],
        )),
        Some(_) => Err(Failure::AlreadyTold),
        None => Ok(()),
    }
}
