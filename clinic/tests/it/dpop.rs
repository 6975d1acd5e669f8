//! Proofs of requests (RFC 9449): what a phone proves, and what nobody else can.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};
use sokhoe_testing::{Signer, token_hash};

use crate::support::http::Reply;
use crate::support::{Hospital, MOTHER, Phone, STRANGER, hospital};

const PATH: &str = "/fhir/Patient/bn-000001";

/// A proof that can be bent before it is signed.
struct Forged {
    header: Value,
    claims: Value,
}

impl Forged {
    /// A sound one of a phone for [`PATH`].
    fn of(phone: &Phone) -> Self {
        let jwk: Value = serde_json::from_str(&phone.signer.jwk()).unwrap();
        Self {
            header: json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}),
            claims: json!({
                "jti": crate::support::key(),
                "htm": "GET",
                "htu": phone.url(PATH),
                "iat": phone.second(),
                "ath": token_hash(&phone.token),
            }),
        }
    }

    fn with(mut self, claim: &str, value: impl Into<Value>) -> Self {
        self.claims[claim] = value.into();
        self
    }

    fn without(mut self, claim: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(claim);
        self
    }

    fn with_header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    fn sign(&self, signer: &Signer) -> String {
        signer.jws(&self.header.to_string(), &self.claims.to_string())
    }

    fn signed(&self) -> String {
        format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(self.header.to_string()),
            URL_SAFE_NO_PAD.encode(self.claims.to_string())
        )
    }
}

async fn ask(hospital: &Hospital, path: &str, token: &str, proofs: &[&str]) -> Reply {
    let authorization = format!("DPoP {token}");
    let mut headers = vec![("Authorization", &*authorization)];
    headers.extend(proofs.iter().map(|proof| ("DPoP", *proof)));
    hospital
        .connect()
        .await
        .ask("GET", path, &headers, "")
        .await
}

/// 401 with this error, and the same body as every other 401.
fn assert_refused(reply: &Reply, error: &str, what: &str) {
    assert_eq!(reply.status, 401, "{what}: {}", reply.body);
    let expected = format!("DPoP error=\"{error}\", algs=\"ES256\"");
    assert_eq!(reply.header("www-authenticate"), Some(&*expected), "{what}");
    let outcome = reply.json();
    assert_eq!(outcome["issue"][0]["code"], "login", "{what}");
}

#[tokio::test]
async fn a_stolen_token_opens_nothing() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let thief = hospital.phone("device-thief", &[STRANGER]).await;
    let bare = |headers: Vec<(&'static str, String)>| {
        let hospital = &hospital;
        async move {
            let headers: Vec<(&str, &str)> = headers
                .iter()
                .map(|(name, value)| (*name, &**value))
                .collect();
            hospital
                .connect()
                .await
                .ask("GET", PATH, &headers, "")
                .await
        }
    };
    // As a bearer token, which it is not.
    let bearer = bare(vec![("Authorization", format!("Bearer {}", phone.token))]).await;
    assert_refused(&bearer, "invalid_token", "bearer");
    // Without any proof.
    let unproven = ask(&hospital, PATH, &phone.token, &[]).await;
    assert_refused(&unproven, "invalid_dpop_proof", "no proof");
    // With a proof of the thief's own key, enrolled or new.
    for signer in [Arc::clone(&thief.signer), Arc::default()] {
        let other = Phone {
            signer,
            ..phone.clone()
        };
        let proof = Forged::of(&other).sign(&other.signer);
        let reply = ask(&hospital, PATH, &phone.token, &[&proof]).await;
        assert_refused(&reply, "invalid_token", "another key");
    }
    // A refresh token is none to ask with, nor one that is a little different.
    let mut altered = phone.token.clone().into_bytes();
    altered[20] ^= 1;
    let altered = String::from_utf8(altered).unwrap();
    for token in [&phone.refresh, &altered] {
        let proof = Forged::of(&phone).with("ath", token_hash(token));
        let reply = ask(&hospital, PATH, token, &[&proof.sign(&phone.signer)]).await;
        assert_refused(&reply, "invalid_token", "another token");
    }
    // The phone itself, and a stranger of whom nobody can tell whether the other is there.
    assert_eq!(phone.get(PATH).await.status, 200);
    let (there, absent) = (
        thief.get(PATH).await,
        thief.get("/fhir/Patient/bn-999999").await,
    );
    assert_eq!((there.status, &there.body), (404, &absent.body));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_proof_is_of_one_request() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let proof = Forged::of(&phone).sign(&phone.signer);
    let query = format!("{PATH}?_format=json");
    assert_eq!(
        ask(&hospital, PATH, &phone.token, &[&proof]).await.status,
        200
    );
    // What everybody on the way could repeat.
    for path in [PATH, &query] {
        let replayed = ask(&hospital, path, &phone.token, &[&proof]).await;
        assert_refused(&replayed, "invalid_dpop_proof", "replayed");
    }
    // Also after its time, when it is forgotten.
    hospital.clock.advance(Duration::from_secs(700));
    let replayed = ask(&hospital, PATH, &phone.token, &[&proof]).await;
    assert_refused(&replayed, "use_dpop_nonce", "replayed late");

    let forged = |bend: fn(Forged) -> Forged| bend(Forged::of(&phone)).sign(&phone.signer);
    let wrong: [(&str, String); 17] = [
        ("method", forged(|it| it.with("htm", "POST"))),
        ("no method", forged(|it| it.without("htm"))),
        (
            "host",
            forged(|it| it.with("htu", format!("http://evil.example{PATH}"))),
        ),
        (
            "path",
            forged(|it| it.with("htu", "/fhir/Patient/bn-000001")),
        ),
        ("no url", forged(|it| it.without("htu"))),
        ("no id", forged(|it| it.without("jti"))),
        ("an empty id", forged(|it| it.with("jti", ""))),
        ("a long id", forged(|it| it.with("jti", "x".repeat(129)))),
        ("no time", forged(|it| it.without("iat"))),
        ("a time of text", forged(|it| it.with("iat", "now"))),
        ("no hash of the token", forged(|it| it.without("ath"))),
        (
            "another's hash",
            forged(|it| it.with("ath", token_hash("x"))),
        ),
        ("type", forged(|it| it.with_header("typ", "JWT"))),
        (
            "what must be understood",
            forged(|it| it.with_header("crit", json!(["exp"]))),
        ),
        (
            "curve",
            forged(|it| {
                let mut jwk = it.header["jwk"].clone();
                jwk["crv"] = json!("P-384");
                it.with_header("jwk", jwk)
            }),
        ),
        (
            "a private key",
            forged(|it| {
                let mut jwk = it.header["jwk"].clone();
                jwk["d"] = json!("x");
                it.with_header("jwk", jwk)
            }),
        ),
        ("no key", forged(|it| it.with_header("jwk", Value::Null))),
    ];
    for (what, proof) in &wrong {
        let reply = ask(&hospital, PATH, &phone.token, &[proof]).await;
        assert_refused(&reply, "invalid_dpop_proof", what);
    }
    // Two, though each is sound.
    let [one, two] = [(); 2].map(|()| Forged::of(&phone).sign(&phone.signer));
    let reply = ask(&hospital, PATH, &phone.token, &[&one, &two]).await;
    assert_refused(&reply, "invalid_dpop_proof", "two proofs");
    let huge = Forged::of(&phone).with("more", "x".repeat(20_000));
    let reply = ask(&hospital, PATH, &phone.token, &[&huge.sign(&phone.signer)]).await;
    assert_refused(&reply, "invalid_dpop_proof", "a huge proof");
    for noise in ["", ".", "..", "a.b.c", &"x".repeat(3_000)] {
        let reply = ask(&hospital, PATH, &phone.token, &[noise]).await;
        assert_refused(&reply, "invalid_dpop_proof", noise);
    }
    assert_eq!(phone.get(PATH).await.status, 200);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_algorithm_is_the_clinics_and_not_the_senders() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let refused = async |proof: &str, what: &str| {
        let reply = ask(&hospital, PATH, &phone.token, &[proof]).await;
        assert_refused(&reply, "invalid_dpop_proof", what);
    };
    let none = Forged::of(&phone).with_header("alg", "none");
    refused(&format!("{}.", none.signed()), "none").await;
    refused(&none.sign(&phone.signer), "none, and signed").await;
    // A code made with what everybody knows: the public key.
    for key in [
        phone.signer.public_key().to_vec(),
        phone.signer.jwk().into_bytes(),
    ] {
        let forged = Forged::of(&phone).with_header("alg", "HS256");
        let code = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, &key),
            forged.signed().as_bytes(),
        );
        let proof = format!("{}.{}", forged.signed(), URL_SAFE_NO_PAD.encode(code));
        refused(&proof, "HS256").await;
    }
    for algorithm in ["RS256", "ES384", "es256", "ES256K", "EdDSA"] {
        let forged = Forged::of(&phone).with_header("alg", algorithm);
        refused(&forged.sign(&phone.signer), algorithm).await;
    }
    // Another key's signature under this one's name, and this one's under other claims.
    let forged = Forged::of(&phone);
    refused(&forged.sign(&Signer::default()), "another's signature").await;
    let sound = forged.sign(&phone.signer);
    let (_, signature) = sound.rsplit_once('.').unwrap();
    let other = Forged::of(&phone).with("iat", phone.second() + 1);
    refused(&format!("{}.{signature}", other.signed()), "other claims").await;
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_wrong_clock_is_cured_by_a_nonce() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    for wrong in [-301_i64, 700, 48 * 3_600, -400 * 86_400] {
        let iat = phone.second() + wrong;
        let old = Forged::of(&phone).with("iat", iat).sign(&phone.signer);
        let reply = ask(&hospital, PATH, &phone.token, &[&old]).await;
        assert_refused(&reply, "use_dpop_nonce", "a wrong clock");
        let nonce = reply.header("dpop-nonce").unwrap().to_owned();
        let prove = || {
            let forged = Forged::of(&phone)
                .with("iat", iat)
                .with("nonce", nonce.as_str());
            forged.sign(&phone.signer)
        };
        let proof = prove();
        let reply = ask(&hospital, PATH, &phone.token, &[&proof]).await;
        assert_eq!(reply.status, 200, "{wrong}: {}", reply.body);
        let again = ask(&hospital, PATH, &phone.token, &[&proof]).await;
        assert_refused(&again, "invalid_dpop_proof", "replayed");
        // A nonce is good for minutes, and only as the clinic made it.
        let reply = ask(&hospital, PATH, &phone.token, &[&prove()]).await;
        assert_eq!(reply.status, 200, "{wrong}");
        let made_up = Forged::of(&phone)
            .with("iat", iat)
            .with("nonce", nonce.replace(['A', 'B', 'C'], "Z"));
        let reply = ask(
            &hospital,
            PATH,
            &phone.token,
            &[&made_up.sign(&phone.signer)],
        )
        .await;
        assert_refused(&reply, "use_dpop_nonce", "another nonce");
        hospital.clock.advance(Duration::from_secs(301));
        let reply = ask(&hospital, PATH, &phone.token, &[&prove()]).await;
        assert_refused(&reply, "use_dpop_nonce", "an old nonce");
    }
    // Within five minutes nobody is asked for one.
    for off in [-300, 300] {
        let iat = phone.second() + off;
        let proof = Forged::of(&phone).with("iat", iat).sign(&phone.signer);
        let reply = ask(&hospital, PATH, &phone.token, &[&proof]).await;
        assert_eq!(reply.status, 200, "{off}");
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_an_earlier_process_may_have_seen_is_asked_for_anew() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let proof = Forged::of(&phone).sign(&phone.signer);
    assert_eq!(
        ask(&hospital, PATH, &phone.token, &[&proof]).await.status,
        200
    );
    hospital.clock.advance(Duration::from_secs(2));
    // Another process, begun since: with PostgreSQL it knows what the first one saw.
    let beside = hospital.beside();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let running = beside.serve(listener, &hospital.base()).await.unwrap();
    let authorization = format!("DPoP {}", phone.token);
    let headers = [("Authorization", &*authorization), ("DPoP", &*proof)];
    let mut connection = crate::support::http::Connection::open(&address).await;
    let reply = connection.ask("GET", PATH, &headers, "").await;
    let expected = match hospital.database.is_postgres() {
        true => "invalid_dpop_proof",
        false => "use_dpop_nonce",
    };
    assert_refused(&reply, expected, "seen by another process");
    running.shutdown().await;
    hospital.running.shutdown().await;
}
