//! `sokhoe phone enrol`

use std::io::{self, Read as _};

use clap::Args;
use serde_json::json;
use sokhoe_app::EnrolmentView;

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Longer than any code.
const LONGEST: u64 = 64 * 1024;

/// Come in at a clinic, with the text of the code that its counter shows
///
/// Safe to repeat: the clinic gives the same phone the same answer while the code is valid.
#[derive(Debug, Args)]
pub(super) struct EnrolArgs {
    /// The text of the code (SK1E:…, or SK1I:… of an invitation to help somebody); - reads it from stdin, which keeps it out of the shell's history
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: String,
}

pub(super) async fn run(
    phone: &Phone<'_>,
    args: EnrolArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let text = if args.text == "-" {
        let mut text = String::new();
        io::stdin().take(LONGEST).read_to_string(&mut text)?;
        text
    } else {
        args.text
    };
    let accepted = phone.app.accept_invitation(text.trim()).await?;
    let Some(enrolled) = accepted.enrolment else {
        output.json(&json!({"waits": accepted.text}))?;
        return output.line(accepted.text);
    };
    tell(phone, enrolled, output)
}

/// Tells who came in where.
pub(super) fn tell(
    phone: &Phone<'_>,
    enrolled: EnrolmentView,
    output: &mut Output,
) -> Result<(), Failure> {
    output.json(&json!({
        "clinic": json::clinic(&enrolled.clinic),
        "persons": json::list(&enrolled.persons, json::person),
    }))?;
    output.line(
        phone
            .words
            .say_with("phone-enrolled", &[("clinic", enrolled.clinic.name)]),
    )?;
    output.lines(
        enrolled
            .persons
            .iter()
            .map(|person| format!("  {}", person.name)),
    )?;
    output.line(phone.words.say("phone-enrolled-next"))
}
