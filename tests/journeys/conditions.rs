//! A phone on mobile data, at a real clinic.

use std::time::Duration;

use sokhoe_app::{HeldBack, NetworkKind, SyncConditions, SyncState};
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

const ON_MOBILE_DATA: SyncConditions = SyncConditions {
    network: NetworkKind::Metered,
    battery_low: false,
    foreground: true,
};

#[tokio::test(flavor = "multi_thread")]
async fn mobile_data_are_counted_as_they_travel_and_held_to_their_limit() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.set_conditions(ON_MOBILE_DATA);
    assert_eq!(phone.app.data().unwrap().today, 0);
    // In the background the book waits, but for what is looked for first.
    phone.app.set_conditions(SyncConditions {
        foreground: false,
        ..ON_MOBILE_DATA
    });
    let window = Some(Duration::from_secs(25));
    let ahead = phone.app.sync_by_schedule(&person, window).await.unwrap();
    assert_eq!(ahead.held_back, Some(HeldBack::Metered));
    let state = phone.app.sync_state(&person).unwrap().remove(0);
    assert_eq!(state.state, SyncState::HeldBack);
    let before = phone.app.data().unwrap();
    assert!(before.today > 0, "{before:?}");
    // A limit that lets a part of it through.
    phone.app.set_conditions(ON_MOBILE_DATA);
    let limit = before.today + 50_000;
    phone.app.set_data_limit(Some(limit), None).unwrap();
    let cut = phone.app.sync(&person).await.unwrap();
    assert_eq!(cut.held_back, Some(HeldBack::DataUsedUp));
    let used = phone.app.data().unwrap();
    // A page that was under way, and the one after it, which travels while the first is stored.
    assert!(used.today < limit + 300_000, "{used:?}");
    let phone = phone.restarted();
    phone.app.set_conditions(ON_MOBILE_DATA);
    assert_eq!(phone.app.data().unwrap(), used, "after a restart");
    let cut = phone.app.sync(&person).await.unwrap();
    assert_eq!((cut.stored, cut.held_back), (0, Some(HeldBack::DataUsedUp)));
    // A booking is small and goes.
    let slot = phone.free_times(&person, 1).await.remove(0);
    let booked = phone.book(&person, slot).await.unwrap();
    assert_eq!(booked.status, sokhoe_app::BookingStatus::Confirmed);
    // On Wi-Fi everything comes, and is not counted.
    let used = phone.app.data().unwrap().today;
    phone.app.set_conditions(SyncConditions {
        network: NetworkKind::Unmetered,
        ..ON_MOBILE_DATA
    });
    let synced = phone.app.sync(&person).await.unwrap();
    assert!(synced.finished && synced.stored > 1_000, "{synced:?}");
    assert_eq!(phone.app.data().unwrap().today, used);
    let state = phone.app.sync_state(&person).unwrap().remove(0);
    assert_eq!((state.state, state.held_back), (SyncState::UpToDate, None));
}
