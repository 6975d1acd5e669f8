//! The invoice, its code, and the word that it is paid.

use std::time::Duration;

use serde_json::json;
use sokhoe_app::{AppError, InvoiceView, PaymentStatus, SoKhoe};

use super::report::Told;
use super::stage::{OpenClinic, Phone};
use crate::failure::Failure;
use crate::phone::invoices::payment_lines;
use crate::phone::json;
use crate::stopwatch::Stopwatch;
use crate::text::{Column, Numbers, table};
use crate::words::Words;

/// How long the phone asks the clinic to keep an answer back.
const WAIT: Duration = Duration::from_secs(20);
/// How long the phone listens before the bank's message comes, so that it comes to a waiting phone.
const BEFORE_THE_MONEY: Duration = Duration::from_millis(100);

/// Takes in what the cashier made out.
pub(super) async fn fetch_invoice(
    phone: &Phone,
    words: &Words,
) -> Result<(InvoiceView, Told), Failure> {
    phone.app.sync(&phone.person.id).await?;
    let invoices = phone.app.invoices(&phone.person.id)?;
    // The oldest of those to be paid: that of the first visit.
    let due = invoices
        .iter()
        .rev()
        .find(|invoice| invoice.status == PaymentStatus::Due);
    let due = due
        .cloned()
        .ok_or_else(|| Failure::said("demo-no-invoice"))?;
    let rows: Vec<Vec<String>> = invoices
        .iter()
        .map(|invoice| {
            let invoice = invoice.clone();
            vec![
                invoice.reference,
                invoice.amount_text,
                invoice.status_text,
                invoice.issued_text,
            ]
        })
        .collect();
    let mut lines = vec![words.say("demo-invoices")];
    lines.extend(table(&[Column::Left, Column::Right], &rows));
    let told = Told {
        data: json!({"invoices": json::list(&invoices, json::invoice)}),
        lines,
        drawing: Vec::new(),
    };
    Ok((due, told))
}

/// Draws the VietQR from the clinic's signed order.
#[expect(clippy::unused_async, reason = "a step like the others")]
pub(super) async fn draw_code(
    phone: &Phone,
    invoice: &InvoiceView,
    words: &Words,
    colours: bool,
) -> Result<((), Told), Failure> {
    let code = phone.app.payment_qr(&phone.person.id, &invoice.id)?;
    let told = Told {
        data: json::payment_qr(&code),
        lines: vec![words.say("demo-code")],
        drawing: payment_lines(&code, words, colours)?,
    };
    Ok(((), told))
}

/// The money arrives at the clinic while the phone waits for news; the screen turns by itself.
pub(super) async fn be_told(
    phone: &Phone,
    open: &OpenClinic,
    invoice: &InvoiceView,
    words: &Words,
) -> Result<((), Told), Failure> {
    let listening = Listening::start(phone);
    tokio::time::sleep(BEFORE_THE_MONEY).await;
    let watch = Stopwatch::start();
    // What banks make of what the payer's app wrote.
    let text = format!("MBVCB.7411.{} KHAM BENH.CT TU 0011", invoice.reference);
    open.bank
        .tells(&*phone.outside, &open.url, invoice.amount, &text)
        .await?;
    let paid = |shown: &InvoiceView| shown.id == invoice.id && shown.status == PaymentStatus::Paid;
    let book = phone.shows(|book| book.invoices.iter().any(paid)).await?;
    let span = watch.read();
    drop(listening);
    let shown = book
        .invoices
        .iter()
        .find(|shown| paid(shown))
        .ok_or_else(|| Failure::said("demo-not-shown"))?;
    let values = [
        ("amount", shown.amount_text.clone()),
        ("reference", shown.reference.clone()),
    ];
    let told = Told {
        data: json!({
            "invoice": json::invoice(shown),
            "told_after_millis": u64::try_from(span.as_millis()).unwrap_or(u64::MAX),
        }),
        lines: vec![
            words.say_with("demo-money", &values),
            words.say_with("demo-told", &[("span", Numbers::of(words).span(span))]),
            format!("→ {}", shown.status_text),
        ],
        drawing: Vec::new(),
    };
    Ok(((), told))
}

/// An app with a screen open: it waits for changes, and waits again.
struct Listening(tokio::task::JoinHandle<()>);

impl Listening {
    fn start(phone: &Phone) -> Self {
        Self(tokio::spawn(listen(
            phone.app.clone(),
            phone.person.id.clone(),
        )))
    }
}

async fn listen(app: SoKhoe, person_id: String) {
    loop {
        match app.wait_for_changes(&person_id, WAIT).await {
            Ok(_) => {}
            Err(error @ (AppError::Offline | AppError::Busy { .. })) => {
                tracing::warn!(code = error.code(), "the clinic does not answer");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(error) => {
                tracing::error!(code = error.code(), "the phone stopped listening");
                return;
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}
