//! Mother and child on one trip.

use std::time::Duration;

use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{
    AppError, BookingStatus, FindTripRequest, SystemClock, TripMemberRequest, TripRequest,
    TripTimesView,
};
use sokhoe_testing::Cut;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

/// A phone with a mother and her child.
async fn family(clinic: &TestClinic) -> (TestPhone, [String; 2]) {
    let phone = TestPhone::new();
    let code = clinic.enrolment(&[EMPTY_PATIENT, NEIGHBOUR]);
    let persons = phone.app.enrol(&code).await.unwrap().persons;
    let ids: Vec<String> = persons.into_iter().map(|person| person.id).collect();
    (phone, ids.try_into().unwrap())
}

/// Neighbouring times of a day that is not over while the test runs.
async fn times(phone: &TestPhone, people: &[String]) -> Vec<TripTimesView> {
    let tomorrow = SystemClock.now().vietnam_day().succ_opt().unwrap();
    let from = Timestamp::start_of_day(tomorrow);
    let member = |person: &String| TripMemberRequest {
        person_id: person.clone(),
        service_id: Some("kham-tim-mach".to_owned()),
        criteria: None,
        has_referral: false,
    };
    let request = FindTripRequest {
        clinic_id: phone.app.clinics().unwrap()[0].id.clone(),
        members: people.iter().map(member).collect(),
        from,
        to: from.plus(Duration::from_secs(14 * 86_400)),
        side_by_side: false,
        limit: 5,
    };
    phone.app.find_trip(request).await.unwrap()
}

fn trip(times: &TripTimesView) -> TripRequest {
    TripRequest {
        visits: times.visits.clone(),
    }
}

fn statuses(phone: &TestPhone, people: &[String]) -> Vec<BookingStatus> {
    let bookings = people
        .iter()
        .flat_map(|person| phone.app.bookings(person).unwrap());
    bookings.map(|booking| booking.status).collect()
}

/// What the clinic has, of everybody.
fn booked_at_clinic(clinic: &TestClinic, times: &TripTimesView) -> usize {
    let of_day = clinic.clinic.bookings_of_day(times.start.vietnam_day());
    let of_day = of_day.unwrap();
    of_day.iter().filter(|row| row.status == "booked").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn mother_and_child_book_without_a_network_and_both_are_confirmed_when_there_is_one() {
    let clinic = TestClinic::start().await;
    let (phone, people) = family(&clinic).await;
    let found = times(&phone, &people).await;
    let first = &found[0];
    assert_eq!(first.waiting_minutes, 0, "{first:?}");
    assert!(first.visits[0].slot.start != first.visits[1].slot.start);
    phone.network.cut(Cut::NoNetwork);
    let booked = phone.app.book_trip(trip(first)).await.unwrap();
    assert_eq!(booked.len(), 2);
    let phone = phone.restarted();
    assert_eq!(
        statuses(&phone, &people),
        [BookingStatus::WaitingForNetwork; 2]
    );
    assert_eq!(booked_at_clinic(&clinic, first), 0);

    phone.network.cut(Cut::Whole);
    // One's lane is enough at the clinic; the other one hears of it in turn.
    phone.app.sync(&people[1]).await.unwrap();
    assert_eq!(booked_at_clinic(&clinic, first), 2);
    phone.app.sync(&people[0]).await.unwrap();
    assert_eq!(statuses(&phone, &people), [BookingStatus::Confirmed; 2]);
    for (person, visit) in people.iter().zip(&first.visits) {
        let booking = phone.app.bookings(person).unwrap().remove(0);
        assert_eq!(booking.start, visit.slot.start);
        assert_eq!(booking.trip.unwrap().others.len(), 1);
        let events = phone.app.events(person).unwrap();
        let confirmed = events.iter().filter(|it| it.kind == "booking-confirmed");
        assert_eq!(confirmed.count(), 1, "told once: {events:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_and_a_lane_that_stands_still_leave_nobody_behind() {
    let clinic = TestClinic::start().await;
    let (phone, people) = family(&clinic).await;
    let found = times(&phone, &people).await;
    phone.network.cut(Cut::AnswerLost);
    phone.app.book_trip(trip(&found[0])).await.unwrap();
    assert_eq!(booked_at_clinic(&clinic, &found[0]), 2, "the clinic has it");
    assert!(statuses(&phone, &people).contains(&BookingStatus::Sending));
    let phone = phone.restarted();
    phone.network.cut(Cut::Whole);
    // The mother's lane stands still: nothing is sent for her, and her feed brings what was booked.
    phone.app.sync(&people[1]).await.unwrap();
    assert_eq!(
        phone.app.bookings(&people[1]).unwrap()[0].status,
        BookingStatus::Confirmed
    );
    phone.app.sync(&people[0]).await.unwrap();
    assert_eq!(statuses(&phone, &people), [BookingStatus::Confirmed; 2]);
    assert_eq!(booked_at_clinic(&clinic, &found[0]), 2, "not twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_somebody_was_quicker_nobody_is_booked_and_the_named_times_are_had_as_they_are() {
    let clinic = TestClinic::start().await;
    let (phone, people) = family(&clinic).await;
    let found = times(&phone, &people).await;
    let (other, stranger) = TestPhone::enrolled(&clinic, "bn-000004").await;
    let taken = found[0].visits[1].slot.clone();
    let quicker = other.book(&stranger, taken).await.unwrap();
    assert_eq!(quicker.status, BookingStatus::Confirmed);

    let refused = phone.app.book_trip(trip(&found[0])).await.unwrap();
    assert_eq!(statuses(&phone, &people), [BookingStatus::Refused; 2]);
    assert_eq!(booked_at_clinic(&clinic, &found[0]), 1, "the quicker one's");
    let named = refused[0].trip.clone().unwrap().other_times;
    assert_eq!(named.len(), 3);
    assert_eq!(refused[1].trip.as_ref().unwrap().other_times, named);
    let again = phone.app.book_trip(trip(&named[0])).await.unwrap();
    for (booking, visit) in again.iter().zip(&named[0].visits) {
        assert_eq!(booking.status, BookingStatus::Confirmed, "{booking:?}");
        assert_eq!(booking.start, visit.slot.start);
    }

    // From here on each goes alone.
    let cancelled = phone.app.cancel_booking(&people[0], &again[0].id).await;
    assert_eq!(cancelled.unwrap().status, BookingStatus::Cancelled);
    let childs = phone.app.booking(&people[1], &again[1].id).unwrap();
    assert_eq!(childs.status, BookingStatus::Confirmed);
    let text = childs.trip.unwrap().text;
    assert!(
        text.contains("đã bị hủy") || text.contains("was cancelled"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_access_to_one_of_them_books_nobody() {
    let clinic = TestClinic::start().await;
    let (phone, people) = family(&clinic).await;
    let found = times(&phone, &people).await;
    clinic.clinic.end_access(NEIGHBOUR, None).unwrap();
    let booked = phone.app.book_trip(trip(&found[0])).await.unwrap();
    assert!(
        booked
            .iter()
            .all(|booking| booking.status == BookingStatus::Refused)
    );
    assert_eq!(booked_at_clinic(&clinic, &found[0]), 0);
    assert!(matches!(
        phone
            .app
            .book_trip(TripRequest { visits: Vec::new() })
            .await,
        Err(AppError::Validation { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_stood_still_longer_than_the_clinic_keeps_answers_is_told_by_the_feed() {
    let clinic = TestClinic::start().await;
    let (phone, people) = family(&clinic).await;
    let found = times(&phone, &people).await;
    phone.network.cut(Cut::NoNetwork);
    phone.app.book_trip(trip(&found[0])).await.unwrap();
    phone.network.cut(Cut::Whole);
    phone.app.sync(&people[1]).await.unwrap();
    let database = rusqlite::Connection::open(clinic.database()).unwrap();
    let forgotten = database.execute("DELETE FROM answer WHERE operation = 'book-together'", []);
    assert_eq!(forgotten, Ok(1));
    phone.app.sync(&people[0]).await.unwrap();
    assert_eq!(statuses(&phone, &people), [BookingStatus::Confirmed; 2]);
    assert_eq!(booked_at_clinic(&clinic, &found[0]), 2);
}
