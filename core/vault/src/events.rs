//! What must not be missed: given again until it is acknowledged.

use std::fmt;

use rusqlite::Transaction;
use sokhoe_domain::Timestamp;

use crate::error::VaultError;
use crate::notice::VaultChange;
use crate::store::Durability;
use crate::vault::Vault;

/// Something the person must hear of.
#[derive(Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened, e.g. `booking-confirmed`.
    pub kind: String,
    /// To what, e.g. a booking's id.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// More, as the kind needs it; may be empty.
    pub body: String,
}

impl NewEvent {
    /// Whether it is of a call, whose kinds begin so. A call is news whatever becomes of the booking that it is about.
    pub(crate) fn is_of_a_call(&self) -> bool {
        self.kind.starts_with("queue-")
    }
}

impl fmt::Debug for NewEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEvent")
            .field("kind", &self.kind)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// An event that nobody has acknowledged yet.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptEvent {
    /// Names it for [`Vault::acknowledge`]; never used twice.
    pub id: i64,
    /// What happened.
    pub kind: String,
    /// To what.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// More, as the kind needs it; may be empty.
    pub body: String,
}

impl fmt::Debug for KeptEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptEvent")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Keeps events in the caller's transaction.
pub(crate) fn keep(tx: &Transaction<'_>, events: &[NewEvent]) -> Result<(), VaultError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut add = tx.prepare_cached(
        r#"INSERT INTO "event" ("kind", "subject", "at", "body") VALUES (?1, ?2, ?3, ?4)"#,
    )?;
    for event in events {
        add.execute((
            &event.kind,
            &event.subject,
            event.at.as_millis(),
            &event.body,
        ))?;
    }
    Ok(())
}

impl Vault {
    /// The events nobody has acknowledged, the oldest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn events(&self) -> Result<Vec<KeptEvent>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "id", "kind", "subject", "at", "body" FROM "event" ORDER BY "id""#,
            )?;
            let mut rows = find.query([])?;
            let mut events = Vec::new();
            while let Some(row) = rows.next()? {
                events.push(KeptEvent {
                    id: row.get(0)?,
                    kind: row.get(1)?,
                    subject: row.get(2)?,
                    at: Timestamp::from_millis(row.get(3)?),
                    body: row.get(4)?,
                });
            }
            Ok(events)
        })
    }

    /// Lets an event go; does nothing when it is gone already.
    ///
    /// # Errors
    /// [`VaultError`]; the event is kept then.
    pub fn acknowledge(&self, id: i64) -> Result<(), VaultError> {
        let gone = self.store().write(Durability::Full, |tx, _| {
            Ok(tx
                .prepare_cached(r#"DELETE FROM "event" WHERE "id" = ?1"#)?
                .execute([id])?)
        })?;
        if gone > 0 {
            self.store().notices.tell(VaultChange::EVENTS);
        }
        Ok(())
    }
}
