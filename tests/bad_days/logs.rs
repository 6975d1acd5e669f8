//! No personal data where nobody looks for it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sokhoe_app::BrowseRequest;
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_logs_nor_files_nor_errors_hold_a_name_or_a_number() {
    let captured = Captured::default();
    let writer = captured.clone();
    let _first = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .try_init();
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.book(&person, slot).await.unwrap();
    phone.network.cut(sokhoe_testing::Cut::NoNetwork);
    let errors = format!(
        "{:?} {:?} {:?}",
        phone.app.sync(&person).await,
        phone.app.entry(&person, -5),
        phone.app
    );
    let name = phone.app.persons().unwrap()[0].name.clone();
    let given = name.rsplit(' ').next().unwrap();
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    for secret in [name.as_str(), "Lò Thị", BOOK_PATIENT.trim()] {
        assert!(!log.contains(secret), "a log line names a person");
        assert!(!errors.contains(secret), "an error names a person");
    }
    // Nothing that a screen shows of the book or of a booking is in a log.
    let mut shown: Vec<String> = phone
        .app
        .bookings(&person)
        .unwrap()
        .into_iter()
        .flat_map(|booking| [booking.service, booking.practitioner, booking.location])
        .collect();
    let page = phone.app.browse(BrowseRequest {
        person_id: person.clone(),
        text: String::new(),
        section: None,
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: 200,
    });
    for row in page.unwrap().rows {
        shown.extend([row.title, row.detail]);
    }
    shown.retain(|text| text.chars().count() >= 8);
    assert!(shown.len() > 50, "only {}", shown.len());
    for text in shown {
        assert!(
            !log.contains(&text),
            "a log line holds {text:?} of the book"
        );
        assert!(
            !errors.contains(&text),
            "an error holds {text:?} of the book"
        );
    }
    // On disk nothing stands in the clear.
    for entry in std::fs::read_dir(phone.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in [
            name.as_bytes(),
            given.as_bytes(),
            "Đường huyết".as_bytes(),
            b"duong huyet",
            b"resourceType",
            b"SQLite format 3",
        ] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret),
                "{} holds {:?} in the clear",
                path.display(),
                String::from_utf8_lossy(secret)
            );
        }
    }
}
