//! Whatever a camera saw: what it is, and what a person may do with it.

mod content;
mod views;

use sokhoe_qr::scan::Why;
use sokhoe_qr::signed::Trust;
use sokhoe_qr::{PayeeCheck, Scanned, compare_payee, scan};

use crate::error::AppError;
use crate::session::SoKhoe;
use crate::words::Words;

pub use views::{
    CitizenCardView, InsuranceCardView, PayeeCheckView, PaymentScheme, ScanView,
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
                Ok(share) => content::share(share.link, Some(share.clinic_name), words),
                Err(refusal) => unknown(refusal.into()),
            },
            Scanned::HealthLink(link) => content::share(*link, None, words),
            Scanned::Ticket(ticket) => content::ticket(ticket.claims(), words),
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
        let Scanned::VietQr(reading) = scan(scanned) else {
            return Ok(PayeeCheckView {
                may_pay: false,
                bank_differs: false,
                account_differs: false,
                amount_differs: false,
                reference_differs: false,
                text: words.say("payee-not-vietqr"),
            });
        };
        Ok(compared(compare_payee(&reading.code, &order), words))
    }
}

fn compared(check: PayeeCheck, words: &Words) -> PayeeCheckView {
    let [bank, account, amount, reference] = match check {
        PayeeCheck::Matches => [false; 4],
        PayeeCheck::Mismatch {
            bank,
            account,
            amount,
            reference,
        } => [bank, account, amount, reference],
    };
    let may_pay = check == PayeeCheck::Matches;
    let what = [
        (bank, "payee-bank"),
        (account, "payee-account"),
        (amount, "payee-amount"),
        (reference, "payee-reference"),
    ];
    let differing: Vec<String> = what
        .into_iter()
        .filter(|(differs, _)| *differs)
        .map(|(_, key)| words.say(key))
        .collect();
    let text = if may_pay {
        words.say("payee-matches")
    } else {
        words.say_with("payee-stop", &[("what", differing.join(", "))])
    };
    PayeeCheckView {
        may_pay,
        bank_differs: bank,
        account_differs: account,
        amount_differs: amount,
        reference_differs: reference,
        text,
    }
}
