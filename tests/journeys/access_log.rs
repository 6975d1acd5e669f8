//! The mother's phone tells who looked at her book: her son's phone, the desk, a helper; and that the past was not changed.

use sokhoe_app::domain::GrantScope;
use sokhoe_app::{AccessLogView, AppError};
use sokhoe_testing::{Cut, Database};
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

async fn log(phone: &TestPhone, person: &str) -> AccessLogView {
    let clinic = phone.app.clinics().unwrap().remove(0);
    phone.app.access_log(person, &clinic.id).await.unwrap()
}

/// Who did this.
fn who(log: &AccessLogView, what: &str) -> Vec<String> {
    let did = log.entries.iter().filter(|one| one.what == what);
    did.map(|one| one.who.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mother_sees_who_looked() {
    let clinic = TestClinic::with_book().await;
    let (mothers, mother) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    let (sons, son) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    mothers.app.sync(&mother).await.unwrap();
    sons.app.sync(&son).await.unwrap();
    sons.app.sync(&son).await.unwrap();
    let slot = sons.free_times(&son, 1).await.remove(0);
    let day = slot.start.vietnam_day();
    sons.book(&son, slot).await.unwrap();
    assert_eq!(clinic.clinic.bookings_of_day(day).unwrap().len(), 1);
    let helpers = TestPhone::new();
    let invited = clinic.invites_a_helper(BOOK_PATIENT, &[GrantScope::SeeSummary]);
    let enrolled = helpers.app.enrol(&invited.code.text).await.unwrap();
    let helped = &enrolled.persons[0].id;
    helpers.app.sync(helped).await.unwrap();

    let seen = log(&mothers, &mother).await;
    assert_eq!((seen.is_old, &seen.mismatch), (false, &None));
    let updated = who(&seen, "brought the book up to date");
    assert!(updated.contains(&"This phone".to_owned()), "{updated:?}");
    assert!(
        updated.iter().any(|who| who.starts_with("The helper ")),
        "{updated:?}"
    );
    assert!(
        updated
            .iter()
            .any(|who| who.starts_with("The phone ") && who != "This phone"),
        "{updated:?}"
    );
    let booked = who(&seen, "booked a visit");
    assert!(booked.len() == 1 && booked[0] != "This phone", "{booked:?}");
    assert_eq!(
        who(&seen, "saw the name in a list"),
        ["The hospital's administrator"]
    );
    let often = seen.entries.iter().find(|one| one.count > 1).unwrap();
    assert!(often.text.ends_with(" times)."), "{}", often.text);
    // What is her son's phone to her is this phone to him.
    let theirs = log(&sons, &son).await;
    assert_eq!(who(&theirs, "booked a visit"), ["This phone"]);
    // Whoever sees the summary alone does not see who looked.
    let clinic_id = helpers.app.clinics().unwrap().remove(0).id;
    let nothing = helpers.app.access_log(helped, &clinic_id).await.unwrap();
    assert!(nothing.entries.is_empty());

    // Without a network it is what was proved last, and says so.
    mothers.network.cut(Cut::NoNetwork);
    let old = log(&mothers, &mother).await;
    assert!(old.is_old);
    assert_eq!(old.entries, seen.entries);
    helpers.network.cut(Cut::NoNetwork);
    let (strangers, _) = (TestPhone::new(), ());
    assert!(matches!(
        strangers.app.access_log(helped, &clinic_id).await,
        Err(AppError::NotFound { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_that_was_changed_is_told_and_what_was_proved_stays() {
    let clinic = TestClinic::with_book().await;
    let (phone, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&person).await.unwrap();
    let before = log(&phone, &person).await;
    assert!(before.mismatch.is_none() && !before.entries.is_empty());
    clinic.clinic.tend_access_log().unwrap();
    let database = Database::sqlite(clinic.database());
    database
        .execute(&format!(
            "UPDATE access_log_entry SET entry = replace(entry, '\"changes\"', '\"ticket\"')
             WHERE patient = '{BOOK_PATIENT}' AND entry LIKE '%\"changes\"%'"
        ))
        .unwrap();
    let after = log(&phone, &person).await;
    assert!(after.mismatch.is_some());
    assert_eq!(after.entries, before.entries, "what was proved stays");
    let told = |phone: &TestPhone| {
        let events = phone.app.events(&person).unwrap();
        let of_log = |kind: &str| kind == "access-log-mismatch";
        events.iter().filter(|event| of_log(&event.kind)).count()
    };
    assert_eq!(told(&phone), 1);
    // Once, however often it is looked at.
    log(&phone, &person).await;
    phone.app.sync(&person).await.unwrap();
    assert_eq!(told(&phone), 1);
}
