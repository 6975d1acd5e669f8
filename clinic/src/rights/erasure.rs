//! Erasing what no law says must be kept: a few steps, each in a transaction of its own, so that a process that dies goes on
//! where it stood. What is kept is listed with the reason, for the answer to whoever asked.

use serde::Serialize;
use sokhoe_domain::Timestamp;
use sokhoe_domain::rights::RightsRequest;
use sokhoe_fhir::merge::is_own_observation;

use super::{find, note};
use crate::access_log::Who;
use crate::store::{Store, StoreError, Tx, params, resources};

/// Resources that are erased at a time.
const PIECE: usize = 200;

/// What an erasure did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The request's number.
    pub request: String,
    /// Resources that the person wrote themselves, and that are gone now.
    pub own_words: u64,
    /// Answers to the person's phones that were kept to be said again, places on waiting lists, codes.
    pub traces: u64,
    /// What must be kept, by type of resource, and why.
    pub kept: Vec<KeptBecause>,
    /// When it was done.
    pub done: Timestamp,
}

/// Resources of a type that must be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptBecause {
    /// The type.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// The law.
    pub law: &'static str,
}

/// The medical record is kept for its years, and nobody takes it apart.
const RECORD: &str = "Luật Khám bệnh, chữa bệnh 15/2023/QH15, Điều 69: hồ sơ bệnh án phải lưu giữ";
/// What was paid for is kept by whoever keeps books.
const BOOKS: &str = "Luật Kế toán 88/2015/QH13, Điều 41: chứng từ kế toán phải lưu giữ";
/// Who agreed to what must be provable, also afterwards.
const EVIDENCE: &str = "Luật 91/2025/QH15: phải chứng minh được sự đồng ý";

fn law_of(kind: &str) -> &'static str {
    match kind {
        "Invoice" | "PaymentNotice" | "ChargeItem" | "Account" | "PaymentReconciliation" => BOOKS,
        "Consent" | "Provenance" | "AuditEvent" | "Task" => EVIDENCE,
        _ => RECORD,
    }
}

/// Erases for a request, from where it stands to its end. Nothing for a request that is none of erasure, or is not there.
pub(crate) fn go_on(store: &Store, request: &str) -> Result<Option<Erased>, StoreError> {
    let asked = request.to_owned();
    let Some(row) = store.read(|sql| find(sql, &asked))? else {
        return Ok(None);
    };
    if row.what != RightsRequest::Erase {
        return Ok(None);
    }
    loop {
        let (id, patient) = (row.id.clone(), row.patient.clone());
        if store.write(move |tx| erase_piece(tx, &id, &patient))? < PIECE {
            break;
        }
    }
    let (id, patient) = (row.id.clone(), row.patient.clone());
    store.write(move |tx| {
        let mut traces = 0;
        for text in [
            "DELETE FROM answer WHERE patient = ?1",
            "DELETE FROM waiting WHERE patient = ?1 AND offered_until IS NULL",
        ] {
            traces += tx.sql().execute(text, params![patient])?;
        }
        count(tx, &id, 0, traces)?;
        note(tx, &id, true)
    })?;
    let (id, patient) = (row.id, row.patient);
    store.read(|sql| {
        let (own_words, traces, done): (i64, i64, Option<i64>) = sql.one(
            "SELECT own_words, traces, done FROM rights_request WHERE id = ?1",
            params![id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let kept = sql.rows(
            "SELECT type, count(*) FROM resource WHERE patient = ?1 AND json IS NOT NULL GROUP BY type ORDER BY type",
            params![patient],
            |row| {
                let kind: String = row.get(0)?;
                Ok(KeptBecause {
                    law: law_of(&kind),
                    count: row.get::<i64>(1)?.unsigned_abs(),
                    kind,
                })
            },
        )?;
        Ok(Some(Erased {
            request: id.clone(),
            own_words: own_words.unsigned_abs(),
            traces: traces.unsigned_abs(),
            kept,
            done: Timestamp::from_millis(done.unwrap_or_default()),
        }))
    })
}

/// Erases some of what the person wrote. How many were looked at.
fn erase_piece(tx: &mut Tx<'_>, request: &str, patient: &str) -> Result<usize, StoreError> {
    let after: i64 = tx.sql().one(
        "SELECT reached FROM rights_request WHERE id = ?1",
        params![request],
        |row| row.get(0),
    )?;
    let text = format!(
        "SELECT pk, id, json FROM resource
         WHERE patient = ?1 AND type = 'Observation' AND json IS NOT NULL AND pk > ?2 ORDER BY pk LIMIT {PIECE}"
    );
    let found: Vec<(i64, String, String)> =
        tx.sql().rows(&text, params![patient, after], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    tx.by(Who::CommandLine);
    let mut erased = 0;
    for (_, id, json) in &found {
        if is_own_observation(json) && resources::delete(tx, "Observation", id)? {
            erased += 1;
        }
    }
    count(tx, request, erased, 0)?;
    if let Some((reached, _, _)) = found.last() {
        tx.sql().execute(
            "UPDATE rights_request SET reached = ?2 WHERE id = ?1",
            params![request, reached],
        )?;
    }
    Ok(found.len())
}

fn count(tx: &Tx<'_>, request: &str, own_words: usize, traces: usize) -> Result<(), StoreError> {
    let as_number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    tx.sql().execute(
        "UPDATE rights_request SET own_words = own_words + ?2, traces = traces + ?3 WHERE id = ?1",
        params![request, as_number(own_words), as_number(traces)],
    )?;
    Ok(())
}
