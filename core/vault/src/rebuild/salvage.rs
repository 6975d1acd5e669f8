//! What a damaged file still gives to ordinary reads.
//!
//! A table is read from its beginning until a row cannot be read, then from its end: SQLCipher gives up
//! on a connection that met a damaged page, so each reading has one of its own. Rows that do not make
//! sense are left out.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, params_from_iter};
use sokhoe_domain::{IntentId, Timestamp};

use crate::bookings::{self, StoredBooking};
use crate::changes::{self, StoredChange};
use crate::error::VaultError;
use crate::events::KeptEvent;
use crate::journal::WrittenDocument;
use crate::outbox::{self, StoredIntent};
use crate::own_documents;
use crate::store::Scratch;

/// Opens the damaged file anew.
type Open<'a> = &'a dyn Fn() -> Result<Connection, VaultError>;

/// A ticket's clinic, start, sheet and when it may be asked for again.
type TicketRow = (String, i64, Option<String>, i64);

/// Rows of a vault that read cleanly.
#[derive(Debug, Default)]
pub(super) struct Salvage {
    pub(super) bookings: BTreeMap<IntentId, StoredBooking>,
    /// With the booking each is about.
    pub(super) intents: BTreeMap<IntentId, (StoredIntent, IntentId)>,
    pub(super) events: BTreeMap<i64, KeptEvent>,
    /// With whom bookings belong together: clinic and body.
    pub(super) trips: BTreeMap<String, (String, String)>,
    /// By their bookings. There may be no network to fetch them again.
    pub(super) tickets: BTreeMap<String, TicketRow>,
    /// By their numbers.
    pub(super) changes: BTreeMap<i64, StoredChange>,
    /// Documents of the person's own, for when the journal is damaged, too.
    pub(super) documents: Vec<WrittenDocument>,
}

impl Salvage {
    pub(super) fn of_vault(open: Open<'_>) -> Self {
        Self {
            bookings: rows(open, bookings::COLUMNS, "id", |row| {
                let booking = bookings::read_row(row)?;
                Ok((booking.id, booking))
            }),
            intents: rows(open, outbox::COLUMNS_AND_BOOKING, "id", |row| {
                let intent = outbox::read_row(row)?;
                Ok((intent.id, (intent, bookings::read_id(row, 9)?)))
            }),
            events: rows(
                open,
                r#"SELECT "id", "kind", "subject", "at", "body" FROM "event""#,
                "id",
                |row| {
                    let event = KeptEvent {
                        id: row.get(0)?,
                        kind: row.get(1)?,
                        subject: row.get(2)?,
                        at: Timestamp::from_millis(row.get(3)?),
                        body: row.get(4)?,
                    };
                    Ok((event.id, event))
                },
            ),
            trips: rows(
                open,
                r#"SELECT "booking", "clinic", "body" FROM "trip""#,
                "booking",
                |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))),
            ),
            tickets: rows(
                open,
                r#"SELECT "booking", "clinic", "start", "sheet", "not_before" FROM "ticket""#,
                "booking",
                |row| {
                    let ticket = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
                    Ok((row.get(0)?, ticket))
                },
            ),
            changes: rows(open, changes::COLUMNS, "number", |row| {
                Ok((row.get(0)?, changes::read_row(row)?))
            }),
            documents: documents(open),
        }
    }

    /// Puts the rows into a new file.
    pub(super) fn put_back(&self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        for booking in self.bookings.values() {
            bookings::store(tx, booking)?;
        }
        for (intent, booking) in self.intents.values() {
            // Its booking did not read: the journal has both.
            if self.bookings.contains_key(booking) {
                outbox::insert(tx, intent, *booking)?;
            }
        }
        for (booking, (clinic, body)) in &self.trips {
            tx.execute(
                r#"INSERT INTO "trip" VALUES (?1, ?2, ?3)"#,
                (booking, clinic, body),
            )?;
        }
        for (booking, (clinic, start, sheet, not_before)) in &self.tickets {
            tx.execute(
                r#"INSERT INTO "ticket" VALUES (?1, ?2, ?3, ?4, ?5)"#,
                (booking, clinic, start, sheet, not_before),
            )?;
        }
        for event in self.events.values() {
            tx.execute(
                r#"INSERT INTO "event" ("id", "kind", "subject", "at", "body")
                   VALUES (?1, ?2, ?3, ?4, ?5)"#,
                (
                    event.id,
                    &event.kind,
                    &event.subject,
                    event.at.as_millis(),
                    &event.body,
                ),
            )?;
        }
        Ok(())
    }
}

impl Salvage {
    /// Puts changes into a new file, and the resources as they show them.
    pub(super) fn put_changes_back(
        &self,
        tx: &Transaction<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), VaultError> {
        for change in self.changes.values() {
            changes::insert(tx, change)?;
            changes::show_again(tx, scratch, &change.clinic, &change.key)?;
        }
        Ok(())
    }
}

fn documents(open: Open<'_>) -> Vec<WrittenDocument> {
    let mut blobs = rows(open, own_documents::BLOBS, "document", |row| {
        own_documents::read_blob(row)?.ok_or(VaultError::Corrupt)
    });
    let resources = rows(open, own_documents::RESOURCES, "number", |row| {
        let (id, received, resource) = own_documents::read_resource(row)?;
        Ok((id, (received, resource)))
    });
    let documents = resources
        .into_iter()
        .filter_map(|(id, (received, resource))| {
            Some(WrittenDocument {
                id,
                resource,
                received,
                blob: blobs.remove(&id)?,
            })
        });
    documents.collect()
}

fn rows<K: Ord, T>(
    open: Open<'_>,
    select: &str,
    order: &str,
    read: impl Fn(&Row<'_>) -> Result<(K, T), VaultError>,
) -> BTreeMap<K, T> {
    let mut found = BTreeMap::new();
    for direction in ["ASC", "DESC"] {
        let all = (|| {
            let connection = open()?;
            let mut statement =
                connection.prepare(&format!(r#"{select} ORDER BY "{order}" {direction}"#))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if let Ok((key, value)) = read(row) {
                    found.entry(key).or_insert(value);
                }
            }
            Ok::<_, VaultError>(())
        })();
        if all.is_ok() {
            break;
        }
    }
    found
}

/// The tables of the account, parents before children.
const ACCOUNT_TABLES: [&str; 5] = ["device", "clinic", "person", "link", "helping"];

/// Tables without which an account is whole: what a file of before has not, or what no longer reads, is
/// left out.
const SPARE_TABLES: [&str; 7] = [
    "data_limit",
    "data_use",
    "day_times",
    "travel_time",
    "insurance_terms",
    "invitation",
    "access_log_head",
];

/// Every row of a table, as it is.
type TableRows = Vec<Vec<Value>>;

/// All rows of the account.
///
/// # Errors
/// What came instead of a row.
pub(super) fn rows_of_account(open: Open<'_>) -> Result<Vec<TableRows>, VaultError> {
    let mut found = Vec::new();
    for table in ACCOUNT_TABLES {
        // A file of before knows of no helping; one that does must say whom, or those would pass for the phone's own.
        let rows = match has_table(open, table)? {
            false if table == "helping" => Vec::new(),
            _ => rows_of(open, table)?,
        };
        if table == "device" && rows.is_empty() {
            return Err(VaultError::Corrupt);
        }
        found.push(rows);
    }
    for table in SPARE_TABLES {
        found.push(rows_of(open, table).unwrap_or_default());
    }
    Ok(found)
}

fn has_table(open: Open<'_>, table: &str) -> Result<bool, VaultError> {
    let connection = open()?;
    let mut find = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?1")?;
    Ok(find.exists([table])?)
}

fn rows_of(open: Open<'_>, table: &str) -> Result<TableRows, VaultError> {
    // A damaged index is of no matter.
    let connection = open()?;
    let mut statement = connection.prepare(&format!(r#"SELECT * FROM "{table}" NOT INDEXED"#))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(
            (0..columns)
                .map(|column| row.get(column))
                .collect::<Result<_, _>>()?,
        );
    }
    Ok(found)
}

/// Puts the rows into a new account.
pub(super) fn put_back_account(
    tx: &Transaction<'_>,
    tables: &[TableRows],
) -> Result<(), VaultError> {
    for (table, rows) in ACCOUNT_TABLES.iter().chain(&SPARE_TABLES).zip(tables) {
        for row in rows {
            let places = vec!["?"; row.len()].join(", ");
            tx.execute(
                &format!(r#"INSERT INTO "{table}" VALUES ({places})"#),
                params_from_iter(row),
            )?;
        }
    }
    Ok(())
}
