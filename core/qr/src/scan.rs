//! The one entry for whatever a camera saw.

use std::fmt;

use sokhoe_domain::text::is_visible;
use thiserror::Error;

use crate::citizen_card::{
    CitizenCard, CitizenCardError, CitizenNumber, Reading as CitizenReading,
};
use crate::emv::Payload;
use crate::health_link::{HealthLink, HealthLinkError};
use crate::insurance_card::{
    InsuranceCard, InsuranceCardError, InsuranceNumber, Reading as InsuranceReading,
};
use crate::other_payment::OtherPayment;
use crate::signed::{
    Enrolment, Invitation, Kind, MoveParcel, MoveRequest, PaymentOrderDetails, Refusal, ShareLink,
    TicketSheet, Unproven, UnprovenTicket,
};
use crate::text::{Hidden, LONGEST_SCAN, trim_scan};
use crate::vietqr::{ReadError, Reading as VietQrReading, VietQr, has_napas_template};

/// What a scanned text is. `Debug` hides addresses too: they may carry keys.
///
/// Nothing here is proven. A payment's payee may be anybody: see [`compare_payee`](crate::compare_payee). Codes
/// of our own say whether they are whole and of now when they are asked with the time and the keys.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scanned {
    /// A VietQR payment.
    VietQr(Box<VietQrReading>),
    /// A payment of another scheme.
    OtherPayment(Box<OtherPayment>),
    /// A citizen card.
    CitizenCard(Box<CitizenReading>),
    /// A bare citizen number, as phones show it; insurance takes it too.
    CitizenNumber(CitizenNumber),
    /// A health insurance card.
    InsuranceCard(Box<InsuranceReading>),
    /// A bare insurance number, as phones show it.
    InsuranceNumber(InsuranceNumber),
    /// A clinic brings a phone in.
    Enrolment(Box<Unproven<Enrolment>>),
    /// A booking's ticket.
    Ticket(Box<UnprovenTicket>),
    /// A person asks a helper.
    Invitation(Box<Unproven<Invitation>>),
    /// A document that a clinic shares.
    ShareLink(Box<Unproven<ShareLink>>),
    /// A document that somebody shares, as a SMART Health Link without signature.
    HealthLink(Box<HealthLink>),
    /// A clinic's payment order.
    PaymentOrder(Box<Unproven<PaymentOrderDetails>>),
    /// The tickets of a booking, as a clinic sends them.
    TicketSheet(Box<Unproven<TicketSheet>>),
    /// A new phone asks the old one for what it keeps.
    MoveRequest(Box<Unproven<MoveRequest>>),
    /// A part of what an old phone gives to a new one.
    MoveParcel(Box<Unproven<MoveParcel>>),
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
            Self::CitizenNumber(number) => f.debug_tuple("CitizenNumber").field(number).finish(),
            Self::InsuranceCard(card) => f.debug_tuple("InsuranceCard").field(card).finish(),
            Self::InsuranceNumber(number) => {
                f.debug_tuple("InsuranceNumber").field(number).finish()
            }
            Self::Enrolment(code) => f.debug_tuple("Enrolment").field(code).finish(),
            Self::Ticket(code) => f.debug_tuple("Ticket").field(code).finish(),
            Self::Invitation(code) => f.debug_tuple("Invitation").field(code).finish(),
            Self::ShareLink(code) => f.debug_tuple("ShareLink").field(code).finish(),
            Self::HealthLink(link) => f.debug_tuple("HealthLink").field(link).finish(),
            Self::PaymentOrder(code) => f.debug_tuple("PaymentOrder").field(code).finish(),
            Self::TicketSheet(code) => f.debug_tuple("TicketSheet").field(code).finish(),
            Self::MoveRequest(code) => f.debug_tuple("MoveRequest").field(code).finish(),
            Self::MoveParcel(code) => f.debug_tuple("MoveParcel").field(code).finish(),
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
    /// A code of ours that was misread, or is of a later version.
    #[error("a code of Sổ Khỏe that cannot be used: {0}")]
    Ours(#[from] Refusal),
    /// A SMART Health Link that was misread.
    #[error("a shared document that cannot be used: {0}")]
    HealthLink(#[from] HealthLinkError),
}

impl Why {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unrecognised => "unrecognised",
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Payment(error) => error.code(),
            Self::CitizenCard(_) => "bad_citizen_card",
            Self::InsuranceCard(_) => "bad_insurance_card",
            Self::Ours(refusal) => refusal.code(),
            Self::HealthLink(_) => "bad_health_link",
        }
    }

    /// The character, from 0, at which a payment code is broken.
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::Payment(error) => error.position(),
            _ => None,
        }
    }
}

/// Says what a scanned text is.
pub fn scan(text: &str) -> Scanned {
    read(text).unwrap_or_else(Scanned::Unknown)
}

fn read(text: &str) -> Result<Scanned, Why> {
    let text = trim_scan(text);
    if text.is_empty() {
        return Err(Why::Empty);
    }
    if let Some(number) = bare_number(text) {
        return Ok(number);
    }
    if text.starts_with("0002") {
        return payment(text);
    }
    if let Some(sheet_or_code) = ours(text) {
        return Ok(sheet_or_code?);
    }
    if text.len() > LONGEST_SCAN {
        return Err(Why::TooLong);
    }
    if HealthLink::looks_like(text) {
        return Ok(Scanned::HealthLink(Box::new(HealthLink::read(text)?)));
    }
    if looks_like_url(text) {
        return Ok(Scanned::Url(text.to_owned()));
    }
    if InsuranceCard::looks_like(text) {
        return Ok(Scanned::InsuranceCard(Box::new(InsuranceCard::read(text)?)));
    }
    if CitizenCard::looks_like(text) {
        return Ok(Scanned::CitizenCard(Box::new(CitizenCard::read(text)?)));
    }
    Err(Why::Unrecognised)
}

/// A citizen or insurance number with nothing beside it.
fn bare_number(text: &str) -> Option<Scanned> {
    // People group digits with spaces; longer texts are something else.
    (10..=24).contains(&text.len()).then_some(())?;
    match text.parse().ok()? {
        InsuranceNumber::Citizen(number) => Some(Scanned::CitizenNumber(number)),
        number => Some(Scanned::InsuranceNumber(number)),
    }
}

/// A code of our own, well or badly; unset for anything else.
fn ours(text: &str) -> Option<Result<Scanned, Refusal>> {
    if UnprovenTicket::looks_like(text) {
        let ticket = UnprovenTicket::read(text);
        return Some(ticket.map(|ticket| Scanned::Ticket(Box::new(ticket))));
    }
    let kind = match Kind::of(text) {
        Ok(kind) => kind,
        Err(Refusal::NotOurs) => return None,
        Err(refusal) => return Some(Err(refusal)),
    };
    Some(match kind {
        Kind::Enrolment => Unproven::read(text).map(|code| Scanned::Enrolment(Box::new(code))),
        Kind::Invitation => Unproven::read(text).map(|code| Scanned::Invitation(Box::new(code))),
        Kind::ShareLink => Unproven::read(text).map(|code| Scanned::ShareLink(Box::new(code))),
        Kind::PaymentOrder => {
            Unproven::read(text).map(|code| Scanned::PaymentOrder(Box::new(code)))
        }
        Kind::TicketSheet => Unproven::read(text).map(|code| Scanned::TicketSheet(Box::new(code))),
        Kind::MoveRequest => Unproven::read(text).map(|code| Scanned::MoveRequest(Box::new(code))),
        Kind::MoveParcel => Unproven::read(text).map(|code| Scanned::MoveParcel(Box::new(code))),
    })
}

fn payment(text: &str) -> Result<Scanned, Why> {
    if text.len() > LONGEST_SCAN {
        return Err(Why::TooLong);
    }
    let payload = Payload::read(text).map_err(ReadError::from)?;
    if has_napas_template(&payload) {
        let reading = VietQr::from_payload(payload)?;
        Ok(Scanned::VietQr(Box::new(reading)))
    } else {
        Ok(Scanned::OtherPayment(Box::new(OtherPayment::from_payload(
            payload,
        ))))
    }
}

fn looks_like_url(text: &str) -> bool {
    let starts = |scheme: &str| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let authority = text.split('/').nth(2).unwrap_or_default();
    // What stands before an @ looks like the place and is not.
    (starts("https://") || starts("http://"))
        && !authority.is_empty()
        && !authority.contains('@')
        && text.chars().all(|c| is_visible(c) && !c.is_whitespace())
}
