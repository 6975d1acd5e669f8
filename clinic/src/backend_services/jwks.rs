//! The public halves of a system's keys (RFC 7517), of the two algorithms that SMART names: ES384 and RS384.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::oauth::Jwk;

/// What may sign.
pub(crate) const SIGNING: [&str; 2] = ["ES384", "RS384"];
/// Keys of one system.
const MOST_KEYS: usize = 16;

/// A set of keys that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadJwks {
    /// It is no JWK Set.
    #[error("not a JSON Web Key Set (RFC 7517)")]
    NotJwks,
    /// It has a private or a symmetric key, which is no secret any more.
    #[error("a private key is in it: make a new one, and give only its public half")]
    Private,
    /// It has no key, too many, two of one `kid`, or one without.
    #[error("1 to 16 keys, each with a kid of its own")]
    Count,
    /// A key is neither for ES384 (P-384) nor for RS384 (RSA of 2,048 bits or more).
    #[error("keys must be of P-384 (ES384) or RSA with 2,048 bits or more (RS384)")]
    Kind,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// A public key as it is kept: what is needed of it, and nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Key {
    kid: String,
    #[serde(flatten)]
    material: Jwk,
}

/// A system's keys.
#[derive(Debug, Clone)]
pub(crate) struct Jwks(Vec<Key>);

impl Jwks {
    /// Reads a JWK Set.
    pub fn read(text: &str) -> Result<Self, BadJwks> {
        // Of a key that says both a private and a public half only what is private matters.
        const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];
        let set: Set = serde_json::from_str(text).map_err(|_| BadJwks::NotJwks)?;
        if set
            .keys
            .iter()
            .any(|key| PRIVATE.iter().any(|name| key.contains_key(*name)))
        {
            return Err(BadJwks::Private);
        }
        let mut keys = Vec::new();
        for key in set.keys {
            if key.get("kid").is_none() {
                return Err(BadJwks::Count);
            }
            let key: Key = serde_json::from_value(key.into()).map_err(|_| BadJwks::Kind)?;
            let signs = key.material.algorithms();
            if !key.material.is_sound() || !signs.iter().any(|name| SIGNING.contains(name)) {
                return Err(BadJwks::Kind);
            }
            keys.push(key);
        }
        let names: BTreeSet<&str> = keys.iter().map(|key| key.kid.as_str()).collect();
        if names.len() != keys.len() || !(1..=MOST_KEYS).contains(&keys.len()) {
            return Err(BadJwks::Count);
        }
        Ok(Self(keys))
    }

    /// As it is kept.
    pub fn to_json(&self) -> String {
        serde_json::json!({"keys": self.0}).to_string()
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether the key of this name signed this, with its own algorithm.
    pub fn verify(&self, kid: &str, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        let key = self.0.iter().find(|key| key.kid == kid);
        key.is_some_and(|key| key.material.verify(algorithm, signed, signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_keys_of_the_two_kinds_are_taken() {
        let n = "A".repeat(342);
        let good =
            format!(r#"{{"keys":[{{"kty":"RSA","kid":"1","n":"{n}","e":"AQAB","alg":"RS384"}}]}}"#);
        let jwks = Jwks::read(&good).unwrap();
        assert_eq!(jwks.count(), 1);
        assert_eq!(Jwks::read(&jwks.to_json()).unwrap().count(), 1);
        for (set, expected) in [
            ("[]".to_owned(), BadJwks::NotJwks),
            (r#"{"keys":[]}"#.to_owned(), BadJwks::Count),
            (good.replace(r#""kid":"1","#, ""), BadJwks::Count),
            (
                good.replace(r#""e":"#, r#""d":"AQAB","e":"#),
                BadJwks::Private,
            ),
            (
                r#"{"keys":[{"kty":"oct","kid":"1","k":"AAAA"}]}"#.to_owned(),
                BadJwks::Private,
            ),
            (good.replace("AAAAAAAA", ""), BadJwks::Kind),
            (
                r#"{"keys":[{"kty":"EC","kid":"1","crv":"P-256","x":"AA","y":"AA"}]}"#.to_owned(),
                BadJwks::Kind,
            ),
        ] {
            assert_eq!(Jwks::read(&set).unwrap_err(), expected, "{set}");
        }
    }
}
