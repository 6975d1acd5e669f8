//! The outbox: what was decided on the phone and the clinic has not answered yet.
//!
//! Every write here is on disk before the call returns, together with the booking that a screen
//! shows.

use std::fmt;

use rusqlite::{OptionalExtension as _, Row, Transaction};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Timestamp};

use crate::bookings::{self, StoredBooking, read_id};
use crate::error::VaultError;
use crate::events::{self, NewEvent};
use crate::notice::VaultChange;
use crate::store::Durability;
use crate::vault::Vault;

/// What an intent asks of a clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntentKind {
    /// Book a time. The intent's id is the booking's.
    Book,
    /// Take a booking back.
    Cancel,
}

impl IntentKind {
    /// The text that is stored; never changed once released.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Cancel => "cancel",
        }
    }

    fn from_str(text: &str) -> Option<Self> {
        [Self::Book, Self::Cancel]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// An intent to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewIntent {
    /// Its id, the same on every try.
    pub id: IntentId,
    /// Whom it asks.
    pub clinic: ClinicId,
    /// What it asks.
    pub kind: IntentKind,
    /// What it is about: intents about one thing are sent in their order.
    pub thing: String,
    /// The rest, as JSON of the sender's making.
    pub body: String,
    /// When it was decided.
    pub created: Timestamp,
}

impl fmt::Debug for NewIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewIntent")
            .field("id", &self.id)
            .field("clinic", &self.clinic)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// An intent that waits for its answer.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredIntent {
    /// Its id, the same on every try.
    pub id: IntentId,
    /// Whom it asks.
    pub clinic: ClinicId,
    /// What it asks.
    pub kind: IntentKind,
    /// What it is about.
    pub thing: String,
    /// The rest, as JSON of the sender's making.
    pub body: String,
    /// When it was decided.
    pub created: Timestamp,
    /// How often sending was begun.
    pub attempts: u32,
    /// Not to be tried again before.
    pub not_before: Timestamp,
    /// Whether a byte of it may ever have left the phone.
    pub sent: bool,
}

impl fmt::Debug for StoredIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredIntent")
            .field("id", &self.id)
            .field("clinic", &self.clinic)
            .field("kind", &self.kind)
            .field("attempts", &self.attempts)
            .field("not_before", &self.not_before)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

fn read_row(row: &Row<'_>) -> Result<StoredIntent, VaultError> {
    Ok(StoredIntent {
        id: read_id(row, 0)?,
        clinic: ClinicId(row.get(1)?),
        kind: IntentKind::from_str(&row.get::<_, String>(2)?).ok_or(VaultError::Corrupt)?,
        thing: row.get(3)?,
        body: row.get(4)?,
        created: Timestamp::from_millis(row.get(5)?),
        attempts: row.get(6)?,
        not_before: Timestamp::from_millis(row.get(7)?),
        sent: row.get(8)?,
    })
}

/// The booking an intent is about, when the intent is a booking itself.
fn booked_by(tx: &Transaction<'_>, id: IntentId) -> Result<Option<StoredBooking>, VaultError> {
    let mut find =
        tx.prepare_cached(r#"SELECT "kind", "booking" FROM "intent" WHERE "id" = ?1"#)?;
    let (kind, booking) = find
        .query_row([id.to_string()], |row| {
            Ok((row.get::<_, String>(0)?, read_id(row, 1)))
        })
        .optional()?
        .ok_or(VaultError::UnknownIntent)?;
    if IntentKind::from_str(&kind) != Some(IntentKind::Book) {
        return Ok(None);
    }
    bookings::find(tx, booking?)
}

impl Vault {
    /// Keeps an intent together with the booking it is about. The same id again changes nothing.
    ///
    /// # Errors
    /// [`VaultError::BookingState`], [`VaultError::DiskFull`]; nothing is kept then.
    pub fn enqueue(&self, intent: &NewIntent, booking: &StoredBooking) -> Result<(), VaultError> {
        let new = self.store().write(Durability::Full, |tx, _| {
            let id = intent.id.to_string();
            let known = tx
                .prepare_cached(r#"SELECT 1 FROM "intent" WHERE "id" = ?1"#)?
                .exists([&id])?;
            // A booking whose intent is gone was answered already.
            let answered =
                intent.kind == IntentKind::Book && bookings::find(tx, intent.id)?.is_some();
            if known || answered {
                return Ok(false);
            }
            // Only a new booking brings its row; about an old one the caller's copy may be out of date.
            match (intent.kind, bookings::find(tx, booking.id)?) {
                (IntentKind::Cancel, Some(known)) => {
                    bookings::check(&known.state, &BookingState::Cancelled)?;
                    if known.state == BookingState::Cancelled {
                        return Ok(false);
                    }
                }
                _ => {
                    bookings::store(tx, booking)?;
                }
            }
            tx.prepare_cached(
                r#"INSERT INTO "intent" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?7, NULL)"#,
            )?
            .execute((
                id,
                intent.clinic.as_str(),
                intent.kind.as_str(),
                &intent.thing,
                booking.id.to_string(),
                &intent.body,
                intent.created.as_millis(),
            ))?;
            Ok(true)
        })?;
        if new {
            self.store().notices.tell(VaultChange::BOOKINGS);
        }
        Ok(())
    }

    /// The intents that may be sent at `now`, the oldest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn due(&self, now: Timestamp) -> Result<Vec<StoredIntent>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "id", "clinic", "kind", "thing", "body", "created", "attempts",
                       "not_before", "sent" IS NOT NULL
                   FROM "intent" WHERE "not_before" <= ?1 ORDER BY "created", "id""#,
            )?;
            let mut rows = find.query([now.as_millis()])?;
            let mut intents = Vec::new();
            while let Some(row) = rows.next()? {
                intents.push(read_row(row)?);
            }
            Ok(intents)
        })
    }

    /// Notes that sending begins: to be called, and to have returned, before the first byte leaves.
    /// A booking that waits is "sending" from here on.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`], [`VaultError::BookingState`] when the booking was settled
    /// meanwhile; do not send then.
    pub fn mark_sending(&self, id: IntentId, now: Timestamp) -> Result<(), VaultError> {
        let changed = self.store().write(Durability::Full, |tx, _| {
            let changed = set_state(tx, id, BookingState::Sending, Some(now))?;
            tx.prepare_cached(
                r#"UPDATE "intent" SET "attempts" = "attempts" + 1, "sent" = ?2 WHERE "id" = ?1"#,
            )?
            .execute((id.to_string(), now.as_millis()))?;
            Ok(changed)
        })?;
        self.tell_bookings(changed);
        Ok(())
    }

    /// Puts an intent off. `state` is what its booking is meanwhile; an intent that is not a booking
    /// itself (a cancellation) leaves the booking as it is. [`BookingState::WaitingForNetwork`] also
    /// says that nothing of it ever reached the clinic: it counts as not sent again.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`], [`VaultError::BookingState`]; nothing is changed then.
    pub fn postpone(
        &self,
        id: IntentId,
        not_before: Timestamp,
        state: BookingState,
    ) -> Result<(), VaultError> {
        let changed = self.store().write(Durability::Full, |tx, _| {
            let arrived = state != BookingState::WaitingForNetwork;
            let changed = set_state(tx, id, state, None)?;
            tx.prepare_cached(
                r#"UPDATE "intent" SET "not_before" = ?2, "sent" = CASE WHEN ?3 THEN "sent" END WHERE "id" = ?1"#,
            )?
            .execute((id.to_string(), not_before.as_millis(), arrived))?;
            Ok(changed)
        })?;
        self.tell_bookings(changed);
        Ok(())
    }

    /// Takes in the clinic's answer: the intent is gone, the booking is what the clinic said, and
    /// the events are kept unless the state is known already, all or nothing. A refused booking takes
    /// what else was meant to happen to it along.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`], [`VaultError::BookingState`]; the intent waits on then.
    pub fn settle(
        &self,
        id: IntentId,
        booking: &StoredBooking,
        events: &[NewEvent],
    ) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            if !remove(tx, id)? {
                return Err(VaultError::UnknownIntent);
            }
            let before = bookings::find(tx, booking.id)?.map(|before| before.state);
            bookings::store(tx, booking)?;
            if matches!(booking.state, BookingState::Refused(_)) {
                tx.prepare_cached(r#"DELETE FROM "intent" WHERE "booking" = ?1"#)?
                    .execute([booking.id.to_string()])?;
            }
            if before.as_ref() == Some(&booking.state) {
                return Ok(());
            }
            events::keep(tx, events)
        })?;
        self.tell_answered(events);
        Ok(())
    }

    /// Takes an intent out that will not be sent again, and leaves its booking as it is. No error when
    /// it is gone already.
    ///
    /// # Errors
    /// [`VaultError`]; nothing is changed then.
    pub fn drop_intent(&self, id: IntentId, events: &[NewEvent]) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            remove(tx, id)?;
            events::keep(tx, events)
        })?;
        self.tell_answered(events);
        Ok(())
    }

    fn tell_answered(&self, events: &[NewEvent]) {
        self.store().notices.tell(VaultChange {
            events: !events.is_empty(),
            ..VaultChange::BOOKINGS
        });
    }

    fn tell_bookings(&self, changed: bool) {
        if changed {
            self.store().notices.tell(VaultChange::BOOKINGS);
        }
    }
}

/// Takes an intent out of the outbox: it was answered, by the clinic or by its feed. Whether it was there.
pub(crate) fn remove(tx: &Transaction<'_>, id: IntentId) -> Result<bool, VaultError> {
    let gone = tx
        .prepare_cached(r#"DELETE FROM "intent" WHERE "id" = ?1"#)?
        .execute([id.to_string()])?;
    Ok(gone > 0)
}

/// Sets the state of the booking that an intent makes; whether that changed anything.
fn set_state(
    tx: &Transaction<'_>,
    id: IntentId,
    state: BookingState,
    updated: Option<Timestamp>,
) -> Result<bool, VaultError> {
    match booked_by(tx, id)? {
        Some(before) if before.state != state => bookings::store(
            tx,
            &StoredBooking {
                state,
                updated: updated.unwrap_or(before.updated),
                ..before
            },
        ),
        _ => Ok(false),
    }
}
