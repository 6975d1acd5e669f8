//! A neighbour helps: invited by a code, allowed to book and nothing else, until it is taken back.

use sokhoe_app::domain::{GrantScope, Section};
use sokhoe_app::{AppError, EnrolmentRefusal};
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
    let slot = helper.free_times(&person, 1).await.remove(0);
    let booked = helper.book(&person, slot).await.unwrap();
    own.app.sync(&mother).await.unwrap();
    let seen = own.app.bookings(&mother).unwrap();
    assert!(seen.iter().any(|it| it.start == booked.start), "{seen:?}");

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
