//! `sokhoe phone join`

use clap::Args;
use serde_json::json;
use sokhoe_app::RemoteVisitState;

use super::book::known;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Show how a visit by telephone or video is joined: when, and the link while it is open
#[derive(Debug, Args)]
pub(super) struct JoinArgs {
    /// The booking's id, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,
}

pub(super) async fn run(
    phone: &Phone<'_>,
    args: &JoinArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let booking = known(phone, &person, &args.booking)?;
    let visit = phone.app.join_visit(&person.id, &booking.id).await?;
    let state = match visit.state {
        RemoteVisitState::NotYet => "not-yet",
        RemoteVisitState::Open => "open",
        RemoteVisitState::Over => "over",
    };
    output.json(&json!({
        "state": state,
        "opens": visit.opens.to_fhir(),
        "closes": visit.closes.to_fhir(),
        "link": visit.link,
        "text": visit.text,
    }))?;
    output.line(visit.text)?;
    visit.link.map_or(Ok(()), |link| output.line(link))
}
