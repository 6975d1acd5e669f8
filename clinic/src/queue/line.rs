//! A line: who holds it, and who hears when it moves.

use chrono::NaiveDate;

use super::Visit;
use crate::store::{DeskNews, Dialect, StoreError, Tx, params};

/// A schedule's people of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineOf {
    pub day: NaiveDate,
    pub schedule: i64,
}

/// Who hears that a line moved.
#[derive(Clone, Copy)]
pub(super) enum Heard<'v> {
    /// All who wait in it.
    All,
    /// Those who wait behind somebody.
    Behind(&'v Visit),
}

impl LineOf {
    /// Keeps everybody else who would move the line waiting until this is committed.
    pub fn hold(self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let day = self.day.to_string();
        tx.sql().execute(
            "INSERT INTO queue_line (day, schedule, moves, written) VALUES (?1, ?2, 0, 0) ON CONFLICT DO NOTHING",
            params![day, self.schedule],
        )?;
        // SQLite has one writer.
        if tx.sql().dialect() == Dialect::Postgres {
            tx.sql().exists(
                "SELECT 1 FROM queue_line WHERE day = ?1 AND schedule = ?2 FOR UPDATE",
                params![day, self.schedule],
            )?;
        }
        Ok(())
    }

    /// It moved: those who wait in it are told, by one row, whichever process they ask.
    pub fn moved(self, tx: &mut Tx<'_>, heard: Heard<'_>) -> Result<(), StoreError> {
        const SQLITE: &str = "UPDATE queue_line SET moves = moves + 1, written = ?3 WHERE day = ?1 AND schedule = ?2";
        // By the database's clock, whatever time the clinic's processes have.
        const POSTGRES: &str = "UPDATE queue_line SET moves = moves + 1,
                written = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)
             WHERE day = ?1 AND schedule = ?2";
        let day = self.day.to_string();
        match tx.sql().dialect() {
            Dialect::Sqlite => {
                let now = tx.now().as_millis();
                tx.sql().execute(SQLITE, params![day, self.schedule, now])?
            }
            Dialect::Postgres => tx.sql().execute(POSTGRES, params![day, self.schedule])?,
        };
        for patient in self.waiting(tx, heard)? {
            tx.tell_of_queue(&patient);
        }
        tx.tell_desk(DeskNews::Queue);
        Ok(())
    }

    fn waiting(self, tx: &Tx<'_>, heard: Heard<'_>) -> Result<Vec<String>, StoreError> {
        const WAITING: &str =
            "SELECT a.patient FROM visit v JOIN appointment a ON a.pk = v.appointment
             WHERE v.day = ?1 AND v.schedule = ?2 AND v.state = 'waiting'";
        let day = self.day.to_string();
        match heard {
            Heard::All => tx
                .sql()
                .rows(WAITING, params![day, self.schedule], |row| row.get(0)),
            Heard::Behind(visit) => tx.sql().rows(
                &format!(
                    "{WAITING} AND (v.priority < ?3 OR (v.priority = ?3 AND (v.place > ?4
                       OR (v.place = ?4 AND v.number > ?5))))"
                ),
                params![
                    day,
                    self.schedule,
                    visit.is_priority,
                    visit.place.as_millis(),
                    visit.number
                ],
                |row| row.get(0),
            ),
        }
    }
}

impl Visit {
    pub(super) fn line(&self) -> LineOf {
        LineOf {
            day: self.day,
            schedule: self.schedule,
        }
    }
}
