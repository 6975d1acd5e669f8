//! Bookings as a person sees them.

use std::fmt;

use rusqlite::{OptionalExtension as _, Row, Transaction};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Occurrence, Timestamp};

use crate::error::VaultError;
use crate::tickets;
use crate::vault::Vault;

/// A booking.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredBooking {
    /// The id of the intent that made it, and of the Appointment at the clinic.
    pub id: IntentId,
    /// Where.
    pub clinic: ClinicId,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// What for.
    pub service: String,
    /// Who; may be empty.
    pub practitioner: String,
    /// Which room; may be empty.
    pub location: String,
    /// What it is now.
    pub state: BookingState,
    /// When it last changed.
    pub updated: Timestamp,
    /// The time that the person named, where the clinic booked another place in its stead that they had said
    /// would do: another time, or the same with another doctor.
    pub asked: Option<Timestamp>,
    /// Which visit of a series it is.
    pub occurrence: Option<Occurrence>,
    /// Until when the person may change it by themselves; unset where they may until it begins, or that is not told.
    pub changeable_until: Option<Timestamp>,
}

impl StoredBooking {
    /// Whether another is at another time, or with another doctor where both are told.
    #[must_use]
    pub fn is_elsewhere(&self, other: &Self) -> bool {
        let (here, there) = (&self.practitioner, &other.practitioner);
        let is_told = !here.is_empty() && !there.is_empty();
        self.start != other.start || (is_told && here != there)
    }

    /// Whether whoever heard of the other hears nothing new: both are in the same state at the same place in time.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.state == other.state && !self.is_elsewhere(other)
    }
}

impl fmt::Debug for StoredBooking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredBooking")
            .field("id", &self.id)
            .field("clinic", &self.clinic)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

pub(crate) const COLUMNS: &str = r#"SELECT "id", "clinic", "start", "end", "service", "practitioner", "location",
    "state", "updated", "asked", "originating", "occurrence", "changeable_until" FROM "booking""#;

pub(crate) fn read_row(row: &Row<'_>) -> Result<StoredBooking, VaultError> {
    Ok(StoredBooking {
        id: read_id(row, 0)?,
        clinic: ClinicId(row.get(1)?),
        start: Timestamp::from_millis(row.get(2)?),
        end: Timestamp::from_millis(row.get(3)?),
        service: row.get(4)?,
        practitioner: row.get(5)?,
        location: row.get(6)?,
        state: serde_json::from_str(&row.get::<_, String>(7)?).map_err(|_| VaultError::Corrupt)?,
        updated: Timestamp::from_millis(row.get(8)?),
        asked: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_millis),
        occurrence: read_occurrence(row)?,
        changeable_until: row.get::<_, Option<i64>>(12)?.map(Timestamp::from_millis),
    })
}

fn read_occurrence(row: &Row<'_>) -> Result<Option<Occurrence>, VaultError> {
    let originating: Option<String> = row.get(10)?;
    let number: Option<u32> = row.get(11)?;
    let (Some(originating), Some(number)) = (originating, number) else {
        return Ok(None);
    };
    Ok(Some(Occurrence {
        originating: originating.parse().map_err(|_| VaultError::Corrupt)?,
        number,
    }))
}

pub(crate) fn read_id(row: &Row<'_>, column: usize) -> Result<IntentId, VaultError> {
    row.get::<_, String>(column)?
        .parse()
        .map_err(|_| VaultError::Corrupt)
}

pub(crate) fn find(
    tx: &Transaction<'_>,
    id: IntentId,
) -> Result<Option<StoredBooking>, VaultError> {
    tx.prepare_cached(&format!(r#"{COLUMNS} WHERE "id" = ?1"#))?
        .query_row([id.to_string()], |row| Ok(read_row(row)))
        .optional()?
        .transpose()
}

/// Stores a booking in the caller's transaction; whether that changed anything. A change of state
/// that may not be is refused.
pub(crate) fn store(tx: &Transaction<'_>, booking: &StoredBooking) -> Result<bool, VaultError> {
    if let Some(before) = find(tx, booking.id)? {
        check(&before.state, &booking.state)?;
        if before == *booking {
            return Ok(false);
        }
    }
    let state =
        serde_json::to_string(&booking.state).map_err(|_| VaultError::Internal { code: 0 })?;
    if booking.state == BookingState::Cancelled {
        tickets::forget(tx, booking.id)?;
    }
    // Not INSERT OR REPLACE: an intent may refer to the row.
    tx.prepare_cached(
        r#"INSERT INTO "booking" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
           ON CONFLICT ("id") DO UPDATE SET "clinic" = ?2, "start" = ?3, "end" = ?4, "service" = ?5,
               "practitioner" = ?6, "location" = ?7, "state" = ?8, "updated" = ?9, "asked" = ?10,
               "originating" = ?11, "occurrence" = ?12, "changeable_until" = ?13"#,
    )?
    .execute((
        booking.id.to_string(),
        booking.clinic.as_str(),
        booking.start.as_millis(),
        booking.end.as_millis(),
        &booking.service,
        &booking.practitioner,
        &booking.location,
        state,
        booking.updated.as_millis(),
        booking.asked.map(Timestamp::as_millis),
        booking.occurrence.map(|it| it.originating.to_string()),
        booking.occurrence.map(|it| it.number),
        booking.changeable_until.map(Timestamp::as_millis),
    ))?;
    Ok(true)
}

/// Refuses a change of state that may not be.
pub(crate) fn check(from: &BookingState, to: &BookingState) -> Result<(), VaultError> {
    if from.may_become(to) {
        return Ok(());
    }
    Err(VaultError::BookingState {
        from: name(from),
        to: name(to),
    })
}

pub(crate) const fn name(state: &BookingState) -> &'static str {
    match state {
        BookingState::WaitingForNetwork => "waiting for a network",
        BookingState::Sending => "sending",
        BookingState::OnWaitingList { .. } => "on the waiting list",
        BookingState::Offered { .. } => "offered",
        BookingState::Confirmed => "confirmed",
        BookingState::CheckedIn => "checked in",
        BookingState::Fulfilled => "over",
        BookingState::NoShow => "missed",
        BookingState::Refused(_) => "refused",
        BookingState::Cancelled => "cancelled",
    }
}

impl Vault {
    /// All bookings, the earliest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn bookings(&self) -> Result<Vec<StoredBooking>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(r#"{COLUMNS} ORDER BY "start", "id""#))?;
            let mut rows = find.query([])?;
            let mut bookings = Vec::new();
            while let Some(row) = rows.next()? {
                bookings.push(read_row(row)?);
            }
            Ok(bookings)
        })
    }

    /// A booking.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn booking(&self, id: IntentId) -> Result<Option<StoredBooking>, VaultError> {
        self.store().read(|tx, _| find(tx, id))
    }
}
