//! Is this the code of this bill? A sticker glued over a hospital's code must end at a red stop.

use crate::signed::PaymentOrder;
use crate::vietqr::{Service, VietQr};

/// What comparing a scanned code with a signed order says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayeeCheck {
    /// The money would go where the clinic's signed order says, and as it says.
    Matches,
    /// Stop: something that the code says is not what the clinic signed.
    Mismatch {
        /// The bank is another one.
        bank: bool,
        /// The account, or the kind of account, is another one.
        account: bool,
        /// The code names another amount.
        amount: bool,
        /// The code names a purpose without the order's reference.
        reference: bool,
    },
}

/// Compares a scanned code with a verified order. An amount or a purpose that the code leaves to
/// the payer is no mismatch.
pub fn compare_payee(code: &VietQr, order: &PaymentOrder) -> PayeeCheck {
    let bank = code.bin() != order.bin();
    let account = code.account() != order.account() || code.service() != Some(&Service::ToAccount);
    let amount = code.amount().is_some_and(|amount| amount != order.amount());
    let reference = code
        .purpose()
        .is_some_and(|purpose| !names(purpose, order.reference()));
    if bank || account || amount || reference {
        PayeeCheck::Mismatch {
            bank,
            account,
            amount,
            reference,
        }
    } else {
        PayeeCheck::Matches
    }
}

/// `***` leaves the purpose to the payer.
fn names(purpose: &str, reference: &str) -> bool {
    purpose == "***" || crate::vietqr::bank_safe_reference(purpose).contains(reference)
}
