//! How a book stands with its clinics, what comes first, and what goes when access ends.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use sokhoe_app::domain::Section;
use sokhoe_app::{
    AppError, BookObserver, BookView, BrowseRequest, EntryView, Measure, RecordReadingRequest,
    SyncState,
};
use sokhoe_tests::{BOOK_PATIENT, EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

fn shown(phone: &TestPhone, person: &str, section: Option<Section>) -> Vec<EntryView> {
    let request = BrowseRequest {
        person_id: person.to_owned(),
        section,
        text: String::new(),
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: 200,
    };
    phone.app.browse(request).unwrap().rows
}

pub fn rows(phone: &TestPhone, person: &str, section: Option<Section>) -> usize {
    shown(phone, person, section).len()
}

/// Keeps what a screen would show.
#[derive(Default)]
struct Screen(Mutex<Vec<(SyncState, u64, Option<u64>)>>);

impl BookObserver for Screen {
    fn on_change(&self, book: BookView) {
        let mut seen = self.0.lock().unwrap();
        for clinic in book.clinics {
            seen.push((clinic.state, clinic.arrived, clinic.expected));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_is_seen_to_progress_until_everything_is_here() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    let before = phone.app.sync_state(&person).unwrap();
    assert_eq!(before[0].state, SyncState::Never);
    assert_eq!(before[0].last_success, None);
    let screen = Arc::new(Screen::default());
    let watching = phone
        .app
        .observe(&person, Arc::clone(&screen) as Arc<dyn BookObserver>)
        .unwrap();
    let synced = phone.app.sync(&person).await.unwrap();
    let state = &phone.app.sync_state(&person).unwrap()[0];
    assert_eq!(state.state, SyncState::UpToDate);
    assert!(state.last_success.is_some());
    assert!(state.text.contains("Last updated: Today"), "{}", state.text);
    let expected = state.expected.expect("a book of several pages is counted");
    assert!(
        state.arrived >= expected && synced.stored >= expected,
        "{state:?}"
    );
    for _ in 0..200 {
        let last = screen.0.lock().unwrap().last().copied();
        if last.is_some_and(|(state, _, _)| state == SyncState::UpToDate) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    drop(watching);
    let seen = screen.0.lock().unwrap();
    assert_eq!(seen.last().unwrap().0, SyncState::UpToDate);
    assert!(seen.windows(2).all(|two| two[0].1 <= two[1].1), "{seen:?}");
    assert!(
        seen.iter().any(|(state, arrived, _)| {
            *state == SyncState::Arriving && *arrived > 0 && *arrived < expected
        }),
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clinic_that_cannot_be_reached_is_said_and_what_is_here_stays() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    let success = phone.app.sync_state(&person).unwrap()[0].last_success;
    let there = rows(&phone, &person, None);
    phone.network.cut(sokhoe_testing::Cut::NoNetwork);
    assert_eq!(
        phone.app.sync(&person).await.unwrap_err(),
        AppError::Offline
    );
    let state = &phone.app.sync_state(&person).unwrap()[0];
    assert_eq!(state.state, SyncState::NotReached);
    assert_eq!(state.last_success, success);
    assert_eq!(rows(&phone, &person, None), there);
    let slot = {
        phone.network.cut(sokhoe_testing::Cut::Whole);
        phone.free_times(&person, 1).await.remove(0)
    };
    phone.network.cut(sokhoe_testing::Cut::NoNetwork);
    phone.book(&person, slot).await.unwrap();
    let state = &phone.app.sync_state(&person).unwrap()[0];
    assert_eq!((state.state, state.waiting), (SyncState::Waiting, 1));
    assert!(state.text.starts_with("1 waiting"), "{}", state.text);
    // What the person wrote waits like what they decided.
    let pulse = RecordReadingRequest {
        person_id: person.clone(),
        clinic_id: None,
        measure: Measure::Pulse,
        values: vec![72.0],
        at: None,
    };
    phone.app.record_reading(pulse).await.unwrap();
    let state = &phone.app.sync_state(&person).unwrap()[0];
    assert_eq!((state.state, state.waiting), (SyncState::Waiting, 2));
    phone.network.cut(sokhoe_testing::Cut::Whole);
    phone.app.network_is_back();
    phone.app.sync(&person).await.unwrap();
    let state = &phone.app.sync_state(&person).unwrap()[0];
    assert_eq!((state.state, state.waiting), (SyncState::UpToDate, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_for_first_comes_first() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    // The feed itself does not answer: what came ahead is all there is.
    phone.network.refuse(Some("$changes"));
    assert_eq!(
        phone.app.sync(&person).await.unwrap_err(),
        AppError::Offline
    );
    let first = first_screen(&phone, &person);
    phone.network.refuse(None);
    phone.app.sync(&person).await.unwrap();
    let whole = first_screen(&phone, &person);
    assert!(whole.medicines.len() > 20 && whole.medicines.is_subset(&first.medicines));
    assert_eq!(first.results, whole.results);
    let twice = rows(&phone, &person, None);
    let (other, same) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    other.app.sync(&same).await.unwrap();
    assert_eq!(twice, rows(&other, &same, None));
}

struct FirstScreen {
    /// In use: what, and since when.
    medicines: BTreeSet<(String, String)>,
    /// When each of the ten newest was: which of one day come first is nobody's matter.
    results: Vec<String>,
}

fn first_screen(phone: &TestPhone, person: &str) -> FirstScreen {
    let mut medicines = shown(phone, person, Some(Section::Medicines));
    medicines.retain(|row| row.status == "active");
    let medicines = medicines.into_iter().map(|row| (row.title, row.when_text));
    let results = shown(phone, person, Some(Section::Results));
    FirstScreen {
        medicines: medicines.collect(),
        results: results
            .into_iter()
            .take(10)
            .map(|row| row.when_text)
            .collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_enrolment_takes_nobody_away() {
    let clinic = TestClinic::start().await;
    let (phone, first) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.app.sync(&first).await.unwrap();
    let second = phone.enrol(&clinic, NEIGHBOUR).await.persons[0].id.clone();
    phone.app.sync(&second).await.unwrap();
    phone.app.sync(&first).await.unwrap();
    // Whoever knows the device's id alone is given nothing of it.
    let stranger = TestPhone::new();
    let view = stranger.enrol(&clinic, NEIGHBOUR).await;
    assert_eq!(view.persons.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_access_ends_what_the_clinic_gave_is_erased() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    let neighbour = phone.enrol(&clinic, NEIGHBOUR).await.persons[0].id.clone();
    phone.app.sync(&person).await.unwrap();
    phone.app.sync(&neighbour).await.unwrap();
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.book(&person, slot).await.unwrap();
    assert!(rows(&phone, &person, None) > 0);
    assert_eq!(clinic.clinic.end_access(BOOK_PATIENT, None).unwrap(), 2);
    phone.app.sync(&person).await.unwrap();
    assert_eq!(rows(&phone, &person, None), 0);
    assert!(phone.app.bookings(&person).unwrap().is_empty());
    assert!(phone.app.sync_state(&person).unwrap().is_empty());
    let events = phone.app.events(&person).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, "access-ended");
    // The neighbour's book is another.
    phone.app.sync(&neighbour).await.unwrap();
    let phone = phone.restarted();
    assert_eq!(rows(&phone, &person, None), 0, "after a restart");
    assert_eq!(phone.app.events(&person).unwrap().len(), 1);
    // Somebody who never had access cannot tell it from nobody.
    let (stranger, other) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    stranger.app.sync(&other).await.unwrap();
    // A new code brings everything again.
    phone.enrol(&clinic, BOOK_PATIENT).await;
    let again = phone.app.persons().unwrap();
    let again = again
        .iter()
        .find(|p| !p.clinic_ids.is_empty() && p.id != neighbour)
        .unwrap();
    phone.app.sync(&again.id).await.unwrap();
    assert!(rows(&phone, &again.id, None) > 0);
}
