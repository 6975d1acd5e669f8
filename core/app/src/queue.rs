//! The queue of the day, as a person sees it: what the clinic said last, with its age. The phone never counts by itself.

use std::collections::HashMap;

use sokhoe_domain::queue::{is_late, is_old};
use sokhoe_domain::{
    BookingState, ClinicId, IntentId, QueueAdvice, QueueStanding, QueueState, Timestamp, VisitMode,
    Wire,
};
use sokhoe_sync::{Called, noted_standing};
use sokhoe_vault::{NotedQueue, StoredBooking};

use crate::error::AppError;
use crate::session::{OpenBook, Session};

/// How somebody stands in a clinic's queue, as the clinic said it last.
#[derive(Clone, PartialEq, Eq)]
pub struct QueueView {
    /// Their number of the day.
    pub number: u32,
    /// Where they are.
    pub state: QueueState,
    /// People before them in the line; unset where that is not told.
    pub ahead: Option<u32>,
    /// About when it is their turn; unset where that is not told.
    pub expected: Option<Timestamp>,
    /// Where to go, or where they are; empty where that is not told.
    pub station: String,
    /// When it was so, by the clinic's clock.
    pub as_of: Timestamp,
    /// Whether that is some time ago.
    pub is_old: bool,
    /// The same to read: what to do, and as of when where that is some time ago.
    pub text: String,
}

impl std::fmt::Debug for QueueView {
    /// Neither whose number nor where they are to go.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueueView")
            .field("state", &self.state)
            .field("is_old", &self.is_old)
            .finish_non_exhaustive()
    }
}

/// What was noted of queues, by booking.
pub(crate) fn noted_queues(book: &OpenBook) -> Result<HashMap<IntentId, NotedQueue>, AppError> {
    let noted = book.vault.noted_queues()?;
    Ok(noted.into_iter().map(|it| (it.booking, it)).collect())
}

/// What is known of a place in a queue.
struct Known {
    standing: QueueStanding,
    /// What the clinic's clock says now, as far as that is known.
    now: Timestamp,
    is_old: bool,
}

impl Session {
    /// How a person stands in the queue; nothing while they are not there, and where the clinic tells nothing of one.
    pub(crate) fn queue_view(
        &self,
        book: &OpenBook,
        booking: &StoredBooking,
        noted: Option<&NotedQueue>,
    ) -> Option<QueueView> {
        if booking.state != BookingState::CheckedIn {
            return None;
        }
        let Known {
            standing,
            now,
            is_old,
        } = self.known(book, booking, noted)?;
        let mut text = self.standing_text(&standing, now);
        if is_old {
            let when = self.words.time(standing.as_of, self.now());
            let as_of = self.words.say_with("queue-as-of", &[("when", when)]);
            text = format!("{text} {as_of}");
        }
        Some(QueueView {
            number: standing.number,
            state: standing.state,
            ahead: standing.ahead,
            expected: standing.expected,
            station: standing.station,
            as_of: standing.as_of,
            is_old,
            text,
        })
    }

    /// The newest of what the queue and the appointment told.
    fn known(
        &self,
        book: &OpenBook,
        booking: &StoredBooking,
        noted: Option<&NotedQueue>,
    ) -> Option<Known> {
        let now = self.now();
        let appointment = book.appointment_of(booking);
        let call = appointment.as_ref().and_then(|it| it.called.as_ref());
        let said = noted.and_then(|noted| Some((noted_standing(noted)?, noted.received)));
        // Whoever has a later number since has nothing to do with the earlier one any more.
        let number = appointment.as_ref().and_then(|it| it.queue_number);
        let said = said.filter(|(said, _)| number.is_none_or(|number| number <= said.number));
        if let Some((said, received)) = said {
            let theirs = said.as_of.plus(now.since(received));
            let as_of = said.as_of;
            let standing = match call {
                Some(call) => said.or_call(call),
                None => said,
            };
            // What the feed brought since was heard later than what the queue said.
            let is_old = match standing.as_of == as_of {
                true => is_old(received, now),
                false => is_old(standing.as_of, theirs.max(standing.as_of)),
            };
            return Some(Known {
                standing,
                now: theirs,
                is_old,
            });
        }
        let number = number?;
        let theirs = self.clinic_now(&booking.clinic);
        let standing = match call {
            Some(call) => QueueStanding::of_call(number, call),
            None => QueueStanding {
                number,
                state: QueueState::Waiting,
                ahead: None,
                expected: None,
                called: None,
                station: String::new(),
                as_of: booking.updated,
            },
        };
        let is_old = is_old(standing.as_of, theirs);
        Some(Known {
            standing,
            now: theirs,
            is_old,
        })
    }

    /// What the clinic's clock says, as far as it is known how the phone's differs from it.
    pub(crate) fn clinic_now(&self, clinic: &ClinicId) -> Timestamp {
        let ahead = self.clinic(clinic.as_str()).ok().and_then(|clinic| {
            let host = self.client(&clinic).ok()?.origin();
            self.server_clocks.phone_ahead(&host)
        });
        let now = self.now().as_millis();
        Timestamp::from_millis(now.saturating_sub(ahead.unwrap_or(0)))
    }

    /// How somebody stands, saying what to do.
    fn standing_text(&self, standing: &QueueStanding, now: Timestamp) -> String {
        let (words, today) = (&self.words, self.now());
        let number = ("number", standing.number.to_string());
        let station = ("station", self.station(&standing.station));
        match standing.advice(now) {
            QueueAdvice::Wait => match (standing.ahead, standing.expected) {
                (Some(ahead), Some(expected)) => {
                    let (ahead, when) = (ahead.to_string(), words.time(expected, today));
                    words.say_with("queue-waiting", &[number, ("ahead", ahead), ("when", when)])
                }
                (Some(ahead), None) => {
                    words.say_with("queue-ahead", &[number, ("ahead", ahead.to_string())])
                }
                (None, _) => words.say_with("queue-number", &[number]),
            },
            QueueAdvice::BeReady => words.say_with("queue-next", &[number]),
            QueueAdvice::Go => words.say_with("queue-called", &[number, station]),
            QueueAdvice::GoAtOnce => {
                let called = standing.called.unwrap_or(standing.as_of);
                let when = ("when", words.time(called, today));
                words.say_with("queue-called-before", &[number, station, when])
            }
            QueueAdvice::InRoom => words.say("queue-in-room"),
            QueueAdvice::GoToDesk => words.say_with("queue-missed", &[number]),
            QueueAdvice::Done => words.say("booking-fulfilled"),
        }
    }

    fn station(&self, station: &str) -> String {
        match station.is_empty() {
            true => self.words.say("queue-no-station"),
            false => station.to_owned(),
        }
    }

    /// What to do where the time of a confirmed booking is over and its clinic knows of nobody who came; nothing where one
    /// need not come to the desk, or the clinic tells nothing of who comes.
    pub(crate) fn late_text(&self, book: &OpenBook, booking: &StoredBooking) -> Option<String> {
        let is_ours = || {
            let clinic = self.clinic(booking.clinic.as_str());
            clinic.is_ok_and(|clinic| clinic.wire == Wire::Clinic)
        };
        let is_remote = || {
            let appointment = book.appointment_of(booking);
            appointment.is_some_and(|it| it.mode == Some(VisitMode::Remote))
        };
        let is_said = booking.state == BookingState::Confirmed
            && is_late(booking.start, self.clinic_now(&booking.clinic))
            && is_ours()
            && !is_remote();
        is_said.then(|| self.words.say("booking-late"))
    }

    /// That somebody is called, or was and did not come.
    pub(crate) fn call_text(&self, key: &str, called: &Called) -> String {
        let number = called.number.map(|number| number.to_string());
        let values = [
            ("number", number.unwrap_or_default()),
            ("station", self.station(&called.station)),
            ("when", self.words.time(called.at, self.now())),
        ];
        self.words.say_with(key, &values)
    }
}

#[cfg(test)]
mod tests;
