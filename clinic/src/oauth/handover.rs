//! A new phone takes an old one's place: with what the old one's key signed for it (RFC 7523), without either's key ever
//! leaving its phone. The old phone is let in no longer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::jws::{Jws, Thumbprint};
use super::proof::Proof;
use super::refresh::{IDLE, Refreshed, WHOLE};
use super::session::first_use;
use super::tokens::{Family, Given, Kind, Token};
use crate::clinic::Inner;
use crate::store::{StoreError, Tx, params};

/// Seconds for which a phone may hand over: a phone that comes to the network later comes in at the counter.
const LONGEST: i64 = 31 * 86_400;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    /// A refresh token of the session that is handed over.
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
}

/// What an assertion says.
struct HandedOver {
    from: Thumbprint,
    family: Family,
}

/// A session that may be handed over.
struct Session {
    pk: i64,
    thumbprint: Vec<u8>,
    moved_from: Option<Vec<u8>>,
    generation: u32,
    issued: i64,
    created: i64,
}

/// Puts the key of `proof` in the place of the one that signed `assertion`. Asked again by the same key it gives the same;
/// anybody else comes too late.
pub(crate) fn take_over(
    tx: &mut Tx<'_>,
    inner: &Inner,
    token_url: &str,
    assertion: &str,
    proof: Proof,
) -> Result<Refreshed, StoreError> {
    let now = tx.now().as_millis();
    let Some(HandedOver { from, family }) =
        HandedOver::read(inner, assertion, token_url, now.div_euclid(1_000))
    else {
        return Ok(Refreshed::Refused);
    };
    if from == proof.thumbprint {
        return Ok(Refreshed::Refused);
    }
    if !first_use(tx, &proof)? {
        return Ok(Refreshed::Replayed);
    }
    let found = tx.sql().first(
        "SELECT pk, thumbprint, moved_from, generation, issued, created
         FROM session WHERE family = ?1 AND thumbprint IS NOT NULL AND revoked IS NULL",
        params![family],
        |row| {
            Ok(Session {
                pk: row.get(0)?,
                thumbprint: row.get(1)?,
                moved_from: row.get(2)?,
                generation: row.get(3)?,
                issued: row.get(4)?,
                created: row.get(5)?,
            })
        },
    )?;
    let Some(session) = found else {
        return Ok(Refreshed::Refused);
    };
    if now >= session.issued.saturating_add(IDLE) || now >= session.created.saturating_add(WHOLE) {
        return Ok(Refreshed::Refused);
    }
    let is_taken =
        session.moved_from.as_deref() == Some(&from[..]) && session.thumbprint == proof.thumbprint;
    if is_taken {
        let token = Token {
            family,
            generation: session.generation,
        };
        let given = Given::of(&inner.keys, &token, session.issued, now);
        return Ok(Refreshed::Given(given));
    }
    if session.thumbprint != from {
        return Ok(Refreshed::Refused);
    }
    let token = Token {
        family,
        generation: session.generation.saturating_add(1),
    };
    tx.sql().execute(
        "UPDATE session SET thumbprint = ?2, moved_from = ?3, generation = ?4, issued = ?5 WHERE pk = ?1",
        params![session.pk, proof.thumbprint, from, token.generation, now],
    )?;
    // What the old phone had before its last enrolment.
    tx.sql().execute(
        "UPDATE session SET revoked = ?2 WHERE thumbprint = ?1 AND revoked IS NULL",
        params![from, now],
    )?;
    Ok(Refreshed::Given(Given::of(&inner.keys, &token, now, now)))
}

impl HandedOver {
    /// Reads an assertion that is one, for this clinic, and still good. A phone's clock may be wrong by days: what counts is
    /// that it is not good for ever.
    fn read(inner: &Inner, assertion: &str, token_url: &str, now: i64) -> Option<Self> {
        let jws = Jws::read(assertion, "JWT")?;
        let claims: Claims = jws.claims()?;
        let is_good = claims.iss == URL_SAFE_NO_PAD.encode(jws.thumbprint)
            && claims.aud == token_url
            && claims.exp > now
            && claims.exp.saturating_sub(claims.iat) <= LONGEST
            && claims.exp.saturating_sub(now) <= 2 * LONGEST;
        let token = Token::read(&inner.keys, Kind::Refresh, &claims.sub).filter(|_| is_good)?;
        jws.is_signed().then_some(Self {
            from: jws.thumbprint,
            family: token.family,
        })
    }
}
