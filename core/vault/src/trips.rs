//! Trips of several people, each of whom has a vault of their own.
//!
//! No transaction reaches over vaults. So the parts of a trip are *held* while it is being kept or taken back: a held
//! intent is kept back like a parked one, but nobody is shown it as such, and whoever finds one when nothing is under
//! way any more finishes what a crash left (`sokhoe_app`, `trip`). The journal knows nothing of this: an intent that
//! comes back from it is sent, and the whole trip with it.

use std::fmt;

use rusqlite::{OptionalExtension as _, Transaction};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Timestamp};

use crate::bookings::{self, StoredBooking};
use crate::error::VaultError;
use crate::notice::VaultChange;
use crate::outbox::{NewIntent, StoredIntent, read_row};
use crate::store::Durability;
use crate::vault::Vault;

/// Why a part of a trip is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TripHold {
    /// It is not known yet whether the parts of all were kept.
    Keeping,
    /// The trip is being taken back.
    TakingBack,
}

impl TripHold {
    /// The text that is stored; never changed once released.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Keeping => "trip-keeping",
            Self::TakingBack => "trip-taking-back",
        }
    }
}

/// Those that are held, in SQL.
pub(crate) const HELD: &str = r#"("why" IN ('trip-keeping', 'trip-taking-back'))"#;

/// A part of a trip that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPart {
    /// The intent.
    pub intent: StoredIntent,
    /// Why.
    pub hold: TripHold,
}

/// With whom a booking belongs together.
#[derive(Clone, PartialEq, Eq)]
pub struct NotedTrip {
    /// The booking.
    pub booking: IntentId,
    /// Where it is.
    pub clinic: ClinicId,
    /// With whom, as JSON of the sender's making.
    pub body: String,
}

impl fmt::Debug for NotedTrip {
    /// Not with whom.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotedTrip")
            .field("booking", &self.booking)
            .finish_non_exhaustive()
    }
}

/// How one's part of a trip stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TripPart {
    /// There is no such booking.
    Absent,
    /// Nothing of it ever left the phone.
    Unsent,
    /// It was taken back before anything was sent, with this very state.
    TakenBack,
    /// It may have been sent, or was answered.
    Out,
}

impl Vault {
    /// As [`Vault::enqueue`], of a part of a trip: `trip` says with whom it belongs together, as JSON of the sender's
    /// making. A held part is not sent until [`Vault::release_part`].
    ///
    /// # Errors
    /// As [`Vault::enqueue`].
    pub fn enqueue_part(
        &self,
        intent: &NewIntent,
        booking: &StoredBooking,
        trip: &str,
        hold: Option<TripHold>,
    ) -> Result<(), VaultError> {
        self.enqueue_with(intent, booking, |tx| {
            let noted = NotedTrip {
                booking: booking.id,
                clinic: booking.clinic.clone(),
                body: trip.to_owned(),
            };
            note_trip(tx, &noted)?;
            match hold {
                Some(hold) => set_hold(tx, intent.id, hold, intent.created),
                None => Ok(()),
            }
        })
    }

    /// The parts of trips that are held, the oldest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn held_parts(&self) -> Result<Vec<HeldPart>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(
                r#"SELECT "id", "clinic", "kind", "thing", "body", "created", "attempts",
                       "not_before", "sent" IS NOT NULL, "why"
                   FROM "intent" JOIN "parked" ON "intent" = "id" WHERE {HELD}
                   ORDER BY "created", "id""#,
            ))?;
            let mut rows = find.query([])?;
            let mut held = Vec::new();
            while let Some(row) = rows.next()? {
                let why: String = row.get(9)?;
                let holds = [TripHold::Keeping, TripHold::TakingBack];
                held.push(HeldPart {
                    intent: read_row(row)?,
                    hold: holds
                        .into_iter()
                        .find(|hold| hold.as_str() == why)
                        .ok_or(VaultError::Corrupt)?,
                });
            }
            Ok(held)
        })
    }

    /// How the part stands whose booking has this id. `taken_back` is the state that [`Vault::take_part_back`] gives.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn trip_part(
        &self,
        id: IntentId,
        taken_back: &BookingState,
    ) -> Result<TripPart, VaultError> {
        self.store().read(|tx, _| {
            let Some(booking) = bookings::find(tx, id)? else {
                return Ok(TripPart::Absent);
            };
            Ok(match is_unsent(tx, id)? {
                Some(true) => TripPart::Unsent,
                None if booking.state == *taken_back => TripPart::TakenBack,
                Some(false) | None => TripPart::Out,
            })
        })
    }

    /// Holds a part, unless it may have been sent, or is gone: whether it is held. Who is about to send it does not
    /// ([`Vault::mark_sending`]).
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn hold_part(&self, id: IntentId, since: Timestamp) -> Result<bool, VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            let is_unsent = is_unsent(tx, id)? == Some(true);
            if is_unsent {
                set_hold(tx, id, TripHold::TakingBack, since)?;
            }
            Ok(is_unsent)
        })
    }

    /// Lets a part go out. No error when it is not held, or gone.
    ///
    /// # Errors
    /// [`VaultError`]; it is held then.
    pub fn release_part(&self, id: IntentId) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            tx.prepare_cached(&format!(
                r#"DELETE FROM "parked" WHERE "intent" = ?1 AND {HELD}"#
            ))?
            .execute([id.to_string()])?;
            Ok(())
        })?;
        self.store().notices.tell(VaultChange::BOOKINGS);
        Ok(())
    }

    /// Takes a held part out of the outbox, with what else was meant to happen to it: its booking is `left` then, or as
    /// if it had never been. No error when it is gone, and nothing is done when it is not held.
    ///
    /// # Errors
    /// [`VaultError`]; it is held then.
    pub fn take_part_back(
        &self,
        id: IntentId,
        left: Option<(BookingState, Timestamp)>,
    ) -> Result<(), VaultError> {
        let gone = self.store().write(Durability::Full, |tx, _| {
            let held = tx
                .prepare_cached(&format!(
                    r#"SELECT 1 FROM "parked" WHERE "intent" = ?1 AND {HELD}"#
                ))?
                .exists([id.to_string()])?;
            let (true, Some(booking)) = (held, bookings::find(tx, id)?) else {
                return Ok(Vec::new());
            };
            let mut gone = Vec::new();
            {
                let mut about = tx.prepare_cached(
                    r#"DELETE FROM "intent" WHERE "booking" = ?1 RETURNING "id""#,
                )?;
                let mut about = about.query([id.to_string()])?;
                while let Some(row) = about.next()? {
                    gone.push(bookings::read_id(row, 0)?);
                }
            }
            match &left {
                Some((state, updated)) => {
                    let left = StoredBooking {
                        state: state.clone(),
                        updated: *updated,
                        ..booking
                    };
                    bookings::store(tx, &left)?;
                }
                None => {
                    for table in [r#""booking" WHERE "id""#, r#""trip" WHERE "booking""#] {
                        tx.prepare_cached(&format!("DELETE FROM {table} = ?1"))?
                            .execute([id.to_string()])?;
                    }
                }
            }
            Ok(gone)
        })?;
        self.note_done(&gone);
        self.store().notices.tell(VaultChange::BOOKINGS);
        Ok(())
    }

    /// With whom bookings belong together.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn trips(&self) -> Result<Vec<NotedTrip>, VaultError> {
        self.store().read(|tx, _| {
            let mut find =
                tx.prepare_cached(r#"SELECT "booking", "clinic", "body" FROM "trip""#)?;
            let mut rows = find.query([])?;
            let mut trips = Vec::new();
            while let Some(row) = rows.next()? {
                trips.push(NotedTrip {
                    booking: bookings::read_id(row, 0)?,
                    clinic: ClinicId(row.get(1)?),
                    body: row.get(2)?,
                });
            }
            Ok(trips)
        })
    }

    /// Notes with whom a booking belongs together, e.g. on a new phone. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn note_trip(&self, trip: &NotedTrip) -> Result<(), VaultError> {
        self.store()
            .write(Durability::Full, |tx, _| note_trip(tx, trip))
    }
}

/// Whether an intent is kept back for whatever reason.
pub(crate) fn is_kept_back(tx: &Transaction<'_>, id: IntentId) -> Result<bool, VaultError> {
    Ok(tx
        .prepare_cached(r#"SELECT 1 FROM "parked" WHERE "intent" = ?1 AND "since" IS NOT NULL"#)?
        .exists([id.to_string()])?)
}

fn is_unsent(tx: &Transaction<'_>, id: IntentId) -> Result<Option<bool>, VaultError> {
    Ok(tx
        .prepare_cached(r#"SELECT "sent" IS NULL FROM "intent" WHERE "id" = ?1"#)?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?)
}

fn set_hold(
    tx: &Transaction<'_>,
    id: IntentId,
    hold: TripHold,
    since: Timestamp,
) -> Result<(), VaultError> {
    tx.prepare_cached(
        r#"INSERT INTO "parked" VALUES (?1, 0, ?2, ?3)
           ON CONFLICT ("intent") DO UPDATE SET "since" = ?2, "why" = ?3"#,
    )?
    .execute((id.to_string(), since.as_millis(), hold.as_str()))?;
    Ok(())
}

fn note_trip(tx: &Transaction<'_>, trip: &NotedTrip) -> Result<(), VaultError> {
    tx.prepare_cached(r#"INSERT OR REPLACE INTO "trip" VALUES (?1, ?2, ?3)"#)?
        .execute((trip.booking.to_string(), trip.clinic.as_str(), &trip.body))?;
    Ok(())
}
