//! What people ask of what is kept of them (`sokhoe_domain::rights`): received with a receipt, on the desk's clock until it
//! is answered and done.
//!
//! A withdrawal takes effect when it is received: no phone is given anything any more, and those that ask erase what they
//! have. An erasure is a job of steps ([`erasure`]) that survives a kill.

mod breach;
mod erasure;

use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;
use sokhoe_domain::rights::{RightsRequest, answer_by, done_by};
use sokhoe_domain::{AccessAction, AccessOperation, IntentId, Timestamp};

use crate::ClinicError;
use crate::access;
use crate::access_log::Who;
use crate::clinic::{Inner, hex};
use crate::schedule::waiting_list::nobody_answers;
use crate::sign_in;
use crate::store::{Row, Sql, StoreError, Tx, params};
pub(crate) use breach::affected;
pub use breach::{Affected, BreachSummary, Suspected};
pub(crate) use erasure::go_on;
pub use erasure::{Erased, KeptBecause};

/// A request as the desk sees it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct RightsRow {
    /// Its number, which is on the receipt.
    pub id: String,
    /// Whose: the Patient's id.
    pub patient: String,
    /// What is asked.
    pub what: RightsRequest,
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
    /// The clinic's signature (Ed25519, in hex) over `id|what|received` (milliseconds since 1970).
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

/// Receives a request.
pub(crate) fn receive(
    inner: &Arc<Inner>,
    patient: &str,
    what: RightsRequest,
) -> Result<Receipt, ClinicError> {
    let now = inner.clock.now();
    let row = RightsRow {
        id: IntentId::new(now, &*inner.rng).to_string(),
        patient: patient.to_owned(),
        what,
        received: now,
        answer_by: answer_by(now),
        done_by: done_by(what, now),
        answered: None,
        done: None,
    };
    let signed = format!("{}|{what}|{}", row.id, now.as_millis());
    let signature = inner.keys.identity().sign(signed.as_bytes());
    let (kept, at) = (row.clone(), Arc::clone(inner));
    let phones = inner.store.write(move |tx| {
        let is_patient = tx.sql().exists(
            "SELECT 1 FROM resource WHERE type = 'Patient' AND id = ?1 AND json IS NOT NULL",
            params![kept.patient],
        )?;
        if !is_patient {
            return Ok(None);
        }
        tx.sql().execute(
            "INSERT INTO rights_request (id, patient, what, received) VALUES (?1, ?2, ?3, ?4)",
            params![
                kept.id,
                kept.patient,
                what.as_str(),
                kept.received.as_millis()
            ],
        )?;
        match what {
            RightsRequest::Withdraw | RightsRequest::Erase => {
                let phones = shut(tx, &at, &kept.patient)?;
                Ok(Some(phones))
            }
            RightsRequest::Copy | RightsRequest::Correct | RightsRequest::Restrict => Ok(Some(0)),
        }
    })?;
    Ok(Receipt {
        request: row,
        clinic: inner.name.clone(),
        phones: phones.ok_or(ClinicError::NoSuchPatient)?,
        signature: hex(signature.as_ref()),
    })
}

/// From now on no phone is given anything of the person, and no code brings one in.
fn shut(tx: &mut Tx<'_>, inner: &Arc<Inner>, patient: &str) -> Result<usize, StoreError> {
    let now = tx.now();
    tx.by(Who::CommandLine);
    let phones = access::end(tx.sql(), patient, None, now)?;
    if phones > 0 {
        tx.note_own(
            patient,
            AccessOperation::End,
            AccessAction::Delete,
            "Device",
        );
    }
    let codes: Vec<(Vec<u8>, String)> = tx.sql().rows(
        "SELECT code_hash, patients FROM enrolment WHERE session IS NULL",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (code, patients) in codes {
        let patients: Vec<String> =
            serde_json::from_str(&patients).map_err(|_| StoreError::Unexpected)?;
        if patients.iter().any(|known| known == patient) {
            tx.sql()
                .execute("DELETE FROM enrolment WHERE code_hash = ?1", params![code])?;
        }
    }
    sign_in::cancel(tx, patient)?;
    nobody_answers(tx, inner, patient)?;
    Ok(phones)
}

/// What was asked and is not done, what is due first at the top; with `all` what is done, too.
pub(crate) fn list(sql: Sql<'_>, all: bool) -> Result<Vec<RightsRow>, StoreError> {
    let of = if all { "" } else { "WHERE done IS NULL" };
    let text = format!(
        "SELECT id, patient, what, received, answered, done FROM rights_request {of} ORDER BY received, id"
    );
    let mut rows = sql.rows(&text, params![], row)?;
    rows.sort_by_key(|row| match row.answered {
        None => row.answer_by,
        Some(_) => row.done_by,
    });
    Ok(rows)
}

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
    })
}

/// A request of this number.
fn find(sql: Sql<'_>, id: &str) -> Result<Option<RightsRow>, StoreError> {
    sql.first(
        "SELECT id, patient, what, received, answered, done FROM rights_request WHERE id = ?1",
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
    Ok(tx.sql().execute(noted, params![id, now])? > 0)
}
