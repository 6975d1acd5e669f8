//! What people ask of what is kept of them (`sokhoe_domain::rights`): received with a receipt, on the desk's clock until it
//! is answered and done.
//!
//! A withdrawal takes effect when it is received: no phone is given anything any more, and those that ask erase what they
//! have. An erasure is a job of steps ([`erasure`]) that survives a kill.

mod breach;
mod disclosure;
mod erasure;
mod receive;

use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;
use sokhoe_domain::Timestamp;
use sokhoe_domain::rights::{RightsRequest, answer_by, done_by};
use sokhoe_fhir::RightsTask;

use crate::store::{Row, Sql, StoreError, Tx, params, resources};
pub(crate) use breach::affected;
pub use breach::{Affected, BreachSummary, Suspected};
pub(crate) use disclosure::disclose;
pub use disclosure::{Disclosed, NotDisclosed};
pub(crate) use erasure::go_on;
pub use erasure::{Erased, KeptBecause};
pub(crate) use receive::{is_of_session, receive, received, takes_effect, unsound};

/// A request as the desk sees it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct RightsRow {
    /// Its number, which is on the receipt.
    pub id: String,
    /// Whose: the Patient's id.
    pub patient: String,
    /// What is asked.
    pub what: RightsRequest,
    /// Who is to get the record, where that is asked.
    pub recipient: Option<String>,
    /// When it was received.
    pub received: Timestamp,
    /// The last day for an answer.
    pub answer_by: NaiveDate,
    /// The last day to have it done.
    pub done_by: NaiveDate,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it was done.
    pub done: Option<Timestamp>,
}

impl fmt::Debug for RightsRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RightsRow")
            .field("id", &self.id)
            .field("what", &self.what)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// What whoever asked takes home.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// What was asked, when, and until when it is answered and done.
    pub request: RightsRow,
    /// The clinic.
    pub clinic: String,
    /// Phones that lost their access by it.
    pub phones: usize,
    /// The clinic's signature (Ed25519, in hex) over [`RightsTask::signed`].
    pub signature: String,
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("request", &self.request)
            .field("phones", &self.phones)
            .finish_non_exhaustive()
    }
}

/// What was asked and is not done, what is due first at the top; with `all` what is done, too.
pub(crate) fn list(sql: Sql<'_>, all: bool) -> Result<Vec<RightsRow>, StoreError> {
    let of = if all { "" } else { "WHERE done IS NULL" };
    let text = format!("SELECT {ROW} FROM rights_request {of} ORDER BY received, id");
    let mut rows = sql.rows(&text, params![], row)?;
    rows.sort_by_key(|row| match row.answered {
        None => row.answer_by,
        Some(_) => row.done_by,
    });
    Ok(rows)
}

/// The columns that [`row`] reads.
const ROW: &str = "id, patient, what, received, answered, done, recipient";

fn row(row: Row<'_>) -> Result<RightsRow, StoreError> {
    let what: String = row.get(2)?;
    let what = RightsRequest::from_name(&what).ok_or(StoreError::Unexpected)?;
    let received = Timestamp::from_millis(row.get(3)?);
    Ok(RightsRow {
        id: row.get(0)?,
        patient: row.get(1)?,
        what,
        received,
        answer_by: answer_by(received),
        done_by: done_by(what, received),
        answered: row.get::<Option<i64>>(4)?.map(Timestamp::from_millis),
        done: row.get::<Option<i64>>(5)?.map(Timestamp::from_millis),
        recipient: row.get(6)?,
    })
}

/// A request of this number.
fn find(sql: Sql<'_>, id: &str) -> Result<Option<RightsRow>, StoreError> {
    sql.first(
        &format!("SELECT {ROW} FROM rights_request WHERE id = ?1"),
        params![id],
        row,
    )
}

/// Notes that whoever asked was answered, or that it is done. Whether there is such a request that was not.
pub(crate) fn note(tx: &mut Tx<'_>, id: &str, done: bool) -> Result<bool, StoreError> {
    let now = tx.now().as_millis();
    let noted = if done {
        // What is done is answered.
        "UPDATE rights_request SET done = ?2, answered = coalesce(answered, ?2) WHERE id = ?1 AND done IS NULL"
    } else {
        "UPDATE rights_request SET answered = ?2 WHERE id = ?1 AND answered IS NULL"
    };
    let is_noted = tx.sql().execute(noted, params![id, now])? > 0;
    if is_noted && let Some(row) = find(tx.sql(), id)? {
        tell(tx, &row)?;
    }
    Ok(is_noted)
}

/// Says in the Task, which the person's phones have, how far it came.
fn tell(tx: &mut Tx<'_>, row: &RightsRow) -> Result<(), StoreError> {
    let json: Option<String> = tx.sql().first(
        "SELECT json FROM resource WHERE type = 'Task' AND id = ?1 AND patient = ?2 AND json IS NOT NULL",
        params![row.id, row.patient],
        |row| row.get(0),
    )?;
    // One of before there were Tasks has none.
    let Some(mut task) = json.and_then(|json| RightsTask::from_json(&json).ok()) else {
        return Ok(());
    };
    if let Some(receipt) = &mut task.receipt {
        (receipt.answered, receipt.done) = (row.answered, row.done);
    }
    resources::put(tx, "Task", &row.id, Some(&row.patient), &task.to_json())?;
    Ok(())
}
