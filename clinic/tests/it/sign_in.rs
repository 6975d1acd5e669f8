//! People come in by an OpenID provider.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use sokhoe_clinic::{BadSignIn, ClinicConfig, ClinicError, DataSource, SignIn};
use sokhoe_domain::rights::RightsRequest;
use tokio::net::TcpListener;

use crate::support::provider::{
    APP, CITIZEN, Pending, exchange, mother, query, redeem, second_door,
};
use crate::support::{MOTHER, Phone, SON, logged};

#[tokio::test]
async fn whoever_is_vouched_for_comes_in_as_with_a_code_of_the_counter() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let pending = Pending::new();
    let browser = door.begin(&phone, &pending).await;
    // The provider is asked for as little, and for as much proof, as is configured.
    let asked = &browser.asked;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "clinic one"),
        ("scope", "openid"),
        ("code_challenge_method", "S256"),
        ("acr_values", "high"),
        ("prompt", "login"),
        (
            "redirect_uri",
            &format!("{}/signed-in", door.hospital.base()),
        ),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    assert_ne!(asked["state"], pending.state);
    let told = door.come_back_as(&browser, mother()).await;
    assert_eq!(told["state"], pending.state);
    let reply = redeem(&phone, &exchange(&told["code"], &pending.verifier, &phone)).await;
    let phone = phone.let_in(&reply);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let given = reply.json();
    assert_eq!(given["patient"], MOTHER);
    assert!(given["scope"].as_str().unwrap().contains("patient/*.rs"));
    assert_eq!(given["clinic"]["id"], door.hospital.clinic.id());
    let key = door.hospital.clinic.public_key().to_string();
    assert_eq!(given["clinic"]["public_key"], key);
    assert_eq!(given["patients"][0]["id"], MOTHER);
    assert_eq!(given["access"][0]["patient"], MOTHER);
    // All but scope and patient is what the counter's code gives.
    let other = door.hospital.new_phone("device-two");
    let code = door.hospital.code(&[MOTHER]);
    let enrolled = door.hospital.enrol(&code, &other).await.json();
    let names = |value: &Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.retain(|name| !["scope", "patient"].contains(&&**name));
        names
    };
    assert_eq!(names(&given), names(&enrolled));
    assert_eq!(given["patients"], enrolled["patients"]);
    // The book is there, the session can be renewed, and the log says how it came.
    let (changes, _) = phone.changes(MOTHER, None).await;
    assert!(!changes.is_empty());
    assert_eq!(phone.get(&format!("/fhir/Patient/{SON}")).await.status, 404);
    assert_eq!(phone.renew(&phone.refresh).await.status, 200);
    door.hospital.clinic.tend_access_log().unwrap();
    let log = phone
        .get(&format!("/fhir/AuditEvent?patient={MOTHER}&_count=50"))
        .await;
    let entries = log.resources("AuditEvent");
    let enrolments = entries
        .iter()
        .filter(|event| event.to_string().contains("\"enrol\""));
    assert_eq!(enrolments.count(), 2, "{}", log.body);
    assert_eq!(
        door.hospital
            .database
            .number("SELECT count(*) FROM sign_in"),
        0
    );
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_lost_answer_is_given_again_to_the_same_phone() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let pending = Pending::new();
    let code = door.code(&phone, &pending, mother()).await;
    let form = exchange(&code, &pending.verifier, &phone);
    let first = redeem(&phone, &form).await;
    let let_in = phone.let_in(&first);
    door.hospital.clock.advance(Duration::from_secs(59));
    let again = redeem(&phone, &form).await.json();
    assert_eq!(again["refresh_token"], first.json()["refresh_token"]);
    assert_eq!(again["access_token"], first.json()["access_token"]);
    let sessions = "SELECT count(*) FROM session";
    assert_eq!(door.hospital.database.number(sessions), 1);
    // Later it is refused, and the phone, whose request a network kept back, is let out for it no more than for any other.
    door.hospital.clock.advance(Duration::from_secs(1));
    let late = redeem(&phone, &form).await;
    assert_eq!(
        (late.status, &late.json()["error"]),
        (400, &json!("invalid_grant"))
    );
    let path = format!("/fhir/Patient/{MOTHER}");
    assert_eq!(let_in.get(&path).await.status, 200);
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn whom_the_phone_had_it_has_still() {
    let door = second_door().await;
    let phone = door.hospital.phone("device-one", &[SON]).await;
    let pending = Pending::new();
    let code = door.code(&phone, &pending, mother()).await;
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(exchange(&code, &pending.verifier, &phone));
    let more = [("Content-Type", "application/x-www-form-urlencoded")];
    let reply = phone.ask("POST", "/token", &more, &form.finish()).await;
    let phone = phone.let_in(&reply);
    // Only who is new is told.
    assert_eq!(reply.json()["patients"].as_array().unwrap().len(), 1);
    for patient in [MOTHER, SON] {
        let path = format!("/fhir/Patient/{patient}");
        assert_eq!(phone.get(&path).await.status, 200, "{patient}");
    }
    door.hospital.running.shutdown().await;
}

/// Any process of the clinic goes on with what another began.
#[tokio::test]
async fn processes_share_what_waits() {
    let door = second_door().await;
    let beside = door.hospital.beside();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let running = beside.serve(listener, &door.hospital.base()).await.unwrap();
    let phone = door.hospital.new_phone("device-one");
    let pending = Pending::new();
    let browser = door.begin(&phone, &pending).await;
    let code = door.provider.signs_in(&browser.asked, mother());
    let path = format!(
        "/signed-in?code={code}&state={}&iss={}",
        browser.asked["state"],
        door.provider.issuer()
    );
    let mut connection = crate::support::http::Connection::open(&addr).await;
    let headers = [("Cookie", &*browser.cookie)];
    let reply = connection.ask("GET", &path, &headers, "").await;
    let told = door.told(&reply);
    let form = exchange(&told["code"], &pending.verifier, &phone);
    assert_eq!(redeem(&phone, &form).await.status, 200);
    running.shutdown().await;
    door.hospital.running.shutdown().await;
}

/// Of whoever is not let in nobody learns whether they are known here.
#[tokio::test]
async fn whoever_must_be_looked_at_comes_to_the_counter() {
    let door = second_door().await;
    let import = |resource: Value| {
        let text = resource.to_string();
        let (name, options) = ("x.json", Default::default());
        let report = door
            .hospital
            .clinic
            .import_reader(name, &mut text.as_bytes(), &options);
        assert!(report.unwrap().skipped.is_empty());
    };
    let patient = |id: &str, cccd: &str, more: Value| {
        let mut patient = json!({
            "resourceType": "Patient", "id": id,
            // As the other guide writes it.
            "identifier": [{"system": "http://fhir.hl7.org.vn/core/sid/cccd", "value": cccd}],
        });
        patient
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        patient
    };
    let dead = json!({"deceasedDateTime": "2026-01-01"});
    import(patient("dead", "1", dead));
    import(patient("dead-too", "2", json!({"deceasedBoolean": true})));
    import(patient("two-a", "3", json!({})));
    import(patient("two-b", "3", json!({})));
    import(patient("merged", "4", json!({"active": false})));
    import(patient("young", "5", json!({"birthDate": "2011"})));
    import(patient(
        "alive",
        "6",
        json!({"deceasedBoolean": false, "birthDate": "1990"}),
    ));
    import(patient("doubled", "7", json!({"active": false})));
    import(patient("doubling", "7", json!({})));
    let phone = door.hospital.new_phone("device-one");
    let mut answers = Vec::new();
    for (what, claims) in [
        ("nobody", json!({"cccd": "999999999999"})),
        (
            "another birth date",
            json!({"cccd": CITIZEN, "birthdate": "1956-03-13"}),
        ),
        (
            "a child",
            json!({"cccd": "011321000654", "birthdate": "2021-01-15"}),
        ),
        (
            "a child that the clinic takes for nobody",
            json!({"cccd": "6", "birthdate": "2020"}),
        ),
        ("may be a child", json!({"cccd": "5"})),
        ("dead", json!({"cccd": "1"})),
        ("dead too", json!({"cccd": "2"})),
        ("two", json!({"cccd": "3"})),
        ("merged", json!({"cccd": "4"})),
        ("a part of a number", json!({"cccd": &CITIZEN[..11]})),
        ("a pattern", json!({"cccd": "%"})),
    ] {
        let pending = Pending::new();
        let browser = door.begin(&phone, &pending).await;
        let mut told = door.come_back_as(&browser, claims).await;
        assert_eq!(told.remove("state"), Some(pending.state), "{what}");
        answers.push(told);
        door.assert_nothing_left(what);
    }
    let expected = HashMap::from([
        ("error".to_owned(), "counter_required".to_owned()),
        ("iss".to_owned(), door.hospital.base()),
    ]);
    assert!(answers.iter().all(|told| *told == expected), "{answers:?}");
    // Those whom it is about can see that somebody tried.
    let tried: Vec<_> = logged(&door.hospital)
        .into_iter()
        .filter(|entry| entry.operation.code() == "enrol")
        .map(|entry| entry.patient)
        .collect();
    for (patient, times) in [
        (MOTHER, 1),
        ("two-a", 1),
        ("two-b", 1),
        ("dead", 1),
        ("merged", 0),
    ] {
        let of_them = tried.iter().filter(|whose| *whose == patient).count();
        assert_eq!(of_them, times, "{patient}: {tried:?}");
    }
    // And who may, comes in; also where another record of theirs is not used any more.
    for (cccd, id) in [("6", "alive"), ("7", "doubling")] {
        let pending = Pending::new();
        let code = door.code(&phone, &pending, json!({"cccd": cccd})).await;
        let reply = redeem(&phone, &exchange(&code, &pending.verifier, &phone)).await;
        assert_eq!(reply.json()["patient"], id);
    }
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn whoever_took_consent_back_comes_to_the_counter() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let pending = Pending::new();
    let code = door.code(&phone, &pending, mother()).await;
    let withdrawn = RightsRequest::Withdraw;
    door.hospital
        .clinic
        .receive_rights_request(MOTHER, withdrawn)
        .unwrap();
    // What was on its way brings nobody in any more.
    let reply = redeem(&phone, &exchange(&code, &pending.verifier, &phone)).await;
    assert_eq!(reply.json()["error"], "invalid_grant");
    let browser = door.begin(&phone, &Pending::new()).await;
    let told = door.come_back_as(&browser, mother()).await;
    assert_eq!(told["error"], "counter_required");
    door.assert_nothing_left("withdrawn");
    // Who came in again at the counter may sign in again.
    door.hospital.clock.advance(Duration::from_secs(1));
    door.hospital.phone("device-two", &[MOTHER]).await;
    let pending = Pending::new();
    let code = door.code(&phone, &pending, mother()).await;
    let reply = redeem(&phone, &exchange(&code, &pending.verifier, &phone)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn who_waits_is_forgotten() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let late = door.begin(&phone, &Pending::new()).await;
    door.hospital.clock.advance(Duration::from_secs(600));
    let code = door.provider.signs_in(&late.asked, mother());
    let parts = [
        ("code", &*code),
        ("state", &late.asked["state"]),
        ("iss", door.provider.issuer()),
    ];
    let reply = door.come_back(&late, &parts).await;
    assert_eq!((reply.status, reply.header("location")), (400, None));
    assert_eq!(door.provider.tokens_asked(), 0);
    door.assert_nothing_left("late");
    // Also of those who never come back, when the next begins.
    door.begin(&phone, &Pending::new()).await;
    door.hospital.clock.advance(Duration::from_secs(600));
    door.begin(&phone, &Pending::new()).await;
    assert_eq!(
        door.hospital
            .database
            .number("SELECT count(*) FROM sign_in"),
        1
    );
    // In the database there is nothing that opens anything.
    let pending = Pending::new();
    let browser = door.begin(&phone, &pending).await;
    let told = door.come_back_as(&browser, mother()).await;
    let everything = door.hospital.database.everything();
    let contains = |text: &str| {
        everything
            .windows(text.len())
            .any(|it| it == text.as_bytes())
    };
    for secret in [
        &told["code"],
        &pending.verifier,
        &browser.asked["state"],
        &browser.asked["nonce"],
    ] {
        assert!(!contains(secret));
    }
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_asked_for_and_not_too_often() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let comes_in = async || {
        let browser = door.begin(&phone, &Pending::new()).await;
        let told = door.come_back_as(&browser, mother()).await;
        told.contains_key("code")
    };
    assert!(comes_in().await);
    assert!(comes_in().await);
    assert_eq!(door.provider.keys_asked(), 1);
    door.provider
        .does(|doing| doing.kid = ("two".to_owned(), "two".to_owned()));
    assert!(!comes_in().await);
    door.hospital.clock.advance(Duration::from_secs(59));
    assert!(!comes_in().await);
    assert_eq!(door.provider.keys_asked(), 1);
    door.hospital.clock.advance(Duration::from_secs(1));
    assert!(comes_in().await);
    assert_eq!(door.provider.keys_asked(), 2);
    // A name that nobody has makes the clinic ask once a minute, however often it comes.
    door.hospital.clock.advance(Duration::from_secs(60));
    door.provider.does(|doing| doing.kid.0 = "three".to_owned());
    for _ in 0..5 {
        assert!(!comes_in().await);
    }
    assert_eq!(door.provider.keys_asked(), 3);
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn discovery_names_what_works() {
    let door = second_door().await;
    let base = door.hospital.base();
    for path in [
        "/.well-known/smart-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let document = door.ask(path, None).await.json();
        assert_eq!(
            document["authorization_endpoint"],
            format!("{base}/authorize")
        );
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(
            document["code_challenge_methods_supported"],
            json!(["S256"])
        );
        assert_eq!(
            document["authorization_response_iss_parameter_supported"],
            true
        );
        let grants = document["grant_types_supported"].as_array().unwrap();
        assert!(grants.contains(&json!("authorization_code")));
        let scopes = document["scopes_supported"].as_array().unwrap();
        assert!(scopes.contains(&json!("launch/patient")));
    }
    let smart = door
        .ask("/.well-known/smart-configuration", None)
        .await
        .json();
    let capabilities = smart["capabilities"].as_array().unwrap();
    for capability in ["launch-standalone", "client-public", "permission-v2"] {
        assert!(capabilities.contains(&json!(capability)), "{capability}");
    }
    let metadata = door.ask("/fhir/metadata", None).await.json();
    let uris = &metadata["rest"][0]["security"]["extension"][0]["extension"];
    assert_eq!(uris[1]["valueUri"], format!("{base}/authorize"));
    door.hospital.running.shutdown().await;
    // Where nobody vouches for anybody none of it is there.
    let hospital = crate::support::hospital().await;
    for path in ["/authorize", "/signed-in?state=x"] {
        let mut connection = hospital.connect().await;
        assert_eq!(
            connection.ask("GET", path, &[], "").await.status,
            404,
            "{path}"
        );
    }
    let phone = hospital.new_phone("device-one");
    let reply = redeem(&phone, &exchange("x", &"x".repeat(43), &phone)).await;
    assert_eq!(reply.json()["error"], "unsupported_grant_type");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_clinic_proves_itself_by_a_key_where_it_has_one() {
    let provider = crate::support::provider::FakeProvider::start().await;
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let body = STANDARD.encode(made.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let config = |key: &str| {
        json!({"provider": {
            "issuer": provider.issuer(), "client_id": "clinic", "client_key": key, "identifier_claim": "cccd",
        }})
    };
    let sign_in = SignIn::from_json(&config(&pem).to_string()).unwrap();
    assert_eq!(
        SignIn::from_json(&config("no key").to_string()),
        Err(BadSignIn::Credential)
    );
    // Also where a program fills it in itself.
    let mut bad = sign_in;
    bad.provider.client_key = None;
    let folder = tempfile::tempdir().unwrap();
    let opened = sokhoe_clinic::Clinic::open(ClinicConfig {
        sign_in: Some(bad),
        ..ClinicConfig::on_this_machine(DataSource::Folder(folder.path().join("data")))
    });
    assert!(matches!(
        opened,
        Err(ClinicError::BadSignIn(BadSignIn::Credential))
    ));
}

/// What a browser that is sent somewhere else carries along.
#[tokio::test]
async fn nothing_is_told_on_the_way() {
    let door = second_door().await;
    let phone: Phone = door.hospital.new_phone("device-one");
    let pending = Pending::new();
    let reply = door.authorize(&door.parameters(&phone, &pending)).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let cookie = reply.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let asked = query(reply.header("location").unwrap());
    // The provider learns nothing of the app's own secrets, nor of its key.
    let text = format!("{asked:?}");
    for secret in [
        &pending.state,
        &pending.verifier,
        &phone.signer.thumbprint(),
    ] {
        assert!(!text.contains(secret.as_str()));
    }
    assert!(!text.contains(APP));
    door.hospital.running.shutdown().await;
}
