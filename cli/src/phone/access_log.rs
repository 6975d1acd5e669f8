//! `sokhoe phone access-log`

use clap::Args;
use serde_json::json;

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::{Output, aside};

/// List who looked at the person's book at a clinic, the newest first
///
/// Asks the clinic, and has it prove that nothing of what this phone saw before was changed. Without a network it shows what
/// was proved last.
#[derive(Debug, Args)]
pub(super) struct AccessLogArgs {
    /// At this clinic; not needed when there is only one
    #[arg(long, value_name = "ID")]
    clinic: Option<String>,
}

pub(super) async fn run(
    phone: &Phone<'_>,
    args: &AccessLogArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let clinic = phone.clinic(&person, args.clinic.as_deref())?;
    let log = phone.app.access_log(&person.id, &clinic.id).await?;
    output.json(&json!({
        "clinic_id": log.clinic_id,
        "as_of": log.as_of.to_fhir(),
        "is_old": log.is_old,
        "mismatch": log.mismatch,
        "entries": json::list(&log.entries, |one| json!({
            "at": one.at.to_fhir(),
            "who": one.who,
            "what": one.what,
            "count": one.count,
            "is_denied": one.is_denied,
            "text": one.text,
        })),
    }))?;
    if let Some(mismatch) = &log.mismatch {
        aside(mismatch);
    }
    output.line(format!("{}: {}", log.clinic_name, log.text))?;
    for one in &log.entries {
        output.line(format!("{}  {}", one.when, one.text))?;
    }
    Ok(())
}
