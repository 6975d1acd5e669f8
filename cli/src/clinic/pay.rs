//! `sokhoe clinic pay`: money that arrived, as the bank would tell.

use clap::Args;
use serde_json::json;
use sokhoe_clinic::system::SystemRng;
use sokhoe_clinic::{PaymentOutcome, ToSettle};
use sokhoe_domain::Vnd;
use sokhoe_domain::ports::Rng as _;

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::text::parse_dong;
use crate::words::Words;

/// Record a payment that arrived, as the bank would tell it
///
/// A payment counts once for each --id. What does not match an open invoice to the đồng is kept for a
/// person to settle; the exit code is 1 then. Phones of a clinic that serves from the same folder hear of it
/// when they synchronise next.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sokhoe clinic pay --data ./clinic --reference SK8F3K2Q --amount 105000")]
pub(super) struct PayArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The reference at the beginning of the transfer's text
    #[arg(long)]
    reference: String,

    /// How much, in đồng
    #[arg(long, value_name = "ĐỒNG", value_parser = parse_dong)]
    amount: Vnd,

    /// The bank's number of this transfer; a new one when not given
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

pub(super) async fn run(args: PayArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let (reference, id) = (args.reference, args.id.unwrap_or_else(new_transfer));
    let outcome = off_thread(move || clinic.record_payment(&reference, args.amount, &id)).await?;
    match outcome {
        PaymentOutcome::Applied { invoice } => {
            output.json(&json!({"outcome": "applied", "invoice": invoice}))?;
            output.line(words.say_with("clinic-paid", &[("amount", args.amount.to_string())]))
        }
        PaymentOutcome::AlreadyCounted => {
            output.json(&json!({"outcome": "already_counted"}))?;
            output.line(words.say("clinic-already-counted"))
        }
        PaymentOutcome::Conflict => {
            output.json(&json!({"outcome": "conflict"}))?;
            Err(Failure::Said("clinic-payment-conflict", vec![]))
        }
        PaymentOutcome::ToSettle(reason) => {
            output.json(&json!({"outcome": "to_settle", "reason": code(reason)}))?;
            Err(Failure::Said(
                "clinic-to-settle",
                vec![(
                    "reason",
                    words.say(&format!("clinic-settle-{}", code(reason))),
                )],
            ))
        }
    }
}

fn code(reason: ToSettle) -> String {
    reason.code().replace('-', "_")
}

/// A number that no bank gives.
fn new_transfer() -> String {
    let mut random = [0; 8];
    SystemRng::default().fill(&mut random);
    random
        .iter()
        .fold("by-hand-".to_owned(), |id, byte| format!("{id}{byte:02x}"))
}
