//! A mother lets her neighbour help, from phone to phone, where there is no network; sees it, gives more time, takes it back.

use sokhoe_app::domain::{GrantScope, Section};
use sokhoe_app::{AppError, EnrolmentRefusal, InviteHelperRequest};
use sokhoe_testing::Cut;
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

use crate::in_step::rows;

fn request(person: &str, scopes: &[GrantScope]) -> InviteHelperRequest {
    InviteHelperRequest {
        person_id: person.to_owned(),
        clinic_id: None,
        helper: "Lò Văn Giúp".to_owned(),
        scopes: scopes.to_vec(),
        days: 30,
        guardian: None,
        child_agrees: false,
    }
}

async fn invited(
    phone: &TestPhone,
    request: &InviteHelperRequest,
) -> sokhoe_app::HelperInvitationView {
    let words = phone.app.words_before_grant(request).unwrap();
    let invited = phone.app.invite_helper(request.clone(), &words).await;
    invited.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_without_a_network_agree_and_the_clinic_hears_of_it_later() {
    let clinic = TestClinic::with_book().await;
    let (own, mother) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    own.app.sync(&mother).await.unwrap();
    let second = TestPhone::new();
    let at_second = second.enrol(&clinic, BOOK_PATIENT).await.persons[0]
        .id
        .clone();
    own.network.cut(Cut::NoNetwork);
    let asked = request(&mother, &[GrantScope::Book, GrantScope::SeeEverything]);
    let words = own.app.words_before_grant(&asked).unwrap();
    assert!(
        words.contains("Lò Văn Giúp") && words.contains("book, move"),
        "{words}"
    );
    let other_words = own.app.invite_helper(asked.clone(), "yes").await;
    assert!(matches!(other_words, Err(AppError::Validation { .. })));
    assert!(own.app.helpers(&mother).unwrap().is_empty());
    let invitation = invited(&own, &asked).await;
    let known = own.app.helpers(&mother).unwrap();
    assert_eq!(known.len(), 1);
    assert!(known[0].active && known[0].sync.is_some(), "{known:?}");

    // Scanned in the same place: kept.
    let helper = TestPhone::new();
    helper.network.cut(Cut::NoNetwork);
    let kept = helper
        .app
        .accept_invitation(&invitation.qr_text)
        .await
        .unwrap();
    assert_eq!(kept.enrolment, None);
    let helper = helper.restarted();
    let waiting = helper.app.invitations().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].scopes, asked.scopes);
    own.network.cut(Cut::Whole);
    own.app.sync(&mother).await.unwrap();
    assert_eq!(own.app.helpers(&mother).unwrap()[0].sync, None);
    helper.network.cut(Cut::Whole);
    helper.app.sync_all_by_schedule(None).await.unwrap();
    assert!(helper.app.invitations().unwrap().is_empty());
    let person = helper.app.persons().unwrap().remove(0);
    assert_eq!(person.helping.unwrap().scopes, asked.scopes);
    let person = person.id;
    helper.app.sync(&person).await.unwrap();
    assert!(rows(&helper, &person, Some(Section::Results)) > 0);
    let slot = helper.free_times(&person, 1).await.remove(0);
    helper.book(&person, slot).await.unwrap();
    // Nobody else comes in by the same code.
    let stranger = TestPhone::new();
    assert!(
        stranger
            .app
            .accept_invitation(&invitation.qr_text)
            .await
            .is_err()
    );
    assert!(stranger.app.invitations().unwrap().is_empty());
    // Who helps decides nothing.
    for said in [
        helper
            .app
            .end_help(&person, &invitation.consent_id)
            .await
            .map(drop),
        helper
            .app
            .words_before_grant(&request(&person, &[GrantScope::Pay]))
            .map(drop),
    ] {
        assert_eq!(said, Err(AppError::OnlyOwnPhone));
    }

    // The mother's other phone sees it, gives more time, and takes it back.
    second.app.sync(&at_second).await.unwrap();
    let seen = second.app.helpers(&at_second).unwrap();
    assert_eq!((seen.len(), seen[0].name.as_str()), (1, "Lò Văn Giúp"));
    let longer = second
        .app
        .prolong_help(&at_second, &invitation.consent_id, 200)
        .await
        .unwrap();
    assert!(
        longer.until > seen[0].until && longer.sync.is_none(),
        "{longer:?}"
    );
    assert!(
        second
            .app
            .prolong_help(&at_second, &invitation.consent_id, 366)
            .await
            .is_err()
    );
    own.app.sync(&mother).await.unwrap();
    assert_eq!(own.app.helpers(&mother).unwrap()[0].until, longer.until);

    let ended = own
        .app
        .end_help(&mother, &invitation.consent_id)
        .await
        .unwrap();
    assert!(!ended.active && ended.sync.is_none(), "{ended:?}");
    helper.app.sync(&person).await.unwrap();
    assert_eq!(rows(&helper, &person, Some(Section::Results)), 0);
    second.app.sync(&at_second).await.unwrap();
    assert!(!second.app.helpers(&at_second).unwrap()[0].active);
    let again = own.app.end_help(&mother, &invitation.consent_id).await;
    assert_eq!(
        again,
        Err(AppError::NotFound {
            what: "grant".to_owned()
        })
    );
}

/// Taken back before the helper came in, or before the clinic ever heard of it: nobody comes in.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_in_time_was_never_given() {
    let clinic = TestClinic::with_book().await;
    let (own, mother) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    own.app.sync(&mother).await.unwrap();
    let asked = request(&mother, &[GrantScope::Pay]);
    for is_online in [true, false] {
        if !is_online {
            own.network.cut(Cut::NoNetwork);
        }
        let invitation = invited(&own, &asked).await;
        let ended = own
            .app
            .end_help(&mother, &invitation.consent_id)
            .await
            .unwrap();
        assert!(!ended.active);
        own.network.cut(Cut::Whole);
        own.app.sync(&mother).await.unwrap();
        let helper = TestPhone::new();
        let said = helper
            .app
            .accept_invitation(&invitation.qr_text)
            .await
            .unwrap();
        // Unknown: it might come. It never does.
        assert_eq!(said.enrolment, None);
        assert_eq!(helper.app.try_invitations().await.unwrap(), []);
        helper
            .app
            .drop_invitation(&helper.app.invitations().unwrap()[0].id)
            .unwrap();
    }
    assert!(
        own.app
            .helpers(&mother)
            .unwrap()
            .iter()
            .all(|it| !it.active && it.sync.is_none())
    );
}

/// The mother's phone has no network for days: her neighbour's brings what she said, and she hears of it later.
#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_phone_brings_what_a_phone_without_a_network_said() {
    let clinic = TestClinic::with_book().await;
    let (own, mother) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    own.app.sync(&mother).await.unwrap();
    own.network.cut(Cut::NoNetwork);
    let asked = request(&mother, &[GrantScope::Book, GrantScope::SeeEverything]);
    let invitation = invited(&own, &asked).await;
    // Half a millimetre a module on a screen of six centimetres.
    assert!(invitation.size <= 113, "{}", invitation.size);
    let helper = TestPhone::new();
    let accepted = helper.app.accept_invitation(&invitation.qr_text).await;
    let person = accepted.unwrap().enrolment.expect("let in").persons[0]
        .id
        .clone();
    helper.app.sync(&person).await.unwrap();
    assert!(rows(&helper, &person, Some(Section::Results)) > 0);
    let slot = helper.free_times(&person, 1).await.remove(0);
    helper.book(&person, slot).await.unwrap();
    // It lets in one phone, as any code.
    let stranger = TestPhone::new();
    let said = stranger.app.accept_invitation(&invitation.qr_text).await;
    assert!(matches!(
        said,
        Err(AppError::Enrolment {
            reason: EnrolmentRefusal::Used
        })
    ));

    // What her own phone sends is there by now; it is hers to end.
    own.network.cut(Cut::Whole);
    own.app.sync(&mother).await.unwrap();
    let known = own.app.helpers(&mother).unwrap();
    assert_eq!(known.len(), 1);
    assert!(known[0].active && known[0].sync.is_none(), "{known:?}");
    let ended = own.app.end_help(&mother, &invitation.consent_id).await;
    assert!(ended.unwrap().sync.is_none());
    helper.app.sync(&person).await.unwrap();
    assert_eq!(rows(&helper, &person, Some(Section::Results)), 0);
}

/// Given and taken back without a network, while the helper came in: it ends as soon as the clinic hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_without_a_network_ends_when_the_clinic_hears_of_it() {
    let clinic = TestClinic::with_book().await;
    let (own, mother) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    own.app.sync(&mother).await.unwrap();
    own.network.cut(Cut::NoNetwork);
    let invitation = invited(&own, &request(&mother, &[GrantScope::SeeEverything])).await;
    own.app
        .end_help(&mother, &invitation.consent_id)
        .await
        .unwrap();
    let helper = TestPhone::new();
    let accepted = helper.app.accept_invitation(&invitation.qr_text).await;
    let person = accepted.unwrap().enrolment.expect("let in").persons[0]
        .id
        .clone();
    helper.app.sync(&person).await.unwrap();
    assert!(rows(&helper, &person, Some(Section::Results)) > 0);
    own.network.cut(Cut::Whole);
    own.app.sync(&mother).await.unwrap();
    let known = own.app.helpers(&mother).unwrap();
    assert!(!known[0].active && known[0].sync.is_none(), "{known:?}");
    helper.app.sync(&person).await.unwrap();
    assert_eq!(rows(&helper, &person, Some(Section::Results)), 0);
}
