//! `sokhoe clinic money`: what arrived, what waits for a person, and what they make of it.

use clap::{Args, Subcommand};
use serde_json::json;
use sokhoe_app::domain::Vnd;
use sokhoe_clinic::{Means, MoneyBook, OpenPayment, Settlement};

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, table};
use crate::words::Words;

/// See what money waits for a person, and settle it
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(super) struct MoneyArgs {
    #[command(subcommand)]
    command: MoneyCommand,
}

const EXAMPLES: &str = "\
Examples:
  sokhoe clinic money list --data ./clinic
  sokhoe clinic money apply --data ./clinic sepay:92704 SK8F3K2Q
  sokhoe clinic money refund --data ./clinic sepay:92704 --receipt PC-2026-0117
  sokhoe clinic money dismiss --data ./clinic payos:TF230204212323";

#[derive(Debug, Subcommand)]
enum MoneyCommand {
    List(ListArgs),
    Apply(ApplyArgs),
    Refund(RefundArgs),
    Dismiss(PaymentArgs),
}

/// List what waits, the oldest first, and the sum of all that arrived
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
}

/// Note that it is not the clinic's money, or none: a provider's test, another's account, what was told twice
#[derive(Debug, Args)]
struct PaymentArgs {
    #[command(flatten)]
    data: DataArgs,

    /// Which payment, as the list names it
    #[arg(value_name = "PAYMENT")]
    payment: String,
}

/// Pay an invoice with it, as far as that is due; what is left waits on
#[derive(Debug, Args)]
struct ApplyArgs {
    #[command(flatten)]
    payment: PaymentArgs,

    /// The invoice's reference
    #[arg(value_name = "REFERENCE")]
    reference: String,
}

/// Note that what waits of it was given back
#[derive(Debug, Args)]
struct RefundArgs {
    #[command(flatten)]
    payment: PaymentArgs,

    /// The number of the receipt, or of the transfer back
    #[arg(long, value_name = "NUMBER")]
    receipt: String,
}

pub(super) async fn run(
    args: MoneyArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let (payment, settlement) = match args.command {
        MoneyCommand::List(args) => return list(args, words, output).await,
        MoneyCommand::Apply(args) => {
            let reference = args.reference;
            (args.payment, Settlement::Apply { reference })
        }
        MoneyCommand::Refund(args) => {
            let receipt = args.receipt;
            (
                args.payment,
                Settlement::Refund {
                    receipt,
                    means: Means::Transfer,
                },
            )
        }
        MoneyCommand::Dismiss(args) => (args, Settlement::Dismiss),
    };
    let clinic = payment.data.open_existing().await?;
    let left = off_thread(move || clinic.settle_payment(&payment.payment, settlement)).await?;
    output.json(&json!({"open": left.dong()}))?;
    output.line(if left == Vnd::default() {
        words.say("clinic-money-settled")
    } else {
        words.say_with("clinic-money-left", &[("amount", left.to_string())])
    })
}

async fn list(args: ListArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let (open, book) = off_thread(move || {
        Ok::<_, sokhoe_clinic::ClinicError>((clinic.payments_to_settle()?, clinic.money_book()?))
    })
    .await?;
    let MoneyBook {
        arrived,
        applied,
        refunded,
        dismissed,
        open: waiting,
    } = book;
    let payments: Vec<_> = open.iter().map(as_json).collect();
    output.json(&json!({
        "payments": payments, "arrived": arrived, "applied": applied, "refunded": refunded,
        "dismissed": dismissed, "open": waiting,
    }))?;
    let row = |payment: &OpenPayment| {
        vec![
            payment.id.clone(),
            payment.open.to_string(),
            words.say(&reason_key(&payment.reason)),
            payment
                .text
                .clone()
                .or_else(|| payment.reference.clone())
                .unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = open.iter().map(row).collect();
    let columns = [Column::Left, Column::Right, Column::Left, Column::Left];
    output.lines(table(&columns, &rows))?;
    let amount = |name, dong: i64| (name, Vnd::new(dong).to_string());
    let values = [
        amount("arrived", arrived),
        amount("applied", applied),
        amount("refunded", refunded),
        amount("dismissed", dismissed),
        amount("open", waiting),
    ];
    output.line(words.say_with("clinic-money-book", &values))
}

fn as_json(payment: &OpenPayment) -> serde_json::Value {
    json!({
        "id": payment.id,
        "at": payment.at.to_fhir(),
        "amount": payment.amount.dong(),
        "open": payment.open.dong(),
        "reason": payment.reason,
        "reference": payment.reference,
        "text": payment.text,
        "bank_reference": payment.bank_reference,
    })
}

/// The word for why a payment waits; `other-amount` is from before there were two.
fn reason_key(reason: &str) -> String {
    format!("clinic-settle-{}", reason.replace('-', "_"))
}
