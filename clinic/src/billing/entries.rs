//! The book of the money: what became of each payment, entry by entry. What arrived is what was applied, given back and was not
//! the clinic's, and what is open; never more.

use sokhoe_domain::Vnd;

use super::counter::Means;
use crate::store::{Sql, StoreError, Tx, params};

/// What became of a part of a payment.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    /// It pays the invoice of this reference.
    Applied { invoice: &'a str },
    /// It was given back to whoever paid.
    Refunded { means: Means },
    /// It was not the clinic's, or no money.
    Dismissed,
}

/// An entry.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub kind: Kind<'a>,
    pub amount: Vnd,
    /// The number of a receipt, or of the transfer back.
    pub receipt: Option<&'a str>,
}

/// Enters what became of a payment.
pub(super) fn add(tx: &mut Tx<'_>, payment: &str, entry: &Entry<'_>) -> Result<(), StoreError> {
    let (kind, invoice) = match entry.kind {
        Kind::Applied { invoice } => ("applied", Some(invoice)),
        Kind::Refunded { .. } => ("refunded", None),
        Kind::Dismissed => ("dismissed", None),
    };
    let means = match entry.kind {
        Kind::Refunded { means } => Some(means.code()),
        Kind::Applied { .. } | Kind::Dismissed => None,
    };
    tx.sql().execute(
        "INSERT INTO payment_entry (payment, kind, invoice, amount, receipt, at, means, staff)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            payment,
            kind,
            invoice,
            entry.amount.dong(),
            entry.receipt,
            tx.now().as_millis(),
            means,
            tx.staff()
        ],
    )?;
    let state = match open_of(tx.sql(), payment)? == Vnd::default() {
        true => "settled",
        false => "to_settle",
    };
    tx.sql().execute(
        "UPDATE payment SET state = ?2 WHERE provider_id = ?1",
        params![payment, state],
    )?;
    Ok(())
}

/// What is open of a payment.
pub(super) fn open_of(sql: Sql<'_>, payment: &str) -> Result<Vnd, StoreError> {
    let open: Option<i64> = sql.first(
        "SELECT amount - CAST((SELECT COALESCE(SUM(amount), 0) FROM payment_entry WHERE payment = ?1) AS BIGINT)
         FROM payment WHERE provider_id = ?1",
        params![payment],
        |row| row.get(0),
    )?;
    Ok(Vnd::new(open.unwrap_or_default()))
}

/// What was paid of an invoice.
pub(super) fn paid_of(sql: Sql<'_>, invoice: &str) -> Result<Vnd, StoreError> {
    sql.one(
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_entry WHERE invoice = ?1",
        params![invoice],
        |row| Ok(Vnd::new(row.get(0)?)),
    )
}

/// Takes back what pays an invoice, which is not owed any more: the money waits for a person. Of how many payments.
pub(super) fn take_back(tx: &mut Tx<'_>, invoice: &str, why: &str) -> Result<usize, StoreError> {
    let paying: Vec<(String, i64)> = tx.sql().rows(
        "SELECT payment, CAST(SUM(amount) AS BIGINT) FROM payment_entry WHERE invoice = ?1
         GROUP BY payment HAVING SUM(amount) <> 0 ORDER BY payment",
        params![invoice],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (payment, amount) in &paying {
        let entry = Entry {
            kind: Kind::Applied { invoice },
            amount: Vnd::new(-amount),
            receipt: None,
        };
        add(tx, payment, &entry)?;
        tx.sql().execute(
            "UPDATE payment SET reason = ?2 WHERE provider_id = ?1",
            params![payment, why],
        )?;
    }
    Ok(paying.len())
}
