//! What people ask of what is kept of them from their own phones, and giving a record to somebody else.

use std::time::Duration;

use serde_json::Value;
use sokhoe_clinic::{ClinicError, NotDisclosed};
use sokhoe_domain::ports::Clock as _;
use sokhoe_domain::rights::RightsRequest;
use sokhoe_fhir::RightsTask;
use sokhoe_fhir::consent::{Giver, Shown};

use crate::support::http::Reply;
use crate::support::{Hospital, MOTHER, Phone, SON, hospital, key, refusal};

fn task(hospital: &Hospital, patient: &str, what: RightsRequest) -> RightsTask {
    let is_disclosed = what == RightsRequest::Disclose;
    RightsTask {
        id: key(),
        patient: patient.to_owned(),
        what,
        recipient: is_disclosed.then(|| "Bảo hiểm An Tâm".to_owned()),
        details: (what == RightsRequest::Correct).then(|| "Không dị ứng penicillin".to_owned()),
        asked: hospital.clock.now(),
        giver: Giver::Person,
        shown: Some(Shown {
            text: "Tôi yêu cầu.".to_owned(),
            language: "vi".to_owned(),
            version: "1".to_owned(),
        }),
        receipt: None,
    }
}

async fn ask(phone: &Phone, task: &RightsTask) -> Reply {
    let path = format!("/fhir/Task/{}", task.id);
    phone.put(&path, None, &task.to_json()).await
}

fn read(reply: &Reply) -> RightsTask {
    RightsTask::from_json(&reply.body).unwrap()
}

#[tokio::test]
async fn a_request_has_a_receipt_and_the_phone_follows_it() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let asked = task(&hospital, MOTHER, RightsRequest::Correct);
    let answer = ask(&phone, &asked).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let receipt = read(&answer).receipt.unwrap();
    let days = (receipt.answer_by.to_string(), receipt.done_by.to_string());
    assert_eq!(days, ("2026-11-25".to_owned(), "2026-12-03".to_owned()));
    // Over the words, too.
    let signed = asked.signed(
        receipt.received,
        Some(&{
            let digest = ring::digest::digest(&ring::digest::SHA256, "Tôi yêu cầu.".as_bytes());
            let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
            hex.collect::<String>()
        }),
    );
    let signature = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(&receipt.signature)
    };
    let clinic = hospital.clinic.public_key();
    ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, clinic.as_bytes())
        .verify(signed.as_bytes(), &signature.unwrap())
        .unwrap();

    // Asked again, it is the same request.
    let again = ask(&phone, &asked).await;
    assert_eq!((again.status, read(&again)), (200, read(&answer)));
    let open = hospital.clinic.rights_requests(false).unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].id.as_str(), open[0].what),
        (&*asked.id, asked.what)
    );

    assert!(
        hospital
            .clinic
            .note_rights_request(&asked.id, false)
            .unwrap()
    );
    let path = format!("/fhir/Task/{}", asked.id);
    let known = read(&phone.get(&path).await).receipt.unwrap();
    assert!(known.answered.is_some() && known.done.is_none());
    assert!(
        hospital
            .clinic
            .note_rights_request(&asked.id, true)
            .unwrap()
    );
    let (entries, _) = phone.changes(MOTHER, None).await;
    let fed = entries
        .iter()
        .map(|entry| &entry["resource"])
        .find(|resource| resource["resourceType"] == "Task");
    let fed = RightsTask::from_json(&fed.unwrap().to_string()).unwrap();
    assert!(fed.receipt.unwrap().done.is_some());
    // What was asked stays so.
    let other = RightsTask {
        what: RightsRequest::Copy,
        details: None,
        ..asked.clone()
    };
    assert_eq!(ask(&phone, &other).await.status, 422);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn who_takes_the_consent_back_has_the_receipt_though_the_answer_was_lost() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let other = hospital.phone("device-two", &[MOTHER]).await;
    let asked = task(&hospital, MOTHER, RightsRequest::Withdraw);
    let answer = ask(&phone, &asked).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    for phone in [&phone, &other] {
        let path = format!("/fhir/Patient/{MOTHER}");
        assert_eq!(phone.get(&path).await.status, 404);
        let feed = phone.get(&format!("{path}/$changes")).await;
        assert_eq!(refusal(&feed), "access-ended");
        let path = format!("/fhir/Task/{}", asked.id);
        assert_eq!(phone.get(&path).await.status, 404);
    }
    let again = ask(&phone, &asked).await;
    assert_eq!((again.status, read(&again)), (200, read(&answer)));
    // To nobody else, and nothing new.
    assert_eq!(ask(&other, &asked).await.status, 404);
    let more = task(&hospital, MOTHER, RightsRequest::Copy);
    assert_eq!(ask(&phone, &more).await.status, 404);
    assert_eq!(phone.get(&format!("/fhir/Patient/{SON}")).await.status, 200);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn nobody_asks_for_somebody_else_or_more_than_can_be_asked() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let of_son = hospital.phone("device-son", &[SON]).await;
    let asked = task(&hospital, MOTHER, RightsRequest::Copy);
    let nobody = RightsTask {
        patient: "nobody".to_owned(),
        ..asked.clone()
    };
    let refused = [ask(&of_son, &asked).await, ask(&of_son, &nobody).await];
    assert_eq!(refused.each_ref().map(|reply| reply.status), [404, 404]);
    assert_eq!(refused[0].body, refused[1].body);

    let disclose = task(&hospital, MOTHER, RightsRequest::Disclose);
    let spoiled = [
        RightsTask {
            shown: None,
            ..asked.clone()
        },
        RightsTask {
            recipient: None,
            ..disclose.clone()
        },
        RightsTask {
            recipient: Some("  ".to_owned()),
            ..disclose.clone()
        },
        RightsTask {
            recipient: Some("Ai đó".to_owned()),
            ..asked.clone()
        },
        RightsTask {
            what: RightsRequest::Correct,
            ..asked.clone()
        },
        RightsTask {
            details: Some("a".repeat(2_001)),
            ..asked.clone()
        },
        RightsTask {
            id: "not-a-uuid".to_owned(),
            ..asked.clone()
        },
    ];
    for task in spoiled {
        assert_eq!(ask(&phone, &task).await.status, 422, "{task:?}");
    }
    assert!(hospital.clinic.rights_requests(true).unwrap().is_empty());

    for _ in 0..20 {
        hospital.clock.advance(Duration::from_secs(1));
        let one = task(&hospital, MOTHER, RightsRequest::Copy);
        assert_eq!(ask(&phone, &one).await.status, 201);
    }
    let many = task(&hospital, MOTHER, RightsRequest::Copy);
    assert_eq!(ask(&phone, &many).await.status, 422);
    hospital.running.shutdown().await;
}

/// What was given, as types and ids.
fn give(hospital: &Hospital, request: &str) -> Result<Vec<(String, String)>, ClinicError> {
    let (mut given, mut is_whole) = (Vec::new(), false);
    let disclosed = hospital.clinic.disclose_for(request, |json| {
        let Some(json) = json else {
            is_whole = true;
            return true;
        };
        let resource: Value = serde_json::from_str(json).unwrap();
        let text = |key: &str| resource[key].as_str().unwrap().to_owned();
        given.push((text("resourceType"), text("id")));
        true
    })?;
    assert!(is_whole);
    assert_eq!(disclosed.recipient, "Bảo hiểm An Tâm");
    assert_eq!(disclosed.resources, given.len() as u64);
    Ok(given)
}

#[tokio::test]
async fn a_record_goes_to_whom_the_person_named_in_writing_once_and_to_nobody_else() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let disclose = task(&hospital, MOTHER, RightsRequest::Disclose);
    let copy = task(&hospital, MOTHER, RightsRequest::Copy);
    for task in [&disclose, &copy] {
        assert_eq!(ask(&phone, task).await.status, 201);
    }
    for request in [copy.id.as_str(), "none", MOTHER] {
        assert!(matches!(
            give(&hospital, request),
            Err(ClinicError::NotDisclosed(NotDisclosed::NotAsked))
        ));
    }
    // Whoever takes it has no room: it is not done, and can be given again.
    let interrupted = hospital.clinic.disclose_for(&disclose.id, |_| false);
    assert!(matches!(
        interrupted,
        Err(ClinicError::NotDisclosed(NotDisclosed::Interrupted))
    ));
    let given = give(&hospital, &disclose.id).unwrap();
    assert!(given.contains(&("Patient".to_owned(), MOTHER.to_owned())));
    assert!(given.iter().all(|(kind, id)| kind != "Task" && id != SON));
    assert!(matches!(
        give(&hospital, &disclose.id),
        Err(ClinicError::NotDisclosed(NotDisclosed::Done))
    ));
    // The person reads that it was given.
    hospital.clinic.tend_access_log().unwrap();
    let log = phone
        .get(&format!("/fhir/AuditEvent?patient={MOTHER}&_count=50"))
        .await;
    assert_eq!(log.status, 200);
    let entries = log.body.matches(r#"\"disclose\""#).count();
    assert_eq!(entries, 2, "each time that it was begun");

    let disclose = task(&hospital, MOTHER, RightsRequest::Disclose);
    assert_eq!(ask(&phone, &disclose).await.status, 201);
    hospital.clock.advance(Duration::from_secs(60));
    hospital
        .clinic
        .receive_rights_request(MOTHER, RightsRequest::Withdraw)
        .unwrap();
    assert!(matches!(
        give(&hospital, &disclose.id),
        Err(ClinicError::NotDisclosed(NotDisclosed::TakenBack))
    ));
    let nobody = hospital
        .clinic
        .receive_rights_request(MOTHER, RightsRequest::Disclose);
    assert!(matches!(nobody, Err(ClinicError::BadRecipient)));
    hospital.running.shutdown().await;
}
