//! How this phone proves itself to a clinic: with each request it signs what it asks, with a key that never leaves its
//! key store (DPoP, RFC 9449). A token that somebody else got hold of opens nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderName, HeaderValue, Method};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{Clock, KeyStore, Rng, SigningPublicKey};
use url::Url;

use crate::error::ClientError;
use crate::server_clock::ServerClocks;

/// The header of a proof.
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The header with which a clinic gives a nonce.
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Random bytes of a proof's id: it must differ from the others of this key within minutes.
const ID_BYTES: usize = 12;

/// This phone's signing key at one clinic. Cheap to clone.
#[derive(Clone)]
pub struct DeviceKey {
    keys: Arc<dyn KeyStore>,
    alias: String,
    public: SigningPublicKey,
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceKey").finish_non_exhaustive()
    }
}

/// A public key as JOSE writes it (RFC 7517). The order is that of a thumbprint (RFC 7638, 3).
#[derive(Serialize)]
struct Jwk {
    crv: &'static str,
    kty: &'static str,
    x: String,
    y: String,
}

#[derive(Serialize)]
struct Header {
    typ: &'static str,
    alg: &'static str,
    jwk: Jwk,
}

impl DeviceKey {
    /// The key of this name in a key store, of which `public` is the public half.
    #[must_use]
    pub fn new(keys: Arc<dyn KeyStore>, alias: String, public: SigningPublicKey) -> Self {
        Self {
            keys,
            alias,
            public,
        }
    }

    fn jwk(&self) -> Jwk {
        let (x, y) = self.public[1..].split_at(32);
        Jwk {
            crv: "P-256",
            kty: "EC",
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        }
    }

    /// The key's thumbprint (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let jwk = serde_json::to_vec(&self.jwk()).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(digest(&SHA256, &jwk))
    }

    /// A signed JWT of these claims, with the key in its header.
    ///
    /// # Errors
    /// [`ClientError::Key`]; [`ClientError::Invalid`] for claims that are no JSON.
    pub(crate) fn sign(
        &self,
        typ: &'static str,
        claims: &impl Serialize,
    ) -> Result<String, ClientError> {
        let header = Header {
            typ,
            alg: "ES256",
            jwk: self.jwk(),
        };
        let header = serde_json::to_vec(&header).map_err(|_| ClientError::Invalid)?;
        let claims = serde_json::to_vec(claims).map_err(|_| ClientError::Invalid)?;
        let mut jws = URL_SAFE_NO_PAD.encode(header);
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut jws);
        let signature = self.keys.sign(&self.alias, jws.as_bytes())?;
        jws.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
        Ok(jws)
    }
}

/// The claims of a proof (RFC 9449, 4.2).
#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

/// Makes proofs: a key, and what they need to know of time. Cheap to clone.
#[derive(Clone)]
pub struct Prover {
    /// The key.
    pub key: DeviceKey,
    /// The phone's clock.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub rng: Arc<dyn Rng>,
    /// By how much that clock is wrong, as far as servers said.
    pub clocks: ServerClocks,
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prover").finish_non_exhaustive()
    }
}

impl Prover {
    /// The time, by the server's clock when it is known.
    pub(crate) fn server_time(&self, url: &Url) -> Timestamp {
        let now = self.clock.now();
        let ahead = self.clocks.phone_ahead(&origin(url)).unwrap_or(0);
        Timestamp::from_millis(now.as_millis().saturating_sub(ahead))
    }

    pub(crate) fn id(&self) -> String {
        let mut id = [0; ID_BYTES];
        self.rng.fill(&mut id);
        URL_SAFE_NO_PAD.encode(id)
    }

    /// The proof that this phone asks this, with this token if it has one.
    ///
    /// # Errors
    /// [`ClientError::Key`]
    pub(crate) fn prove(
        &self,
        method: &Method,
        url: &Url,
        token: Option<&str>,
    ) -> Result<HeaderValue, ClientError> {
        let mut htu = url.clone();
        htu.set_query(None);
        htu.set_fragment(None);
        let claims = Claims {
            jti: self.id(),
            htm: method.as_str(),
            htu: htu.as_str(),
            iat: self.server_time(url).as_millis().div_euclid(1_000),
            ath: token.map(|token| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))),
            nonce: self.clocks.nonce(&origin(url)),
        };
        let proof = self.key.sign("dpop+jwt", &claims)?;
        let mut proof = HeaderValue::try_from(proof).map_err(|_| ClientError::Invalid)?;
        proof.set_sensitive(true);
        Ok(proof)
    }

    /// Keeps what the clinic wants to see in the next proof, if it says so (RFC 9449, 8).
    pub(crate) fn keep_nonce(&self, url: &Url, head: &http::response::Parts) {
        let nonce = head.headers.get(&DPOP_NONCE);
        if let Some(nonce) = nonce.and_then(|value| value.to_str().ok()) {
            self.clocks.keep_nonce(origin(url), nonce);
        }
    }

    /// A statement of this key's, for a phone that takes its place in the session of this refresh token: whoever shows it
    /// within `valid_for`, once, is let in instead with a key of their own (RFC 7523). It is a secret.
    ///
    /// # Errors
    /// [`ClientError::Key`]
    pub(crate) fn hand_over(
        &self,
        token_url: &Url,
        refresh_token: &str,
        valid_for: Duration,
    ) -> Result<String, ClientError> {
        #[derive(Serialize)]
        struct Assertion<'a> {
            iss: &'a str,
            sub: &'a str,
            aud: &'a str,
            iat: i64,
            exp: i64,
            jti: String,
        }
        let thumbprint = self.key.thumbprint();
        let now = self.server_time(token_url);
        let seconds = |time: Timestamp| time.as_millis().div_euclid(1_000);
        let assertion = Assertion {
            iss: &thumbprint,
            sub: refresh_token,
            aud: token_url.as_str(),
            iat: seconds(now),
            exp: seconds(now.plus(valid_for)),
            jti: self.id(),
        };
        self.key.sign("JWT", &assertion)
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;
    use sokhoe_testing::{FakeClock, MemoryKeys, SeededRng};

    use super::*;

    fn prover(keys: &Arc<MemoryKeys>) -> Prover {
        let public = keys.signing_key("clinic").unwrap();
        Prover {
            key: DeviceKey::new(Arc::clone(keys) as _, "clinic".to_owned(), public),
            clock: Arc::new(FakeClock::at("2026-11-24T08:30:00+07:00")),
            rng: Arc::new(SeededRng::new(1)),
            clocks: ServerClocks::default(),
        }
    }

    fn part(jws: &str, number: usize) -> Value {
        let part = jws.split('.').nth(number).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_proof_says_what_is_asked_and_is_signed() {
        let keys = Arc::<MemoryKeys>::default();
        let prover = prover(&keys);
        let url = Url::parse("https://a.example/fhir/Patient/1/$changes?cursor=x#y").unwrap();
        let proof = prover.prove(&Method::GET, &url, Some("token")).unwrap();
        assert!(proof.is_sensitive());
        let proof = proof.to_str().unwrap();
        let (header, claims) = (part(proof, 0), part(proof, 1));
        assert_eq!(
            (&header["typ"], &header["alg"]),
            (&"dpop+jwt".into(), &"ES256".into())
        );
        assert!(header["jwk"].get("d").is_none());
        assert_eq!(claims["htm"], "GET");
        assert_eq!(claims["htu"], "https://a.example/fhir/Patient/1/$changes");
        assert_eq!(claims["iat"], 1_795_483_800);
        // SHA-256 of "token".
        assert_eq!(claims["ath"], "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A");
        let (signed, signature) = proof.rsplit_once('.').unwrap();
        let key = UnparsedPublicKey::new(
            &ECDSA_P256_SHA256_FIXED,
            keys.signing_key("clinic").unwrap(),
        );
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        key.verify(signed.as_bytes(), &signature).unwrap();
        let again = prover.prove(&Method::GET, &url, Some("token")).unwrap();
        assert_ne!(part(again.to_str().unwrap(), 1)["jti"], claims["jti"]);
        // What a request costs more than with a bearer token: an idle sync has a kilobyte.
        assert!(proof.len() < 580, "{} bytes", proof.len());
    }

    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        // The key and the order of its members: RFC 7638, 3.2, over the key of RFC 7515, A.3.
        let public = sokhoe_testing::PUBLISHED.public_key();
        let keys: Arc<dyn KeyStore> = Arc::<MemoryKeys>::default();
        let key = DeviceKey::new(keys, String::new(), public);
        let canonical = r#"{"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
        let expected = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        assert_eq!(key.thumbprint(), expected);
    }

    #[test]
    fn a_lost_key_is_told_from_one_that_cannot_be_used_now() {
        use sokhoe_domain::ports::KeyStoreError;
        let keys = Arc::<MemoryKeys>::default();
        let prover = prover(&keys);
        let url = Url::parse("https://a.example/token").unwrap();
        keys.refuse(KeyStoreError::Locked);
        let refused = prover.prove(&Method::POST, &url, None);
        assert_eq!(refused, Err(ClientError::Key(KeyStoreError::Locked)));
        keys.refuse(None);
        keys.delete("clinic").unwrap();
        let refused = prover.prove(&Method::POST, &url, None);
        assert_eq!(refused, Err(ClientError::Unauthorized));
    }
}
