//! `sokhoe phone travel-time`

use clap::Args;
use serde_json::json;

use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Show or tell how long the way to a clinic takes, so that reminders say when to leave
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sokhoe phone travel-time 150")]
pub(super) struct TravelTimeArgs {
    /// From home to the clinic; 0 forgets it
    #[arg(value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(..=1_440))]
    minutes: Option<u32>,

    /// Which clinic; not needed when there is only one
    #[arg(long, value_name = "CLINIC")]
    clinic: Option<String>,
}

pub(super) fn run(
    phone: &Phone<'_>,
    args: &TravelTimeArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let clinic = phone.clinic(&phone.person()?, args.clinic.as_deref())?;
    let minutes = match args.minutes {
        None => phone.app.travel_minutes(&clinic.id)?,
        Some(0) => phone.app.set_travel_minutes(&clinic.id, None)?,
        told => phone.app.set_travel_minutes(&clinic.id, told)?,
    };
    output.json(&json!({"clinic_id": clinic.id, "minutes": minutes}))?;
    let clinic = ("clinic", clinic.name);
    output.line(match minutes {
        None => phone.words.say_with("phone-no-travel-time", &[clinic]),
        Some(minutes) => {
            let minutes = ("minutes", minutes.to_string());
            phone
                .words
                .say_with("phone-travel-time", &[clinic, minutes])
        }
    })
}
