//! `sokhoe phone parked`, `retry` and `drop`

use clap::Args;
use serde_json::json;
use sokhoe_app::ParkedView;

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, table};

/// Send again what is kept back
#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// Its id, or enough of its beginning; `parked` shows it
    #[arg(value_name = "ID")]
    id: String,
}

/// Give up what is kept back
#[derive(Debug, Args)]
pub(super) struct DropArgs {
    /// Its id, or enough of its beginning; `parked` shows it
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn list(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let parked = phone.app.parked(&phone.person()?.id)?;
    output.json(&json!({"parked": json::list(&parked, json::parked)}))?;
    if parked.is_empty() {
        return output.line(phone.words.say("phone-nothing-parked"));
    }
    let rows: Vec<Vec<String>> = parked
        .into_iter()
        .map(|parked| vec![parked.what_text, parked.reason_text, parked.id])
        .collect();
    output.lines(table(&[Column::Left], &rows))
}

pub(super) async fn retry(
    phone: &Phone<'_>,
    args: &RetryArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let parked = named(phone, &args.id)?;
    let person = phone.person()?;
    phone.app.retry_parked(&person.id, &parked.id).await?;
    list(phone, output)
}

pub(super) async fn give_up(
    phone: &Phone<'_>,
    args: &DropArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let parked = named(phone, &args.id)?;
    let person = phone.person()?;
    phone.app.drop_parked(&person.id, &parked.id).await?;
    list(phone, output)
}

fn named(phone: &Phone<'_>, asked: &str) -> Result<ParkedView, Failure> {
    let parked = phone.app.parked(&phone.person()?.id)?;
    let mut fitting = parked
        .into_iter()
        .filter(|parked| !asked.is_empty() && parked.id.starts_with(asked));
    match (fitting.next(), fitting.next()) {
        (Some(parked), None) => Ok(parked),
        _ => Err(Failure::Said(
            "phone-no-such-parked",
            vec![("asked", asked.to_owned())],
        )),
    }
}
