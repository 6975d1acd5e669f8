use std::collections::BTreeMap;
use std::time::Duration;

use sokhoe_domain::Timestamp;

use super::text::{Ticket, UnprovenTicket};
use crate::signed::key::PublicKey;
use crate::signed::refusal::Refusal;

/// How far the clocks of phone and kiosk may be apart.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(10 * 60);

/// What a kiosk needs to decide about tickets without a network: the public keys of its clinic, and
/// which tickets it has admitted. It holds no secret.
#[derive(Clone, Debug)]
pub struct TicketGate {
    keys: Vec<PublicKey>,
    admitted: BTreeMap<u32, Admission>,
}

#[derive(Clone, Copy, Debug)]
struct Admission {
    at: Timestamp,
    /// When no ticket of this number is valid any more.
    forget: Timestamp,
}

impl TicketGate {
    /// A gate of the clinic with these keys: the present one, and those before it whose tickets are still out.
    pub fn new(keys: impl Into<Vec<PublicKey>>) -> Self {
        Self {
            keys: keys.into(),
            admitted: BTreeMap::new(),
        }
    }

    /// What a scanned ticket says, if it is whole, of this clinic, of now, and was not used here before.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn check(&self, text: &str, now: Timestamp) -> Result<Ticket, Refusal> {
        self.check_read(&UnprovenTicket::read(text)?, now)
    }

    /// The same of a ticket that [`scan`](crate::scan()) has read.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn check_read(&self, ticket: &UnprovenTicket, now: Timestamp) -> Result<Ticket, Refusal> {
        let ticket = ticket.signed_by_one_of(&self.keys)?;
        let tolerance = i64::try_from(CLOCK_TOLERANCE.as_millis()).unwrap_or_default();
        let from = ticket.valid_from().as_millis() - tolerance;
        let until = ticket.valid_until().as_millis() + tolerance;
        if now.as_millis() < from {
            return Err(Refusal::NotYet {
                from: ticket.valid_from(),
            });
        }
        if now.as_millis() >= until {
            return Err(Refusal::Expired);
        }
        match self.admitted.get(&ticket.number) {
            Some(admission) => Err(Refusal::Replayed { at: admission.at }),
            None => Ok(ticket),
        }
    }

    /// The same, and remembers the ticket: the next one with its number is [`Refusal::Replayed`].
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn admit(&mut self, text: &str, now: Timestamp) -> Result<Ticket, Refusal> {
        let ticket = self.check(text, now)?;
        self.remember(&ticket, now);
        Ok(ticket)
    }

    /// Remembers a ticket that another gate of the clinic has admitted. The first admission counts.
    pub fn remember(&mut self, ticket: &Ticket, at: Timestamp) {
        let day = Timestamp::start_of_day(ticket.start.vietnam_day()).as_millis();
        let forget = Timestamp::from_millis(day + 2 * 24 * 3_600_000);
        self.admitted.retain(|_, admission| admission.forget > at);
        self.admitted
            .entry(ticket.number)
            .or_insert(Admission { at, forget });
    }

    /// The tickets that were admitted, and when, to be kept over a restart.
    pub fn admitted(&self) -> impl Iterator<Item = (u32, Timestamp)> {
        self.admitted
            .iter()
            .map(|(number, admission)| (*number, admission.at))
    }
}
