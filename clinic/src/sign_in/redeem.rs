//! A code for tokens (RFC 6749, 4.1.3; RFC 7636, 4.6; RFC 9449, 10): once, by the phone that began.

use crate::access::Access;
use crate::clinic::Inner;
use crate::enrolment::{self, Device, Enrolled};
use crate::keys::{same, sha256};
use crate::oauth::{Proof, end_session, first_use};
use crate::store::{StoreError, Tx, params};

/// What a phone brings.
#[derive(Clone, Copy)]
pub(crate) struct Brought<'a> {
    pub code: &'a str,
    pub redirect_uri: &'a str,
    pub verifier: &'a str,
    pub device: Device<'a>,
    pub proof: Proof,
}

/// What came of it.
pub(crate) enum Redeemed {
    In(Box<Enrolled>),
    /// The code is none, over, used, or not this phone's.
    Refused,
    /// The proof came before.
    Replayed,
}

impl std::fmt::Debug for Redeemed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::In(_) => "In",
            Self::Refused => "Refused",
            Self::Replayed => "Replayed",
        })
    }
}

/// A code as it is kept.
struct Kept {
    patient: String,
    redirect_uri: String,
    challenge: Vec<u8>,
    thumbprint: Vec<u8>,
    expires: i64,
    session: Option<i64>,
}

/// Exchanges a code. The same phone that did not get the answer gets it again while the code is good; anybody else who brings
/// a used code ends the session that it gave.
pub(crate) fn redeem(
    tx: &mut Tx<'_>,
    inner: &Inner,
    brought: &Brought<'_>,
    earlier: Option<&Access>,
) -> Result<Redeemed, StoreError> {
    // A proof beside tokens was noted when they were looked at.
    if earlier.is_none() && !first_use(tx, &brought.proof)? {
        return Ok(Redeemed::Replayed);
    }
    let earlier = earlier.filter(|earlier| earlier.device() == brought.device.id);
    let hash = sha256(brought.code.as_bytes());
    let found = tx.sql().first(
        "SELECT patient, redirect_uri, challenge, thumbprint, expires, session
         FROM authorization_code WHERE code_hash = ?1",
        params![hash],
        |row| {
            Ok(Kept {
                patient: row.get(0)?,
                redirect_uri: row.get(1)?,
                challenge: row.get(2)?,
                thumbprint: row.get(3)?,
                expires: row.get(4)?,
                session: row.get(5)?,
            })
        },
    )?;
    let Some(kept) = found else {
        return Ok(Redeemed::Refused);
    };
    let of = [kept.patient.clone()];
    let is_this_phone = kept.redirect_uri == brought.redirect_uri
        && same(&sha256(brought.verifier.as_bytes()), &kept.challenge)
        && kept.thumbprint == brought.device.thumbprint;
    let is_good = is_this_phone && tx.now().as_millis() < kept.expires;
    let Some(session) = kept.session else {
        if !is_good {
            enrolment::note_refused(tx, &of, earlier);
            return Ok(Redeemed::Refused);
        }
        let opened = enrolment::open_session(tx, inner, &brought.device)?;
        enrolment::grant_own(tx, opened.session, &kept.patient)?;
        tx.sql().execute(
            "UPDATE authorization_code SET session = ?2 WHERE code_hash = ?1",
            params![hash, opened.session],
        )?;
        let enrolled = opened.enrolled(tx, inner, &brought.device, of.into());
        return Ok(Redeemed::In(Box::new(enrolled)));
    };
    let again = match is_good {
        true => enrolment::opened_before(tx, session, &brought.device)?,
        false => None,
    };
    let Some(opened) = again else {
        // Not for the phone's own request that a network kept back.
        if !is_this_phone {
            end_session(tx, session, "authorization-code-reused")?;
        }
        enrolment::note_refused(tx, &of, earlier);
        return Ok(Redeemed::Refused);
    };
    let enrolled = opened.enrolled(tx, inner, &brought.device, of.into());
    Ok(Redeemed::In(Box::new(enrolled)))
}
