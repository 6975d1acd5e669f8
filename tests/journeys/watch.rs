//! What a screen sees while it is open.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sokhoe_app::{BookObserver, BookView, BookingStatus};
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
