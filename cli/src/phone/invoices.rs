//! `sokhoe phone invoice`

use clap::{Args, Subcommand};
use serde_json::json;
use sokhoe_app::{InvoiceView, PaymentQrView};
use sokhoe_qr::Matrix;
use sokhoe_qr::draw::For;

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::text::{Column, draw, table};
use crate::words::Words;

/// See what is to be paid, and pay it by QR
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct InvoiceArgs {
    #[command(subcommand)]
    command: Option<InvoiceCommand>,
}

#[derive(Debug, Subcommand)]
enum InvoiceCommand {
    /// List the invoices, the newest first
    List,
    /// Draw the VietQR of an invoice, if the clinic signed where the money goes
    Qr {
        /// The invoice's id or reference
        id: String,
    },
}

pub(super) fn run(
    phone: &Phone<'_>,
    args: InvoiceArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let invoices = phone.app.invoices(&person.id)?;
    match args.command.unwrap_or(InvoiceCommand::List) {
        InvoiceCommand::List => list(phone.words, &invoices, output),
        InvoiceCommand::Qr { id } => {
            let by_reference = invoices.into_iter().find(|invoice| invoice.reference == id);
            let id = by_reference.map_or(id, |invoice| invoice.id);
            let code = phone.app.payment_qr(&person.id, &id)?;
            output.json(&json::payment_qr(&code))?;
            output.lines(payment_lines(&code, phone.words, output.is_terminal())?)?;
            output.line("")?;
            output.line(&code.payload)
        }
    }
}

fn list(words: &Words, invoices: &[InvoiceView], output: &mut Output) -> Result<(), Failure> {
    output.json(&json!({"invoices": json::list(invoices, json::invoice)}))?;
    if invoices.is_empty() {
        return output.line(words.say("phone-no-invoices"));
    }
    let rows: Vec<Vec<String>> = invoices
        .iter()
        .map(|invoice| {
            let invoice = invoice.clone();
            vec![
                invoice.issued_text,
                invoice.amount_text,
                invoice.status_text,
                invoice.reference,
                invoice.id,
            ]
        })
        .collect();
    output.lines(table(&[Column::Left, Column::Right], &rows))
}

/// A payment code as a camera and a person read it.
pub(crate) fn payment_lines(
    code: &PaymentQrView,
    words: &Words,
    colours: bool,
) -> Result<Vec<String>, Failure> {
    let drawn =
        Matrix::encode_for(&code.payload, For::Screen).map_err(|_| Failure::said("qr-too-long"))?;
    let mut lines = draw(&drawn, colours);
    let rows = [
        ("qr-field-payee", &code.payee_name),
        ("qr-field-bank", &code.bank),
        ("qr-field-account", &code.account),
        ("qr-field-amount", &code.amount_text),
        ("qr-field-purpose", &code.reference),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(key, value)| vec![words.say(key), value.clone()])
        .collect();
    lines.extend(table(&[Column::Left], &rows));
    Ok(lines)
}
