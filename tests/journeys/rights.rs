//! A person asks what the law lets them ask of what a clinic keeps, also where there is no network.

use sokhoe_app::domain::rights::RightsRequest;
use sokhoe_app::{AppError, AskForRightsRequest, RightsRequestView};
use sokhoe_testing::Cut;
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

fn request(person: &str, what: RightsRequest) -> AskForRightsRequest {
    AskForRightsRequest {
        person_id: person.to_owned(),
        clinic_id: None,
        what,
        recipient: None,
        details: None,
        guardian: None,
        child_agrees: false,
    }
}

async fn ask(phone: &TestPhone, request: AskForRightsRequest) -> RightsRequestView {
    let words = phone.app.words_before_rights(&request).unwrap();
    phone.app.ask_for_rights(request, &words).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_without_a_network_is_received_later_and_followed_until_it_is_done() {
    let clinic = TestClinic::with_book().await;
    let (phone, mother) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&mother).await.unwrap();
    phone.network.cut(Cut::NoNetwork);
    let disclose = AskForRightsRequest {
        recipient: Some("Bảo hiểm An Tâm".to_owned()),
        ..request(&mother, RightsRequest::Disclose)
    };
    let words = phone.app.words_before_rights(&disclose).unwrap();
    assert!(words.contains("Bảo hiểm An Tâm"), "{words}");
    let other_words = phone.app.ask_for_rights(disclose.clone(), "yes").await;
    assert!(matches!(other_words, Err(AppError::Validation { .. })));
    for wrong in [
        request(&mother, RightsRequest::Disclose),
        request(&mother, RightsRequest::Correct),
        AskForRightsRequest {
            recipient: Some("Ai đó".to_owned()),
            ..request(&mother, RightsRequest::Copy)
        },
    ] {
        let refused = phone.app.words_before_rights(&wrong);
        assert!(matches!(refused, Err(AppError::Validation { .. })));
    }
    let correct = AskForRightsRequest {
        details: Some(" Không dị ứng penicillin ".to_owned()),
        ..request(&mother, RightsRequest::Correct)
    };
    let words = phone.app.words_before_rights(&correct).unwrap();
    assert!(words.contains("“Không dị ứng penicillin”"), "{words}");
    assert!(phone.app.rights_requests(&mother).unwrap().is_empty());
    let asked = ask(&phone, disclose).await;
    assert!(
        asked.received.is_none() && asked.sync.is_some(),
        "{asked:?}"
    );
    let phone = phone.restarted();
    let kept = phone.app.rights_requests(&mother).unwrap();
    assert_eq!(kept, std::slice::from_ref(&asked));

    phone.network.cut(Cut::Whole);
    phone.app.sync(&mother).await.unwrap();
    let known = phone.app.rights_requests(&mother).unwrap().remove(0);
    assert!(known.sync.is_none() && known.signature.is_some());
    assert!(known.received.is_some() && known.answered.is_none());
    let at_clinic = clinic.clinic.rights_requests(false).unwrap().remove(0);
    assert_eq!(at_clinic.id, asked.id);
    assert_eq!(at_clinic.recipient.as_deref(), Some("Bảo hiểm An Tâm"));

    let given = clinic.clinic.disclose_for(&asked.id, |_| true).unwrap();
    assert!(given.resources > 10);
    phone.app.sync(&mother).await.unwrap();
    let done = phone.app.rights_requests(&mother).unwrap().remove(0);
    assert!(done.done.is_some() && done.text != known.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_the_consent_back_keeps_the_receipt_and_nothing_else() {
    let clinic = TestClinic::with_book().await;
    let (phone, mother) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    let (other, same) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&mother).await.unwrap();
    other.app.sync(&same).await.unwrap();
    // The clinic received it, and its answer was lost.
    phone.network.cut(Cut::AnswerLost);
    let asked = ask(&phone, request(&mother, RightsRequest::Withdraw)).await;
    assert!(asked.received.is_none());
    phone.network.cut(Cut::Whole);
    let phone = phone.restarted();
    phone.app.sync(&mother).await.unwrap();
    let _may_be_waiting_for_its_pace = phone.app.sync(&mother).await;
    let events = phone.app.events(&mother).unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert!(kinds.contains(&"rights-received"), "{kinds:?}");
    assert!(kinds.contains(&"access-ended") && !kinds.contains(&"unsent-lost"));
    let receipt = events.iter().find(|event| event.kind == "rights-received");
    assert!(receipt.unwrap().text.contains(&asked.id));
    let gone = phone.app.rights_requests(&mother).unwrap();
    assert!(gone.is_empty());

    other.app.sync(&same).await.unwrap();
    let told = other.app.events(&same).unwrap();
    assert!(told.iter().any(|event| event.kind == "access-ended"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_asks_nothing_of_this() {
    let clinic = TestClinic::with_book().await;
    let everything = [sokhoe_app::GrantScope::SeeEverything];
    let offered = clinic.invites_a_helper(BOOK_PATIENT, &everything);
    let helper = TestPhone::new();
    let accepted = helper.app.accept_invitation(&offered.code.text).await;
    let person = accepted.unwrap().enrolment.unwrap().persons.remove(0).id;
    helper.app.sync(&person).await.unwrap();
    let refused = helper
        .app
        .words_before_rights(&request(&person, RightsRequest::Copy));
    assert!(matches!(refused, Err(AppError::OnlyOwnPhone)));
}
