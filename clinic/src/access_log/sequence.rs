//! Puts entries to come into the log: in one order for all, numbered for each person, under the tree. Any process does it, one
//! at a time: whoever does holds the log's row.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sokhoe_domain::merkle::leaf_hash;
use sokhoe_domain::{AccessAgent, AccessEntry};
use sokhoe_fhir::access_log::to_text;
use sokhoe_qr::signed::{device_digest, sha256};

use super::draft::{self, Draft, Who};
use super::insert::{ROWS, insert};
use super::places::Places;
use super::tree::Tiles;
use crate::clinic::Inner;
use crate::keys::Keys;
use crate::store::{Dialect, Isolation, Sql, StoreError, Value, params};

/// Entries that go into the log at a time, and a few more: so few that nobody notices the wait.
const AT_A_TIME: usize = 1_024;
/// Rows of what was read that are looked at for them: reads that came together are one.
const READ_ROWS: usize = 128;
/// Bytes of a salt.
const SALT: usize = 16;

/// Puts some entries into the log. Whether there may be more. Blocks on the database.
pub(crate) fn sequence(inner: &Arc<Inner>) -> Result<bool, StoreError> {
    let is_there = |sql: Sql<'_>| sql.exists("SELECT 1 FROM access_log_pending LIMIT 1", &[]);
    let reads = inner
        .store
        .read_reads(|sql| pending(sql, READ_ROWS))?
        .unwrap_or_default();
    if reads.is_empty() && !inner.store.read(is_there)? {
        return Ok(false);
    }
    let office = Arc::clone(inner);
    let done = inner.store.write_in(Isolation::LocksRows, move |tx| {
        batch(tx.sql(), &office.keys, &reads)
    })?;
    if let Some(taken) = done.reads_taken {
        // In the log, and on the disk with it: where this is not done any more, they are passed over by their numbers.
        inner.store.write_to_reads(move |sql| {
            let text = "DELETE FROM access_log_pending WHERE pk <= ?1";
            sql.execute(text, params![taken]).map(|_| ())
        })?;
    }
    Ok(done.may_be_more)
}

/// The oldest rows that are to come.
fn pending(sql: Sql<'_>, rows: usize) -> Result<Vec<(i64, String)>, StoreError> {
    sql.rows(
        &format!("SELECT pk, drafts FROM access_log_pending ORDER BY pk LIMIT {rows}"),
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// All that is to come so far. Blocks on the database.
pub(crate) fn sequence_all(inner: &Arc<Inner>) -> Result<(), StoreError> {
    while sequence(inner)? {}
    Ok(())
}

/// The same for whoever may not block.
pub(crate) async fn up_to_date(inner: &Arc<Inner>) -> Result<(), StoreError> {
    if inner.store.works_where_called() {
        return sequence_all(inner);
    }
    let inner = Arc::clone(inner);
    tokio::task::spawn_blocking(move || sequence_all(&inner))
        .await
        .unwrap_or(Err(StoreError::Stopped))
}

/// What a batch did.
struct Done {
    may_be_more: bool,
    /// Up to which row of those apart all are in the log, if it took any.
    reads_taken: Option<i64>,
}

/// One batch: of what was written, and of what was read where that is kept apart.
fn batch(sql: Sql<'_>, keys: &Keys, reads: &[(i64, String)]) -> Result<Done, StoreError> {
    let (size, reads_taken): (i64, i64) = match sql.dialect() {
        // There is one writer.
        Dialect::Sqlite => sql.one(
            "SELECT size, reads_taken FROM access_log WHERE one = 1",
            &[],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?,
        Dialect::Postgres => sql.one(
            "SELECT size FROM access_log WHERE one = 1 FOR UPDATE",
            &[],
            |row| Ok((row.get(0)?, 0)),
        )?,
    };
    let pending = pending(sql, AT_A_TIME)?;
    let mut log = Log {
        sql,
        keys,
        tiles: Tiles::new(sql),
        size: size.unsigned_abs(),
        appended: 0,
        places: Places::new(sql),
        agents: HashMap::new(),
        rows: Vec::new(),
    };
    let taken = log.take(&pending)?;
    // Another process may have taken some of them since they were looked at.
    let reads_left = reads.iter().filter(|(pk, _)| *pk > reads_taken);
    let newest_read = log.take(reads_left)?.last().copied();
    let is_full = log.is_full();
    log.finish()?;
    if let Some(newest) = newest_read {
        sql.execute(
            "UPDATE access_log SET reads_taken = ?1 WHERE one = 1",
            params![newest],
        )?;
    }
    forget(sql, &taken)?;
    Ok(Done {
        may_be_more: is_full || reads.len() == READ_ROWS,
        reads_taken: newest_read.or_else(|| reads.first().map(|_| reads_taken)),
    })
}

/// Takes away what is in the log now: just these, since with PostgreSQL another transaction may still bring one whose number
/// lies between them.
fn forget(sql: Sql<'_>, taken: &[i64]) -> Result<(), StoreError> {
    for run in taken.chunk_by(|one, next| one + 1 == *next) {
        if let (Some(first), Some(last)) = (run.first(), run.last()) {
            sql.execute(
                "DELETE FROM access_log_pending WHERE pk BETWEEN ?1 AND ?2",
                params![first, last],
            )?;
        }
    }
    Ok(())
}

/// A row of an entry: place, person, bytes.
type EntryRow = (i64, String, String);

/// The log while it grows.
struct Log<'a> {
    sql: Sql<'a>,
    keys: &'a Keys,
    tiles: Tiles<'a>,
    size: u64,
    /// Entries of this batch.
    appended: usize,
    places: Places<'a>,
    /// Phones, with the grant that each has for a person.
    agents: HashMap<(i64, String), (String, Option<String>)>,
    rows: Vec<EntryRow>,
}

impl Log<'_> {
    /// Appends the entries of rows until the batch is full: which rows it took.
    fn take<'r>(
        &mut self,
        rows: impl IntoIterator<Item = &'r (i64, String)>,
    ) -> Result<Vec<i64>, StoreError> {
        let mut taken = Vec::new();
        for (pk, drafts) in rows {
            if self.is_full() {
                break;
            }
            for draft in draft::read(drafts)? {
                self.append(draft)?;
            }
            taken.push(*pk);
        }
        Ok(taken)
    }

    fn is_full(&self) -> bool {
        self.appended >= AT_A_TIME
    }

    fn append(&mut self, draft: Draft) -> Result<(), StoreError> {
        let place = i64::try_from(self.size).map_err(|_| StoreError::Unexpected)?;
        let number = self.places.add(&draft.patient, place)?;
        let (agent, consent) = self.agent(&draft)?;
        let reason = draft.who.reason();
        // Nobody but the clinic can compute it, and it need not be kept apart: a place is given once.
        let salt = self.keys.mac(
            "access log",
            &[&place.to_be_bytes(), &draft.at.as_millis().to_be_bytes()],
        );
        let entry = AccessEntry {
            salt: URL_SAFE_NO_PAD.encode(salt.get(..SALT).unwrap_or_default()),
            patient: draft.patient,
            number: number.unsigned_abs(),
            at: draft.at,
            operation: draft.operation,
            action: draft.action,
            kind: draft.kind,
            id: draft.id,
            outcome: draft.outcome,
            agent,
            consent,
            reason,
        };
        let text = to_text(&entry);
        self.tiles
            .append(self.size, leaf_hash(sha256, text.as_bytes()))?;
        self.size += 1;
        self.appended += 1;
        self.rows.push((place, entry.patient, text));
        if self.rows.len() == ROWS {
            self.write_rows()?;
        }
        Ok(())
    }

    fn agent(&mut self, draft: &Draft) -> Result<(AccessAgent, Option<String>), StoreError> {
        let session = match draft.who {
            Who::Session(session) => session,
            Who::Desk => return Ok((AccessAgent::Desk, None)),
            Who::Kiosk => return Ok((AccessAgent::Kiosk, None)),
            Who::Staff(acting) => {
                let id = self.id_of("staff", acting.staff)?;
                return Ok((AccessAgent::Staff(id, acting.role), None));
            }
            Who::Import => return Ok((AccessAgent::Import, None)),
            Who::System(client) => {
                return Ok((
                    AccessAgent::System(self.id_of("system_client", client)?),
                    None,
                ));
            }
            Who::CommandLine => return Ok((AccessAgent::CommandLine, None)),
            Who::Server => return Ok((AccessAgent::Server, None)),
            Who::Unknown => return Ok((AccessAgent::Phone(String::new()), None)),
        };
        let key = (session, draft.patient.clone());
        if !self.agents.contains_key(&key) {
            // A session has one grant for a person, which stays when it ended.
            let found: Option<(String, Option<String>)> = self.sql.first(
                "SELECT s.device, g.consent FROM session s
                 LEFT JOIN access_grant g ON g.session = s.pk AND g.patient = ?2
                 WHERE s.pk = ?1",
                params![session, draft.patient],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let (device, consent) = found.unwrap_or_default();
            let known = (device_digest(&device), consent);
            self.agents.insert(key.clone(), known);
        }
        let (digest, consent) = self.agents.get(&key).cloned().unwrap_or_default();
        Ok((AccessAgent::Phone(digest), consent))
    }

    fn id_of(&self, table: &'static str, pk: i64) -> Result<String, StoreError> {
        let text = format!("SELECT id FROM {table} WHERE pk = ?1");
        let id = self.sql.first(&text, params![pk], |row| row.get(0))?;
        Ok(id.unwrap_or_default())
    }

    fn write_rows(&mut self) -> Result<(), StoreError> {
        let values: Vec<_> = self
            .rows
            .iter()
            .flat_map(|(place, patient, entry)| {
                [
                    Value::Integer(*place),
                    Value::Text(patient),
                    Value::Text(entry),
                ]
            })
            .collect();
        insert(
            self.sql,
            "access_log_entry (place, patient, entry)",
            3,
            &values,
        )?;
        self.rows.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<(), StoreError> {
        self.write_rows()?;
        self.places.finish()?;
        self.tiles.write()?;
        let size = i64::try_from(self.size).map_err(|_| StoreError::Unexpected)?;
        self.sql.execute(
            "UPDATE access_log SET size = ?1 WHERE one = 1",
            params![size],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;
    use sokhoe_domain::AccessOutcome;

    use super::*;
    use crate::{Clinic, ClinicConfig, DataSource};

    fn open(folder: &Path) -> Clinic {
        let data = DataSource::Folder(folder.to_owned());
        Clinic::open(ClinicConfig::on_this_machine(data)).unwrap()
    }

    fn read(clinic: &Clinic) {
        let draft = Draft {
            outcome: AccessOutcome::Done,
            ..Draft::of_a_read(Who::Desk)
        };
        clinic.inner.gathering.note_blocking(vec![draft]).unwrap();
    }

    /// Entries of the log, and rows that are to come.
    fn counts(clinic: &Clinic) -> (i64, Option<i64>) {
        let store = &clinic.inner.store;
        let size = "SELECT count(*) FROM access_log_entry";
        let rows = "SELECT count(*) FROM access_log_pending";
        let count = |sql: Sql<'_>, text| sql.one(text, &[], |row| row.get(0));
        let size = store.read(|sql| count(sql, size)).unwrap();
        (size, store.read_reads(|sql| count(sql, rows)).unwrap())
    }

    #[test]
    fn what_was_read_is_in_the_log_once_though_its_rows_were_not_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let clinic = open(folder.path());
        (0..3).for_each(|_| read(&clinic));
        assert_eq!(counts(&clinic), (0, Some(3)));
        let file = Connection::open(folder.path().join("clinic.db-reads")).unwrap();
        file.execute_batch("CREATE TABLE before AS SELECT * FROM access_log_pending")
            .unwrap();
        clinic.tend_access_log().unwrap();
        assert_eq!(counts(&clinic), (3, Some(0)));
        file.execute_batch("INSERT INTO access_log_pending SELECT * FROM before")
            .unwrap();
        read(&clinic);
        clinic.tend_access_log().unwrap();
        assert_eq!(counts(&clinic), (4, Some(0)));
    }

    #[test]
    fn where_the_file_of_reads_was_lost_the_next_ones_are_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let clinic = open(folder.path());
        (0..3).for_each(|_| read(&clinic));
        clinic.tend_access_log().unwrap();
        drop(clinic);
        for end in ["", "-wal", "-shm"] {
            let _not_there =
                std::fs::remove_file(folder.path().join(format!("clinic.db-reads{end}")));
        }
        let clinic = open(folder.path());
        read(&clinic);
        clinic.tend_access_log().unwrap();
        assert_eq!(counts(&clinic), (4, Some(0)));
    }
}
