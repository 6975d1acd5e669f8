//! Texts that stand in many rows and are stored once: clinics, resource types, codes, units.

use foldhash::HashMap;
use rusqlite::{OptionalExtension as _, Transaction};

use crate::error::VaultError;

/// The numbers of names, as far as this process has met them. What a transaction that failed added
/// must be forgotten.
#[derive(Debug, Default)]
pub(crate) struct Names {
    clinics: HashMap<String, i64>,
    kinds: HashMap<String, i64>,
    codes: HashMap<String, i64>,
    units: HashMap<String, i64>,
}

/// Codes and units remembered at most; a book has some hundreds.
const CODES: usize = 10_000;

impl Names {
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn clinic(&mut self, tx: &Transaction<'_>, name: &str) -> Result<i64, VaultError> {
        const FIND: &str = r#"SELECT "id" FROM "clinic" WHERE "name" = ?1"#;
        const ADD: &str = r#"INSERT INTO "clinic" ("name") VALUES (?1)"#;
        number(&mut self.clinics, tx, name, FIND, ADD)
    }

    pub(crate) fn kind(&mut self, tx: &Transaction<'_>, name: &str) -> Result<i64, VaultError> {
        const FIND: &str = r#"SELECT "id" FROM "kind" WHERE "name" = ?1"#;
        const ADD: &str = r#"INSERT INTO "kind" ("name") VALUES (?1)"#;
        number(&mut self.kinds, tx, name, FIND, ADD)
    }

    pub(crate) fn code(&mut self, tx: &Transaction<'_>, name: &str) -> Result<i64, VaultError> {
        const FIND: &str = r#"SELECT "id" FROM "code" WHERE "name" = ?1"#;
        const ADD: &str = r#"INSERT INTO "code" ("name") VALUES (?1)"#;
        if self.codes.len() > CODES {
            self.codes.clear();
        }
        number(&mut self.codes, tx, name, FIND, ADD)
    }

    pub(crate) fn unit(&mut self, tx: &Transaction<'_>, name: &str) -> Result<i64, VaultError> {
        const FIND: &str = r#"SELECT "id" FROM "unit" WHERE "name" = ?1"#;
        const ADD: &str = r#"INSERT INTO "unit" ("name") VALUES (?1)"#;
        if self.units.len() > CODES {
            self.units.clear();
        }
        number(&mut self.units, tx, name, FIND, ADD)
    }
}

fn number(
    known: &mut HashMap<String, i64>,
    tx: &Transaction<'_>,
    name: &str,
    find: &str,
    add: &str,
) -> Result<i64, VaultError> {
    if let Some(&id) = known.get(name) {
        return Ok(id);
    }
    let found = tx
        .prepare_cached(find)?
        .query_row([name], |row| row.get(0))
        .optional()?;
    let id = match found {
        Some(id) => id,
        None => tx.prepare_cached(add)?.insert([name])?,
    };
    known.insert(name.to_owned(), id);
    Ok(id)
}
