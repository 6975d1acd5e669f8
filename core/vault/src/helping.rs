//! Whom this phone helps: what clinics granted, and the leases under which the books are kept.

use std::fmt;
use std::time::Duration;

use rusqlite::{Row, Transaction};
use sokhoe_domain::ports::Uptime;
use sokhoe_domain::{ClinicId, GrantScopes, Lease, PersonId, Timestamp};

use crate::account::AccountVault;
use crate::error::VaultError;
use crate::store::Durability;

/// What a clinic granted this phone of a person who is not its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Helping {
    /// The clinic.
    pub clinic: ClinicId,
    /// The person's Patient id there.
    pub patient_id: String,
    /// What may be done.
    pub scopes: GrantScopes,
    /// Until when; unset when nobody said.
    pub ends: Option<Timestamp>,
    /// For how long the book may be shown without hearing from the clinic; unset on a phone that does not say since when
    /// it runs.
    pub lease: Option<Lease>,
}

impl fmt::Debug for Helping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helping")
            .field("clinic", &self.clinic)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

const HELPING: &str = r#"SELECT h."clinic", h."patient_id", h."scopes", h."ends", h."lease_start", h."lease_from",
           h."lease_span" FROM "helping" h"#;

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Helping> {
    let bits: u16 = row.get(2)?;
    let lease: (Option<i64>, Option<i64>, Option<i64>) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let lease = match lease {
        (Some(start), Some(from), Some(span)) => Some(Lease {
            from: Uptime {
                start: start.unsigned_abs(),
                since_start: Duration::from_millis(from.unsigned_abs()),
            },
            span: Duration::from_millis(span.unsigned_abs()),
        }),
        _ => None,
    };
    Ok(Helping {
        clinic: ClinicId(row.get(0)?),
        patient_id: row.get(1)?,
        // What this program does not know it does not allow.
        scopes: GrantScopes::from_bits(bits & GrantScopes::ALL.bits()).unwrap_or_default(),
        ends: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
        lease,
    })
}

/// Forgets that the patient is helped.
pub(crate) fn forget(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
    patient_id: &str,
) -> Result<(), VaultError> {
    tx.execute(
        r#"DELETE FROM "helping" WHERE "clinic" = ?1 AND "patient_id" = ?2"#,
        [clinic.as_str(), patient_id],
    )?;
    Ok(())
}

/// Keeps what was granted.
pub(crate) fn keep(tx: &Transaction<'_>, helping: &Helping) -> Result<(), VaultError> {
    let lease = helping.lease.as_ref();
    tx.prepare_cached(r#"INSERT OR REPLACE INTO "helping" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#)?
        .execute((
            helping.clinic.as_str(),
            &helping.patient_id,
            helping.scopes.bits(),
            helping.ends.map(Timestamp::as_millis),
            lease.map(|lease| i64::try_from(lease.from.start).unwrap_or(i64::MAX)),
            lease.map(|lease| millis(lease.from.since_start)),
            lease.map(|lease| millis(lease.span)),
        ))?;
    Ok(())
}

impl AccountVault {
    /// By which grants this phone helps the person; none: the book is of somebody of its own.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn helping(&self, person: &PersonId) -> Result<Vec<Helping>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(&format!(
                r#"{HELPING} JOIN "link" l ON l."clinic" = h."clinic" AND l."patient_id" = h."patient_id"
                   WHERE l."person" = ?1 ORDER BY h."clinic", h."patient_id""#
            ))?;
            let found = find.query_map([person.as_str()], read)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// Everybody whom this phone helps.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn all_helped(&self) -> Result<Vec<Helping>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(HELPING)?;
            Ok(find.query_map([], read)?.collect::<Result<_, _>>()?)
        })
    }

    /// The patient is somebody of the phone's own, or of nobody any more.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn forget_helping(&self, clinic: &ClinicId, patient_id: &str) -> Result<(), VaultError> {
        self.store
            .write(Durability::Full, |tx, _| forget(tx, clinic, patient_id))
    }

    /// Keeps what a clinic says of a grant now.
    ///
    /// # Errors
    /// [`VaultError`]; what was kept stays then.
    pub fn set_helping(&self, helping: &Helping) -> Result<(), VaultError> {
        self.store
            .write(Durability::Full, |tx, _| keep(tx, helping))
    }
}
