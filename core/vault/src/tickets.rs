//! The tickets of bookings, as their clinics signed them. Whoever keeps one has proved it.
//!
//! A clinic has them: what is lost is fetched again. They go with their booking, and some days after their visit.

use std::fmt;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, Transaction};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Timestamp};

use crate::bookings::{self, StoredBooking};
use crate::error::VaultError;
use crate::store::Durability;
use crate::vault::Vault;

/// No clinic is left alone for longer, whatever a clock that was wrong said once.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);
/// So long after its visit a sheet is of no use to anybody.
const KEPT: Duration = Duration::from_secs(3 * 86_400);

/// What a clinic gave when it was asked for the tickets of a booking.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptTicket {
    /// The booking.
    pub booking: IntentId,
    /// When the visit begins that they are for.
    pub start: Timestamp,
    /// The signed sheet; unset when the clinic gave none.
    pub sheet: Option<String>,
    /// Before this instant it is not asked again where it gave none.
    pub not_before: Timestamp,
}

/// Whoever has the sheet is let in.
impl fmt::Debug for KeptTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptTicket")
            .field("booking", &self.booking)
            .field("has_sheet", &self.sheet.is_some())
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// The confirmed bookings at a clinic that are not over and have no tickets of their start, and for which it may be
    /// asked now.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn without_ticket(
        &self,
        clinic: &ClinicId,
        now: Timestamp,
    ) -> Result<Vec<StoredBooking>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(
                r#"{} WHERE "clinic" = ?1 AND "end" > ?2 AND NOT EXISTS (
                       SELECT 1 FROM "ticket" WHERE "ticket"."booking" = "booking"."id"
                           AND "ticket"."start" = "booking"."start"
                           AND ("sheet" IS NOT NULL OR "not_before" BETWEEN ?2 + 1 AND ?3))
                   ORDER BY "start", "id""#,
                bookings::COLUMNS
            ))?;
            let latest = now.plus(LONGEST_WAIT);
            let mut rows = find.query((clinic.as_str(), now.as_millis(), latest.as_millis()))?;
            let mut without = Vec::new();
            while let Some(row) = rows.next()? {
                let booking = bookings::read_row(row)?;
                if booking.state == BookingState::Confirmed {
                    without.push(booking);
                }
            }
            Ok(without)
        })
    }

    /// What the clinic gave for a booking, whatever start it is of.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn ticket(&self, booking: IntentId) -> Result<Option<KeptTicket>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "start", "sheet", "not_before" FROM "ticket" WHERE "booking" = ?1"#,
            )?;
            let kept = find.query_row([booking.to_string()], |row| {
                Ok(KeptTicket {
                    booking,
                    start: Timestamp::from_millis(row.get(0)?),
                    sheet: row.get(1)?,
                    not_before: Timestamp::from_millis(row.get(2)?),
                })
            });
            Ok(kept.optional()?)
        })
    }

    /// Keeps what a clinic gave, in the place of what was kept for the booking. Nothing is kept, and that is no error,
    /// when the booking is no longer confirmed, or at another start. Forgets those of visits that are long over.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn keep_ticket(&self, ticket: &KeptTicket, now: Timestamp) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            tx.prepare_cached(r#"DELETE FROM "ticket" WHERE "start" < ?1"#)?
                .execute([now.minus(KEPT).as_millis()])?;
            let booking = bookings::find(tx, ticket.booking)?.filter(|booking| {
                booking.state == BookingState::Confirmed && booking.start == ticket.start
            });
            if let Some(booking) = booking {
                tx.prepare_cached(
                    r#"INSERT OR REPLACE INTO "ticket" VALUES (?1, ?2, ?3, ?4, ?5)"#,
                )?
                .execute((
                    ticket.booking.to_string(),
                    booking.clinic.as_str(),
                    ticket.start.as_millis(),
                    &ticket.sheet,
                    ticket.not_before.as_millis(),
                ))?;
            }
            Ok(())
        })
    }
}

/// Forgets the tickets of a booking, in the transaction that calls it off.
pub(crate) fn forget(tx: &Transaction<'_>, booking: IntentId) -> Result<(), VaultError> {
    tx.prepare_cached(r#"DELETE FROM "ticket" WHERE "booking" = ?1"#)?
        .execute([booking.to_string()])?;
    Ok(())
}
