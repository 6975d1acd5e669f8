//! Proofs of requests (DPoP, RFC 9449) for tests that write their requests themselves.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::signing::Signer;

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    /// The public half as JOSE writes it, in the order of a thumbprint (RFC 7638).
    pub fn jwk(&self) -> String {
        let point = self.public_key();
        let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
    }

    /// The key's thumbprint.
    pub fn thumbprint(&self) -> String {
        encode(digest(&SHA256, self.jwk().as_bytes()))
    }

    /// A signed text of this header and these claims, whatever they say.
    pub fn jws(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.sign(signed.as_bytes()).expect("random numbers");
        format!("{signed}.{}", encode(signature))
    }

    /// The proof that somebody asks this, at this second since 1970, with this token if they have one. No two are the same.
    pub fn proof(&self, method: &str, url: &str, second: i64, token: Option<&str>) -> String {
        let of_token = token.map(|token| ("ath", token_hash(token)));
        self.proof_of(method, url, second, of_token)
    }

    /// The same without a token, with the nonce that a server gave for it.
    pub fn proof_with_nonce(&self, method: &str, url: &str, second: i64, nonce: &str) -> String {
        self.proof_of(method, url, second, Some(("nonce", nonce.to_owned())))
    }

    fn proof_of(
        &self,
        method: &str,
        url: &str,
        second: i64,
        more: Option<(&str, String)>,
    ) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (number, process) = (NEXT.fetch_add(1, Ordering::Relaxed), std::process::id());
        let url = url.split('?').next().unwrap_or_default();
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, self.jwk());
        let more = more.map_or_else(String::new, |(claim, value)| {
            format!(r#","{claim}":"{value}""#)
        });
        let claims = format!(
            r#"{{"jti":"{process:x}-{number:x}","htm":"{method}","htu":"{url}","iat":{second}{more}}}"#
        );
        self.jws(&header, &claims)
    }
}

/// What a proof says of the token beside it.
pub fn token_hash(token: &str) -> String {
    encode(digest(&SHA256, token.as_bytes()))
}
