//! A clinic's own systems (SMART Backend Services): they prove themselves with keys, and read what their scopes open.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA384, RsaKeyPair,
};
use serde_json::{Value, json};
use sokhoe_clinic::{BadJwks, BadScope, ClinicError};

use crate::support::http::Reply;
use crate::support::{Hospital, MOTHER, STRANGER, hospital, key};

/// A key for nothing but this.
const RSA_KEY: &[u8] = include_bytes!("support/rs384-test-key.pk8");

enum Keys {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Keys {
    fn ec() -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P384_SHA384_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap())
    }

    fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_pkcs8(RSA_KEY).unwrap())
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ec(_) => "ES384",
            Self::Rsa(_) => "RS384",
        }
    }

    fn jwks(&self) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let key = match self {
            Self::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
                json!({"kty": "EC", "crv": "P-384", "x": text(x), "y": text(y)})
            }
            Self::Rsa(pair) => {
                let public: ring::signature::RsaPublicKeyComponents<Vec<u8>> =
                    pair.public_key().into();
                json!({"kty": "RSA", "n": text(&public.n), "e": text(&public.e)})
            }
        };
        let mut key = key;
        key["kid"] = json!("one");
        json!({"keys": [key]}).to_string()
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Ec(pair) => pair
                .sign(&random, signed.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA384,
                    &random,
                    signed.as_bytes(),
                    &mut signature,
                )
                .unwrap();
                signature
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn seconds(hospital: &Hospital) -> i64 {
    use sokhoe_domain::ports::Clock as _;
    hospital.clock.now().as_millis().div_euclid(1_000)
}

/// Header and claims of a sound assertion.
fn assertion(hospital: &Hospital, client: &str, keys: &Keys) -> (Value, Value) {
    let header = json!({"typ": "JWT", "alg": keys.algorithm(), "kid": "one"});
    let claims = json!({
        "iss": client, "sub": client, "aud": format!("{}/token", hospital.base()),
        "exp": seconds(hospital) + 300, "jti": key(),
    });
    (header, claims)
}

async fn ask(hospital: &Hospital, assertion: &str, scope: &str) -> Reply {
    let scope = scope
        .replace('/', "%2F")
        .replace('*', "%2A")
        .replace(' ', "+");
    let form = format!(
        "grant_type=client_credentials&scope={scope}\
         &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
         &client_assertion={assertion}"
    );
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let mut connection = hospital.connect().await;
    connection.ask("POST", "/token", &headers, &form).await
}

async fn token(hospital: &Hospital, client: &str, keys: &Keys, scope: &str) -> String {
    let (header, claims) = assertion(hospital, client, keys);
    let reply = ask(hospital, &keys.sign(&header, &claims), scope).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let body = reply.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 300);
    assert_eq!(body["scope"], scope);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    body["access_token"].as_str().unwrap().to_owned()
}

async fn get(hospital: &Hospital, path: &str, token: &str) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", &*authorization)];
    let mut connection = hospital.connect().await;
    connection.ask("GET", path, &headers, "").await
}

#[tokio::test]
async fn a_system_reads_of_everybody_what_its_scopes_open() {
    let hospital = hospital().await;
    for keys in [Keys::ec(), Keys::rsa()] {
        let jwks = keys.jwks();
        let his = hospital
            .clinic
            .add_system("HIS", &jwks, "system/*.rs")
            .unwrap();
        let all = token(&hospital, &his.id, &keys, "system/*.rs").await;
        for patient in [MOTHER, STRANGER] {
            let reply = get(&hospital, &format!("/fhir/Patient/{patient}"), &all).await;
            assert_eq!(reply.status, 200);
            let reply = get(
                &hospital,
                &format!("/fhir/Coverage?patient={patient}"),
                &all,
            )
            .await;
            assert_eq!(reply.status, 200);
        }
        let found = get(&hospital, "/fhir/Patient?_count=2", &all).await;
        assert_eq!(found.resources("Patient").len(), 2);
        // A page leads to the next, for this system.
        let next = crate::support::link(&found.json(), "next").unwrap();
        let path = &next[next.find("/fhir").unwrap()..];
        assert_eq!(get(&hospital, path, &all).await.status, 200);
        assert_eq!(
            get(&hospital, "/fhir/Patient/absent", &all).await.status,
            404
        );
        let found = get(&hospital, "/fhir/PractitionerRole", &all).await;
        assert!(!found.resources("PractitionerRole").is_empty());
        // The person reads that it was there.
        let mother = hospital.phone("device-of-mother", &[MOTHER]).await;
        let log = mother
            .get(&format!("/fhir/AuditEvent?patient={MOTHER}"))
            .await;
        assert_eq!(log.status, 200, "{}", log.body);
        let by_system = format!("system:{}", his.id);
        assert!(log.body.contains(&by_system), "{}", log.body);
        // Less than everything.
        let some = token(&hospital, &his.id, &keys, "system/Patient.r").await;
        let read = get(&hospital, &format!("/fhir/Patient/{MOTHER}"), &some).await;
        assert_eq!(read.status, 200);
        for denied in ["/fhir/Patient", "/fhir/Location", "/fhir/Coverage"] {
            let found = get(&hospital, denied, &some).await;
            assert_eq!(found.json()["total"].as_u64().unwrap_or(0), 0, "{denied}");
            assert!(found.json()["entry"].as_array().is_none_or(Vec::is_empty));
        }
        // Nothing else is open to it, and its token is none of a phone's.
        for path in [
            format!("/fhir/Patient/{MOTHER}/$changes"),
            format!("/live?patient={MOTHER}"),
        ] {
            assert_eq!(get(&hospital, &path, &all).await.status, 401, "{path}");
        }
        let authorization = format!("Bearer {all}");
        let headers = [
            ("Authorization", &*authorization),
            ("Content-Type", "application/fhir+json"),
        ];
        for (method, path) in [
            ("POST", "/fhir/Appointment/$book"),
            ("POST", "/fhir/Appointment/$find"),
            ("PUT", "/fhir/Patient/bn-000001"),
            ("POST", "/enrolment"),
        ] {
            let mut connection = hospital.connect().await;
            let reply = connection.ask(method, path, &headers, "{}").await;
            assert_eq!(reply.status, 401, "{method} {path}: {}", reply.body);
        }
        // Five minutes, or until it is taken away.
        assert!(hospital.clinic.remove_system(&his.id).unwrap());
        let gone = get(&hospital, &format!("/fhir/Patient/{MOTHER}"), &all).await;
        assert_eq!(gone.status, 404);
        assert!(!hospital.clinic.remove_system(&his.id).unwrap());
    }
    assert!(hospital.clinic.systems().unwrap().is_empty());
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn an_assertion_is_of_one_system_one_clinic_and_one_time() {
    let hospital = hospital().await;
    let (keys, others) = (Keys::ec(), Keys::ec());
    let clinic = &hospital.clinic;
    let his = clinic
        .add_system("HIS", &keys.jwks(), "system/*.rs")
        .unwrap();
    let other = clinic
        .add_system("LIS", &others.jwks(), "system/*.rs")
        .unwrap();
    let scope = "system/*.rs";
    let (header, claims) = assertion(&hospital, &his.id, &keys);
    let sound = keys.sign(&header, &claims);
    assert_eq!(ask(&hospital, &sound, scope).await.status, 200);

    let refused = async |assertion: &str, what: &str| {
        let reply = ask(&hospital, assertion, scope).await;
        assert_eq!(reply.status, 401, "{what}: {}", reply.body);
        assert_eq!(reply.json()["error"], "invalid_client", "{what}");
    };
    refused(&sound, "the same once more").await;
    let now = seconds(&hospital);
    let bent: [(&str, &str, Value); 9] = [
        ("a long life", "exp", json!(now + 331)),
        ("over", "exp", json!(now - 31)),
        ("no end", "exp", Value::Null),
        (
            "another audience",
            "aud",
            json!("http://evil.example/token"),
        ),
        (
            "the FHIR base",
            "aud",
            json!(format!("{}/fhir", hospital.base())),
        ),
        ("another's name", "iss", json!(other.id)),
        ("no id", "jti", Value::Null),
        ("a long id", "jti", json!("x".repeat(129))),
        ("not yet", "nbf", json!(now + 60)),
    ];
    for (what, claim, value) in bent {
        let (header, mut claims) = assertion(&hospital, &his.id, &keys);
        claims[claim] = value;
        refused(&keys.sign(&header, &claims), what).await;
    }
    let (header, claims) = assertion(&hospital, &his.id, &keys);
    refused(&others.sign(&header, &claims), "another's key").await;
    let (_, of_other) = assertion(&hospital, &other.id, &keys);
    refused(&keys.sign(&header, &of_other), "another's place").await;
    let (_, of_nobody) = assertion(&hospital, "system-nobody", &keys);
    refused(&keys.sign(&header, &of_nobody), "nobody").await;
    for algorithm in ["none", "HS384", "RS384", "ES256", "es384"] {
        let mut header = header.clone();
        header["alg"] = json!(algorithm);
        refused(&keys.sign(&header, &claims), algorithm).await;
    }
    let mut elsewhere = header.clone();
    elsewhere["kid"] = json!("two");
    refused(&keys.sign(&elsewhere, &claims), "another kid").await;
    refused("a.b.c", "noise").await;
    refused("", "nothing").await;
    // What it may not have is not given.
    for scope in ["", "openid", "patient/*.rs", "system/*.cruds"] {
        let (header, claims) = assertion(&hospital, &his.id, &keys);
        let reply = ask(&hospital, &keys.sign(&header, &claims), scope).await;
        assert_eq!(reply.status, 400, "{scope}");
        assert_eq!(reply.json()["error"], "invalid_scope", "{scope}");
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_systems_token_is_over_after_five_minutes_and_cannot_be_made() {
    let hospital = hospital().await;
    let keys = Keys::ec();
    let clinic = &hospital.clinic;
    let his = clinic
        .add_system("HIS", &keys.jwks(), "system/*.rs")
        .unwrap();
    let token = token(&hospital, &his.id, &keys, "system/Patient.r").await;
    let path = format!("/fhir/Patient/{MOTHER}");
    assert_eq!(get(&hospital, &path, &token).await.status, 200);
    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for place in [7, 15, 20, bytes.len() - 1] {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        let altered = URL_SAFE_NO_PAD.encode(altered);
        assert_eq!(get(&hospital, &path, &altered).await.status, 401, "{place}");
    }
    let as_phone = format!("DPoP {token}");
    let headers = [("Authorization", &*as_phone)];
    let mut connection = hospital.connect().await;
    assert_eq!(connection.ask("GET", &path, &headers, "").await.status, 401);
    hospital.clock.advance(std::time::Duration::from_secs(299));
    assert_eq!(get(&hospital, &path, &token).await.status, 200);
    hospital.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(get(&hospital, &path, &token).await.status, 401);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn only_public_keys_and_scopes_for_reading_are_registered() {
    let hospital = hospital().await;
    let clinic = &hospital.clinic;
    let jwks = Keys::ec().jwks();
    let private = jwks.replace(r#""kid""#, r#""d":"AA","kid""#);
    assert!(matches!(
        clinic.add_system("HIS", &private, "system/*.rs"),
        Err(ClinicError::BadJwks(BadJwks::Private))
    ));
    assert!(matches!(
        clinic.add_system("HIS", &jwks, "system/*.cruds"),
        Err(ClinicError::BadScope(BadScope))
    ));
    assert!(matches!(
        clinic.add_system("", &jwks, "system/*.rs"),
        Err(ClinicError::BadSystemName)
    ));
    assert!(clinic.systems().unwrap().is_empty());
    hospital.running.shutdown().await;
}
