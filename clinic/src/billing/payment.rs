//! Payments: each is counted once, and is always either applied or kept to be settled.

use serde_json::json;
use sokhoe_domain::{Timestamp, Vnd};

use super::invoice::{random_id, set_state};
use crate::clinic::Inner;
use crate::store::{StoreError, Tx, params, resources};

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
    /// Another payment of this number was counted before: it is for another reference or amount. Nothing
    /// changed, and a person must look at both.
    Conflict,
    /// The money is kept for a person to settle.
    ToSettle(ToSettle),
}

/// Why a payment waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToSettle {
    /// No invoice has this reference.
    UnknownReference,
    /// The invoice is over another amount.
    OtherAmount,
    /// The invoice is paid already.
    AlreadyPaid,
    /// The invoice was called off.
    Cancelled,
}

impl ToSettle {
    const fn code(self) -> &'static str {
        match self {
            Self::UnknownReference => "unknown-reference",
            Self::OtherAmount => "other-amount",
            Self::AlreadyPaid => "already-paid",
            Self::Cancelled => "cancelled",
        }
    }
}

struct Invoice {
    id: String,
    patient: String,
    amount: Vnd,
    state: String,
}

/// Counts a payment.
pub(crate) fn record_payment(
    tx: &mut Tx<'_>,
    inner: &Inner,
    reference: &str,
    amount: Vnd,
    provider_id: &str,
) -> Result<PaymentOutcome, StoreError> {
    let counted: Option<(String, i64)> = tx.sql().first(
        "SELECT reference, amount FROM payment WHERE provider_id = ?1",
        params![provider_id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if let Some((of, over)) = counted {
        return Ok(if of == reference && over == amount.dong() {
            PaymentOutcome::AlreadyCounted
        } else {
            PaymentOutcome::Conflict
        });
    }
    let invoice = find(tx, reference)?;
    let problem = match &invoice {
        None => Some(ToSettle::UnknownReference),
        Some(invoice) if invoice.state == "balanced" => Some(ToSettle::AlreadyPaid),
        Some(invoice) if invoice.state == "cancelled" => Some(ToSettle::Cancelled),
        Some(invoice) if invoice.amount != amount => Some(ToSettle::OtherAmount),
        Some(_) => None,
    };
    let state = if problem.is_some() {
        "to_settle"
    } else {
        "applied"
    };
    tx.sql().execute(
        "INSERT INTO payment (provider_id, reference, amount, state, reason, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            provider_id,
            reference,
            amount.dong(),
            state,
            problem.map(ToSettle::code),
            tx.now().as_millis()
        ],
    )?;
    match (problem, invoice) {
        (None, Some(invoice)) => {
            set_state(tx, &invoice.id, &invoice.patient, "balanced")?;
            let id = random_id(&*inner.rng);
            let notice = notice(&id, &invoice, inner, tx.now());
            resources::put(tx, "PaymentNotice", &id, Some(&invoice.patient), &notice)?;
            Ok(PaymentOutcome::Applied {
                invoice: invoice.id,
            })
        }
        (problem, _) => Ok(PaymentOutcome::ToSettle(
            problem.unwrap_or(ToSettle::UnknownReference),
        )),
    }
}

/// Whether an invoice of this reference is over this amount.
pub(crate) fn is_amount_of(tx: &Tx<'_>, reference: &str, amount: Vnd) -> Result<bool, StoreError> {
    Ok(find(tx, reference)?.is_some_and(|invoice| invoice.amount == amount))
}

fn find(tx: &Tx<'_>, reference: &str) -> Result<Option<Invoice>, StoreError> {
    tx.sql().first(
        "SELECT id, patient, amount, state FROM invoice WHERE reference = ?1",
        params![reference],
        |row| {
            Ok(Invoice {
                id: row.get(0)?,
                patient: row.get(1)?,
                amount: Vnd::new(row.get(2)?),
                state: row.get(3)?,
            })
        },
    )
}

/// The receipt. FHIR's PaymentNotice has no view of ours: nobody reads it but as a whole.
fn notice(id: &str, invoice: &Invoice, inner: &Inner, now: Timestamp) -> String {
    json!({
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
        "amount": {"value": invoice.amount.dong(), "currency": "VND"},
        "paymentStatus": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/paymentstatus",
            "code": "paid",
        }]},
    })
    .to_string()
}
