//! A province of phones and their clinic, second by second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Rng;
use sokhoe_sync::{Cause, Heard, Pace, WaitUntil, retry_delay};

/// The electronic health books of one province (provincial press reports, 2025-2026).
pub const PHONES: u32 = 438_447;
/// What the clinic can answer in a second: half as much again as on an ordinary day.
pub const STEADY_LIMIT: u32 = 54;
/// What a clinic can answer that is barely large enough for an ordinary day.
pub const TIGHT_LIMIT: u32 = 45;
/// A day.
pub const DAY: u32 = 24 * 3600;
/// The outage begins.
pub const DOWN_FROM: u32 = 8 * 3600;
/// The outage ends.
pub const UP_FROM: u32 = DOWN_FROM + 30 * 60;

/// A phone fetches its book so often by itself, give or take a tenth.
const REGULARLY: f64 = 4.0 * 3600.0;
/// People who open the app, in a second: one of five on a day of ten hours.
const TAPS: f64 = 2.4;
/// One of so many taps decides something that has to reach the clinic.
const DECIDES: u64 = 4;
/// A person whose tap gave nothing taps so often again.
const PATIENCE: u8 = 6;
/// Seconds of work that wait at the clinic before it sends phones away.
const QUEUE: u32 = 5;
/// What it tells them then.
const RETRY_AFTER: Duration = Duration::from_secs(120);

/// How phones behave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// As the sync engine has it.
    Paced,
    /// Backoff with full jitter alone.
    BackoffAlone,
}

/// What happened.
pub struct Figures {
    /// Requests that phones sent, in each second.
    pub sent: Vec<u32>,
    /// Requests that the clinic answered.
    pub answered: u64,
    /// Requests that the clinic sent away once it was back.
    pub sent_away: u64,
    /// Seconds from the end of the outage until a phone that missed its regular fetching had it, sorted.
    pub in_step_after: Vec<u32>,
    /// The same for what people had decided.
    pub settled_after: Vec<u32>,
    /// Phones that had not come into step when the day was over.
    pub left_behind: u64,
}

#[derive(Clone, Copy)]
enum Event {
    /// The regular fetching.
    Fetch,
    /// A person opens the app, after so many tries in vain.
    Tap { vain: u8 },
    /// Something decided is sent again, after so many tries.
    Send { tries: u8 },
}

/// Random numbers of a seed, without a lock.
struct Dice(AtomicU64);

impl Dice {
    fn number(&self) -> u64 {
        let mut z = self
            .0
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
            .wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From nothing to one.
    fn share(&self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&self, from: f64, to: f64) -> u32 {
        (from + self.share() * (to - from)) as u32
    }
}

impl Rng for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.number().to_le_bytes();
        for (byte, random) in bytes.iter_mut().zip(number.iter().cycle()) {
            *byte = *random;
        }
    }
}

struct Province {
    dice: Dice,
    manners: Manners,
    has_outage: bool,
    limit: u32,
    paces: Vec<Pace>,
    /// Failures in a row of the regular fetching: all that backoff alone knows.
    failures: Vec<u8>,
    /// What happens in each second of the day.
    calendar: Vec<Vec<(u32, Event)>>,
    /// Work that waits at the clinic.
    queue: u32,
    figures: Figures,
}

/// Lives a day.
pub fn live(seed: u64, manners: Manners, has_outage: bool, limit: u32) -> Figures {
    let mut province = Province {
        dice: Dice(AtomicU64::new(seed)),
        manners,
        has_outage,
        limit,
        paces: vec![Pace::default(); PHONES as usize],
        failures: vec![0; PHONES as usize],
        calendar: vec![Vec::new(); DAY as usize],
        queue: 0,
        figures: Figures {
            sent: vec![0; DAY as usize],
            answered: 0,
            sent_away: 0,
            in_step_after: Vec::new(),
            settled_after: Vec::new(),
            left_behind: 0,
        },
    };
    province.live();
    let mut figures = province.figures;
    figures.left_behind = province
        .failures
        .iter()
        .filter(|failed| **failed > 0)
        .count() as u64;
    figures.in_step_after.sort_unstable();
    figures.settled_after.sort_unstable();
    figures
}

impl Province {
    fn live(&mut self) {
        for phone in 0..PHONES {
            let first = self.dice.between(0.0, REGULARLY);
            self.plan(first, phone, Event::Fetch);
        }
        for second in 0..DAY {
            self.queue = self.queue.saturating_sub(self.limit);
            let taps = self.dice.between(0.0, 2.0 * TAPS + 1.0);
            for _ in 0..taps {
                let phone = self.dice.between(0.0, f64::from(PHONES));
                self.happens(second, phone, Event::Tap { vain: 0 });
            }
            let events = std::mem::take(&mut self.calendar[second as usize]);
            for (phone, event) in events {
                self.happens(second, phone, event);
            }
        }
    }

    fn plan(&mut self, second: u32, phone: u32, event: Event) {
        if let Some(events) = self.calendar.get_mut(second as usize) {
            events.push((phone, event));
        }
    }

    fn happens(&mut self, now: u32, phone: u32, event: Event) {
        match event {
            Event::Fetch => self.fetches(now, phone),
            Event::Tap { vain } => self.taps(now, phone, vain),
            Event::Send { tries } => self.sends(now, phone, tries),
        }
    }

    fn fetches(&mut self, now: u32, phone: u32) {
        let of = phone as usize;
        match self.call(now, phone, Cause::Schedule) {
            Ok(Heard::Answer) => {
                self.catches_up(now, of);
                let next = self.dice.between(0.9 * REGULARLY, 1.1 * REGULARLY);
                self.plan(now + next, phone, Event::Fetch);
            }
            Ok(heard) => {
                self.failures[of] = self.failures[of].saturating_add(1);
                let next = match self.manners {
                    Manners::Paced => self.paces[of]
                        .waits_until(at(now), Cause::Schedule)
                        .map_or(now + 1, second),
                    Manners::BackoffAlone => now + self.backs_off(self.failures[of], heard),
                };
                self.plan(next + self.dice.between(0.0, 60.0), phone, Event::Fetch);
            }
            Err(WaitUntil(until)) => {
                // Its regular time came and it was not even tried.
                self.failures[of] = self.failures[of].max(1);
                let next = second(until) + self.dice.between(0.0, 60.0);
                self.plan(next, phone, Event::Fetch);
            }
        }
    }

    fn catches_up(&mut self, now: u32, phone: usize) {
        if std::mem::take(&mut self.failures[phone]) > 0 && now >= UP_FROM {
            self.figures.in_step_after.push(now - UP_FROM);
        }
    }

    fn taps(&mut self, now: u32, phone: u32, vain: u8) {
        match self.call(now, phone, Cause::Person) {
            Ok(Heard::Answer) => {
                // A pull is a pull: the regular one finds nothing to make up for.
                self.catches_up(now, phone as usize);
                return;
            }
            Ok(heard) if vain == 0 && self.dice.number().is_multiple_of(DECIDES) => {
                let next = self.backs_off(0, heard);
                self.plan(now + next.max(1), phone, Event::Send { tries: 1 });
            }
            _ => {}
        }
        if vain < PATIENCE {
            let again = self.dice.between(3.0, 40.0);
            self.plan(now + again, phone, Event::Tap { vain: vain + 1 });
        } else if self.dice.number().is_multiple_of(2) {
            // Looks again later.
            let again = self.dice.between(300.0, 1800.0);
            self.plan(now + again, phone, Event::Tap { vain: 1 });
        }
    }

    fn sends(&mut self, now: u32, phone: u32, tries: u8) {
        let next = match self.call(now, phone, Cause::Again) {
            Ok(Heard::Answer) => {
                if now >= UP_FROM {
                    self.figures.settled_after.push(now - UP_FROM);
                }
                return;
            }
            Ok(heard) => now + self.backs_off(tries, heard),
            Err(WaitUntil(until)) => second(until) + self.dice.between(0.0, 10.0),
        };
        let tries = tries.saturating_add(1);
        self.plan(next.max(now + 1), phone, Event::Send { tries });
    }

    fn backs_off(&self, tries: u8, heard: Heard) -> u32 {
        let retry_after = match heard {
            Heard::Failure { retry_after } => retry_after,
            Heard::Answer | Heard::Nothing => None,
        };
        retry_delay(u32::from(tries), retry_after, &self.dice).as_secs() as u32
    }

    fn call(&mut self, now: u32, phone: u32, cause: Cause) -> Result<Heard, WaitUntil> {
        if self.manners == Manners::BackoffAlone {
            return Ok(self.answer(now));
        }
        let call = self.paces[phone as usize].may_call(at(now), cause)?;
        let heard = self.answer(now);
        self.paces[phone as usize].ended(at(now), call, heard, &self.dice);
        Ok(heard)
    }

    /// What the clinic answers.
    fn answer(&mut self, now: u32) -> Heard {
        self.figures.sent[now as usize] += 1;
        if self.has_outage && (DOWN_FROM..UP_FROM).contains(&now) {
            self.queue = 0;
            return Heard::Failure { retry_after: None };
        }
        if self.queue >= QUEUE * self.limit {
            self.figures.sent_away += 1;
            return Heard::Failure {
                retry_after: Some(RETRY_AFTER),
            };
        }
        self.queue += 1;
        self.figures.answered += 1;
        Heard::Answer
    }
}

fn at(second: u32) -> Timestamp {
    Timestamp::from_millis(i64::from(second) * 1000)
}

fn second(at: Timestamp) -> u32 {
    u32::try_from(at.as_millis() / 1000 + 1).unwrap_or(u32::MAX / 2)
}
