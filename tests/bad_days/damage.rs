//! A damaged book begins again by itself, and nothing that waits is lost.

use std::path::PathBuf;

use sokhoe_app::{AppError, BookCheck, BookingStatus, SoKhoe};
use sokhoe_testing::Cut;
use sokhoe_tests::{BOOK_PATIENT, EMPTY_PATIENT, TestClinic, TestPhone};

fn file(phone: &TestPhone, begins: &str, ends: &str) -> PathBuf {
    std::fs::read_dir(phone.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(begins) && name.ends_with(ends)
        })
        .expect("a file")
}

fn entries(phone: &TestPhone, person: &str) -> u64 {
    let sections = phone.app.sections(person).unwrap();
    sections.iter().map(|section| section.entries).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_book_comes_again_from_the_clinic_with_what_was_not_sent() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    let slots = phone.free_times(&person, 2).await;
    let sent = phone.book(&person, slots[0].clone()).await.unwrap();
    phone.network.cut(Cut::NoNetwork);
    let waiting = phone.book(&person, slots[1].clone()).await.unwrap();
    assert_eq!(waiting.status, BookingStatus::WaitingForNetwork);
    let whole = entries(&phone, &person);
    assert!(whole > 2_000);
    let phone = {
        let TestPhone {
            app,
            keys,
            network,
            folder,
            clock,
        } = phone;
        drop(app);
        let phone = TestPhone {
            app: TestPhone::new().app,
            keys,
            network,
            folder,
            clock,
        };
        let database = file(&phone, "person-", ".db");
        let mut bytes = std::fs::read(&database).unwrap();
        // Every page but the salt.
        bytes[16..].iter_mut().for_each(|byte| *byte ^= 0x5a);
        std::fs::write(&database, bytes).unwrap();
        phone.restarted()
    };
    // Still without a network: the book opens, with what the person wrote.
    let booking = phone.app.booking(&person, &waiting.id).unwrap();
    assert_eq!(booking.status, BookingStatus::Sending);
    let events = phone.app.events(&person).unwrap();
    assert_eq!(events.last().unwrap().kind, "book-rebuilt");
    assert!(events.last().unwrap().text.contains("damaged"));
    assert_eq!(entries(&phone, &person), 0);
    file(&phone, "person-", ".damaged-1.db");
    phone.network.cut(Cut::Whole);
    let view = phone.app.sync(&person).await.unwrap();
    assert_eq!(view.waiting, 0);
    for id in [&sent.id, &waiting.id] {
        let booking = phone.app.booking(&person, id).unwrap();
        assert_eq!(booking.status, BookingStatus::Confirmed);
    }
    assert!(entries(&phone, &person) >= whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_read_is_left_as_it_is() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let TestPhone {
        app, keys, folder, ..
    } = phone;
    drop(app);
    let open = || {
        let ports = sokhoe_tests::real_ports(folder.path(), keys.clone());
        SoKhoe::open(sokhoe_tests::config(), ports)
    };
    let path = folder.path().join("account.db");
    let good = std::fs::read(&path).unwrap();
    let (mut refused, mut opened) = (0, 0);
    for page in 0..good.len() / 4_096 {
        let mut damaged = good.clone();
        damaged[page * 4_096 + 300] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        match open().and_then(|app| app.persons()) {
            // A page of an index, or one that is not in use.
            Ok(persons) => {
                opened += 1;
                assert_eq!(persons.len(), 1);
                assert_eq!(persons[0].id, person);
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error, AppError::DamagedBook);
                assert_eq!(std::fs::read(&path).unwrap(), damaged, "nothing is touched");
            }
        }
    }
    assert!(refused > 2, "{refused} refused, {opened} opened");
    std::fs::write(&path, &good).unwrap();
    assert_eq!(open().unwrap().persons().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_asks_hears_whether_the_book_is_whole() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    assert_eq!(phone.app.check_book(&person), Ok(BookCheck::Whole));
    // Closed: everything is in the file.
    phone.app.lock();
    let path = file(&phone, "person-", ".db");
    let mut bytes = std::fs::read(&path).unwrap();
    // Among the resources, where no list looks.
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(phone.app.check_book(&person), Ok(BookCheck::Rebuilt));
    assert_eq!(phone.app.check_book(&person), Ok(BookCheck::Whole));
    let events = phone.app.events(&person).unwrap();
    assert!(events.iter().any(|event| event.kind == "book-rebuilt"));
    phone.app.sync(&person).await.unwrap();
    assert!(entries(&phone, &person) > 2_000);
}
