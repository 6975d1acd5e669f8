//! Invitations to help somebody that wait for a network, or for the phone that made them.

use std::fmt;

use ring::digest::{SHA256, digest};
use sokhoe_domain::Timestamp;

use crate::account::{AccountVault, Secret};
use crate::error::VaultError;
use crate::store::Durability;

/// An invitation that waits.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptInvitation {
    /// By which it is known here.
    pub id: String,
    /// As it was scanned: whoever has it comes in.
    pub text: Secret,
    /// When it was scanned.
    pub kept: Timestamp,
}

impl fmt::Debug for KeptInvitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptInvitation")
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}

impl AccountVault {
    /// Keeps an invitation; one that is kept already stays as it is. The id by which it is known.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn keep_invitation(&self, text: &str, now: Timestamp) -> Result<String, VaultError> {
        let hash = digest(&SHA256, text.as_bytes());
        let id: String = hash
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(
                r#"INSERT OR IGNORE INTO "invitation" VALUES (?1, ?2, ?3)"#,
                (&id, text, now.as_millis()),
            )?;
            Ok(())
        })?;
        Ok(id)
    }

    /// The invitations that wait, the oldest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn invitations(&self) -> Result<Vec<KeptInvitation>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "id", "text", "kept" FROM "invitation" ORDER BY "kept", "id""#,
            )?;
            let found = find.query_map([], |row| {
                Ok(KeptInvitation {
                    id: row.get(0)?,
                    text: row.get::<_, String>(1)?.into(),
                    kept: Timestamp::from_millis(row.get(2)?),
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// Forgets an invitation. Whether it was there.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn drop_invitation(&self, id: &str) -> Result<bool, VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            Ok(tx.execute(r#"DELETE FROM "invitation" WHERE "id" = ?1"#, [id])? > 0)
        })
    }
}
