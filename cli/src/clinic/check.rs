//! `sokhoe clinic check`: whether what the clinic keeps is whole.

use clap::Args;
use serde_json::json;
use sokhoe_clinic::CheckReport;

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::words::Words;

/// Look whether the clinic's data are whole and fit together; exit code 1 when not
///
/// The database file, the access log against its hashes, the money against its entries, bookings against the time that is
/// taken, invoices against bookings, the keys against the database. Nothing is changed; a clinic may go on meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sokhoe clinic check --data /var/lib/sokhoe --json")]
pub(super) struct CheckArgs {
    #[command(flatten)]
    data: DataArgs,
}

pub(super) async fn run(
    args: CheckArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let report = off_thread(move || clinic.check()).await?;
    tell(&report, words, output)?;
    report.is_clean().then_some(()).ok_or(Failure::AlreadyTold)
}

/// Says what a check saw.
pub(super) fn tell(
    report: &CheckReport,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let faults: Vec<_> = report
        .faults
        .iter()
        .map(|(fault, times)| json!({"fault": fault.code(), "times": times}))
        .collect();
    output.json(&json!({
        "clean": report.is_clean(), "faults": faults, "resources": report.resources,
        "bookings": report.bookings, "invoices": report.invoices, "access_log": report.log,
    }))?;
    let seen = [
        ("resources", report.resources.to_string()),
        ("bookings", report.bookings.to_string()),
        ("invoices", report.invoices.to_string()),
        ("log", report.log.to_string()),
    ];
    output.line(words.say_with("clinic-check-seen", &seen))?;
    for (fault, times) in &report.faults {
        let key = format!("clinic-check-{}", fault.code());
        output.line(words.say_with(&key, &[("times", times.to_string())]))?;
    }
    output.line(words.say(match report.is_clean() {
        true => "clinic-check-clean",
        false => "clinic-check-broken",
    }))
}
