//! `sokhoe phone ticket`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use sokhoe_app::TicketState;
use sokhoe_qr::Matrix;
use sokhoe_qr::draw::{For, Level};

use super::book::known;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::draw;

/// Draw the ticket of a booking, to be shown at the kiosk; needs no network
///
/// The code of now is good until the next half hour.
#[derive(Debug, Args)]
pub(super) struct TicketArgs {
    /// The booking's id, or enough of its beginning; `list` shows it
    #[arg(value_name = "BOOKING")]
    booking: String,

    /// Also write the code as a PNG picture
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

pub(super) fn run(
    phone: &Phone<'_>,
    args: &TicketArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let booking = known(phone, &person, &args.booking)?;
    let ticket = phone.app.ticket(&person.id, &booking.id)?;
    let state = match ticket.state {
        TicketState::NotYet => "not-yet",
        TicketState::Open => "open",
        TicketState::Over => "over",
        TicketState::Absent => "absent",
    };
    let drawn = ticket
        .code
        .as_ref()
        .map(|code| Matrix::encode(&code.payload, Level::Quartile))
        .transpose()
        .map_err(|_| Failure::said("qr-too-long"))?;
    if let Some((path, drawn)) = args.png.as_ref().zip(drawn.as_ref()) {
        let png = drawn.to_png_within(For::Screen.pixels());
        let png = png.ok_or_else(|| Failure::said("qr-too-long"))?;
        std::fs::write(path, png).map_err(Failure::file(path))?;
    }
    output.json(&json!({
        "state": state,
        "payload": ticket.code.as_ref().map(|code| &code.payload),
        "number": ticket.number,
        "start": ticket.start.to_fhir(),
        "opens": ticket.opens.map(|at| at.to_fhir()),
        "valid_until": ticket.valid_until.map(|at| at.to_fhir()),
        "ask_again_seconds": ticket.ask_again_seconds,
        "png": args.png.as_ref().filter(|_| drawn.is_some()),
        "text": ticket.text,
    }))?;
    if let Some(drawn) = &drawn {
        output.lines(draw(drawn, output.is_terminal()))?;
    }
    output.line(ticket.text)
}
