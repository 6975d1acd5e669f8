//! Giving a record to somebody else: only as the person asked in writing, to whom they named (Law 91/2025/QH15, article 26).

use std::sync::Arc;

use serde::Serialize;
use sokhoe_domain::rights::RightsRequest;
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome};

use super::{find, note};
use crate::access_log::{Draft, Who};
use crate::clinic::Inner;
use crate::store::{Sql, StoreError, Tx, params};

/// What was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disclosed {
    /// The request's number.
    pub request: String,
    /// To whom, as the person named them.
    pub recipient: String,
    /// How many resources.
    pub resources: u64,
}

/// Why nothing is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDisclosed {
    /// Nobody asked, or for something else.
    #[error("there is no such request to give a record to somebody")]
    NotAsked,
    /// It was given already.
    #[error("this request was done already: who wants it again asks again")]
    Done,
    /// The person took their consent back, or had their data erased.
    #[error("the person took their consent back meanwhile")]
    TakenBack,
    /// Whoever took it did not take it all.
    #[error("not all of it was taken")]
    Interrupted,
}

/// What the person is given themselves, but nobody else: who may help, what was asked, who wrote.
const NOT_GIVEN: &str = "'Consent', 'Provenance', 'RelatedPerson', 'Task'";

/// Gives `each` the resources of the person for a request, each as JSON, and nothing once that was all, until it says to stop;
/// then the request is done. That they are given is in the access log first.
pub(crate) fn disclose(
    inner: &Arc<Inner>,
    request: &str,
    mut each: impl FnMut(Option<&str>) -> bool + Send,
) -> Result<Result<Disclosed, NotDisclosed>, StoreError> {
    let asked = request.to_owned();
    let begun = inner.store.write(move |tx| begin(tx, &asked))?;
    let (patient, recipient) = match begun {
        Ok(begun) => begun,
        Err(why) => return Ok(Err(why)),
    };
    let (mut resources, mut is_whole) = (0, true);
    inner.store.read(|sql: Sql<'_>| {
        for text in [
            format!(
                "SELECT json FROM resource WHERE patient = ?1 AND json IS NOT NULL AND type NOT IN ({NOT_GIVEN}) ORDER BY pk"
            ),
            // What those show.
            format!(
                "SELECT json FROM resource WHERE type = 'Binary' AND json IS NOT NULL AND id IN (
                   SELECT b.\"binary\" FROM binary_reference b JOIN resource r ON r.type = b.type AND r.id = b.id
                   WHERE r.patient = ?1 AND r.json IS NOT NULL AND r.type NOT IN ({NOT_GIVEN})) ORDER BY pk"
            ),
        ] {
            sql.stream(&text, params![patient], |row| {
                is_whole = is_whole && each(Some(row.text(0)?));
                resources += u64::from(is_whole);
                Ok(is_whole)
            })?;
        }
        Ok(())
    })?;
    if !is_whole || !each(None) {
        return Ok(Err(NotDisclosed::Interrupted));
    }
    let done = request.to_owned();
    inner.store.write(move |tx| {
        tx.by(Who::CommandLine);
        note(tx, &done, true)
    })?;
    Ok(Ok(Disclosed {
        request: request.to_owned(),
        recipient,
        resources,
    }))
}

/// Whose record may be given to whom, by the request; noted in the log before anything is given.
fn begin(
    tx: &mut Tx<'_>,
    request: &str,
) -> Result<Result<(String, String), NotDisclosed>, StoreError> {
    let row = find(tx.sql(), request)?.filter(|row| row.what == RightsRequest::Disclose);
    let Some(row) = row else {
        return Ok(Err(NotDisclosed::NotAsked));
    };
    let Some(recipient) = row.recipient else {
        return Ok(Err(NotDisclosed::NotAsked));
    };
    if row.done.is_some() {
        return Ok(Err(NotDisclosed::Done));
    }
    let is_taken_back = tx.sql().exists(
        "SELECT 1 FROM rights_request WHERE patient = ?1 AND what IN ('withdraw', 'erase') AND received >= ?2",
        params![row.patient, row.received.as_millis()],
    )?;
    if is_taken_back {
        return Ok(Err(NotDisclosed::TakenBack));
    }
    tx.note(Draft {
        patient: row.patient.clone(),
        at: tx.now(),
        operation: AccessOperation::Disclose,
        action: AccessAction::Read,
        kind: "Task".to_owned(),
        id: Some(row.id),
        outcome: AccessOutcome::Done,
        who: Who::CommandLine,
    });
    Ok(Ok((row.patient, recipient)))
}
