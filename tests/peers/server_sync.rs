//! A phone in step with HAPI itself: a whole record, changes, deletions, and transactions that become visible
//! late beside small writes.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use sokhoe_app::{AddServerRequest, SoKhoe};
use sokhoe_testing::MemoryKeys;
use sokhoe_tests::book::exported_resources;
use sokhoe_tests::foreign::conformance::Server as _;
use tempfile::TempDir;

use crate::jpa_server::HapiServer;

const PATIENT: &str = "sync-mai";

fn observation(id: &str, value: usize) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","subject":{{"reference":"Patient/{PATIENT}"}},"code":{{"coding":[{{"system":"http://loinc.org","code":"2339-0","display":"Glucose"}}]}},"effectiveDateTime":"2026-11-01T08:00:00+07:00","valueQuantity":{{"value":{value},"unit":"mg/dL"}}}}"#
    )
}

fn transaction(resources: &[(String, String)]) -> String {
    let entries: Vec<String> = resources
        .iter()
        .map(|(place, json)| {
            format!(r#"{{"resource":{json},"request":{{"method":"PUT","url":"{place}"}}}}"#)
        })
        .collect();
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
        entries.join(",")
    )
}

fn write(server: &HapiServer, method: &str, place: &str, body: String) {
    let url = if place.is_empty() {
        server.base().to_owned()
    } else {
        format!("{}/{place}", server.base())
    };
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/fhir+json")
        .body(Bytes::from(body))
        .unwrap();
    let answer = server.send(request);
    assert!(
        answer.status().is_success(),
        "{method} {place}: {}",
        answer.status()
    );
}

fn sync(server: &HapiServer, phone: &SoKhoe, person: &str) {
    server
        .runtime
        .block_on(phone.sync(person))
        .expect("in step");
}

/// The ids of what the book has of a type, and the texts themselves.
fn book(phone: &SoKhoe, person: &str) -> (BTreeSet<String>, String) {
    let mut exported = Vec::new();
    phone.export_fhir(person, &mut exported).unwrap();
    let mut ids = BTreeSet::new();
    for json in exported_resources(&exported) {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        if value["resourceType"] == "Observation" {
            ids.insert(value["id"].as_str().unwrap().to_owned());
        }
    }
    (ids, String::from_utf8(exported).unwrap())
}

#[test]
fn a_phone_is_in_step_with_hapi_whatever_it_commits_late() {
    let server = HapiServer::start();
    let mut there: BTreeSet<String> = (0..120).map(|n| format!("sync-o{n}")).collect();
    let patient = format!(
        r#"{{"resourceType":"Patient","id":"{PATIENT}","name":[{{"text":"Quàng Thị Mai"}}]}}"#
    );
    let mut all = vec![(format!("Patient/{PATIENT}"), patient)];
    all.extend(
        there
            .iter()
            .enumerate()
            .map(|(n, id)| (format!("Observation/{id}"), observation(id, n))),
    );
    write(&server, "POST", "", transaction(&all));

    let folder = TempDir::new().unwrap();
    let ports = {
        let _inside = server.runtime.enter();
        sokhoe_tests::real_ports(folder.path(), Arc::new(MemoryKeys::default()))
    };
    let phone = SoKhoe::open(sokhoe_tests::config(), ports).unwrap();
    let request = AddServerRequest {
        name: "HAPI".to_owned(),
        fhir_base_url: server.base().to_owned(),
        patient_id: PATIENT.to_owned(),
        token: None,
        person_id: None,
    };
    let view = server.runtime.block_on(phone.add_server(request)).unwrap();
    let person = view.persons[0].id.clone();
    sync(&server, &phone, &person);
    assert_eq!(book(&phone, &person).0, there, "at first");

    write(
        &server,
        "PUT",
        "Observation/sync-o7",
        observation("sync-o7", 7_777),
    );
    write(
        &server,
        "PUT",
        "Observation/sync-new",
        observation("sync-new", 1),
    );
    write(&server, "DELETE", "Observation/sync-o3", String::new());
    there.insert("sync-new".to_owned());
    there.remove("sync-o3");
    sync(&server, &phone, &person);
    let (ids, text) = book(&phone, &person);
    assert_eq!(ids, there, "after changes and a deletion");
    assert!(text.contains("7777"), "an update came");

    for round in 0..3 {
        let late: Vec<(String, String)> = (0..250)
            .map(|n| {
                let id = format!("sync-late-{round}-{n}");
                (format!("Observation/{id}"), observation(&id, n))
            })
            .collect();
        there.extend((0..250).map(|n| format!("sync-late-{round}-{n}")));
        let small = format!("sync-small-{round}");
        server.commit_late(transaction(&late), &mut || {
            write(
                &server,
                "PUT",
                &format!("Observation/{small}"),
                observation(&small, 1),
            );
            sync(&server, &phone, &person);
        });
        there.insert(small);
        sync(&server, &phone, &person);
        assert_eq!(book(&phone, &person).0, there, "round {round}");
    }
}
