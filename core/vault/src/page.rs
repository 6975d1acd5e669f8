//! A page of the feed, taken in as one transaction.

use std::collections::BTreeSet;
use std::fmt;

use rusqlite::Transaction;
use sokhoe_domain::{ClinicId, ResourceKey, Timestamp};
use sokhoe_fhir::bundle::Change;

use crate::bookings::{self, StoredBooking};
use crate::changes::Pending;
use crate::error::VaultError;
use crate::events::{self, NewEvent};
use crate::ingest::Ingest;
use crate::notice::VaultChange;
use crate::outbox;
use crate::resources;
use crate::store::Durability;
use crate::sync_state;
use crate::vault::{BOOK_OLDER, Vault};

/// A page of a clinic's changes with all that follows from them.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// Whose feed it is.
    pub clinic: &'a ClinicId,
    /// The changes, in the clinic's order.
    pub changes: &'a [Change<'a>],
    /// Where the feed goes on after them.
    pub cursor: &'a str,
    /// When the page came.
    pub received: Timestamp,
    /// What the changes make of bookings.
    pub bookings: &'a [StoredBooking],
    /// What must not be missed.
    pub events: &'a [NewEvent],
}

impl fmt::Debug for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("clinic", &self.clinic)
            .field("changes", &self.changes.len())
            .finish_non_exhaustive()
    }
}

/// What a page did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Resources that are new or changed.
    pub stored: u64,
    /// Resources that are gone.
    pub deleted: u64,
    /// Records that could not be read and were set aside.
    pub set_aside: u64,
    /// Changes that said what was known.
    pub unchanged: u64,
    /// Bookings whose new state cannot follow the one they have; they stay as they are.
    pub bookings_refused: u64,
}

impl Applied {
    /// Changes that came, whatever they did.
    fn came(&self) -> u64 {
        self.stored + self.deleted + self.set_aside + self.unchanged
    }
}

/// Where a page stands in its feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The cursor that the page was asked for with.
    pub after: Option<&'a str>,
    /// Whether the feed has nothing after it.
    pub last: bool,
}

/// In which order changes come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// In that of the clinic's commits: what comes is newer than what is here.
    Commits,
    /// In any: stamps tell what is newer.
    Stamps,
    /// Before the feed begins.
    Ahead,
}

impl Vault {
    /// Takes in a page: resources, rows, trends, search, deletions, bookings, events and the cursor,
    /// all or nothing. A record that cannot be read is set aside and the rest goes on.
    ///
    /// A page without bookings and events may be taken back by a power cut, together with its
    /// cursor: the next sync fetches it again.
    ///
    /// A booking that the page settles takes its intent out of the outbox, and an event about a booking
    /// whose state is not changed by the page is not kept: whichever of the outbox and the feed comes
    /// first tells the person, once. (An event of a call is always kept.)
    ///
    /// # Errors
    /// [`VaultError`]; nothing of the page is kept then.
    pub fn apply(&self, page: &Page<'_>) -> Result<Applied, VaultError> {
        let applied = self.take_in(page, None, Order::Commits)?;
        Ok(applied.unwrap_or_default())
    }

    /// As [`Vault::apply`], but only when the feed still stands where the page was asked for. When
    /// another pull was faster the answer is nothing and nothing is changed: older versions must not
    /// be laid over newer ones.
    ///
    /// # Errors
    /// [`VaultError`]; nothing of the page is kept then.
    pub fn apply_at(
        &self,
        page: &Page<'_>,
        place: Place<'_>,
    ) -> Result<Option<Applied>, VaultError> {
        self.take_in(page, Some(place), Order::Commits)
    }

    /// As [`Vault::apply_at`], for a server whose answers are in no order: what is older than what is
    /// here, by `meta.lastUpdated` unless versions that are numbers say otherwise, changes nothing.
    ///
    /// # Errors
    /// [`VaultError`]; nothing of the page is kept then.
    pub fn apply_unordered(
        &self,
        page: &Page<'_>,
        place: Place<'_>,
    ) -> Result<Option<Applied>, VaultError> {
        self.take_in(page, Some(place), Order::Stamps)
    }

    /// Takes in what is wanted before the feed brings it, which it will. The cursor stays, and so does
    /// everything when the feed stands no longer at `after`, where it stood when the clinic was asked: the
    /// answer is nothing then.
    ///
    /// # Errors
    /// [`VaultError`]; nothing of the page is kept then.
    pub fn apply_ahead(
        &self,
        page: &Page<'_>,
        after: Option<&str>,
    ) -> Result<Option<Applied>, VaultError> {
        let place = Place { after, last: false };
        self.take_in(page, Some(place), Order::Ahead)
    }

    /// The resources of a clinic with their versions, in no order.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn versions(
        &self,
        clinic: &ClinicId,
    ) -> Result<Vec<(ResourceKey, Option<String>)>, VaultError> {
        self.store().read(|tx, _| resources::versions(tx, clinic))
    }

    fn take_in(
        &self,
        page: &Page<'_>,
        place: Option<Place<'_>>,
        order: Order,
    ) -> Result<Option<Applied>, VaultError> {
        if page.clinic.is_own() {
            return Err(VaultError::ReservedClinic);
        }
        // What the clinic says of a change of the person's may end it.
        let changes = self.has_changes(page.clinic)?;
        let durability = if page.bookings.is_empty() && page.events.is_empty() && !changes {
            Durability::Relaxed
        } else {
            Durability::Full
        };
        if let Some(place) = place
            && self.says_nothing(page, place)?
        {
            return Ok(Some(Applied::default()));
        }
        let mut answered = Vec::new();
        let (mut moved, mut named) = (Vec::new(), Vec::new());
        let taken = self.store().write(durability, |tx, scratch| {
            if let Some(place) = place
                && cursor_of(tx, page.clinic)?.as_deref() != place.after
            {
                return Ok(None);
            }
            let directory = self.directory().current(tx)?;
            let mut pending = Pending::of(tx, page.clinic)?;
            let mut ingest = Ingest::begin(tx, scratch, directory, page.clinic, page.received)?;
            ingest.only_newer = order != Order::Commits;
            for change in page.changes {
                pending.take(tx, &mut ingest, change, page.received)?;
            }
            let (mut applied, mut change, patch) =
                ingest.finish((order != Order::Ahead).then_some(page.cursor))?;
            if place.is_some() && order != Order::Ahead {
                change.sync = sync_state::count_arrived(tx, page.clinic, applied.came())?;
            }
            answered.append(&mut pending.done);
            let mut old_news: BTreeSet<String> = BTreeSet::new();
            for booking in page.bookings {
                let before = bookings::find(tx, booking.id)?;
                match bookings::store(tx, booking) {
                    Ok(changed) => change.bookings |= changed,
                    Err(VaultError::BookingState { .. }) => applied.bookings_refused += 1,
                    Err(error) => return Err(error),
                }
                if before.is_some_and(|before| {
                    !before.state.may_become(&booking.state) || before.says_the_same(booking)
                }) {
                    old_news.insert(booking.id.to_string());
                }
                if booking.state.is_settled() {
                    let removed = outbox::remove(tx, booking.id)?;
                    change.bookings |= removed;
                    if removed {
                        answered.push(booking.id);
                    }
                }
            }
            let news: Vec<NewEvent> = page
                .events
                .iter()
                .filter(|event| event.is_of_a_call() || !old_news.contains(&event.subject))
                .cloned()
                .collect();
            events::keep(tx, &news)?;
            change.events = pending.has_news || !news.is_empty();
            for record in pending.under_another_name() {
                self.journal().add_change(&record)?;
                moved.push(record.id);
            }
            named = pending.into_named();
            if place.is_some_and(|place| place.last) {
                sync_state::reached(tx, page.clinic, page.received)?;
                change.sync = true;
            }
            Ok(Some((applied, change, patch)))
        })?;
        let Some((applied, change, patch)) = taken else {
            return Ok(None);
        };
        self.note_done(&answered);
        if !moved.is_empty() {
            self.note_in_journal(|journal| {
                moved.iter().try_for_each(|id| journal.keep_change(*id))
            });
        }
        for (from, to) in named {
            self.named().add(page.clinic, from, to);
        }
        patch.apply(self.columns(), self.directory());
        self.store().notices.tell(change);
        Ok(Some(applied))
    }

    /// Whether a page leaves everything as it is: most answers to a phone that asks for news. Nothing is written then.
    fn says_nothing(&self, page: &Page<'_>, place: Place<'_>) -> Result<bool, VaultError> {
        let is_empty =
            page.changes.is_empty() && page.bookings.is_empty() && page.events.is_empty();
        if !is_empty || place.after != Some(page.cursor) {
            return Ok(false);
        }
        self.store().read(|tx, _| {
            let stands = cursor_of(tx, page.clinic)?.as_deref() == place.after;
            Ok(stands && (!place.last || is_caught_up(tx, page.clinic)?))
        })
    }

    /// Whether the end of a clinic's feed was ever reached. Until then what comes is history, not news;
    /// forgetting the cursor does not change it.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn caught_up(&self, clinic: &ClinicId) -> Result<bool, VaultError> {
        self.store().read(|tx, _| is_caught_up(tx, clinic))
    }

    /// Where a clinic's feed goes on; nothing before its first page.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn cursor(&self, clinic: &ClinicId) -> Result<Option<String>, VaultError> {
        self.store().read(|tx, _| cursor_of(tx, clinic))
    }

    /// Forgets where a clinic's feed stood: the next sync begins at its beginning. What is stored
    /// stays.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn reset_cursor(&self, clinic: &ClinicId) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            tx.prepare_cached(r#"UPDATE "clinic" SET "cursor" = NULL WHERE "name" = ?1"#)?
                .execute([clinic.as_str()])?;
            Ok(())
        })
    }
}

/// The book is older than one that was here: everything is fetched again, and the person hears of it.
pub(crate) fn begin_again(tx: &Transaction<'_>) -> Result<(), VaultError> {
    tx.execute(r#"UPDATE "clinic" SET "cursor" = NULL"#, [])?;
    // The vault has no clock: until when this book knows things says as much.
    let newest: Option<i64> =
        tx.query_row(r#"SELECT max("received") FROM "resource""#, [], |row| {
            row.get(0)
        })?;
    let event = NewEvent {
        kind: BOOK_OLDER.to_owned(),
        subject: String::new(),
        at: Timestamp::from_millis(newest.unwrap_or(0)),
        body: String::new(),
    };
    events::keep(tx, &[event])
}

fn is_caught_up(tx: &Transaction<'_>, clinic: &ClinicId) -> Result<bool, VaultError> {
    Ok(tx
        .prepare_cached(r#"SELECT 1 FROM "clinic" WHERE "name" = ?1 AND "caught_up""#)?
        .exists([clinic.as_str()])?)
}

fn cursor_of(tx: &Transaction<'_>, clinic: &ClinicId) -> Result<Option<String>, VaultError> {
    let mut find = tx.prepare_cached(r#"SELECT "cursor" FROM "clinic" WHERE "name" = ?1"#)?;
    let mut rows = find.query([clinic.as_str()])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?.flatten())
}

impl VaultChange {
    pub(crate) const ENTRIES: Self = Self {
        entries: true,
        bookings: false,
        events: false,
        invoices: false,
        sync: false,
    };
    pub(crate) const BOOKINGS: Self = Self {
        entries: false,
        bookings: true,
        events: false,
        invoices: false,
        sync: false,
    };
    pub(crate) const EVENTS: Self = Self {
        entries: false,
        bookings: false,
        events: true,
        invoices: false,
        sync: false,
    };
}
