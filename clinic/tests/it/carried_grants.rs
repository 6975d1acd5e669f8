//! What a person's phone without a network grants, brought by the helper's: as if the phone had sent it, or not at all.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sokhoe_domain::ports::Clock as _;
use sokhoe_domain::{GrantScope, GrantScopes};
use sokhoe_qr::signed::CarriedGrant;

use crate::support::http::Reply;
use crate::support::{Hospital, MOTHER, Phone, SON, STRANGER, hospital, key, logged, refusal};

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);

fn carried(hospital: &Hospital) -> CarriedGrant {
    let now = hospital.clock.now();
    CarriedGrant {
        id: key(),
        patient: MOTHER.to_owned(),
        helper: "Lò Văn Giúp".to_owned(),
        scopes: GrantScopes::of(&[GrantScope::SeeEverything]),
        given: now,
        until: now.plus(DAY * 30),
        guardian: None,
        shown: "Tôi đồng ý cho ông Lò Văn Giúp xem sổ của tôi.".to_owned(),
        language: "vi".to_owned(),
        version: "1".to_owned(),
    }
}

/// The word as this phone signs it.
fn word(grant: &CarriedGrant, code: &str, phone: &Phone) -> Vec<u8> {
    let unsigned = grant.word(code, &phone.signer.public_key()).unwrap();
    let signature = phone.signer.sign(unsigned.message()).unwrap();
    unsigned.signed(&signature)
}

/// Makes a grant unsound.
type Spoil = fn(&mut CarriedGrant);

/// A new secret.
fn code() -> String {
    format!("code-{}", key())
}

fn assert_unknown(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 403, "{what}: {}", reply.body);
    let told = (reply.status, &*refusal(reply));
    assert_eq!(told, (403, "enrolment-unknown"), "{what}");
}

fn consents(hospital: &Hospital) -> i64 {
    let count = "SELECT count(*) FROM resource WHERE type = 'Consent'";
    hospital.database.number(count)
}

#[tokio::test]
async fn a_word_grants_what_the_phone_would_have_written_and_the_phone_finds_it_there() {
    let hospital = hospital().await;
    let own = hospital.phone("device-of-mother", &[MOTHER]).await;
    let (grant, code) = (carried(&hospital), code());
    let word = word(&grant, &code, &own);
    let new = hospital.new_phone("device-of-helper");
    let reply = hospital.enrol_with(&code, Some(&word), &new).await;
    let helper = new.let_in(&reply);
    let patient = format!("/fhir/Patient/{MOTHER}");
    assert_eq!(helper.get(&patient).await.status, 200);
    // The answer was lost: the same again.
    let again = hospital.enrol_with(&code, Some(&word), &new).await;
    assert_eq!(again.json()["access_token"], reply.json()["access_token"]);
    // Another phone comes too late.
    let other = hospital.new_phone("device-of-another");
    let late = hospital.enrol_with(&code, Some(&word), &other).await;
    assert_eq!(refusal(&late), "enrolment-used");
    // Her log says that her phone gave it, then that the helper's came in.
    let of_her: Vec<_> = logged(&hospital)
        .into_iter()
        .filter(|entry| entry.patient == MOTHER)
        .map(|entry| format!("{} {}", entry.operation.code(), entry.kind))
        .collect();
    let gave = of_her.iter().position(|entry| entry == "write Consent");
    let gave = gave.expect("the grant is in the log");
    assert_eq!(of_her[gave + 1], "enrol Device", "{of_her:?}");

    // The phone writes it itself once it can: it is there.
    let path = format!("/fhir/Consent/{}", grant.id);
    let stored = own.get(&path).await;
    assert_eq!(stored.status, 200);
    let mut consent = stored.json();
    consent.as_object_mut().unwrap().remove("meta");
    let written = own.put(&path, None, &consent.to_string()).await;
    assert_eq!(written.status, 200, "{}", written.body);
    assert_eq!(
        consent["sourceAttachment"]["data"],
        json!(STANDARD.encode(&grant.shown))
    );
    // And ends it.
    consent["status"] = json!("inactive");
    let ended = own.put(&path, Some("W/\"1\""), &consent.to_string()).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    assert_eq!(helper.get(&patient).await.status, 404);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_word_that_is_not_to_be_believed_leaves_nothing() {
    let hospital = hospital().await;
    let own = hospital.phone("device-of-mother", &[MOTHER]).await;
    let strangers = hospital.phone("device-of-stranger", &[STRANGER]).await;
    let nobodys = hospital.new_phone("device-of-nobody");
    let new = hospital.new_phone("device-of-helper");
    let sound = || carried(&hospital);
    let spoil: [(&str, Spoil); 11] = [
        ("another's record", |it| SON.clone_into(&mut it.patient)),
        ("nobody's record", |it| {
            "nobody".clone_into(&mut it.patient);
        }),
        ("nothing allowed", |it| it.scopes = GrantScopes::default()),
        ("no name", |it| it.helper.clear()),
        ("no words", |it| it.shown.clear()),
        ("for more than a year", |it| {
            it.until = it.until.plus(DAY * 400)
        }),
        ("over", |it| it.until = it.given),
        ("too old", |it| it.given = it.given.minus(DAY * 7)),
        ("of the day after tomorrow", |it| {
            it.given = it.given.plus(DAY + HOUR);
        }),
        ("a guardian without a name", |it| {
            it.guardian = Some((" ".to_owned(), false));
        }),
        ("another id", |it| "one".clone_into(&mut it.id)),
    ];
    for (what, spoil) in spoil {
        let mut grant = sound();
        spoil(&mut grant);
        let code = code();
        let word = word(&grant, &code, &own);
        assert_unknown(&hospital.enrol_with(&code, Some(&word), &new).await, what);
    }
    for (what, signer) in [("a stranger", &strangers), ("nobody", &nobodys)] {
        let code = code();
        let word = word(&sound(), &code, signer);
        assert_unknown(&hospital.enrol_with(&code, Some(&word), &new).await, what);
    }
    let other = word(&sound(), "another-code", &own);
    assert_unknown(
        &hospital.enrol_with(&code(), Some(&other), &new).await,
        "another code",
    );
    assert_unknown(
        &hospital.enrol_with(&code(), Some(&[]), &new).await,
        "empty",
    );
    let long = hospital.enrol_with(&code(), Some(&[0; 1_100]), &new).await;
    assert_eq!(long.status, 400);
    let body = json!({"code": "c", "device_id": "d-1", "device_name": "x", "word": "?"});
    let headers = [("Content-Type", "application/json")];
    let reply = new
        .ask("POST", "/enrolment", &headers, &body.to_string())
        .await;
    assert_eq!(reply.status, 400);
    assert_eq!(consents(&hospital), 0);
    assert_eq!(
        hospital
            .database
            .number("SELECT count(*) FROM access_grant WHERE consent IS NOT NULL"),
        0
    );

    // A helper's phone grants nothing on, as little as it writes a Consent.
    let (grant, first) = (sound(), code());
    let let_in = word(&grant, &first, &own);
    let helper = new.let_in(&hospital.enrol_with(&first, Some(&let_in), &new).await);
    let (onward, second) = (sound(), code());
    let by_helper = word(&onward, &second, &helper);
    let third = hospital.new_phone("device-of-a-third");
    assert_unknown(
        &hospital.enrol_with(&second, Some(&by_helper), &third).await,
        "a helper",
    );

    // What was taken back stays so, whoever brings the word again.
    assert_eq!(hospital.clinic.end_grant(&grant.id).unwrap(), 1);
    let again = hospital.enrol_with(&first, Some(&let_in), &third).await;
    assert_eq!(again.status, 403, "{}", again.body);
    assert_eq!(
        helper.get(&format!("/fhir/Patient/{MOTHER}")).await.status,
        404
    );

    // Nor one that the counter ended before anybody brought it.
    let (grant, code) = (sound(), code());
    let path = format!("/fhir/Consent/{}", grant.id);
    let late = word(&grant, &code, &own);
    let consent = consent_of(&hospital, &own, &grant, &code).await;
    assert_eq!(own.put(&path, None, &consent.to_string()).await.status, 201);
    hospital.clinic.end_grant(&grant.id).unwrap();
    let reply = hospital.enrol_with(&code, Some(&late), &third).await;
    assert_eq!(reply.status, 403, "{}", reply.body);
    hospital.running.shutdown().await;
}

/// The Consent that the clinic makes of such a word, under another id.
async fn consent_of(hospital: &Hospital, own: &Phone, grant: &CarriedGrant, code: &str) -> Value {
    let (twin, other) = (
        CarriedGrant {
            id: key(),
            ..grant.clone()
        },
        self::code(),
    );
    let phone = hospital.new_phone("device-of-a-twin");
    let reply = hospital
        .enrol_with(&other, Some(&word(&twin, &other, own)), &phone)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let mut consent = own.get(&format!("/fhir/Consent/{}", twin.id)).await.json();
    consent.as_object_mut().unwrap().remove("meta");
    consent["id"] = json!(grant.id);
    let hash = sokhoe_qr::signed::sha256(&[code.as_bytes()]);
    consent["identifier"][0]["value"] = json!(STANDARD.encode(hash));
    consent
}

/// A phone that was let out grants nothing any more.
#[tokio::test]
async fn a_phone_that_was_let_out_grants_nothing() {
    let hospital = hospital().await;
    let own = hospital.phone("device-of-mother", &[MOTHER]).await;
    let new = hospital.new_phone("device-of-helper");
    let (grant, code) = (carried(&hospital), code());
    let word = word(&grant, &code, &own);
    assert_eq!(hospital.clinic.end_access(MOTHER, None).unwrap(), 1);
    assert_unknown(
        &hospital.enrol_with(&code, Some(&word), &new).await,
        "let out",
    );
    assert_eq!(consents(&hospital), 0);
    hospital.running.shutdown().await;
}
