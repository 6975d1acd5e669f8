//! `sokhoe phone papers`

use clap::{Args, ValueEnum};
use serde_json::json;
use sokhoe_app::VisitKind;

use super::book::known;
use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Show what to take along to a booking, what the counter asks for first
#[derive(Debug, Args)]
pub(super) struct PapersArgs {
    /// The booking's id, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,

    /// What kind of visit it is
    #[arg(long, value_enum, default_value_t = Visit::First)]
    visit: Visit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Visit {
    /// For something new
    First,
    /// Asked to come again by the same clinic
    FollowUp,
    /// Sent by another clinic
    Referred,
    /// By telephone or video
    Remote,
}

pub(super) fn papers(
    phone: &Phone<'_>,
    args: &PapersArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let booking = known(phone, &person, &args.booking)?;
    let kind = match args.visit {
        Visit::First => VisitKind::First,
        Visit::FollowUp => VisitKind::FollowUp,
        Visit::Referred => VisitKind::Referred,
        Visit::Remote => VisitKind::Remote,
    };
    let papers = phone.app.papers(&person.id, &booking.id, kind)?;
    output.json(&json!({"papers": json::list(&papers, json::paper)}))?;
    for paper in papers {
        output.line(paper.name)?;
        output.line(format!("  {}", paper.note))?;
    }
    Ok(())
}
