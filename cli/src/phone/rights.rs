//! `sokhoe phone rights`: what a person asks of what a clinic keeps of them

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sokhoe_app::domain::Timestamp;
use sokhoe_app::{AskForRightsRequest, RightsRequestView};

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::rights::What;

/// See what was asked of what a clinic keeps, and ask: a copy, a correction, erasure, to take the consent back, to give the record to somebody
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone rights
  sokhoe phone rights ask copy
  sokhoe phone rights ask disclose --recipient 'Bảo hiểm An Tâm' --agreed
  sokhoe phone rights ask correct --details 'Dị ứng penicillin là sai' --agreed")]
pub(super) struct RightsArgs {
    #[command(subcommand)]
    command: Option<RightsCommand>,
}

#[derive(Debug, Subcommand)]
enum RightsCommand {
    Ask(AskArgs),
}

/// Show the words to agree to; with --agreed, ask
#[derive(Debug, Args)]
struct AskArgs {
    /// What is asked
    what: What,

    /// Which clinic: an id or a part of its name; not needed when there is only one
    #[arg(long)]
    clinic: Option<String>,

    /// Who is to get the record
    #[arg(long, value_name = "NAME", required_if_eq("what", "disclose"))]
    recipient: Option<String>,

    /// What is to be corrected, and whatever else is to be said
    #[arg(long, value_name = "TEXT", required_if_eq("what", "correct"))]
    details: Option<String>,

    /// Who decides for a child: their name
    #[arg(long, value_name = "NAME")]
    guardian: Option<String>,

    /// A child of seven or older was asked and agrees, too
    #[arg(long, requires = "guardian")]
    child_agrees: bool,

    /// Whoever decides has heard or read the words and said yes
    #[arg(long)]
    agreed: bool,
}

pub(super) async fn rights(
    phone: &Phone<'_>,
    args: RightsArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let Some(RightsCommand::Ask(args)) = args.command else {
        let requests = phone.app.rights_requests(&person.id)?;
        output.json(&json!({"requests": json::list(&requests, view)}))?;
        if requests.is_empty() {
            return output.line(phone.words.say("phone-no-rights"));
        }
        for request in &requests {
            line(request, output)?;
        }
        return Ok(());
    };
    let clinic = phone.clinic(&person, args.clinic.as_deref())?;
    let request = AskForRightsRequest {
        clinic_id: Some(clinic.id),
        person_id: person.id,
        what: args.what.request(),
        recipient: args.recipient,
        details: args.details,
        guardian: args.guardian,
        child_agrees: args.child_agrees,
    };
    let words = phone.app.words_before_rights(&request)?;
    output.line(&words)?;
    if !args.agreed {
        output.json(&json!({"words": words, "agreed": false}))?;
        return output.line(phone.words.say("phone-rights-not-agreed"));
    }
    let asked = phone.app.ask_for_rights(request, &words).await?;
    output.json(&json!({"words": words, "agreed": true, "request": view(&asked)}))?;
    line(&asked, output)
}

fn line(request: &RightsRequestView, output: &mut Output) -> Result<(), Failure> {
    let sync = request.sync.as_ref();
    let sync = sync
        .map(|sync| format!(" {}", sync.text))
        .unwrap_or_default();
    output.line(format!("{}  {}{sync}", request.id, request.text))
}

fn view(request: &RightsRequestView) -> Value {
    json!({
        "id": request.id,
        "clinic_id": request.clinic_id,
        "what": request.what,
        "recipient": request.recipient,
        "asked": request.asked.to_fhir(),
        "received": request.received.map(Timestamp::to_fhir),
        "answer_by": request.answer_by,
        "done_by": request.done_by,
        "answered": request.answered.map(Timestamp::to_fhir),
        "done": request.done.map(Timestamp::to_fhir),
        "signature": request.signature,
        "text": request.text,
        "sync": request.sync.as_ref().map(|sync| &sync.text),
    })
}
