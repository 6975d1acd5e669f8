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
    std::fs::write(&key_file, keys.wrap(&alias, &[7; 32]).unwrap()).unwrap();
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
