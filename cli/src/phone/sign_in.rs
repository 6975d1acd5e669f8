//! `sokhoe phone sign-in`

use std::io::{self, BufRead as _, Read as _};

use clap::Args;
use serde_json::json;

use super::enrol;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Longer than any address.
const LONGEST: u64 = 16 * 1024;

/// Come in at a clinic by signing in where it believes people, instead of by a code at its counter
///
/// Prints the address for the browser, then reads the one that the browser ends at (vn.sokhoe:/signed-in?…). Interrupted in
/// between, the browser's address can be given later with --redirect.
#[derive(Debug, Args)]
pub(super) struct SignInArgs {
    /// Where the clinic is
    #[arg(value_name = "URL", required_unless_present = "redirect")]
    url: Option<String>,

    /// The address that the browser ended at, of a sign-in that was begun before; - reads it from stdin
    #[arg(long, value_name = "ADDRESS", conflicts_with = "url")]
    redirect: Option<String>,
}

pub(super) async fn run(
    phone: &Phone<'_>,
    args: SignInArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    if let Some(url) = args.url {
        let begun = phone.app.begin_sign_in(&url).await?;
        output.json(&json!({
            "url": begun.url,
            "callback_scheme": begun.callback_scheme,
            "clinic": begun.clinic_name,
        }))?;
        output.line(phone.words.say("phone-sign-in-open"))?;
        output.line(begun.url)?;
        let clinic = [("clinic", begun.clinic_name)];
        output.line(phone.words.say_with("phone-sign-in-then", &clinic))?;
    }
    let redirect = match args.redirect {
        Some(redirect) if redirect != "-" => redirect,
        _ => {
            let mut line = String::new();
            io::BufReader::new(io::stdin().take(LONGEST)).read_line(&mut line)?;
            line
        }
    };
    let enrolled = phone.app.finish_sign_in(redirect.trim()).await?;
    enrol::tell(phone, enrolled, output)
}
