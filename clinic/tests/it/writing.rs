//! What a person writes, and what they may not.

use serde_json::{Value, json};
use sokhoe_clinic::ImportOptions;
use sokhoe_domain::Timestamp;
use sokhoe_fhir::{Measure, OwnReading};

use crate::support::{Hospital, MOTHER, STRANGER, hospital, id, key};

fn reading(id: &str, patient: &str, weight: f64) -> String {
    OwnReading {
        id,
        patient,
        measure: Measure::Weight,
        values: &[weight],
        at: Timestamp::parse_fhir("2026-11-23T05:30:00+07:00").unwrap(),
        title: "Cân nặng",
    }
    .to_json()
}

fn import(hospital: &Hospital, resource: &Value) {
    let text = resource.to_string();
    let options = ImportOptions::default();
    let report = hospital
        .clinic
        .import_reader("one.json", &mut text.as_bytes(), &options);
    assert!(report.unwrap().skipped.is_empty());
}

#[tokio::test]
async fn a_reading_is_stored_once_and_in_the_feed() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let (_, cursor) = phone.changes(MOTHER, None).await;
    let id_ = key();
    let path = format!("/fhir/Observation/{id_}");
    let body = reading(&id_, MOTHER, 51.5);
    let made = phone.put(&path, None, &body).await;
    assert_eq!(
        (made.status, made.header("etag")),
        (201, Some("W/\"1\"")),
        "{}",
        made.body
    );
    assert_eq!(made.body, body);
    // The answer was lost: the same again is the same reading.
    let again = phone.put(&path, None, &body).await;
    assert_eq!((again.status, again.header("etag")), (200, Some("W/\"1\"")));
    assert_eq!(phone.get(&path).await.body, body);
    let (entries, _) = phone.changes(MOTHER, Some(&cursor)).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(id(&entries[0]["resource"]), id_);
    // Corrected over the version that is named, and no other.
    let corrected = reading(&id_, MOTHER, 52.5);
    assert_eq!(phone.put(&path, None, &corrected).await.status, 428);
    assert_eq!(
        phone.put(&path, Some("W/\"9\""), &corrected).await.status,
        412
    );
    assert_eq!(phone.put(&path, Some("nine"), &corrected).await.status, 400);
    let written = phone.put(&path, Some("W/\"1\""), &corrected).await;
    assert_eq!(
        (written.status, written.header("etag")),
        (200, Some("W/\"2\""))
    );
    // One that the clinic took away does not come back.
    import(
        &hospital,
        &json!({"resourceType": "Bundle", "type": "transaction",
                "entry": [{"request": {"method": "DELETE", "url": path.trim_start_matches("/fhir/")}}]}),
    );
    assert_eq!(phone.put(&path, None, &body).await.status, 410);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_reading_is_the_persons_own_or_nothing() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let stranger = hospital.phone("device-two", &[STRANGER]).await;
    let write = async |id: &str, body: &str| {
        phone
            .put(&format!("/fhir/Observation/{id}"), None, body)
            .await
            .status
    };
    let fresh = key();
    let sound = reading(&fresh, MOTHER, 51.5);
    // Another person's looks like nobody's.
    assert_eq!(write(&fresh, &reading(&fresh, STRANGER, 51.5)).await, 404);
    assert_eq!(write(&fresh, &reading(&fresh, "nobody", 51.5)).await, 404);
    for (from, to) in [
        ("29463-7", "4548-4"),
        ("vital-signs", "laboratory"),
        (
            r#""status":"final""#,
            r#""status":"final","encounter":{"reference":"Encounter/e"}"#,
        ),
        (
            r#""performer":[{"reference":"Patient/bn-000001"}]"#,
            r#""performer":[{"reference":"Practitioner/bs"}]"#,
        ),
        (
            r#""performer":[{"reference":"Patient/bn-000001"}]"#,
            r#""performer":[{"reference":"Patient/bn-000004"}]"#,
        ),
        (
            r#""performer":[{"reference":"Patient/bn-000001"}]"#,
            r#""performer":[{"reference":"RelatedPerson/nobody"}]"#,
        ),
    ] {
        let other = sound.replace(from, to);
        assert_ne!(other, sound);
        assert_eq!(write(&fresh, &other).await, 422, "{to}");
    }
    assert_eq!(write(&fresh, "{").await, 422);
    assert_eq!(
        write(&fresh, &sound.replace("51.5", &"1".repeat(70_000))).await,
        413
    );
    assert_eq!(write(&key(), &sound).await, 422, "another id");
    assert_eq!(
        write("not-a-uuid", &sound.replace(&fresh, "not-a-uuid")).await,
        422
    );
    // A helper of hers may write; that of a stranger may not.
    for (related, patient) in [("con-trai", MOTHER), ("nguoi-la", STRANGER)] {
        import(
            &hospital,
            &json!({"resourceType": "RelatedPerson", "id": related,
                    "patient": {"reference": format!("Patient/{patient}")}}),
        );
    }
    let by = |related: &str| {
        let performer = format!(r#""performer":[{{"reference":"RelatedPerson/{related}"}}]"#);
        sound.replace(
            r#""performer":[{"reference":"Patient/bn-000001"}]"#,
            &performer,
        )
    };
    assert_eq!(write(&fresh, &by("nguoi-la")).await, 422);
    assert_eq!(write(&fresh, &by("con-trai")).await, 201);
    // A result of the clinic's is no reading, whatever its id.
    let result = key();
    import(
        &hospital,
        &json!({"resourceType": "Observation", "id": result, "status": "final",
                "subject": {"reference": format!("Patient/{MOTHER}")},
                "code": {"text": "HbA1c"}, "valueQuantity": {"value": 7}}),
    );
    assert_eq!(write(&result, &reading(&result, MOTHER, 51.5)).await, 422);
    // Nor is an id that is another person's already.
    let theirs = stranger
        .put(
            &format!("/fhir/Observation/{result}"),
            None,
            &reading(&result, STRANGER, 51.5),
        )
        .await;
    assert_eq!(theirs.status, 404);
    for kind in ["Condition", "Appointment", "Binary", "Location", "Nothing"] {
        let reply = phone.put(&format!("/fhir/{kind}/x"), None, "{}").await;
        assert_eq!(reply.status, 405, "{kind}");
    }
    let nobody = crate::support::Phone {
        token: "x".repeat(43),
        refresh: String::new(),
        ..phone.clone()
    };
    assert_eq!(
        nobody
            .put(&format!("/fhir/Observation/{fresh}"), None, &sound)
            .await
            .status,
        401
    );
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn of_a_patient_only_the_persons_own_words_change() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let path = format!("/fhir/Patient/{MOTHER}");
    let before = phone.get(&path).await;
    let tag = before.header("etag").unwrap().to_owned();
    let (_, cursor) = phone.changes(MOTHER, None).await;
    let mut wanted = before.json();
    wanted["telecom"] = json!([{"system": "phone", "use": "mobile", "value": "0987654321"}]);
    wanted["address"] = json!([{"use": "home", "text": "Bản Hua Tạt, Vân Hồ, Sơn La"}]);
    let wanted = wanted.to_string();
    assert_eq!(phone.put(&path, None, &wanted).await.status, 428);
    assert_eq!(
        phone.put(&path, Some("W/\"77\""), &wanted).await.status,
        412
    );
    for (field, value) in [
        ("birthDate", json!("1990-01-01")),
        ("identifier", json!([])),
        ("name", json!([{"text": "Khác"}])),
        (
            "generalPractitioner",
            json!([{"reference": "Practitioner/x"}]),
        ),
        ("telecom", json!("0987654321")),
        ("address", json!(["nhà"])),
    ] {
        let mut other = before.json();
        other[field] = value;
        let reply = phone.put(&path, Some(&tag), &other.to_string()).await;
        assert_eq!(reply.status, 422, "{field}");
        assert_eq!(reply.json()["resourceType"], "OperationOutcome");
    }
    assert_eq!(phone.get(&path).await.body, before.body);
    let written = phone.put(&path, Some(&tag), &wanted).await;
    assert_eq!(written.status, 200, "{}", written.body);
    assert_ne!(written.header("etag"), Some(&*tag));
    assert_eq!(phone.get(&path).await.body, written.body);
    // Asked again after a lost answer, under the version it began from.
    let again = phone.put(&path, Some(&tag), &wanted).await;
    assert_eq!(
        (again.status, again.header("etag")),
        (200, written.header("etag"))
    );
    let (entries, _) = phone.changes(MOTHER, Some(&cursor)).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["resource"]["telecom"][0]["value"], "0987654321");
    let other = format!("/fhir/Patient/{STRANGER}");
    let foreign = phone
        .put(&other, Some("W/\"1\""), &wanted.replace(MOTHER, STRANGER))
        .await;
    let absent = phone
        .put("/fhir/Patient/nobody", Some("W/\"1\""), &wanted)
        .await;
    assert_eq!((foreign.status, &foreign.body), (404, &absent.body));
    let statement = phone.get("/fhir/metadata").await.json();
    let writable: Vec<&str> = statement["rest"][0]["resource"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| {
            r["interaction"]
                .as_array()
                .unwrap()
                .iter()
                .any(|i| i["code"] == "update")
        })
        .map(|r| r["type"].as_str().unwrap())
        .collect();
    assert_eq!(writable, ["Consent", "Observation", "Patient", "Task"]);
    hospital.running.shutdown().await;
}
