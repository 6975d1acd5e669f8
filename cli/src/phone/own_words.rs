//! `sokhoe phone record-reading`, `contact`, `change-contact`, `conflicts`, `settle` and `take-back`

use clap::{Args, ValueEnum};
use serde_json::json;
use sokhoe_app::{ChangeContactRequest, ContactView, Keep, Measure, RecordReadingRequest};
use sokhoe_domain::Timestamp;

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Put a reading of one's own into the book: it goes to the clinic by itself
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone record-reading blood-pressure 135 82
  sokhoe phone record-reading glucose 7.8 --at 2026-11-23T06:30:00+07:00")]
pub(super) struct RecordReadingArgs {
    /// What was measured
    #[arg(value_enum)]
    measure: MeasureArg,

    /// mmHg systolic and diastolic; or beats a minute, mmol/L, kg, °C, %
    #[arg(required = true, num_args = 1..=2)]
    values: Vec<f64>,

    /// When it was measured; now when not given
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,

    /// Which clinic gets it; not needed when there is only one
    #[arg(long, value_name = "ID")]
    clinic: Option<String>,
}

/// Show how a clinic can reach the person
#[derive(Debug, Args)]
pub(super) struct ContactArgs {
    /// Which clinic; not needed when there is only one
    #[arg(long, value_name = "ID")]
    clinic: Option<String>,
}

/// Change telephone numbers or the address
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sokhoe phone change-contact --phone 0912345678 --address 'Bản Hua Tạt, Vân Hồ, Sơn La'")]
pub(super) struct ChangeContactArgs {
    /// A telephone number: all of them, each with --phone, the first one first
    #[arg(long = "phone", value_name = "NUMBER")]
    phones: Vec<String>,

    /// The address on one line; empty takes it away
    #[arg(long)]
    address: Option<String>,

    /// Which clinic gets it; not needed when there is only one
    #[arg(long, value_name = "ID")]
    clinic: Option<String>,
}

/// Decide what the person and a clinic changed differently
#[derive(Debug, Args)]
pub(super) struct SettleArgs {
    /// Its id, as `conflicts` shows it
    id: String,

    /// Whose words stay
    #[arg(long, value_enum)]
    keep: KeepArg,
}

/// Take back what a clinic does not have, e.g. what it refused
#[derive(Debug, Args)]
pub(super) struct TakeBackArgs {
    /// The change's id (it stands in `show --json` and `contact --json`)
    id: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MeasureArg {
    BloodPressure,
    Pulse,
    Glucose,
    Weight,
    Temperature,
    OxygenSaturation,
}

impl From<MeasureArg> for Measure {
    fn from(arg: MeasureArg) -> Self {
        match arg {
            MeasureArg::BloodPressure => Self::BloodPressure,
            MeasureArg::Pulse => Self::Pulse,
            MeasureArg::Glucose => Self::Glucose,
            MeasureArg::Weight => Self::Weight,
            MeasureArg::Temperature => Self::Temperature,
            MeasureArg::OxygenSaturation => Self::OxygenSaturation,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KeepArg {
    Mine,
    Clinic,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_fhir(text)
        .ok_or_else(|| "a time is written 2026-11-24T06:30:00+07:00".to_owned())
}

pub(super) async fn record_reading(
    phone: &Phone<'_>,
    args: RecordReadingArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let row = phone
        .app
        .record_reading(RecordReadingRequest {
            person_id: phone.person()?.id,
            clinic_id: args.clinic,
            measure: args.measure.into(),
            values: args.values,
            at: args.at,
        })
        .await?;
    output.json(&json!({"entry": json::entry(&row)}))?;
    output.line(format!("{}: {}", row.title, row.detail))?;
    output.line(match row.sync {
        Some(sync) => sync.text,
        None => phone.words.say("phone-clinic-has-it"),
    })
}

pub(super) fn contact(
    phone: &Phone<'_>,
    args: ContactArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let view = phone.app.contact(&phone.person()?.id, args.clinic)?;
    show(phone, view, output)
}

pub(super) async fn change_contact(
    phone: &Phone<'_>,
    args: ChangeContactArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let view = phone
        .app
        .change_contact(ChangeContactRequest {
            person_id: phone.person()?.id,
            clinic_id: args.clinic,
            phones: (!args.phones.is_empty()).then_some(args.phones),
            address: args.address,
        })
        .await?;
    show(phone, view, output)
}

fn show(phone: &Phone<'_>, view: ContactView, output: &mut Output) -> Result<(), Failure> {
    output.json(&json!({"contact": json::contact(&view)}))?;
    output.line(view.clinic_name)?;
    for line in view.phones.into_iter().chain([view.address]) {
        if !line.is_empty() {
            output.line(format!("  {line}"))?;
        }
    }
    output.line(match view.sync {
        Some(sync) => sync.text,
        None => phone.words.say("phone-clinic-has-it"),
    })
}

pub(super) fn conflicts(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let conflicts = phone.app.conflicts(&phone.person()?.id)?;
    output.json(&json!({"conflicts": json::list(&conflicts, json::conflict)}))?;
    if conflicts.is_empty() {
        return output.line(phone.words.say("phone-no-conflicts"));
    }
    for conflict in conflicts {
        output.line(format!(
            "{}  {}  {}",
            conflict.id, conflict.clinic_name, conflict.when_text
        ))?;
        for part in conflict.parts {
            let values = [
                ("what", part.what),
                ("mine", part.mine),
                ("clinics", part.clinics),
            ];
            output.line(phone.words.say_with("phone-conflict-part", &values))?;
        }
    }
    Ok(())
}

pub(super) async fn settle(
    phone: &Phone<'_>,
    args: SettleArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let keep = match args.keep {
        KeepArg::Mine => Keep::Mine,
        KeepArg::Clinic => Keep::Clinics,
    };
    let person = phone.person()?.id;
    phone.app.settle_conflict(&person, &args.id, keep).await?;
    output.json(&json!({"settled": args.id}))?;
    output.line(phone.words.say("phone-settled-conflict"))
}

pub(super) fn take_back(
    phone: &Phone<'_>,
    args: &TakeBackArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    phone.app.take_back(&phone.person()?.id, &args.id)?;
    output.json(&json!({"taken_back": args.id}))?;
    output.line(phone.words.say("phone-taken-back"))
}
