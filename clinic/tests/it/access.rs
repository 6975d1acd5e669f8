//! Who is let in, and what they see.

use std::time::Duration;

use crate::support::{
    MOTHER, Phone, SON, STRANGER, by_reference, cursor_of, hospital, id, key, refusal,
};

#[tokio::test]
async fn without_a_token_or_with_anothers_key_nothing_is_answered() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let other = hospital.phone("device-two", &[STRANGER]).await;
    let strangers = [
        Phone {
            token: String::new(),
            ..phone.clone()
        },
        Phone {
            token: "x".repeat(43),
            refresh: String::new(),
            ..phone.clone()
        },
        Phone {
            token: phone.refresh.clone(),
            refresh: String::new(),
            ..phone.clone()
        },
        Phone {
            signer: other.signer.clone(),
            refresh: String::new(),
            ..phone.clone()
        },
        Phone {
            token: other.token,
            refresh: String::new(),
            ..phone.clone()
        },
    ];
    for path in [
        "/fhir/Patient/bn-000001",
        "/fhir/HealthcareService",
        "/fhir/Patient/bn-000001/$changes",
        "/fhir/Observation?patient=bn-000001",
    ] {
        assert_eq!(phone.get(path).await.status, 200, "{path}");
        for stranger in &strangers {
            let reply = stranger.get(path).await;
            assert_eq!(reply.status, 401, "{path}");
            assert_eq!(reply.json()["resourceType"], "OperationOutcome");
        }
        let bare = hospital.connect().await.ask("GET", path, &[], "").await;
        assert_eq!(bare.status, 401, "{path}");
    }
    let body = by_reference("p", MOTHER);
    for stranger in &strangers {
        let reply = stranger
            .post("/fhir/Appointment/$book", Some(&key()), &body)
            .await;
        assert_eq!(reply.status, 401);
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn anothers_and_absent_are_the_same_bytes() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let other = hospital.phone("device-other", &[STRANGER]).await;
    let slot = hospital.free(&mother, "kham-mat", 1).await.remove(0);
    let booked = mother.book(&key(), id(&slot), MOTHER).await;
    let appointment = id(&booked.resources("Appointment")[0]).to_owned();
    assert_eq!(
        mother
            .get(&format!("/fhir/Appointment/{appointment}"))
            .await
            .status,
        200
    );
    for (theirs, absent) in [
        (
            format!("/fhir/Appointment/{appointment}"),
            "/fhir/Appointment/nobody".to_owned(),
        ),
        (
            format!("/fhir/Patient/{MOTHER}"),
            "/fhir/Patient/nobody".to_owned(),
        ),
        (
            format!("/fhir/Patient/{MOTHER}/$changes"),
            "/fhir/Patient/nobody/$changes".to_owned(),
        ),
    ] {
        let (theirs, absent) = (other.get(&theirs).await, other.get(&absent).await);
        assert_eq!(theirs.status, 404);
        let without_date = |reply: &crate::support::http::Reply| {
            let mut headers = reply.headers.clone();
            headers.retain(|(name, _)| name != "date");
            (reply.status, headers, reply.body.clone())
        };
        assert_eq!(without_date(&theirs), without_date(&absent));
    }
    let search = |patient: &str| format!("/fhir/Appointment?patient={patient}");
    let theirs = other.get(&search(MOTHER)).await;
    assert_eq!(theirs.status, 200);
    assert_eq!(
        theirs.body.replace(MOTHER, "X"),
        other
            .get(&search("nobody"))
            .await
            .body
            .replace("nobody", "X")
    );
    assert!(
        other
            .get("/fhir/Appointment")
            .await
            .resources("Appointment")
            .is_empty()
    );
    // Acting for somebody else: as if they were not there.
    let slot = hospital.free(&other, "kham-mat", 1).await.remove(0);
    let acting = other.book(&key(), id(&slot), MOTHER).await;
    let absent = other.book(&key(), id(&slot), "nobody").await;
    assert_eq!((acting.status, &acting.body), (404, &absent.body));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_cursor_of_another_device_or_person_is_gone() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let other = hospital.phone("device-two", &[MOTHER]).await;
    let cursor = cursor_of(
        &phone
            .get(&format!("/fhir/Patient/{MOTHER}/$changes"))
            .await
            .json(),
    );
    let path =
        |patient: &str, cursor: &str| format!("/fhir/Patient/{patient}/$changes?cursor={cursor}");
    assert_eq!(phone.get(&path(MOTHER, &cursor)).await.status, 200);
    assert_eq!(phone.get(&path(SON, &cursor)).await.status, 410);
    assert_eq!(other.get(&path(MOTHER, &cursor)).await.status, 410);
    assert_eq!(phone.get(&path(MOTHER, "AAAA")).await.status, 410);
    assert_eq!(other.get(&path(SON, &cursor)).await.status, 404);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn an_enrolment_brings_one_device_in() {
    let hospital = hospital().await;
    let code = hospital.code(&[MOTHER, SON]);
    let [one, two] = ["device-one", "device-two"].map(|device| hospital.new_phone(device));
    let first = hospital.enrol(&code, &one).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let reply = first.json();
    assert_eq!(reply["clinic"]["id"], hospital.clinic.id());
    assert_eq!(
        reply["clinic"]["public_key"],
        hospital.clinic.public_key().to_string()
    );
    assert_eq!(reply["patients"].as_array().unwrap().len(), 2);
    assert_eq!(reply["patients"][0]["resourceType"], "Patient");

    // The answer was lost: the same device asks again.
    let again = hospital.enrol(&code, &one).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    // Another key is another phone, whatever it calls itself.
    let other_key = hospital
        .enrol(&code, &hospital.new_phone("device-one"))
        .await;
    assert_eq!(refusal(&other_key), "enrolment-used");
    let used = hospital.enrol(&code, &two).await;
    assert_eq!((used.status, &*refusal(&used)), (403, "enrolment-used"));
    let unknown = hospital.enrol("no-such-code", &two).await;
    assert_eq!(
        (unknown.status, &*refusal(&unknown)),
        (403, "enrolment-unknown")
    );
    let late = hospital.code(&[MOTHER]);
    hospital.clock.advance(Duration::from_secs(600));
    let expired = hospital.enrol(&late, &two).await;
    assert_eq!(
        (expired.status, &*refusal(&expired)),
        (403, "enrolment-expired")
    );
    let expired = hospital.enrol(&code, &one).await;
    assert_eq!(refusal(&expired), "enrolment-expired");

    let database = hospital.database.everything();
    let token = |name: &str| reply[name].as_str().unwrap().as_bytes();
    for secret in [
        token("access_token"),
        token("refresh_token"),
        code.as_bytes(),
    ] {
        assert!(
            !database
                .windows(secret.len())
                .any(|window| window == secret)
        );
    }
    assert!(
        hospital
            .clinic
            .issue_enrolment(&[], Duration::from_secs(1), &hospital.base())
            .is_err()
    );
    assert!(
        hospital
            .clinic
            .issue_enrolment(
                &["nobody".to_owned()],
                Duration::from_secs(1),
                &hospital.base()
            )
            .is_err()
    );
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn requests_out_of_bounds_are_refused_in_fhir() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    for (path, status) in [
        ("/fhir/Observation?unknown=1", 400),
        ("/fhir/Observation?code:text=x", 400),
        ("/fhir/Observation?_count=0", 400),
        ("/fhir/Observation?_page=AAAA", 410),
        ("/fhir/Patient/bn-000001?_summary=true", 400),
        ("/fhir/Patient/bn-000001/$changes?_since=2026", 400),
        ("/fhir/Unknown", 404),
        ("/fhir/Unknown/1", 404),
        ("/fhir/AuditEvent/1", 404),
        ("/elsewhere", 404),
    ] {
        let reply = phone.get(path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
        assert_eq!(reply.json()["resourceType"], "OperationOutcome", "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
    let path = "/fhir/Appointment/$book";
    let deep = "[".repeat(200_000);
    let long = " ".repeat(1024 * 1024 + 1);
    for (body, status) in [
        ("{", 400),
        ("", 400),
        (&*deep, 400),
        (&*long, 413),
        ("{}", 400),
    ] {
        let reply = phone.post(path, Some(&key()), body).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.json()["resourceType"], "OperationOutcome");
    }
    assert_eq!(phone.get(path).await.status, 405);
    let plain = [("Content-Type", "text/plain")];
    assert_eq!(phone.ask("POST", path, &plain, "{}").await.status, 415);
    hospital.running.shutdown().await;
}
