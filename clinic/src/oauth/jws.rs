//! Signed JSON, compact (RFC 7515), of the one algorithm that a phone's hardware has: ES256. The algorithm is this code's,
//! never the text's choice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::keys::sha256;

/// A longer one is none of a phone.
const LONGEST: usize = 2_048;

/// SHA-256 over a key's canonical JSON (RFC 7638).
pub(crate) type Thumbprint = [u8; 32];

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
    /// What must be understood, and is not.
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    /// The private half: who shows it has no secret any more.
    d: Option<IgnoredAny>,
}

/// One that was taken apart and not yet believed.
pub(super) struct Jws<'a> {
    signed: &'a [u8],
    signature: [u8; 64],
    point: [u8; 65],
    pub thumbprint: Thumbprint,
    payload: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Takes a text apart whose header has this type, ES256, and a public key of P-256.
    pub fn read(text: &'a str, typ: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        let Header {
            typ: of_type,
            alg,
            jwk,
            crit,
        } = header;
        let is_ours = of_type.eq_ignore_ascii_case(typ)
            && alg == "ES256"
            && jwk.kty == "EC"
            && jwk.crv == "P-256"
            && jwk.d.is_none()
            && crit.is_none();
        if !is_ours {
            return None;
        }
        let x: [u8; 32] = decode(&jwk.x)?.try_into().ok()?;
        let y: [u8; 32] = decode(&jwk.y)?.try_into().ok()?;
        let mut point = [4; 65];
        point[1..33].copy_from_slice(&x);
        point[33..].copy_from_slice(&y);
        Some(Self {
            signed: signed.as_bytes(),
            signature: decode(signature)?.try_into().ok()?,
            point,
            thumbprint: thumbprint(&x, &y),
            payload: decode(payload)?,
        })
    }

    /// What it says, not yet believed.
    pub fn claims<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.payload).ok()
    }

    /// Whether the key in it signed it.
    pub fn is_signed(&self) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.point)
            .verify(self.signed, &self.signature)
            .is_ok()
    }
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The thumbprint of a key of P-256, by its point in the long form.
pub(crate) fn thumbprint_of_point(point: &[u8; 65]) -> Thumbprint {
    let (x, y) = point[1..].split_at(32);
    thumbprint(x, y)
}

fn thumbprint(x: &[u8], y: &[u8]) -> Thumbprint {
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    sha256(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes())
}
