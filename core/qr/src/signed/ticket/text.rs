use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use sokhoe_domain::Timestamp;

use super::digits;
use crate::signed::key::PublicKey;
use crate::signed::refusal::{Refusal, SignError};
use crate::text::{is_digits, trim_scan};

/// The mark of a ticket, and its version.
const MARK: &str = "7";
const VERSION: &str = "1";
const DIGITS: usize = 176;
const CLAIMS: usize = 9;
const SIGNATURE: usize = 64;

/// Signed before the claims, so that the signature is of nothing else.
const CONTEXT: &[u8] = b"sokhoe ticket 1";

/// Where five-minute steps are counted from: 2024-01-01T00:00Z. 23 bits of them last until 2103.
const EPOCH_MILLIS: i64 = 1_704_067_200_000;
const STEP_MILLIS: i64 = 5 * 60_000;
const STEPS: i64 = 1 << 23;

pub(super) const HALF_HOUR_MILLIS: i64 = 30 * 60_000;
const DAY_MILLIS: i64 = 48 * HALF_HOUR_MILLIS;
const HALF_HOURS: u8 = 48;
const PAPER: u8 = 63;

/// A ticket: that the holder of a booking may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ticket {
    /// The clinic's number of the booking's ticket. The clinic gives each number once.
    pub number: u32,
    /// When the appointment begins; whole five minutes.
    pub start: Timestamp,
    /// When it may be shown.
    pub window: TicketWindow,
}

/// When a ticket may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketWindow {
    /// On a phone: in one half hour of the appointment's day in Vietnam, counted from 0 at midnight to 47.
    HalfHour(u8),
    /// On paper: all of the appointment's day in Vietnam.
    Paper,
}

/// A ticket that was read, and whose signature and time were not checked yet.
#[derive(Clone, PartialEq, Eq)]
pub struct UnprovenTicket {
    ticket: Ticket,
    key_hint: u8,
    claims: [u8; CLAIMS],
    signature: [u8; SIGNATURE],
}

impl Ticket {
    /// A ticket for a window.
    pub fn new(number: u32, start: Timestamp, window: TicketWindow) -> Self {
        Self {
            number,
            start,
            window,
        }
    }

    /// The text of the QR code: 178 digits.
    ///
    /// # Errors
    /// [`SignError::Invalid`] for a start that is not whole five minutes between 2024 and 2103, or a
    /// half hour above 47.
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, SignError> {
        let public = PublicKey::of(key).map_err(|_| SignError::WrongKey)?;
        let claims = self.claims(public.hint()).ok_or(SignError::Invalid)?;
        let signature = signature_of(&claims, key)?;
        to_text(claims, signature).ok_or(SignError::Invalid)
    }

    /// When it may be shown first.
    pub fn valid_from(&self) -> Timestamp {
        let midnight = Timestamp::start_of_day(self.start.vietnam_day()).as_millis();
        Timestamp::from_millis(match self.window {
            TicketWindow::HalfHour(index) => midnight + i64::from(index) * HALF_HOUR_MILLIS,
            TicketWindow::Paper => midnight,
        })
    }

    /// From this instant on it may not be shown any more.
    pub fn valid_until(&self) -> Timestamp {
        let length = match self.window {
            TicketWindow::HalfHour(_) => HALF_HOUR_MILLIS,
            TicketWindow::Paper => DAY_MILLIS,
        };
        Timestamp::from_millis(self.valid_from().as_millis() + length)
    }

    /// Key hint 8 bits, number 32, start 23, window 6, and three that are zero.
    pub(super) fn claims(&self, key_hint: u8) -> Option<[u8; CLAIMS]> {
        let since = self.start.as_millis().checked_sub(EPOCH_MILLIS)?;
        let steps = since / STEP_MILLIS;
        if since % STEP_MILLIS != 0 || !(0..STEPS).contains(&steps) {
            return None;
        }
        let window = match self.window {
            TicketWindow::HalfHour(index) if index < HALF_HOURS => index,
            TicketWindow::HalfHour(_) => return None,
            TicketWindow::Paper => PAPER,
        };
        let bits = u128::from(key_hint) << 64
            | u128::from(self.number) << 32
            | u128::from(steps.unsigned_abs()) << 9
            | u128::from(window) << 3;
        bits.to_be_bytes().last_chunk().copied()
    }

    fn of_claims(claims: [u8; CLAIMS]) -> Result<(Self, u8), Refusal> {
        let bits = claims
            .iter()
            .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let part = |shift: u32, width: u32| bits >> shift & ((1 << width) - 1);
        if part(0, 3) != 0 {
            return Err(Refusal::NewerVersion);
        }
        let byte = |part: u128| u8::try_from(part).map_err(|_| Refusal::Malformed);
        let window = match byte(part(3, 6))? {
            PAPER => TicketWindow::Paper,
            index if index < HALF_HOURS => TicketWindow::HalfHour(index),
            _ => return Err(Refusal::NewerVersion),
        };
        let steps = i64::try_from(part(9, 23)).map_err(|_| Refusal::Malformed)?;
        let ticket = Self {
            number: u32::try_from(part(32, 32)).map_err(|_| Refusal::Malformed)?,
            start: Timestamp::from_millis(EPOCH_MILLIS + steps * STEP_MILLIS),
            window,
        };
        Ok((ticket, byte(part(64, 8))?))
    }
}

impl UnprovenTicket {
    /// Takes the text of a code apart.
    ///
    /// # Errors
    /// [`Refusal::NotOurs`], [`Refusal::NewerVersion`], [`Refusal::Malformed`]
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let text = trim_scan(text);
        if !Self::looks_like(text) {
            return Err(Refusal::NotOurs);
        }
        let number = text
            .strip_prefix(MARK)
            .and_then(|rest| rest.strip_prefix(VERSION))
            .ok_or(Refusal::NewerVersion)?;
        let bytes: [u8; CLAIMS + SIGNATURE] = digits::read(number).ok_or(Refusal::Malformed)?;
        let claims = *bytes.first_chunk().ok_or(Refusal::Malformed)?;
        let (ticket, key_hint) = Ticket::of_claims(claims)?;
        Ok(Self {
            ticket,
            key_hint,
            claims,
            signature: *bytes.last_chunk().ok_or(Refusal::Malformed)?,
        })
    }

    /// What the ticket claims. Anybody may have written it.
    pub fn claims(&self) -> &Ticket {
        &self.ticket
    }

    /// What the ticket says, if one of these keys signed it. Its time is not checked: see
    /// [`TicketGate`](super::TicketGate).
    ///
    /// # Errors
    /// [`Refusal::Foreign`] when it names none of the keys, [`Refusal::Altered`] when the one that it
    /// names did not sign it.
    pub fn signed_by_one_of(&self, keys: &[PublicKey]) -> Result<Ticket, Refusal> {
        let mut named = keys
            .iter()
            .filter(|key| key.hint() == self.key_hint)
            .peekable();
        if named.peek().is_none() {
            return Err(Refusal::Foreign);
        }
        let signed = [CONTEXT, &self.claims].concat();
        let holds = |key: &PublicKey| {
            UnparsedPublicKey::new(&ED25519, key.as_bytes())
                .verify(&signed, &self.signature)
                .is_ok()
        };
        if named.any(holds) {
            Ok(self.ticket)
        } else {
            Err(Refusal::Altered)
        }
    }

    /// Whether a text has the outline of a ticket: 178 digits, the first a 7.
    pub(crate) fn looks_like(text: &str) -> bool {
        text.len() == MARK.len() + VERSION.len() + DIGITS
            && text.starts_with(MARK)
            && is_digits(text)
    }
}

impl fmt::Debug for UnprovenTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnprovenTicket").field(&self.ticket).finish()
    }
}

pub(super) fn signature_of(
    claims: &[u8; CLAIMS],
    key: &Ed25519KeyPair,
) -> Result<[u8; SIGNATURE], SignError> {
    let signature = key.sign(&[CONTEXT, claims].concat());
    signature
        .as_ref()
        .try_into()
        .map_err(|_| SignError::Invalid)
}

pub(super) fn to_text(claims: [u8; CLAIMS], signature: [u8; SIGNATURE]) -> Option<String> {
    let mut bytes = [0; CLAIMS + SIGNATURE];
    let (head, tail) = bytes.split_at_mut(CLAIMS);
    head.copy_from_slice(&claims);
    tail.copy_from_slice(&signature);
    digits::write(bytes, DIGITS).map(|digits| format!("{MARK}{VERSION}{digits}"))
}
