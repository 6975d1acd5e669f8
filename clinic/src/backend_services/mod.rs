//! A clinic's own systems: its HIS, a registry, a report. They prove themselves with keys whose public halves somebody
//! registered here, and read what their scopes open (SMART Backend Services, SMART App Launch 2.2). They write nothing.

mod assertion;
mod jwks;
mod scopes;
mod token;

use std::fmt;

use serde::Serialize;

use crate::ClinicError;
use crate::clinic::{Inner, hex};
use crate::store::{Sql, StoreError, params};

pub(crate) use assertion::assert_client;
pub use jwks::BadJwks;
pub(crate) use jwks::{Jwks, SIGNING};
pub(crate) use scopes::Doing;
pub use scopes::{BadScope, SystemScopes};
pub(crate) use token::{LASTS, SystemToken};

/// Letters of a name.
const LONGEST_NAME: usize = 100;

/// A system that may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct System {
    /// Its client id.
    pub id: String,
    /// What it is.
    pub name: String,
    /// What it may, as SMART writes scopes.
    pub scopes: String,
    /// How many keys it has.
    pub keys: usize,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  {}", self.id, self.name, self.scopes)
    }
}

/// Registers a system by the public halves of its keys. Gives its client id.
pub(crate) fn add(
    inner: &Inner,
    name: &str,
    jwks: &str,
    scopes: &str,
) -> Result<System, ClinicError> {
    let length = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&length) || name.chars().any(char::is_control) {
        return Err(ClinicError::BadSystemName);
    }
    let jwks = Jwks::read(jwks)?;
    let scopes = SystemScopes::read(scopes)?.to_string();
    let mut random = [0; 16];
    inner.rng.fill(&mut random);
    let id = format!("system-{}", hex(&random));
    let (kept, keys) = (jwks.to_json(), jwks.count());
    let row = (id.clone(), name.to_owned(), kept, scopes.clone());
    inner.store.write(move |tx| {
        let (id, name, jwks, scopes) = &row;
        tx.sql().execute(
            "INSERT INTO system_client (id, name, jwks, scopes, created) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, name, jwks, scopes, tx.now().as_millis()],
        )
    })?;
    Ok(System {
        id,
        name: name.to_owned(),
        scopes,
        keys,
    })
}

/// The systems that may read, in the order in which they came.
pub(crate) fn all(sql: Sql<'_>) -> Result<Vec<System>, StoreError> {
    sql.rows(
        "SELECT id, name, scopes, jwks FROM system_client WHERE revoked IS NULL ORDER BY pk",
        params![],
        |row| {
            let jwks: String = row.get(3)?;
            Ok(System {
                id: row.get(0)?,
                name: row.get(1)?,
                scopes: row.get(2)?,
                keys: Jwks::read(&jwks).map_or(0, |jwks| jwks.count()),
            })
        },
    )
}

/// Takes a system's access away at once. Whether there was such a one.
pub(crate) fn remove(inner: &Inner, id: &str) -> Result<bool, ClinicError> {
    let id = id.to_owned();
    let removed = inner.store.write(move |tx| {
        tx.sql().execute(
            "UPDATE system_client SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL",
            params![id, tx.now().as_millis()],
        )
    })?;
    Ok(removed > 0)
}
