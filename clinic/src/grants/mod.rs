//! What helpers may do for people: given at the counter, carried to the helper's phone by a code, ended by time or at once.
//!
//! A grant is a Consent in the person's record and a row of `access_grant` for each phone that it brought in. The row is
//! what [`crate::access`] asks; the Consent says who gave it and what they were shown.

pub(crate) mod carried;
mod giver;
pub(crate) mod on_behalf;
pub(crate) mod own;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sokhoe_domain::{GiverRefusal, GrantScope, GrantScopes, IntentId, Timestamp};
pub use sokhoe_fhir::consent::{Giver, Shown};
use sokhoe_fhir::consent::{Grant, is_name};
use sokhoe_qr::Invitation;

use crate::ClinicError;
use crate::access;
use crate::access_log::Who;
use crate::clinic::Inner;
use crate::enrolment::{self, EnrolmentText};
use crate::keys::sha256;
use crate::store::{Sql, StoreError, Tx, params, resources};
pub(crate) use giver::birth_date;

/// A helper is asked again once a year.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// Letters of what the giver was shown.
const LONGEST_TEXT: usize = 4_000;

/// What a helper is to be granted.
#[derive(Clone, PartialEq, Eq)]
pub struct GrantRequest {
    /// Whose record: the Patient's id.
    pub patient: String,
    /// What the person calls themselves to the helper.
    pub person: String,
    /// The helper's name.
    pub helper: String,
    /// What the helper may do.
    pub scopes: BTreeSet<GrantScope>,
    /// From then on it is over; at most a year ahead.
    pub until: Timestamp,
    /// Who decides it.
    pub giver: Giver,
    /// What they were shown.
    pub shown: Shown,
}

impl fmt::Debug for GrantRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantRequest")
            .field("scopes", &self.scopes)
            .field("until", &self.until)
            .field("giver", &self.giver)
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}

impl GrantRequest {
    fn grant(&self, id: String, now: Timestamp) -> Grant {
        Grant {
            id,
            patient: self.patient.clone(),
            helper: self.helper.trim().to_owned(),
            scopes: self.scopes.iter().copied().collect(),
            given: now,
            until: self.until,
            giver: self.giver.clone(),
            shown_hash: sha256(self.shown.text.as_bytes()),
            shown: self.shown.clone(),
            invitation_hash: None,
            active: true,
        }
    }
}

/// Whether a grant says all that it must.
fn is_sound(grant: &Grant, now: Timestamp) -> bool {
    let shown = &grant.shown;
    !grant.scopes.is_empty()
        && grant.giver.is_named()
        && [&grant.helper, &shown.language, &shown.version]
            .into_iter()
            .all(|name| is_name(name))
        && !shown.text.trim().is_empty()
        && shown.text.chars().count() <= LONGEST_TEXT
        && grant.until > now
        && grant.until <= now.plus(LONGEST)
}

/// What a code grants, as it is kept until it is used.
#[derive(Serialize, Deserialize)]
pub(crate) struct Helping {
    /// A bit for each scope.
    scopes: u16,
    until: i64,
    /// The Consent's id.
    consent: String,
    /// The Consent.
    json: String,
}

impl Helping {
    fn of(grant: &Grant) -> Self {
        Self {
            scopes: grant.scopes.bits(),
            until: grant.until.as_millis(),
            consent: grant.id.clone(),
            json: grant.to_json(),
        }
    }
}

/// A grant that is over whenever somebody says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedGrant {
    /// The Consent's id: what [`crate::Clinic::end_grant`] ends.
    pub consent: String,
    /// What the helper scans.
    pub code: EnrolmentText,
}

/// Makes the code by which a helper's phone gets the grant. Until it is used nothing is granted.
pub(crate) fn offer(
    inner: &Inner,
    request: &GrantRequest,
    valid_for: Duration,
    base_url: &str,
    who: Who,
) -> Result<OfferedGrant, ClinicError> {
    let now = inner.clock.now();
    let consent = IntentId::new(now, &*inner.rng).to_string();
    let grant = request.grant(consent.clone(), now);
    if !is_sound(&grant, now) || !is_name(&request.person) {
        return Err(ClinicError::BadGrant);
    }
    let born = inner.store.read(|sql| birth_date(sql, &request.patient))?;
    giver::check(born, &request.giver, request.until, now)?;
    let patients = [request.patient.clone()];
    let helping = Some(Helping::of(&grant));
    let (code, expires) = enrolment::new_code(inner, &patients, valid_for, helping.as_ref(), who)?;
    let invitation = Invitation {
        clinic_url: base_url.trim_end_matches('/').to_owned(),
        clinic_name: inner.name.clone(),
        code,
        person: request.person.trim().to_owned(),
        scopes: request.scopes.clone(),
        public_key: inner.public_key,
        expires,
        clinic_key: None,
        word: None,
    };
    let text = invitation
        .sign(inner.keys.identity())
        .map_err(|_| ClinicError::Code)?;
    Ok(OfferedGrant {
        consent,
        code: EnrolmentText { text, expires },
    })
}

/// Why a grant does not come into force.
pub(crate) struct OtherGrantStands;

/// Gives a session what a code grants. Whoever may do as much already keeps that; a phone that has less gets more; what is
/// neither more nor less is not given, since a phone never has to forget a part of a book.
pub(crate) fn give(
    tx: &mut Tx<'_>,
    session: i64,
    patient: &str,
    helping: &Helping,
    earlier: Option<&access::Access>,
) -> Result<Result<(), OtherGrantStands>, StoreError> {
    let scopes = GrantScopes::from_bits(helping.scopes).ok_or(StoreError::Unexpected)?;
    if let Some(earlier) = earlier {
        let (has, until, _) = earlier.grant(tx.sql(), patient)?;
        let lasts = until.is_none_or(|until| until.as_millis() >= helping.until);
        if has.include(scopes) && lasts {
            return Ok(Ok(()));
        }
        if !scopes.include(has) {
            return Ok(Err(OtherGrantStands));
        }
    }
    resources::put(
        tx,
        "Consent",
        &helping.consent,
        Some(patient),
        &helping.json,
    )?;
    tx.sql().execute(
        "INSERT INTO access_grant (session, patient, scopes, ends, consent) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
        params![
            session,
            patient,
            i64::from(scopes.bits()),
            helping.until,
            helping.consent
        ],
    )?;
    Ok(Ok(()))
}

/// Takes a grant back at once. How many phones lost it, and of whom.
pub(crate) fn end(tx: &mut Tx<'_>, consent: &str) -> Result<(usize, Option<String>), StoreError> {
    let ended = take_back(tx, consent)?;
    let Some((patient, grant)) = stored(tx.sql(), consent)? else {
        return Ok((ended, None));
    };
    if grant.active {
        let over = Grant {
            active: false,
            until: grant.until.min(tx.now()),
            ..grant
        };
        resources::put(tx, "Consent", consent, Some(&patient), &over.to_json())?;
    }
    Ok((ended, Some(patient)))
}

/// Gives a grant another end, at most a year ahead; whoever gave it was asked again. Of whom it is; nothing when it is
/// over, or not there.
pub(crate) fn prolong(
    tx: &mut Tx<'_>,
    consent: &str,
    until: Timestamp,
) -> Result<Result<Option<String>, GiverRefusal>, StoreError> {
    let now = tx.now();
    let Some((patient, grant)) = stored(tx.sql(), consent)? else {
        return Ok(Ok(None));
    };
    if !grant.active || grant.until <= now || until <= now || until > now.plus(LONGEST) {
        return Ok(Ok(None));
    }
    let born = birth_date(tx.sql(), &patient)?;
    if let Err(refusal) = giver::check(born, &grant.giver, until, now) {
        return Ok(Err(refusal));
    }
    own::prolong(tx, consent, until)?;
    let longer = Grant { until, ..grant };
    resources::put(tx, "Consent", consent, Some(&patient), &longer.to_json())?;
    Ok(Ok(Some(patient)))
}

/// A grant, and of whom it is.
fn stored(sql: Sql<'_>, consent: &str) -> Result<Option<(String, Grant)>, StoreError> {
    let found: Option<(String, Option<String>)> = sql.first(
        "SELECT json, patient FROM resource WHERE type = 'Consent' AND id = ?1 AND json IS NOT NULL",
        params![consent],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found.and_then(|(json, patient)| Some((patient?, Grant::from_json(&json).ok()?))))
}

/// Takes a grant away from all phones that have it, and from whoever has the code but did not use it. How many lost it.
fn take_back(tx: &mut Tx<'_>, consent: &str) -> Result<usize, StoreError> {
    each_unused(tx, consent, |tx, code, _| {
        tx.sql()
            .execute("DELETE FROM enrolment WHERE code_hash = ?1", params![code])?;
        Ok(())
    })?;
    tx.sql().execute(
        "UPDATE access_grant SET ended = ?2 WHERE consent = ?1 AND ended IS NULL",
        params![consent, tx.now().as_millis()],
    )
}

/// Does `each` with the codes for a grant that nobody used.
fn each_unused(
    tx: &mut Tx<'_>,
    consent: &str,
    mut each: impl FnMut(&mut Tx<'_>, Vec<u8>, Helping) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let unused: Vec<(Vec<u8>, String)> = tx.sql().rows(
        "SELECT code_hash, helping FROM enrolment WHERE helping IS NOT NULL AND session IS NULL",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (code, helping) in unused {
        let helping: Helping =
            serde_json::from_str(&helping).map_err(|_| StoreError::Unexpected)?;
        if helping.consent == consent {
            each(tx, code, helping)?;
        }
    }
    Ok(())
}
