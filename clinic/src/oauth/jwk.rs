//! Public keys of others as JOSE writes them (RFC 7517, RFC 7518), of the algorithms that are believed here: a system's, an
//! OpenID provider's. Which of them count where is for the caller to say.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::{Deserialize, Serialize};

use super::jws::decode;

/// Bytes of a modulus: 2,048 to 8,192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1_024;

/// A public key: what is needed of it, and nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub(crate) enum Jwk {
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
}

impl Jwk {
    /// What such a key signs with, by its kind alone.
    pub fn algorithms(&self) -> &'static [&'static str] {
        match self {
            Self::Ec { crv, .. } if crv == "P-256" => &["ES256"],
            Self::Ec { crv, .. } if crv == "P-384" => &["ES384"],
            Self::Ec { .. } => &[],
            Self::Rsa { .. } => &["RS256", "RS384"],
        }
    }

    /// Whether it can be one.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Ec { .. } => self.point().is_some(),
            Self::Rsa { n, e } => {
                let length = decode(n).map_or(0, |n| n.len());
                MODULUS.contains(&length) && decode(e).is_some_and(|e| (1..=8).contains(&e.len()))
            }
        }
    }

    /// The point in its long form.
    fn point(&self) -> Option<Vec<u8>> {
        let Self::Ec { crv, x, y } = self else {
            return None;
        };
        let length = match &**crv {
            "P-256" => 32,
            "P-384" => 48,
            _ => return None,
        };
        let (x, y) = (decode(x)?, decode(y)?);
        (x.len() == length && y.len() == length).then(|| [&[4], &x[..], &y[..]].concat())
    }

    /// Whether it signed this with this algorithm, which must be one of its kind.
    pub fn verify(&self, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        if !self.algorithms().contains(&algorithm) {
            return false;
        }
        match self {
            Self::Ec { .. } => {
                let with: &dyn VerificationAlgorithm = match algorithm {
                    "ES256" => &ECDSA_P256_SHA256_FIXED,
                    _ => &ECDSA_P384_SHA384_FIXED,
                };
                self.point().is_some_and(|point| {
                    let key = UnparsedPublicKey::new(with, point);
                    key.verify(signed, signature).is_ok()
                })
            }
            Self::Rsa { n, e } => {
                let (Some(n), Some(e)) = (decode(n), decode(e)) else {
                    return false;
                };
                let with = match algorithm {
                    "RS256" => &RSA_PKCS1_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA384,
                };
                let key = RsaPublicKeyComponents { n, e };
                key.verify(with, signed, signature).is_ok()
            }
        }
    }
}
