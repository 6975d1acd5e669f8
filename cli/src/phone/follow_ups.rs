//! `sokhoe phone follow-ups`

use clap::Args;
use serde_json::json;

use super::json;
use super::open::Phone;
use super::times;
use crate::failure::Failure;
use crate::output::Output;

/// List what clinics ask the person to come again for, or find times for one of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone follow-ups
  sokhoe phone follow-ups --find 1     then: sokhoe phone book 1")]
pub(super) struct FollowUpsArgs {
    /// Find times to book for this line of the list
    #[arg(long, value_name = "LINE")]
    find: Option<usize>,
}

pub(super) async fn run(
    phone: &Phone<'_>,
    args: &FollowUpsArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let found = phone.app.follow_ups(&person.id)?;
    if let Some(line) = args.find {
        let asked = line
            .checked_sub(1)
            .and_then(|line| found.into_iter().nth(line));
        let Some(slip) = asked else {
            let asked = vec![("asked", line.to_string())];
            return Err(Failure::Said("phone-no-such-follow-up", asked));
        };
        return times::offer(phone, slip.search, output).await;
    }
    output.json(&json!({"follow_ups": json::list(&found, |one| json!({
        "entry_id": one.entry_id,
        "clinic_id": one.clinic_id,
        "from": one.from.to_fhir(),
        "to": one.to.to_fhir(),
        "service": one.service,
        "practitioner": one.practitioner,
        "reason": one.reason,
        "text": one.text,
        "is_overdue": one.is_overdue,
        "booking_id": one.booking_id,
    }))}))?;
    if found.is_empty() {
        output.line(phone.words.say("phone-no-follow-ups"))?;
    }
    for (at, one) in found.iter().enumerate() {
        let what = [
            &one.service,
            &one.practitioner,
            &one.reason,
            &one.clinic_name,
        ];
        let what: Vec<&str> = what
            .into_iter()
            .filter(|it| !it.is_empty())
            .map(String::as_str)
            .collect();
        output.line(format!("{}  {}", at + 1, what.join(" · ")))?;
        output.line(format!("   {}", one.text))?;
    }
    Ok(())
}
