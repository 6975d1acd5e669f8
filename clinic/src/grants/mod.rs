//! What helpers may do for people: given at the counter, carried to the helper's phone by a code, ended by time or at once.
//!
//! A grant is a Consent in the person's record and a row of `access_grant` for each phone that it brought in. The row is
//! what [`crate::access`] asks; the Consent says who gave it and what they were shown.

mod consent;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sokhoe_domain::{GrantScope, GrantScopes, IntentId, Timestamp};
use sokhoe_qr::Invitation;

use crate::ClinicError;
use crate::access;
use crate::clinic::Inner;
use crate::enrolment::{self, EnrolmentText};
use crate::store::{StoreError, Tx, params, resources};

/// A helper is asked again once a year.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// Letters of a name.
const LONGEST_NAME: usize = 200;
/// Letters of what the giver was shown.
const LONGEST_TEXT: usize = 4_000;

/// Who decided that a helper may help.
#[derive(Clone, PartialEq, Eq)]
pub enum Giver {
    /// The person themselves.
    Person,
    /// Whoever decides for them by law (a small child's parent, a guardian): by this name.
    Guardian(String),
}

/// What the giver was shown before they said yes: the evidence that Law 91/2025/QH15 asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    /// The words.
    pub text: String,
    /// Their language, as BCP 47 says it (`vi`).
    pub language: String,
    /// Which version of the words it was.
    pub version: String,
}

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

/// Names are not for logs.
impl fmt::Debug for Giver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Person => "Person",
            Self::Guardian(_) => "Guardian(..)",
        })
    }
}

/// The words have names in them.
impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown")
            .field("language", &self.language)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
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
    fn scopes(&self) -> GrantScopes {
        self.scopes.iter().copied().collect()
    }

    fn is_sound(&self, now: Timestamp) -> bool {
        let is_name = |name: &str| {
            let name = name.trim();
            !name.is_empty() && name.chars().count() <= LONGEST_NAME
        };
        let has_giver = match &self.giver {
            Giver::Person => true,
            Giver::Guardian(name) => is_name(name),
        };
        !self.scopes.is_empty()
            && has_giver
            && [&self.person, &self.helper, &self.shown.language]
                .into_iter()
                .chain([&self.shown.version])
                .all(|name| is_name(name))
            && !self.shown.text.trim().is_empty()
            && self.shown.text.chars().count() <= LONGEST_TEXT
            && self.until > now
            && self.until <= now.plus(LONGEST)
    }
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
) -> Result<OfferedGrant, ClinicError> {
    let now = inner.clock.now();
    if !request.is_sound(now) {
        return Err(ClinicError::BadGrant);
    }
    let consent = IntentId::new(now, &*inner.rng).to_string();
    let helping = Helping {
        scopes: request.scopes().bits(),
        until: request.until.as_millis(),
        json: consent::of(request, &consent, now),
        consent: consent.clone(),
    };
    let patients = [request.patient.clone()];
    let (code, expires) = enrolment::new_code(inner, &patients, valid_for, Some(&helping))?;
    let invitation = Invitation {
        clinic_url: base_url.trim_end_matches('/').to_owned(),
        clinic_name: inner.name.clone(),
        code,
        person: request.person.trim().to_owned(),
        scopes: request.scopes.clone(),
        public_key: inner.public_key,
        expires,
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
        let (has, until) = earlier.grant(tx.sql(), patient)?;
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
    let ended = tx.sql().execute(
        "UPDATE access_grant SET ended = ?2 WHERE consent = ?1 AND ended IS NULL",
        params![consent, tx.now().as_millis()],
    )?;
    // Whoever has the code but did not use it comes too late.
    let unused: Vec<(Vec<u8>, String)> = tx.sql().rows(
        "SELECT code_hash, helping FROM enrolment WHERE helping IS NOT NULL AND session IS NULL",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (code, helping) in unused {
        let is_of_it =
            serde_json::from_str(&helping).is_ok_and(|helping: Helping| helping.consent == consent);
        if is_of_it {
            let delete = "DELETE FROM enrolment WHERE code_hash = ?1";
            tx.sql().execute(delete, params![code])?;
        }
    }
    let stored: Option<(String, Option<String>)> = tx.sql().first(
        "SELECT json, patient FROM resource WHERE type = 'Consent' AND id = ?1 AND json IS NOT NULL",
        params![consent],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((json, patient)) = stored else {
        return Ok((ended, None));
    };
    if let Some(json) = consent::ended(&json, tx.now()) {
        resources::put(tx, "Consent", consent, patient.as_deref(), &json)?;
    }
    Ok((ended, patient))
}
