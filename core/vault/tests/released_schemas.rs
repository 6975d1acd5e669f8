//! Files as released programs wrote them: today's program opens each and finds everything.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod fixture;

use std::path::{Path, PathBuf};

use fixture::{at, describe, id, ports};
use sokhoe_domain::BookingState;
use sokhoe_vault::{EntryQuery, Vault};

/// The newest schema that people have on their phones: raised with a release that brings a new one,
/// together with its files (`fixtures/README.md`).
const RELEASED: u32 = 1;

fn stored(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/schema-{version}"))
}

#[test]
fn every_released_schema_opens_and_nothing_is_missing() {
    for version in 1..=RELEASED {
        let stored = stored(version);
        assert!(
            stored.exists(),
            "schema {version} was released: store its files"
        );
        let folder = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(&stored).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        let expected = std::fs::read_to_string(stored.join("expected.txt")).unwrap();
        let ports = ports(folder.path());
        // Twice: as it was stored, and as the first opening left it.
        for opening in ["first", "second"] {
            assert_eq!(
                describe(&ports),
                expected,
                "schema {version}, {opening} opening"
            );
        }
        // And it lives on.
        let vault = Vault::open(&ports, "person-1").unwrap();
        let query = EntryQuery {
            limit: 1_000,
            ..EntryQuery::default()
        };
        assert!(vault.entries(&query).unwrap().rows.len() > 100);
        assert!(!vault.search("blood", &query).unwrap().rows.is_empty());
        let booking = vault.booking(id(3)).unwrap().unwrap();
        vault.mark_sending(id(3), at(99)).unwrap();
        let settled = sokhoe_vault::StoredBooking {
            state: BookingState::Confirmed,
            ..booking
        };
        vault.settle(id(3), &settled, &[]).unwrap();
        assert_eq!(vault.due(at(i64::MAX)).unwrap().len(), 2);
        vault.check().unwrap();
    }
}

#[test]
fn no_files_are_stored_of_a_schema_that_was_not_released() {
    assert!(!stored(RELEASED + 1).exists(), "raise RELEASED");
}
