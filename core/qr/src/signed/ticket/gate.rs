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

/// That a ticket was used, as a gate keeps it over a restart and tells other gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The clinic's number of the ticket.
    pub number: u32,
    /// When it was used first.
    pub at: Timestamp,
    /// From this instant on no ticket of the number passes anyway.
    pub ends: Timestamp,
}

impl Admission {
    /// That this ticket is used now.
    pub fn new(ticket: &Ticket, at: Timestamp) -> Self {
        let day = Timestamp::start_of_day(ticket.start.vietnam_day()).as_millis();
        Self {
            number: ticket.number,
            at,
            // The day after, in whatever zone the clock is.
            ends: Timestamp::from_millis(day.saturating_add(2 * 24 * 3_600_000)),
        }
    }
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
        self.remember(Admission::new(&ticket, now));
        Ok(ticket)
    }

    /// Remembers what was admitted before a restart, or by another gate of the clinic. The first
    /// admission counts.
    pub fn remember(&mut self, admission: Admission) {
        self.admitted.entry(admission.number).or_insert(admission);
    }

    /// What was admitted, to be kept over a restart and told to other gates.
    pub fn admissions(&self) -> impl Iterator<Item = Admission> {
        self.admitted.values().copied()
    }

    /// Forgets numbers of which no ticket passes any more. Never done by itself: a clock that was wrong
    /// for a moment must not bring used tickets back. Once a night is enough.
    pub fn forget_ended(&mut self, now: Timestamp) {
        self.admitted.retain(|_, admission| admission.ends > now);
    }
}
