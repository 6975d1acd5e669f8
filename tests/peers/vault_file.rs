//! The vault is SQLCipher 4: somebody else's SQLCipher opens it with the key, and not without.

use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use sokhoe_app::domain::ClinicId;
use sokhoe_app::domain::Timestamp;
use sokhoe_fhir::bundle::Change;
use sokhoe_testing::{PlainKeys, SeededRng};
use sokhoe_vault::{FolderFiles, Page, Vault, VaultPorts};
use tempfile::TempDir;

use crate::filter::{ask, folder, prepared};

#[test]
fn an_independent_reader_opens_the_vault_with_the_key_and_not_without() {
    let home = TempDir::new().unwrap();
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(home.path()).unwrap()),
        Arc::new(PlainKeys::default()),
        Arc::new(SeededRng::new(9)),
    );
    let vault = Vault::create(&ports, "peer").unwrap();
    let text = r#"{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"2339-0"}]},"effectiveDateTime":"2026-01-02","valueQuantity":{"value":5.6,"unit":"mmol/L"}}"#;
    let key = sokhoe_fhir::index(text).unwrap().key;
    let changes = [Change::Put {
        key,
        version: Some("1".to_owned()),
        json: text,
    }];
    let clinic = ClinicId::from("c1");
    vault
        .apply(&Page {
            clinic: &clinic,
            changes: &changes,
            cursor: "1",
            received: Timestamp::from_millis(0),
            bookings: &[],
            events: &[],
        })
        .unwrap();
    drop(vault);
    let ring = sokhoe_tests::ring::PlainRing::read(home.path());
    let key = ring.vault("peer");
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = home.path().join("peer.db");
    let wrong = "00".repeat(32);
    let question = |key: Option<&str>| json!({"path": path, "key": key}).to_string();
    let mut python = Command::new(prepared("SOKHOE_PEERS_PYTHON"));
    python.arg(folder().join("open_vault.py"));
    let answers = ask(
        &mut python,
        &[question(Some(&hex)), question(Some(&wrong)), question(None)],
    );
    assert_eq!(answers[0]["ok"], true, "{}", answers[0]);
    assert_eq!(answers[0]["integrity"], "ok");
    let rows = answers[0]["tables"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(serde_json::Value::as_u64)
        .sum::<u64>();
    assert!(rows > 0, "{}", answers[0]);
    for refused in &answers[1..] {
        assert_eq!(
            (&refused["ok"], &refused["refused"]),
            (&json!(false), &json!(true)),
            "{refused}"
        );
    }
}
