//! Blobs in a vault: kept once, within the budget, never lost.

use std::io::{self, Read};

use sokhoe_domain::ResourceKey;

use super::{BlobHash, BlobOrigin, BlobState, ExpectedContent, OpenedBlob};
use crate::tests::{Phone, apply, clinic, gone, put, row};
use crate::{Vault, VaultError};

fn key(id: &str) -> ResourceKey {
    ResourceKey::new("Observation", id)
}

fn keep(vault: &Vault, origin: BlobOrigin, id: &str, bytes: &[u8]) -> Result<BlobHash, VaultError> {
    let mut writer = vault.write_blob()?;
    writer.write(bytes)?;
    let from = clinic(if origin == BlobOrigin::Own {
        "own"
    } else {
        "a"
    });
    writer.finish(origin, &from, &key(id), "url", ExpectedContent::default())
}

fn read(vault: &Vault, hash: &BlobHash) -> Result<Option<Vec<u8>>, VaultError> {
    match vault.open_blob(hash)? {
        OpenedBlob::AtClinic => Ok(None),
        OpenedBlob::Here(reader) => {
            let mut bytes = Vec::new();
            reader.copy_to(&mut bytes)?;
            Ok(Some(bytes))
        }
    }
}

fn blob_files(phone: &Phone) -> Vec<String> {
    phone
        .files()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.contains("blob") || name.contains("unfinished"))
        .collect()
}

fn state(vault: &Vault, id: &str) -> Option<BlobState> {
    let blob = vault.blob(&clinic("a"), &key(id), "url").unwrap();
    blob.map(|blob| blob.state)
}

#[test]
fn the_same_content_is_kept_once_and_comes_back_after_a_reopening() {
    let phone = Phone::new();
    let vault = phone.create();
    let photo = vec![7; 200_000];
    let one = keep(&vault, BlobOrigin::Clinic, "1", &photo).unwrap();
    let two = keep(&vault, BlobOrigin::Clinic, "2", &photo).unwrap();
    let empty = keep(&vault, BlobOrigin::Clinic, "3", b"").unwrap();
    assert_eq!(one, two);
    assert_eq!(blob_files(&phone).len(), 2);
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(read(&vault, &one).unwrap().unwrap(), photo);
    assert_eq!(read(&vault, &empty).unwrap().unwrap(), b"");
    vault.remove_blob(&clinic("a"), &key("1"), "url").unwrap();
    assert_eq!(state(&vault, "1"), None);
    assert_eq!(read(&vault, &two).unwrap().unwrap(), photo);
    vault.remove_blob(&clinic("a"), &key("2"), "url").unwrap();
    assert_eq!(read(&vault, &two), Err(VaultError::UnknownBlob));
    assert_eq!(blob_files(&phone).len(), 1);
    drop(vault);
    Vault::erase(&phone.ports, "me").unwrap();
    let files = phone.files();
    assert!(files.iter().all(|(name, _)| !name.starts_with("me.")));
}

#[test]
fn nothing_of_a_blob_stands_in_a_file_in_the_clear() {
    const CANARY: &[u8] = b"KanarienVogelPhoto";
    let phone = Phone::new();
    let vault = phone.create();
    let photo = CANARY.repeat(20_000);
    let mut writer = vault.write_blob().unwrap();
    writer.write(&photo).unwrap();
    let hidden = |hash: Option<BlobHash>| {
        for (name, bytes) in phone.files() {
            assert!(!bytes.windows(CANARY.len()).any(|w| w == CANARY), "{name}");
            if let Some(hash) = hash {
                assert!(!bytes.windows(32).any(|w| w == hash.0), "{name}");
                let hex: String = hash.0.iter().map(|b| format!("{b:02x}")).collect();
                assert!(!name.contains(&hex[..16]));
            }
        }
    };
    hidden(None);
    let from = clinic("own");
    let hash = writer
        .finish(
            BlobOrigin::Own,
            &from,
            &key("1"),
            "u",
            ExpectedContent::default(),
        )
        .unwrap();
    hidden(Some(hash));
    assert_eq!(read(&vault, &hash).unwrap().unwrap(), photo);
    drop(vault);
    hidden(Some(hash));
    assert_eq!(format!("{hash:?}"), "BlobHash(…)");
}

#[test]
fn the_longest_unused_goes_first_and_never_what_no_clinic_has() {
    let phone = Phone::new();
    let vault = phone.create();
    let blob = |n: u8| vec![n; 1_000 - 16];
    vault.set_blob_budget(4_000).unwrap();
    let own = keep(&vault, BlobOrigin::Own, "own", &blob(0)).unwrap();
    let deleted = keep(&vault, BlobOrigin::Clinic, "1", &blob(1)).unwrap();
    let older = keep(&vault, BlobOrigin::Clinic, "2", &blob(2)).unwrap();
    let newer = keep(&vault, BlobOrigin::Clinic, "3", &blob(3)).unwrap();
    let json = row("1", 1, "x", 1);
    apply(&vault, "a", &[put("1", 1, &json), gone("1")], "c");
    let usage = vault.blob_usage().unwrap();
    assert_eq!(
        (
            usage.used,
            usage.own,
            usage.last_copies,
            usage.evictable,
            usage.room()
        ),
        (4_000, 1_000, 1_000, 2_000, 2_000)
    );
    read(&vault, &older).unwrap();
    let next = keep(&vault, BlobOrigin::Clinic, "4", &blob(4)).unwrap();
    assert_eq!(read(&vault, &newer).unwrap(), None);
    assert_eq!(state(&vault, "3"), Some(BlobState::AtClinic));
    assert!(read(&vault, &older).unwrap().is_some());

    // What cannot fit evicts nothing, whether that is known early or late.
    let before = blob_files(&phone);
    assert_eq!(
        keep(&vault, BlobOrigin::Own, "big", &[9; 2_000]),
        Err(VaultError::BlobsFull {
            needed: 2_016,
            room: 2_000
        })
    );
    let mut late = vault.write_blob().unwrap();
    late.write(&[8; 1_500]).unwrap();
    vault.set_blobs_fetchable(&clinic("a"), false).unwrap();
    assert_eq!(vault.blob_usage().unwrap().evictable, 0);
    let refused = late.finish(
        BlobOrigin::Own,
        &clinic("own"),
        &key("big"),
        "url",
        ExpectedContent::default(),
    );
    assert!(matches!(refused, Err(VaultError::BlobsFull { .. })));
    assert_eq!(blob_files(&phone), before);
    vault.set_blobs_fetchable(&clinic("a"), true).unwrap();

    let usage = vault.set_blob_budget(0).unwrap();
    assert_eq!((usage.used, usage.evictable), (2_000, 0));
    for kept in [&own, &deleted] {
        assert!(read(&vault, kept).unwrap().is_some());
    }
    assert_eq!(read(&vault, &next).unwrap(), None);
    // Once a clinic has the person's own, it may go too.
    vault
        .acknowledge_blob(&own, &clinic("a"), &key("9"), "url")
        .unwrap();
    assert_eq!(vault.set_blob_budget(0).unwrap().used, 1_000);
    assert_eq!(read(&vault, &own).unwrap(), None);
    // And it comes back.
    vault.set_blob_budget(9_000).unwrap();
    assert_eq!(
        keep(&vault, BlobOrigin::Clinic, "9", &blob(0)).unwrap(),
        own
    );
    assert_eq!(read(&vault, &own).unwrap().unwrap(), blob(0));
}

#[test]
fn what_a_clinic_replaced_may_go() {
    let phone = Phone::new();
    let vault = phone.create();
    keep(&vault, BlobOrigin::Clinic, "1", b"old").unwrap();
    let new = keep(&vault, BlobOrigin::Clinic, "1", b"new").unwrap();
    let usage = vault.blob_usage().unwrap();
    assert_eq!(
        (usage.used, usage.evictable, usage.last_copies),
        (38, 38, 0)
    );
    vault.set_blob_budget(19).unwrap();
    assert_eq!(read(&vault, &new).unwrap().unwrap(), b"new");
    assert_eq!(blob_files(&phone).len(), 1);
}

#[test]
fn what_a_clinic_no_longer_has_stays_until_it_gives_it_again() {
    let phone = Phone::new();
    let vault = phone.create();
    let hash = keep(&vault, BlobOrigin::Clinic, "1", b"scan").unwrap();
    let other = keep(&vault, BlobOrigin::Clinic, "2", b"other").unwrap();
    let from = clinic("a");
    vault.note_blob_gone(&from, &key("1"), "url").unwrap();
    vault.note_blob_gone(&from, &key("absent"), "url").unwrap();
    // Access that is lost and comes back does not bring it back.
    vault.set_blobs_fetchable(&from, false).unwrap();
    assert_eq!(vault.blob_usage().unwrap().evictable, 0);
    vault.set_blobs_fetchable(&from, true).unwrap();
    let usage = vault.set_blob_budget(0).unwrap();
    assert_eq!((usage.used, usage.last_copies), (20, 20));
    assert_eq!(read(&vault, &hash).unwrap().unwrap(), b"scan");
    assert_eq!(read(&vault, &other).unwrap(), None);
    assert_eq!(state(&vault, "1"), Some(BlobState::Here));
    // Another record of the clinic's still has the same bytes.
    vault.set_blob_budget(1_000).unwrap();
    keep(&vault, BlobOrigin::Clinic, "3", b"scan").unwrap();
    assert_eq!(vault.set_blob_budget(0).unwrap().used, 0);
    assert_eq!(state(&vault, "1"), Some(BlobState::AtClinic));
    vault.note_blob_gone(&from, &key("3"), "url").unwrap();
    assert_eq!(state(&vault, "1"), Some(BlobState::Lost));
    vault.set_blob_budget(1_000).unwrap();
    keep(&vault, BlobOrigin::Clinic, "1", b"scan").unwrap();
    assert_eq!(vault.set_blob_budget(0).unwrap().used, 0);
}

#[test]
fn a_reader_goes_on_while_its_blob_is_evicted() {
    let phone = Phone::new();
    let vault = phone.create();
    let photo = vec![5; 300_000];
    let hash = keep(&vault, BlobOrigin::Clinic, "1", &photo).unwrap();
    let OpenedBlob::Here(mut reader) = vault.open_blob(&hash).unwrap() else {
        panic!("it is here")
    };
    let mut bytes = reader.next_chunk().unwrap().unwrap().to_vec();
    vault.set_blob_budget(0).unwrap();
    assert!(blob_files(&phone).is_empty());
    while let Some(chunk) = reader.next_chunk().unwrap() {
        bytes.extend_from_slice(chunk);
    }
    assert_eq!(bytes, photo);
}

#[test]
fn a_missing_or_damaged_file_is_fetched_again_or_told_of() {
    for (origin, from) in [(BlobOrigin::Clinic, "a"), (BlobOrigin::Own, "own")] {
        for damage in ["gone", "flipped", "cut"] {
            let phone = Phone::new();
            let vault = phone.create();
            let photo = vec![5; 100_000];
            let hash = keep(&vault, origin, "1", &photo).unwrap();
            let file = phone.path(&blob_files(&phone)[0]);
            let mut bytes = std::fs::read(&file).unwrap();
            match damage {
                "gone" => std::fs::remove_file(&file).unwrap(),
                "cut" => std::fs::write(&file, &bytes[..65_552]).unwrap(),
                _ => {
                    bytes[70_000] ^= 1;
                    std::fs::write(&file, bytes).unwrap();
                }
            }
            if damage != "gone" {
                assert_eq!(read(&vault, &hash), Err(VaultError::BlobDamaged));
                assert!(file.exists(), "no error deletes a file");
            }
            let then = read(&vault, &hash);
            let (answer, told) = match origin {
                BlobOrigin::Clinic => (Ok(None), BlobState::AtClinic),
                BlobOrigin::Own => (Err(VaultError::BlobDamaged), BlobState::Lost),
            };
            assert_eq!(then, answer, "{from} {damage}");
            let blob = vault
                .blob(&clinic(from), &key("1"), "url")
                .unwrap()
                .unwrap();
            assert_eq!(blob.state, told, "{from} {damage}");
            // Put in again, it is whole again.
            keep(&vault, origin, "1", &photo).unwrap();
            assert_eq!(read(&vault, &hash).unwrap().unwrap(), photo);
            assert_eq!(blob_files(&phone).len(), 1);
        }
    }
}

#[test]
fn what_is_not_as_announced_is_not_kept() {
    let phone = Phone::new();
    let vault = phone.create();
    // SHA-1 of "abc", FIPS 180.
    let sha1 = [
        0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2,
        0x6c, 0x9c, 0xd0, 0xd8, 0x9d,
    ];
    let try_keep = |bytes: &[u8], size, sha1| {
        let mut writer = vault.write_blob().unwrap();
        writer.write(bytes).unwrap();
        let expected = ExpectedContent { size, sha1 };
        writer.finish(BlobOrigin::Clinic, &clinic("a"), &key("1"), "url", expected)
    };
    assert_eq!(
        try_keep(b"abd", None, Some(sha1)),
        Err(VaultError::OtherContent)
    );
    assert_eq!(
        try_keep(b"abc", Some(4), Some(sha1)),
        Err(VaultError::OtherContent)
    );
    assert!(blob_files(&phone).is_empty());
    try_keep(b"abc", Some(3), Some(sha1)).unwrap();
}

#[test]
fn opening_removes_what_a_crash_left_and_nothing_else() {
    let phone = Phone::new();
    let vault = phone.create();
    let hash = keep(&vault, BlobOrigin::Own, "1", b"mine").unwrap();
    drop(vault.write_blob().unwrap());
    assert_eq!(blob_files(&phone).len(), 1);
    let orphan = format!("me.blob-{}", "0".repeat(32));
    let others = [
        format!("mee.blob-{}", "0".repeat(32)),
        "me.blob-notes".to_owned(),
        format!("me.blob-{}.db", "0".repeat(32)),
    ];
    drop(vault);
    for name in others.iter().chain([&orphan]) {
        std::fs::write(phone.path(name), b"x").unwrap();
    }
    let vault = phone.open().unwrap();
    assert!(!phone.path(&orphan).exists());
    for name in &others {
        assert!(phone.path(name).exists(), "{name}");
    }
    assert_eq!(read(&vault, &hash).unwrap().unwrap(), b"mine");
}

#[test]
fn a_source_that_breaks_leaves_nothing() {
    struct Breaks(u32);
    impl Read for Breaks {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 > 5 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(to.len())
        }
    }
    let phone = Phone::new();
    let vault = phone.create();
    let mut writer = vault.write_blob().unwrap();
    assert_eq!(writer.copy_from(&mut Breaks(0)), Err(VaultError::DiskFull));
    drop(writer);
    assert!(blob_files(&phone).is_empty());
}

#[test]
fn many_put_read_and_evict_at_once() {
    let phone = Phone::new();
    let vault = phone.create();
    vault.set_blob_budget(250_000).unwrap();
    let blob = |n: u8| vec![n; 70_000 + usize::from(n)];
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let vault = &vault;
            scope.spawn(move || {
                for round in 0..12_u8 {
                    let n = (thread + round) % 6;
                    match keep(vault, BlobOrigin::Clinic, &n.to_string(), &blob(n)) {
                        Ok(hash) => {
                            if let Some(bytes) = read(vault, &hash).unwrap() {
                                assert_eq!(bytes, blob(n));
                            }
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    let usage = vault.blob_usage().unwrap();
    assert!(usage.used <= usage.budget, "{usage:?}");
    let on_disk: usize = phone
        .files()
        .iter()
        .filter(|(name, _)| name.contains("blob"))
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert_eq!(on_disk as u64, usage.used);
}
