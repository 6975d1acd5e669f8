//! How a system proves itself: a signed JWT of its own (RFC 7523; SMART App Launch 2.2, asymmetric client authentication).

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::jwks::{Jwks, SIGNING};
use super::scopes::SystemScopes;
use crate::keys::sha256;
use crate::oauth::decode;
use crate::store::{StoreError, Tx, params};

/// A longer one is none.
const LONGEST: usize = 8_192;
/// Seconds for which an assertion may be good, and by which a system's clock may be wrong.
const LASTS: i64 = 300;
const SKEW: i64 = 30;
const LONGEST_ID: usize = 128;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    nbf: Option<i64>,
    jti: String,
}

/// A system that proved itself.
#[derive(Debug)]
pub(crate) struct Asserted {
    pub client: i64,
    pub scopes: SystemScopes,
}

/// The system of an assertion; nothing when it is none, or came before. `token_url` is the only audience.
pub(crate) fn assert_client(
    tx: &mut Tx<'_>,
    token_url: &str,
    assertion: &str,
) -> Result<Option<Asserted>, StoreError> {
    let now = tx.now().as_millis().div_euclid(1_000);
    let Some(read) = Read::of(assertion, token_url, now) else {
        return Ok(None);
    };
    let found: Option<(i64, String, String)> = tx.sql().first(
        "SELECT pk, jwks, scopes FROM system_client WHERE id = ?1 AND revoked IS NULL",
        params![read.claims.sub],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let Some((client, jwks, scopes)) = found else {
        return Ok(None);
    };
    let jwks = Jwks::read(&jwks).map_err(|_| StoreError::Unexpected)?;
    let signed = read.signed.as_bytes();
    if !jwks.verify(&read.header.kid, &read.header.alg, signed, &read.signature) {
        return Ok(None);
    }
    tx.sql()
        .execute("DELETE FROM client_assertion WHERE ends < ?1", params![now])?;
    let id = sha256(format!("{client} {}", read.claims.jti).as_bytes());
    let noted = tx.sql().execute(
        "INSERT INTO client_assertion (id, ends) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![id, read.claims.exp.saturating_add(SKEW)],
    )?;
    let scopes = SystemScopes::read(&scopes).map_err(|_| StoreError::Unexpected)?;
    Ok((noted > 0).then_some(Asserted { client, scopes }))
}

/// An assertion that is of this clinic and this time, not yet believed.
struct Read<'a> {
    header: Header,
    claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Read<'a> {
    fn of(text: &'a str, token_url: &str, now: i64) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        let claims: Claims = serde_json::from_slice(&decode(claims)?).ok()?;
        let is_jwt = header
            .typ
            .as_deref()
            .is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
        let is_good = SIGNING.contains(&header.alg.as_str())
            && is_jwt
            && header.crit.is_none()
            && claims.iss == claims.sub
            && claims.aud == token_url
            && claims.exp > now.saturating_sub(SKEW)
            && claims.exp <= now.saturating_add(LASTS + SKEW)
            && claims
                .nbf
                .is_none_or(|from| from <= now.saturating_add(SKEW))
            && (1..=LONGEST_ID).contains(&claims.jti.len());
        is_good.then(|| {
            Some(Self {
                header,
                claims,
                signed,
                signature: decode(signature)?,
            })
        })?
    }
}
