//! The invoices of a person.

use sokhoe_fhir::InvoiceView as FhirInvoice;

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::{InvoiceView, PaymentStatus};

/// More invoices than a person looks at.
const AT_MOST: u32 = 200;

impl SoKhoe {
    /// A person's invoices, the newest first.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn invoices(&self, person_id: &str) -> Result<Vec<InvoiceView>, AppError> {
        let book = self.inner.book(person_id)?;
        self.inner.invoice_views(&book)
    }
}

impl Session {
    /// The invoices that can be read, the newest first.
    pub(crate) fn invoice_views(&self, book: &OpenBook) -> Result<Vec<InvoiceView>, AppError> {
        let stored = book.vault.resources_of_kind("Invoice", AT_MOST)?;
        let mut invoices: Vec<_> = stored
            .into_iter()
            .filter_map(|stored| {
                let invoice = FhirInvoice::from_json(&stored.json).ok()?;
                Some((
                    invoice.date,
                    self.invoice_view(stored.clinic.as_str(), invoice),
                ))
            })
            .collect();
        invoices.sort_by_key(|(date, _)| std::cmp::Reverse(*date));
        Ok(invoices.into_iter().map(|(_, view)| view).collect())
    }

    pub(crate) fn invoice_view(&self, clinic_id: &str, invoice: FhirInvoice) -> InvoiceView {
        let status = match invoice.status.as_str() {
            "balanced" => PaymentStatus::Paid,
            "issued" => PaymentStatus::Due,
            _ => PaymentStatus::Void,
        };
        InvoiceView {
            id: invoice.id,
            clinic_id: clinic_id.to_owned(),
            reference: invoice.reference,
            amount: invoice.total,
            amount_text: invoice.total.to_string(),
            issued_text: invoice
                .date
                .map(|at| self.words.when(at, self.now()))
                .unwrap_or_default(),
            status,
            status_text: self.words.payment(status),
        }
    }
}
