//! A neighbour helps: invited by a code, allowed to book and nothing else, until it is taken back.

use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::domain::{GrantScope, Section};
use sokhoe_app::{AppError, BookingStatus, EnrolmentRefusal, Measure, RecordReadingRequest};
use sokhoe_testing::Cut;
use sokhoe_tests::shifted_clock::ShiftedClock;
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

use crate::in_step::rows;

fn entries(phone: &TestPhone, person: &str, section: Section) -> usize {
    rows(phone, person, Some(section))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_who_may_book_books_and_sees_no_result() {
    let clinic = TestClinic::with_book().await;
    let (own, mother) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    own.app.sync(&mother).await.unwrap();
    assert!(entries(&own, &mother, Section::Results) > 0);

    let invited = clinic.invites_a_helper(BOOK_PATIENT, &[GrantScope::Book]);
    let helper = TestPhone::new();
    let person = helper.app.enrol(&invited.code.text).await.unwrap().persons[0]
        .id
        .clone();
    helper.app.sync(&person).await.unwrap();
    for section in [Section::Results, Section::Medicines, Section::Documents] {
        assert_eq!(entries(&helper, &person, section), 0, "{section:?}");
    }
    // What was granted is said, and what was not is refused before anything is kept.
    let helped = helper.app.persons().unwrap().remove(0).helping.unwrap();
    assert_eq!(helped.scopes, [GrantScope::Book]);
    assert!(!helped.needs_network && helped.until.is_some());
    assert!(
        helped.text.contains("book, move and cancel"),
        "{}",
        helped.text
    );
    let reading = RecordReadingRequest {
        person_id: person.clone(),
        clinic_id: None,
        measure: Measure::Weight,
        values: vec![52.0],
        at: None,
    };
    let scope = GrantScope::SeeEverything;
    assert_eq!(
        helper.app.record_reading(reading).await,
        Err(AppError::NotGranted { scope })
    );
    assert_eq!(own.app.persons().unwrap()[0].helping, None);
    let slot = helper.free_times(&person, 1).await.remove(0);
    let booked = helper.book(&person, slot).await.unwrap();
    own.app.sync(&mother).await.unwrap();
    let seen = own.app.bookings(&mother).unwrap();
    let seen = seen.iter().find(|it| it.start == booked.start).unwrap();
    let who = seen.helped_by_text.as_deref();
    assert_eq!(who, Some("Lò Văn Giúp arranged this for the person."));

    // Allowed more, the helper has it all after the next sync.
    let more =
        clinic.invites_a_helper(BOOK_PATIENT, &[GrantScope::Book, GrantScope::SeeEverything]);
    helper.app.enrol(&more.code.text).await.unwrap();
    helper.app.sync(&person).await.unwrap();
    assert_eq!(
        entries(&helper, &person, Section::Results),
        entries(&own, &mother, Section::Results)
    );
    assert_eq!(helper.app.bookings(&person).unwrap().len(), 1);
    let other = clinic.invites_a_helper(BOOK_PATIENT, &[GrantScope::Pay]);
    let refused = helper.app.enrol(&other.code.text).await.unwrap_err();
    let is_other = matches!(
        refused,
        AppError::Enrolment {
            reason: EnrolmentRefusal::OtherGrant
        }
    );
    assert!(is_other, "{refused:?}");

    // Taken back: gone from the helper's phone at its next contact, and nowhere else.
    assert_eq!(clinic.clinic.end_grant(&more.consent).unwrap(), 1);
    helper.app.sync(&person).await.unwrap();
    assert_eq!(entries(&helper, &person, Section::Results), 0);
    assert!(helper.app.bookings(&person).unwrap().is_empty());
    assert_eq!(
        helper.app.events(&person).unwrap().last().unwrap().kind,
        "access-ended"
    );
    own.app.sync(&mother).await.unwrap();
    assert!(entries(&own, &mother, Section::Results) > 0);
    assert!(
        own.app
            .bookings(&mother)
            .unwrap()
            .iter()
            .any(|it| it.start == booked.start)
    );
}

/// Three days without the clinic, and the book is closed, whatever the clock shows; with the clinic it is open again, and
/// nothing was lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_book_sleeps_without_the_clinic_and_loses_nothing() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let clinic = TestClinic::with_book().await;
    let invited = clinic.invites_a_helper(BOOK_PATIENT, &GrantScope::ALL);
    let clock = Arc::new(ShiftedClock::now());
    let mut helper = TestPhone::new_at(clock.clone());
    let enrolled = helper.app.enrol(&invited.code.text).await.unwrap();
    let person = enrolled.persons[0].id.clone();
    helper.app.sync(&person).await.unwrap();
    let results = entries(&helper, &person, Section::Results);
    assert!(results > 0);
    // Booked where there was no network.
    let slot = helper.free_times(&person, 1).await.remove(0);
    helper.network.cut(Cut::NoNetwork);
    let waiting = helper.book(&person, slot.clone()).await.unwrap();
    assert_eq!(waiting.status, BookingStatus::WaitingForNetwork);

    clock.advance(71 * HOUR);
    clock.shift(-200 * 3_600_000);
    assert_eq!(entries(&helper, &person, Section::Results), results);
    clock.advance(HOUR);
    assert_eq!(helper.app.book_view(&person), Err(AppError::LeaseOver));
    helper = helper.restarted();
    assert_eq!(helper.app.book_view(&person), Err(AppError::LeaseOver));
    assert_eq!(helper.app.sync(&person).await, Err(AppError::Offline));
    let asleep = helper.app.persons().unwrap().remove(0).helping.unwrap();
    assert!(
        asleep.needs_network && asleep.text.contains("network"),
        "{}",
        asleep.text
    );

    helper.network.cut(Cut::Whole);
    clock.shift(200 * 3_600_000 - 72 * 3_600_000);
    let synced = helper.app.sync(&person).await.unwrap();
    assert_eq!(synced.waiting, 0);
    assert_eq!(entries(&helper, &person, Section::Results), results);
    let bookings = helper.app.bookings(&person).unwrap();
    let booked = bookings.iter().find(|it| it.start == slot.start).unwrap();
    assert_eq!(booked.status, BookingStatus::Confirmed);

    // A phone that was off without a network does not say for how long: it asks.
    helper.network.cut(Cut::NoNetwork);
    assert!(helper.app.book_view(&person).is_ok());
    clock.restart();
    helper = helper.restarted();
    assert_eq!(helper.app.book_view(&person), Err(AppError::LeaseOver));
    helper.network.cut(Cut::Whole);
    helper.app.sync(&person).await.unwrap();
    assert_eq!(entries(&helper, &person, Section::Results), results);

    // Taken back while the book sleeps: the clinic's next answer erases it.
    clinic.clinic.end_grant(&invited.consent).unwrap();
    helper.network.cut(Cut::NoNetwork);
    clock.advance(73 * HOUR);
    assert_eq!(helper.app.book_view(&person), Err(AppError::LeaseOver));
    helper.network.cut(Cut::Whole);
    helper.app.sync(&person).await.unwrap();
    assert_eq!(entries(&helper, &person, Section::Results), 0);
    assert!(helper.app.bookings(&person).unwrap().is_empty());
    let events: Vec<_> = helper.app.events(&person).unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["access-ended", "unsent-maybe-lost"]);
    assert_eq!(helper.app.persons().unwrap()[0].helping, None);
}

/// Who comes in for the person themselves needs no lease any more, also when it was over.
#[tokio::test(flavor = "multi_thread")]
async fn a_helper_who_becomes_the_persons_own_phone_keeps_the_book() {
    let clinic = TestClinic::with_book().await;
    let invited = clinic.invites_a_helper(BOOK_PATIENT, &GrantScope::ALL);
    let clock = Arc::new(ShiftedClock::now());
    let helper = TestPhone::new_at(clock.clone());
    let enrolled = helper.app.enrol(&invited.code.text).await.unwrap();
    let person = enrolled.persons[0].id.clone();
    helper.app.sync(&person).await.unwrap();
    let results = entries(&helper, &person, Section::Results);
    let slot = helper.free_times(&person, 1).await.remove(0);
    helper.network.cut(Cut::NoNetwork);
    helper.book(&person, slot).await.unwrap();
    clock.advance(Duration::from_secs(73 * 3_600));
    clock.shift(-73 * 3_600_000);
    assert_eq!(helper.app.book_view(&person), Err(AppError::LeaseOver));
    helper.network.cut(Cut::Whole);
    let own = helper.enrol(&clinic, BOOK_PATIENT).await;
    assert_eq!(
        (own.persons[0].id.as_str(), &own.persons[0].helping),
        (person.as_str(), &None)
    );
    assert_eq!(entries(&helper, &person, Section::Results), results);
    assert_eq!(helper.app.bookings(&person).unwrap().len(), 1);
    helper.network.cut(Cut::NoNetwork);
    clock.advance(Duration::from_secs(100 * 3_600));
    assert_eq!(entries(&helper, &person, Section::Results), results);
}
