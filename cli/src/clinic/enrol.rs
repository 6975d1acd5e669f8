//! `sokhoe clinic enrol`: lets a phone in.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::text::draw;
use crate::words::Words;

/// Make the code that lets one phone in, as the counter shows it
///
/// The code is a secret: whoever uses it first sees these patients' books. It works once, on one phone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe clinic enrol --data ./clinic --patient bn-000001
  sokhoe clinic enrol --data ./clinic --patient bn-000001 --patient bn-000002 --minutes 60 --svg qr.svg")]
pub(super) struct EnrolArgs {
    #[command(flatten)]
    data: DataArgs,

    /// A patient's id; up to 20 patients come with one code
    #[arg(long = "patient", value_name = "ID", required = true, num_args = 1..)]
    patients: Vec<String>,

    /// Where the phone reaches the clinic
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    base_url: String,

    /// How long the code works
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=7 * 24 * 60))]
    minutes: u32,

    /// Also write the code as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub(super) async fn run(
    args: EnrolArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let valid_for = Duration::from_secs(u64::from(args.minutes) * 60);
    let (patients, base_url) = (args.patients, args.base_url);
    let enrolment =
        off_thread(move || clinic.issue_enrolment(&patients, valid_for, &base_url)).await?;
    if let Some(path) = &args.svg {
        std::fs::write(path, enrolment.to_svg()?).map_err(Failure::file(path))?;
    }
    output.json(&json!({"enrolment": enrolment.text, "expires": enrolment.expires.to_fhir(), "svg": args.svg}))?;
    output.lines(draw(&enrolment.matrix()?, output.is_terminal()))?;
    let until = enrolment
        .expires
        .in_vietnam()
        .format("%H:%M, %d/%m/%Y")
        .to_string();
    output.line(words.say_with("clinic-enrolment-until", &[("until", until)]))?;
    output.line("")?;
    output.line(&enrolment.text)
}
