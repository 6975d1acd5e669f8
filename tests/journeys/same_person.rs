//! One person whom two clinics know.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_app::domain::{GrantScope, SamePersonProof};
use sokhoe_app::{
    AppError, BookingStatus, BookingView, FindSlotsRequest, NewDocumentView, SamePersonView,
};
use sokhoe_clinic::ImportOptions;
use sokhoe_testing::Cut;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone, now};

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

/// A phone that has the same patient of two clinics, and what it asks.
async fn twice(clinics: [&TestClinic; 2]) -> (TestPhone, SamePersonView) {
    let phone = TestPhone::new();
    for clinic in clinics {
        comes_in(&phone, clinic, EMPTY_PATIENT).await;
    }
    let found = phone.app.same_persons().unwrap().remove(0);
    (phone, found)
}

/// Books the first time at the person's first clinic that nobody else needs.
async fn books(phone: &TestPhone, person: &str, number: usize) -> BookingView {
    let persons = phone.app.persons().unwrap();
    let of = persons.iter().find(|it| it.id == person).unwrap();
    let request = FindSlotsRequest {
        person_id: person.to_owned(),
        clinic_id: of.clinic_ids[0].clone(),
        service_id: None,
        from: now().plus(Duration::from_secs(86_400)),
        to: now().plus(Duration::from_secs(7 * 86_400)),
        limit: 100,
        criteria: None,
        has_referral: false,
    };
    let slot = phone.app.find_slots(request).await.unwrap().remove(number);
    phone.network.cut(Cut::NoNetwork);
    let booking = phone.book(person, slot).await.unwrap();
    phone.network.cut(Cut::Whole);
    assert_eq!(booking.status, BookingStatus::WaitingForNetwork);
    booking
}

/// What a clinic says of a patient who is seeded there.
fn says(clinic: &TestClinic, patient: &str, identifiers: &[(&str, &str)], birth_date: &str) {
    let identifiers: Vec<Value> = identifiers
        .iter()
        .map(|(kind, value)| {
            let system = format!("http://fhir.hl7.org.vn/core/sid/{kind}");
            json!({"system": system, "value": value})
        })
        .collect();
    let patient = json!({
        "resourceType": "Patient", "id": patient, "name": [{"text": "Lò Văn Nam"}],
        "birthDate": birth_date, "identifier": identifiers,
    });
    let options = ImportOptions::default();
    let text = patient.to_string();
    let report = clinic
        .clinic
        .import_reader("patient", &mut text.as_bytes(), &options);
    assert!(report.unwrap().skipped.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_yet_keeps_a_book_from_going() {
    let (hospital, station) = (TestClinic::start().await, TestClinic::start().await);
    let (phone, asked) = twice([&hospital, &station]).await;
    let (keep, goes) = (&*asked.person_id, &*asked.other_id);
    let before = phone.app.persons().unwrap();
    let kept = books(&phone, keep, 0).await;
    let going = books(&phone, goes, 9).await;

    let refused = phone.app.unite_persons(keep, goes).await;
    assert_eq!(refused, Err(AppError::Unsent { count: 1 }));
    assert_eq!(phone.app.persons().unwrap(), before);
    assert_eq!(
        phone.app.same_persons().unwrap(),
        std::slice::from_ref(&asked)
    );
    let waits = phone.app.booking(goes, &going.id).unwrap();
    assert_eq!(waits.status, BookingStatus::WaitingForNetwork);

    // What waits in the book that stays is in nobody's way.
    phone.app.sync(goes).await.unwrap();
    let news = |person: &str| {
        let events = phone.app.events(person).unwrap();
        let news = events
            .into_iter()
            .map(|it| (it.kind, it.subject, it.at))
            .collect::<Vec<_>>();
        assert!(!news.is_empty());
        news
    };
    let untold = news(goes);
    let one = phone.app.unite_persons(keep, goes).await.unwrap();
    assert_eq!(one.clinic_ids.len(), 2);
    // Until somebody says that they saw it.
    assert!(untold.iter().all(|it| news(&one.id).contains(it)));
    let synced = phone.app.sync(&one.id).await.unwrap();
    assert!(synced.finished && synced.waiting == 0, "{synced:?}");
    for booking in [&kept, &going] {
        let there = phone.app.booking(&one.id, &booking.id).unwrap();
        assert_eq!(there.status, BookingStatus::Confirmed);
        assert_eq!(there.start, booking.start);
    }

    // And back: the booking goes with its clinic.
    let parted = phone
        .app
        .part_person(&one.id, &going.clinic_id, 0)
        .await
        .unwrap();
    phone.app.sync(&parted.id).await.unwrap();
    let bookings = |person: &str| {
        let bookings = phone.app.bookings(person).unwrap();
        bookings.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(bookings(&one.id), [kept.id]);
    assert_eq!(bookings(&parted.id), [going.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_clinic_that_goes_keeps_it_from_parting() {
    let (hospital, station) = (TestClinic::start().await, TestClinic::start().await);
    let (phone, asked) = twice([&hospital, &station]).await;
    let one = phone
        .app
        .unite_persons(&asked.person_id, &asked.other_id)
        .await
        .unwrap();
    phone.app.sync(&one.id).await.unwrap();
    let booking = books(&phone, &one.id, 0).await;
    let clinic = booking.clinic_id.clone();
    let refused = phone.app.part_person(&one.id, &clinic, 0).await;
    assert_eq!(refused, Err(AppError::Unsent { count: 1 }));
    assert_eq!(phone.app.persons().unwrap(), std::slice::from_ref(&one));
    phone.app.booking(&one.id, &booking.id).unwrap();
    // Whoever knows of it loses it.
    let parted = phone.app.part_person(&one.id, &clinic, 1).await.unwrap();
    phone.app.sync(&parted.id).await.unwrap();
    assert_eq!(phone.app.bookings(&parted.id).unwrap(), []);
    assert_eq!(phone.app.persons().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_this_phone_has_stays() {
    let (hospital, station) = (TestClinic::start().await, TestClinic::start().await);
    let (phone, asked) = twice([&hospital, &station]).await;
    let letter = |person: &str| {
        let about = NewDocumentView {
            title: "Giấy ra viện".to_owned(),
            content_type: "text/plain".to_owned(),
            created: None,
            size: None,
        };
        let entry = phone
            .app
            .add_document(person, about, &mut &b"Discharged"[..]);
        entry.unwrap()
    };
    let entry = letter(&asked.other_id);
    let found = phone.app.same_persons().unwrap().remove(0);
    assert_eq!(found.person_id, asked.other_id, "whoever has it is kept");
    let other_way = phone
        .app
        .unite_persons(&found.other_id, &found.person_id)
        .await;
    assert!(
        matches!(&other_way, Err(AppError::Validation { field, .. }) if field == "other_id"),
        "{other_way:?}"
    );
    assert_eq!(phone.app.persons().unwrap().len(), 2);
    // Where both have some, none may go, and nobody is asked what cannot be.
    let second = letter(&found.other_id);
    assert_eq!(phone.app.same_persons().unwrap(), []);
    phone.app.remove_document(&found.other_id, second).unwrap();

    let one = phone
        .app
        .unite_persons(&found.person_id, &found.other_id)
        .await
        .unwrap();
    phone.app.sync(&one.id).await.unwrap();
    let parted = phone
        .app
        .part_person(&one.id, &one.clinic_ids[0], 0)
        .await
        .unwrap();
    phone.app.sync(&parted.id).await.unwrap();
    let mut reader = phone.app.open_attachment(&one.id, entry, 0).unwrap();
    assert_eq!(reader.next_chunk().unwrap().unwrap(), b"Discharged");
    let elsewhere = phone.app.attachments(&parted.id, entry);
    assert!(elsewhere.is_err(), "{elsewhere:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_one_clinic_does_not_vouch_for_is_never_offered() {
    const CARD: (&str, &str) = ("bhyt", "HT3110112345678");
    let (hospital, station, clinic) = (
        TestClinic::start().await,
        TestClinic::start().await,
        TestClinic::start().await,
    );
    let phone = TestPhone::new();
    let mut people = Vec::new();
    for (at, cccd) in [
        (&hospital, Some("011156000123")),
        (&station, None),
        // The card of a brother, or a slip: two people, whatever else is the same.
        (&clinic, Some("011156000124")),
    ] {
        let mut known = vec![CARD];
        known.extend(cccd.map(|number| ("cccd", number)));
        says(at, EMPTY_PATIENT, &known, "1956-03-12");
        people.push(comes_in(&phone, at, EMPTY_PATIENT).await);
    }
    let [first, second, third] = &people[..] else {
        panic!("three people");
    };
    let offered = |phone: &TestPhone| -> Vec<[String; 2]> {
        let found = phone.app.same_persons().unwrap();
        let ids = found.into_iter().map(|it| [it.person_id, it.other_id]);
        ids.collect()
    };
    for pair in offered(&phone) {
        assert!(pair.contains(second), "by the card alone: {pair:?}");
    }
    let refused = phone.app.unite_persons(first, third).await;
    assert!(matches!(refused, Err(AppError::Validation { .. })));
    let one = phone.app.unite_persons(first, second).await.unwrap();
    phone.app.sync(&one.id).await.unwrap();
    // The card is still the same, and one of the two who are one is not the third.
    assert_eq!(offered(&phone), Vec::<[String; 2]>::new());
    for (keep, goes) in [(&one.id, third), (third, &one.id)] {
        let refused = phone.app.unite_persons(keep, goes).await;
        assert!(matches!(refused, Err(AppError::Validation { .. })));
    }
    assert_eq!(phone.app.persons().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_with_one_card_is_as_many_as_they_are() {
    let (hospital, station) = (TestClinic::start().await, TestClinic::start().await);
    let card = [("bhyt", "HT3110112345678")];
    let phone = TestPhone::new();
    says(&hospital, EMPTY_PATIENT, &card, "2024-03-12");
    says(&station, EMPTY_PATIENT, &card, "2021-07-01");
    let child = comes_in(&phone, &hospital, EMPTY_PATIENT).await;
    let brother = comes_in(&phone, &station, EMPTY_PATIENT).await;
    assert_eq!(phone.app.same_persons().unwrap(), []);
    // The clinic sets the day right: with the same day it is one child.
    says(&station, EMPTY_PATIENT, &card, "2024-03-12");
    phone.app.sync(&brother).await.unwrap();
    let found = phone.app.same_persons().unwrap().remove(0);
    assert_eq!(found.proof, SamePersonProof::Bhyt);
    assert!(
        found.text.contains("insurance number and day of birth"),
        "{}",
        found.text
    );
    phone.app.unite_persons(&child, &brother).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_book_is_mine_here_and_helped_there_is_never_mixed() {
    let (hospital, station) = (TestClinic::start().await, TestClinic::start().await);
    let phone = TestPhone::new();
    let mine = comes_in(&phone, &hospital, EMPTY_PATIENT).await;
    let invited = station.invites_a_helper(EMPTY_PATIENT, &GrantScope::ALL);
    let entered = phone.app.enrol(&invited.code.text).await.unwrap();
    let helped = entered.persons[0].id.clone();
    phone.app.sync(&helped).await.unwrap();
    let before = phone.app.persons().unwrap();
    assert_eq!(before.len(), 2);
    assert_eq!(phone.app.same_persons().unwrap(), []);
    for (keep, goes) in [(&mine, &helped), (&helped, &mine)] {
        let refused = phone.app.unite_persons(keep, goes).await;
        assert!(
            matches!(refused, Err(AppError::Validation { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(phone.app.persons().unwrap(), before);
    let of = |id: &str| before.iter().find(|it| it.id == id).unwrap();
    assert!(of(&mine).helping.is_none() && of(&helped).helping.is_some());

    // It ends: what was helped is nobody's copy, and mine is as it was.
    station.clinic.end_grant(&invited.consent).unwrap();
    phone.app.sync(&helped).await.unwrap();
    assert_eq!(phone.app.same_persons().unwrap(), []);
    phone.app.sync(&mine).await.unwrap();
}

/// The counter takes back that the phone is the person's own there, and lets it help.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_helped_at_one_of_their_clinics_from_now_on_is_two_again() {
    let (hospital, station) = (TestClinic::start().await, TestClinic::start().await);
    let (phone, asked) = twice([&hospital, &station]).await;
    let one = phone
        .app
        .unite_persons(&asked.person_id, &asked.other_id)
        .await
        .unwrap();
    phone.app.sync(&one.id).await.unwrap();
    station.clinic.end_access(EMPTY_PATIENT, None).unwrap();
    let invited = station.invites_a_helper(EMPTY_PATIENT, &GrantScope::ALL);
    let entered = phone.app.enrol(&invited.code.text).await.unwrap();
    let helped = &entered.persons[0];
    assert_ne!(helped.id, one.id);
    assert!(helped.helping.is_some());
    let own = phone.app.persons().unwrap();
    let own = own.iter().find(|it| it.id == one.id).unwrap();
    assert!(own.helping.is_none(), "mine is under nobody's lease");
    assert_eq!((own.clinic_ids.len(), helped.clinic_ids.len()), (1, 1));
    assert_ne!(own.clinic_ids, helped.clinic_ids);
    let events = phone.app.events(&one.id).unwrap();
    assert_eq!(events.last().unwrap().kind, "access-ended");
    for person in [&one.id, &helped.id] {
        assert!(phone.app.sync(person).await.unwrap().finished);
    }
    assert_eq!(phone.app.same_persons().unwrap(), []);
}
