//! What a person says would do, should a time be taken, where they want a booking to be instead, and whether it was
//! heeded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use sokhoe_app::domain::{Otherwise, Timestamp};
use sokhoe_app::{BookingStatus, BookingView, OtherwiseRequest, SlotView};

use crate::check::Wrongs;
use crate::dice::Dice;
use crate::network::Clinics;
use crate::phone::SimPhone;

/// Where anybody of the family wanted which booking to be.
#[derive(Clone, Default)]
pub struct Moves(Arc<Mutex<BTreeMap<String, BTreeSet<Timestamp>>>>);

impl Moves {
    pub fn wants(&self, booking: &str, start: Timestamp) {
        let mut moves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        moves.entry(booking.to_owned()).or_default().insert(start);
    }

    fn wanted(&self, booking: &str, start: Timestamp) -> bool {
        let moves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        moves
            .get(booking)
            .is_some_and(|starts| starts.contains(&start))
    }
}

/// What was asked for with a booking.
#[derive(Clone)]
pub struct Wish {
    named: Timestamp,
    practitioner: String,
    otherwise: Option<Otherwise>,
}

impl Wish {
    /// This time; half of the people say what else would do.
    pub fn of(slot: &SlotView, dice: &Dice) -> Self {
        Self {
            named: slot.start,
            practitioner: slot.practitioner.clone(),
            otherwise: dice.percent(50).then(|| otherwise(slot.start, dice)),
        }
    }

    /// This time and no other.
    pub fn named(slot: &SlotView) -> Self {
        Self {
            named: slot.start,
            practitioner: slot.practitioner.clone(),
            otherwise: None,
        }
    }

    /// As the core is asked.
    pub fn request(&self) -> Option<OtherwiseRequest> {
        let otherwise = self.otherwise.as_ref()?;
        let minutes = otherwise.minutes();
        Some(OtherwiseRequest {
            first_day: otherwise.first_day().to_string(),
            last_day: otherwise.last_day().to_string(),
            from_minute: minutes.start.into(),
            until_minute: minutes.end.into(),
            weekdays: Vec::new(),
            any_practitioner: otherwise.any_practitioner(),
        })
    }

    /// What is wrong with a booking that its clinic confirmed.
    fn contradicts(&self, booking: &BookingView) -> Option<String> {
        let is_named = booking.start == self.named && booking.practitioner == self.practitioner;
        // Whose time another one is a foreign server may not tell just then; then nobody is named.
        let same = booking.practitioner.is_empty() || booking.practitioner == self.practitioner;
        let is_allowed = |otherwise: &Otherwise| otherwise.allows(booking.start, same);
        if !is_named && !self.otherwise.as_ref().is_some_and(is_allowed) {
            return Some(format!("is at {:?}, and nobody said so", booking.start));
        }
        let asked = (!is_named).then_some(self.named);
        (booking.asked != asked).then(|| format!("says that {:?} was asked for", booking.asked))
    }
}

/// Some days around a time, of which some hours will do.
fn otherwise(named: Timestamp, dice: &Dice) -> Otherwise {
    let first = named.vietnam_day() - chrono::Days::new(dice.number() % 2);
    let last = first + chrono::Days::new(1 + dice.number() % 3);
    let from = u16::try_from(dice.below(16 * 60)).unwrap();
    let until = from + 60 + u16::try_from(dice.below(7 * 60)).unwrap();
    Otherwise::on_days(first, last)
        .and_then(|days| match dice.percent(50) {
            true => days.between(from, until),
            false => Ok(days),
        })
        .expect("days")
        .with_any_practitioner(dice.percent(50))
}

impl SimPhone {
    /// W: a confirmed booking is at the time that was named, or within what was said would do; and says which.
    pub fn holds_against_wishes(&self, bookings: &[BookingView]) {
        let wishes = self.state().wishes.clone();
        for booking in bookings {
            let is_moved = self.around.moves.wanted(&booking.id, booking.start);
            if booking.status != BookingStatus::Confirmed || is_moved {
                continue;
            }
            let wish = wishes.get(&booking.id);
            if let Some(wrong) = wish.and_then(|wish| wish.contradicts(booking)) {
                self.wrong(format_args!("W: {} {wrong}", booking.id));
            }
        }
    }
}

/// I2: no time is kept for nobody.
pub fn nobody_has(clinics: &Clinics, wrongs: &Wrongs) {
    for clinic in clinics.values() {
        for slot in clinic.kept_for_nobody() {
            wrongs.note(format!("I2: {} keeps {slot} for nobody", clinic.host()));
        }
    }
}
