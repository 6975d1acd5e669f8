//! The key by which the clinic proves to a provider who it is, in the place of a secret (`private_key_jwt`: OpenID Connect
//! Core, 9; RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::json;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Seconds for which an assertion is good.
const LASTS: i64 = 60;

/// Reads a private key of P-256.
pub(super) fn read(pem: &str) -> Option<EcdsaKeyPair> {
    let body = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let body: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new()).ok()
}

/// What says to a token endpoint that the clinic asks, once (`id`) and now.
pub(super) fn assertion(
    key: &EcdsaKeyPair,
    client: &str,
    audience: &str,
    id: &str,
    now: i64,
) -> Option<String> {
    let header = json!({"typ": "JWT", "alg": "ES256"}).to_string();
    let claims = json!({
        "iss": client, "sub": client, "aud": audience, "jti": id,
        "iat": now, "exp": now.saturating_add(LASTS),
    });
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(&header), encode(&claims.to_string()));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};

    use super::*;

    #[test]
    fn an_assertion_is_signed_by_the_key_of_the_file() {
        let made =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .unwrap();
        let pem = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(made.as_ref()));
        let key = read(&pem).unwrap();
        let assertion = assertion(&key, "clinic", "https://id.example/token", "1", 7).unwrap();
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key())
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        assert!(read(&pem.replace(BEGIN, "-----BEGIN EC PRIVATE KEY-----")).is_none());
        assert!(read("").is_none());
    }
}
