//! Keys that do not come, and keys that are wrong.

use sokhoe_app::domain::ports::KeyStoreError;
use sokhoe_app::{AppError, BookingStatus, KeyStoreRefusal, SoKhoe};
use sokhoe_testing::MemoryKeys;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

fn files(folder: &std::path::Path) -> Vec<(String, u64)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                entry.metadata().unwrap().len(),
            )
        })
        .filter(|(name, _)| !name.ends_with("-shm"))
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_a_key_store_deletes_anything() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    let booking = phone.book(&person, slot).await.unwrap();
    let TestPhone {
        app, keys, folder, ..
    } = phone;
    drop(app);
    let before = files(folder.path());
    for (refusal, expected) in [
        (KeyStoreError::Locked, KeyStoreRefusal::Locked),
        (KeyStoreError::UserCancelled, KeyStoreRefusal::UserCancelled),
        (KeyStoreError::Transient, KeyStoreRefusal::Transient),
        (KeyStoreError::Invalidated, KeyStoreRefusal::Invalidated),
        (KeyStoreError::Missing, KeyStoreRefusal::Missing),
    ] {
        keys.refuse(refusal);
        let error = SoKhoe::open(
            sokhoe_tests::config(),
            sokhoe_tests::real_ports(folder.path(), keys.clone()),
        )
        .unwrap_err();
        assert_eq!(error, AppError::KeyStore { reason: expected });
        assert_eq!(files(folder.path()), before, "{refusal:?} touched a file");
    }
    keys.refuse(None);
    let app = SoKhoe::open(
        sokhoe_tests::config(),
        sokhoe_tests::real_ports(folder.path(), keys),
    )
    .unwrap();
    assert_eq!(
        app.booking(&person, &booking.id).unwrap().status,
        BookingStatus::Confirmed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_phones_key_store_does_not_open_the_book_and_does_not_harm_it() {
    let clinic = TestClinic::start().await;
    let (phone, _) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let TestPhone {
        app, keys, folder, ..
    } = phone;
    drop(app);
    let before = files(folder.path());
    let stolen = std::sync::Arc::new(MemoryKeys::default());
    let error = SoKhoe::open(
        sokhoe_tests::config(),
        sokhoe_tests::real_ports(folder.path(), stolen),
    )
    .unwrap_err();
    assert!(
        matches!(
            error,
            AppError::KeyStore {
                reason: KeyStoreRefusal::Missing
            }
        ),
        "{error:?}"
    );
    assert_eq!(files(folder.path()), before);
    SoKhoe::open(
        sokhoe_tests::config(),
        sokhoe_tests::real_ports(folder.path(), keys),
    )
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_vaults_key_is_a_wrong_key() {
    use sokhoe_app::domain::ports::KeyStore;
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.app.bookings(&person).unwrap();
    let TestPhone {
        app, keys, folder, ..
    } = phone;
    drop(app);
    let key_file = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("person-")
                && path.extension().is_some_and(|e| e == "key")
        })
        .expect("a person's key file");
    let alias = key_file.file_stem().unwrap().to_str().unwrap().to_owned();
    let right = std::fs::read(&key_file).unwrap();
    // The same form of file, another key in it.
    let wrong = [&right[..1], &keys.wrap(&alias, &[7; 48]).unwrap()].concat();
    std::fs::write(&key_file, wrong).unwrap();
    let app = SoKhoe::open(
        sokhoe_tests::config(),
        sokhoe_tests::real_ports(folder.path(), keys.clone()),
    )
    .unwrap();
    assert_eq!(app.bookings(&person).unwrap_err(), AppError::DamagedBook);
    drop(app);
    std::fs::write(&key_file, right).unwrap();
    let app = SoKhoe::open(
        sokhoe_tests::config(),
        sokhoe_tests::real_ports(folder.path(), keys),
    )
    .unwrap();
    app.bookings(&person).unwrap();
}

#[test]
fn a_known_clinic_is_not_taken_over_by_an_enrolment_with_another_key() {
    use sokhoe_vault::{AccountVault, ClinicRecord, FolderFiles, VaultError, VaultPorts};
    let folder = tempfile::TempDir::new().unwrap();
    let ports = VaultPorts {
        files: std::sync::Arc::new(FolderFiles::open(folder.path()).unwrap()),
        keys: std::sync::Arc::new(MemoryKeys::default()),
        rng: std::sync::Arc::new(sokhoe_testing::SeededRng::new(3)),
    };
    let account = AccountVault::open_or_create(&ports).unwrap();
    let hospital = ClinicRecord {
        id: sokhoe_app::domain::ClinicId::from("hospital"),
        name: "Hospital".to_owned(),
        base_url: "https://hospital.example".to_owned(),
        public_key: [1; 32],
        token: "token".to_owned().into(),
        enrolled: sokhoe_app::domain::Timestamp::from_millis(0),
    };
    account.add_enrolment(&hospital, &[]).unwrap();
    let sticker = ClinicRecord {
        base_url: "https://evil.example".to_owned(),
        public_key: [2; 32],
        ..hospital.clone()
    };
    let refused = account.add_enrolment(&sticker, &[]).unwrap_err();
    assert!(matches!(refused, VaultError::OtherClinicKey), "{refused:?}");
    assert_eq!(account.clinics().unwrap(), [hospital]);
}
