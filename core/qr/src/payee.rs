//! Is this the code of this bill? A sticker glued over a hospital's code must end at a red stop.

use std::collections::BTreeSet;

use crate::emv::Objects;
use crate::signed::PaymentOrder;
use crate::text::fold_upper;
use crate::vietqr::{LONGEST_PURPOSE, Service, VietQr};

/// What in a scanned code is not what the clinic signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayeeDifference {
    /// The bank is another one.
    Bank,
    /// The account, or the kind of account, is another one.
    Account,
    /// The code names another amount.
    Amount,
    /// The code names a purpose that does not begin with the order's reference.
    Reference,
    /// The code has what no order's code has: a fee, another payee for another scheme, letters outside ASCII.
    Extra,
}

/// Compares a scanned code with a verified order: nothing in the answer means that the money goes where
/// the clinic signed, and as it signed. Anything else is a stop.
///
/// An amount or a purpose that the code leaves to the payer is no difference. What is not known to be
/// harmless is one: another app may pay what this reader passes over.
pub fn compare_payee(code: &VietQr, order: &PaymentOrder) -> BTreeSet<PayeeDifference> {
    let differs = [
        (code.bin() != order.bin(), PayeeDifference::Bank),
        (
            code.account() != order.account() || code.service() != Some(&Service::ToAccount),
            PayeeDifference::Account,
        ),
        (
            code.amount().is_some_and(|amount| amount != order.amount()),
            PayeeDifference::Amount,
        ),
        (
            code.purpose()
                .is_some_and(|purpose| !begins_with(purpose, order.reference())),
            PayeeDifference::Reference,
        ),
        (has_extra(code), PayeeDifference::Extra),
    ];
    differs
        .into_iter()
        .filter_map(|(differs, what)| differs.then_some(what))
        .collect()
}

/// `***` leaves the purpose to the payer.
fn begins_with(purpose: &str, reference: &str) -> bool {
    let first_word = fold_upper(purpose);
    let first_word = first_word.split(' ').next();
    purpose == "***" || (first_word == Some(reference) && purpose.len() <= LONGEST_PURPOSE)
}

fn has_extra(code: &VietQr) -> bool {
    let has_other = |mut objects: Objects<'_>, known: &[u8]| {
        objects.any(|object| !known.contains(&object.id()))
    };
    let payload = code.payload();
    let napas = payload.template(38).unwrap_or_else(|_| Objects::empty());
    let payee = napas
        .into_iter()
        .find(|object| object.id() == 1)
        .map_or_else(Objects::empty, |payee| payee.inside());
    !code.as_str().is_ascii()
        || has_other(
            payload.objects(),
            &[0, 1, 38, 52, 53, 54, 58, 59, 60, 61, 62],
        )
        || has_other(napas, &[0, 1, 2])
        || has_other(payee, &[0, 1])
}
