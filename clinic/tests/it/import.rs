//! Data from outside.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use sokhoe_clinic::{ImportOptions, ImportReport};

use crate::support::{MOTHER, hospital};

#[tokio::test]
async fn bad_files_and_lines_are_named_and_the_rest_goes_in() {
    let hospital = hospital().await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "a.ndjson",
        "{\"resourceType\":\"Patient\",\"id\":\"p1\"}\n{\"resourceType\":\n\n{\"id\":\"x\"}\n{\"resourceType\":\"Patient\",\"id\":\"p2\"}\n",
    );
    write(
        "b.json",
        "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"p3\"\n",
    );
    write(
        "c.json",
        r#"{"resourceType":"Bundle","type":"collection","entry":[
            {"resource":{"resourceType":"Patient","id":"p4"}},
            {"resource":{"resourceType":"Patient","id":"bad id"}},
            {"nothing":1},
            {"resource":{"resourceType":"Observation","id":"o1","subject":{"reference":"Patient/p4"},"valueQuantity":{"value":1.50}}}]}"#,
    );
    write(
        "deep.json",
        &format!(
            "{{\"resourceType\":\"Patient\",\"id\":\"p5\",\"x\":{}{}}}",
            "[".repeat(90),
            "]".repeat(90)
        ),
    );
    write("notes.txt", "not ours");
    std::fs::write(folder.path().join("e.json"), b"{\"a\":\n\"\xff\"}").unwrap();
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(b"{\"resourceType\":\"Patient\",\"id\":\"p6\"}\n{\"resourceType\":\"Patient\",\"id\":\"p7\"}\n")
        .unwrap();
    std::fs::write(folder.path().join("f.ndjson.gz"), gz.finish().unwrap()).unwrap();

    let report = hospital
        .clinic
        .import(
            &[folder.path(), &folder.path().join("absent.json")],
            &ImportOptions::default(),
        )
        .unwrap();
    let skipped: Vec<(String, usize)> = report
        .skipped
        .iter()
        .map(|s| (s.file.rsplit('/').next().unwrap().to_owned(), s.line))
        .collect();
    let expected = [
        ("a.ndjson", 2),
        ("a.ndjson", 4),
        ("b.json", 4),
        ("c.json", 3),
        ("c.json", 4),
        ("deep.json", 1),
        ("e.json", 0),
        ("absent.json", 0),
    ];
    assert_eq!(
        skipped,
        expected.map(|(file, line)| (file.to_owned(), line)),
        "{report:?}"
    );
    assert_eq!(report.stored, 6);
    let again = hospital
        .clinic
        .import(&[folder.path()], &ImportOptions::default())
        .unwrap();
    assert_eq!((again.stored, again.unchanged), (0, 6));

    let phone = hospital.phone("device-one", &["p4"]).await;
    let observation = phone.get("/fhir/Observation/o1").await;
    assert!(
        observation.body.contains("1.50"),
        "byte for byte: {}",
        observation.body
    );
    hospital.running.shutdown().await;
}

const TRANSACTION: &str = r#"{"resourceType":"Bundle","type":"transaction","entry":[
    {"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111",
     "resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:22222222-2222-4222-8222-222222222222"},
                 "performer":[{"reference":"Practitioner?identifier=npi|77"}]},
     "request":{"method":"POST","url":"Observation"}},
    {"fullUrl":"urn:uuid:22222222-2222-4222-8222-222222222222",
     "resource":{"resourceType":"Patient","id":"pat"},
     "request":{"method":"POST","url":"Patient"}}]}"#;

#[tokio::test]
async fn references_inside_a_transaction_become_true() {
    let hospital = hospital().await;
    let import = |text: &str, options: &ImportOptions| -> ImportReport {
        hospital
            .clinic
            .import_reader("t.json", &mut text.as_bytes(), options)
            .unwrap()
    };
    let doctor = r#"{"resourceType":"Practitioner","id":"doc","identifier":[{"system":"npi","value":"77"}]}"#;
    assert_eq!(import(doctor, &ImportOptions::default()).stored, 1);
    assert_eq!(import(TRANSACTION, &ImportOptions::default()).stored, 2);
    let phone = hospital.phone("device-one", &["pat"]).await;
    let observation = phone
        .get("/fhir/Observation/11111111-1111-4111-8111-111111111111")
        .await
        .json();
    assert_eq!(observation["subject"]["reference"], "Patient/pat");
    assert_eq!(observation["performer"][0]["reference"], "Practitioner/doc");

    let adopt = ImportOptions {
        adopt_into: Some(MOTHER.to_owned()),
    };
    assert_eq!(import(TRANSACTION, &adopt).stored, 1);
    let mother = hospital.phone("device-two", &[MOTHER]).await;
    let found = mother
        .get("/fhir/Observation")
        .await
        .resources("Observation");
    assert_eq!(
        found[0]["subject"]["reference"],
        format!("Patient/{MOTHER}")
    );
    let nobody = ImportOptions {
        adopt_into: Some("nobody".to_owned()),
    };
    assert!(
        hospital
            .clinic
            .import_reader("t", &mut "{}".as_bytes(), &nobody)
            .is_err()
    );
    hospital.running.shutdown().await;
}
