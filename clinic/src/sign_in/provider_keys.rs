//! The keys by which a provider signs, as it publishes them (RFC 7517).

use serde::Deserialize;
use serde_json::Value;

use crate::oauth::Jwk;

/// What may sign an ID token, whatever a token says of itself. No MAC, and never nothing.
pub(super) const ALGORITHMS: [&str; 4] = ["RS256", "ES256", "RS384", "ES384"];
/// Keys that are looked at of one provider.
const MOST: usize = 64;

#[derive(Deserialize)]
struct Key {
    kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    alg: Option<String>,
    #[serde(flatten)]
    material: Jwk,
}

/// A provider's keys.
pub(super) struct ProviderKeys(Vec<Key>);

impl ProviderKeys {
    /// Reads a set. Keys of kinds that are not believed here are no fault of it: they are passed by.
    pub fn read(set: &Value) -> Option<Self> {
        let keys = set.get("keys")?.as_array()?.iter().take(MOST);
        let keys = keys.filter_map(|key| {
            let key: Key = Key::deserialize(key).ok()?;
            let signs = key.used_for.as_deref().is_none_or(|it| it == "sig");
            (signs && key.material.is_sound()).then_some(key)
        });
        Some(Self(keys.collect()))
    }

    /// The key of this name that signs so; without a name the only one that does (OpenID Connect Core, 10.1).
    pub fn find(&self, kid: Option<&str>, algorithm: &str) -> Option<&Jwk> {
        let mut fitting = self.0.iter().filter(|key| {
            kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))
                && key.alg.as_deref().is_none_or(|alg| alg == algorithm)
                && key.material.algorithms().contains(&algorithm)
        });
        let (found, None) = (fitting.next()?, fitting.next()) else {
            return None;
        };
        Some(&found.material)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_found_by_its_name_and_what_it_does() {
        let x = "A".repeat(43);
        let ec = |more: Value| {
            let mut key = json!({"kty": "EC", "crv": "P-256", "x": x, "y": x});
            let fields = more.as_object().unwrap().clone();
            key.as_object_mut().unwrap().extend(fields);
            key
        };
        let set = json!({"keys": [
            ec(json!({"kid": "1", "use": "sig"})),
            ec(json!({"kid": "2", "use": "enc"})),
            ec(json!({"kid": "3", "alg": "ES384"})),
            {"kty": "oct", "kid": "4", "k": "AAAA"},
            {"kty": "OKP", "kid": "5", "crv": "Ed25519", "x": x},
            {"kty": "RSA", "kid": "6", "n": "AQAB", "e": "AQAB"},
        ]});
        let keys = ProviderKeys::read(&set).unwrap();
        assert!(keys.find(Some("1"), "ES256").is_some());
        assert!(keys.find(None, "ES256").is_some());
        for (kid, algorithm) in [
            ("1", "RS256"),
            ("1", "ES384"),
            ("2", "ES256"),
            ("3", "ES256"),
            ("4", "HS256"),
            ("6", "RS256"),
            ("7", "ES256"),
        ] {
            assert!(
                keys.find(Some(kid), algorithm).is_none(),
                "{kid} {algorithm}"
            );
        }
        // Of two nobody says which.
        let two = json!({"keys": [ec(json!({"kid": "1"})), ec(json!({"kid": "2"}))]});
        let two = ProviderKeys::read(&two).unwrap();
        assert!(two.find(None, "ES256").is_none());
        assert!(ProviderKeys::read(&json!({})).is_none());
    }
}
