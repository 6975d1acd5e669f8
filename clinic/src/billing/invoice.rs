//! Invoices: made out, signed, called off. The resource and the row change in one transaction.

use chrono::NaiveDate;
use sokhoe_domain::Vnd;
use sokhoe_domain::ports::Rng;
use sokhoe_fhir::invoice::InvoiceLine as FhirLine;
use sokhoe_fhir::{InvoiceView, PatientView, Ref};
use sokhoe_qr::PaymentOrder;
use sokhoe_qr::signed::PaymentOrderDetails;

use super::{InvoiceLine, IssuedInvoice, entries, tariff};
use crate::clinic::Inner;
use crate::ids::random_id;
use crate::insurance::Insurance;
use crate::schedule::Service;
use crate::store::{DeskNews, Dialect, StoreError, Tx, params, resources};

/// Letters of a reference: none that two people read differently.
pub(super) const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// With what a reference begins, and how many letters follow.
pub(super) const PREFIX: &str = "SK";
pub(super) const RANDOM_LETTERS: usize = 6;
/// A free reference is found at the first try but once in a billion invoices.
const TRIES: usize = 8;

/// A booked visit.
pub(crate) struct Visit<'a> {
    /// The row.
    pub appointment: i64,
    pub service: &'a Service,
    pub day: NaiveDate,
    /// How the clinic stands to the health insurance.
    pub insurance: Option<&'a Insurance>,
}

/// Makes out the invoice of a booked visit: the price less what insurance is expected to pay.
pub(crate) fn issue_for_visit(
    tx: &mut Tx<'_>,
    inner: &Inner,
    patient: &PatientView,
    visit: &Visit<'_>,
) -> Result<IssuedInvoice, StoreError> {
    let service = visit.service;
    let insurance = tariff::insurance_pays(tx, patient, visit)?;
    let total = service
        .price
        .checked_sub(insurance)
        .unwrap_or(service.price);
    let mut lines = vec![InvoiceLine {
        name: service.name.clone(),
        amount: service.price,
    }];
    if insurance > Vnd::default() {
        lines.push(InvoiceLine {
            name: "BHYT chi trả (ước tính)".to_owned(),
            amount: Vnd::new(-insurance.dong()),
        });
    }
    issue(tx, inner, patient, Some(visit.appointment), &lines, total)
}

/// Makes out an invoice over `total`. When nothing is to be paid it is balanced at once.
pub(super) fn issue(
    tx: &mut Tx<'_>,
    inner: &Inner,
    patient: &PatientView,
    appointment: Option<i64>,
    lines: &[InvoiceLine],
    total: Vnd,
) -> Result<IssuedInvoice, StoreError> {
    let id = random_id(&*inner.rng);
    let state = if total > Vnd::default() {
        "issued"
    } else {
        "balanced"
    };
    let reference = insert(tx, inner, &id, &patient.id, appointment, total, state)?;
    let payment_order = signed_order(inner, &id, &reference, total, tx);
    let view = InvoiceView {
        id: id.clone(),
        status: state.to_owned(),
        total,
        reference: reference.clone(),
        payment_order: payment_order.clone(),
        date: Some(tx.now()),
        issuer: inner.name.clone(),
        patient: Some(Ref::new(&*patient.id, &*patient.name)),
        lines: lines
            .iter()
            .map(|line| FhirLine {
                name: line.name.clone(),
                amount: Some(line.amount),
            })
            .collect(),
    };
    resources::put(tx, "Invoice", &id, Some(&patient.id), &view.to_json())?;
    Ok(IssuedInvoice {
        id,
        reference,
        amount: total,
        payment_order,
    })
}

/// Calls off what is not paid of a visit. What is paid stays, and its money waits for the cashier, whose it is
/// to give it back.
pub(crate) fn cancel_for_visit(tx: &mut Tx<'_>, appointment: i64) -> Result<(), StoreError> {
    if tx.sql().dialect() == Dialect::Postgres {
        // A payment that arrives meanwhile is counted before this or after it.
        tx.sql().exists(
            "SELECT 1 FROM invoice WHERE appointment = ?1 FOR UPDATE",
            params![appointment],
        )?;
    }
    let references: Vec<String> = tx.sql().rows(
        "SELECT reference FROM invoice WHERE appointment = ?1",
        params![appointment],
        |row| row.get(0),
    )?;
    for reference in references {
        if entries::take_back(tx, &reference, "visit-cancelled")? > 0 {
            tx.tell_desk(DeskNews::Payments);
        }
    }
    let open: Option<(String, String)> = tx.sql().first(
        "SELECT id, patient FROM invoice WHERE appointment = ?1 AND state = 'issued'",
        params![appointment],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    open.map_or(Ok(()), |(id, patient)| {
        set_state(tx, &id, &patient, "cancelled")
    })
}

/// Changes an invoice's state, in its row and in its resource.
pub(super) fn set_state(
    tx: &mut Tx<'_>,
    id: &str,
    patient: &str,
    state: &str,
) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE invoice SET state = ?2 WHERE id = ?1",
        params![id, state],
    )?;
    if let Some(mut view) = resources::json_of(tx.sql(), "Invoice", id)?
        .and_then(|json| InvoiceView::from_json(&json).ok())
    {
        state.clone_into(&mut view.status);
        resources::put(tx, "Invoice", id, Some(patient), &view.to_json())?;
    }
    tx.tell_desk(DeskNews::Payments);
    Ok(())
}

fn insert(
    tx: &Tx<'_>,
    inner: &Inner,
    id: &str,
    patient: &str,
    appointment: Option<i64>,
    total: Vnd,
    state: &str,
) -> Result<String, StoreError> {
    for _ in 0..TRIES {
        let reference = random_reference(&*inner.rng);
        let inserted = tx.sql().execute(
            "INSERT INTO invoice (id, reference, patient, appointment, amount, state, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (reference) DO NOTHING",
            params![
                id,
                reference,
                patient,
                appointment,
                total.dong(),
                state,
                tx.now().as_millis()
            ],
        )?;
        if inserted == 1 {
            return Ok(reference);
        }
    }
    tracing::error!("no free invoice reference");
    Err(StoreError::Stopped)
}

fn signed_order(
    inner: &Inner,
    invoice: &str,
    reference: &str,
    total: Vnd,
    tx: &Tx<'_>,
) -> Option<String> {
    if total <= Vnd::default() {
        return None;
    }
    let details = PaymentOrderDetails {
        invoice: invoice.to_owned(),
        clinic: inner.id.clone(),
        bin: inner.payee.bin.clone(),
        account: inner.payee.account.clone(),
        payee_name: inner.payee.name.clone(),
        amount: total,
        reference: reference.to_owned(),
        issued: tx.now(),
    };
    let order = PaymentOrder::new(details)
        .map_err(|error| tracing::error!(%error, "no payment order: check the payee"))
        .ok()?;
    order
        .sign(inner.keys.identity())
        .map_err(|error| tracing::error!(%error, "a payment order could not be signed"))
        .ok()
}

fn random_reference(rng: &dyn Rng) -> String {
    let mut bytes = [0_u8; RANDOM_LETTERS];
    rng.fill(&mut bytes);
    let letters = bytes.iter().map(|b| LETTERS[usize::from(b % 32)]);
    format!("{PREFIX}{}", letters.map(char::from).collect::<String>())
}
