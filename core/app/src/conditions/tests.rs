//! Phones in all conditions, on simulated time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sokhoe_sync::HeldBack;
use tokio::time::Instant;

use super::*;
use crate::slow_clinic::{EACH, SimClock, SlowClinic};
use crate::test_phone::{TestPhone, all_of, booking, clinic, config, person, to_book};
use crate::{
    BookRequest, BookingStatus, BrowseRequest, ClinicSyncView, Language, SlotView, SyncState,
    SyncView,
};

const WHO: &str = "mai";
type Phone = TestPhone<SlowClinic, SimClock>;

/// A phone whose clinic has so many pages and takes so long over each.
fn phone(pages: u64, takes: u64) -> Phone {
    let phone = TestPhone::new(
        config(Language::En),
        1,
        SlowClinic::new(pages, takes),
        SimClock(Instant::now()),
    );
    phone.enrol(&clinic(), [person(WHO)])
}

impl Phone {
    fn is(&self, network: NetworkKind, battery_low: bool, foreground: bool) {
        self.app.set_conditions(SyncConditions {
            network,
            battery_low,
            foreground,
        });
    }

    async fn regular(&self, seconds: Option<u64>) -> SyncView {
        let window = seconds.map(Duration::from_secs);
        self.app.sync_by_schedule(WHO, window).await.unwrap()
    }

    fn state(&self) -> ClinicSyncView {
        self.app.sync_state(WHO).unwrap().remove(0)
    }

    /// Something decided while the clinic was not asked.
    fn decide(&self) -> String {
        let (book, now) = (self.app.inner.book(WHO).unwrap(), self.app.inner.now());
        let start = now.plus(Duration::from_secs(86_400));
        let booking = booking(now.as_millis().unsigned_abs(), start, now);
        let body = sokhoe_sync::BookIntent {
            slot_id: "s".to_owned(),
            patient_id: WHO.to_owned(),
            otherwise: None,
            trying: None,
            trip: None,
            occurrence: None,
        };
        let intent = to_book(&booking, &serde_json::to_string(&body).unwrap());
        book.vault.enqueue(&intent, &booking).unwrap();
        booking.id.to_string()
    }

    fn rows(&self) -> usize {
        let request = BrowseRequest {
            clinic_id: Some("a".to_owned()),
            ..all_of(WHO)
        };
        self.app.browse(request).unwrap().rows.len()
    }
}

const METERED: NetworkKind = NetworkKind::Metered;
const WIFI: NetworkKind = NetworkKind::Unmetered;

#[tokio::test(start_paused = true)]
async fn a_background_window_ends_in_time_and_the_next_one_goes_on() {
    let phone = phone(6, 10);
    phone.is(WIFI, false, false);
    let mut windows = 0;
    loop {
        windows += 1;
        assert!(windows < 10, "it never ends");
        let (begin, before) = (Instant::now(), phone.rows());
        let synced = phone.regular(Some(45)).await;
        let state = phone.state();
        if synced.finished {
            assert_eq!((synced.held_back, state.state), (None, SyncState::UpToDate));
            break;
        }
        assert_eq!(
            begin.elapsed(),
            Duration::from_secs(44),
            "it ends a second before"
        );
        assert_eq!(synced.held_back, Some(HeldBack::TimeUp));
        assert_eq!(state.state, SyncState::HeldBack, "{state:?}");
        assert!(state.last_success.is_none() && phone.rows() > before);
        assert_eq!((phone.rows() - 1) % EACH, 0, "a page is here or it is not");
        // Nothing runs on behind anybody's back.
        phone.clinic.asked();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(phone.clinic.asked().is_empty());
    }
    assert!(windows > 1);
    assert_eq!(phone.rows(), 6 * EACH + 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_goes_first_in_the_shortest_window() {
    let phone = phone(3, 10);
    phone.is(WIFI, false, false);
    let id = phone.decide();
    let synced = phone.regular(Some(12)).await;
    assert_eq!(phone.clinic.asked()[0], "$book");
    assert_eq!((synced.settled, synced.finished), (1, false));
    let booking = phone.app.booking(WHO, &id).unwrap();
    assert_eq!(booking.status, BookingStatus::Confirmed);
    // A window that ends while it is under way leaves it to be asked for under its id.
    let id = phone.decide();
    let synced = phone.regular(Some(6)).await;
    assert_eq!((synced.settled, synced.waiting), (0, 1));
    let booking = phone.app.booking(WHO, &id).unwrap();
    assert_eq!(booking.status, BookingStatus::Sending);
    let state = phone.state();
    assert_eq!((state.waiting, state.sending), (1, 1));
    assert_eq!(state.state, SyncState::Sending);
    tokio::time::sleep(Duration::from_secs(600)).await;
    let booking = phone.app.booking(WHO, &id).unwrap();
    assert_eq!(booking.status, BookingStatus::Sending, "nobody is at work");
    phone.regular(None).await;
    let booking = phone.app.booking(WHO, &id).unwrap();
    assert_eq!(booking.status, BookingStatus::Confirmed);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_no_time_at_all_does_nothing() {
    let phone = phone(3, 1);
    phone.is(WIFI, false, false);
    phone.decide();
    let synced = phone.regular(Some(0)).await;
    assert_eq!(
        (synced.stored, synced.finished, synced.waiting),
        (0, false, 1)
    );
    assert_eq!(phone.rows(), 0);
}

#[tokio::test(start_paused = true)]
async fn mobile_data_in_the_background_bring_what_is_looked_for_first_and_little_more() {
    let phone = phone(4, 0);
    phone.is(METERED, false, false);
    let synced = phone.regular(None).await;
    assert_eq!(synced.held_back, Some(HeldBack::Metered));
    let asked = phone.clinic.asked();
    assert!(asked.contains(&"MedicationRequest".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"$changes".to_owned()), "{asked:?}");
    assert_eq!(phone.rows(), 1, "the medicine");
    let state = phone.state();
    assert_eq!(state.state, SyncState::HeldBack);
    assert!(state.text.contains("waits for Wi-Fi"), "{}", state.text);
    // Not again for a few hours, but then.
    for (hours, asks) in [(1, false), (2, false), (4, true), (1, false)] {
        tokio::time::sleep(Duration::from_secs(hours * 3_600)).await;
        phone.regular(None).await;
        assert_eq!(!phone.clinic.asked().is_empty(), asks, "after {hours}");
    }
    // A person who looks gets everything at once.
    phone.is(METERED, false, true);
    assert!(phone.app.sync(WHO).await.unwrap().finished);
    assert_eq!(phone.rows(), 4 * EACH + 1);
    // Later what is little comes; what is more waits.
    phone.is(METERED, false, false);
    phone.clinic.pages.store(5, Ordering::SeqCst);
    assert!(phone.regular(None).await.finished);
    phone.clinic.pages.store(9, Ordering::SeqCst);
    let synced = phone.regular(None).await;
    assert_eq!(synced.held_back, Some(HeldBack::Metered));
    assert_eq!(phone.rows(), 6 * EACH + 1);
    assert_eq!(phone.state().state, SyncState::HeldBack);
    phone.is(WIFI, false, false);
    assert_eq!(phone.state().held_back, None, "nothing holds it back now");
    assert!(phone.regular(None).await.finished);
    assert_eq!(phone.state().state, SyncState::UpToDate);
    assert_eq!(phone.rows(), 9 * EACH + 1);
}

#[tokio::test(start_paused = true)]
async fn half_a_first_sync_still_gets_what_is_looked_for_first_on_mobile_data() {
    let phone = phone(20, 1);
    phone.is(WIFI, false, false);
    assert!(!phone.regular(Some(6)).await.finished);
    let half = phone.rows();
    assert!(half > EACH && half < 19 * EACH, "{half}");
    // What the clinic wrote since then, and what is here already.
    phone.clinic.medicines.store(3, Ordering::SeqCst);
    phone.is(METERED, false, false);
    phone.clinic.asked();
    let synced = phone.regular(Some(25)).await;
    assert_eq!(synced.held_back, Some(HeldBack::Metered));
    let asked = phone.clinic.asked();
    assert!(!asked.contains(&"$changes".to_owned()), "{asked:?}");
    assert_eq!(phone.rows(), half + 2, "two medicines more");
    assert!(phone.state().text.contains("waits for Wi-Fi"));
    // Again only after some hours, and the rest when it costs nothing.
    phone.regular(Some(25)).await;
    assert!(phone.clinic.asked().is_empty());
    phone.is(WIFI, false, false);
    assert!(phone.regular(None).await.finished);
    assert_eq!(phone.rows(), 20 * EACH + 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_looked_for_first_ends_with_what_may_be_carried() {
    let phone = phone(4, 0);
    phone.is(METERED, false, false);
    phone.app.set_data_limit(Some(1), None).unwrap();
    phone.regular(None).await;
    assert_eq!(phone.clinic.asked(), ["Appointment"]);
    assert_eq!(phone.rows(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_first_sync_that_loses_its_wifi_stops_at_a_page() {
    let phone = phone(20, 1);
    phone.is(WIFI, false, false);
    let (app, rows) = (phone.app.clone(), || phone.rows());
    let syncing = tokio::spawn(async move { app.sync_by_schedule(WHO, None).await });
    tokio::time::sleep(Duration::from_secs(7)).await;
    phone.is(METERED, false, false);
    let synced = syncing.await.unwrap().unwrap();
    assert_eq!(synced.held_back, Some(HeldBack::Metered));
    let here = rows();
    assert!(here > EACH && here < 12 * EACH, "{here}");
}

#[tokio::test(start_paused = true)]
async fn a_low_battery_sends_what_was_decided_and_fetches_nothing() {
    let phone = phone(4, 0);
    phone.is(WIFI, true, false);
    let id = phone.decide();
    let synced = phone.regular(None).await;
    assert_eq!(phone.clinic.asked(), ["$book"]);
    assert_eq!(
        (synced.settled, synced.held_back),
        (1, Some(HeldBack::BatteryLow))
    );
    let booking = phone.app.booking(WHO, &id).unwrap();
    assert_eq!(booking.status, BookingStatus::Confirmed);
    let state = phone.state();
    assert!(state.text.contains("battery"), "{}", state.text);
    phone.is(WIFI, true, true);
    assert!(phone.app.sync(WHO).await.unwrap().finished);
}

#[tokio::test(start_paused = true)]
async fn without_a_network_nobody_is_called_and_nothing_is_held_against_the_clinic() {
    let phone = phone(4, 0);
    phone.is(NetworkKind::None, false, false);
    phone.decide();
    for _ in 0..20 {
        let synced = phone.regular(None).await;
        assert_eq!(
            (synced.held_back, synced.waiting),
            (Some(HeldBack::NoNetwork), 1)
        );
    }
    assert!(phone.clinic.asked().is_empty());
    let state = phone.state();
    assert_eq!((state.state, state.next_try), (SyncState::Waiting, None));
    phone.is(WIFI, false, false);
    let synced = phone.regular(None).await;
    assert!(synced.finished && synced.settled == 1);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_data_holds_whoever_asks_until_the_person_says_otherwise() {
    let phone = phone(40, 0);
    phone.is(METERED, false, true);
    phone.app.set_data_limit(Some(6_000), None).unwrap();
    let synced = phone.app.sync(WHO).await.unwrap();
    assert_eq!(synced.held_back, Some(HeldBack::DataUsedUp));
    let used = phone.app.data().unwrap();
    assert_eq!((used.left, used.today), (Some(0), used.this_month));
    let page = phone.clinic.page(0).len() as u64;
    assert!(used.today < 6_000 + 3 * page, "{used:?}");
    let here = phone.rows();
    assert!(here > EACH && here < 40 * EACH);
    let state = phone.state();
    assert_eq!(state.held_back, Some(HeldBack::DataUsedUp));
    assert!(
        state.text.contains("allowance is used up"),
        "{}",
        state.text
    );
    // It is no way around it to begin again, with the app or with the clinic.
    let phone = phone.restarted();
    phone.is(METERED, false, true);
    phone.clinic.asked();
    let id = phone.decide();
    let synced = phone.app.sync(WHO).await.unwrap();
    assert_eq!(synced.held_back, Some(HeldBack::DataUsedUp));
    assert_eq!(
        phone.clinic.asked(),
        ["$book"],
        "a booking goes all the same"
    );
    let booking = phone.app.booking(WHO, &id).unwrap();
    assert_eq!(booking.status, BookingStatus::Confirmed);
    // The person says so.
    assert!(phone.app.allow_more_data(4_000).unwrap().left > Some(0));
    let synced = phone.app.sync(WHO).await.unwrap();
    assert!(synced.stored > 0 && !synced.finished);
    // The next day is another.
    let here = phone.rows();
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert_eq!(phone.app.data().unwrap().left, Some(6_000));
    phone.app.sync(WHO).await.unwrap();
    assert!(phone.rows() > here);
    // Other networks cost nothing, and are not counted.
    let before = phone.app.data().unwrap().this_month;
    phone.is(WIFI, false, true);
    assert!(phone.app.sync(WHO).await.unwrap().finished);
    phone.is(METERED, false, true);
    assert_eq!(phone.app.data().unwrap().this_month, before);
    assert_eq!(phone.rows(), 40 * EACH + 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_for_news_is_open_while_a_screen_is_and_the_battery_is_good() {
    let phone = phone(2, 0);
    let live = || phone.clinic.live.load(Ordering::SeqCst);
    let app = phone.app.clone();
    let following = tokio::spawn(async move { app.keep_in_step(WHO).await });
    let a_while = || tokio::time::sleep(Duration::from_secs(5));
    a_while().await;
    assert_eq!(live(), 1);
    for (network, battery_low, foreground, open) in [
        (WIFI, false, false, 0),
        (WIFI, false, true, 1),
        (WIFI, true, true, 0),
        (METERED, false, true, 1),
        (NetworkKind::None, false, true, 0),
        (WIFI, false, true, 1),
    ] {
        phone.is(network, battery_low, foreground);
        a_while().await;
        assert_eq!(live(), open, "{network:?} {battery_low} {foreground}");
    }
    // In the background nothing is asked at all.
    phone.is(WIFI, false, false);
    a_while().await;
    phone.clinic.asked();
    tokio::time::sleep(Duration::from_secs(7_200)).await;
    assert!(phone.clinic.asked().is_empty());
    following.abort();
}

#[tokio::test(start_paused = true)]
async fn a_screen_that_is_opened_with_a_low_battery_is_brought_into_step_once() {
    let phone = phone(2, 0);
    phone.is(WIFI, true, true);
    let app = phone.app.clone();
    let following = tokio::spawn(async move { app.keep_in_step(WHO).await });
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(phone.rows(), 2 * EACH + 1);
    assert_eq!(phone.clinic.live.load(Ordering::SeqCst), 0);
    phone.clinic.asked();
    tokio::time::sleep(Duration::from_secs(7_200)).await;
    assert!(phone.clinic.asked().is_empty());
    following.abort();
}

#[tokio::test(start_paused = true)]
async fn a_booking_is_sent_at_once_on_whatever_network() {
    for (network, battery_low) in [(METERED, true), (NetworkKind::None, false)] {
        let phone = phone(0, 0);
        phone.is(network, battery_low, true);
        phone.app.set_data_limit(Some(0), None).unwrap();
        let start = phone.app.inner.now().plus(Duration::from_secs(86_400));
        let slot = SlotView {
            id: "s".to_owned(),
            clinic_id: "a".to_owned(),
            start,
            end: start.plus(Duration::from_secs(900)),
            service: "Cardiology".to_owned(),
            ..SlotView::default()
        };
        let request = BookRequest {
            person_id: WHO.to_owned(),
            slot,
            otherwise: None,
        };
        let booked = phone.app.book(request).await.unwrap();
        assert_eq!(booked.status, BookingStatus::Confirmed, "{network:?}");
    }
}
