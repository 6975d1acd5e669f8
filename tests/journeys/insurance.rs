//! What health insurance would pay, as the book and the clinic tell it.

use std::time::Duration;

use sokhoe_app::domain::Vnd;
use sokhoe_app::{
    EstimateView, FindSlotsRequest, FindTripRequest, Paper, SlotView, TripMemberRequest, VisitKind,
};
use sokhoe_testing::Cut;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone, now};

/// Registered at the hospital, at a level that pays 95 %.
const MOTHER: &str = "bn-000001";
/// Without a card.
const STRANGER: &str = "bn-000004";

async fn found(phone: &TestPhone, person: &str, has_referral: bool) -> SlotView {
    let request = FindSlotsRequest {
        person_id: person.to_owned(),
        clinic_id: phone.app.clinics().unwrap()[0].id.clone(),
        service_id: Some("kham-mat".to_owned()),
        from: now(),
        to: now().plus(Duration::from_secs(30 * 86_400)),
        limit: 1,
        criteria: None,
        has_referral,
    };
    phone.app.find_slots(request).await.unwrap().remove(0)
}

async fn estimate(phone: &TestPhone, person: &str, has_referral: bool) -> EstimateView {
    found(phone, person, has_referral).await.estimate.unwrap()
}

fn parts(estimate: &EstimateView) -> Option<(i64, i64)> {
    Some((estimate.insurance_pays?.dong(), estimate.remains?.dong()))
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_told_what_their_card_would_pay_or_why_that_is_not_known() {
    let clinic = TestClinic::start().await;
    let phone = TestPhone::new();
    let mut people = Vec::new();
    for patient in [MOTHER, EMPTY_PATIENT, NEIGHBOUR, STRANGER] {
        let person = phone.enrol(&clinic, patient).await.persons[0].id.clone();
        phone.app.sync(&person).await.unwrap();
        people.push(person);
    }
    let [mother, son, neighbour, stranger] = &people[..] else {
        panic!("four people");
    };
    let at_home = estimate(&phone, mother, false).await;
    assert_eq!(parts(&at_home), Some((45_000, 105_000)));
    assert!(at_home.text.contains("95% only"), "{}", at_home.text);
    // Only the number is known: neither where it is registered nor until when it is valid.
    let by_number = estimate(&phone, son, false).await;
    assert_eq!(parts(&by_number), Some((18_000, 132_000)));
    assert!(
        by_number.text.contains("is not known"),
        "{}",
        by_number.text
    );
    let elsewhere = estimate(&phone, neighbour, false).await;
    assert_eq!(parts(&elsewhere), Some((18_000, 132_000)));
    assert!(elsewhere.text.contains("Wrong route"), "{}", elsewhere.text);
    let referred = estimate(&phone, neighbour, true).await;
    assert_eq!(parts(&referred), Some((45_000, 105_000)));
    assert!(
        referred.text.contains("Bring that slip"),
        "{}",
        referred.text
    );
    let nobody = estimate(&phone, stranger, false).await;
    assert_eq!(parts(&nobody), None);
    assert!(nobody.text.contains("no card"), "{}", nobody.text);

    // Two of them on one trip: what remains to both.
    let member = |person: &String| TripMemberRequest {
        person_id: person.clone(),
        service_id: Some("kham-mat".to_owned()),
        criteria: None,
        has_referral: false,
    };
    let trip = FindTripRequest {
        clinic_id: phone.app.clinics().unwrap()[0].id.clone(),
        members: vec![member(mother), member(neighbour)],
        from: now(),
        to: now().plus(Duration::from_secs(30 * 86_400)),
        side_by_side: false,
        limit: 1,
    };
    let trip = phone.app.find_trip(trip).await.unwrap().remove(0);
    assert_eq!(trip.remains, Some(Vnd::new(105_000 + 132_000)));
    assert!(trip.text.contains("237.000 đ remain"), "{}", trip.text);

    // The slip is named among what to bring, without a network, too; and the clinic's invoice is what counts.
    let slot = found(&phone, neighbour, true).await;
    let booking = phone.book(neighbour, slot).await.unwrap();
    phone.app.sync(neighbour).await.unwrap();
    let invoice = phone.app.invoices(neighbour).unwrap().remove(0);
    assert_eq!(invoice.amount, Vnd::new(105_000));
    phone.network.cut(Cut::NoNetwork);
    let phone = phone.restarted();
    let papers = phone.app.papers(neighbour, &booking.id, VisitKind::First);
    let named: Vec<_> = papers.unwrap().into_iter().map(|it| it.paper).collect();
    let wanted = [Paper::Identity, Paper::InsuranceCard, Paper::Referral];
    assert!(named.starts_with(&wanted), "{named:?}");

    // A clinic that tells nothing.
    clinic.clinic.set_insurance(None).unwrap();
    phone.network.cut(Cut::Whole);
    phone.app.network_is_back();
    let silent = estimate(&phone, mother, false).await;
    assert!(silent.text.contains("does not tell"), "{}", silent.text);
    assert_eq!(found(&phone, stranger, false).await.estimate, None);
}
