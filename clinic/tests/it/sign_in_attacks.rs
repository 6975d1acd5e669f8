//! What somebody may try at the second door. Each is refused, and leaves nothing behind.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::provider::{
    APP, Answering, Pending, SecondDoor, Signing, exchange, mother, query, redeem, second_door,
    second_door_behind,
};
use crate::support::{MOTHER, Phone, logged};

fn assert_error(reply: &Reply, error: &str, what: &str) {
    let status = if error == "invalid_client" { 401 } else { 400 };
    assert_eq!(reply.status, status, "{what}: {}", reply.body);
    assert_eq!(reply.json()["error"], error, "{what}");
}

/// What came of a sign-in as the mother.
async fn error_of_mother(door: &SecondDoor, phone: &Phone) -> String {
    let browser = door.begin(phone, &Pending::new()).await;
    let told = door.come_back_as(&browser, mother()).await;
    told.get("error").cloned().unwrap_or_default()
}

#[tokio::test]
async fn pkce_cannot_be_left_out_or_weakened() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let pending = Pending::new();
    let bent = |name: &str, value: Option<&str>| {
        let mut parameters = door.parameters(&phone, &pending);
        parameters.retain(|(it, _)| it != name);
        parameters.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        parameters
    };
    for (name, value) in [
        ("code_challenge", None),
        ("code_challenge", Some("")),
        ("code_challenge_method", None),
        ("code_challenge_method", Some("plain")),
        ("code_challenge_method", Some("s256")),
        ("code_challenge", Some(&*pending.verifier)),
        ("dpop_jkt", None),
        ("dpop_jkt", Some("x")),
        ("aud", None),
        ("aud", Some("https://another.example/fhir")),
    ] {
        let told = door.told(&door.authorize(&bent(name, value)).await);
        assert_eq!(told["error"], "invalid_request", "{name}={value:?}");
        assert_eq!(told["state"], pending.state);
        door.assert_nothing_left(name);
    }
    let told = door.told(&door.authorize(&bent("state", None)).await);
    assert_eq!(
        (&*told["error"], told.get("state")),
        ("invalid_request", None)
    );
    // A code is worth nothing without the verifier, and waits for the phone that has it.
    let code = door.code(&phone, &pending, mother()).await;
    let other = Pending::new().verifier;
    for (verifier, error) in [
        (&*other, "invalid_grant"),
        ("", "invalid_request"),
        ("short", "invalid_request"),
        (&"x".repeat(129), "invalid_request"),
    ] {
        let reply = redeem(&phone, &exchange(&code, verifier, &phone)).await;
        assert_error(&reply, error, verifier);
    }
    assert_eq!(
        door.hospital
            .database
            .number("SELECT count(*) FROM session"),
        0
    );
    let reply = redeem(&phone, &exchange(&code, &pending.verifier, &phone)).await;
    assert_eq!(reply.status, 200);
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_code_is_of_one_phone_one_app_one_address() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let thief = door.hospital.new_phone("device-one");
    let pending = Pending::new();
    let code = door.code(&phone, &pending, mother()).await;
    let sound = exchange(&code, &pending.verifier, &phone);
    assert_error(
        &redeem(&thief, &sound).await,
        "invalid_grant",
        "another key",
    );
    for (name, value, error) in [
        ("client_id", "vn.other", "invalid_client"),
        (
            "redirect_uri",
            "http://127.0.0.1:7/signed-in",
            "invalid_grant",
        ),
        ("redirect_uri", "vn.sokhoe:/signed-in/", "invalid_grant"),
        ("code", "another", "invalid_grant"),
        ("code", "", "invalid_grant"),
        ("device_id", "", "invalid_request"),
    ] {
        let mut form = sound.clone();
        form.iter_mut().find(|(it, _)| *it == name).unwrap().1 = value.to_owned();
        assert_error(&redeem(&phone, &form).await, error, name);
    }
    for (number, (name, _)) in sound.iter().enumerate() {
        let mut form = sound.clone();
        form.remove(number);
        let reply = redeem(&phone, &form).await;
        assert_eq!(reply.json()["error"], "invalid_request", "without {name}");
        let mut twice = sound.clone();
        twice.push(sound[number].clone());
        let reply = redeem(&phone, &twice).await;
        assert_eq!(reply.status, 400, "{name} twice");
    }
    // Nor without a proof at all.
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(&sound);
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let mut connection = door.hospital.connect().await;
    let bare = connection
        .ask("POST", "/token", &headers, &form.finish())
        .await;
    assert_error(&bare, "invalid_dpop_proof", "no proof");
    assert_eq!(
        door.hospital
            .database
            .number("SELECT count(*) FROM session"),
        0
    );
    // A minute later it is over.
    door.hospital.clock.advance(Duration::from_secs(60));
    assert_error(&redeem(&phone, &sound).await, "invalid_grant", "late");
    assert_eq!(
        door.hospital
            .database
            .number("SELECT count(*) FROM session"),
        0
    );
    // The person's log tells of what was tried with a code of theirs.
    let tried = logged(&door.hospital);
    let of_them = tried.iter().filter(|entry| entry.patient == MOTHER);
    assert!(of_them.count() >= 3, "{tried:?}");
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_code_in_other_hands_ends_what_it_gave() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let pending = Pending::new();
    let code = door.code(&phone, &pending, mother()).await;
    let form = exchange(&code, &pending.verifier, &phone);
    let let_in = phone.let_in(&redeem(&phone, &form).await);
    let quiet = Phone {
        refresh: String::new(),
        ..let_in.clone()
    };
    let path = format!("/fhir/Patient/{MOTHER}");
    assert_eq!(quiet.get(&path).await.status, 200);
    let thief = door.hospital.new_phone("device-one");
    assert_error(&redeem(&thief, &form).await, "invalid_grant", "used");
    assert_eq!(quiet.get(&path).await.status, 401);
    assert_error(
        &let_in.renew(&let_in.refresh).await,
        "invalid_grant",
        "ended",
    );
    let ended = "SELECT count(*) FROM session WHERE revoked_for = 'authorization-code-reused'";
    assert_eq!(door.hospital.database.number(ended), 1);
    // Now nobody gets anything for it, the phone itself included.
    assert_error(
        &redeem(&phone, &form).await,
        "invalid_grant",
        "after the end",
    );
    door.hospital.running.shutdown().await;
}

/// Login CSRF: what one browser began no other goes on with.
#[tokio::test]
async fn only_the_browser_that_left_comes_back() {
    let door = second_door().await;
    let (phone, victim) = (
        door.hospital.new_phone("device-one"),
        door.hospital.new_phone("device-two"),
    );
    let pending = Pending::new();
    let browser = door.begin(&phone, &pending).await;
    let other = door.begin(&victim, &Pending::new()).await;
    let code = door.provider.signs_in(&browser.asked, mother());
    let parts = [
        ("code", &*code),
        ("state", &browser.asked["state"]),
        ("iss", door.provider.issuer()),
    ];
    let path = format!(
        "/signed-in?code={code}&state={}&iss={}",
        browser.asked["state"],
        door.provider.issuer()
    );
    for reply in [
        door.ask(&path, None).await,
        door.ask(&path, Some("sokhoe-sign-in=")).await,
        door.ask(&path, Some("sokhoe-sign-in=AAAA")).await,
        door.come_back(&other, &parts).await,
    ] {
        assert_eq!((reply.status, reply.header("location")), (400, None));
        assert!(!reply.body.contains(&code));
    }
    for parts in [
        vec![],
        vec![("code", &*code)],
        vec![("state", "x"), ("code", &*code)],
        vec![parts[1], parts[1], parts[0]],
        vec![parts[1], parts[0], ("code", "other")],
        vec![parts[1], parts[0], parts[2], ("iss", "other")],
    ] {
        let reply = door.come_back(&browser, &parts).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (400, None),
            "{parts:?}"
        );
    }
    assert_eq!(door.provider.tokens_asked(), 0);
    // It ended nobody's sign-in; it ends once.
    let reply = door.come_back(&browser, &parts).await;
    assert!(door.told(&reply).contains_key("code"));
    let again = door.come_back(&browser, &parts).await;
    assert_eq!((again.status, again.header("location")), (400, None));
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_configured() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let pending = Pending::new();
    for (name, value) in [
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", "vn.sokhoe:/signed-in/"),
        ("redirect_uri", "vn.sokhoe:/signed-in?x=1"),
        ("redirect_uri", "VN.sokhoe:/signed-in"),
        ("redirect_uri", "http://127.0.0.1:8/signed-in"),
        ("redirect_uri", "//evil.example"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", ""),
        ("client_id", "vn.other"),
        ("client_id", ""),
    ] {
        for broken in [false, true] {
            let mut parameters = door.parameters(&phone, &pending);
            parameters.iter_mut().find(|(it, _)| it == name).unwrap().1 = value.to_owned();
            if broken {
                // An error is told nowhere either.
                parameters.retain(|(it, _)| it != "response_type");
            }
            let reply = door.authorize(&parameters).await;
            assert_eq!(reply.status, 400, "{name}={value}");
            assert_eq!(reply.header("location"), None);
            assert!(value.is_empty() || !reply.body.contains(value));
        }
    }
    let mut twice = door.parameters(&phone, &pending);
    twice.push((
        "redirect_uri".to_owned(),
        "https://evil.example/".to_owned(),
    ));
    let reply = door.authorize(&twice).await;
    assert_eq!((reply.status, reply.header("location")), (400, None));
    door.assert_nothing_left("redirects");
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn an_answer_of_another_provider_is_none() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    for iss in [Some("https://another.example"), Some(""), None] {
        let browser = door.begin(&phone, &Pending::new()).await;
        let code = door.provider.signs_in(&browser.asked, mother());
        let mut parts = vec![("code", &*code), ("state", &browser.asked["state"])];
        parts.extend(iss.map(|iss| ("iss", iss)));
        let told = door.told(&door.come_back(&browser, &parts).await);
        assert_eq!(told["error"], "server_error", "{iss:?}");
        door.assert_nothing_left("iss");
    }
    assert_eq!(door.provider.tokens_asked(), 0);
    // The person, or the provider, says no.
    for (said, error) in [
        ("access_denied", "access_denied"),
        ("login_required", "access_denied"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        (
            "unmet_authentication_requirements",
            "unmet_authentication_requirements",
        ),
        ("invalid_scope", "server_error"),
    ] {
        let browser = door.begin(&phone, &Pending::new()).await;
        let parts = [
            ("error", said),
            ("error_description", "<script>"),
            ("state", &browser.asked["state"]),
            ("iss", door.provider.issuer()),
        ];
        let told = door.told(&door.come_back(&browser, &parts).await);
        assert_eq!(told["error"], error);
        assert!(!told.contains_key("error_description"));
        door.assert_nothing_left(said);
    }
    door.hospital.running.shutdown().await;
}

/// A code that the provider gave somebody else, or for another sign-in.
#[tokio::test]
async fn a_code_of_another_sign_in_is_worth_nothing() {
    let door = second_door().await;
    let (phone, attacker) = (
        door.hospital.new_phone("device-one"),
        door.hospital.new_phone("device-two"),
    );
    let victims = door.begin(&phone, &Pending::new()).await;
    let attackers = door.begin(&attacker, &Pending::new()).await;
    // The victim's code, injected into the attacker's own browser: neither PKCE ...
    let stolen = door.provider.signs_in(&victims.asked, mother());
    let parts = [
        ("code", &*stolen),
        ("state", &attackers.asked["state"]),
        ("iss", door.provider.issuer()),
    ];
    let told = door.told(&door.come_back(&attackers, &parts).await);
    assert_eq!(told["error"], "server_error");
    // ... nor, where a provider does not look at it, the nonce lets it in.
    let attackers = door.begin(&attacker, &Pending::new()).await;
    let mut asked = attackers.asked.clone();
    asked.insert("nonce".to_owned(), victims.asked["nonce"].clone());
    let code = door.provider.signs_in(&asked, mother());
    let parts = [
        ("code", &*code),
        ("state", &attackers.asked["state"]),
        ("iss", door.provider.issuer()),
    ];
    let told = door.told(&door.come_back(&attackers, &parts).await);
    assert_eq!(told["error"], "server_error");
    assert_eq!(
        door.hospital
            .database
            .number("SELECT count(*) FROM authorization_code"),
        0
    );
    // The attacker's own code in the victim's browser, with the attacker's state: it is another browser.
    let attackers = door.begin(&attacker, &Pending::new()).await;
    let code = door.provider.signs_in(&attackers.asked, mother());
    let parts = [
        ("code", &*code),
        ("state", &attackers.asked["state"]),
        ("iss", door.provider.issuer()),
    ];
    assert_eq!(door.come_back(&victims, &parts).await.status, 400);
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn an_id_token_that_is_not_sound_lets_nobody_in() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    assert_eq!(error_of_mother(&door, &phone).await, "");
    door.hospital.clock.advance(Duration::from_secs(60));
    door.begin(&phone, &Pending::new()).await;
    let now = phone.second();
    let bends: [(&str, &str, Value); 16] = [
        ("iss", "server_error", json!("https://another.example")),
        ("iss", "server_error", Value::Null),
        ("aud", "server_error", json!("another clinic")),
        ("aud", "server_error", json!(["clinic one", "another"])),
        ("azp", "server_error", json!("another")),
        ("nonce", "server_error", json!("another")),
        ("nonce", "server_error", Value::Null),
        ("exp", "server_error", json!(now - 60)),
        ("exp", "server_error", Value::Null),
        ("iat", "server_error", json!(now - 3_600)),
        ("iat", "server_error", json!(now + 3_600)),
        ("nbf", "server_error", json!(now + 3_600)),
        ("acr", "unmet_authentication_requirements", json!("low")),
        ("acr", "unmet_authentication_requirements", Value::Null),
        ("cccd", "server_error", Value::Null),
        ("birthdate", "server_error", json!("12/03/1956")),
    ];
    for (claim, error, value) in bends {
        let (said, shown) = (value.clone(), format!("{claim}: {value}"));
        door.provider
            .bends(move |claims| claims[claim] = said.clone());
        assert_eq!(error_of_mother(&door, &phone).await, error, "{shown}");
    }
    door.provider.bends(|_| {});
    for (what, signing) in [
        ("another key", Signing::OtherKey),
        ("none", Signing::None),
        ("a MAC with the public key", Signing::Mac),
    ] {
        door.provider.does(|doing| doing.signing = signing);
        assert_eq!(
            error_of_mother(&door, &phone).await,
            "server_error",
            "{what}"
        );
    }
    door.provider.does(|doing| {
        doing.signing = Signing::Sound;
        doing.kid.0 = "unknown".to_owned();
    });
    assert_eq!(error_of_mother(&door, &phone).await, "server_error");
    door.provider.does(|doing| doing.kid.0 = "one".to_owned());
    // Of all of them only the first and the last sound one left a code.
    let codes = "SELECT count(*) FROM authorization_code";
    assert_eq!(door.hospital.database.number(codes), 1);
    assert_eq!(error_of_mother(&door, &phone).await, "");
    assert_eq!(door.hospital.database.number(codes), 2);
    assert_eq!(
        door.hospital
            .database
            .number("SELECT count(*) FROM session"),
        0
    );
    door.hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_provider_that_fails_keeps_nobody_waiting() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let parameters = |door: &SecondDoor| door.parameters(&phone, &Pending::new());
    // Before anything is known of it.
    for (what, how) in [
        ("down", Answering::Status(503)),
        ("huge", Answering::Huge),
        ("garbled", Answering::Garbled),
    ] {
        door.provider.does(|doing| doing.discovery = how);
        let told = door.told(&door.authorize(&parameters(&door)).await);
        assert_eq!(told["error"], "temporarily_unavailable", "{what}");
        door.assert_nothing_left(what);
        door.hospital.clock.advance(Duration::from_secs(5));
    }
    // It says to be another, or to be reached in the clear.
    door.provider
        .does(|doing| doing.discovery = Answering::Sound);
    for (name, value) in [
        ("issuer", "https://another.example"),
        ("token_endpoint", "http://id.example/token"),
        ("jwks_uri", "file:///etc/passwd"),
        ("authorization_endpoint", "javascript:alert(1)"),
    ] {
        door.provider
            .bends_discovery(move |document| document[name] = json!(value));
        let told = door.told(&door.authorize(&parameters(&door)).await);
        assert_eq!(told["error"], "server_error", "{name}");
        door.assert_nothing_left(name);
        door.hospital.clock.advance(Duration::from_secs(5));
    }
    door.provider.bends_discovery(|_| {});
    // While somebody signs in.
    for (what, how, error) in [
        ("down", Answering::Status(500), "temporarily_unavailable"),
        ("busy", Answering::Status(429), "temporarily_unavailable"),
        ("refusing", Answering::Status(400), "server_error"),
        ("redirecting", Answering::Status(302), "server_error"),
        ("huge", Answering::Huge, "temporarily_unavailable"),
        ("garbled", Answering::Garbled, "server_error"),
    ] {
        door.provider.does(|doing| doing.token = how);
        assert_eq!(error_of_mother(&door, &phone).await, error, "{what}");
        door.assert_nothing_left(what);
    }
    let began = Instant::now();
    door.provider.does(|doing| doing.token = Answering::Slow);
    assert_eq!(
        error_of_mother(&door, &phone).await,
        "temporarily_unavailable"
    );
    assert!(began.elapsed() < Duration::from_secs(10));
    door.assert_nothing_left("slow");
    door.provider.does(|doing| doing.token = Answering::Sound);
    for (what, how, error) in [
        ("down", Answering::Status(500), "temporarily_unavailable"),
        ("huge", Answering::Huge, "temporarily_unavailable"),
        ("garbled", Answering::Garbled, "temporarily_unavailable"),
    ] {
        door.provider.does(|doing| doing.keys = how);
        assert_eq!(error_of_mother(&door, &phone).await, error, "keys {what}");
        door.assert_nothing_left(what);
        door.hospital.clock.advance(Duration::from_secs(5));
    }
    door.provider.does(|doing| doing.keys = Answering::Sound);
    assert_eq!(error_of_mother(&door, &phone).await, "");
    assert!(APP.starts_with("vn.sokhoe:"));
    door.hospital.running.shutdown().await;
}

/// A30.
#[tokio::test]
async fn sign_ins_that_nobody_comes_back_from_are_slowed_for_that_address_alone() {
    const ADDRESS: &str = "203.0.113.7";
    let door = second_door_behind(vec!["127.0.0.1".parse().unwrap()]).await;
    let phone = door.hospital.new_phone("device-one");
    let mut connection = door.hospital.connect().await;
    let mut begins = async |from: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(door.parameters(&phone, &Pending::new()))
            .finish();
        let headers = [("X-Forwarded-For", from)];
        let path = format!("/authorize?{query}");
        connection.ask("GET", &path, &headers, "").await
    };
    let first = begins(ADDRESS).await;
    for number in 1..100 {
        let reply = begins(ADDRESS).await;
        assert_eq!(reply.status, 303, "{number}: {}", reply.body);
    }
    let waiting = "SELECT count(*) FROM sign_in";
    for _ in 0..3 {
        let slowed = begins(ADDRESS).await;
        assert_eq!(slowed.status, 429);
        let wait: u32 = slowed.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=900).contains(&wait));
        assert!(slowed.body.contains("<h1>"), "a browser is told");
        assert_eq!(slowed.header("set-cookie"), None);
    }
    assert_eq!(door.hospital.database.number(waiting), 100);
    assert_eq!(begins("203.0.113.8").await.status, 303);

    // Somebody there comes back, with whatever answer: there is room for another.
    let asked = query(first.header("location").unwrap());
    let back = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("error", "access_denied")
        .append_pair("state", &asked["state"])
        .append_pair("iss", door.provider.issuer())
        .finish();
    let cookie = first.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let headers = [("X-Forwarded-For", ADDRESS), ("Cookie", cookie)];
    let path = format!("/signed-in?{back}");
    let mut browser = door.hospital.connect().await;
    let told = browser.ask("GET", &path, &headers, "").await;
    assert_eq!(door.told(&told)["error"], "access_denied");
    // The same answer once more was taken, and makes no more room.
    let again = browser.ask("GET", &path, &headers, "").await;
    assert_eq!(again.status, 400);
    assert_eq!(begins(ADDRESS).await.status, 303);
    assert_eq!(begins(ADDRESS).await.status, 429);
    // The quarter of an hour goes by.
    door.hospital.clock.advance(Duration::from_secs(900));
    assert_eq!(begins(ADDRESS).await.status, 303);
    assert_eq!(door.hospital.database.number(waiting), 1);
    door.hospital.running.shutdown().await;
}

/// A30. How many wait is told by the first and the last of them.
#[tokio::test]
async fn there_is_room_for_so_many_sign_ins_and_room_again_when_they_are_over() {
    let door = second_door().await;
    let phone = door.hospital.new_phone("device-one");
    let begin = async || {
        let parameters = door.parameters(&phone, &Pending::new());
        query(
            door.authorize(&parameters)
                .await
                .header("location")
                .unwrap(),
        )
    };
    begin().await;
    begin().await;
    let database = &door.hospital.database;
    let shift = |by: i64| {
        let oldest = "number = (SELECT min(number) FROM sign_in)";
        let shift = format!("UPDATE sign_in SET number = number - {by} WHERE {oldest}");
        database.execute(&shift).unwrap();
    };
    // As if 99,997 had begun between them.
    shift(99_997);
    assert!(!begin().await.contains_key("error"), "the last one");
    let full = begin().await;
    assert_eq!(full["error"], "temporarily_unavailable");
    assert_eq!(database.number("SELECT count(*) FROM sign_in"), 3);
    door.hospital.clock.advance(Duration::from_secs(600));
    assert!(!begin().await.contains_key("error"));
    assert_eq!(database.number("SELECT count(*) FROM sign_in"), 1);
    door.hospital.running.shutdown().await;
}
