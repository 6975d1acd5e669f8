//! Requests as they come: from a person's own phone, or from whoever stands at the counter.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sokhoe_domain::age::check_giver;
use sokhoe_domain::rights::{RightsRequest, answer_by, done_by};
use sokhoe_domain::{AccessAction, AccessOperation, IntentId, Timestamp};
use sokhoe_fhir::consent::{Giver, is_name};
use sokhoe_fhir::{RightsReceipt, RightsTask};

use super::{Receipt, RightsRow};
use crate::ClinicError;
use crate::access;
use crate::access_log::Who;
use crate::clinic::{Inner, hex};
use crate::grants::birth_date;
use crate::keys::sha256;
use crate::schedule::waiting_list::nobody_answers;
use crate::sign_in;
use crate::store::{Sql, StoreError, Tx, params, resources};

/// Requests of a person that are not done, at most.
const OPEN: i64 = 20;
/// Letters of what is to be corrected, at most.
const LONGEST_DETAILS: usize = 2_000;

/// Receives a request at the counter.
pub(crate) fn receive(
    inner: &Arc<Inner>,
    patient: &str,
    what: RightsRequest,
    recipient: Option<String>,
) -> Result<Receipt, ClinicError> {
    if !is_recipient_of(what, recipient.as_deref()) {
        return Err(ClinicError::BadRecipient);
    }
    let now = inner.clock.now();
    let task = RightsTask {
        id: IntentId::new(now, &*inner.rng).to_string(),
        patient: patient.to_owned(),
        what,
        recipient,
        details: None,
        asked: now,
        giver: Giver::Person,
        shown: None,
        receipt: None,
    };
    let at = Arc::clone(inner);
    let done = inner.store.write(move |tx| {
        let is_patient = tx.sql().exists(
            "SELECT 1 FROM resource WHERE type = 'Patient' AND id = ?1 AND json IS NOT NULL",
            params![task.patient],
        )?;
        if !is_patient {
            return Ok(None);
        }
        tx.by(Who::CommandLine);
        let (task, row) = received(tx, &at, task.clone(), None)?;
        resources::put(tx, "Task", &task.id, Some(&task.patient), &task.to_json())?;
        let phones = takes_effect(tx, &at, &task)?;
        Ok(Some((task, row, phones)))
    })?;
    let (task, row, phones) = done.ok_or(ClinicError::NoSuchPatient)?;
    let signature = task
        .receipt
        .map(|receipt| STANDARD.decode(receipt.signature));
    Ok(Receipt {
        request: row,
        clinic: inner.name.clone(),
        phones,
        signature: hex(&signature.and_then(Result::ok).unwrap_or_default()),
    })
}

/// Notes a request, by which session if by one, and signs for it: the Task with the receipt, to be stored.
pub(crate) fn received(
    tx: &mut Tx<'_>,
    inner: &Inner,
    mut task: RightsTask,
    session: Option<i64>,
) -> Result<(RightsTask, RightsRow), StoreError> {
    let now = tx.now();
    let row = RightsRow {
        id: task.id.clone(),
        patient: task.patient.clone(),
        what: task.what,
        recipient: task.recipient.clone(),
        received: now,
        answer_by: answer_by(now),
        done_by: done_by(task.what, now),
        answered: None,
        done: None,
    };
    tx.sql().execute(
        "INSERT INTO rights_request (id, patient, what, received, session, recipient) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![row.id, row.patient, row.what.as_str(), now.as_millis(), session, row.recipient],
    )?;
    let digest = task
        .shown
        .as_ref()
        .map(|shown| hex(&sha256(shown.text.as_bytes())));
    let signed = task.signed(now, digest.as_deref());
    task.receipt = Some(RightsReceipt {
        received: now,
        answer_by: row.answer_by,
        done_by: row.done_by,
        signature: STANDARD.encode(inner.keys.identity().sign(signed.as_bytes())),
        answered: None,
        done: None,
    });
    Ok((task, row))
}

/// What a request does as soon as it is received. How many phones lost their access.
pub(crate) fn takes_effect(
    tx: &mut Tx<'_>,
    inner: &Arc<Inner>,
    task: &RightsTask,
) -> Result<usize, StoreError> {
    match task.what.ends_access() {
        true => shut(tx, inner, &task.patient),
        false => Ok(0),
    }
}

/// From now on no phone is given anything of the person, and no code brings one in.
fn shut(tx: &mut Tx<'_>, inner: &Arc<Inner>, patient: &str) -> Result<usize, StoreError> {
    let now = tx.now();
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

/// Whether somebody is named where that is asked, and there alone.
fn is_recipient_of(what: RightsRequest, recipient: Option<&str>) -> bool {
    match what {
        RightsRequest::Disclose => recipient.is_some_and(is_name),
        _ => recipient.is_none(),
    }
}

/// Why a phone's request is none that can be received, if so.
pub(crate) fn unsound(
    sql: Sql<'_>,
    task: &RightsTask,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    if task.receipt.is_some() {
        return Ok(Some("A receipt is the clinic's to give."));
    }
    if task.shown.is_none() {
        return Ok(Some("The words that were shown are missing."));
    }
    if !is_recipient_of(task.what, task.recipient.as_deref()) {
        return Ok(Some(
            "Who is to get the record is named where that is asked, and there alone.",
        ));
    }
    let details = task.details.as_deref();
    if details.is_some_and(|details| details.chars().count() > LONGEST_DETAILS) {
        return Ok(Some("It is too long."));
    }
    let is_said = details.is_some_and(|details| !details.trim().is_empty());
    if task.what == RightsRequest::Correct && !is_said {
        return Ok(Some("What is to be corrected must be said."));
    }
    let born = birth_date(sql, &task.patient)?;
    let needs_child = task.what.needs_child();
    let guardian = task.giver.guardian().map(|agrees| agrees || !needs_child);
    if check_giver(born, guardian, now, now).is_err() {
        return Ok(Some("By the person's age somebody else decides."));
    }
    let open: i64 = sql.one(
        "SELECT count(*) FROM rights_request WHERE patient = ?1 AND done IS NULL",
        params![task.patient],
        |row| row.get(0),
    )?;
    Ok((open >= OPEN).then_some("So many requests are not done yet."))
}

/// Whether this session sent the request.
pub(crate) fn is_of_session(sql: Sql<'_>, id: &str, session: i64) -> Result<bool, StoreError> {
    sql.exists(
        "SELECT 1 FROM rights_request WHERE id = ?1 AND session = ?2",
        params![id, session],
    )
}
