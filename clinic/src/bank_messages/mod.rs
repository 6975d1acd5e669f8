//! Messages of those who tell a clinic what arrived in its account: payOS, SePay, Casso.
//!
//! Each is believed only as its maker's documentation says: the signature over what was sent, compared in constant time,
//! and fresh where it says when. Then the money counts once (`crate::billing`): for the invoice whose reference is in the
//! transfer's text, to the đồng, or for a person to settle. A message that is not believed changes nothing.

mod casso;
mod config;
mod payos;
mod sepay;
mod transfer;
mod webhook;

use http::HeaderMap;
use sokhoe_domain::Timestamp;

pub(crate) use config::Sender;
pub use config::{BadBankMessages, BankMessages, CassoKey, PayosKey, SepayKeys};
pub(crate) use transfer::{Transfer, plain};
pub(crate) use webhook::{BankApi, router};

/// Why a message counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotBelieved {
    /// It is not signed, or by somebody else.
    #[error("the signature is wrong")]
    Signature,
    /// It was signed too long ago, or will be.
    #[error("the message is not of now")]
    NotFresh,
}

/// What a message says that is believed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Money arrived.
    Arrived(Transfer),
    /// Something else: money went out, or nothing came of it.
    Nothing,
    /// It cannot be read: its maker writes otherwise by now.
    Unreadable,
}

/// How far a message's time may be from the clinic's, in milliseconds, as SePay's documentation has it.
const FRESH_MILLIS: i64 = 5 * 60 * 1_000;

fn is_fresh(millis: i64, now: Timestamp) -> bool {
    now.as_millis().abs_diff(millis) <= FRESH_MILLIS.unsigned_abs()
}

/// The value of a header that is there once.
fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Bytes of hexadecimal digits.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits?;
    (digits.len() % 2 == 0).then(|| {
        digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    })
}
