//! A phone comes in by its person's sign-in in the browser: the app may be ended meanwhile, and nobody else's answer counts.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{AppError, EnrolmentRefusal, SystemClock};
use sokhoe_clinic::SignIn;
use sokhoe_testing::Cut;
use sokhoe_tests::browser::Browser;
use sokhoe_tests::openid_provider::Provider;
use sokhoe_tests::shifted_clock::ShiftedClock;
use sokhoe_tests::{EMPTY_PATIENT, NEIGHBOUR, TestClinic, TestPhone};
use url::Url;

/// Of the patient whose book is empty.
const CITIZEN: &str = "011084000456";

/// A clinic whose provider says that everybody is this person, or this error.
async fn clinic(citizen: &str, says: &'static str) -> TestClinic {
    let issuer = Provider::serve(citizen, says).await;
    let config = json!({"provider": {
        "issuer": issuer, "client_id": "clinic", "client_secret": "s", "identifier_claim": "cccd",
    }});
    let sign_in = SignIn::from_json(&config.to_string()).unwrap();
    TestClinic::start_with(Arc::new(SystemClock), Some(sign_in)).await
}

fn reason<T: std::fmt::Debug>(result: Result<T, AppError>) -> EnrolmentRefusal {
    match result {
        Err(AppError::Enrolment { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Where the browser ends.
async fn browse(url: &str) -> String {
    let page = Browser::default().open(url).await;
    assert!(page.is_app(), "{page:?}");
    page.url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_may_be_ended_while_the_browser_is_open() {
    let clinic = clinic(CITIZEN, "").await;
    let phone = TestPhone::new();
    let begun = phone
        .app
        .begin_sign_in(&format!(" {}/ ", clinic.url))
        .await
        .unwrap();
    assert_eq!(begun.clinic_name, clinic.clinic.name());
    assert_eq!(begun.callback_scheme, "vn.sokhoe");
    let end = browse(&begun.url).await;
    // The system ended the app meanwhile.
    let phone = phone.restarted();
    // The answer is lost on its way: asked again, it is the same.
    phone.network.cut(Cut::AnswerLost);
    let offline = phone.app.finish_sign_in(&end).await;
    assert_eq!(offline.unwrap_err(), AppError::Offline);
    assert!(phone.app.persons().unwrap().is_empty());
    phone.network.cut(Cut::Whole);
    let enrolled = phone.app.finish_sign_in(&end).await.unwrap();
    assert_eq!(enrolled.clinic.name, clinic.clinic.name());
    assert_eq!(enrolled.persons.len(), 1);
    let person = &enrolled.persons[0].id;
    phone.app.sync(person).await.unwrap();
    let times = phone.free_times(person, 1).await;
    phone.book(person, times[0].clone()).await.unwrap();
    // It is over: another time it brings nobody in.
    assert_eq!(
        reason(phone.app.finish_sign_in(&end).await),
        EnrolmentRefusal::NotBegun
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_on_the_phone_stays_on_it() {
    let clinic = clinic(CITIZEN, "").await;
    let (phone, neighbour) = TestPhone::enrolled(&clinic, NEIGHBOUR).await;
    phone.app.sync(&neighbour).await.unwrap();
    let begun = phone.app.begin_sign_in(&clinic.url).await.unwrap();
    let end = browse(&begun.url).await;
    let enrolled = phone.app.finish_sign_in(&end).await.unwrap();
    assert_eq!(enrolled.persons.len(), 1);
    for person in phone.app.persons().unwrap() {
        phone.app.sync(&person.id).await.unwrap();
    }
    assert_eq!(phone.app.persons().unwrap().len(), 2);
    // And by the counter again, as ever.
    phone.enrol(&clinic, EMPTY_PATIENT).await;
    assert_eq!(phone.app.persons().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_phones_own_sign_in_counts() {
    let clinic = clinic(CITIZEN, "").await;
    let (phone, other) = (TestPhone::new(), TestPhone::new());
    let begun = phone.app.begin_sign_in(&clinic.url).await.unwrap();
    let end = browse(&begun.url).await;
    // Somebody else's phone: login CSRF, or a redirect that another app caught.
    let others = other.app.begin_sign_in(&clinic.url).await.unwrap();
    assert_eq!(
        reason(other.app.finish_sign_in(&end).await),
        EnrolmentRefusal::NotBegun
    );
    // This phone's code under the other's state: the key is another.
    let of = |url: &str, name: &str| {
        let url = Url::parse(url).unwrap();
        let mut pairs = url.query_pairs();
        pairs.find(|(it, _)| it == name).unwrap().1.into_owned()
    };
    let bent = end.replace(&of(&end, "state"), &of(&others.url, "state"));
    assert_eq!(
        reason(other.app.finish_sign_in(&bent).await),
        EnrolmentRefusal::Expired
    );
    assert!(other.app.persons().unwrap().is_empty());
    // Another clinic's answer, or nobody's (mix-up).
    let encoded =
        |url: &str| url::form_urlencoded::byte_serialize(url.as_bytes()).collect::<String>();
    let issuer = format!("&iss={}", encoded(&clinic.url));
    assert!(end.contains(&issuer), "{end}");
    for iss in ["", "&iss=", "&iss=https%3A%2F%2Fevil.example"] {
        let bent = end.replace(&issuer, iss);
        assert_eq!(
            reason(phone.app.finish_sign_in(&bent).await),
            EnrolmentRefusal::OtherClinic
        );
    }
    for foreign in [
        "",
        "https://evil.example/?code=x&state=y",
        &end.replace("vn.sokhoe:", "vn.other:"),
        &format!("{end}&state=twice"),
    ] {
        assert_eq!(
            reason(phone.app.finish_sign_in(foreign).await),
            EnrolmentRefusal::NotOurs
        );
    }
    let unknown = end.replace(&of(&end, "state"), &URL_SAFE_NO_PAD.encode([7; 32]));
    assert_eq!(
        reason(phone.app.finish_sign_in(&unknown).await),
        EnrolmentRefusal::NotBegun
    );
    assert!(phone.app.persons().unwrap().is_empty());
    // None of it ended what the phone began.
    phone.app.finish_sign_in(&end).await.unwrap();
    // Begun twice, only the second counts.
    let phone = TestPhone::new();
    let first = browse(&phone.app.begin_sign_in(&clinic.url).await.unwrap().url).await;
    let second = browse(&phone.app.begin_sign_in(&clinic.url).await.unwrap().url).await;
    assert_eq!(
        reason(phone.app.finish_sign_in(&first).await),
        EnrolmentRefusal::NotBegun
    );
    phone.app.finish_sign_in(&second).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_what_to_do() {
    for (citizen, says, expected) in [
        ("999999999999", "", EnrolmentRefusal::CounterRequired),
        (CITIZEN, "access_denied", EnrolmentRefusal::Declined),
        (
            CITIZEN,
            "unmet_authentication_requirements",
            EnrolmentRefusal::TooWeak,
        ),
        (CITIZEN, "server_error", EnrolmentRefusal::Unavailable),
    ] {
        let clinic = clinic(citizen, says).await;
        let phone = TestPhone::new();
        let begun = phone.app.begin_sign_in(&clinic.url).await.unwrap();
        let end = browse(&begun.url).await;
        let refused = phone.app.finish_sign_in(&end).await.unwrap_err();
        assert_eq!(refused, AppError::Enrolment { reason: expected });
        let words = phone.app.words_for(&refused);
        assert!(!words.contains("error-"), "{words}");
        assert!(phone.app.persons().unwrap().is_empty());
        assert_eq!(
            reason(phone.app.finish_sign_in(&end).await),
            EnrolmentRefusal::NotBegun
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clinic_must_offer_it_and_be_itself() {
    let phone = TestPhone::new();
    let without = TestClinic::start().await;
    assert_eq!(
        reason(phone.app.begin_sign_in(&without.url).await),
        EnrolmentRefusal::NotOffered
    );
    for bad in ["", "clinic.example", "http://clinic.example"] {
        let refused = phone.app.begin_sign_in(bad).await.unwrap_err();
        assert!(
            matches!(refused, AppError::Validation { .. }),
            "{refused:?}"
        );
    }
    // Under another address it says to be another.
    let clinic = clinic(CITIZEN, "").await;
    let elsewhere = clinic.url.replace("127.0.0.1", "localhost");
    let refused = phone.app.begin_sign_in(&elsewhere).await.unwrap_err();
    assert!(matches!(refused, AppError::BadAnswer { .. }), "{refused:?}");
    // What was begun is over after an hour.
    let begun = phone.app.begin_sign_in(&clinic.url).await.unwrap();
    let end = browse(&begun.url).await;
    let later = SystemClock.now().plus(Duration::from_secs(3_601));
    let phone = phone.restarted_under(Arc::new(ShiftedClock::at(&later.to_fhir())));
    assert_eq!(
        reason(phone.app.finish_sign_in(&end).await),
        EnrolmentRefusal::NotBegun
    );
}
