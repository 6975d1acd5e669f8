//! What a person writes reaches the clinic once, whole, and over nobody's head.

use sokhoe_app::{
    AppError, BrowseRequest, ChangeContactRequest, EntryView, Keep, Measure, RecordReadingRequest,
    SyncStatus,
};
use sokhoe_clinic::ImportOptions;
use sokhoe_testing::Cut;
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

fn reading(person: &str, measure: Measure, values: &[f64]) -> RecordReadingRequest {
    RecordReadingRequest {
        person_id: person.to_owned(),
        clinic_id: None,
        measure,
        values: values.to_vec(),
        at: None,
    }
}

fn number(person: &str, phone: &str) -> ChangeContactRequest {
    ChangeContactRequest {
        person_id: person.to_owned(),
        clinic_id: None,
        phones: Some(vec![phone.to_owned()]),
        address: None,
    }
}

fn rows(phone: &TestPhone, person: &str, text: &str) -> Vec<EntryView> {
    let request = BrowseRequest {
        person_id: person.to_owned(),
        text: text.to_owned(),
        section: None,
        clinic_id: None,
        from: None,
        to: None,
        cursor: None,
        limit: 50,
    };
    phone.app.browse(request).unwrap().rows
}

fn status(row: &EntryView) -> Option<SyncStatus> {
    row.sync.as_ref().map(|sync| sync.status)
}

/// Observations of the clinic's, counted in its database.
fn readings_at_clinic(clinic: &TestClinic) -> i64 {
    let database = rusqlite::Connection::open(clinic.database()).unwrap();
    let count = "SELECT count(*) FROM resource WHERE type = 'Observation' AND json IS NOT NULL";
    database.query_row(count, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_goes_to_the_clinic_and_to_the_other_phone() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let row = phone
        .app
        .record_reading(reading(&person, Measure::BloodPressure, &[135.0, 82.0]))
        .await
        .unwrap();
    assert_eq!(
        (row.title.as_str(), row.detail.as_str()),
        ("Huyết áp", "135/82 mmHg")
    );
    assert_eq!(row.sync, None, "the clinic has it");
    assert_eq!(readings_at_clinic(&clinic), 1);
    let (other, same_person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    other.app.sync(&same_person).await.unwrap();
    assert_eq!(rows(&other, &same_person, "blood pressure").len(), 1);
    // The feed brings it back to the phone that wrote it: still one.
    phone.app.sync(&person).await.unwrap();
    assert_eq!(rows(&phone, &person, "blood pressure").len(), 1);
    let trend = phone
        .app
        .trend(&person, &row.trend_code.unwrap(), 10)
        .unwrap();
    assert_eq!(trend.points.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_wait_without_a_network_and_survive_a_lost_answer_without_doubling() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.network.cut(Cut::NoNetwork);
    let row = phone
        .app
        .record_reading(reading(&person, Measure::Weight, &[51.5]))
        .await
        .unwrap();
    assert_eq!(status(&row), Some(SyncStatus::Waiting));
    assert!(row.sync.unwrap().text.contains("Waiting"));
    assert_eq!(phone.app.sync(&person).await, Err(AppError::Offline));
    let phone = phone.restarted();
    assert_eq!(
        status(&rows(&phone, &person, "weight")[0]),
        Some(SyncStatus::Waiting)
    );
    phone.network.cut(Cut::AnswerLost);
    let row = phone
        .app
        .record_reading(reading(&person, Measure::Glucose, &[7.8]))
        .await
        .unwrap();
    // The first of both arrived; the clinic was then taken for one that does not answer.
    assert_eq!(readings_at_clinic(&clinic), 1);
    assert_eq!(
        status(&rows(&phone, &person, "weight")[0]),
        Some(SyncStatus::Sending)
    );
    assert_eq!(status(&row), Some(SyncStatus::Waiting));
    let state = phone.app.sync_state(&person).unwrap().remove(0);
    assert_eq!((state.waiting, state.sending), (2, 1));
    let state = rows(&phone, &person, "weight")[0].sync.clone().unwrap();
    let refused = phone.app.take_back(&person, &state.id).unwrap_err();
    assert!(
        matches!(refused, AppError::Validation { .. }),
        "it may have arrived"
    );
    let phone = phone.restarted();
    phone.network.cut(Cut::Whole);
    let synced = phone.app.sync(&person).await.unwrap();
    assert_eq!((synced.settled, synced.waiting), (2, 0));
    assert_eq!(readings_at_clinic(&clinic), 2, "not three");
    assert_eq!(rows(&phone, &person, "").len(), 2);
    assert!(
        rows(&phone, &person, "")
            .iter()
            .all(|row| row.sync.is_none())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_arrives_twice_makes_one_reading() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.network.cut(Cut::Twice);
    let row = phone
        .app
        .record_reading(reading(&person, Measure::Pulse, &[72.0]))
        .await
        .unwrap();
    phone.network.cut(Cut::Whole);
    phone.app.sync(&person).await.unwrap();
    assert_eq!(row.title, "Nhịp tim");
    assert_eq!(readings_at_clinic(&clinic), 1);
    assert_eq!(rows(&phone, &person, "").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_is_not_kept() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let mistyped = reading(&person, Measure::Temperature, &[366.0]);
    let error = phone.app.record_reading(mistyped).await.unwrap_err();
    assert!(matches!(error, AppError::Validation { field, .. } if field == "temperature"));
    assert_eq!(rows(&phone, &person, "").len(), 0);
}

/// Two phones that know the same and are both without a network.
async fn two_phones(clinic: &TestClinic) -> ((TestPhone, String), (TestPhone, String)) {
    let mothers = TestPhone::enrolled(clinic, EMPTY_PATIENT).await;
    let sons = TestPhone::enrolled(clinic, EMPTY_PATIENT).await;
    for (phone, person) in [&mothers, &sons] {
        phone.app.sync(person).await.unwrap();
        phone.network.cut(Cut::NoNetwork);
    }
    (mothers, sons)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_change_the_same_number_without_a_network() {
    for keep in [Keep::Mine, Keep::Clinics] {
        let clinic = TestClinic::start().await;
        let ((mother, her), (son, his)) = two_phones(&clinic).await;
        let view = mother
            .app
            .change_contact(number(&her, "0911111111"))
            .await
            .unwrap();
        assert_eq!(view.phones, ["0911111111"], "shown at once");
        assert_eq!(view.sync.unwrap().status, SyncStatus::Waiting);
        son.app
            .change_contact(number(&his, "0922222222"))
            .await
            .unwrap();
        mother.network.cut(Cut::Whole);
        mother.app.sync(&her).await.unwrap();
        assert_eq!(mother.app.contact(&her, None).unwrap().sync, None);
        // The son comes later: the clinic has hers, his is kept beside it.
        son.network.cut(Cut::Whole);
        son.app.sync(&his).await.unwrap();
        let view = son.app.contact(&his, None).unwrap();
        assert_eq!(view.phones, ["0911111111"]);
        assert_eq!(view.sync.unwrap().status, SyncStatus::Conflict);
        let state = son.app.sync_state(&his).unwrap().remove(0);
        assert_eq!((state.conflicts, state.waiting, state.refused), (1, 0, 0));
        let kinds: Vec<_> = son
            .app
            .events(&his)
            .unwrap()
            .into_iter()
            .map(|e| e.kind)
            .collect();
        assert_eq!(kinds, ["change-conflict"], "told once");
        let son = son.restarted();
        let conflict = son.app.conflicts(&his).unwrap().remove(0);
        let part = &conflict.parts[0];
        assert_eq!(
            (
                part.what.as_str(),
                part.mine.as_str(),
                part.clinics.as_str()
            ),
            ("Telephone, e-mail", "0922222222", "0911111111")
        );
        son.app
            .settle_conflict(&his, &conflict.id, keep)
            .await
            .unwrap();
        assert_eq!(son.app.conflicts(&his).unwrap(), []);
        let again = son.app.settle_conflict(&his, &conflict.id, keep).await;
        assert!(matches!(again, Err(AppError::NotFound { .. })));
        mother.app.sync(&her).await.unwrap();
        let expected = match keep {
            Keep::Mine => ["0922222222"],
            Keep::Clinics => ["0911111111"],
        };
        for (phone, person) in [(&mother, &her), (&son, &his)] {
            let view = phone.app.contact(person, None).unwrap();
            assert_eq!(
                (view.phones.as_slice(), view.sync),
                (&expected.map(str::to_owned)[..], None)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_different_things_meet_without_a_question() {
    let clinic = TestClinic::start().await;
    let ((mother, her), (son, his)) = two_phones(&clinic).await;
    mother
        .app
        .change_contact(number(&her, "0911111111"))
        .await
        .unwrap();
    let address = ChangeContactRequest {
        phones: None,
        address: Some("Bản Hua Tạt, Sơn La".to_owned()),
        ..number(&his, "")
    };
    son.app.change_contact(address).await.unwrap();
    // Meanwhile the clinic mends a fact of its own, on the version that both phones began from.
    let patient = {
        let database = rusqlite::Connection::open(clinic.database()).unwrap();
        let find = "SELECT json FROM resource WHERE type = 'Patient' AND id = ?1";
        let json: String = database
            .query_row(find, [EMPTY_PATIENT], |row| row.get(0))
            .unwrap();
        json.replacen(
            r#""resourceType":"Patient""#,
            r#""resourceType":"Patient","active":true"#,
            1,
        )
    };
    clinic
        .clinic
        .import_reader(
            "one.json",
            &mut patient.as_bytes(),
            &ImportOptions::default(),
        )
        .unwrap();
    for (phone, person) in [(&mother, &her), (&son, &his), (&mother, &her)] {
        phone.network.cut(Cut::Whole);
        phone.app.sync(person).await.unwrap();
    }
    for (phone, person) in [(&mother, &her), (&son, &his)] {
        let view = phone.app.contact(person, None).unwrap();
        assert_eq!(view.phones, ["0911111111"]);
        assert_eq!(
            (view.address.as_str(), view.sync),
            ("Bản Hua Tạt, Sơn La", None)
        );
        assert_eq!(phone.app.conflicts(person).unwrap(), []);
    }
    let database = rusqlite::Connection::open(clinic.database()).unwrap();
    let json: String = database
        .query_row(
            "SELECT json FROM resource WHERE type = 'Patient' AND id = ?1",
            [EMPTY_PATIENT],
            |row| row.get(0),
        )
        .unwrap();
    assert!(json.contains(r#""active":true"#), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_moves_to_a_new_phone_and_arrives_once() {
    let clinic = TestClinic::start().await;
    let (old, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    old.app.sync(&person).await.unwrap();
    old.network.cut(Cut::AnswerLost);
    let weight = reading(&person, Measure::Weight, &[51.5]);
    old.app.record_reading(weight).await.unwrap();
    old.network.cut(Cut::NoNetwork);
    let change = number(&person, "0911111111");
    old.app.change_contact(change).await.unwrap();
    let new = TestPhone::new();
    let request = new.app.begin_move().unwrap();
    for parcel in old.app.answer_move(&request.qr_text).unwrap() {
        new.app.take_parcel(&parcel).unwrap();
    }
    let new = new.restarted();
    let row = rows(&new, &person, "").remove(0);
    assert_eq!(
        status(&row),
        Some(SyncStatus::Sending),
        "it may have arrived"
    );
    let synced = new.app.sync(&person).await.unwrap();
    assert_eq!((synced.settled, synced.waiting), (2, 0));
    // The old phone comes in again, and sends what it has still.
    old.network.cut(Cut::Whole);
    old.enrol(&clinic, EMPTY_PATIENT).await;
    old.app.sync(&person).await.unwrap();
    assert_eq!(readings_at_clinic(&clinic), 1);
    for phone in [&old, &new] {
        assert_eq!(rows(phone, &person, "").len(), 1);
        let view = phone.app.contact(&person, None).unwrap();
        assert_eq!(
            (view.phones.as_slice(), view.sync),
            (&["0911111111".to_owned()][..], None)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_clinic_refuses_is_told_and_taken_back() {
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    let before = phone.app.contact(&person, None).unwrap();
    phone.network.cut(Cut::NoNetwork);
    let change = number(&person, "0911111111");
    phone.app.change_contact(change).await.unwrap();
    let weight = reading(&person, Measure::Weight, &[51.5]);
    phone.app.record_reading(weight).await.unwrap();
    // The clinic no longer keeps a record of this person for this phone.
    let database = rusqlite::Connection::open(clinic.database()).unwrap();
    database.execute("DELETE FROM access_grant", []).unwrap();
    phone.network.cut(Cut::Whole);
    let _not_enrolled = phone.app.sync(&person).await;
    let row = rows(&phone, &person, "").remove(0);
    let refused = row.sync.unwrap();
    assert_eq!(refused.status, SyncStatus::Refused);
    let state = phone.app.sync_state(&person).unwrap().remove(0);
    assert_eq!((state.refused, state.waiting, state.conflicts), (2, 0, 0));
    let kinds: Vec<_> = phone
        .app
        .events(&person)
        .unwrap()
        .into_iter()
        .map(|e| e.kind)
        .collect();
    assert_eq!(kinds, ["change-refused"; 2]);
    phone.app.take_back(&person, &refused.id).unwrap();
    assert_eq!(rows(&phone, &person, "").len(), 0);
    let view = phone.app.contact(&person, None).unwrap();
    assert_eq!(view.phones, ["0911111111"], "still shown");
    phone
        .app
        .take_back(&person, &view.sync.unwrap().id)
        .unwrap();
    assert_eq!(phone.app.contact(&person, None).unwrap(), before);
    let again = phone.app.take_back(&person, &refused.id);
    assert!(matches!(again, Err(AppError::NotFound { .. })));
}
