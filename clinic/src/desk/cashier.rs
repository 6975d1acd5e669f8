//! The cashier's pages: an invoice and how it can be paid, money that waits for a person, the end of a shift.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use maud::{Markup, PreEscaped, html};
use serde::{Deserialize, Serialize};
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, StaffRole, Vnd};
use sokhoe_fhir::InvoiceView;
use sokhoe_qr::{Matrix, VietQr, draw::For};

use super::api::private;
use super::form::Fields;
use super::guard::AtDesk;
use super::layout::{Page, answer, notice, page, see};
use super::words::Words;
use super::{Desk, Failed};
use crate::access_log::Draft;
use crate::billing::{
    self, Closing, Drawer, Means, NotSettled, NotTaken, OpenPayment, PaymentOutcome, Settlement,
    Taken,
};
use crate::config::Payee;
use crate::store::{Isolation, Sql, StoreError, params, read_async};

const PATH: &str = "/desk/cashier";
/// Payments that are listed: the oldest first.
const LISTED: u32 = 100;
/// Closings that are listed.
const CLOSINGS: u32 = 10;
/// Letters of a note beside a closing.
const LONGEST_NOTE: usize = 200;

/// What somebody took, as a page's script says it.
#[derive(Deserialize)]
pub(super) struct Payment {
    reference: String,
    amount: i64,
    means: Option<String>,
    slip: Option<String>,
}

#[derive(Serialize)]
struct Done {
    outcome: &'static str,
}

/// The cashier has the money: in cash, unless something else is said.
pub(super) async fn confirm_payment(
    State(desk): State<Desk>,
    here: AtDesk,
    Json(payment): Json<Payment>,
) -> Result<Response, Failed> {
    let unprocessable = Failed(StatusCode::UNPROCESSABLE_ENTITY);
    let means = payment
        .means
        .as_deref()
        .map_or(Some(Means::Cash), Means::of_code);
    let Some(means) = means.filter(|means| Means::AT_COUNTER.contains(means)) else {
        return Err(unprocessable);
    };
    let taken = Taken {
        reference: payment.reference,
        amount: Vnd::new(payment.amount),
        means,
        slip: payment.slip,
    };
    let outcome = take(&desk, &here, taken)
        .await?
        .map_err(|_| unprocessable)?;
    Ok(private(Json(Done {
        outcome: code(&outcome),
    })))
}

const fn code(outcome: &PaymentOutcome) -> &'static str {
    match outcome {
        PaymentOutcome::Applied { .. } => "applied",
        PaymentOutcome::AlreadyCounted => "already-counted",
        PaymentOutcome::Conflict => "conflict",
        PaymentOutcome::ToSettle(_) => "to-settle",
    }
}

async fn take(
    desk: &Desk,
    here: &AtDesk,
    taken: Taken,
) -> Result<Result<PaymentOutcome, NotTaken>, StoreError> {
    let (inner, who) = (Arc::clone(&desk.inner), here.who());
    let take = move |tx: &mut crate::store::Tx<'_>| {
        tx.by(who);
        billing::take(tx, &inner, &taken)
    };
    let store = &desk.inner.store;
    store.write_async(Isolation::Serializable, take).await
}

/// What the cashier has before them.
struct Floor {
    open: Vec<OpenPayment>,
    drawer: Drawer,
    closings: Vec<Closing>,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    reference: Option<String>,
}

/// The page; with a reference, that invoice's.
pub(super) async fn floor(
    State(desk): State<Desk>,
    here: AtDesk,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failed> {
    if let Some(reference) = wanted.reference {
        let reference: String = reference
            .trim()
            .to_ascii_uppercase()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        if !reference.is_empty() {
            return Ok(see(&format!("/desk/invoices/{reference}"), &[]));
        }
    }
    show(&desk, &here, None).await
}

async fn show(desk: &Desk, here: &AtDesk, wrong: Option<&str>) -> Result<Response, Failed> {
    let staff = here.staff();
    let floor = read_async(&desk.inner.store, move |sql| {
        Ok(Floor {
            open: billing::to_settle(sql, LISTED)?,
            drawer: billing::drawer(sql, staff)?,
            closings: billing::closings(sql, CLOSINGS)?,
        })
    })
    .await?;
    let words = here.words;
    let said = wrong.map(|key| words.say(key));
    let body = html! {
        main {
            section aria-labelledby="settle-title" {
                h2 id="settle-title" { (words.say("settle-title")) }
                p.hint { (words.say("settle-hint")) }
                (notice(said.as_deref(), false))
                @if floor.open.is_empty() { p.empty { (words.say("settle-none")) } }
                table { tbody { @for payment in &floor.open { (open_row(words, payment)) } } }
            }
            aside aria-labelledby="take-title" {
                h2 id="take-title" { (words.say("take-title")) }
                form method="get" action=(PATH) {
                    label for="reference" { (words.say("reference")) }
                    input id="reference" name="reference" autocomplete="off" autocapitalize="characters" spellcheck="false" autofocus required placeholder="SK…";
                    p { button { (words.say("invoice-open")) } }
                }
                (shift(words, &floor))
            }
        }
    };
    let status = match wrong {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page_of = Page {
        path: PATH,
        title: words.say("nav-cashier"),
        scripts: &["/desk/live.js"],
        body,
    };
    Ok(answer(status, page(desk, here, page_of)))
}

/// Why a payment waits; of a reason that a later program knows, its code.
fn why(words: Words, payment: &OpenPayment) -> String {
    let key = format!("why-{}", payment.reason);
    let said = words.say(&key);
    match said == key {
        true => payment.reason.clone(),
        false => said,
    }
}

fn open_row(words: Words, payment: &OpenPayment) -> Markup {
    let id = |of: &str| format!("{of}-{}", payment.id);
    html! {
        tr {
            td.time { (words.time(payment.at)) }
            td {
                strong.name { (payment.open) }
                span.tag.due { (why(words, payment)) }
                @if let Some(text) = &payment.text { span.service { (text) } }
                span.service { (payment.id) @if let Some(number) = &payment.bank_reference { " · " (number) } }
            }
            td.action {
                form.settle method="post" action="/desk/payments/settle" {
                    input type="hidden" name="payment" value=(payment.id);
                    label for=(id("to")) { (words.say("settle-reference")) }
                    input id=(id("to")) name="reference" autocomplete="off" value=[payment.reference.as_deref()];
                    button name="do" value="apply" { (words.say("settle-apply")) }
                }
                details {
                    summary { (words.say("settle-other")) }
                    form.settle method="post" action="/desk/payments/settle" {
                        input type="hidden" name="payment" value=(payment.id);
                        label for=(id("receipt")) { (words.say("settle-receipt")) }
                        input id=(id("receipt")) name="receipt" autocomplete="off" maxlength="100";
                        button.plain name="do" value="refund-cash" { (words.say("settle-refund-cash")) }
                        button.plain name="do" value="refund-transfer" { (words.say("settle-refund-transfer")) }
                        button.danger name="do" value="dismiss" { (words.say("settle-dismiss")) }
                    }
                }
            }
        }
    }
}

fn shift(words: Words, floor: &Floor) -> Markup {
    let Drawer {
        cash,
        refunded,
        pos,
        mobile_money,
        ..
    } = floor.drawer;
    let dong = |amount: i64| Vnd::new(amount).to_string();
    html! {
        h2 { (words.say("shift-title")) }
        dl {
            dt { (words.say("means-cash")) } dd { (dong(cash)) }
            @if refunded > 0 { dt { (words.say("shift-refunded")) } dd { "−" (dong(refunded)) } }
            dt { (words.say("means-pos")) } dd { (dong(pos)) }
            dt { (words.say("means-mobile-money")) } dd { (dong(mobile_money)) }
            dt { (words.say("shift-expected")) } dd { strong { (dong(floor.drawer.expected())) } }
        }
        form method="post" action="/desk/closings" {
            label for="counted" { (words.say("shift-counted")) }
            input id="counted" name="counted" inputmode="numeric" autocomplete="off" required;
            label for="note" { (words.say("shift-note")) }
            input id="note" name="note" autocomplete="off" maxlength=(LONGEST_NOTE);
            p { button.plain { (words.say("shift-close")) } }
        }
        @if !floor.closings.is_empty() {
            h3 { (words.say("closings")) }
            ul.people { @for closing in &floor.closings { (closing_row(words, closing)) } }
        }
    }
}

fn closing_row(words: Words, closing: &Closing) -> Markup {
    let off = closing.counted - closing.drawer.expected();
    html! {
        li {
            a href=(format!("/desk/closings/{}", closing.id)) { (words.time(closing.at)) }
            @if let Some(name) = &closing.name { span { (name) } }
            @if off == 0 { span.tag { (words.say("closing-right")) } }
            @else { span.tag.due { (Vnd::new(off)) } }
        }
    }
}

/// Settles a payment that waits.
pub(super) async fn settle(
    State(desk): State<Desk>,
    here: AtDesk,
    fields: Fields,
) -> Result<Response, Failed> {
    let text = |name: &str| fields.one(name).trim().to_owned();
    let refund = |means| Settlement::Refund {
        receipt: text("receipt"),
        means,
    };
    let settlement = match fields.one("do") {
        "apply" => Settlement::Apply {
            reference: text("reference").to_ascii_uppercase(),
        },
        "refund-cash" => refund(Means::Cash),
        "refund-transfer" => refund(Means::Transfer),
        "dismiss" => Settlement::Dismiss,
        _ => return Err(Failed(StatusCode::UNPROCESSABLE_ENTITY)),
    };
    let (inner, who, payment) = (Arc::clone(&desk.inner), here.who(), text("payment"));
    let settled = desk
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            tx.by(who);
            billing::settle(tx, &inner, &payment, &settlement)
        })
        .await?;
    match settled {
        Ok(_) => Ok(see(PATH, &[])),
        Err(error) => show(&desk, &here, Some(not_settled(error))).await,
    }
}

const fn not_settled(error: NotSettled) -> &'static str {
    match error {
        NotSettled::NoSuchPayment => "not-settled-payment",
        NotSettled::NoSuchInvoice => "not-settled-invoice",
        NotSettled::NothingDue => "not-settled-due",
        NotSettled::NoReceipt => "not-settled-receipt",
        NotSettled::NotOurs => "not-settled-account",
    }
}

/// An invoice, and what of it is due.
struct Billed {
    view: InvoiceView,
    due: Vnd,
}

fn read(sql: Sql<'_>, reference: &str) -> Result<Option<Billed>, StoreError> {
    let found: Option<(String, i64)> = sql.first(
        "SELECT r.json, i.amount - CAST((SELECT COALESCE(SUM(e.amount), 0) FROM payment_entry e
                                         WHERE e.invoice = i.reference) AS BIGINT)
         FROM invoice i JOIN resource r ON r.type = 'Invoice' AND r.id = i.id
         WHERE i.reference = ?1 AND r.json IS NOT NULL",
        params![reference],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found.and_then(|(json, due)| {
        Some(Billed {
            view: InvoiceView::from_json(&json).ok()?,
            due: Vnd::new(due),
        })
    }))
}

/// An invoice's page: what for, what is due, a code for bank apps, and what the cashier takes.
pub(super) async fn invoice(
    State(desk): State<Desk>,
    here: AtDesk,
    Path(reference): Path<String>,
) -> Result<Response, Failed> {
    show_invoice(&desk, &here, reference, None).await
}

async fn show_invoice(
    desk: &Desk,
    here: &AtDesk,
    reference: String,
    said: Option<(&str, bool)>,
) -> Result<Response, Failed> {
    let asked = reference.clone();
    let billed = read_async(&desk.inner.store, move |sql| read(sql, &asked)).await?;
    let Some(billed) = billed else {
        return show(desk, here, Some("not-settled-invoice")).await;
    };
    let patient = billed
        .view
        .patient
        .as_ref()
        .map(|patient| patient.id.clone());
    if let Some(patient) = patient {
        let draft = Draft {
            patient,
            at: desk.inner.clock.now(),
            operation: AccessOperation::Read,
            action: AccessAction::Read,
            kind: "Invoice".to_owned(),
            id: Some(billed.view.id.clone()),
            outcome: AccessOutcome::Done,
            who: here.who(),
        };
        desk.inner.gathering.note(vec![draft]).await?;
    }
    let words = here.words;
    let is_due = billed.view.status == "issued" && billed.due > Vnd::default();
    let code = is_due
        .then(|| transfer_code(&desk.inner.payee, &reference, billed.due))
        .flatten();
    let text = said.map(|(key, _)| words.say(key));
    let body = html! {
        main {
            section aria-labelledby="invoice-title" {
                h2 id="invoice-title" { (words.say("invoice")) " " (reference) }
                (notice(text.as_deref(), said.is_some_and(|(_, is_good)| is_good)))
                @if let Some(patient) = &billed.view.patient { p { strong { (patient.name) } } }
                table { tbody {
                    @for line in &billed.view.lines {
                        tr { td { (line.name) } td.money { @if let Some(amount) = line.amount { (amount) } } }
                    }
                    tr.sum { td { (words.say("invoice-total")) } td.money { (billed.view.total) } }
                    @if billed.due != billed.view.total {
                        tr.sum { td { (words.say("invoice-due")) } td.money { (billed.due) } }
                    }
                } }
                @if is_due { (taking(words, &reference, billed.due)) }
                @else { p { span.tag { (status(words, &billed.view.status)) } } }
                p { a href=(PATH) { (words.say("back")) } }
            }
            @if let Some(code) = code {
                aside.code aria-labelledby="code-title" {
                    h2 id="code-title" { (words.say("invoice-code")) }
                    div.drawn role="img" aria-label=(words.say("invoice-code-image")) { (PreEscaped(code)) }
                    p.hint { (words.say_with("invoice-code-hint", &[("reference", reference.clone()), ("amount", billed.due.to_string())])) }
                }
            }
        }
    };
    let status = match said {
        Some((_, false)) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let page_of = Page {
        path: &format!("/desk/invoices/{reference}"),
        title: words.say("invoice"),
        scripts: &["/desk/live.js"],
        body,
    };
    Ok(answer(status, page(desk, here, page_of)))
}

fn status(words: Words, status: &str) -> String {
    match status {
        "balanced" => words.say("invoice-paid"),
        "cancelled" => words.say("invoice-cancelled"),
        _ => status.to_owned(),
    }
}

fn taking(words: Words, reference: &str, due: Vnd) -> Markup {
    html! {
        form.take method="post" action=(format!("/desk/invoices/{reference}/payment")) {
            input type="hidden" name="amount" value=(due.dong());
            fieldset.reasons {
                legend { (words.say("means")) }
                label { input type="radio" name="means" value="cash" required checked; " " (words.say("means-cash")) }
                label { input type="radio" name="means" value="pos"; " " (words.say("means-pos")) }
                label { input type="radio" name="means" value="mobile-money"; " " (words.say("means-mobile-money")) }
            }
            label for="slip" { (words.say("slip")) }
            input id="slip" name="slip" autocomplete="off" maxlength="40";
            p { button { (words.say_with("take", &[("amount", due.to_string())])) } }
        }
    }
}

/// The code that bank apps read, as a picture: the clinic's account, the amount, the reference first in the text.
fn transfer_code(payee: &Payee, reference: &str, due: Vnd) -> Option<String> {
    let code = VietQr::transfer(&payee.bin, &payee.account)
        .amount(due)
        .reference(reference)
        .build();
    let code = code
        .map_err(|error| tracing::error!(%error, "no payment code: check the payee"))
        .ok()?;
    Some(
        Matrix::encode_for(code.as_str(), For::Screen)
            .ok()?
            .to_svg(),
    )
}

/// Takes what is due.
pub(super) async fn pay(
    State(desk): State<Desk>,
    here: AtDesk,
    Path(reference): Path<String>,
    fields: Fields,
) -> Result<Response, Failed> {
    let means = Means::of_code(fields.one("means"));
    let amount = fields.one("amount").parse().ok();
    let (Some(means), Some(amount)) = (means.filter(|it| Means::AT_COUNTER.contains(it)), amount)
    else {
        return Err(Failed(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let taken = Taken {
        reference: reference.clone(),
        amount: Vnd::new(amount),
        means,
        slip: Some(fields.one("slip").to_owned()),
    };
    let said = match take(&desk, &here, taken).await? {
        Ok(PaymentOutcome::Applied { .. } | PaymentOutcome::AlreadyCounted) => ("taken", true),
        Ok(PaymentOutcome::Conflict | PaymentOutcome::ToSettle(_)) => ("taken-to-settle", false),
        Err(NotTaken::NotDue) => ("not-taken-due", false),
        Err(NotTaken::NoSlip) => ("not-taken-slip", false),
        Err(NotTaken::SlipUsed) => ("not-taken-slip-used", false),
    };
    show_invoice(&desk, &here, reference, Some(said)).await
}

/// Closes the shift.
pub(super) async fn close(
    State(desk): State<Desk>,
    here: AtDesk,
    fields: Fields,
) -> Result<Response, Failed> {
    let digits: String = fields
        .one("counted")
        .chars()
        .filter(|c| !matches!(c, '.' | ',' | ' ' | 'đ' | '\u{a0}'))
        .collect();
    let counted = digits.parse::<i64>().ok().filter(|counted| *counted >= 0);
    let Some(counted) = counted.map(Vnd::new) else {
        return show(&desk, &here, Some("shift-not-counted")).await;
    };
    let note: String = fields
        .one("note")
        .trim()
        .chars()
        .take(LONGEST_NOTE)
        .collect();
    let (inner, who) = (Arc::clone(&desk.inner), here.who());
    let id = desk
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            tx.by(who);
            let note = Some(&*note).filter(|note| !note.is_empty());
            billing::close(tx, &inner, counted, note)
        })
        .await?;
    Ok(see(&format!("/desk/closings/{id}"), &[]))
}

/// A closing as it is printed and signed.
pub(super) async fn closing(
    State(desk): State<Desk>,
    here: AtDesk,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let closings = read_async(&desk.inner.store, |sql| billing::closings(sql, 1_000)).await?;
    let Some(closing) = closings.into_iter().find(|closing| closing.id == id) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let words = here.words;
    let page_of = Page {
        path: PATH,
        title: words.say("closing"),
        scripts: &[],
        body: printed(words, &closing),
    };
    Ok(answer(StatusCode::OK, page(&desk, &here, page_of)))
}

fn printed(words: Words, closing: &Closing) -> Markup {
    let dong = |amount: i64| Vnd::new(amount).to_string();
    let drawer = &closing.drawer;
    let off = closing.counted - drawer.expected();
    html! {
        main.narrow {
            h2 { (words.say("closing")) }
            dl {
                dt { (words.say("closing-at")) } dd { (words.time(closing.at)) }
                @if let Some(name) = &closing.name { dt { (words.role(StaffRole::Cashier)) } dd { (name) } }
                dt { (words.say("closing-payments")) } dd { (drawer.payments) }
                dt { (words.say("means-cash")) } dd { (dong(drawer.cash)) }
                dt { (words.say("shift-refunded")) } dd { (dong(drawer.refunded)) }
                dt { (words.say("shift-expected")) } dd { (dong(drawer.expected())) }
                dt { (words.say("shift-counted")) } dd { (dong(closing.counted)) }
                dt { (words.say("closing-off")) } dd { strong { (dong(off)) } }
                dt { (words.say("means-pos")) } dd { (dong(drawer.pos)) }
                dt { (words.say("means-mobile-money")) } dd { (dong(drawer.mobile_money)) }
                @if let Some(note) = &closing.note { dt { (words.say("shift-note")) } dd { (note) } }
            }
            p { a href=(PATH) { (words.say("back")) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::Language;
    use super::*;
    use crate::billing::ToSettle;

    #[test]
    fn every_reason_has_words_in_both_languages() {
        let of_settling = [
            NotSettled::NoSuchPayment,
            NotSettled::NoSuchInvoice,
            NotSettled::NothingDue,
            NotSettled::NoReceipt,
            NotSettled::NotOurs,
        ]
        .map(|error| not_settled(error).to_owned());
        let of_waiting = [
            ToSettle::UnknownReference,
            ToSettle::SeveralReferences,
            ToSettle::Underpaid,
            ToSettle::Overpaid,
            ToSettle::AlreadyPaid,
            ToSettle::Cancelled,
            ToSettle::OtherAccount,
            ToSettle::SameTransfer,
            ToSettle::Conflict,
        ]
        .map(|why| format!("why-{}", why.code()));
        let of_taking = [
            "taken",
            "taken-to-settle",
            "not-taken-due",
            "not-taken-slip",
            "not-taken-slip-used",
            "shift-not-counted",
        ];
        let of_taking = of_taking.map(str::to_owned);
        for language in [Language::Vi, Language::En] {
            let words = Words::new(language);
            for key in of_settling.iter().chain(&of_waiting).chain(&of_taking) {
                assert_ne!(words.say(key), *key);
            }
        }
    }

    #[test]
    fn a_code_carries_the_account_the_amount_and_the_reference() {
        let drawn = transfer_code(&Payee::default(), "SK8F3K2Q", Vnd::new(105_000)).unwrap();
        assert!(drawn.starts_with("<svg"));
        let bad = Payee {
            bin: "x".to_owned(),
            ..Payee::default()
        };
        assert_eq!(transfer_code(&bad, "SK8F3K2Q", Vnd::new(105_000)), None);
    }
}
