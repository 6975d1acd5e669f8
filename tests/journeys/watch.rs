//! What a screen sees while it is open.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sokhoe_app::{BookObserver, BookView, BookingStatus, SyncState};
use sokhoe_clinic::ImportOptions;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

#[derive(Default)]
struct Screen(Mutex<Vec<BookView>>);

impl BookObserver for Screen {
    fn on_change(&self, book: BookView) {
        self.0.lock().unwrap().push(book);
    }
}

impl Screen {
    async fn until(&self, what: impl Fn(&BookView) -> bool) {
        for _ in 0..500 {
            if self.0.lock().unwrap().iter().any(&what) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the screen never saw it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_has_the_current_value_at_once_then_changes_until_it_closes() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let screen = Arc::new(Screen::default());
    let subscription = phone
        .app
        .observe(&person, Arc::clone(&screen) as Arc<dyn BookObserver>)
        .unwrap();
    assert_eq!(screen.0.lock().unwrap().len(), 1, "at once");
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.book(&person, slot).await.unwrap();
    screen
        .until(|book| {
            book.bookings
                .iter()
                .any(|b| b.status == BookingStatus::Confirmed)
        })
        .await;
    drop(subscription);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let seen = screen.0.lock().unwrap().len();
    phone.app.sync(&person).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        screen.0.lock().unwrap().len(),
        seen,
        "a closed screen hears nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_clinic_changes_is_on_an_open_screen_at_once() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let screen = Arc::new(Screen::default());
    let _subscription = phone
        .app
        .observe(&person, Arc::clone(&screen) as Arc<dyn BookObserver>)
        .unwrap();
    let (app, whose) = (phone.app.clone(), person.clone());
    let following = tokio::spawn(async move { app.keep_in_step(&whose).await });
    screen
        .until(|book| {
            book.clinics
                .iter()
                .any(|clinic| clinic.state == SyncState::UpToDate)
        })
        .await;
    let rows = |book: &BookView| book.sections.iter().map(|s| s.entries).sum::<u64>();
    for n in 1..=3 {
        let json = format!(
            r#"{{"resourceType":"Observation","id":"live-{n}","status":"final","subject":{{"reference":"Patient/{EMPTY_PATIENT}"}},"code":{{"text":"Glucose"}},"effectiveDateTime":"2026-11-01T08:00:00+07:00","valueQuantity":{{"value":{n},"unit":"mg/dL"}}}}"#
        );
        let before = rows(screen.0.lock().unwrap().last().unwrap());
        clinic
            .clinic
            .import_reader("lab", &mut json.as_bytes(), &ImportOptions::default())
            .unwrap();
        screen.until(|book| rows(book) > before).await;
    }
    following.abort();
    assert!(following.await.unwrap_err().is_cancelled());
}
