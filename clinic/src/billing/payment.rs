//! Payments: each is counted once, and every đồng of it is applied, given back, not the clinic's, or waits for a person.

use serde_json::json;
use sokhoe_domain::{Timestamp, Vnd};

use super::entries::{Entry, Kind, add, open_of, paid_of};
use super::invoice::set_state;
use super::references::{Meant, meant};
use crate::bank_messages::{Transfer, plain};
use crate::clinic::Inner;
use crate::ids::random_id;
use crate::keys::sha256;
use crate::store::{DeskNews, StoreError, Tx, params, resources};

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentOutcome {
    /// The invoice is paid.
    Applied {
        /// The Invoice's id.
        invoice: String,
    },
    /// This payment was counted before; nothing changed.
    AlreadyCounted,
    /// Another payment of this number was counted before: it is for another reference or amount. A person must look at
    /// both.
    Conflict,
    /// The money is kept for a person to settle.
    ToSettle(ToSettle),
}

/// Why a payment waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToSettle {
    /// No invoice has this reference, or there is none in the transfer's text.
    UnknownReference,
    /// The transfer's text has the references of several invoices.
    SeveralReferences,
    /// Less than the invoice.
    Underpaid,
    /// More than the invoice.
    Overpaid,
    /// The invoice is paid already.
    AlreadyPaid,
    /// The invoice was called off.
    Cancelled,
    /// It arrived in an account that is not the clinic's.
    OtherAccount,
    /// The same provider told of the same transfer under another number.
    SameTransfer,
    /// The same number was told before with something else.
    Conflict,
}

impl ToSettle {
    /// Its name, in databases and on the command line. Never another one.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownReference => "unknown-reference",
            Self::SeveralReferences => "several-references",
            Self::Underpaid => "underpaid",
            Self::Overpaid => "overpaid",
            Self::AlreadyPaid => "already-paid",
            Self::Cancelled => "cancelled",
            Self::OtherAccount => "other-account",
            Self::SameTransfer => "same-transfer",
            Self::Conflict => "conflict",
        }
    }
}

pub(super) struct Invoice {
    pub id: String,
    pub reference: String,
    pub patient: String,
    pub amount: Vnd,
    pub state: String,
}

/// A payment as it is counted.
struct Arriving<'a> {
    provider_id: &'a str,
    amount: Vnd,
    account: Option<String>,
    bank_reference: Option<&'a str>,
    text: Option<&'a str>,
}

/// Counts a payment that somebody says arrived for this reference.
pub(crate) fn record_payment(
    tx: &mut Tx<'_>,
    inner: &Inner,
    reference: &str,
    amount: Vnd,
    provider_id: &str,
) -> Result<PaymentOutcome, StoreError> {
    if let Some((of, over, _)) = counted(tx, provider_id)? {
        return Ok(if of == reference && over == amount {
            PaymentOutcome::AlreadyCounted
        } else {
            PaymentOutcome::Conflict
        });
    }
    let arriving = Arriving {
        provider_id,
        amount,
        account: None,
        bank_reference: None,
        text: None,
    };
    let invoice = find(tx, reference)?;
    let problem = match &invoice {
        None => Some(ToSettle::UnknownReference),
        Some(invoice) => unlike(tx, invoice, amount)?,
    };
    count(tx, inner, &arriving, reference, invoice, problem)
}

/// Counts a transfer that a bank's message tells of.
pub(crate) fn receive(
    tx: &mut Tx<'_>,
    inner: &Inner,
    transfer: &Transfer,
) -> Result<PaymentOutcome, StoreError> {
    let mut provider_id = transfer.payment();
    let mut problem = None;
    if let Some((_, amount, text)) = counted(tx, &provider_id)? {
        if amount == transfer.amount && text.as_deref() == Some(&transfer.text) {
            return Ok(PaymentOutcome::AlreadyCounted);
        }
        // Under a number of its own, the same for the same words: what is told again counts once, too.
        let told = format!("{}\0{}", transfer.amount.dong(), transfer.text);
        let digest = crate::clinic::hex(&sha256(told.as_bytes())[..8]);
        provider_id = format!("{provider_id}#{digest}");
        if counted(tx, &provider_id)?.is_some() {
            return Ok(PaymentOutcome::AlreadyCounted);
        }
        problem = Some(ToSettle::Conflict);
    }
    let account = transfer.account();
    if problem.is_none()
        && let Some(reference) = &transfer.bank_reference
    {
        match told_before(tx, reference, &account, transfer)? {
            Some(ToldBy::Another) => return Ok(PaymentOutcome::AlreadyCounted),
            Some(ToldBy::TheSame) => problem = Some(ToSettle::SameTransfer),
            None => {}
        }
    }
    if problem.is_none() && !is_ours(inner, transfer) {
        problem = Some(ToSettle::OtherAccount);
    }
    let (reference, invoice) = match meant(tx, &transfer.text)? {
        Meant::One(reference) => {
            let invoice = find(tx, &reference)?;
            (reference, invoice)
        }
        Meant::None => {
            problem = problem.or(Some(ToSettle::UnknownReference));
            (String::new(), None)
        }
        Meant::Several => {
            problem = problem.or(Some(ToSettle::SeveralReferences));
            (String::new(), None)
        }
    };
    if let (None, Some(invoice)) = (problem, &invoice) {
        problem = unlike(tx, invoice, transfer.amount)?;
    }
    let arriving = Arriving {
        provider_id: &provider_id,
        amount: transfer.amount,
        account: Some(account),
        bank_reference: transfer.bank_reference.as_deref(),
        text: Some(&transfer.text),
    };
    count(tx, inner, &arriving, &reference, invoice, problem)
}

fn is_ours(inner: &Inner, transfer: &Transfer) -> bool {
    let more = inner.bank_messages.as_ref().map(|known| &known.accounts);
    let ours = || {
        let more = more.into_iter().flatten();
        std::iter::once(&inner.payee.account).chain(more)
    };
    let is_one = |account: &String| ours().any(|known| plain(known) == *account);
    transfer.accounts.iter().any(is_one)
}

/// Who told of the same transfer before, under another number.
enum ToldBy {
    TheSame,
    Another,
}

fn told_before(
    tx: &Tx<'_>,
    bank_reference: &str,
    account: &str,
    transfer: &Transfer,
) -> Result<Option<ToldBy>, StoreError> {
    let told: Vec<String> = tx.sql().rows(
        "SELECT provider_id FROM payment WHERE bank_reference = ?1 AND account = ?2 AND amount = ?3",
        params![bank_reference, account, transfer.amount.dong()],
        |row| row.get(0),
    )?;
    let by = format!("{}:", transfer.provider);
    Ok(if told.is_empty() {
        None
    } else if told.iter().any(|payment| payment.starts_with(&by)) {
        Some(ToldBy::TheSame)
    } else {
        Some(ToldBy::Another)
    })
}

/// What keeps an amount from paying an invoice just so.
fn unlike(tx: &Tx<'_>, invoice: &Invoice, amount: Vnd) -> Result<Option<ToSettle>, StoreError> {
    Ok(match &*invoice.state {
        "balanced" => Some(ToSettle::AlreadyPaid),
        "cancelled" => Some(ToSettle::Cancelled),
        _ => {
            let due = due(tx, invoice)?;
            (amount != due).then_some(if amount < due {
                ToSettle::Underpaid
            } else {
                ToSettle::Overpaid
            })
        }
    })
}

/// What is still to be paid of an invoice.
fn due(tx: &Tx<'_>, invoice: &Invoice) -> Result<Vnd, StoreError> {
    let paid = paid_of(tx.sql(), &invoice.reference)?;
    Ok(invoice.amount.checked_sub(paid).unwrap_or_default())
}

fn counted(
    tx: &Tx<'_>,
    provider_id: &str,
) -> Result<Option<(String, Vnd, Option<String>)>, StoreError> {
    tx.sql().first(
        "SELECT reference, amount, transfer_text FROM payment WHERE provider_id = ?1",
        params![provider_id],
        |row| Ok((row.get(0)?, Vnd::new(row.get(1)?), row.get(2)?)),
    )
}

fn count(
    tx: &mut Tx<'_>,
    inner: &Inner,
    arriving: &Arriving<'_>,
    reference: &str,
    invoice: Option<Invoice>,
    problem: Option<ToSettle>,
) -> Result<PaymentOutcome, StoreError> {
    let problem = problem.or(match invoice {
        None => Some(ToSettle::UnknownReference),
        Some(_) => None,
    });
    tx.sql().execute(
        "INSERT INTO payment (provider_id, reference, amount, state, reason, at, account, bank_reference, transfer_text)
         VALUES (?1, ?2, ?3, 'to_settle', ?4, ?5, ?6, ?7, ?8)",
        params![
            arriving.provider_id,
            reference,
            arriving.amount.dong(),
            problem.map(ToSettle::code),
            tx.now().as_millis(),
            arriving.account,
            arriving.bank_reference,
            arriving.text
        ],
    )?;
    match (problem, invoice) {
        (None, Some(invoice)) => {
            pay(tx, inner, arriving.provider_id, &invoice, arriving.amount)?;
            Ok(PaymentOutcome::Applied {
                invoice: invoice.id,
            })
        }
        (problem, _) => {
            tx.tell_desk(DeskNews::Payments);
            Ok(PaymentOutcome::ToSettle(
                problem.unwrap_or(ToSettle::UnknownReference),
            ))
        }
    }
}

/// Pays an invoice with so much of a payment. It is balanced when nothing is due any more.
pub(super) fn pay(
    tx: &mut Tx<'_>,
    inner: &Inner,
    payment: &str,
    invoice: &Invoice,
    amount: Vnd,
) -> Result<(), StoreError> {
    let entry = Entry {
        kind: Kind::Applied {
            invoice: &invoice.reference,
        },
        amount,
        receipt: None,
    };
    add(tx, payment, &entry)?;
    if due(tx, invoice)? == Vnd::default() {
        set_state(tx, &invoice.id, &invoice.patient, "balanced")?;
    }
    tx.tell_desk(DeskNews::Payments);
    let id = random_id(&*inner.rng);
    let bank_reference: Option<Option<String>> = tx.sql().first(
        "SELECT bank_reference FROM payment WHERE provider_id = ?1",
        params![payment],
        |row| row.get(0),
    )?;
    let bank_reference = bank_reference.flatten();
    let notice = notice(
        &id,
        invoice,
        amount,
        bank_reference.as_deref(),
        inner,
        tx.now(),
    );
    resources::put(tx, "PaymentNotice", &id, Some(&invoice.patient), &notice)?;
    Ok(())
}

/// What of a payment pays what is due of an invoice, at most.
pub(super) fn payable(tx: &Tx<'_>, payment: &str, invoice: &Invoice) -> Result<Vnd, StoreError> {
    Ok(open_of(tx.sql(), payment)?.min(due(tx, invoice)?))
}

/// Whether this amount is due of the invoice of this reference, or the payment of this number was counted.
pub(super) fn is_due(
    tx: &Tx<'_>,
    reference: &str,
    amount: Vnd,
    provider_id: &str,
) -> Result<bool, StoreError> {
    if let Some((of, over, _)) = counted(tx, provider_id)? {
        return Ok(of == reference && over == amount);
    }
    match find(tx, reference)? {
        Some(invoice) => Ok(due(tx, &invoice)? == amount),
        None => Ok(false),
    }
}

pub(super) fn find(tx: &Tx<'_>, reference: &str) -> Result<Option<Invoice>, StoreError> {
    tx.sql().first(
        "SELECT id, reference, patient, amount, state FROM invoice WHERE reference = ?1",
        params![reference],
        |row| {
            Ok(Invoice {
                id: row.get(0)?,
                reference: row.get(1)?,
                patient: row.get(2)?,
                amount: Vnd::new(row.get(3)?),
                state: row.get(4)?,
            })
        },
    )
}

/// The bank's number of a transfer.
const BANK_TRANSFER: &str = "https://sokhoe.vn/fhir/NamingSystem/bank-transfer";

/// The receipt. FHIR's PaymentNotice has no view of ours: nobody reads it but as a whole.
fn notice(
    id: &str,
    invoice: &Invoice,
    amount: Vnd,
    bank_reference: Option<&str>,
    inner: &Inner,
    now: Timestamp,
) -> String {
    let mut notice = json!({
        "resourceType": "PaymentNotice",
        "id": id,
        "meta": {"versionId": "1", "lastUpdated": now.to_fhir()},
        "status": "active",
        "request": {"reference": format!("Invoice/{}", invoice.id)},
        "created": now.to_fhir(),
        "payment": {"display": "Biên lai"},
        "paymentDate": now.vietnam_day().to_string(),
        "payee": {"display": inner.name},
        "recipient": {"display": inner.name},
        "amount": {"value": amount.dong(), "currency": "VND"},
        "paymentStatus": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/paymentstatus",
            "code": "paid",
        }]},
    });
    if let Some(number) = bank_reference {
        notice["identifier"] = json!([{"system": BANK_TRANSFER, "value": number}]);
    }
    notice.to_string()
}
