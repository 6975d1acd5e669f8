//! What a person makes of money that did not pay an invoice by itself.

use sokhoe_domain::{Timestamp, Vnd};

use super::counter::Means;
use super::entries::{Entry, Kind, add, open_of};
use super::payment::{find, pay, payable};
use crate::clinic::Inner;
use crate::store::{DeskNews, Sql, StoreError, Tx, params};

/// What a person decides on what is open of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It pays the invoice of this reference, as far as that is due. What is left stays open.
    Apply {
        /// The invoice's reference.
        reference: String,
    },
    /// It was given back.
    Refund {
        /// The number of the receipt, or of the transfer back: 1 to 100 characters.
        receipt: String,
        /// By what means.
        means: Means,
    },
    /// It is not the clinic's money, or none: another's account, a provider's test, what was told twice.
    Dismiss,
}

/// Why nothing was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSettled {
    /// There is no such payment, or nothing of it is open.
    #[error("no payment of this number waits to be settled")]
    NoSuchPayment,
    /// No invoice has this reference.
    #[error("no invoice has this reference")]
    NoSuchInvoice,
    /// Nothing is due: it is paid, or was called off.
    #[error("nothing is due of this invoice")]
    NothingDue,
    /// What was given back needs the number of its receipt.
    #[error("what was given back needs the number of its receipt, of 1 to 100 characters")]
    NoReceipt,
    /// What reached an account of somebody else pays nothing here.
    #[error("this money did not reach an account of the clinic")]
    NotOurs,
}

/// A payment that waits.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenPayment {
    /// By which it is known: the provider and its number.
    pub id: String,
    /// When the clinic heard of it.
    pub at: Timestamp,
    /// All of it.
    pub amount: Vnd,
    /// What of it is open.
    pub open: Vnd,
    /// Why it waits, as a code.
    pub reason: String,
    /// The reference in its text, where there is one that is known.
    pub reference: Option<String>,
    /// What the payer wrote, where a bank tells it.
    pub text: Option<String>,
    /// The bank's number, where there is one.
    pub bank_reference: Option<String>,
}

/// Who paid for what is not for logs.
impl std::fmt::Debug for OpenPayment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenPayment")
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// All money that arrived, and what became of it, in đồng: `arrived` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MoneyBook {
    /// All that arrived.
    pub arrived: i64,
    /// What pays invoices.
    pub applied: i64,
    /// What was given back.
    pub refunded: i64,
    /// What was not the clinic's.
    pub dismissed: i64,
    /// What waits for a person.
    pub open: i64,
}

/// Longest number of a receipt.
const LONGEST_RECEIPT: usize = 100;

/// Settles what is open of a payment. What is left open.
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    inner: &Inner,
    payment: &str,
    settlement: &Settlement,
) -> Result<Result<Vnd, NotSettled>, StoreError> {
    let open = open_of(tx.sql(), payment)?;
    if open <= Vnd::default() {
        return Ok(Err(NotSettled::NoSuchPayment));
    }
    match settlement {
        Settlement::Apply { reference } => {
            let is_ours = !tx.sql().exists(
                "SELECT 1 FROM payment WHERE provider_id = ?1 AND reason = 'other-account'",
                params![payment],
            )?;
            if !is_ours {
                return Ok(Err(NotSettled::NotOurs));
            }
            let Some(invoice) = find(tx, reference)? else {
                return Ok(Err(NotSettled::NoSuchInvoice));
            };
            let amount = payable(tx, payment, &invoice)?;
            if invoice.state != "issued" || amount <= Vnd::default() {
                return Ok(Err(NotSettled::NothingDue));
            }
            pay(tx, inner, payment, &invoice, amount)?;
        }
        Settlement::Refund { receipt, means } => {
            let receipt = receipt.trim();
            if !(1..=LONGEST_RECEIPT).contains(&receipt.chars().count()) {
                return Ok(Err(NotSettled::NoReceipt));
            }
            let entry = Entry {
                kind: Kind::Refunded { means: *means },
                amount: open,
                receipt: Some(receipt),
            };
            add(tx, payment, &entry)?;
        }
        Settlement::Dismiss => {
            let entry = Entry {
                kind: Kind::Dismissed,
                amount: open,
                receipt: None,
            };
            add(tx, payment, &entry)?;
        }
    }
    tx.tell_desk(DeskNews::Payments);
    Ok(Ok(open_of(tx.sql(), payment)?))
}

/// The payments that wait, the oldest first.
pub(crate) fn to_settle(sql: Sql<'_>, most: u32) -> Result<Vec<OpenPayment>, StoreError> {
    sql.rows(
        &format!(
            "SELECT p.provider_id, p.at, p.amount, p.reason, p.reference, p.transfer_text, p.bank_reference,
                    p.amount - CAST((SELECT COALESCE(SUM(e.amount), 0) FROM payment_entry e
                                     WHERE e.payment = p.provider_id) AS BIGINT)
             FROM payment p WHERE p.state = 'to_settle' ORDER BY p.at, p.provider_id LIMIT {most}"
        ),
        &[],
        |row| {
            let reference: String = row.get(4)?;
            Ok(OpenPayment {
                id: row.get(0)?,
                at: Timestamp::from_millis(row.get(1)?),
                amount: Vnd::new(row.get(2)?),
                open: Vnd::new(row.get(7)?),
                reason: row.get::<Option<String>>(3)?.unwrap_or_default(),
                reference: Some(reference).filter(|reference| !reference.is_empty()),
                text: row.get(5)?,
                bank_reference: row.get(6)?,
            })
        },
    )
}

/// All money that arrived.
pub(crate) fn book(sql: Sql<'_>) -> Result<MoneyBook, StoreError> {
    let arrived: i64 = sql.one(
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment",
        &[],
        |row| row.get(0),
    )?;
    let of = |kind: &str| -> Result<i64, StoreError> {
        sql.one(
            "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_entry WHERE kind = ?1",
            params![kind],
            |row| row.get(0),
        )
    };
    let (applied, refunded, dismissed) = (of("applied")?, of("refunded")?, of("dismissed")?);
    let open: i64 = sql.one(
        "SELECT CAST(COALESCE(SUM(p.amount - (SELECT COALESCE(SUM(e.amount), 0) FROM payment_entry e
                                              WHERE e.payment = p.provider_id)), 0) AS BIGINT)
         FROM payment p WHERE p.state = 'to_settle'",
        &[],
        |row| row.get(0),
    )?;
    Ok(MoneyBook {
        arrived,
        applied,
        refunded,
        dismissed,
        open,
    })
}
