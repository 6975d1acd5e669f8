//! Paying by VietQR. The code is made from the clinic's signed payment order and from nothing else.

use sokhoe_domain::{ClinicId, ResourceKey};
use sokhoe_fhir::InvoiceView as FhirInvoice;
use sokhoe_qr::draw::For;
use sokhoe_qr::{Matrix, PaymentOrder, PublicKey};

use crate::error::AppError;
use crate::session::SoKhoe;
use crate::views::PaymentQrView;

impl SoKhoe {
    /// The VietQR of an invoice, with the payee as the clinic signed it. Needs no network.
    ///
    /// # Errors
    /// [`AppError::UntrustedPayment`] when the signed order is missing, altered, or speaks of another
    /// invoice, amount or clinic, or when the invoice is paid or void: nothing may be paid then.
    /// [`AppError::NotFound`].
    pub fn payment_qr(&self, person_id: &str, invoice_id: &str) -> Result<PaymentQrView, AppError> {
        let order = self.payment_order(person_id, invoice_id)?;
        let payload = order.to_vietqr().as_str().to_owned();
        let drawn =
            Matrix::encode_for(&payload, For::Screen).map_err(|_| AppError::internal("draw"))?;
        Ok(PaymentQrView {
            payload,
            bank: order.bin().short_name().into_owned(),
            payee_name: order.payee_name().to_owned(),
            account: order.account().as_str().to_owned(),
            amount: order.amount(),
            amount_text: order.amount().to_string(),
            reference: order.reference().to_owned(),
            size: u32::try_from(drawn.size()).map_err(|_| AppError::internal("draw"))?,
            modules: drawn.modules().iter().map(|dark| u8::from(*dark)).collect(),
        })
    }

    /// What the clinic signed for an invoice.
    pub(crate) fn payment_order(
        &self,
        person_id: &str,
        invoice_id: &str,
    ) -> Result<PaymentOrder, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let key = ResourceKey::new("Invoice", invoice_id);
        let stored = session
            .account()?
            .links(&book.person.id)?
            .into_iter()
            .find_map(|link| book.vault.resource(&link.clinic, &key).transpose())
            .transpose()?
            .ok_or_else(|| AppError::not_found("invoice"))?;
        let clinic = session.clinic(stored.clinic.as_str())?;
        let invoice =
            FhirInvoice::from_json(&stored.json).map_err(|_| AppError::not_found("invoice"))?;
        trusted_order(
            &invoice,
            &clinic.id,
            &PublicKey::from_bytes(clinic.public_key),
        )
    }
}

/// The payment order of an invoice, if the clinic signed it for exactly this invoice.
fn trusted_order(
    invoice: &FhirInvoice,
    clinic: &ClinicId,
    key: &PublicKey,
) -> Result<PaymentOrder, AppError> {
    let untrusted = |reason: &str| AppError::UntrustedPayment {
        reason: reason.to_owned(),
    };
    let text = invoice
        .payment_order
        .as_deref()
        .ok_or_else(|| untrusted("missing"))?;
    let order = PaymentOrder::verify(text, key).map_err(|_| untrusted("altered"))?;
    if order.invoice() != invoice.id {
        return Err(untrusted("other-invoice"));
    }
    if invoice.status != "issued" {
        return Err(untrusted("not-due"));
    }
    if order.amount() != invoice.total {
        return Err(untrusted("other-amount"));
    }
    if order.clinic() != clinic.as_str() {
        return Err(untrusted("other-clinic"));
    }
    Ok(order)
}
