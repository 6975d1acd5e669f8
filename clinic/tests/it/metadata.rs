//! `metadata` tells the truth: whatever it lists answers, and nothing else does.

use serde_json::Value;

use crate::support::{MOTHER, hospital, key};

#[tokio::test]
async fn whatever_metadata_lists_is_there() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let open = hospital
        .connect()
        .await
        .ask("GET", "/fhir/metadata", &[], "")
        .await;
    assert_eq!(open.status, 200);
    let statement = open.json();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    let resources = statement["rest"][0]["resource"].as_array().unwrap().clone();
    assert!(resources.len() > 20);
    for resource in &resources {
        let kind = resource["type"].as_str().unwrap();
        let absent = phone.get(&format!("/fhir/{kind}/absent")).await;
        assert_eq!(absent.status, 404, "{kind}");
        // A log is asked for of somebody.
        let of_whom = if kind == "AuditEvent" {
            "patient=x&"
        } else {
            ""
        };
        let search = phone.get(&format!("/fhir/{kind}?{of_whom}_count=1")).await;
        let interactions = resource["interaction"].as_array().unwrap();
        let searched = interactions.iter().any(|i| i["code"] == "search-type");
        let expected = if searched { 200 } else { 404 };
        assert_eq!(search.status, expected, "{kind}: {}", search.body);
        for param in resource["searchParam"].as_array().unwrap() {
            let name = param["name"].as_str().unwrap();
            let value = if param["type"] == "date" {
                "ge2020-01-01"
            } else {
                "x"
            };
            let found = phone.get(&format!("/fhir/{kind}?{name}={value}")).await;
            assert_eq!(found.status, 200, "{kind}?{name}: {}", found.body);
        }
        for include in resource["searchInclude"].as_array().into_iter().flatten() {
            let include = include.as_str().unwrap();
            let found = phone.get(&format!("/fhir/{kind}?_include={include}")).await;
            assert_eq!(found.status, 200, "{include}");
        }
    }
    let operations: Vec<(&str, &str)> = resources
        .iter()
        .flat_map(|resource| {
            let kind = resource["type"].as_str().unwrap();
            let operations = resource["operation"].as_array().into_iter().flatten();
            operations.map(move |operation: &Value| (kind, operation["name"].as_str().unwrap()))
        })
        .collect();
    assert_eq!(
        operations,
        [
            ("Appointment", "find"),
            ("Appointment", "hold"),
            ("Appointment", "book"),
            ("Appointment", "join"),
            ("Appointment", "ticket"),
            ("Appointment", "queue"),
            ("Appointment", "wait"),
            ("Patient", "changes")
        ]
    );
    for (kind, name) in operations {
        // What is asked is wrong, the operation is there.
        let (reply, expected) = match name {
            "changes" => {
                let path = format!("/fhir/{kind}/{MOTHER}/$changes");
                (phone.get(&path).await, 200)
            }
            "join" | "ticket" | "queue" => {
                let path = format!("/fhir/{kind}/1/${name}?unknown=1");
                (phone.get(&path).await, 400)
            }
            _ => {
                let path = format!("/fhir/{kind}/${name}");
                (phone.post(&path, Some(&key()), "{}").await, 400)
            }
        };
        assert_eq!(reply.status, expected, "{name}");
    }
    assert_eq!(phone.get("/fhir/Slot").await.status, 404);
    hospital.running.shutdown().await;
}
