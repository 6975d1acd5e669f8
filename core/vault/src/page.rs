//! A page of the feed, taken in as one transaction.

use sokhoe_domain::{ClinicId, Timestamp};
use sokhoe_fhir::bundle::Change;

use crate::bookings::{self, StoredBooking};
use crate::error::VaultError;
use crate::events::{self, NewEvent};
use crate::ingest::Ingest;
use crate::notice::VaultChange;
use crate::store::Durability;
use crate::vault::Vault;

/// A page of a clinic's changes with all that follows from them.
#[derive(Debug, Clone, Copy)]
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

impl Vault {
    /// Takes in a page: resources, rows, trends, search, deletions, bookings, events and the cursor,
    /// all or nothing. A record that cannot be read is set aside and the rest goes on.
    ///
    /// A page without bookings and events may be taken back by a power cut, together with its
    /// cursor: the next sync fetches it again.
    ///
    /// # Errors
    /// [`VaultError`]; nothing of the page is kept then.
    pub fn apply(&self, page: &Page<'_>) -> Result<Applied, VaultError> {
        let durability = if page.bookings.is_empty() && page.events.is_empty() {
            Durability::Relaxed
        } else {
            Durability::Full
        };
        let (applied, change, patch) = self.store().write(durability, |tx, scratch| {
            let mut ingest = Ingest::begin(tx, scratch, page.clinic, page.received)?;
            for change in page.changes {
                ingest.take(change)?;
            }
            let (mut applied, mut change, patch) = ingest.finish(Some(page.cursor))?;
            for booking in page.bookings {
                match bookings::store(tx, booking) {
                    Ok(changed) => change.bookings |= changed,
                    Err(VaultError::BookingState { .. }) => applied.bookings_refused += 1,
                    Err(error) => return Err(error),
                }
            }
            events::keep(tx, page.events)?;
            change.events = !page.events.is_empty();
            Ok((applied, change, patch))
        })?;
        self.columns().patch(patch);
        self.store().notices.tell(change);
        Ok(applied)
    }

    /// Where a clinic's feed goes on; nothing before its first page.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn cursor(&self, clinic: &ClinicId) -> Result<Option<String>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(r#"SELECT "cursor" FROM "clinic" WHERE "name" = ?1"#)?;
            let mut rows = find.query([clinic.as_str()])?;
            Ok(rows.next()?.map(|row| row.get(0)).transpose()?.flatten())
        })
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

impl VaultChange {
    pub(crate) const BOOKINGS: Self = Self {
        entries: false,
        bookings: true,
        events: false,
        invoices: false,
    };
    pub(crate) const EVENTS: Self = Self {
        entries: false,
        bookings: false,
        events: true,
        invoices: false,
    };
}
