//! `sokhoe phone day-times`

use chrono::{NaiveTime, Timelike as _};
use clap::Args;
use serde_json::json;
use sokhoe_app::DayTimesView;

use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Show or set the times of the day for medicines that a prescription gives so often a day
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sokhoe phone day-times --morning 05:30 --night 20:30")]
pub(super) struct DayTimesArgs {
    /// Once a day, and the first time of more
    #[arg(long, value_name = "HH:MM", value_parser = time)]
    morning: Option<u32>,

    /// The second of three times a day
    #[arg(long, value_name = "HH:MM", value_parser = time)]
    noon: Option<u32>,

    /// The last of two or three times a day
    #[arg(long, value_name = "HH:MM", value_parser = time)]
    evening: Option<u32>,

    /// The fourth time a day
    #[arg(long, value_name = "HH:MM", value_parser = time)]
    night: Option<u32>,
}

/// Minutes since midnight.
fn time(text: &str) -> Result<u32, chrono::ParseError> {
    let time = NaiveTime::parse_from_str(text, "%H:%M")?;
    Ok(time.hour() * 60 + time.minute())
}

pub(super) fn run(
    phone: &Phone<'_>,
    args: &DayTimesArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let known = phone.app.day_times()?;
    let wanted = DayTimesView {
        morning: args.morning.unwrap_or(known.morning),
        noon: args.noon.unwrap_or(known.noon),
        evening: args.evening.unwrap_or(known.evening),
        night: args.night.unwrap_or(known.night),
    };
    let day = match wanted == known {
        true => known,
        false => phone.app.set_day_times(wanted)?,
    };
    let said = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let values = [
        ("morning", said(day.morning)),
        ("noon", said(day.noon)),
        ("evening", said(day.evening)),
        ("night", said(day.night)),
    ];
    let [morning, noon, evening, night] = values.each_ref().map(|(_, time)| time);
    output.json(&json!({
        "morning": morning,
        "noon": noon,
        "evening": evening,
        "night": night,
    }))?;
    output.line(phone.words.say_with("phone-day-times", &values))
}
