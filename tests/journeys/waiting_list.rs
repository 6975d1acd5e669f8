//! Waiting until a time is freed.

use std::time::Duration;

use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{
    AppError, BookingStatus, BookingView, JoinWaitingListRequest, SlotCriteria, SlotView,
    SystemClock,
};
use sokhoe_testing::Cut;
use sokhoe_tests::{BOOK_PATIENT, EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

/// Somebody else's time, some days from now.
async fn taken_time(phone: &TestPhone, person: &str) -> (SlotView, BookingView) {
    let slot = phone.free_times(person, 100).await.pop().unwrap();
    let booked = phone.book(person, slot.clone()).await.unwrap();
    assert_eq!(booked.status, BookingStatus::Confirmed);
    (slot, booked)
}

/// To wait for exactly that time.
async fn for_it(phone: &TestPhone, person: &str, slot: &SlotView) -> JoinWaitingListRequest {
    let services = phone.app.services(&slot.clinic_id).await.unwrap();
    let service = services.iter().find(|one| one.name == slot.service);
    JoinWaitingListRequest {
        person_id: person.to_owned(),
        clinic_id: slot.clinic_id.clone(),
        service_id: service.unwrap().id.clone(),
        service: slot.service.clone(),
        from: slot.start,
        to: slot.start,
        criteria: Some(SlotCriteria {
            practitioner_id: Some(slot.practitioner_id.clone()),
            ..SlotCriteria::default()
        }),
    }
}

fn told(phone: &TestPhone, person: &str) -> Vec<String> {
    let events = phone.app.events(person).unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

async fn synced(phone: &TestPhone, person: &str, place: &str) -> BookingView {
    phone.app.network_is_back();
    phone.app.sync(person).await.unwrap();
    phone.app.booking(person, place).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_gives_back_the_other_is_offered_and_takes() {
    let clinic = TestClinic::start().await;
    let (had, owner) = TestPhone::enrolled(&clinic, NEIGHBOUR).await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (slot, booked) = taken_time(&had, &owner).await;
    let request = for_it(&phone, &person, &slot).await;
    let place = phone.app.join_waiting_list(request).await.unwrap();
    assert_eq!(place.status, BookingStatus::OnWaitingList);
    let waiting = place.waiting.clone().unwrap();
    assert!(waiting.since.is_some() && waiting.offered_until.is_none());
    assert!(place.status_text.starts_with("On the waiting list since"));
    assert_eq!(told(&phone, &person), ["on-waiting-list"]);
    // The feed says nothing new.
    assert_eq!(synced(&phone, &person, &place.id).await, place);
    assert!(matches!(
        phone.app.take_offer(&person, &place.id).await,
        Err(AppError::Validation { .. })
    ));

    had.app.cancel_booking(&owner, &booked.id).await.unwrap();
    let offered = synced(&phone, &person, &place.id).await;
    assert_eq!(offered.status, BookingStatus::Offered);
    assert_eq!(
        (offered.start, &offered.practitioner),
        (slot.start, &slot.practitioner)
    );
    let until = offered.waiting.unwrap().offered_until.unwrap();
    let left = until.as_millis() - SystemClock.now().as_millis();
    assert!((0..=600_000).contains(&left), "{left}");
    let event = phone.app.events(&person).unwrap().pop().unwrap();
    assert_eq!(event.kind, "time-offered");
    assert!(event.text.contains(&slot.practitioner), "{}", event.text);
    // It is told until it was heard, and by nothing twice.
    synced(&phone, &person, &place.id).await;
    assert_eq!(told(&phone, &person), ["on-waiting-list", "time-offered"]);
    // Nobody else has it meanwhile.
    let stolen = had.book(&owner, slot.clone()).await.unwrap();
    assert_eq!(stolen.status, BookingStatus::Refused);

    let taken = phone.app.take_offer(&person, &place.id).await.unwrap();
    assert_eq!(
        (taken.status, taken.start, &taken.id),
        (BookingStatus::Confirmed, slot.start, &place.id)
    );
    assert_eq!((taken.waiting, taken.asked), (None, None));
    let told_then = told(&phone, &person);
    assert_eq!(told_then.last().unwrap(), "booking-confirmed");
    synced(&phone, &person, &place.id).await;
    let news = told(&phone, &person);
    assert_eq!(
        news.iter().filter(|kind| *kind != "invoice-issued").count(),
        3,
        "{news:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn joined_without_a_network_killed_and_answered_once() {
    let clinic = TestClinic::start().await;
    let (had, owner) = TestPhone::enrolled(&clinic, NEIGHBOUR).await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (slot, booked) = taken_time(&had, &owner).await;
    let request = for_it(&phone, &person, &slot).await;
    phone.network.cut(Cut::NoNetwork);
    let place = phone.app.join_waiting_list(request).await.unwrap();
    assert_eq!(place.status, BookingStatus::WaitingForNetwork);
    assert!(place.waiting.is_some());
    assert!(
        !place.status_text.contains("On the waiting list since"),
        "{}",
        place.status_text
    );
    let phone = phone.restarted();
    phone.network.cut(Cut::AnswerLost);
    phone.app.network_is_back();
    let _nothing_heard = phone.app.sync(&person).await;
    let sending = phone.app.booking(&person, &place.id).unwrap();
    assert_eq!(sending.status, BookingStatus::Sending);
    // The clinic has it, and offers the time before the phone hears anything.
    had.app.cancel_booking(&owner, &booked.id).await.unwrap();
    let phone = phone.restarted();
    phone.network.cut(Cut::Whole);
    let offered = synced(&phone, &person, &place.id).await;
    assert_eq!(offered.status, BookingStatus::Offered);
    assert_eq!(told(&phone, &person).last().unwrap(), "time-offered");

    // The yes goes out, its answer is lost, the process is killed.
    phone.network.cut(Cut::AnswerLost);
    let taking = phone.app.take_offer(&person, &place.id).await.unwrap();
    assert_eq!(taking.status, BookingStatus::Offered);
    assert!(taking.waiting.unwrap().taking);
    let phone = phone.restarted();
    phone.network.cut(Cut::Whole);
    let taken = synced(&phone, &person, &place.id).await;
    assert_eq!(
        (taken.status, taken.start),
        (BookingStatus::Confirmed, slot.start)
    );
    let confirmed = told(&phone, &person);
    let confirmed = confirmed.iter().filter(|kind| *kind == "booking-confirmed");
    assert_eq!(confirmed.count(), 1);
    let day = slot.start.vietnam_day();
    let booked = clinic.clinic.bookings_of_day(day).unwrap();
    let theirs = booked.iter().filter(|row| row.patient == EMPTY_PATIENT);
    assert_eq!(theirs.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_comes_too_late_leaves_the_place_and_a_no_gives_the_time_to_the_next() {
    let clinic = TestClinic::with_book().await;
    let (had, owner) = TestPhone::enrolled(&clinic, NEIGHBOUR).await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (second_phone, same) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let (next_phone, next) = TestPhone::enrolled(&clinic, BOOK_PATIENT.trim()).await;
    let (slot, booked) = taken_time(&had, &owner).await;
    let request = for_it(&phone, &person, &slot).await;
    let place = phone.app.join_waiting_list(request).await.unwrap();
    let request = for_it(&next_phone, &next, &slot).await;
    let behind = next_phone.app.join_waiting_list(request).await.unwrap();
    had.app.cancel_booking(&owner, &booked.id).await.unwrap();
    let offered = synced(&phone, &person, &place.id).await;
    assert_eq!(offered.status, BookingStatus::Offered);

    // The family's other phone says no while this one says yes without a network.
    phone.network.cut(Cut::NoNetwork);
    let taking = phone.app.take_offer(&person, &place.id).await.unwrap();
    assert!(taking.waiting.unwrap().taking);
    second_phone.app.sync(&same).await.unwrap();
    let declined = second_phone
        .app
        .decline_offer(&same, &place.id)
        .await
        .unwrap();
    assert_eq!(declined.status, BookingStatus::OnWaitingList);
    assert!(declined.practitioner.is_empty() || declined.practitioner == slot.practitioner);
    assert!(!told(&second_phone, &same).contains(&"offer-over".to_owned()));
    let theirs = synced(&next_phone, &next, &behind.id).await;
    assert_eq!(theirs.status, BookingStatus::Offered);

    phone.network.cut(Cut::Whole);
    let kept = synced(&phone, &person, &place.id).await;
    assert_eq!(kept.status, BookingStatus::OnWaitingList);
    let waiting = kept.waiting.unwrap();
    assert!(!waiting.taking && waiting.since.is_some());
    let event = phone.app.events(&person).unwrap().pop().unwrap();
    assert_eq!(event.kind, "offer-over");
    assert!(
        event.text.contains("still on the waiting list"),
        "{}",
        event.text
    );
    let over = told(&phone, &person);
    let over = over.iter().filter(|kind| *kind == "offer-over");
    assert_eq!(over.count(), 1);

    // Leaving the list is the ordinary way of giving something up.
    let left = phone.app.cancel_booking(&person, &place.id).await.unwrap();
    assert_eq!(left.status, BookingStatus::Cancelled);
    let taken = next_phone.app.take_offer(&next, &behind.id).await.unwrap();
    assert_eq!(taken.status, BookingStatus::Confirmed);
    second_phone.app.sync(&same).await.unwrap();
    let gone = second_phone.app.booking(&same, &place.id).unwrap();
    assert_eq!(gone.status, BookingStatus::Cancelled);
    assert_eq!(told(&second_phone, &same).last().unwrap(), "waiting-over");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_already_is_told_so() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let slot = phone.free_times(&person, 100).await.pop().unwrap();
    let mut request = for_it(&phone, &person, &slot).await;
    // A night in which nobody works.
    let day = slot.start.vietnam_day().succ_opt().unwrap();
    let night = Timestamp::start_of_day(day);
    (request.from, request.to) = (night, night.plus(Duration::from_secs(3600)));
    let place = phone.app.join_waiting_list(request.clone()).await.unwrap();
    assert_eq!(place.status, BookingStatus::OnWaitingList);
    let twice = phone.app.join_waiting_list(request).await.unwrap();
    assert_eq!(twice.status, BookingStatus::Refused);
    assert_eq!(twice.status_text, "Already on this waiting list.");
    assert_eq!(told(&phone, &person).last().unwrap(), "waiting-refused");
}
