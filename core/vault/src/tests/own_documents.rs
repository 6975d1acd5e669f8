//! What the person puts in is shown, found, and never lost.

use sokhoe_domain::ports::KeyStore as _;
use sokhoe_domain::{ClinicId, IntentId, ResourceKey, Section, Timestamp, Wire};
use sokhoe_testing::SeededRng;

use super::outbox::{book, id};
use super::{Phone, all, apply, at, clinic, fill, put, row, search, titles, with_test_index};
use crate::pause::PauseSwitch;
use crate::store::Durability;
use crate::{
    BlobOrigin, BlobState, ClinicRecord, EntryQuery, ExpectedContent, NewDocument, OpenedBlob,
    Rebuilt, Vault, VaultError,
};

fn document_id(n: u64) -> IntentId {
    IntentId::new(
        Timestamp::from_millis(1_000_000 + i64::try_from(n).unwrap()),
        &SeededRng::new(n),
    )
}

fn key(n: u64) -> ResourceKey {
    ResourceKey::new("DocumentReference", document_id(n).to_string())
}

fn place(n: u64) -> String {
    format!("Binary/{}", document_id(n))
}

fn photo(n: u64) -> Vec<u8> {
    n.to_le_bytes().repeat(9_000)
}

fn add_bytes(vault: &Vault, n: u64, bytes: &[u8]) -> Result<i64, VaultError> {
    let mut blob = vault.write_blob()?;
    blob.write(bytes)?;
    vault.add_document(NewDocument {
        id: document_id(n),
        title: format!("Đơn thuốc số {n}"),
        content_type: "image/jpeg".to_owned(),
        created: at(i64::try_from(n).unwrap() * 1_000),
        received: at(77),
        patient: "Lò Thị Hương".to_owned(),
        blob,
    })
}

fn add(vault: &Vault, n: u64) -> i64 {
    add_bytes(vault, n, &photo(n)).unwrap()
}

fn read(vault: &Vault, n: u64) -> Result<Option<Vec<u8>>, VaultError> {
    let Some(blob) = vault.blob(&ClinicId::own(), &key(n), &place(n))? else {
        return Ok(None);
    };
    match vault.open_blob(&blob.hash)? {
        OpenedBlob::AtClinic => Ok(None),
        OpenedBlob::Here(reader) => {
            let mut bytes = Vec::new();
            reader.copy_to(&mut bytes)?;
            Ok(Some(bytes))
        }
    }
}

fn state(vault: &Vault, n: u64) -> Option<BlobState> {
    let blob = vault.blob(&ClinicId::own(), &key(n), &place(n)).unwrap();
    blob.map(|blob| blob.state)
}

fn documents(vault: &Vault) -> Vec<String> {
    let query = EntryQuery {
        clinic: Some(ClinicId::own()),
        section: Some(Section::Documents),
        ..all()
    };
    let page = vault.entries(&query).unwrap();
    titles(&page).into_iter().map(str::to_owned).collect()
}

fn blob_files(phone: &Phone) -> Vec<String> {
    let entries = std::fs::read_dir(phone.folder.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.contains("blob")).collect();
    names.sort();
    names
}

fn rebuild(phone: &Phone) -> (Vault, Rebuilt) {
    let rebuilt = Vault::rebuild(&phone.ports, "me", at(77), &PauseSwitch::default());
    let (vault, rebuilt) = rebuilt.unwrap();
    (with_test_index(vault), rebuilt)
}

fn destroy_database(phone: &Phone) {
    let mut file = std::fs::read(phone.path("me.db")).unwrap();
    file[4_096..].fill(7);
    std::fs::write(phone.path("me.db"), file).unwrap();
}

/// The one file of a document that is alone.
fn damage(phone: &Phone, file: &str, how: &str) {
    let path = phone.path(file);
    let mut bytes = std::fs::read(&path).unwrap();
    match how {
        "gone" => std::fs::remove_file(&path).unwrap(),
        "cut" => std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap(),
        _ => {
            bytes[50_000] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

#[test]
fn a_document_is_a_row_like_any_other() {
    let phone = Phone::new();
    let vault = phone.create();
    fill(&vault, &["Giấy ra viện"]);
    let entry = add(&vault, 1);
    add(&vault, 2);
    let (row, resource) = vault.entry(entry).unwrap().unwrap();
    assert_eq!(
        (row.title.as_str(), row.section),
        ("Đơn thuốc số 1", Section::Documents)
    );
    assert_eq!((row.when, row.clinic.is_own()), (Some(at(1_000)), true));
    assert_eq!((resource.key, resource.received), (key(1), at(77)));
    assert_eq!(
        search(&vault, "thuoc don"),
        ["Đơn thuốc số 2", "Đơn thuốc số 1"]
    );
    assert_eq!(
        vault.counts().unwrap().iter().map(|(_, n)| n).sum::<u64>(),
        3
    );
    assert_eq!(read(&vault, 1).unwrap().unwrap(), photo(1));
    let stored = vault.own_documents().unwrap();
    assert_eq!(
        stored.iter().map(|d| d.id).collect::<Vec<_>>(),
        [document_id(1), document_id(2)]
    );
    assert!(stored.iter().all(|document| document.has_bytes()));
    let mut seen = 0;
    vault
        .for_each_resource(&mut |resource| {
            seen += u32::from(resource.clinic.is_own());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 2);
    // The same id again changes nothing and leaves no file.
    let files = blob_files(&phone);
    assert_eq!(add_bytes(&vault, 1, b"another"), Ok(entry));
    assert_eq!(blob_files(&phone), files);
    assert_eq!(read(&vault, 1).unwrap().unwrap(), photo(1));
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(documents(&vault), ["Đơn thuốc số 2", "Đơn thuốc số 1"]);
    assert_eq!(vault.remove_document(document_id(1)), Ok(true));
    assert_eq!(vault.remove_document(document_id(1)), Ok(false));
    assert_eq!(documents(&vault), ["Đơn thuốc số 2"]);
    assert_eq!((state(&vault, 1), blob_files(&phone).len()), (None, 1));
    assert_eq!(vault.remove_document(document_id(2)), Ok(true));
    assert!(!phone.path("me.journal").exists(), "nothing waits");
    assert!(blob_files(&phone).is_empty());
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(vault.entries(&all()).unwrap().rows.len(), 1);
    vault.check().unwrap();
}

#[test]
fn what_does_not_fit_leaves_nothing() {
    let phone = Phone::new();
    let vault = phone.create();
    vault.set_blob_budget(80_000).unwrap();
    add(&vault, 1);
    let before = blob_files(&phone);
    let refused = add_bytes(&vault, 2, &photo(2));
    let (needed, room) = (72_032, 7_968);
    assert_eq!(refused, Err(VaultError::BlobsFull { needed, room }));
    assert_eq!((documents(&vault).len(), blob_files(&phone)), (1, before));
    assert_eq!(vault.journal().read().unwrap().documents.len(), 1);
}

#[test]
fn no_clinic_is_the_person() {
    let phone = Phone::new();
    let vault = phone.create();
    let page = crate::Page {
        clinic: &ClinicId::own(),
        changes: &[],
        cursor: "c",
        received: at(1),
        bookings: &[],
        events: &[],
    };
    assert_eq!(vault.apply(&page), Err(VaultError::ReservedClinic));
    let account = crate::AccountVault::open_or_create(&phone.ports).unwrap();
    let record = ClinicRecord {
        id: ClinicId::own(),
        name: "Kẻ mạo danh".to_owned(),
        base_url: "https://x.example".to_owned(),
        public_key: [1; 32],
        token: "t".to_owned().into(),
        enrolled: at(1),
        wire: Wire::Clinic,
    };
    assert_eq!(
        account.add_enrolment(&record, &[]),
        Err(VaultError::ReservedClinic)
    );
    let moved = crate::Account {
        clinics: vec![record],
        ..account.whole().unwrap()
    };
    assert_eq!(
        account.become_account(&moved),
        Err(VaultError::ReservedClinic)
    );
    assert!(account.clinics().unwrap().is_empty());
}

#[test]
fn a_damaged_database_gives_back_every_document_with_its_bytes() {
    let phone = Phone::new();
    let vault = phone.create();
    let texts: Vec<String> = (0..300).map(|n| format!("chung số {n}")).collect();
    fill(
        &vault,
        &texts.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    book(&vault, 1);
    for n in 1..=5 {
        add(&vault, n);
    }
    add_bytes(&vault, 6, &photo(5)).unwrap();
    vault.remove_document(document_id(3)).unwrap();
    // A clinic's, whose key is lost with the database.
    let mut blob = vault.write_blob().unwrap();
    blob.write(b"of a clinic").unwrap();
    blob.finish(
        BlobOrigin::Clinic,
        &clinic("a"),
        &ResourceKey::new("Observation", "r0"),
        "url",
        ExpectedContent::default(),
    )
    .unwrap();
    drop(vault);
    let original = phone.files();
    let random = SeededRng::new(11);
    for round in 0..40 {
        for (name, bytes) in &original {
            std::fs::write(phone.path(name), bytes).unwrap();
        }
        let mut file = std::fs::read(phone.path("me.db")).unwrap();
        let below = |bound: usize| usize::try_from(random.next() % (bound as u64)).unwrap();
        match round % 4 {
            0 => file.truncate(16 + below(file.len() - 16)),
            1 => file[16..].iter_mut().for_each(|byte| *byte ^= 0x55),
            _ => {
                for _ in 0..round % 4 {
                    let at = 16 + below(file.len() - 16);
                    file[at] ^= 1;
                }
            }
        }
        std::fs::write(phone.path("me.db"), &file).unwrap();
        let (vault, rebuilt) = rebuild(&phone);
        assert_eq!((rebuilt.documents, rebuilt.documents_without_bytes), (5, 0));
        for opening in ["first", "second"] {
            let vault = match opening {
                "first" => vault.clone(),
                _ => phone.open().unwrap(),
            };
            let expected = [6, 5, 4, 2, 1].map(|n| format!("Đơn thuốc số {n}"));
            assert_eq!(documents(&vault), expected, "round {round}, {opening}");
            for n in [1, 2, 4, 5, 6] {
                let bytes = photo(n.min(5));
                assert_eq!(read(&vault, n).unwrap().unwrap(), bytes, "round {round}");
            }
            assert_eq!(vault.blob_usage().unwrap().own, 4 * 72_032);
            vault.check().unwrap();
        }
        drop(vault);
        let vault = phone.open().unwrap();
        assert_eq!(vault.due(at(99)).unwrap()[0].id, id(1));
        // Everything goes on.
        apply(
            &vault,
            "a",
            &[put("r0", 1, &row("r0", 1, "chung", 3))],
            "c1",
        );
        add(&vault, 7);
        assert_eq!(search(&vault, "thuoc").len(), 6);
        drop(vault);
        let copies = Vault::damaged_copies(&phone.ports, "me").unwrap();
        assert!(copies.files >= 2);
        let aside = blob_files(&phone);
        let aside = aside.iter().filter(|name| name.contains("damaged")).count();
        assert_eq!(aside, 1, "the blob of the clinic, with the key it lies by");
        Vault::remove_damaged_copies(&phone.ports, "me").unwrap();
        let names: Vec<String> = phone.files().into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names.iter().filter(|name| !name.contains("blob")).count(),
            4,
            "{names:?}"
        );
        for name in names {
            std::fs::remove_file(phone.path(&name)).unwrap();
        }
    }
}

#[test]
fn a_document_whose_bytes_are_lost_stays_and_says_so() {
    for how in ["gone", "flipped", "cut"] {
        let phone = Phone::new();
        let vault = phone.create();
        add(&vault, 1);
        let first = blob_files(&phone);
        add(&vault, 2);
        drop(vault);
        damage(&phone, &first[0], how);
        destroy_database(&phone);
        let (vault, rebuilt) = rebuild(&phone);
        assert_eq!((rebuilt.documents, rebuilt.documents_without_bytes), (2, 1));
        assert_eq!(documents(&vault).len(), 2, "{how}");
        assert_eq!(state(&vault, 1), Some(BlobState::Lost), "{how}");
        assert_eq!(read(&vault, 2).unwrap().unwrap(), photo(2));
        assert_eq!(
            phone.path(&first[0]).exists(),
            how != "gone",
            "no error deletes a file"
        );
        let events = vault.events().unwrap();
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["book-rebuilt", "document-lost"]);
        assert_eq!(events[1].subject, document_id(1).to_string());
        drop(vault);
        let vault = phone.open().unwrap();
        assert_eq!(state(&vault, 1), Some(BlobState::Lost), "{how}");
        // Put in again, as another document with the same bytes, both have them.
        add_bytes(&vault, 3, &photo(1)).unwrap();
        assert_eq!(read(&vault, 1).unwrap().unwrap(), photo(1), "{how}");
        vault.remove_document(document_id(3)).unwrap();
        drop(vault);
        destroy_database(&phone);
        let (vault, rebuilt) = rebuild(&phone);
        assert_eq!((rebuilt.documents, rebuilt.documents_without_bytes), (2, 0));
        assert_eq!(read(&vault, 1).unwrap().unwrap(), photo(1), "{how}");
    }
}

#[test]
fn a_file_that_went_back_in_time_gets_its_documents_back() {
    let phone = Phone::new();
    let vault = phone.create();
    add(&vault, 1);
    drop(vault);
    let old = std::fs::read(phone.path("me.db")).unwrap();
    let vault = phone.open().unwrap();
    add(&vault, 2);
    vault.remove_document(document_id(1)).unwrap();
    add(&vault, 3);
    drop(vault);
    std::fs::write(phone.path("me.db"), old).unwrap();
    for _ in 0..2 {
        let vault = phone.open().unwrap();
        for n in [2, 3] {
            assert_eq!(read(&vault, n).unwrap().unwrap(), photo(n));
        }
        assert_eq!(search(&vault, "thuoc").len(), 3);
        // Removed since, and the copy knows it still: its bytes are gone, nobody lied about that.
        assert_eq!(read(&vault, 1), Err(VaultError::BlobDamaged));
        assert_eq!(state(&vault, 1), Some(BlobState::Lost));
        vault.check().unwrap();
    }
}

#[test]
fn a_journal_that_cannot_be_read_now_costs_no_bytes() {
    let phone = Phone::new();
    let vault = phone.create();
    drop(vault);
    let old = std::fs::read(phone.path("me.db")).unwrap();
    let vault = phone.open().unwrap();
    add(&vault, 1);
    drop(vault);
    // The database is the one of before, and for a while there is a folder in the journal's place.
    std::fs::write(phone.path("me.db"), old).unwrap();
    // Not noticed as an older copy: the key store does not count.
    phone.keys.delete("me").unwrap();
    let journal = phone.path("me.journal");
    let aside = phone.path("journal-aside");
    std::fs::rename(&journal, &aside).unwrap();
    std::fs::create_dir(&journal).unwrap();
    drop(phone.open().unwrap());
    std::fs::remove_dir(&journal).unwrap();
    std::fs::rename(&aside, &journal).unwrap();
    let vault = phone.open().unwrap();
    assert_eq!(read(&vault, 1).unwrap().unwrap(), photo(1));
}

#[test]
fn a_document_that_was_never_acknowledged_leaves_nothing() {
    let phone = Phone::new();
    let vault = phone.create();
    let trap = |sql: &str| {
        vault
            .store()
            .write(Durability::Full, |tx, _| Ok(tx.execute_batch(sql)?))
            .unwrap();
    };
    // Fails at the commit, when file and frame are on disk already.
    trap(
        r#"CREATE TABLE parent ("id" INTEGER PRIMARY KEY);
           CREATE TABLE child ("id" INTEGER REFERENCES parent ("id") DEFERRABLE INITIALLY DEFERRED);
           CREATE TRIGGER trap AFTER INSERT ON blob_source BEGIN INSERT INTO child VALUES (1); END;"#,
    );
    add_bytes(&vault, 1, &photo(1)).unwrap_err();
    assert!(documents(&vault).is_empty());
    assert!(!phone.path("me.journal").exists());
    trap("DROP TRIGGER trap;");
    // A crash between the frame and the commit: the file is there, and a record that nothing says was
    // kept.
    add(&vault, 2);
    let mut record = vault.journal().read().unwrap().documents.remove(0);
    record.id = document_id(3);
    record.blob.file = [3; 16];
    vault.journal().add_document(&record).unwrap();
    std::fs::write(phone.path(&format!("me.blob-{}", "03".repeat(16))), b"x").unwrap();
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(documents(&vault), ["Đơn thuốc số 2"]);
    assert_eq!(vault.journal().read().unwrap().documents.len(), 1);
    assert_eq!(blob_files(&phone).len(), 1, "swept");
}

#[test]
fn a_disk_that_takes_no_frame_keeps_nothing() {
    let phone = Phone::new();
    let vault = phone.create();
    std::fs::create_dir(phone.path("me.journal")).unwrap();
    let error = add_bytes(&vault, 1, &photo(1)).unwrap_err();
    assert!(matches!(error, VaultError::File { .. }), "{error:?}");
    assert!(documents(&vault).is_empty() && blob_files(&phone).is_empty());
    std::fs::remove_dir(phone.path("me.journal")).unwrap();
    add(&vault, 1);
    assert_eq!(documents(&vault).len(), 1);
}

#[test]
fn what_is_removed_or_with_a_clinic_does_not_come_back() {
    let phone = Phone::new();
    let vault = phone.create();
    for n in 1..=5 {
        add(&vault, n);
    }
    let (journal, aside) = (phone.path("me.journal"), phone.path("journal-aside"));
    let end = |first: u64, second: u64| {
        vault.remove_document(document_id(first)).unwrap();
        let blob = vault.blob(&ClinicId::own(), &key(second), &place(second));
        let hash = blob.unwrap().unwrap().hash;
        let theirs = ResourceKey::new("DocumentReference", second.to_string());
        vault
            .acknowledge_blob(&hash, &clinic("a"), &theirs, "Binary/9")
            .unwrap();
    };
    end(4, 5);
    assert_eq!(vault.journal().read().unwrap().documents.len(), 3);
    // Noting it in the journal fails: the database remembers.
    std::fs::rename(&journal, &aside).unwrap();
    std::fs::create_dir(&journal).unwrap();
    end(1, 2);
    std::fs::remove_dir(&journal).unwrap();
    std::fs::rename(&aside, &journal).unwrap();
    assert_eq!(vault.journal().read().unwrap().documents.len(), 3);
    drop(vault);
    let vault = phone.open().unwrap();
    assert_eq!(documents(&vault).len(), 3);
    assert_eq!(vault.journal().read().unwrap().documents.len(), 1);
    drop(vault);
    destroy_database(&phone);
    let (vault, rebuilt) = rebuild(&phone);
    assert_eq!(rebuilt.documents, 1);
    assert_eq!(read(&vault, 3).unwrap().unwrap(), photo(3));
}

#[test]
fn a_journal_that_went_away_is_written_again() {
    let phone = Phone::new();
    let vault = phone.create();
    add(&vault, 1);
    book(&vault, 2);
    drop(vault);
    for damage in [None, Some(b"x".as_slice())] {
        match damage {
            None => std::fs::remove_file(phone.path("me.journal")).unwrap(),
            Some(bytes) => std::fs::write(phone.path("me.journal"), bytes).unwrap(),
        }
        drop(phone.open().unwrap());
        destroy_database(&phone);
        let (vault, rebuilt) = rebuild(&phone);
        assert_eq!((rebuilt.documents, rebuilt.intents), (1, 1));
        assert_eq!(read(&vault, 1).unwrap().unwrap(), photo(1));
    }
}

#[test]
fn a_rebuilding_brings_back_what_is_not_noted_as_kept_only_with_its_bytes() {
    let phone = Phone::new();
    let vault = phone.create();
    add(&vault, 1);
    let mut contents = vault.journal().read().unwrap();
    contents.kept.clear();
    let mut refused = contents.documents[0].clone();
    refused.id = document_id(2);
    refused.blob.file = [2; 16];
    contents.documents.push(refused);
    vault.journal().rewrite(&contents).unwrap();
    drop(vault);
    destroy_database(&phone);
    let (vault, rebuilt) = rebuild(&phone);
    assert_eq!((rebuilt.documents, rebuilt.documents_without_bytes), (1, 0));
    assert_eq!(documents(&vault), ["Đơn thuốc số 1"]);
    assert_eq!(read(&vault, 1).unwrap().unwrap(), photo(1));
}

#[test]
fn what_still_reads_comes_along_when_the_journal_is_lost_too() {
    let phone = Phone::new();
    let vault = phone.create();
    for n in 1..=3 {
        add(&vault, n);
    }
    drop(vault);
    std::fs::remove_file(phone.path("me.journal")).unwrap();
    for _ in 0..2 {
        let (vault, rebuilt) = rebuild(&phone);
        assert_eq!((rebuilt.documents, rebuilt.documents_without_bytes), (3, 0));
        for n in 1..=3 {
            assert_eq!(read(&vault, n).unwrap().unwrap(), photo(n));
        }
        assert_eq!(vault.journal().read().unwrap().documents.len(), 3);
    }
}

#[test]
fn the_journal_is_sealed_anew_with_the_key() {
    let phone = Phone::new();
    let vault = phone.create();
    add(&vault, 1);
    drop(vault);
    let before = std::fs::read(phone.path("me.journal")).unwrap();
    Vault::rotate_key(&phone.ports, "me").unwrap();
    let after = std::fs::read(phone.path("me.journal")).unwrap();
    assert_ne!(before[..17], after[..17], "another file under another key");
    destroy_database(&phone);
    let (vault, rebuilt) = rebuild(&phone);
    assert_eq!(rebuilt.documents, 1);
    assert_eq!(read(&vault, 1).unwrap().unwrap(), photo(1));
}

#[test]
fn a_rebuilding_that_was_interrupted_takes_no_document_along() {
    let phone = Phone::new();
    let vault = phone.create();
    add(&vault, 1);
    drop(vault);
    let before = phone.files();
    let blob = blob_files(&phone).remove(0);
    destroy_database(&phone);
    drop(rebuild(&phone));
    let whole = std::fs::read(phone.path("me.db")).unwrap();
    let database = |name: &str, bytes: &[u8]| std::fs::write(phone.path(name), bytes).unwrap();
    for step in 0..3 {
        for (name, _) in phone.files() {
            std::fs::remove_file(phone.path(&name)).unwrap();
        }
        for (name, bytes) in &before {
            std::fs::write(phone.path(name), bytes).unwrap();
        }
        database("me.rebuilt.blobs", blob.as_bytes());
        match step {
            // The damaged file is whole in its place, and the list is of no use yet.
            0 => database("me.db", b"damaged"),
            1 => {
                database("me.db", b"damaged");
                database("me.rebuilt.db", &whole);
            }
            _ => {
                std::fs::rename(phone.path("me.db"), phone.path("me.damaged-1.db")).unwrap();
                database("me.rebuilt.db", &whole);
            }
        }
        let vault = match step {
            0 => rebuild(&phone).0,
            _ => phone.open().unwrap(),
        };
        assert_eq!(read(&vault, 1).unwrap().unwrap(), photo(1), "step {step}");
        assert!(!phone.path("me.rebuilt.blobs").exists());
    }
}
