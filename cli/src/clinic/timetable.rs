//! `sokhoe clinic timetable`: who works when, where and for what.

use std::fs;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::json;
use sokhoe_clinic::{BookingRow, Timetable};

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::text::parse_day;
use crate::words::Words;

/// Show and change who works when, where and for what; close the clinic on a day
///
/// A timetable is JSON: weekly hours for good or for a time, other hours of single days, how long a visit takes, how
/// many people at once and how many more at the counter, and from when a week's times are given out. What is booked
/// stays booked: bookings that have no time any more are listed, for somebody to move or call off, and the exit code
/// is 1 then.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  sokhoe clinic timetable show --data ./clinic > timetables.json
  sokhoe clinic timetable set --data ./clinic timetables.json
  sokhoe clinic timetable close --data ./clinic 2026-12-24 --reason \"Diễn tập phòng cháy\""
)]
pub(super) struct TimetableArgs {
    #[command(subcommand)]
    command: TimetableCommand,
}

#[derive(Debug, Subcommand)]
enum TimetableCommand {
    /// Print all timetables, or one, as JSON
    Show {
        #[command(flatten)]
        data: DataArgs,
        /// Only the one of this Schedule
        #[arg(long, value_name = "ID")]
        schedule: Option<String>,
    },
    /// Put the timetables of a file in the place of those of the same Schedules
    Set {
        #[command(flatten)]
        data: DataArgs,
        /// What `show` prints, changed
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Close the whole clinic on a day
    Close {
        #[command(flatten)]
        data: DataArgs,
        /// The day, YYYY-MM-DD
        #[arg(value_parser = parse_day)]
        day: NaiveDate,
        /// Why, for the people of the clinic
        #[arg(long)]
        reason: String,
    },
    /// Open it again on a day that was closed
    Open {
        #[command(flatten)]
        data: DataArgs,
        /// The day, YYYY-MM-DD
        #[arg(value_parser = parse_day)]
        day: NaiveDate,
    },
}

pub(super) async fn run(
    args: TimetableArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    match args.command {
        TimetableCommand::Show { data, schedule } => {
            let clinic = data.open_existing().await?;
            let mut timetables = off_thread(move || clinic.timetables()).await?;
            timetables.retain(|it| schedule.as_ref().is_none_or(|only| it.schedule == *only));
            let text = serde_json::to_string_pretty(&timetables).unwrap_or_default();
            output.document(&text)
        }
        TimetableCommand::Set { data, file } => {
            let text = fs::read_to_string(&file).map_err(Failure::file(&file))?;
            let timetables: Vec<Timetable> = serde_json::from_str(&text).map_err(|error| {
                let values = vec![
                    ("path", file.display().to_string()),
                    ("line", error.line().to_string()),
                ];
                Failure::Said("clinic-timetable-unreadable", values)
            })?;
            let clinic = data.open_existing().await?;
            let set = timetables.len();
            let stranded = off_thread(move || clinic.set_timetables(timetables)).await?;
            let values = [("count", set.to_string())];
            let done = words.say_with("clinic-timetables-set", &values);
            tell(&done, &stranded, output)
        }
        TimetableCommand::Close { data, day, reason } => {
            let clinic = data.open_existing().await?;
            let stranded = off_thread(move || clinic.close_day(day, &reason)).await?;
            tell(&words.say("clinic-day-closed"), &stranded, output)
        }
        TimetableCommand::Open { data, day } => {
            let clinic = data.open_existing().await?;
            let was_closed = off_thread(move || clinic.open_day(day)).await?;
            output.json(&json!({"was_closed": was_closed}))?;
            let key = if was_closed {
                "clinic-day-opened"
            } else {
                "clinic-day-was-open"
            };
            output.line(words.say(key))
        }
    }
}

/// What was done, and whom it leaves without a time.
fn tell(done: &str, stranded: &[BookingRow], output: &mut Output) -> Result<(), Failure> {
    output.json(&json!({"stranded": stranded}))?;
    output.line(done)?;
    for booking in stranded {
        output.line(format!(
            "  {}  {}  {}  {}",
            booking.start.in_vietnam().format("%H:%M %d/%m/%Y"),
            booking.patient_name,
            booking.service,
            booking.practitioner
        ))?;
    }
    if stranded.is_empty() {
        return Ok(());
    }
    let values = vec![("count", stranded.len().to_string())];
    Err(Failure::Said("clinic-stranded", values))
}
