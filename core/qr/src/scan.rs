//! The one entry for whatever a camera saw.

use std::fmt;

use thiserror::Error;

use crate::citizen_card::{CitizenCard, CitizenCardError, Reading as CitizenReading};
use crate::emv::{FormatError, Payload};
use crate::insurance_card::{InsuranceCard, InsuranceCardError};
use crate::other_payment::OtherPayment;
use crate::signed::Kind;
use crate::text::{Hidden, LONGEST_SCAN, trim_scan};
use crate::vietqr::{ReadError, Reading as VietQrReading, VietQr, has_napas_template};

/// What a scanned text is. `Debug` hides addresses too: they may carry keys.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scanned {
    /// A VietQR payment. Nothing says yet that its payee is the right one: see
    /// [`compare_payee`](crate::compare_payee).
    VietQr(Box<VietQrReading>),
    /// A payment of another scheme.
    OtherPayment(Box<OtherPayment>),
    /// A citizen card.
    CitizenCard(Box<CitizenReading>),
    /// A health insurance card.
    InsuranceCard(Box<InsuranceCard>),
    /// One of our own texts. It is not verified here: that takes the time or the clinic's key.
    Ours(Kind),
    /// An address on the web. It is never opened by this crate, nor should an app without asking.
    Url(String),
    /// None of these, or a broken one of these.
    Unknown(Why),
}

impl fmt::Debug for Scanned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VietQr(reading) => f.debug_tuple("VietQr").field(reading).finish(),
            Self::OtherPayment(code) => f.debug_tuple("OtherPayment").field(code).finish(),
            Self::CitizenCard(reading) => f.debug_tuple("CitizenCard").field(reading).finish(),
            Self::InsuranceCard(card) => f.debug_tuple("InsuranceCard").field(card).finish(),
            Self::Ours(kind) => f.debug_tuple("Ours").field(kind).finish(),
            Self::Url(_) => f.debug_tuple("Url").field(&Hidden).finish(),
            Self::Unknown(why) => f.debug_tuple("Unknown").field(why).finish(),
        }
    }
}

/// Why a text is not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Why {
    /// Nothing that we know looks like this.
    #[error("not a code that we know")]
    Unrecognised,
    /// Nothing was scanned.
    #[error("the text is empty")]
    Empty,
    /// No QR code holds that much.
    #[error("the text is too long for a QR code")]
    TooLong,
    /// A payment code that was misread or cannot be paid.
    #[error("a payment code that cannot be used: {0}")]
    Payment(#[from] ReadError),
    /// A citizen card that was misread.
    #[error("a citizen card that cannot be used: {0}")]
    CitizenCard(#[from] CitizenCardError),
    /// An insurance card that was misread.
    #[error("an insurance card that cannot be used: {0}")]
    InsuranceCard(#[from] InsuranceCardError),
    /// A text of ours, from a later version or of a kind that this one does not have.
    #[error("a code of Sổ Khỏe that needs a newer app")]
    NewerVersion,
}

/// Says what a scanned text is.
pub fn scan(text: &str) -> Scanned {
    let text = trim_scan(text);
    if text.is_empty() {
        return Scanned::Unknown(Why::Empty);
    }
    if text.len() > LONGEST_SCAN {
        return Scanned::Unknown(Why::TooLong);
    }
    if let Some(kind) = Kind::of(text) {
        return Scanned::Ours(kind);
    }
    if Kind::looks_like_ours(text) {
        return Scanned::Unknown(Why::NewerVersion);
    }
    if looks_like_url(text) {
        return Scanned::Url(text.to_owned());
    }
    if InsuranceCard::looks_like(text) {
        return InsuranceCard::read(text).map_or_else(
            |error| Scanned::Unknown(error.into()),
            |card| Scanned::InsuranceCard(Box::new(card)),
        );
    }
    if CitizenCard::looks_like(text) {
        return CitizenCard::read(text).map_or_else(
            |error| Scanned::Unknown(error.into()),
            |reading| Scanned::CitizenCard(Box::new(reading)),
        );
    }
    if text.starts_with("0002") {
        return payment(text)
            .unwrap_or_else(|error| Scanned::Unknown(ReadError::from(error).into()));
    }
    Scanned::Unknown(Why::Unrecognised)
}

fn payment(text: &str) -> Result<Scanned, FormatError> {
    let payload = Payload::read(text)?;
    Ok(if has_napas_template(&payload) {
        VietQr::from_payload(payload).map_or_else(
            |error| Scanned::Unknown(error.into()),
            |reading| Scanned::VietQr(Box::new(reading)),
        )
    } else {
        Scanned::OtherPayment(Box::new(OtherPayment::from_payload(payload)))
    })
}

fn looks_like_url(text: &str) -> bool {
    let starts = |scheme: &str| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    (starts("https://") || starts("http://")) && !text.contains(char::is_whitespace)
}
