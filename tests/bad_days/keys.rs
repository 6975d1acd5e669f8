//! Keys that do not come, and keys that are wrong.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sokhoe_app::domain::ports::{
    EcdsaSignature, KeyStore, KeyStoreError, SigningPublicKey, Zeroizing,
};
use sokhoe_app::{AppError, BookingStatus, KeyStoreRefusal, RecoveryCodeRefusal, SoKhoe};
use sokhoe_testing::MemoryKeys;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

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
    let stolen = Arc::new(MemoryKeys::default());
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
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.app.bookings(&person).unwrap();
    let TestPhone {
        app, keys, folder, ..
    } = phone;
    drop(app);
    let book = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("person-") && name.ends_with(".db")
        })
        .expect("a person's book");
    let right = std::fs::read(&book).unwrap();
    std::fs::copy(folder.path().join("account.db"), &book).unwrap();
    let open = || {
        SoKhoe::open(
            sokhoe_tests::config(),
            sokhoe_tests::real_ports(folder.path(), keys.clone()),
        )
        .unwrap()
    };
    assert_eq!(open().bookings(&person).unwrap_err(), AppError::DamagedBook);
    std::fs::write(&book, right).unwrap();
    open().bookings(&person).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_app_asks_once_and_goes_on_and_what_follows_it_hears_on() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (sender, heard) = channel();
    let observer = Arc::new(Heard(Mutex::new(sender)));
    let _following = phone.app.observe(&person, observer).unwrap();
    heard.recv().unwrap();
    phone.app.lock();
    phone.keys.refuse(KeyStoreError::UserCancelled);
    assert_eq!(
        phone.app.persons().unwrap_err(),
        AppError::KeyStore {
            reason: KeyStoreRefusal::UserCancelled
        }
    );
    phone.keys.refuse(None);
    let asked = phone.keys.unwraps();
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.book(&person, slot).await.unwrap();
    assert_eq!(phone.keys.unwraps(), asked + 1);
    while heard.recv().unwrap() == 0 {}
}

/// A key store that takes its time over the counter of one book.
struct SlowKeys {
    keys: Arc<MemoryKeys>,
    /// Told when it is asked; goes on when it is told.
    gate: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

impl KeyStore for SlowKeys {
    fn wrap(&self, alias: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        self.keys.wrap(alias, secret)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        self.keys.unwrap(alias, wrapped)
    }

    fn signing_key(&self, alias: &str) -> Result<SigningPublicKey, KeyStoreError> {
        self.keys.signing_key(alias)
    }

    fn sign(&self, alias: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        self.keys.sign(alias, message)
    }

    fn delete(&self, alias: &str) -> Result<(), KeyStoreError> {
        self.keys.delete(alias)
    }

    fn counter(&self, alias: &str) -> Result<u64, KeyStoreError> {
        let gate = self
            .gate
            .lock()
            .unwrap()
            .take_if(|_| alias.starts_with("person-"));
        if let Some((asked, go_on)) = gate {
            asked.send(()).unwrap();
            go_on.recv().unwrap();
        }
        self.keys.counter(alias)
    }

    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), KeyStoreError> {
        self.keys.raise_counter(alias, to)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_store_that_is_slow_for_one_book_holds_up_nobody_else() {
    let clinic = TestClinic::start().await;
    let (phone, slow) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let other = phone.enrol(&clinic, NEIGHBOUR).await.persons[0].id.clone();
    for person in [&slow, &other] {
        phone.app.bookings(person).unwrap();
    }
    let TestPhone {
        app, keys, folder, ..
    } = phone;
    drop(app);
    let ((asked, is_asked), (go_on, may_go_on)) = (channel(), channel());
    let keys = Arc::new(SlowKeys {
        keys,
        gate: Mutex::new(Some((asked, may_go_on))),
    });
    let ports = sokhoe_tests::real_ports(folder.path(), keys);
    let app = SoKhoe::open(sokhoe_tests::config(), ports).unwrap();
    let in_time = |work: Box<dyn FnOnce() + Send>| {
        let (done, is_done) = channel();
        std::thread::spawn(move || {
            work();
            done.send(()).unwrap();
        });
        is_done
            .recv_timeout(Duration::from_secs(20))
            .expect("nobody waits for the slow one");
    };
    let opening = {
        let (app, slow) = (app.clone(), slow.clone());
        std::thread::spawn(move || app.bookings(&slow))
    };
    is_asked.recv().unwrap();
    {
        let (app, other) = (app.clone(), other);
        in_time(Box::new(move || {
            assert!(app.bookings(&other).unwrap().is_empty());
            assert_eq!(app.persons().unwrap().len(), 2);
            app.lock();
            assert!(app.bookings(&other).unwrap().is_empty());
        }));
    }
    go_on.send(()).unwrap();
    // The key it was given before the locking is not used after it.
    assert_eq!(
        opening.join().unwrap().unwrap_err(),
        AppError::KeyStore {
            reason: KeyStoreRefusal::Locked
        }
    );
    assert!(app.bookings(&slow).unwrap().is_empty());
}

struct Heard(Mutex<Sender<usize>>);

impl sokhoe_app::BookObserver for Heard {
    fn on_change(&self, book: sokhoe_app::BookView) {
        let _ended = self.0.lock().unwrap().send(book.bookings.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_opens_the_books_when_the_key_is_lost() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.app.bookings(&person).unwrap();
    assert!(!phone.app.has_recovery_code().unwrap());
    let code = phone.app.make_recovery_code().unwrap();
    assert!(phone.app.has_recovery_code().unwrap());
    let TestPhone { app, folder, .. } = phone;
    drop(app);
    let keys = Arc::new(MemoryKeys::default());
    let ports = || sokhoe_tests::real_ports(folder.path(), keys.clone());
    let recover = |code: &str| SoKhoe::recover(sokhoe_tests::config(), ports(), code);
    assert!(matches!(
        SoKhoe::open(sokhoe_tests::config(), ports()),
        Err(AppError::KeyStore {
            reason: KeyStoreRefusal::Missing
        })
    ));
    assert_eq!(
        recover("AAAA").unwrap_err(),
        AppError::RecoveryCode {
            reason: RecoveryCodeRefusal::Mistyped
        }
    );
    let app = recover(&code.to_lowercase()).unwrap();
    app.bookings(&person).unwrap();
    drop(app);
    let app = SoKhoe::open(sokhoe_tests::config(), ports()).unwrap();
    app.erase_person(&person).unwrap();
    assert!(app.persons().unwrap().is_empty());
    assert!(
        files(folder.path())
            .iter()
            .all(|(name, _)| !name.starts_with("person-"))
    );
    app.erase_everything().unwrap();
    assert!(
        files(folder.path())
            .iter()
            .all(|(name, _)| name.starts_with('.'))
    );
    assert!(keys.aliases().is_empty());
    // As new.
    assert!(app.persons().unwrap().is_empty());
}

#[test]
fn a_known_clinic_is_not_taken_over_by_an_enrolment_with_another_key() {
    use sokhoe_vault::{AccountVault, ClinicRecord, FolderFiles, VaultError, VaultPorts};
    let folder = tempfile::TempDir::new().unwrap();
    let ports = VaultPorts::new(
        Arc::new(FolderFiles::open(folder.path()).unwrap()),
        Arc::new(MemoryKeys::default()),
        Arc::new(sokhoe_testing::SeededRng::new(3)),
    );
    let account = AccountVault::open_or_create(&ports).unwrap();
    let hospital = ClinicRecord {
        id: sokhoe_app::domain::ClinicId::from("hospital"),
        name: "Hospital".to_owned(),
        base_url: "https://hospital.example".to_owned(),
        public_key: [1; 32],
        token: "token".to_owned().into(),
        enrolled: sokhoe_app::domain::Timestamp::from_millis(0),
        wire: sokhoe_domain::Wire::Clinic,
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
