//! Free times by what somebody wants of them.

use serde_json::{Value, json};
use sokhoe_clinic::ImportOptions;

use crate::support::{Hospital, MOTHER, Phone, hospital, parameters};

/// A Tuesday to the Sunday after.
const FROM: &str = "2026-11-24T00:00:00+07:00";
const TO: &str = "2026-11-29T23:59:00+07:00";

fn part(name: &str, kind: &str, value: Value) -> Value {
    json!({"name": name, kind: value})
}

/// What is free with these criteria, and what other parameters say.
async fn find(
    phone: &Phone,
    count: usize,
    parts: &[Value],
    others: &[(&str, Value)],
) -> Vec<Value> {
    let mut all = vec![
        ("start", json!({"valueDateTime": FROM})),
        ("end", json!({"valueDateTime": TO})),
    ];
    all.extend_from_slice(others);
    if !parts.is_empty() {
        all.push(("criteria", json!({"part": parts})));
    }
    let path = format!("/fhir/Appointment/$find?_count={count}");
    let reply = phone.post(&path, None, &parameters(&all)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.resources("Appointment")
}

/// The ids of whom one would see, and of what for, each once.
fn actors(slots: &[Value], kind: &str) -> Vec<String> {
    let prefix = format!("{kind}/");
    let mut ids: Vec<String> = slots
        .iter()
        .flat_map(|slot| slot["participant"].as_array().unwrap())
        .filter_map(|participant| {
            participant["actor"]["reference"]
                .as_str()?
                .strip_prefix(&*prefix)
        })
        .map(str::to_owned)
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

fn extension<'a>(slot: &'a Value, name: &str) -> Vec<&'a Value> {
    let url = format!("https://sokhoe.vn/fhir/StructureDefinition/{name}");
    let extensions = slot["extension"].as_array().unwrap();
    extensions.iter().filter(|it| it["url"] == *url).collect()
}

fn put(hospital: &Hospital, resource: &Value) {
    let line = resource.to_string();
    let options = ImportOptions::default();
    let report = hospital
        .clinic
        .import_reader("a.ndjson", &mut line.as_bytes(), &options);
    report.unwrap();
}

#[tokio::test]
async fn only_what_is_wanted_is_given_and_the_nearest_of_it_first() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;

    let hours = [
        part("weekday", "valueCode", json!("thu")),
        part("weekday", "valueCode", json!("sat")),
        part("from", "valueTime", json!("10:00:00")),
        part("until", "valueTime", json!("10:30:00")),
    ];
    let found = find(&phone, 500, &hours, &[]).await;
    let starts: Vec<&str> = found
        .iter()
        .map(|slot| slot["start"].as_str().unwrap())
        .collect();
    assert!(starts.is_sorted());
    let (thursdays, saturdays): (Vec<&str>, Vec<&str>) = starts
        .iter()
        .partition(|start| start.starts_with("2026-11-26T10:"));
    assert!(!thursdays.is_empty() && !saturdays.is_empty());
    assert!(
        saturdays
            .iter()
            .all(|start| start.starts_with("2026-11-28T10:"))
    );
    assert!(
        starts.iter().all(|start| &start[11..16] < "10:30"),
        "{starts:?}"
    );

    // What does not fit takes no place of those that are given at most.
    let hmong = [part("language", "valueCode", json!("hmn"))];
    let found = find(&phone, 3, &hmong, &[]).await;
    assert_eq!(found.len(), 3);
    assert_eq!(actors(&found, "Practitioner"), ["bs-giang-a-su"]);
    let spoken = extension(&found[0], "spoken-language");
    assert_eq!(
        spoken.iter().map(|it| &it["valueCode"]).collect::<Vec<_>>(),
        ["vi", "hmn"]
    );

    let remote = [part("mode", "valueCode", json!("remote"))];
    let found = find(&phone, 500, &remote, &[]).await;
    assert_eq!(actors(&found, "HealthcareService"), ["tu-van-tu-xa"]);
    assert_eq!(
        extension(&found[0], "visit-mode")[0]["valueCoding"]["code"],
        "VR"
    );

    let most = json!({"value": 120_000, "currency": "VND"});
    let cheap = [
        part("max-price", "valueMoney", most),
        part("weekday", "valueCode", json!("sat")),
    ];
    let found = find(&phone, 500, &cheap, &[]).await;
    let services = ["lay-mau", "sieu-am-bung", "tu-van-tu-xa"];
    assert_eq!(actors(&found, "HealthcareService"), services);

    let doctor = json!({"valueReference": {"reference": "Practitioner/bs-giang-a-su"}});
    let found = find(&phone, 500, &cheap, &[("practitioner", doctor)]).await;
    assert!(found.is_empty());
    let eyes = json!({"valueString": "https://sokhoe.vn/fhir/CodeSystem/specialty|mat"});
    let found = find(&phone, 500, &[], &[("specialty", eyes)]).await;
    assert_eq!(actors(&found, "HealthcareService"), ["kham-mat"]);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_the_clinic_does_not_tell_is_never_taken_for_a_yes() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let step_free = part("step-free", "valueBoolean", json!(true));
    let untold_too = part("untold-too", "valueBoolean", json!(true));
    let blood = [("visit-type", json!({"valueString": "lay-mau"}))];
    let vietnamese = part("language", "valueCode", json!("vi"));

    // The ground floor is known of, the language of whoever takes blood is not.
    let found = find(&phone, 5, std::slice::from_ref(&step_free), &blood).await;
    assert_eq!(found.len(), 5);
    assert_eq!(extension(&found[0], "step-free")[0]["valueBoolean"], true);
    assert!(extension(&found[0], "spoken-language").is_empty());
    assert!(
        find(&phone, 5, std::slice::from_ref(&vietnamese), &blood)
            .await
            .is_empty()
    );
    let both = [vietnamese.clone(), untold_too.clone()];
    assert_eq!(find(&phone, 5, &both, &blood).await.len(), 5);
    let hearts = [("visit-type", json!({"valueString": "kham-tim-mach"}))];
    let upstairs = find(&phone, 5, std::slice::from_ref(&step_free), &hearts).await;
    assert!(upstairs.is_empty(), "whether there is a lift is not told");

    // What is told later holds at once; a no is a no, whether or not what is not told will do.
    put(
        &hospital,
        &json!({
            "resourceType": "Practitioner", "id": "ktv-lay-mau", "name": [{"text": "KTV. Phòng lấy máu"}],
            "communication": [{"coding": [{"system": "urn:ietf:bcp:47", "code": "vi-VN"}]}],
        }),
    );
    assert_eq!(find(&phone, 5, &[vietnamese], &blood).await.len(), 5);
    put(
        &hospital,
        &json!({
            "resourceType": "Location", "id": "phong-d01", "status": "active", "name": "Phòng D01",
            "extension": [{
                "url": "https://sokhoe.vn/fhir/StructureDefinition/step-free", "valueBoolean": false,
            }],
        }),
    );
    let found = find(&phone, 5, &[step_free, untold_too], &blood).await;
    assert!(found.is_empty(), "there are steps: {found:?}");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn criteria_that_are_not_understood_are_refused() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let ask = async |criteria: Value| {
        let body = parameters(&[
            ("start", json!({"valueDateTime": FROM})),
            ("end", json!({"valueDateTime": TO})),
            ("criteria", criteria),
        ]);
        phone
            .post("/fhir/Appointment/$find", None, &body)
            .await
            .status
    };
    assert_eq!(ask(json!({"part": []})).await, 200);
    for bad in [
        part("mode", "valueCode", json!("by-dream")),
        part(
            "max-price",
            "valueMoney",
            json!({"value": 5, "currency": "USD"}),
        ),
        part("colour", "valueCode", json!("red")),
        part("from", "valueTime", json!("25:00:00")),
    ] {
        assert_eq!(ask(json!({"part": [bad.clone()]})).await, 400, "{bad}");
    }
    hospital.running.shutdown().await;
}
