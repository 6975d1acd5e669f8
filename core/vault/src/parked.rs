//! Intents that can never succeed as they are: kept and shown, but no longer sent until the person says
//! what becomes of them.
//!
//! The journal knows nothing of this: an intent that comes back from it is sent again, under its old id,
//! and parked again.

use sokhoe_domain::{IntentId, Timestamp};

use crate::error::VaultError;
use crate::events::{self, NewEvent};
use crate::outbox::{StoredIntent, read_row};
use crate::store::Durability;
use crate::trips::HELD;
use crate::vault::Vault;

/// Why an intent is no longer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParkedWhy {
    /// What was stored of it cannot be read.
    Unreadable,
    /// No request can be formed of it.
    Invalid,
    /// The clinic answered again and again so that nothing follows from it.
    Unclear,
    /// The clinic refused to change the booking.
    Refused {
        /// The clinic's code.
        code: String,
    },
}

impl ParkedWhy {
    /// The text that is stored; never changed once released.
    fn stored(&self) -> String {
        match self {
            Self::Unreadable => "unreadable".to_owned(),
            Self::Invalid => "invalid".to_owned(),
            Self::Unclear => "unclear".to_owned(),
            Self::Refused { code } => format!("refused:{code}"),
        }
    }

    fn from_stored(text: &str) -> Option<Self> {
        Some(match text {
            "unreadable" => Self::Unreadable,
            "invalid" => Self::Invalid,
            "unclear" => Self::Unclear,
            other => Self::Refused {
                code: other.strip_prefix("refused:")?.to_owned(),
            },
        })
    }
}

/// An intent that is no longer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedIntent {
    /// The intent.
    pub intent: StoredIntent,
    /// Why.
    pub why: ParkedWhy,
    /// Since when.
    pub since: Timestamp,
}

impl Vault {
    /// Counts an answer from which nothing follows; how many there were.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`]
    pub fn count_unclear(&self, id: IntentId) -> Result<u32, VaultError> {
        self.store().write(Durability::Relaxed, |tx, _| {
            known(tx, id)?;
            Ok(tx
                .prepare_cached(
                    r#"INSERT INTO "parked" VALUES (?1, 1, NULL, NULL)
                       ON CONFLICT ("intent") DO UPDATE SET "unclear" = "unclear" + 1
                       RETURNING "unclear""#,
                )?
                .query_row([id.to_string()], |row| row.get(0))?)
        })
    }

    /// Keeps an intent back from now on, and keeps the events. Its booking stays as it is.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`]; nothing is changed then.
    pub fn park(
        &self,
        id: IntentId,
        why: &ParkedWhy,
        since: Timestamp,
        events: &[NewEvent],
    ) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            known(tx, id)?;
            tx.prepare_cached(
                r#"INSERT INTO "parked" VALUES (?1, 0, ?2, ?3)
                   ON CONFLICT ("intent") DO UPDATE SET "since" = ?2, "why" = ?3"#,
            )?
            .execute((id.to_string(), since.as_millis(), why.stored()))?;
            events::keep(tx, events)
        })?;
        self.tell_answered(events);
        Ok(())
    }

    /// Sends an intent again that was kept back, under its id, from `now` on. No error when it was not.
    ///
    /// # Errors
    /// [`VaultError::UnknownIntent`]
    pub fn unpark(&self, id: IntentId, now: Timestamp) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            known(tx, id)?;
            let id = id.to_string();
            tx.prepare_cached(r#"DELETE FROM "parked" WHERE "intent" = ?1"#)?
                .execute([&id])?;
            tx.prepare_cached(r#"UPDATE "intent" SET "not_before" = ?2 WHERE "id" = ?1"#)?
                .execute((id, now.as_millis()))?;
            Ok(())
        })?;
        self.tell_answered(&[]);
        Ok(())
    }

    /// The intents that are kept back, the oldest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn parked(&self) -> Result<Vec<ParkedIntent>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(
                r#"SELECT "id", "clinic", "kind", "thing", "body", "created", "attempts",
                       "not_before", "sent" IS NOT NULL, "since", "why"
                   FROM "intent" JOIN "parked" ON "intent" = "id"
                   WHERE "since" IS NOT NULL AND NOT {HELD}
                   ORDER BY "created", "id""#,
            ))?;
            let mut rows = find.query([])?;
            let mut parked = Vec::new();
            while let Some(row) = rows.next()? {
                parked.push(ParkedIntent {
                    intent: read_row(row)?,
                    since: Timestamp::from_millis(row.get(9)?),
                    why: ParkedWhy::from_stored(&row.get::<_, String>(10)?)
                        .ok_or(VaultError::Corrupt)?,
                });
            }
            Ok(parked)
        })
    }
}

fn known(tx: &rusqlite::Transaction<'_>, id: IntentId) -> Result<(), VaultError> {
    let known = tx
        .prepare_cached(r#"SELECT 1 FROM "intent" WHERE "id" = ?1"#)?
        .exists([id.to_string()])?;
    if known {
        Ok(())
    } else {
        Err(VaultError::UnknownIntent)
    }
}
