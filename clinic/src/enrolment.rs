//! How a device comes in: a code shown at the counter, exchanged once for tokens that are bound to its key.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sokhoe_domain::age::childhood_ends;
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, Timestamp};
use sokhoe_qr::draw::For;
use sokhoe_qr::{Enrolment, Matrix};

use crate::ClinicError;
use crate::access::Access;
use crate::access_log::{Asked, Draft, Who};
use crate::clinic::Inner;
use crate::grants::{self, Helping};
use crate::keys::sha256;
use crate::oauth::{Family, Given, Thumbprint, Token};
use crate::store::{StoreError, Tx, params};

/// Patients that one code may bring.
const MAX_PATIENTS: usize = 20;

/// What comes in: FHIR's type of it.
const DEVICE: &str = "Device";

/// An enrolment as it is shown. The text is a secret until it is used.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentText {
    /// What the QR says.
    pub text: String,
    /// From then on it is refused.
    pub expires: Timestamp,
}

impl fmt::Debug for EnrolmentText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentText")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl EnrolmentText {
    /// The QR as a picture.
    ///
    /// # Errors
    /// [`ClinicError::Code`]
    pub fn to_svg(&self) -> Result<String, ClinicError> {
        Ok(self.matrix()?.to_svg())
    }

    /// The QR's modules, to draw in a terminal.
    ///
    /// # Errors
    /// [`ClinicError::Code`]
    pub fn matrix(&self) -> Result<Matrix, ClinicError> {
        Matrix::encode_for(&self.text, For::Screen).map_err(|_| ClinicError::Code)
    }
}

/// Makes a code for a person's own phone and signs it.
pub(crate) fn issue(
    inner: &Inner,
    patients: &[String],
    valid_for: Duration,
    base_url: &str,
    who: Who,
) -> Result<EnrolmentText, ClinicError> {
    let (code, expires) = new_code(inner, patients, valid_for, None, who)?;
    let enrolment = Enrolment {
        clinic_url: base_url.trim_end_matches('/').to_owned(),
        clinic_name: inner.name.clone(),
        code,
        public_key: inner.public_key,
        expires,
    };
    let text = enrolment
        .sign(inner.keys.identity())
        .map_err(|_| ClinicError::Code)?;
    Ok(EnrolmentText { text, expires })
}

/// A new secret, and until when it brings a device in for these patients: as the people themselves, or to help them.
pub(crate) fn new_code(
    inner: &Inner,
    patients: &[String],
    valid_for: Duration,
    helping: Option<&Helping>,
    who: Who,
) -> Result<(String, Timestamp), ClinicError> {
    if !(1..=MAX_PATIENTS).contains(&patients.len()) {
        return Err(ClinicError::BadEnrolment);
    }
    let mut random = [0; 16];
    inner.rng.fill(&mut random);
    let code = URL_SAFE_NO_PAD.encode(random);
    let expires = inner.clock.now().plus(valid_for);
    let hash = sha256(code.as_bytes());
    let patients = patients.to_vec();
    let helping = helping
        .map(serde_json::to_string)
        .transpose()
        .map_err(|_| ClinicError::Code)?;
    let all_there = inner.store.write(move |tx| {
        tx.by(who);
        for patient in &patients {
            let is_patient = tx.sql().exists(
                "SELECT 1 FROM resource WHERE type = 'Patient' AND id = ?1 AND json IS NOT NULL",
                params![patient],
            )?;
            if !is_patient {
                return Ok(false);
            }
        }
        // Names of a grant that never came into force are nobody's business any more. The whole row goes: without what it
        // grants it would be a code of the person's own.
        tx.sql().execute(
            "DELETE FROM enrolment WHERE helping IS NOT NULL AND session IS NULL AND expires <= ?1",
            params![tx.now().as_millis()],
        )?;
        let list = serde_json::to_string(&patients).unwrap_or_default();
        tx.sql().execute(
            "INSERT INTO enrolment (code_hash, patients, expires, helping) VALUES (?1, ?2, ?3, ?4)",
            params![hash, list, expires.as_millis(), helping],
        )?;
        for patient in &patients {
            tx.note_own(
                patient,
                AccessOperation::Invite,
                AccessAction::Create,
                DEVICE,
            );
        }
        Ok(true)
    })?;
    if !all_there {
        return Err(ClinicError::NoSuchPatient);
    }
    Ok((code, expires))
}

/// Why a code brings nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Unknown,
    Used,
    Expired,
    /// The device may do something else for the person, which is neither more nor less.
    OtherGrant,
}

/// A device that came in.
pub(crate) struct Enrolled {
    pub tokens: Given,
    pub access: Access,
    /// The patients that the code was for.
    pub of: Vec<String>,
}

impl fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolled")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// A code as it is kept: for whom, until when, by which session it was used, and what it grants to a helper.
type Kept = (String, i64, Option<i64>, Option<String>);

/// The device that shows a code.
#[derive(Clone, Copy)]
pub(crate) struct Device<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// Of the key with which it proved itself.
    pub thumbprint: Thumbprint,
}

/// Exchanges a code. What the device could see by `earlier` it can see still. The same device asking again with the same key
/// within the code's time gets the same tokens. `word` is what a person's phone that made the code says, where the clinic does
/// not know the code yet.
pub(crate) fn redeem(
    tx: &mut Tx<'_>,
    inner: &Inner,
    code: &str,
    word: Option<&[u8]>,
    device: &Device<'_>,
    earlier: Option<&Access>,
) -> Result<Result<Enrolled, Refused>, StoreError> {
    let hash = sha256(code.as_bytes());
    let mut found = kept(tx, hash)?;
    if let (None, Some(word)) = (&found, word)
        && grants::carried::take(tx, inner, word, code)?
    {
        found = kept(tx, hash)?;
    }
    let Some((patients, expires, session, helping)) = found else {
        return Ok(Err(Refused::Unknown));
    };
    let patients: Vec<String> =
        serde_json::from_str(&patients).map_err(|_| StoreError::Unexpected)?;
    let now = tx.now().as_millis();
    if now >= expires {
        note_refused(tx, &patients, earlier);
        return Ok(Err(Refused::Expired));
    }
    if let Some(session) = session {
        let Some(opened) = opened_before(tx, session, device)? else {
            note_refused(tx, &patients, earlier);
            return Ok(Err(Refused::Used));
        };
        return Ok(Ok(opened.enrolled(tx, inner, device, patients)));
    }
    let opened = open_session(tx, inner, device)?;
    let session = opened.session;
    let helping: Option<Helping> = helping
        .map(|helping| serde_json::from_str(&helping))
        .transpose()
        .map_err(|_| StoreError::Unexpected)?;
    for patient in &patients {
        let Some(helping) = &helping else {
            grant_own(tx, session, patient)?;
            continue;
        };
        if grants::give(tx, session, patient, helping, earlier)?.is_err() {
            tx.sql()
                .execute("DELETE FROM session WHERE pk = ?1", params![session])?;
            note_refused(tx, &patients, earlier);
            return Ok(Err(Refused::OtherGrant));
        }
    }
    tx.sql().execute(
        "UPDATE enrolment SET session = ?2 WHERE code_hash = ?1",
        params![hash, session],
    )?;
    Ok(Ok(opened.enrolled(tx, inner, device, patients)))
}

fn kept(tx: &Tx<'_>, hash: [u8; 32]) -> Result<Option<Kept>, StoreError> {
    tx.sql().first(
        "SELECT patients, expires, session, helping FROM enrolment WHERE code_hash = ?1",
        params![hash],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )
}

/// A session that a device has come in by.
pub(crate) struct Opened {
    pub session: i64,
    token: Token,
    /// When its tokens were given, in milliseconds since 1970.
    issued: i64,
}

impl Opened {
    /// What the device is given. The logs of the people say that it came in.
    pub fn enrolled(
        &self,
        tx: &mut Tx<'_>,
        inner: &Inner,
        device: &Device<'_>,
        of: Vec<String>,
    ) -> Enrolled {
        let access = Access::of_session(self.session, device.id, &inner.clock);
        note(tx, &of, &access, AccessOutcome::Done);
        let now = tx.now().as_millis();
        Enrolled {
            tokens: Given::of(&inner.keys, &self.token, self.issued, now),
            access,
            of,
        }
    }
}

/// A new session for a device.
pub(crate) fn open_session(
    tx: &mut Tx<'_>,
    inner: &Inner,
    device: &Device<'_>,
) -> Result<Opened, StoreError> {
    let issued = tx.now().as_millis();
    let mut family = Family::default();
    inner.rng.fill(&mut family);
    let session = tx.sql().one(
        "INSERT INTO session (device, device_name, family, thumbprint, created, issued)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5) RETURNING pk",
        params![device.id, device.name, family, device.thumbprint, issued],
        |row| row.get(0),
    )?;
    Ok(Opened {
        session,
        token: Token {
            family,
            generation: 0,
        },
        issued,
    })
}

/// A session as the same device left it, with the same key, unless it has ended. Tokens are made from what it says, so that
/// they need not be kept to be given again.
pub(crate) fn opened_before(
    tx: &Tx<'_>,
    session: i64,
    device: &Device<'_>,
) -> Result<Option<Opened>, StoreError> {
    let found: Option<(Vec<u8>, u32, i64)> = tx.sql().first(
        "SELECT family, generation, issued FROM session
         WHERE pk = ?1 AND device = ?2 AND thumbprint = ?3 AND revoked IS NULL",
        params![session, device.id, device.thumbprint],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let Some((family, generation, issued)) = found else {
        return Ok(None);
    };
    let family = family.try_into().map_err(|_| StoreError::Unexpected)?;
    Ok(Some(Opened {
        session,
        token: Token { family, generation },
        issued,
    }))
}

/// A session is the person's own: it may do all for them.
pub(crate) fn grant_own(tx: &Tx<'_>, session: i64, patient: &str) -> Result<(), StoreError> {
    // A phone that has a child's record is a guardian's.
    let born = grants::birth_date(tx.sql(), patient)?;
    let ends = born.and_then(|born| childhood_ends(born, tx.now()));
    tx.sql().execute(
        "INSERT INTO access_grant (session, patient, ends) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![session, patient, ends.map(Timestamp::as_millis)],
    )?;
    Ok(())
}

/// Remembers that a phone came in for these people, or wanted to.
fn note(tx: &mut Tx<'_>, patients: &[String], access: &Access, outcome: AccessOutcome) {
    let asked = Asked {
        access,
        operation: AccessOperation::Enrol,
        action: AccessAction::Create,
        kind: DEVICE,
        id: None,
    };
    for patient in patients {
        tx.note(asked.draft(patient, outcome, tx.now()));
    }
}

/// A code that brings nobody in is an attempt all the same; of a phone that has no session nothing is known.
pub(crate) fn note_refused(tx: &mut Tx<'_>, patients: &[String], earlier: Option<&Access>) {
    if let Some(earlier) = earlier {
        note(tx, patients, earlier, AccessOutcome::Denied);
        return;
    }
    for patient in patients {
        let (operation, action) = (AccessOperation::Enrol, AccessAction::Create);
        tx.note(Draft {
            patient: patient.clone(),
            at: tx.now(),
            operation,
            action,
            kind: DEVICE.to_owned(),
            id: None,
            outcome: AccessOutcome::Denied,
            who: Who::Unknown,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sokhoe_domain::ports::Clock;
    use sokhoe_testing::FakeClock;

    use super::*;

    #[test]
    fn a_token_is_not_for_logs() {
        let clock: Arc<dyn Clock> = Arc::new(FakeClock::at("2026-11-23T06:00:00+07:00"));
        let enrolled = Enrolled {
            tokens: Given {
                access: "the-token".to_owned(),
                refresh: "the-token".to_owned(),
                expires_in: 1,
            },
            access: Access::of_session(1, "device", &clock),
            of: Vec::new(),
        };
        assert!(!format!("{enrolled:?}").contains("the-token"));
    }
}
