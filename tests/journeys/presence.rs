//! Somebody has the phone while it is open, who is not its person.

use sokhoe_app::domain::ports::KeyStoreError;
use sokhoe_app::domain::rights::RightsRequest;
use sokhoe_app::domain::{GrantScope, Section};
use sokhoe_app::{AppError, AskForRightsRequest, ExportFormat, InviteHelperRequest};
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};

use crate::in_step::rows;

#[tokio::test(flavor = "multi_thread")]
async fn before_anything_leaves_the_phone_its_person_is_asked_again() {
    let clinic = TestClinic::with_book().await;
    let (phone, mother) = TestPhone::enrolled(&clinic, BOOK_PATIENT).await;
    phone.app.sync(&mother).await.unwrap();
    let app = &phone.app;
    let new_phone = TestPhone::new();
    let moving = new_phone.app.begin_move().unwrap().qr_text;
    let invites = InviteHelperRequest {
        person_id: mother.clone(),
        clinic_id: None,
        helper: "Lò Văn Giúp".to_owned(),
        scopes: vec![GrantScope::SeeEverything],
        days: 30,
        guardian: None,
        child_agrees: false,
    };
    let asks = AskForRightsRequest {
        person_id: mother.clone(),
        clinic_id: None,
        what: RightsRequest::Disclose,
        recipient: Some("Ai đó".to_owned()),
        details: None,
        guardian: None,
        child_agrees: false,
    };
    let agreed = app.words_before_grant(&invites).unwrap();
    let agreed_to_ask = app.words_before_rights(&asks).unwrap();
    let invited = app.invite_helper(invites.clone(), &agreed).await.unwrap();
    app.end_help(&mother, &invited.consent_id).await.unwrap();
    let invited = app.invite_helper(invites.clone(), &agreed).await.unwrap();

    phone.keys.refuse(KeyStoreError::UserCancelled);
    let refused = |result: Result<(), AppError>, what: &str| {
        assert!(
            matches!(result, Err(AppError::KeyStore { .. })),
            "{what}: {result:?}"
        );
    };
    for format in [ExportFormat::Fhir, ExportFormat::Html] {
        let mut out = Vec::new();
        refused(app.export(&mother, format, &mut out), "an export");
        assert!(out.is_empty());
    }
    refused(app.make_recovery_code().map(drop), "a recovery code");
    refused(app.answer_move(&moving).map(drop), "a move");
    refused(
        app.invite_helper(invites.clone(), &agreed).await.map(drop),
        "a grant",
    );
    refused(
        app.prolong_help(&mother, &invited.consent_id, 60)
            .await
            .map(drop),
        "a longer grant",
    );
    refused(
        app.ask_for_rights(asks.clone(), &agreed_to_ask)
            .await
            .map(drop),
        "a request",
    );
    assert_eq!(app.helpers(&mother).unwrap().len(), 2, "nothing was kept");
    assert!(app.rights_requests(&mother).unwrap().is_empty());
    // What only shows, and what takes away, asks nobody.
    assert!(rows(&phone, &mother, Some(Section::Results)) > 0);
    app.end_help(&mother, &invited.consent_id).await.unwrap();

    phone.keys.refuse(None);
    let asked = phone.keys.unwraps();
    app.export(&mother, ExportFormat::Fhir, &mut Vec::new())
        .unwrap();
    app.invite_helper(invites, &agreed).await.unwrap();
    app.ask_for_rights(asks, &agreed_to_ask).await.unwrap();
    app.answer_move(&moving).unwrap();
    assert_eq!(phone.keys.unwraps(), asked + 4, "once each");
}
