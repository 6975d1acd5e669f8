//! Searching.

use serde_json::{Value, json};
use sokhoe_clinic::ImportOptions;

use crate::support::{MOTHER, hospital, link};

#[tokio::test]
async fn the_directory_and_the_book_are_searched() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let services = phone
        .get("/fhir/HealthcareService")
        .await
        .resources("HealthcareService");
    assert!(services.len() >= 10);
    let schedules = phone
        .get("/fhir/Schedule?_count=100")
        .await
        .resources("Schedule");
    assert!(schedules.len() >= 14);
    let path = "/fhir/PractitionerRole?_include=PractitionerRole:practitioner&_include=PractitionerRole:location&_count=100";
    let roles = phone.get(path).await;
    assert_eq!(roles.resources("PractitionerRole").len(), schedules.len());
    assert_eq!(roles.resources("Practitioner").len(), schedules.len());
    assert!(roles.body.contains("Khoa") || roles.body.contains("Phòng"));

    let lines: String = (0..5)
        .map(|n| {
            let code = if n % 2 == 0 { "2339-0" } else { "8480-6" };
            let observation = json!({
                "resourceType": "Observation", "id": format!("o{n}"), "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "effectiveDateTime": format!("2026-0{}-01", n + 1),
                "subject": {"reference": format!("Patient/{MOTHER}")},
            });
            format!("{observation}\n")
        })
        .collect();
    hospital
        .clinic
        .import_reader("o.ndjson", &mut lines.as_bytes(), &ImportOptions::default())
        .unwrap();
    let ids = |found: Vec<Value>| -> Vec<String> {
        found
            .iter()
            .map(|o| o["id"].as_str().unwrap().to_owned())
            .collect()
    };
    for (query, expected) in [
        (
            format!("patient={MOTHER}"),
            vec!["o0", "o1", "o2", "o3", "o4"],
        ),
        (
            format!("patient=Patient/{MOTHER}&code=http://loinc.org%7C2339-0"),
            vec!["o0", "o2", "o4"],
        ),
        ("code=8480-6&date=ge2026-03".to_owned(), vec!["o3"]),
        ("_id=o1,o2".to_owned(), vec!["o1", "o2"]),
        (
            "_sort=-date&code=2339-0&_count=100".to_owned(),
            vec!["o4", "o2", "o0"],
        ),
        ("patient=nobody".to_owned(), vec![]),
    ] {
        let found = phone.get(&format!("/fhir/Observation?{query}")).await;
        assert_eq!(ids(found.resources("Observation")), expected, "{query}");
    }

    for (sort, expected) in [
        ("", ["o0", "o2", "o4"]),
        ("&_sort=-date", ["o4", "o2", "o0"]),
    ] {
        let mut path = format!("/fhir/Observation?patient={MOTHER}&code=2339-0&_count=2{sort}");
        let mut all = Vec::new();
        loop {
            let page = phone.get(&path).await;
            all.extend(ids(page.resources("Observation")));
            match link(&page.json(), "next") {
                Some(next) => path = next[next.find("/fhir").unwrap()..].to_owned(),
                None => break,
            }
        }
        assert_eq!(all, expected);
    }
    let refused = phone.get("/fhir/Observation?_sort=date").await;
    assert_eq!(refused.status, 400);

    // The place that the next page begins at is taken away.
    let newest = phone
        .get("/fhir/Observation?_sort=-date&_count=1")
        .await
        .json();
    let next = link(&newest, "next").unwrap();
    let gone = r#"{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Observation/o4"}}]}"#;
    hospital
        .clinic
        .import_reader("gone", &mut gone.as_bytes(), &ImportOptions::default())
        .unwrap();
    let after = phone.get(&next[next.find("/fhir").unwrap()..]).await;
    assert_eq!(after.status, 410);
    hospital.running.shutdown().await;
}
