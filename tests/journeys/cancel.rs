//! Taking a booking back.

use sokhoe_app::{AppError, BookingStatus};
use sokhoe_testing::Cut;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_time_is_free_for_others() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    let booking = phone.book(&person, slot.clone()).await.unwrap();
    assert!(
        !phone
            .free_times(&person, 50)
            .await
            .iter()
            .any(|s| s.id == slot.id)
    );
    let cancelled = phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    assert_eq!(cancelled.status, BookingStatus::Cancelled);
    assert!(
        phone
            .free_times(&person, 50)
            .await
            .iter()
            .any(|s| s.id == slot.id),
        "offered again"
    );
    assert!(matches!(
        phone.app.cancel_booking(&person, &booking.id).await,
        Err(AppError::Validation { .. })
    ));
    phone.app.sync(&person).await.unwrap();
    assert_eq!(phone.app.bookings(&person).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_without_a_network_is_shown_as_on_its_way() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    let booking = phone.book(&person, slot).await.unwrap();
    phone.network.cut(Cut::NoNetwork);
    let waiting = phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    assert!(waiting.cancelling);
    assert_eq!(
        waiting.status,
        BookingStatus::Confirmed,
        "until the clinic has it"
    );
    let again = phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    assert!(again.cancelling, "asking twice is asking once");
    phone.network.cut(Cut::Whole);
    let synced = phone.app.sync(&person).await.unwrap();
    assert_eq!((synced.settled, synced.waiting), (1, 0));
    let done = phone.app.booking(&person, &booking.id).unwrap();
    assert_eq!(
        (done.status, done.cancelling),
        (BookingStatus::Cancelled, false)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_taken_back_before_it_went_out_ends_cancelled() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 1).await.remove(0);
    phone.network.cut(Cut::NoNetwork);
    let booking = phone.book(&person, slot.clone()).await.unwrap();
    phone
        .app
        .cancel_booking(&person, &booking.id)
        .await
        .unwrap();
    phone.network.cut(Cut::Whole);
    phone.app.sync(&person).await.unwrap();
    assert_eq!(
        phone.app.booking(&person, &booking.id).unwrap().status,
        BookingStatus::Cancelled
    );
    assert!(
        phone
            .free_times(&person, 50)
            .await
            .iter()
            .any(|s| s.id == slot.id)
    );
}
