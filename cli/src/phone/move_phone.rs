//! `sokhoe phone move`

use std::io::{self, BufRead as _};

use clap::{Args, Subcommand};
use serde_json::json;
use sokhoe_app::MoveProgressView;
use sokhoe_qr::Matrix;
use sokhoe_qr::draw::Level;

use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Move the account from this phone to a new one, by QR codes alone
#[derive(Debug, Args)]
pub(super) struct MoveArgs {
    #[command(subcommand)]
    command: MoveCommand,
}

#[derive(Debug, Subcommand)]
enum MoveCommand {
    /// On the new phone: show a request, then read the old phone's codes from stdin, one a line
    ///
    /// The request lives as long as this command: what the codes carry opens for nobody else.
    Begin,
    /// On the old phone: answer a request with codes
    Answer {
        /// The text of the request (SK1M:…)
        #[arg(value_name = "TEXT")]
        request: String,
    },
    /// On the old phone: the new one has everything; from now on the books can only be read here
    Done,
    /// On the old phone: take that back
    Undo,
}

impl MoveArgs {
    /// Whether the command is for a phone that need not be there yet.
    pub(super) const fn begins(&self) -> bool {
        matches!(self.command, MoveCommand::Begin)
    }
}

pub(super) fn run(phone: &Phone<'_>, args: MoveArgs, output: &mut Output) -> Result<(), Failure> {
    match args.command {
        MoveCommand::Begin => begin(phone, output),
        MoveCommand::Answer { request } => {
            let parcels = phone.app.answer_move(request.trim())?;
            output.json(&json!({"parcels": parcels}))?;
            for parcel in &parcels {
                show(parcel, output)?;
            }
            output.line(phone.app.words_after_move())
        }
        MoveCommand::Done => {
            phone.app.set_moved(true)?;
            output.json(&json!({"moved": true}))?;
            output.line(phone.app.words_after_move())
        }
        MoveCommand::Undo => {
            phone.app.set_moved(false)?;
            output.json(&json!({"moved": false}))
        }
    }
}

fn begin(phone: &Phone<'_>, output: &mut Output) -> Result<(), Failure> {
    let request = phone.app.begin_move()?;
    output.json(&json!({
        "request": request.qr_text,
        "expires": request.expires.to_fhir(),
    }))?;
    show(&request.qr_text, output)?;
    output.line(phone.words.say("phone-move-scan"))?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let MoveProgressView { have, of, done } = phone.app.take_parcel(line.trim())?;
        output.json(&json!({"have": have, "of": of, "done": done}))?;
        let values = [("have", have.to_string()), ("of", of.to_string())];
        output.line(phone.words.say_with("phone-move-progress", &values))?;
        if done {
            return output.line(phone.words.say("phone-moved"));
        }
    }
    Err(Failure::said("phone-move-incomplete"))
}

/// The code as text, and drawn where a camera can see it.
fn show(text: &str, output: &mut Output) -> Result<(), Failure> {
    output.line(text)?;
    if output.is_terminal() {
        let drawn =
            Matrix::encode(text, Level::Low).map_err(|_| Failure::said("phone-move-incomplete"))?;
        output.line(drawn.to_terminal())?;
    }
    Ok(())
}
