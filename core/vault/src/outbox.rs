//! The outbox: what was decided on the phone and the clinic has not answered yet.
//!
//! Every write here is on disk before the call returns, together with the booking that a screen
//! shows.

use std::fmt;

use rusqlite::{OptionalExtension as _, Row, Transaction};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Timestamp};

use crate::bookings::{self, StoredBooking, read_id};
use crate::changes;
use crate::error::VaultError;
use crate::events::{self, NewEvent};
use crate::journal::{Contents, Damage, Journal, WrittenIntent};
use crate::notice::VaultChange;
use crate::own_documents::{self, InDatabase};
use crate::store::Durability;
use crate::trips;
use crate::vault::Vault;

/// What an intent asks of a clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntentKind {
    /// Book a time. The intent's id is the booking's.
    Book,
    /// Take a booking back.
    Cancel,
    /// Have a confirmed booking at another time. Until the clinic has it so, it stands where it was.
    Move,
    /// Be put on a waiting list. The intent's id is that of the place, which may become a booking.
    Wait,
    /// Have the time that a clinic offers to somebody on its waiting list.
    Take,
    /// Not have it, and wait on.
    Decline,
}

impl IntentKind {
    /// The text that is stored; never changed once released.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Cancel => "cancel",
            Self::Move => "move",
            Self::Wait => "wait",
            Self::Take => "take",
            Self::Decline => "decline",
        }
    }

    /// Whether the intent's id is the booking's: until the clinic answers it there is nothing else.
    #[must_use]
    pub const fn makes_its_booking(self) -> bool {
        matches!(self, Self::Book | Self::Wait)
    }

    /// The kind of a stored text; nothing for one that a newer program wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Book,
            Self::Cancel,
            Self::Move,
            Self::Wait,
            Self::Take,
            Self::Decline,
        ]
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

pub(crate) const COLUMNS_AND_BOOKING: &str = r#"SELECT "id", "clinic", "kind", "thing", "body",
    "created", "attempts", "not_before", "sent" IS NOT NULL, "booking" FROM "intent""#;

pub(crate) fn read_row(row: &Row<'_>) -> Result<StoredIntent, VaultError> {
    Ok(StoredIntent {
        id: read_id(row, 0)?,
        clinic: ClinicId(row.get(1)?),
        kind: IntentKind::parse(&row.get::<_, String>(2)?).ok_or(VaultError::Corrupt)?,
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
    if !IntentKind::parse(&kind).is_some_and(IntentKind::makes_its_booking) {
        return Ok(None);
    }
    bookings::find(tx, booking?)
}

/// Keeps an intent and what it is about, and gives what the journal is to have of it; nothing of one that is known.
fn put(
    tx: &Transaction<'_>,
    intent: &NewIntent,
    booking: &StoredBooking,
) -> Result<Option<WrittenIntent>, VaultError> {
    let id = intent.id.to_string();
    let known = tx
        .prepare_cached(r#"SELECT 1 FROM "intent" WHERE "id" = ?1"#)?
        .exists([&id])?;
    // A booking whose intent is gone was answered already.
    let answered = intent.kind.makes_its_booking() && bookings::find(tx, intent.id)?.is_some();
    if known || answered {
        return Ok(None);
    }
    // Only a new booking brings its row; about an old one the caller's copy may be out of date.
    let stored = bookings::find(tx, booking.id)?;
    let in_order = NewIntent {
        created: after_all_about(tx, &intent.thing, intent.created)?,
        ..intent.clone()
    };
    let record = WrittenIntent::new(&in_order, stored.as_ref().unwrap_or(booking));
    match (intent.kind, stored) {
        (IntentKind::Cancel, Some(known)) => {
            bookings::check(&known.state, &BookingState::Cancelled)?;
            if known.state == BookingState::Cancelled {
                return Ok(None);
            }
        }
        (IntentKind::Move, Some(known)) if known.state != BookingState::Confirmed => {
            return Err(VaultError::BookingState {
                from: bookings::name(&known.state),
                to: "moved",
            });
        }
        (IntentKind::Take | IntentKind::Decline, Some(known))
            if !matches!(known.state, BookingState::Offered { .. }) =>
        {
            return Err(VaultError::BookingState {
                from: bookings::name(&known.state),
                to: "taken or declined",
            });
        }
        (IntentKind::Move | IntentKind::Take | IntentKind::Decline, Some(_)) => {}
        _ => {
            bookings::store(tx, booking)?;
        }
    }
    tx.prepare_cached(r#"INSERT INTO "intent" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, NULL)"#)?
        .execute((
            id,
            intent.clinic.as_str(),
            intent.kind.as_str(),
            &intent.thing,
            booking.id.to_string(),
            &intent.body,
            in_order.created.as_millis(),
            intent.created.as_millis(),
        ))?;
    Ok(Some(record))
}

impl Vault {
    /// Keeps an intent together with the booking it is about. The same id again changes nothing. What is decided of
    /// a booking later goes out later, whatever the phone's clock said, which may have gone back in between.
    ///
    /// # Errors
    /// [`VaultError::BookingState`], [`VaultError::DiskFull`]; nothing is kept then.
    pub fn enqueue(&self, intent: &NewIntent, booking: &StoredBooking) -> Result<(), VaultError> {
        self.enqueue_with(intent, booking, |_| Ok(()))
    }

    /// As [`Vault::enqueue`], of several of one person: all of them or none.
    ///
    /// # Errors
    /// As [`Vault::enqueue`].
    pub fn enqueue_all(&self, intents: &[(NewIntent, StoredBooking)]) -> Result<(), VaultError> {
        self.enqueue_each(
            intents.iter().map(|(intent, booking)| (intent, booking)),
            |_| Ok(()),
        )
    }

    /// As [`Vault::enqueue`], with `more` in the same transaction where the intent is new.
    pub(crate) fn enqueue_with(
        &self,
        intent: &NewIntent,
        booking: &StoredBooking,
        more: impl FnOnce(&Transaction<'_>) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        self.enqueue_each([(intent, booking)], more)
    }

    /// In one transaction, with `more` where any of the intents is new.
    fn enqueue_each<'a>(
        &self,
        intents: impl IntoIterator<Item = (&'a NewIntent, &'a StoredBooking)>,
        more: impl FnOnce(&Transaction<'_>) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let mut written = Vec::new();
        let kept = self.store().write(Durability::Full, |tx, _| {
            let mut records = Vec::new();
            for (intent, booking) in intents {
                records.extend(put(tx, intent, booking)?);
            }
            if records.is_empty() {
                return Ok(());
            }
            more(tx)?;
            // Last: whatever fails after it is the commit.
            self.journal().add(&records)?;
            written = records.iter().map(|record| record.id).collect();
            Ok(())
        });
        if !written.is_empty() {
            self.note_in_journal(|journal| match kept {
                Ok(()) => journal.keep(&written),
                Err(_) => journal.abort(&written),
            });
        }
        kept?;
        if !written.is_empty() {
            self.store().notices.tell(VaultChange::BOOKINGS);
        }
        Ok(())
    }

    /// The intents that may be sent at `now`, the oldest first. One that is kept back ([`Vault::park`]) or
    /// whose time has not come keeps those back that are about the same thing and came after it. A booking comes
    /// before its cancellation whatever the phone's clock said, which may have gone back in between.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn due(&self, now: Timestamp) -> Result<Vec<StoredIntent>, VaultError> {
        self.select(
            r#"WHERE NOT EXISTS (
                   SELECT 1 FROM "intent" AS "first" LEFT JOIN "parked" ON "intent" = "first"."id"
                   WHERE "first"."thing" = "all"."thing"
                     AND ("first"."kind" <> 'book', "first"."created", "first"."id")
                         <= ("all"."kind" <> 'book', "all"."created", "all"."id")
                     AND ("since" IS NOT NULL OR "first"."not_before" > ?1))"#,
            now,
        )
    }

    /// All intents without an answer, those that are kept back, too, the oldest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn waiting(&self) -> Result<Vec<StoredIntent>, VaultError> {
        self.select(
            r#"WHERE "not_before" <= ?1"#,
            Timestamp::from_millis(i64::MAX),
        )
    }

    fn select(&self, which: &str, now: Timestamp) -> Result<Vec<StoredIntent>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(
                r#"{COLUMNS_AND_BOOKING} AS "all" {which} ORDER BY "kind" NOT IN ('book', 'wait'), "created", "id""#
            ))?;
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
    /// meanwhile, [`VaultError::KeptBack`]; do not send then.
    pub fn mark_sending(&self, id: IntentId, now: Timestamp) -> Result<(), VaultError> {
        let changed = self.store().write(Durability::Full, |tx, _| {
            if trips::is_kept_back(tx, id)? {
                return Err(VaultError::KeptBack);
            }
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

    /// Notes in an intent what its sender must know at the next try, in the place of what it was given: on disk, in the
    /// journal, too, before this returns.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`] when it was answered meanwhile; [`VaultError`].
    pub fn note(&self, id: IntentId, body: &str) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            let changed = tx
                .prepare_cached(r#"UPDATE "intent" SET "body" = ?2 WHERE "id" = ?1"#)?
                .execute((id.to_string(), body))?;
            let written = all_written(tx)?
                .into_iter()
                .find(|written| written.id == id);
            match written {
                // Whatever fails after this is the commit: the note says then what was not yet done.
                Some(written) if changed > 0 => self.journal().add(&[written]),
                _ => Err(VaultError::UnknownIntent),
            }
        })
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
    /// the events are kept unless state and time are known already, all or nothing. A refused booking takes
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
        let mut gone = vec![id];
        self.store().write(Durability::Full, |tx, _| {
            if !remove(tx, id)? {
                return Err(VaultError::UnknownIntent);
            }
            let before = bookings::find(tx, booking.id)?;
            bookings::store(tx, booking)?;
            if matches!(booking.state, BookingState::Refused(_)) {
                let mut others = tx.prepare_cached(
                    r#"DELETE FROM "intent" WHERE "booking" = ?1 RETURNING "id""#,
                )?;
                let mut others = others.query([booking.id.to_string()])?;
                while let Some(row) = others.next()? {
                    gone.push(read_id(row, 0)?);
                }
            }
            if before.is_some_and(|before| before.says_the_same(booking)) {
                return Ok(());
            }
            events::keep(tx, events)
        })?;
        self.note_done(&gone);
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
        self.note_done(&[id]);
        self.tell_answered(events);
        Ok(())
    }

    /// Notes in the journal that intents are out of the outbox, or documents no longer only here. When it
    /// fails the database remembers it; intents are only asked again, under their old ids, when it is
    /// lost, too.
    pub(crate) fn note_done(&self, ids: &[IntentId]) {
        if ids.is_empty() {
            return;
        }
        // Under SQLite's writer lock. A help, not a promise: what it says need not be on disk.
        let _ = self.store().write(Durability::Relaxed, |tx, _| {
            if self.journal().is_there()? {
                self.journal().done(ids)?;
            }
            let mut forget = tx.prepare_cached(r#"DELETE FROM "answered" WHERE "id" = ?1"#)?;
            for id in ids {
                forget.execute([id.to_string()])?;
            }
            Ok(())
        });
    }

    /// Writes into the journal under SQLite's writer lock. What is noted so is a help, not a promise.
    pub(crate) fn note_in_journal(&self, note: impl FnOnce(&Journal) -> Result<(), VaultError>) {
        let _ = self
            .store()
            .write(Durability::Full, |_, _| note(self.journal()));
    }

    pub(crate) fn tell_answered(&self, events: &[NewEvent]) {
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

/// Puts an intent with what is known of its sending into the outbox.
pub(crate) fn insert(
    tx: &Transaction<'_>,
    intent: &StoredIntent,
    booking: IntentId,
) -> Result<(), VaultError> {
    let sent = intent.sent.then_some(intent.created.as_millis());
    tx.prepare_cached(r#"INSERT INTO "intent" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"#)?
        .execute((
            intent.id.to_string(),
            intent.clinic.as_str(),
            intent.kind.as_str(),
            &intent.thing,
            booking.to_string(),
            &intent.body,
            intent.created.as_millis(),
            intent.attempts,
            intent.not_before.as_millis(),
            sent,
        ))?;
    Ok(())
}

/// Puts an intent of the journal back that the database does not hold, as possibly sent, unless its
/// booking says that it was answered. Whether it was put back.
pub(crate) fn restore(tx: &Transaction<'_>, written: &WrittenIntent) -> Result<bool, VaultError> {
    // A kind that a newer program wrote waits in the journal for that program.
    let Some(intent) = written.intent() else {
        return Ok(false);
    };
    let known = tx
        .prepare_cached(r#"SELECT 1 FROM "intent" WHERE "id" = ?1"#)?
        .exists([intent.id.to_string()])?;
    let mut booking = written.booking();
    let stored = bookings::find(tx, booking.id)?;
    let answered = match (intent.kind, stored.as_ref().map(|stored| &stored.state)) {
        (IntentKind::Book | IntentKind::Wait, Some(state)) => state.is_settled(),
        (IntentKind::Cancel | IntentKind::Move, Some(state)) => {
            matches!(state, BookingState::Cancelled | BookingState::Refused(_))
        }
        // The book may have gone back to before the offer: then the clinic says what became of it.
        (IntentKind::Take | IntentKind::Decline, Some(state)) => !state.is_waiting_list(),
        (_, None) => false,
    };
    if known || answered || is_answered(tx, intent.id)? {
        return Ok(false);
    }
    if intent.kind.makes_its_booking() {
        booking = stored.unwrap_or(booking);
        booking.state = BookingState::Sending;
        bookings::store(tx, &booking)?;
    } else if stored.is_none() {
        bookings::store(tx, &booking)?;
    }
    let intent = StoredIntent {
        id: intent.id,
        clinic: intent.clinic,
        kind: intent.kind,
        thing: intent.thing,
        body: intent.body,
        created: intent.created,
        attempts: 0,
        not_before: intent.created,
        sent: true,
    };
    insert(tx, &intent, booking.id)?;
    Ok(true)
}

/// Whether an intent is out of the outbox, or a document no longer only here, and the journal may not
/// know it.
pub(crate) fn is_answered(tx: &Transaction<'_>, id: IntentId) -> Result<bool, VaultError> {
    Ok(tx
        .prepare_cached(r#"SELECT 1 FROM "answered" WHERE "id" = ?1"#)?
        .exists([id.to_string()])?)
}

/// Notes that a document is no longer only here: that it stands in the journal does not bring it back.
pub(crate) fn note_answered(tx: &Transaction<'_>, id: IntentId) -> Result<(), VaultError> {
    tx.prepare_cached(r#"INSERT OR IGNORE INTO "answered" VALUES (?1)"#)?
        .execute([id.to_string()])?;
    Ok(())
}

/// Every intent that the database holds, as the journal writes it.
fn all_written(tx: &Transaction<'_>) -> Result<Vec<WrittenIntent>, VaultError> {
    let mut find = tx.prepare_cached(&format!(
        r#"{COLUMNS_AND_BOOKING} ORDER BY "kind" NOT IN ('book', 'wait'), "created", "id""#
    ))?;
    let mut rows = find.query([])?;
    let mut written = Vec::new();
    while let Some(row) = rows.next()? {
        let intent = read_row(row)?;
        let booking = bookings::find(tx, read_id(row, 9)?)?.ok_or(VaultError::Corrupt)?;
        let intent = NewIntent {
            id: intent.id,
            clinic: intent.clinic,
            kind: intent.kind,
            thing: intent.thing,
            body: intent.body,
            created: intent.created,
        };
        written.push(WrittenIntent::new(&intent, &booking));
    }
    Ok(written)
}

/// Whether journal and database say the same.
fn agree(journal: &Contents, database: &[WrittenIntent]) -> bool {
    journal.damage == Damage::None
        && journal.live.len() == database.len()
        && database.iter().all(|intent| {
            let live = journal.live.iter().find(|live| live.id == intent.id);
            live.is_some_and(|live| live.body == intent.body) && journal.kept.contains(&intent.id)
        })
}

/// Brings the database and the journal to say the same, when a vault is opened.
///
/// An intent (a document, a change) whose commit succeeded and that the database does not know was lost with a part of the
/// file: it comes back. One whose commit is not known to have succeeded was never acknowledged: there
/// the database's word counts. What the journal lost is written again.
pub(crate) fn reconcile(vault: &Vault) -> Result<(), VaultError> {
    let journal = vault.journal();
    let (database, documents, changes) = vault.store().read(|tx, _| {
        let changes = changes::InDatabase::read(tx)?;
        Ok((all_written(tx)?, InDatabase::read(tx)?, changes))
    })?;
    let nothing = database.is_empty() && documents.is_empty() && changes.is_empty();
    if nothing && !journal.is_there()? {
        return Ok(());
    }
    let contents = journal.read()?;
    if agree(&contents, &database) && documents.agrees(&contents) && changes.agrees(&contents) {
        return Ok(());
    }
    drop((contents, documents, changes));
    let patches = vault.store().write(Durability::Full, |tx, scratch| {
        // Again, now that nobody else writes.
        let mut contents = journal.read()?;
        let mut patches = Vec::new();
        patches.extend(own_documents::reconcile(vault, tx, scratch, &mut contents)?);
        patches.extend(changes::reconcile(tx, scratch, &mut contents)?);
        for written in &contents.live {
            if contents.kept.contains(&written.id) && !restore(tx, written)? {
                // What was noted last stands here first.
                tx.prepare_cached(r#"UPDATE "intent" SET "body" = ?2 WHERE "id" = ?1"#)?
                    .execute((written.id.to_string(), &written.body))?;
            }
        }
        let database = all_written(tx)?;
        contents.remove_where(|written| {
            written.intent().is_some() && !database.iter().any(|intent| intent.id == written.id)
        });
        for intent in database {
            contents.insert_kept(intent);
        }
        journal.rewrite(&contents)?;
        tx.execute(r#"DELETE FROM "answered""#, [])?;
        Ok(patches)
    })?;
    for patch in patches {
        patch.apply(vault.columns(), vault.directory());
    }
    Ok(())
}

/// Takes an intent out of the outbox: it was answered, by the clinic or by its feed. Whether it was there.
pub(crate) fn remove(tx: &Transaction<'_>, id: IntentId) -> Result<bool, VaultError> {
    let gone = tx
        .prepare_cached(r#"DELETE FROM "intent" WHERE "id" = ?1"#)?
        .execute([id.to_string()])?;
    Ok(gone > 0)
}

/// When an intent was decided, told so that it is later than all that waits about the same thing.
fn after_all_about(
    tx: &Transaction<'_>,
    thing: &str,
    decided: Timestamp,
) -> Result<Timestamp, VaultError> {
    let latest: Option<i64> = tx
        .prepare_cached(r#"SELECT max("created") FROM "intent" WHERE "thing" = ?1"#)?
        .query_row([thing], |row| row.get(0))?;
    let after = latest.map(|latest| Timestamp::from_millis(latest + 1));
    Ok(after.map_or(decided, |after| after.max(decided)))
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
