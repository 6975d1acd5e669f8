//! The feed of a person's changes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sokhoe_clinic::ImportOptions;

use crate::support::{Hospital, MOTHER, STRANGER, hospital, id, key, link};

fn put(hospital: &Hospital, resource: &Value) {
    let text = resource.to_string();
    let report = hospital
        .clinic
        .import_reader("one.json", &mut text.as_bytes(), &ImportOptions::default())
        .unwrap();
    assert!(report.skipped.is_empty(), "{report:?}");
}

fn observation(id: &str, patient: &str, value: i64) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final",
        "code": {"text": "đường huyết"},
        "subject": {"reference": format!("Patient/{patient}")},
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    })
}

fn delete(hospital: &Hospital, url: &str) {
    put(
        hospital,
        &json!({"resourceType": "Bundle", "type": "transaction",
                "entry": [{"request": {"method": "DELETE", "url": url}}]}),
    );
}

#[tokio::test]
async fn changes_come_in_the_order_of_their_commits_and_deletions_too() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    for n in 0..5 {
        put(&hospital, &observation(&format!("o{n}"), MOTHER, n));
    }
    put(&hospital, &observation("o1", MOTHER, 100));
    put(&hospital, &observation("foreign", STRANGER, 1));
    let (entries, cursor) = phone.changes(MOTHER, None).await;
    let ids: Vec<&str> = entries.iter().map(|entry| id(&entry["resource"])).collect();
    assert_eq!(
        ids,
        [MOTHER, "the-bn-000001", "o0", "o2", "o3", "o4", "o1"],
        "a superseded change is left out"
    );
    let last = &entries[6];
    assert_eq!(
        last["request"],
        json!({"method": "PUT", "url": "Observation/o1"})
    );
    assert_eq!(last["response"]["etag"], "W/\"2\"");
    assert!(
        last["response"]["lastModified"]
            .as_str()
            .unwrap()
            .ends_with("+07:00")
    );
    assert_eq!(last["resource"]["valueQuantity"]["value"], 100);
    assert_eq!(
        last["fullUrl"],
        format!("{}/fhir/Observation/o1", hospital.base())
    );

    delete(&hospital, "Observation/o2");
    // A result that was the mother's turns out to be somebody else's.
    put(&hospital, &observation("o3", STRANGER, 3));
    let (entries, cursor) = phone.changes(MOTHER, Some(&cursor)).await;
    let requests: Vec<&Value> = entries.iter().map(|entry| &entry["request"]).collect();
    assert_eq!(
        requests,
        [
            &json!({"method": "DELETE", "url": "Observation/o2"}),
            &json!({"method": "DELETE", "url": "Observation/o3"}),
        ]
    );
    assert!(entries.iter().all(|entry| entry.get("resource").is_none()));
    assert_eq!(phone.get("/fhir/Observation/o2").await.status, 404);
    assert_eq!(phone.get("/fhir/Observation/o3").await.status, 404);

    put(&hospital, &observation("o2", MOTHER, 7));
    let (entries, cursor) = phone.changes(MOTHER, Some(&cursor)).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(
        entries[0]["response"]["etag"], "W/\"3\"",
        "versions go on after a deletion"
    );
    // The same bytes again are no change.
    put(&hospital, &observation("o2", MOTHER, 7));
    assert!(phone.changes(MOTHER, Some(&cursor)).await.0.is_empty());
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn pages_follow_one_another() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    for n in 0..7 {
        put(&hospital, &observation(&format!("o{n}"), MOTHER, n));
    }
    let mut path = format!("/fhir/Patient/{MOTHER}/$changes?_count=3");
    let mut sizes = Vec::new();
    loop {
        let bundle = phone.get(&path).await.json();
        assert_eq!(bundle["type"], "history");
        sizes.push(bundle["entry"].as_array().map_or(0, Vec::len));
        match link(&bundle, "next") {
            Some(next) => path = next[next.find("/fhir").unwrap()..].to_owned(),
            None => break,
        }
    }
    // The Patient, the insurance card and seven values.
    assert_eq!(sizes, [3, 3, 3]);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_waiting_feed_is_woken_by_a_commit_and_by_the_end() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let (_, cursor) = phone.changes(MOTHER, None).await;
    let path = format!("/fhir/Patient/{MOTHER}/$changes?cursor={cursor}");

    let begun = Instant::now();
    let nothing = phone.get_with(&path, &[("Prefer", "wait=1")]).await;
    assert!(begun.elapsed() >= Duration::from_millis(900));
    assert_eq!(nothing.status, 200);
    assert!(nothing.json()["entry"].as_array().is_none_or(Vec::is_empty));

    let waiting = tokio::spawn({
        let (phone, path) = (phone.clone(), path.clone());
        async move {
            phone
                .get_with(&path, &[("Prefer", "respond-async, wait=25")])
                .await
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    let slot = hospital.free(&phone, "kham-mat", 1).await.remove(0);
    assert_eq!(phone.book(&key(), id(&slot), MOTHER).await.status, 200);
    let woken = waiting.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(woken.resources("Appointment").len(), 1);
    assert_eq!(
        woken.resources("Invoice").len(),
        1,
        "one transaction, one look"
    );

    let (_, cursor) = phone.changes(MOTHER, None).await;
    let path = format!("/fhir/Patient/{MOTHER}/$changes?cursor={cursor}");
    let waiting =
        tokio::spawn(async move { phone.get_with(&path, &[("Prefer", "wait=25")]).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    hospital.running.shutdown().await;
    assert_eq!(waiting.await.unwrap().status, 200);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_read_that_changed_nothing_says_so() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let path = format!("/fhir/Patient/{MOTHER}");
    let first = phone.get(&path).await;
    let etag = first.header("etag").unwrap();
    assert_eq!(etag, "W/\"1\"");
    let again = phone.get_with(&path, &[("If-None-Match", etag)]).await;
    assert_eq!((again.status, &*again.body), (304, ""));
    let other = phone.get_with(&path, &[("If-None-Match", "W/\"9\"")]).await;
    assert_eq!(other.body, first.body);
    hospital.running.shutdown().await;
}
