use std::fmt;
use std::ops::RangeInclusive;

use minicbor::{Decode, Encode};
use ring::signature::Ed25519KeyPair;
use sokhoe_domain::Timestamp;

use super::text::{HALF_HOUR_MILLIS, Ticket, TicketWindow, signature_of, to_text};
use crate::signed::fields::{instant, seconds};
use crate::signed::key::PublicKey;
use crate::signed::refusal::{Refusal, SignError};
use crate::signed::unproven::{Code, Trust, Unproven};
use crate::signed::wire::{Kind, Unverified, sign};

/// The tickets of one booking, which the phone keeps: one for each half hour in which the person may
/// come. 64 bytes each.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketSheet {
    number: u32,
    start: Timestamp,
    key_hint: u8,
    /// The first half hour.
    first: u8,
    signatures: Vec<[u8; 64]>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire<'a> {
    #[n(0)]
    number: u32,
    #[n(1)]
    start_seconds: i64,
    #[n(2)]
    key_hint: u8,
    #[n(3)]
    first: u8,
    #[cbor(n(4), with = "minicbor::bytes")]
    signatures: &'a [u8],
}

/// How long before and after its beginning people come to an appointment.
const BEFORE_MILLIS: i64 = 3 * 3_600_000;
const AFTER_MILLIS: i64 = 6 * 3_600_000;
const LAST_HALF_HOUR: i64 = 47;

impl TicketSheet {
    /// Signs the tickets from three hours before an appointment until six hours after its beginning,
    /// within its day in Vietnam.
    ///
    /// # Errors
    /// [`SignError::Invalid`] for a start that no [`Ticket`] holds.
    pub fn for_appointment(
        number: u32,
        start: Timestamp,
        key: &Ed25519KeyPair,
    ) -> Result<Self, SignError> {
        let midnight = Timestamp::start_of_day(start.vietnam_day()).as_millis();
        let half_hour = |millis: i64| {
            let index = millis.saturating_sub(midnight).div_euclid(HALF_HOUR_MILLIS);
            u8::try_from(index.clamp(0, LAST_HALF_HOUR)).unwrap_or_default()
        };
        let from = half_hour(start.as_millis().saturating_sub(BEFORE_MILLIS));
        let to = half_hour(start.as_millis().saturating_add(AFTER_MILLIS));
        Self::for_half_hours(number, start, from..=to, key)
    }

    /// Signs the tickets of chosen half hours of the appointment's day, counted from 0 to 47.
    ///
    /// # Errors
    /// [`SignError::Invalid`] for a start that no [`Ticket`] holds, for none, or for a half hour above 47.
    pub fn for_half_hours(
        number: u32,
        start: Timestamp,
        half_hours: RangeInclusive<u8>,
        key: &Ed25519KeyPair,
    ) -> Result<Self, SignError> {
        let key_hint = PublicKey::of(key).map_err(|_| SignError::WrongKey)?.hint();
        let first = *half_hours.start();
        let signatures: Vec<_> = half_hours
            .map(|index| {
                let ticket = Ticket::new(number, start, TicketWindow::HalfHour(index));
                let claims = ticket.claims(key_hint).ok_or(SignError::Invalid)?;
                signature_of(&claims, key)
            })
            .collect::<Result<_, _>>()?;
        if signatures.is_empty() {
            return Err(SignError::Invalid);
        }
        Ok(Self {
            number,
            start,
            key_hint,
            first,
            signatures,
        })
    }

    /// The sheet as text, signed as a whole, for the way from the clinic to the phone.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, SignError> {
        let wire = Wire {
            number: self.number,
            start_seconds: seconds(self.start),
            key_hint: self.key_hint,
            first: self.first,
            signatures: self.signatures.as_flattened(),
        };
        sign(Kind::TicketSheet, &wire, key)
    }

    /// Reads a sheet that the clinic of `key` signed.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn verify(text: &str, key: &PublicKey) -> Result<Self, Refusal> {
        // A sheet has no end of its own: its tickets have.
        let any_time = Timestamp::from_millis(0);
        Unproven::<Self>::read(text)?.prove(any_time, Trust::Known(&[*key]))
    }

    /// The clinic's number of the tickets.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When the appointment begins.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// When the first ticket may be shown.
    pub fn opens(&self) -> Timestamp {
        self.ticket(self.first).valid_from()
    }

    /// The text of the QR code to show now.
    ///
    /// # Errors
    /// [`Refusal::NotYet`] before the first ticket, [`Refusal::Expired`] after the last.
    pub fn at(&self, now: Timestamp) -> Result<String, Refusal> {
        let opens = self.opens();
        let since = now.as_millis().saturating_sub(opens.as_millis());
        if since < 0 {
            return Err(Refusal::NotYet { from: opens });
        }
        let index = usize::try_from(since / HALF_HOUR_MILLIS).map_err(|_| Refusal::Expired)?;
        let signature = self.signatures.get(index).ok_or(Refusal::Expired)?;
        let half_hour = u8::try_from(index).map_err(|_| Refusal::Expired)?;
        self.ticket(self.first + half_hour)
            .claims(self.key_hint)
            .and_then(|claims| to_text(claims, *signature))
            .ok_or(Refusal::Malformed)
    }

    fn ticket(&self, half_hour: u8) -> Ticket {
        Ticket::new(self.number, self.start, TicketWindow::HalfHour(half_hour))
    }
}

impl Code for TicketSheet {
    const KIND: Kind = Kind::TicketSheet;

    fn decode(unverified: &Unverified) -> Result<Self, Refusal> {
        let wire: Wire<'_> = unverified.says()?;
        let (signatures, []) = wire.signatures.as_chunks::<64>() else {
            return Err(Refusal::Malformed);
        };
        Ok(Self {
            number: wire.number,
            start: instant(wire.start_seconds)?,
            key_hint: wire.key_hint,
            first: wire.first,
            signatures: signatures.to_vec(),
        })
    }

    fn is_sound(&self) -> bool {
        let end = usize::from(self.first) + self.signatures.len();
        let whole_day = Ticket::new(self.number, self.start, TicketWindow::Paper);
        !self.signatures.is_empty() && end <= 48 && whole_day.claims(self.key_hint).is_some()
    }

    fn carried_key(&self) -> Option<PublicKey> {
        None
    }

    fn expires(&self) -> Option<Timestamp> {
        None
    }
}

impl fmt::Debug for TicketSheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketSheet")
            .field("number", &self.number)
            .field("start", &self.start)
            .field("tickets", &self.signatures.len())
            .finish_non_exhaustive()
    }
}
