//! All or none over several vaults, none of which knows of the others.
//!
//! Keeping: everybody's part but the last one's is kept *held*, so that nobody sends it; the last one's is kept as it
//! is, and with this one transaction the trip is decided; then the others are let go. Whoever finds a part held looks
//! into the last one's book: if its part is there the trip was decided, else nobody was told of it and it goes.
//!
//! Taking back: every part is held first, unless one may have been sent; only when all are held they go, one by one.
//!
//! All this happens under one lock of the folder, so that a part that is found held under it was left by a crash.

use std::collections::HashSet;

use sokhoe_domain::ports::FileLock;
use sokhoe_domain::{BookingState, ClinicId, IntentId, Refusal};
use sokhoe_sync::{BookIntent, Trip};
use sokhoe_vault::{IntentKind, TripHold, TripPart, VaultError};

use super::book::Part;
use super::members::trips_of;
use crate::error::AppError;
use crate::session::{OpenBook, Session};

/// The name of the lock.
const LOCK: &str = "trips";

/// The code of what was taken back before anything of it was sent.
pub(crate) const TAKEN_BACK: &str = "trip-taken-back";

fn taken_back() -> BookingState {
    BookingState::Refused(Refusal::Other {
        code: TAKEN_BACK.to_owned(),
    })
}

impl Session {
    fn alone_with_trips(&self) -> Result<Box<dyn FileLock>, AppError> {
        let lock = self.ports.files.lock(LOCK);
        Ok(lock.map_err(VaultError::from)?)
    }

    /// Keeps everybody's part or nobody's.
    pub(super) fn keep_trip(&self, trip: &Trip, parts: &[Part]) -> Result<(), AppError> {
        let _alone = self.alone_with_trips()?;
        let trip = serde_json::to_string(trip).map_err(|_| AppError::internal("trip"))?;
        let Some((last, others)) = parts.split_last() else {
            return Ok(());
        };
        let keep = |part: &Part, hold| {
            let vault = &part.book.vault;
            vault.enqueue_part(&part.intent, &part.booking, &trip, hold)
        };
        let kept = others
            .iter()
            .try_for_each(|part| keep(part, Some(TripHold::Keeping)))
            .and_then(|()| keep(last, None));
        if let Err(error) = kept {
            // A commit of which it is not known is looked at; where not even that can be, it is done later.
            match last.book.vault.booking(last.booking.id) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    for part in others {
                        let _at_the_next_start =
                            part.book.vault.take_part_back(part.intent.id, None);
                    }
                    return Err(error.into());
                }
                Err(_) => return Err(error.into()),
            }
        }
        for part in others {
            let _at_the_next_start = part.book.vault.release_part(part.intent.id);
        }
        Ok(())
    }

    /// The bookings of trips of which it is not decided that they are kept: a crash may have been before that, and then they go.
    /// Nobody is told of them.
    pub(crate) fn undecided(&self, book: &OpenBook) -> Result<HashSet<IntentId>, AppError> {
        let mut undecided = HashSet::new();
        for held in book.vault.held_parts()? {
            let trip = BookIntent::read(&held.intent.body).and_then(|intent| intent.trip);
            let trip = trip.filter(|_| held.hold == TripHold::Keeping);
            if let Some(trip) = trip
                && !self.is_decided(&trip)?
            {
                undecided.insert(held.intent.id);
            }
        }
        Ok(undecided)
    }

    /// Finishes what a crash left of trips in a person's book. To be called before anything is sent, or taken to another
    /// phone.
    pub(crate) fn settle_trips(&self, book: &OpenBook) -> Result<(), AppError> {
        if book.vault.held_parts()?.is_empty() {
            return Ok(());
        }
        let _alone = self.alone_with_trips()?;
        for held in book.vault.held_parts()? {
            let trip = BookIntent::read(&held.intent.body).and_then(|intent| intent.trip);
            // What cannot be read is shown as such when it is to be sent.
            let Some(trip) = trip else {
                book.vault.release_part(held.intent.id)?;
                continue;
            };
            match held.hold {
                TripHold::Keeping if self.is_decided(&trip)? => {
                    book.vault.release_part(held.intent.id)?;
                }
                TripHold::Keeping => {
                    self.each_part(&trip, |book, id| Ok(book.vault.take_part_back(id, None)?))?
                }
                TripHold::TakingBack => {
                    self.take_back(&trip)?;
                }
            }
        }
        Ok(())
    }

    /// [`Session::settle_trips`] before sending: what cannot be settled now is held on, and keeps nothing else from going
    /// out.
    pub(crate) fn let_trips_settle(&self, book: &OpenBook) {
        let _another_time = self.settle_trips(book);
    }

    /// Takes the whole trip of a booking back when nothing of it was ever sent. Whether it was so.
    pub(crate) fn take_trip_back(
        &self,
        book: &OpenBook,
        booking: IntentId,
    ) -> Result<bool, AppError> {
        let Some(trip) = trips_of(book)?.remove(&booking) else {
            return Ok(false);
        };
        self.settle_trips(book)?;
        let _alone = self.alone_with_trips()?;
        if book.vault.trip_part(booking, &taken_back())? != TripPart::Unsent {
            return Ok(false);
        }
        self.take_back(&trip)
    }

    /// Takes back what was not sent of the trips of one whose book, or what is in it of a clinic, is about to go: the
    /// others would book for them, too.
    pub(crate) fn take_trips_back(
        &self,
        book: &OpenBook,
        clinic: Option<&ClinicId>,
    ) -> Result<(), AppError> {
        for intent in book.vault.waiting()? {
            let is_meant = clinic.is_none_or(|clinic| intent.clinic == *clinic);
            if is_meant && intent.kind == IntentKind::Book {
                self.take_trip_back(book, intent.id)?;
            }
        }
        Ok(())
    }

    /// Whether the last one's part was kept. Of somebody who is no longer on this phone nothing is known: the clinic
    /// decides then, for all.
    fn is_decided(&self, trip: &Trip) -> Result<bool, AppError> {
        let Some(last) = trip.members.last() else {
            return Ok(true);
        };
        match self.book_of_member(&last.person_id)? {
            Some(book) => Ok(book.vault.booking(last.booking)?.is_some()),
            None => Ok(true),
        }
    }

    /// Holds every part, then takes all back; or none, when one may have been sent. Whether it did.
    fn take_back(&self, trip: &Trip) -> Result<bool, AppError> {
        let now = self.now();
        let mut may_go = true;
        self.each_part(trip, |book, id| {
            may_go = may_go
                && match book.vault.trip_part(id, &taken_back())? {
                    TripPart::Absent | TripPart::TakenBack => true,
                    TripPart::Unsent => book.vault.hold_part(id, now)?,
                    TripPart::Out => false,
                };
            Ok(())
        })?;
        self.each_part(trip, |book, id| {
            match may_go {
                true => book.vault.take_part_back(id, Some((taken_back(), now)))?,
                false => book.vault.release_part(id)?,
            }
            Ok(())
        })?;
        Ok(may_go)
    }

    fn each_part(
        &self,
        trip: &Trip,
        mut each: impl FnMut(&OpenBook, IntentId) -> Result<(), AppError>,
    ) -> Result<(), AppError> {
        for member in &trip.members {
            if let Some(book) = self.book_of_member(&member.person_id)? {
                each(&book, member.booking)?;
            }
        }
        Ok(())
    }
}
