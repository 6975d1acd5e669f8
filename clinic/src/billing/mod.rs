//! Money: what a visit costs, invoices, payments.

mod counter;
mod entries;
mod invoice;
mod payment;
mod references;
mod settle;
mod tariff;

use std::sync::Arc;

use sokhoe_domain::Vnd;
use sokhoe_fhir::PatientView;

pub use counter::Means;
pub(crate) use counter::{Closing, Drawer, NotTaken, Taken, close, closings, drawer, take};
pub(crate) use invoice::{Visit, cancel_for_visit, issue_for_visit};
pub use payment::{PaymentOutcome, ToSettle};
pub(crate) use payment::{receive, record_payment};
pub use settle::{MoneyBook, NotSettled, OpenPayment, Settlement};
pub(crate) use settle::{book, settle, to_settle};

use crate::ClinicError;
use crate::access_log::Who;
use crate::clinic::Inner;
use crate::store::resources;

/// One line of an invoice; a deduction is negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// What it is for.
    pub name: String,
    /// What it costs.
    pub amount: Vnd,
}

/// An invoice that was made out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedInvoice {
    /// The Invoice's id.
    pub id: String,
    /// What the transfer text begins with.
    pub reference: String,
    /// What is to be paid.
    pub amount: Vnd,
    /// The signed payment order; none when nothing is to be paid.
    pub payment_order: Option<String>,
}

/// The most that one VietQR transfer carries is below this.
const TRANSFER_LIMIT: Vnd = Vnd::new(500_000_000);

/// Makes out an invoice by hand.
pub(crate) fn issue_for(
    inner: &Arc<Inner>,
    patient: &str,
    lines: Vec<InvoiceLine>,
) -> Result<IssuedInvoice, ClinicError> {
    let total = lines
        .iter()
        .try_fold(Vnd::default(), |sum, line| sum.checked_add(line.amount))
        .filter(|total| (Vnd::default()..TRANSFER_LIMIT).contains(total) && !lines.is_empty())
        .ok_or(ClinicError::BadInvoice)?;
    let (office, patient) = (Arc::clone(inner), patient.to_owned());
    inner
        .store
        .write(move |tx| {
            tx.by(Who::CommandLine);
            let view = resources::json_of(tx.sql(), "Patient", &patient)?
                .and_then(|json| PatientView::from_json(&json).ok());
            let Some(view) = view else { return Ok(None) };
            invoice::issue(tx, &office, &view, None, &lines, total).map(Some)
        })?
        .ok_or(ClinicError::NoSuchPatient)
}
