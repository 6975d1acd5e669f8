//! An app that is put to sleep in the middle of everything.

use std::time::Duration;

use sokhoe_app::domain::ports::KeyStoreError;
use sokhoe_app::{AppError, BookingStatus, KeyStoreRefusal};
use sokhoe_tests::{BOOK_PATIENT, EMPTY_PATIENT, TestClinic, TestPhone};

/// The books' files that this process has open.
fn open_files(phone: &TestPhone) -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|path| path.starts_with(phone.folder.path()))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_under_way_is_over_and_nothing_is_lost() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    let booking = phone.book(&person, slot).await.unwrap();
    let mut paused = 0;
    for _ in 0..20 {
        let (app, of) = (phone.app.clone(), person.clone());
        let sync = tokio::spawn(async move { app.sync(&of).await });
        tokio::time::sleep(Duration::from_millis(40)).await;
        phone.app.pause().unwrap();
        assert_eq!(open_files(&phone), 0);
        assert_eq!(phone.app.bookings(&person).unwrap_err(), AppError::Paused);
        match sync.await.unwrap() {
            Err(error) => {
                assert_eq!(error, AppError::Paused);
                paused += 1;
            }
            Ok(_) => break,
        }
        phone.app.resume();
    }
    assert!(paused > 0, "the first sync took no time at all");
    phone.app.resume();
    phone.app.sync(&person).await.unwrap();
    assert_eq!(
        phone.app.booking(&person, &booking.id).unwrap().status,
        BookingStatus::Confirmed
    );
    let sections = phone.app.sections(&person).unwrap();
    assert!(sections.iter().map(|section| section.entries).sum::<u64>() > 2_000);
}

/// A phone whose files cannot be reached while it is locked, as iOS protects them.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_phone_says_locked() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.app.bookings(&person).unwrap();
    phone.app.pause().unwrap();
    let away = phone.folder.path().join("away");
    std::fs::create_dir(&away).unwrap();
    let hide = |from: &std::path::Path, to: &std::path::Path| {
        for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
            if entry.file_type().unwrap().is_file() {
                std::fs::rename(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    };
    hide(phone.folder.path(), &away);
    phone.keys.refuse(KeyStoreError::Locked);
    phone.app.resume();
    assert_eq!(
        phone.app.bookings(&person).unwrap_err(),
        AppError::KeyStore {
            reason: KeyStoreRefusal::Locked
        }
    );
    hide(&away, phone.folder.path());
    phone.keys.refuse(None);
    assert!(phone.app.bookings(&person).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn locking_while_paused_and_pausing_while_locked_hold_nothing_and_lose_nothing() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    let booking = phone.book(&person, slot).await.unwrap();
    let orders: [[fn(&TestPhone); 2]; 2] = [
        [|phone| phone.app.pause().unwrap(), |phone| phone.app.lock()],
        [|phone| phone.app.lock(), |phone| phone.app.pause().unwrap()],
    ];
    for steps in orders {
        for step in steps {
            step(&phone);
            assert_eq!(open_files(&phone), 0);
        }
        assert_eq!(phone.app.bookings(&person).unwrap_err(), AppError::Paused);
        let asked = phone.keys.unwraps();
        phone.app.resume();
        assert_eq!(
            phone.keys.unwraps(),
            asked,
            "waking up asks for no finger: the first use does"
        );
        assert_eq!(
            phone.app.booking(&person, &booking.id).unwrap().status,
            BookingStatus::Confirmed
        );
        assert_eq!(phone.keys.unwraps(), asked + 1);
        phone.app.sync(&person).await.unwrap();
    }
}
