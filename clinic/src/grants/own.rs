//! Grants that a person makes, prolongs and ends from their own phone, as the Consents that it writes.

use std::sync::Arc;
use std::time::Duration;

use sokhoe_domain::Timestamp;
use sokhoe_fhir::consent::Grant;

use super::giver::{self, birth_date};
use super::{Helping, LONGEST, is_sound, take_back};
use crate::clinic::Inner;
use crate::keys::sha256;
use crate::schedule::waiting_list::nobody_answers;
use crate::store::{Sql, StoreError, Tx, params};

/// For so long a helper's phone may come in by a code that the person's phone made.
pub(super) const INVITED_FOR: Duration = Duration::from_secs(7 * 86_400);

/// What a written Consent changes of who may do what.
#[derive(Debug)]
pub(crate) enum Change {
    /// Somebody is invited.
    Invites(Box<Grant>),
    /// It lasts until another time.
    Until(Timestamp),
    /// It is taken back.
    Ends,
}

/// What a new Consent of a person's phone would change, or why it is not theirs to say.
pub(crate) fn made(
    sql: Sql<'_>,
    grant: Grant,
    now: Timestamp,
) -> Result<Result<Change, &'static str>, StoreError> {
    let invites = grant.active && grant.invitation_hash.is_some();
    if !invites || !is_sound(&grant, now) {
        return Ok(Err(
            "A grant needs what it allows, names, an end within a year, the words that were shown, and an invitation.",
        ));
    }
    if sha256(grant.shown.text.as_bytes()) != grant.shown_hash {
        return Ok(Err("The words that were shown are others."));
    }
    let born = birth_date(sql, &grant.patient)?;
    if giver::check(born, &grant.giver, grant.until, now).is_err() {
        return Ok(Err(
            "By the person's age somebody else decides, or not for so long.",
        ));
    }
    Ok(Ok(Change::Invites(Box::new(grant))))
}

/// What another text of a Consent changes; nothing when it changes what nobody may.
pub(crate) fn changed(
    sql: Sql<'_>,
    stored: &Grant,
    wanted: &Grant,
    now: Timestamp,
) -> Result<Result<Change, &'static str>, StoreError> {
    let same = Grant {
        until: stored.until,
        active: stored.active,
        ..wanted.clone()
    };
    if same != *stored || !stored.active {
        return Ok(Err(
            "Of a grant only its end can be changed, and what was taken back stays so: make a new one.",
        ));
    }
    if !wanted.active {
        return Ok(Ok(Change::Ends));
    }
    let born = birth_date(sql, &wanted.patient)?;
    let lasts = wanted.until > now && wanted.until <= now.plus(LONGEST);
    if !lasts || giver::check(born, &wanted.giver, wanted.until, now).is_err() {
        return Ok(Err(
            "A grant ends within a year, or when the law asks somebody else.",
        ));
    }
    Ok(Ok(Change::Until(wanted.until)))
}

/// Does what a Consent that is being stored changes.
pub(crate) fn apply(
    tx: &mut Tx<'_>,
    inner: &Arc<Inner>,
    consent: &str,
    patient: &str,
    change: &Change,
) -> Result<(), StoreError> {
    match change {
        Change::Invites(grant) => invite(tx, grant),
        Change::Until(until) => prolong(tx, consent, *until).map(drop),
        Change::Ends => {
            take_back(tx, consent)?;
            nobody_answers(tx, inner, patient)
        }
    }
}

/// Notes the code by which the helper's phone comes in: only its hash was ever told.
pub(super) fn invite(tx: &mut Tx<'_>, grant: &Grant) -> Result<(), StoreError> {
    let Some(hash) = grant.invitation_hash else {
        return Ok(());
    };
    let helping = serde_json::to_string(&Helping::of(grant)).map_err(|_| StoreError::Unexpected)?;
    let patients = serde_json::to_string(&[&grant.patient]).map_err(|_| StoreError::Unexpected)?;
    let expires = tx.now().plus(INVITED_FOR).min(grant.until);
    tx.sql().execute(
        "INSERT INTO enrolment (code_hash, patients, expires, helping) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        params![hash, patients, expires.as_millis(), helping],
    )?;
    Ok(())
}

/// Gives a grant that is in force another end. How many phones have it.
pub(crate) fn prolong(
    tx: &mut Tx<'_>,
    consent: &str,
    until: Timestamp,
) -> Result<usize, StoreError> {
    super::each_unused(tx, consent, |tx, code, mut helping| {
        helping.until = until.as_millis();
        let helping = serde_json::to_string(&helping).map_err(|_| StoreError::Unexpected)?;
        tx.sql().execute(
            "UPDATE enrolment SET helping = ?2 WHERE code_hash = ?1",
            params![code, helping],
        )?;
        Ok(())
    })?;
    tx.sql().execute(
        "UPDATE access_grant SET ends = ?2 WHERE consent = ?1 AND ended IS NULL AND ends > ?3",
        params![consent, until.as_millis(), tx.now().as_millis()],
    )
}
