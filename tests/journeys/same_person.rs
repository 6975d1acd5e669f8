//! One person whom two clinics know.

use sokhoe_app::AppError;
use sokhoe_app::domain::SamePersonProof;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};

async fn comes_in(phone: &TestPhone, clinic: &TestClinic, patient: &str) -> String {
    let view = phone.enrol(clinic, patient).await;
    let person = view.persons[0].id.clone();
    phone.app.sync(&person).await.unwrap();
    person
}

#[tokio::test(flavor = "multi_thread")]
async fn two_books_become_one_when_both_clinics_vouch_for_it_and_two_again() {
    let (hospital, station) = (TestClinic::start().await, TestClinic::start().await);
    let phone = TestPhone::new();
    let mother = comes_in(&phone, &hospital, EMPTY_PATIENT).await;
    let neighbour = comes_in(&phone, &station, NEIGHBOUR).await;
    assert_eq!(phone.app.same_persons().unwrap(), [], "two people are two");
    let refused = phone.app.unite_persons(&mother, &neighbour).await;
    assert!(
        matches!(refused, Err(AppError::Validation { .. })),
        "{refused:?}"
    );

    let again = comes_in(&phone, &station, EMPTY_PATIENT).await;
    assert_ne!(again, mother, "nobody is another by a name");
    let found = phone.app.same_persons().unwrap().remove(0);
    assert_eq!(found.proof, SamePersonProof::Cccd);
    let mut both = [found.person_id.as_str(), found.other_id.as_str()];
    both.sort_unstable();
    let mut expected = [mother.as_str(), again.as_str()];
    expected.sort_unstable();
    assert_eq!(both, expected);

    let one = phone
        .app
        .unite_persons(&found.person_id, &found.other_id)
        .await
        .unwrap();
    assert_eq!(one.clinic_ids.len(), 2);
    assert_eq!(phone.app.persons().unwrap().len(), 2, "with the neighbour");
    assert_eq!(phone.app.same_persons().unwrap(), []);
    let synced = phone.app.sync(&one.id).await.unwrap();
    assert!(synced.finished);
    let phone = phone.restarted();
    assert_eq!(phone.app.persons().unwrap().len(), 2);

    let parted = phone
        .app
        .part_person(&one.id, &one.clinic_ids[1], 0)
        .await
        .unwrap();
    assert_eq!(parted.clinic_ids, one.clinic_ids[1..]);
    phone.app.sync(&parted.id).await.unwrap();
    assert_eq!(phone.app.persons().unwrap().len(), 3);
    let alone = phone
        .app
        .part_person(&parted.id, &parted.clinic_ids[0], 0)
        .await;
    assert!(matches!(alone, Err(AppError::Validation { .. })));
}
