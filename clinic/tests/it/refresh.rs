//! Tokens are renewed, once each, and lost answers log nobody out.

use std::time::Duration;

use crate::support::http::Reply;
use crate::support::{MOTHER, Phone, hospital};

const PATH: &str = "/fhir/Patient/bn-000001";
const DAY: Duration = Duration::from_secs(86_400);

fn given(reply: &Reply) -> (String, String) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let body = reply.json();
    assert_eq!(body["token_type"], "DPoP");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

fn assert_error(reply: &Reply, error: &str) {
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert_eq!(reply.json()["error"], error);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

/// The phone with other tokens, which it does not renew by itself.
fn with(phone: &Phone, (access, _): &(String, String)) -> Phone {
    Phone {
        token: access.clone(),
        refresh: String::new(),
        ..phone.clone()
    }
}

#[tokio::test]
async fn the_same_phone_gets_the_same_successor_until_it_used_it() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let first = given(&phone.renew(&phone.refresh).await);
    assert_ne!(first.0, phone.token);
    // The answer was lost, for however long.
    for wait in [0, 59, 3_600, 86_400] {
        hospital.clock.advance(Duration::from_secs(wait));
        assert_eq!(given(&phone.renew(&phone.refresh).await), first, "{wait}");
    }
    // They are good for a day from then on: whoever was away for longer than that gets nothing that is over.
    let reply = phone.renew(&phone.refresh).await.json();
    assert_eq!(reply["expires_in"], 86_400);
    assert_eq!(with(&phone, &first).get(PATH).await.status, 200);
    let second = given(&phone.renew(&first.1).await);
    assert_eq!(with(&phone, &second).get(PATH).await.status, 200);
    // Used, and asked again within a minute: it was on its way.
    hospital.clock.advance(Duration::from_secs(60));
    assert_eq!(given(&phone.renew(&first.1).await), second);
    assert_eq!(with(&phone, &second).get(PATH).await.status, 200);
    // Later it is what only somebody else could still have.
    hospital.clock.advance(Duration::from_secs(1));
    assert_error(&phone.renew(&first.1).await, "invalid_grant");
    assert_eq!(with(&phone, &second).get(PATH).await.status, 401);
    assert_error(&phone.renew(&second.1).await, "invalid_grant");
    let ended = "SELECT count(*) FROM session WHERE revoked_for = 'refresh-token-reused'";
    assert_eq!(hospital.database.number(ended), 1);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn with_another_key_it_ends_the_session_of_all() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let thief = Phone {
        signer: Default::default(),
        ..phone.clone()
    };
    assert_error(&thief.renew(&phone.refresh).await, "invalid_grant");
    let quiet = with(&phone, &(phone.token.clone(), String::new()));
    assert_eq!(quiet.get(PATH).await.status, 401);
    assert_error(&phone.renew(&phone.refresh).await, "invalid_grant");
    let ended = "SELECT count(*) FROM session WHERE revoked_for = 'refresh-token-of-another-key'";
    assert_eq!(hospital.database.number(ended), 1);
    // The phone comes in again, and sees what it saw.
    let again = phone.let_in(
        &hospital
            .enrol(&hospital.code(&[MOTHER]), &hospital.new_phone("device-one"))
            .await,
    );
    assert_eq!(again.token.len(), 43);
    hospital.running.shutdown().await;
}

/// A request that a network kept back, of a phone whose clock is ahead by as much, looks as if it was asked now.
#[tokio::test]
async fn what_is_late_ends_nothing_whatever_the_phones_clock_shows() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let form = |refresh: &str| format!("grant_type=refresh_token&refresh_token={refresh}");
    let (url, ahead) = (phone.url("/token"), Duration::from_secs(1_200));
    let asked_at = phone.second() + 1_200;
    let late = [(); 2].map(|()| phone.signer.proof("POST", &url, asked_at, None));
    let challenge = phone
        .ask_for_tokens_with(&form(&phone.refresh), &late[0])
        .await;
    let nonce = challenge.header("dpop-nonce").unwrap();
    let with_nonce = phone.signer.proof_with_nonce("POST", &url, asked_at, nonce);
    let first = given(&phone.renew(&phone.refresh).await);
    let second = given(&phone.renew(&first.1).await);
    assert_eq!(with(&phone, &second).get(PATH).await.status, 200);
    // Two before, and asked before.
    let late_with_nonce = phone
        .ask_for_tokens_with(&form(&phone.refresh), &with_nonce)
        .await;
    assert_error(&late_with_nonce, "invalid_grant");
    hospital.clock.advance(ahead);
    let reply = phone
        .ask_for_tokens_with(&form(&phone.refresh), &late[1])
        .await;
    assert_error(&reply, "use_dpop_nonce");
    let third = given(&phone.renew(&second.1).await);
    assert_eq!(with(&phone, &third).get(PATH).await.status, 200);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_is_long_past_ends_it_too_and_noise_does_not() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    for noise in ["", "x", &phone.token, &"A".repeat(43)] {
        assert_error(&phone.renew(noise).await, "invalid_grant");
    }
    let first = given(&phone.renew(&phone.refresh).await);
    let second = given(&phone.renew(&first.1).await);
    assert_eq!(with(&phone, &second).get(PATH).await.status, 200);
    // Two before: nobody needs it any more, but what is on its way.
    hospital.clock.advance(Duration::from_secs(60));
    assert_error(&phone.renew(&phone.refresh).await, "invalid_grant");
    assert_eq!(with(&phone, &second).get(PATH).await.status, 200);
    hospital.clock.advance(Duration::from_secs(1));
    assert_error(&phone.renew(&phone.refresh).await, "invalid_grant");
    assert_eq!(with(&phone, &second).get(PATH).await.status, 401);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn an_access_token_is_good_for_a_day_and_the_one_before_for_minutes() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let old = with(&phone, &(phone.token.clone(), String::new()));
    let first = with(&phone, &given(&phone.renew(&phone.refresh).await));
    assert_eq!(first.get(PATH).await.status, 200);
    hospital.clock.advance(Duration::from_secs(599));
    assert_eq!(old.get(PATH).await.status, 200);
    hospital.clock.advance(Duration::from_secs(1));
    let over = old.get(PATH).await;
    assert_eq!(over.status, 401);
    assert!(
        over.header("www-authenticate")
            .unwrap()
            .contains("invalid_token")
    );
    hospital.clock.advance(DAY - Duration::from_secs(601));
    assert_eq!(first.get(PATH).await.status, 200);
    hospital.clock.advance(Duration::from_secs(1));
    assert_eq!(first.get(PATH).await.status, 401);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn who_was_away_for_a_month_comes_in_again_and_everybody_after_three() {
    let hospital = hospital().await;
    let [active, away] = ["device-active", "device-away"];
    let active = hospital.phone(active, &[MOTHER]).await;
    let away = hospital.phone(away, &[MOTHER]).await;
    for _ in 0..3 {
        hospital.clock.advance(DAY * 10 - Duration::from_secs(1));
        assert_eq!(active.get(PATH).await.status, 200);
    }
    // A second less than thirty days, thrice ten less three.
    hospital.clock.advance(Duration::from_secs(2));
    assert_eq!(given(&away.renew(&away.refresh).await).0.len(), 43);
    for _ in 0..2 {
        hospital.clock.advance(DAY * 29);
        assert_eq!(active.get(PATH).await.status, 200);
    }
    assert_error(&away.renew(&away.refresh).await, "invalid_grant");
    hospital.clock.advance(DAY * 2);
    assert_eq!(active.get(PATH).await.status, 200);
    hospital.clock.advance(Duration::from_secs(1));
    assert_eq!(active.get(PATH).await.status, 401);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_token_request_must_be_one() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let refresh = &phone.refresh;
    for (form, error) in [
        (String::new(), "invalid_request"),
        ("grant_type=refresh_token".to_owned(), "invalid_request"),
        (
            format!("grant_type=refresh_token&refresh_token={refresh}&refresh_token={refresh}"),
            "invalid_request",
        ),
        (
            "grant_type=password&username=a&password=b".to_owned(),
            "unsupported_grant_type",
        ),
        (
            "grant_type=authorization_code&code=x".to_owned(),
            "unsupported_grant_type",
        ),
    ] {
        assert_error(&phone.ask_for_tokens(&form).await, error);
    }
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    let url = phone.url("/token");
    let form_type = ("Content-Type", "application/x-www-form-urlencoded");
    let mut connection = hospital.connect().await;
    let unproven = connection.ask("POST", "/token", &[form_type], &form).await;
    assert_error(&unproven, "invalid_dpop_proof");
    // A proof is of one request here, too.
    let proof = phone.signer.proof("POST", &url, phone.second(), None);
    let headers = [form_type, ("DPoP", &*proof)];
    let first = connection.ask("POST", "/token", &headers, &form).await;
    assert_eq!(first.status, 200);
    let again = connection.ask("POST", "/token", &headers, &form).await;
    assert_error(&again, "invalid_dpop_proof");
    let proof = phone.signer.proof("POST", &url, phone.second() - 600, None);
    let headers = [form_type, ("DPoP", &*proof)];
    let old = connection.ask("POST", "/token", &headers, &form).await;
    assert_error(&old, "use_dpop_nonce");
    assert!(old.header("dpop-nonce").is_some());
    let json = [("Content-Type", "application/json"), ("DPoP", &*proof)];
    let reply = connection.ask("POST", "/token", &json, "{}").await;
    assert_error(&reply, "invalid_request");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_new_phone_takes_the_old_ones_place_once() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let hospital = hospital().await;
    let old = hospital.phone("device-one", &[MOTHER]).await;
    let [new, thief] = [(); 2].map(|()| Phone {
        signer: Default::default(),
        token: String::new(),
        refresh: String::new(),
        ..old.clone()
    });
    let assertion = |bend: fn(&mut serde_json::Value)| {
        let key = old.signer.thumbprint();
        let mut claims = serde_json::json!({
            "iss": key, "sub": old.refresh, "aud": old.url("/token"),
            "iat": old.second(), "exp": old.second() + 30 * 86_400, "jti": "1",
        });
        bend(&mut claims);
        let header = format!(
            r#"{{"typ":"JWT","alg":"ES256","jwk":{}}}"#,
            old.signer.jwk()
        );
        let assertion = old.signer.jws(&header, &claims.to_string());
        format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"
        )
    };
    let bent: [fn(&mut serde_json::Value); 5] = [
        |it| it["aud"] = "http://evil.example/token".into(),
        |it| it["exp"] = (it["iat"].as_i64().unwrap() - 1).into(),
        |it| it["exp"] = (it["iat"].as_i64().unwrap() + 32 * 86_400).into(),
        |it| it["sub"] = "somebody".into(),
        |it| it["iss"] = "somebody".into(),
    ];
    for bend in bent {
        assert_error(&new.ask_for_tokens(&assertion(bend)).await, "invalid_grant");
    }
    let sound = assertion(|_| {});
    // The signature of somebody else.
    let (signed, _) = sound.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode([7; 64]));
    assert_error(&thief.ask_for_tokens(&forged).await, "invalid_grant");
    // The old phone itself has nothing to take over.
    assert_error(&old.ask_for_tokens(&sound).await, "invalid_grant");
    assert_eq!(old.get(PATH).await.status, 200);

    let first = new.ask_for_tokens(&sound).await;
    let moved = new.let_in(&first);
    assert_eq!(new.ask_for_tokens(&sound).await.body, first.body);
    assert_eq!(moved.get(PATH).await.status, 200);
    assert_error(&thief.ask_for_tokens(&sound).await, "invalid_grant");
    let quiet = with(&old, &(old.token.clone(), String::new()));
    assert_eq!(quiet.get(PATH).await.status, 401);
    // The old phone, which may not have heard of it, is no thief.
    assert_error(&old.renew(&old.refresh).await, "invalid_grant");
    assert_eq!(moved.get(PATH).await.status, 200);
    // From phone to phone to phone: each once.
    let third = Phone {
        signer: Default::default(),
        ..new.clone()
    };
    let statement = |phone: &Phone| {
        let claims = serde_json::json!({
            "iss": phone.signer.thumbprint(), "sub": phone.refresh, "aud": phone.url("/token"),
            "iat": phone.second(), "exp": phone.second() + 60, "jti": "2",
        });
        let header = format!(
            r#"{{"typ":"JWT","alg":"ES256","jwk":{}}}"#,
            phone.signer.jwk()
        );
        let assertion = phone.signer.jws(&header, &claims.to_string());
        format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"
        )
    };
    let moved_again = third.let_in(&third.ask_for_tokens(&statement(&moved)).await);
    assert_eq!(moved_again.get(PATH).await.status, 200);
    for late in [&new, &thief] {
        assert_error(&late.ask_for_tokens(&sound).await, "invalid_grant");
    }
    assert_eq!(moved_again.get(PATH).await.status, 200);
    hospital.running.shutdown().await;
}
