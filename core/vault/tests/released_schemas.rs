//! Files as released programs wrote them: today's program opens each and finds everything.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod fixture;

use std::path::{Path, PathBuf};

use fixture::{at, describe, id, ports};
use sokhoe_domain::BookingState;
use sokhoe_vault::{EntryQuery, OpenedBlob, Vault};

/// The schemas of vaults that people have on their phones: a release that brings a new one adds it here,
/// together with its files (`fixtures/README.md`).
const RELEASED: [u32; 4] = [1, 4, 6, 9];

fn stored(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/schema-{version}"))
}

#[test]
fn every_released_schema_opens_and_nothing_is_missing() {
    for version in RELEASED {
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
        if version >= 4 {
            let (clinic, resource) = fixture::blob_owner();
            let blob = vault.blob(&clinic, &resource, fixture::BLOB_PLACE);
            let OpenedBlob::Here(reader) = vault.open_blob(&blob.unwrap().unwrap().hash).unwrap()
            else {
                panic!("the blob is not here");
            };
            let mut bytes = Vec::new();
            reader.copy_to(&mut bytes).unwrap();
            assert_eq!(bytes, fixture::BLOB);
        }
        vault.check().unwrap();
    }
}

#[test]
fn every_stored_schema_is_one_that_was_released() {
    let mut stored: Vec<u32> = std::fs::read_dir(stored(0).parent().unwrap())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name();
            name.to_str()?.strip_prefix("schema-")?.parse().ok()
        })
        .collect();
    stored.sort_unstable();
    assert_eq!(stored, RELEASED);
}
