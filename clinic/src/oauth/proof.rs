//! What a request must carry besides a token: its sender's signature over what is asked (RFC 9449, 4.3).

use http::{HeaderMap, Method};
use serde::Deserialize;
use url::Url;

use super::jws::{Jws, Thumbprint, decode};
use super::{Proving, seconds};
use crate::clinic::Inner;
use crate::keys::sha256;

/// The header of a proof.
const DPOP: &str = "dpop";
/// The header of a nonce that the next proof must have.
pub(crate) const DPOP_NONCE: &str = "dpop-nonce";

/// Seconds by which a sender's clock may be wrong, and for which a nonce is good.
pub(super) const WINDOW: i64 = 300;
/// Ids are random and short.
const LONGEST_ID: usize = 128;

/// What a request demands of its proof.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand<'a> {
    /// The method that is asked.
    pub method: &'a Method,
    /// The clinic's own address, as phones reach it: what a proxy or a sender says of the host counts for nothing.
    pub root: &'a str,
    /// The path that is asked.
    pub path: &'a str,
    /// The token that is shown beside it.
    pub token: Option<&'a str>,
}

/// A proof that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    /// Whose.
    pub thumbprint: Thumbprint,
    /// What it is known by among all proofs of all keys.
    pub id: [u8; 16],
    /// When it was made, in seconds since 1970: by the clinic's clock where it has a nonce, else by the sender's.
    pub made: i64,
    /// Whether a nonce says when: it cannot have been made earlier than that, whatever its sender's clock shows.
    pub has_nonce: bool,
}

/// Why one does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProofError {
    /// It is missing, more than one, malformed, or of something else.
    Invalid,
    /// It is of another time: this nonce makes it of this one.
    UseNonce(String),
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    ath: Option<String>,
    nonce: Option<String>,
}

impl Proof {
    /// Checks the proof of a request. Whether it comes for the first time is for [`super::authenticate`] to say.
    pub fn check(
        inner: &Inner,
        headers: &HeaderMap,
        demand: &Demand<'_>,
    ) -> Result<Self, ProofError> {
        let mut proofs = headers.get_all(DPOP).iter();
        let (Some(proof), None) = (proofs.next(), proofs.next()) else {
            return Err(ProofError::Invalid);
        };
        let text = proof.to_str().map_err(|_| ProofError::Invalid)?;
        let jws = Jws::read(text, "dpop+jwt").ok_or(ProofError::Invalid)?;
        let claims: Claims = jws.claims().ok_or(ProofError::Invalid)?;
        if !is_of(&claims, demand) {
            return Err(ProofError::Invalid);
        }
        // What is cheap is looked at first.
        if !jws.is_signed() {
            return Err(ProofError::Invalid);
        }
        let mut id = [0; 16];
        let whole = [&jws.thumbprint[..], claims.jti.as_bytes()].concat();
        id.copy_from_slice(&sha256(&whole)[..16]);
        let (made, has_nonce) = made(inner, &claims)?;
        Ok(Self {
            thumbprint: jws.thumbprint,
            id,
            made,
            has_nonce,
        })
    }
}

/// Whether the proof is of this very request.
fn is_of(claims: &Claims, demand: &Demand<'_>) -> bool {
    let has_id = (1..=LONGEST_ID).contains(&claims.jti.len());
    let of_token = match (&claims.ath, demand.token) {
        (Some(hash), Some(token)) => {
            decode(hash).is_some_and(|hash| hash == sha256(token.as_bytes()))
        }
        // A token that is not shown is none of this request's.
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    has_id
        && claims.htm == demand.method.as_str()
        && of_token
        && is_url(&claims.htu, demand.root, demand.path)
}

/// Whether it is the url that was asked, without its query (RFC 9449, 4.3: after normalisation, RFC 3986, 6.2).
fn is_url(htu: &str, root: &str, path: &str) -> bool {
    if htu.strip_prefix(root) == Some(path) {
        return true;
    }
    let without_query = |url: &str| {
        let mut url = Url::parse(url).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    let asked = without_query(&format!("{root}{path}"));
    asked.is_some() && without_query(htu) == asked
}

/// When it was made: a nonce of this clinic's says it, and else the sender's clock, if it is about right; and whether a nonce does.
fn made(inner: &Inner, claims: &Claims) -> Result<(i64, bool), ProofError> {
    let Proving {
        nonces,
        since_second,
        ..
    } = &inner.proving;
    let now = seconds(&*inner.clock);
    // A clock that was set back since says nothing of when this process began.
    let since = Some(*since_second).filter(|since| *since <= now);
    let earliest = now.saturating_sub(WINDOW).max(since.unwrap_or(i64::MIN));
    let by_nonce = claims
        .nonce
        .as_deref()
        .and_then(|nonce| nonces.read(&inner.keys, nonce))
        // Another process's clock may be a little ahead.
        .filter(|at| (earliest..=now.saturating_add(WINDOW)).contains(at));
    if let Some(at) = by_nonce {
        return Ok((at, true));
    }
    if (earliest..=now.saturating_add(WINDOW)).contains(&claims.iat) {
        return Ok((claims.iat, false));
    }
    Err(ProofError::UseNonce(nonce(inner)))
}

/// What a proof says when it is made with.
pub(super) fn nonce(inner: &Inner) -> String {
    let now = seconds(&*inner.clock);
    inner.proving.nonces.make(&inner.keys, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_url_is_the_same_however_it_is_written() {
        let root = "https://a.example/kham";
        let path = "/fhir/Patient/1/$changes";
        for same in [
            "https://a.example/kham/fhir/Patient/1/$changes",
            "https://A.example:443/kham/fhir/Patient/1/$changes",
            "https://a.example/kham/fhir/Patient/1/$changes?cursor=1#x",
            "https://a.example/kham/x/../fhir/Patient/1/$changes",
        ] {
            assert!(is_url(same, root, path), "{same}");
        }
        for other in [
            "",
            "/fhir/Patient/1/$changes",
            "http://a.example/kham/fhir/Patient/1/$changes",
            "https://b.example/kham/fhir/Patient/1/$changes",
            "https://a.example:8443/kham/fhir/Patient/1/$changes",
            "https://a.example/kham/fhir/Patient/2/$changes",
            "https://a.example/kham/fhir/patient/1/$changes",
            "https://a.example/fhir/Patient/1/$changes",
        ] {
            assert!(!is_url(other, root, path), "{other}");
        }
    }
}
