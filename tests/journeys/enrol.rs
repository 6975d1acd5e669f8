//! Coming in.

use sokhoe_app::{AppError, EnrolmentRefusal};
use sokhoe_tests::{BOOK_PATIENT, EMPTY_PATIENT, TestClinic, TestPhone};

fn refusal(error: AppError) -> EnrolmentRefusal {
    match error {
        AppError::Enrolment { reason } => reason,
        other => panic!("not an enrolment error: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_brings_a_family_in() {
    let clinic = TestClinic::with_book().await;
    let phone = TestPhone::new();
    let view = phone
        .app
        .enrol(&clinic.enrolment(&[BOOK_PATIENT, EMPTY_PATIENT]))
        .await
        .unwrap();
    assert_eq!(view.persons.len(), 2);
    assert_eq!(phone.app.persons().unwrap().len(), 2);
    assert_eq!(phone.app.clinics().unwrap(), [view.clinic]);
    let phone = phone.restarted();
    assert_eq!(phone.app.persons().unwrap().len(), 2, "after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_for_again_with_the_same_code() {
    let clinic = TestClinic::start().await;
    let phone = TestPhone::new();
    let code = clinic.enrolment(&[EMPTY_PATIENT]);
    phone.network.cut(sokhoe_testing::Cut::AnswerLost);
    assert_eq!(phone.app.enrol(&code).await.unwrap_err(), AppError::Offline);
    assert!(
        phone.app.persons().unwrap().is_empty(),
        "nothing is stored before the answer"
    );
    phone.network.cut(sokhoe_testing::Cut::Whole);
    let first = phone.app.enrol(&code).await.unwrap();
    let again = phone.app.enrol(&code).await.unwrap();
    assert_eq!(
        first.persons, again.persons,
        "the same person, not a second one"
    );
    assert_eq!(phone.app.persons().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_cannot_be_used_says_why() {
    let clinic = TestClinic::start().await;
    let (first, second) = (TestPhone::new(), TestPhone::new());
    let code = clinic.enrolment(&[EMPTY_PATIENT]);
    first.app.enrol(&code).await.unwrap();
    assert_eq!(
        refusal(second.app.enrol(&code).await.unwrap_err()),
        EnrolmentRefusal::Used
    );
    for (text, expected) in [
        ("", EnrolmentRefusal::NotOurs),
        ("https://benhvien.example/qr", EnrolmentRefusal::NotOurs),
        (
            "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F",
            EnrolmentRefusal::NotOurs,
        ),
        (&code[..code.len() - 8], EnrolmentRefusal::Altered),
        (
            &code.replacen("SK1E:", "SK1E:0", 1),
            EnrolmentRefusal::Altered,
        ),
    ] {
        assert_eq!(
            refusal(second.app.enrol(text).await.unwrap_err()),
            expected,
            "{text}"
        );
    }
    assert!(second.app.persons().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_clinic_is_not_answered_by_this_one() {
    // A code that names this clinic's address but was signed by another: the key must not be taken over.
    let (here, elsewhere) = (TestClinic::start().await, TestClinic::start().await);
    let forged = elsewhere
        .clinic
        .issue_enrolment(
            &[EMPTY_PATIENT.to_owned()],
            std::time::Duration::from_secs(600),
            &here.url,
        )
        .unwrap()
        .text;
    let phone = TestPhone::new();
    assert_eq!(
        refusal(phone.app.enrol(&forged).await.unwrap_err()),
        EnrolmentRefusal::Unknown
    );
    assert!(phone.app.clinics().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clinic_that_is_not_there_is_offline() {
    let mut clinic = TestClinic::start().await;
    let code = clinic.enrolment(&[EMPTY_PATIENT]);
    clinic.stop().await;
    let phone = TestPhone::new();
    assert_eq!(phone.app.enrol(&code).await.unwrap_err(), AppError::Offline);
}
