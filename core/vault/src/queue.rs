//! What clinics said last of places in their queues: shown, with its age, where they cannot be asked.

use std::fmt;

use sokhoe_domain::{ClinicId, IntentId, Timestamp};

use crate::bookings;
use crate::error::VaultError;
use crate::notice::VaultChange;
use crate::store::Durability;
use crate::vault::Vault;

/// What a clinic said of a place in its queue.
#[derive(Clone, PartialEq, Eq)]
pub struct NotedQueue {
    /// Whose: the booking.
    pub booking: IntentId,
    /// Which clinic.
    pub clinic: ClinicId,
    /// When it came, by this phone's clock.
    pub received: Timestamp,
    /// As the clinic wrote it.
    pub body: String,
}

impl fmt::Debug for NotedQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotedQueue")
            .field("booking", &self.booking)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// Notes what a clinic says, in the place of what it said before. A power cut may take it back: the clinic is asked
    /// again.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn note_queue(&self, said: &NotedQueue) -> Result<(), VaultError> {
        self.store().write(Durability::Relaxed, |tx, _| {
            tx.prepare_cached(r#"INSERT OR REPLACE INTO "queue" VALUES (?1, ?2, ?3, ?4)"#)?
                .execute((
                    said.booking.to_string(),
                    said.clinic.as_str(),
                    said.received.as_millis(),
                    &said.body,
                ))?;
            Ok(())
        })?;
        self.store().notices.tell(VaultChange::BOOKINGS);
        Ok(())
    }

    /// What was noted.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn noted_queues(&self) -> Result<Vec<NotedQueue>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx
                .prepare_cached(r#"SELECT "booking", "clinic", "received", "body" FROM "queue""#)?;
            let mut rows = find.query([])?;
            let mut noted = Vec::new();
            while let Some(row) = rows.next()? {
                noted.push(NotedQueue {
                    booking: bookings::read_id(row, 0)?,
                    clinic: ClinicId(row.get(1)?),
                    received: Timestamp::from_millis(row.get(2)?),
                    body: row.get(3)?,
                });
            }
            Ok(noted)
        })
    }

    /// Forgets what was noted of a booking.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn forget_queue(&self, booking: IntentId) -> Result<(), VaultError> {
        self.store().write(Durability::Relaxed, |tx, _| {
            tx.prepare_cached(r#"DELETE FROM "queue" WHERE "booking" = ?1"#)?
                .execute([booking.to_string()])?;
            Ok(())
        })
    }
}
