//! Whatever a camera saw: what it is, and what a person may do with it.

mod content;
mod views;

use sokhoe_qr::scan::Why;
use sokhoe_qr::signed::Trust;
use sokhoe_qr::{PublicKey, Scanned, compare_payee, scan};

use crate::error::AppError;
use crate::session::SoKhoe;
use crate::words::Words;

pub use views::{
    CitizenCardView, InsuranceCardView, PayeeCheckView, PayeeDifference, PaymentScheme, ScanView,
    ScannedPaymentView, ScannedView,
};

impl SoKhoe {
    /// Says what a scanned text is. Needs no network and changes nothing; no address is opened.
    pub fn scan(&self, text: &str) -> ScanView {
        let now = self.inner.now();
        let words = &self.inner.words;
        let unknown = |why: Why| content::unknown(&why, words);
        match scan(text) {
            Scanned::VietQr(reading) => content::vietqr(&reading, words),
            Scanned::OtherPayment(code) => content::other_payment(&code, words),
            Scanned::CitizenCard(reading) => content::citizen_card(&reading, words),
            Scanned::CitizenNumber(number) => content::citizen_number(&number, words),
            Scanned::InsuranceCard(reading) => content::insurance_card(&reading, words),
            Scanned::InsuranceNumber(number) => content::insurance_number(&number, words),
            Scanned::Enrolment(code) => match code.prove(now, Trust::Carried) {
                Ok(enrolment) => content::enrolment(enrolment, words),
                Err(refusal) => unknown(refusal.into()),
            },
            Scanned::Invitation(code) => match code.prove(now, Trust::Carried) {
                Ok(invitation) => content::invitation(invitation, words),
                Err(refusal) => unknown(refusal.into()),
            },
            Scanned::ShareLink(code) => match code.prove(now, Trust::Carried) {
                // Anybody can sign with a key of their own and call themselves a hospital.
                Ok(share) => content::share(
                    share.link,
                    Some(share.clinic_name),
                    self.knows_clinic_key(&share.public_key),
                    words,
                ),
                Err(refusal) => unknown(refusal.into()),
            },
            Scanned::HealthLink(link) => content::share(*link, None, false, words),
            Scanned::Ticket(ticket) => content::ticket(ticket.claims(), words),
            Scanned::MoveRequest(code) => match code.prove(now, Trust::Carried) {
                Ok(request) => content::move_request(request, words),
                Err(refusal) => unknown(refusal.into()),
            },
            Scanned::MoveParcel(code) => match code.prove(now, Trust::Carried) {
                Ok(parcel) => content::move_parcel(&parcel, words),
                Err(refusal) => unknown(refusal.into()),
            },
            Scanned::Url(address) => content::url(address, words),
            Scanned::Unknown(why) => unknown(why),
            // What a clinic sends from machine to machine; nobody shows it to a camera.
            _ => unknown(Why::Unrecognised),
        }
    }

    /// Compares a scanned payment code with what the clinic signed for an invoice, so that a sticker
    /// glued over the hospital's code ends at a red stop. Needs no network.
    ///
    /// # Errors
    /// As [`payment_qr`](Self::payment_qr): without the clinic's order there is nothing to compare with.
    pub fn check_payment(
        &self,
        person_id: &str,
        invoice_id: &str,
        scanned: &str,
    ) -> Result<PayeeCheckView, AppError> {
        let order = self.payment_order(person_id, invoice_id)?;
        let words = &self.inner.words;
        let differences = match scan(scanned) {
            Scanned::VietQr(reading) => compare_payee(&reading.code, &order)
                .into_iter()
                .map(difference)
                .collect(),
            _ => vec![PayeeDifference::NotVietQr],
        };
        Ok(compared(differences, words))
    }

    /// Whether a clinic that this phone is enrolled with signs with this key.
    fn knows_clinic_key(&self, key: &PublicKey) -> bool {
        // Scanning is instant: it asks no key store, and a locked phone knows no clinic.
        let account = self.inner.open_account();
        let clinics = account.and_then(|account| account.clinics().ok());
        clinics
            .unwrap_or_default()
            .iter()
            .any(|clinic| clinic.public_key == *key.as_bytes())
    }
}

fn difference(difference: sokhoe_qr::PayeeDifference) -> PayeeDifference {
    match difference {
        sokhoe_qr::PayeeDifference::Bank => PayeeDifference::Bank,
        sokhoe_qr::PayeeDifference::Account => PayeeDifference::Account,
        sokhoe_qr::PayeeDifference::Amount => PayeeDifference::Amount,
        sokhoe_qr::PayeeDifference::Reference => PayeeDifference::Reference,
        sokhoe_qr::PayeeDifference::Extra => PayeeDifference::Extra,
    }
}

fn compared(differences: Vec<PayeeDifference>, words: &Words) -> PayeeCheckView {
    let said: Vec<String> = differences
        .iter()
        .map(|difference| {
            words.say(match difference {
                PayeeDifference::NotVietQr => "payee-not-vietqr",
                PayeeDifference::Bank => "payee-bank",
                PayeeDifference::Account => "payee-account",
                PayeeDifference::Amount => "payee-amount",
                PayeeDifference::Reference => "payee-reference",
                PayeeDifference::Extra => "payee-extra",
            })
        })
        .collect();
    let text = if differences.is_empty() {
        words.say("payee-matches")
    } else {
        words.say_with("payee-stop", &[("what", said.join(", "))])
    };
    PayeeCheckView {
        may_pay: differences.is_empty(),
        differences,
        text,
    }
}
