//! What a provider says of who signed in (OpenID Connect Core, 2), and when it is believed (3.1.3.7).

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::provider_keys::{ALGORITHMS, ProviderKeys};
use crate::keys::same;
use crate::oauth::decode;

/// A longer one is none.
const LONGEST: usize = 16 * 1024;
/// Seconds by which the provider's clock may be wrong.
const LEEWAY: i64 = 60;
/// Seconds since it was made: a sign-in has just happened.
const FRESH: i64 = 300;
/// Letters of an identifier.
const LONGEST_IDENTIFIER: usize = 64;

/// Why one is not believed. Names are for the clinic's log and say nothing of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadIdToken {
    Malformed,
    Algorithm,
    UnknownKey,
    Signature,
    Issuer,
    Audience,
    Expired,
    IssuedAt,
    Nonce,
    /// The person proved less of who they are than is required.
    Acr,
    /// There is no identifier in it.
    NoIdentifier,
    /// There is a birth date that cannot be read.
    BirthDate,
}

/// What a token must be.
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub acr: Option<&'a str>,
    pub identifier_claim: &'a str,
    /// Seconds since 1970.
    pub now: i64,
}

/// What a provider vouches for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// The identifier, as it stands.
    pub identifier: String,
    /// `birthdate`, where it says it: `YYYY-MM-DD`, `YYYY`, or `0000-MM-DD` (OpenID Connect Core, 5.1).
    pub birth_date: Option<String>,
}

/// Whose it is is not for logs.
impl std::fmt::Debug for Vouched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vouched").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What must be understood, and is not.
    crit: Option<IgnoredAny>,
}

/// One that was taken apart and is not believed yet.
pub(super) struct Unverified<'a> {
    header: Header,
    signed: &'a [u8],
    signature: Vec<u8>,
    payload: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes a compact JWS apart.
    pub fn read(text: &'a str) -> Result<Self, BadIdToken> {
        let parts = || {
            let (signed, signature) = text.rsplit_once('.')?;
            let (header, payload) = signed.split_once('.')?;
            let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
            Some(Self {
                header,
                signed: signed.as_bytes(),
                signature: decode(signature)?,
                payload: decode(payload)?,
            })
        };
        let read = (text.len() <= LONGEST).then(parts).flatten();
        let read = read.ok_or(BadIdToken::Malformed)?;
        if read.header.crit.is_some() {
            return Err(BadIdToken::Malformed);
        }
        if !ALGORITHMS.contains(&&*read.header.alg) {
            return Err(BadIdToken::Algorithm);
        }
        Ok(read)
    }

    /// What it vouches for, when one of these keys signed it and it is what it must be.
    pub fn verify(
        &self,
        keys: &ProviderKeys,
        expected: &Expected<'_>,
    ) -> Result<Vouched, BadIdToken> {
        let Header { alg, kid, .. } = &self.header;
        let key = keys.find(kid.as_deref(), alg);
        let key = key.ok_or(BadIdToken::UnknownKey)?;
        if !key.verify(alg, self.signed, &self.signature) {
            return Err(BadIdToken::Signature);
        }
        let claims: Map<String, Value> =
            serde_json::from_slice(&self.payload).map_err(|_| BadIdToken::Malformed)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let time = |name: &str| claims.get(name).and_then(seconds);
        if text("iss") != Some(expected.issuer) {
            return Err(BadIdToken::Issuer);
        }
        if !is_for(&claims, expected.client_id) {
            return Err(BadIdToken::Audience);
        }
        let earliest = expected.now.saturating_sub(LEEWAY);
        let latest = expected.now.saturating_add(LEEWAY);
        if time("exp").is_none_or(|exp| exp <= earliest) {
            return Err(BadIdToken::Expired);
        }
        let made = earliest.saturating_sub(FRESH)..=latest;
        let is_of_now = time("iat").is_some_and(|iat| made.contains(&iat));
        let is_begun = !claims.contains_key("nbf") || time("nbf").is_some_and(|nbf| nbf <= latest);
        if !is_of_now || !is_begun {
            return Err(BadIdToken::IssuedAt);
        }
        let nonce = text("nonce").unwrap_or_default();
        if !same(nonce.as_bytes(), expected.nonce.as_bytes()) {
            return Err(BadIdToken::Nonce);
        }
        if expected.acr.is_some_and(|acr| text("acr") != Some(acr)) {
            return Err(BadIdToken::Acr);
        }
        let identifier = text(expected.identifier_claim)
            .filter(|it| (1..=LONGEST_IDENTIFIER).contains(&it.len()))
            .filter(|it| !it.contains(char::is_control))
            .ok_or(BadIdToken::NoIdentifier)?;
        let birth_date = match claims.get("birthdate") {
            None | Some(Value::Null) => None,
            Some(Value::String(born)) if is_birth_date(born) => Some(born.clone()),
            // A date that cannot be read contradicts nothing, and must not.
            Some(_) => return Err(BadIdToken::BirthDate),
        };
        Ok(Vouched {
            identifier: identifier.to_owned(),
            birth_date,
        })
    }
}

/// NumericDate (RFC 7519, 2), whole seconds of it.
fn seconds(value: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number beyond is cut to the last there is"
    )]
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|it| it as i64))
}

/// Whether it is for this client alone: others in it would have to be trusted with it (3.1.3.7, 3 to 5).
fn is_for(claims: &Map<String, Value>, client: &str) -> bool {
    let is_only = match claims.get("aud") {
        Some(Value::String(one)) => one == client,
        Some(Value::Array(all)) => matches!(&all[..], [Value::String(one)] if one == client),
        _ => false,
    };
    let is_party = claims.get("azp").is_none_or(|azp| azp == client);
    is_only && is_party
}

/// Whether it has a form that OpenID Connect names.
fn is_birth_date(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    match text.len() {
        4 => digits(text),
        10 => text.char_indices().all(|(at, c)| match at {
            4 | 7 => c == '-',
            _ => c.is_ascii_digit(),
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sokhoe_testing::Signer;

    use super::*;

    const NOW: i64 = 1_000_000;

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://id.example",
            client_id: "clinic",
            nonce: "n",
            acr: Some("high"),
            identifier_claim: "cccd",
            now: NOW,
        }
    }

    fn sound() -> Value {
        json!({
            "iss": "https://id.example", "aud": "clinic", "sub": "1", "exp": NOW + 60, "iat": NOW, "nonce": "n",
            "acr": "high", "cccd": "011156000123", "birthdate": "1956-03-12",
        })
    }

    fn verify(signer: &Signer, claims: &Value) -> Result<Vouched, BadIdToken> {
        let mut key: Value = serde_json::from_str(&signer.jwk()).unwrap();
        key["kid"] = json!("1");
        let keys = ProviderKeys::read(&json!({"keys": [key]})).unwrap();
        let header = json!({"alg": "ES256", "kid": "1"}).to_string();
        let token = signer.jws(&header, &claims.to_string());
        Unverified::read(&token)?.verify(&keys, &expected())
    }

    #[test]
    fn each_claim_counts() {
        let signer = Signer::default();
        let vouched = verify(&signer, &sound()).unwrap();
        assert_eq!(vouched.identifier, "011156000123");
        assert!(!format!("{vouched:?}").contains("0111"));
        for (claim, value, bad) in [
            ("iss", json!("https://id.example/"), BadIdToken::Issuer),
            ("iss", Value::Null, BadIdToken::Issuer),
            ("aud", json!("other"), BadIdToken::Audience),
            ("aud", json!(["clinic", "other"]), BadIdToken::Audience),
            ("aud", json!([]), BadIdToken::Audience),
            ("azp", json!("other"), BadIdToken::Audience),
            ("exp", json!(NOW - 60), BadIdToken::Expired),
            ("exp", json!("soon"), BadIdToken::Expired),
            ("iat", json!(NOW + 61), BadIdToken::IssuedAt),
            ("iat", json!(NOW - 361), BadIdToken::IssuedAt),
            ("iat", Value::Null, BadIdToken::IssuedAt),
            ("nbf", json!(NOW + 61), BadIdToken::IssuedAt),
            ("nonce", json!("m"), BadIdToken::Nonce),
            ("nonce", Value::Null, BadIdToken::Nonce),
            ("acr", json!("low"), BadIdToken::Acr),
            ("acr", Value::Null, BadIdToken::Acr),
            ("cccd", json!(11_156_000_123_i64), BadIdToken::NoIdentifier),
            ("cccd", json!(""), BadIdToken::NoIdentifier),
            ("cccd", json!("0111\u{0}"), BadIdToken::NoIdentifier),
            ("birthdate", json!("12/03/1956"), BadIdToken::BirthDate),
            ("birthdate", json!(1956), BadIdToken::BirthDate),
        ] {
            let mut bent = sound();
            bent[claim] = value.clone();
            assert_eq!(verify(&signer, &bent), Err(bad), "{claim}: {value}");
        }
        for (claim, value) in [
            ("aud", json!(["clinic"])),
            ("azp", json!("clinic")),
            ("exp", json!(NOW - 59)),
            ("iat", json!(NOW - 360)),
            ("birthdate", json!("0000-03-12")),
            ("birthdate", Value::Null),
        ] {
            let mut other = sound();
            other[claim] = value.clone();
            assert!(verify(&signer, &other).is_ok(), "{claim}: {value}");
        }
    }

    #[test]
    fn the_signature_is_the_providers() {
        let (signer, other) = (Signer::default(), Signer::default());
        let key: Value = serde_json::from_str(&signer.jwk()).unwrap();
        let keys = ProviderKeys::read(&json!({"keys": [key]})).unwrap();
        let claims = sound().to_string();
        let read = |text: &str| Unverified::read(text)?.verify(&keys, &expected()).map(drop);
        assert_eq!(read(&signer.jws(r#"{"alg":"ES256"}"#, &claims)), Ok(()));
        for (token, bad) in [
            (
                other.jws(r#"{"alg":"ES256"}"#, &claims),
                BadIdToken::Signature,
            ),
            (
                signer.jws(r#"{"alg":"none"}"#, &claims),
                BadIdToken::Algorithm,
            ),
            (
                signer.jws(r#"{"alg":"HS256"}"#, &claims),
                BadIdToken::Algorithm,
            ),
            (
                signer.jws(r#"{"alg":"RS256"}"#, &claims),
                BadIdToken::UnknownKey,
            ),
            (
                signer.jws(r#"{"alg":"ES256","kid":"2"}"#, &claims),
                BadIdToken::UnknownKey,
            ),
            (
                signer.jws(r#"{"alg":"ES256","crit":["x"]}"#, &claims),
                BadIdToken::Malformed,
            ),
            (signer.jws("{}", &claims), BadIdToken::Malformed),
            ("a.b".to_owned(), BadIdToken::Malformed),
            ("A".repeat(LONGEST + 1), BadIdToken::Malformed),
        ] {
            assert_eq!(read(&token), Err(bad), "{bad:?}");
        }
    }
}
