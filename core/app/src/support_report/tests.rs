//! What support hears.

use std::time::Duration;

use sokhoe_domain::ports::{BoxFuture, Limits, Transport, TransportError};
use sokhoe_domain::{IntentId, PersonId, ResourceKey};
use sokhoe_fhir::bundle::Change;
use sokhoe_sync::SyncConditions;
use sokhoe_testing::SeededRng;
use sokhoe_vault::{ClinicRecord, LinkedPerson, NewChange, Page, PersonRecord, StoredBooking};

use super::*;
use crate::test_phone::{self, NoNetwork, TestPhone, to_book};
use crate::{AppConfig, Language};

/// What must not be heard: each in words of its own that no report has.
const PRIVATE: [&str; 15] = [
    "Quỳnh Trâm Xuyến",
    "Đặng Văn Thược",
    "1957-03-02",
    "02/03/1957",
    "0912345678",
    "001157012345",
    "HT3790123456789",
    "Metformin",
    "Xạ trị Vòm Họng",
    "Bệnh viện Ung Bướu Bãi Cháy",
    "ungbuou-baichay",
    "bn-777-quynh",
    "tok-Zk8wQ1",
    "Điện thoại Tâm Thần",
    "Phác Đồ",
];

fn phone(language: Language) -> TestPhone {
    let config = AppConfig {
        language,
        device_name: PRIVATE[13].to_owned(),
    };
    let clinic = ClinicRecord {
        id: ClinicId::from(PRIVATE[10]),
        name: PRIVATE[9].to_owned(),
        base_url: format!("https://{}.example/{}", PRIVATE[10], PRIVATE[12]),
        token: PRIVATE[12].to_owned().into(),
        ..test_phone::clinic()
    };
    let person = LinkedPerson {
        person: PersonRecord {
            id: PersonId(format!("{} id", PRIVATE[0])),
            name: PRIVATE[0].to_owned(),
            birth_date: Some(PRIVATE[2].to_owned()),
            gender: Some("female".to_owned()),
            vault_name: "person-1".to_owned(),
        },
        patient_id: PRIVATE[11].to_owned(),
        helping: None,
    };
    let phone = TestPhone::new(config, 1, NoNetwork, test_phone::clock());
    phone.enrol(&clinic, [person])
}

/// Everything that a book can hold of a person, in every state.
fn fill(app: &SoKhoe) {
    let person = app.persons().unwrap().remove(0).id;
    let book = app.inner.book(&person).unwrap();
    let (clinic, now) = (ClinicId::from(PRIVATE[10]), app.inner.now());
    let patient = format!(
        r#"{{"resourceType":"Patient","id":"{}","name":[{{"text":"{}"}}],"birthDate":"{}","identifier":[{{"value":"{}"}},{{"value":"{}"}}],"telecom":[{{"system":"phone","value":"{}"}}]}}"#,
        PRIVATE[11], PRIVATE[0], PRIVATE[2], PRIVATE[5], PRIVATE[6], PRIVATE[4],
    );
    let medicine = format!(
        r#"{{"resourceType":"MedicationRequest","id":"m","status":"active","medicationCodeableConcept":{{"text":"{}"}},"dosageInstruction":[{{"text":"{}"}}]}}"#,
        PRIVATE[7], PRIVATE[14],
    );
    let put = |kind: &str, id: &str, json| Change::Put {
        key: ResourceKey::new(kind, id),
        version: Some("1".to_owned()),
        json,
    };
    let broken = Change::Broken {
        position: 2,
        reason: sokhoe_fhir::FhirError::NotAnObject,
        json: &patient,
    };
    let page = Page {
        clinic: &clinic,
        changes: &[
            put("Patient", PRIVATE[11], &patient),
            put("MedicationRequest", "m", &medicine),
            broken,
        ],
        cursor: PRIVATE[11],
        received: now,
        bookings: &[],
        events: &[],
    };
    book.vault.apply(&page).unwrap();
    for (n, why) in (1..).zip([
        ParkedWhy::Refused {
            code: PRIVATE[8].to_owned(),
        },
        ParkedWhy::Unclear,
    ]) {
        let booking = StoredBooking {
            clinic: clinic.clone(),
            service: PRIVATE[8].to_owned(),
            practitioner: PRIVATE[1].to_owned(),
            location: PRIVATE[9].to_owned(),
            ..test_phone::booking(n, now, now)
        };
        let intent = to_book(&booking, PRIVATE[11]);
        book.vault.enqueue(&intent, &booking).unwrap();
        book.vault.park(booking.id, &why, now, &[]).unwrap();
    }
    let change = NewChange {
        id: IntentId::new(now, &SeededRng::new(7)),
        clinic: clinic.clone(),
        key: ResourceKey::new("Patient", PRIVATE[11]),
        base: Some(patient.clone()),
        ours: patient.replace(PRIVATE[4], "0987654321"),
        created: now,
    };
    book.vault.keep_change(&change).unwrap();
    book.vault
        .refuse_change(change.id, PRIVATE[0], now)
        .unwrap();
    let ago = now.minus(Duration::from_secs(86_400));
    book.vault.note_sync(&clinic, ago, None).unwrap();
    book.vault
        .note_sync(&clinic, now, Some("bad-answer"))
        .unwrap();
}

#[test]
fn nothing_of_a_person_is_in_a_report() {
    for language in [Language::Vi, Language::En] {
        let phone = phone(language);
        let app = &phone.app;
        fill(app);
        let report = app.support_report(None).unwrap();
        let (heard, plain) = (fold(&report), report.to_lowercase());
        for private in PRIVATE {
            assert!(!plain.contains(&private.to_lowercase()), "{report}");
            assert!(!heard.contains(&fold(private)), "{report}");
        }
        // Not even one word of a name, however it is written.
        for name in [PRIVATE[0], PRIVATE[1], PRIVATE[7], "baichay ungbuou zk8wq1"] {
            for word in fold(name).split(' ') {
                let heard = heard.split(' ').any(|heard| heard == word);
                assert!(!heard, "{word}: {report}");
            }
        }
        let device = app.inner.account().unwrap().device_id().unwrap();
        assert!(!plain.contains(&device[..8]));
        assert!(!report.contains("0987") && !report.contains("http"));
    }
}

#[test]
fn a_report_says_what_support_needs() {
    let here = phone(Language::En);
    let app = &here.app;
    fill(app);
    app.set_conditions(SyncConditions {
        network: NetworkKind::Metered,
        battery_low: true,
        foreground: true,
    });
    app.set_data_limit(Some(5_000_000), None).unwrap();
    let report = app.support_report(None).unwrap();
    let person = app.persons().unwrap().remove(0).id;
    let state = app.sync_state(&person).unwrap().remove(0);
    assert_eq!((state.parked, state.refused), (2, 1));
    assert_eq!(state.support_code.len(), 4);
    for said in [
        concat!("Sổ Khỏe core ", env!("CARGO_PKG_VERSION")),
        "24/11/2026, 08:30",
        "1 person, 1 clinic",
        "mobile data",
        "Battery: low",
        "5.0 MB",
        "Person 1",
        &state.support_code,
        "23/11/2026, 08:30",
        "bad-answer",
        "Kept back: 2",
        "Not taken by the clinic: 1",
        "Unreadable: 1",
        "other, unclear",
        "On disk: books ",
        ", documents 0.0 MB",
    ] {
        assert!(report.contains(said), "{said}\n{report}");
    }
    assert!(
        report.lines().all(|line| line.chars().count() <= 60),
        "{report}"
    );
    // The code is the clinic's on this phone alone.
    assert_eq!(
        app.sync_state(&person).unwrap()[0].support_code,
        state.support_code
    );
    let elsewhere = phone(Language::En);
    let other = &elsewhere.app;
    let account = other.inner.account().unwrap();
    assert_eq!(
        account.device_id().unwrap(),
        app.inner.account().unwrap().device_id().unwrap(),
        "the same numbers make the same phone"
    );
    let code = |clinic: &str| other.inner.support_code(&ClinicId::from(clinic)).unwrap();
    assert_eq!(code(PRIVATE[10]), state.support_code);
    assert_ne!(code("another"), state.support_code);
}

#[test]
fn the_last_line_tells_whether_all_of_it_was_heard() {
    let phone = phone(Language::Vi);
    fill(&phone.app);
    let report = phone.app.support_report(Some("2.1 (341)")).unwrap();
    assert!(report.starts_with("Ứng dụng 2.1 (341)\n"), "{report}");
    let (said, end) = report.rsplit_once('\n').unwrap();
    let lines = format!("phía trên có {} dòng", said.lines().count());
    let code = report_code(said);
    assert!(end.contains(&lines) && end.ends_with(&code), "{report}");
    assert_eq!(code.len(), 5);
    // As somebody writes it down, and with a line left out or a number heard wrong.
    let written = said
        .to_uppercase()
        .replace('\n', "  ")
        .replace(['.', ','], " ");
    assert_eq!(report_code(&written), code);
    let (_, rest) = said.split_once('\n').unwrap();
    assert_ne!(report_code(rest), code);
    assert_ne!(report_code(&said.replace("341", "347")), code);
    for bad in ["", "Quỳnh Trâm", "2.1\nx", "1.2.3.4.5.6.7.8.9.10.11"] {
        let refused = phone.app.support_report(Some(bad));
        assert!(matches!(refused, Err(AppError::Validation { .. })), "{bad}");
    }
}

/// Answers nothing but what time it is.
struct OnlyDates(std::sync::Mutex<&'static str>);

impl Transport for OnlyDates {
    fn send(
        &self,
        _: http::Request<bytes::Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<bytes::Bytes>, TransportError>> {
        let date = *self.0.lock().unwrap();
        let answer = http::Response::builder().status(503).header("date", date);
        Box::pin(async move { Ok(answer.body(bytes::Bytes::new()).unwrap()) })
    }
}

#[tokio::test]
async fn a_report_says_how_far_the_clocks_are_apart() {
    let dates = OnlyDates(std::sync::Mutex::new("no date"));
    let phone = TestPhone::of(Language::En, &["mai"], dates);
    for (date, said) in [
        ("no date", None),
        ("Tue, 24 Nov 2026 01:28:30 GMT", Some("agree")),
        ("Tue, 24 Nov 2026 01:31:59 GMT", Some("agree")),
        (
            "Sun, 22 Nov 2026 01:25:00 GMT",
            Some("ahead of the clinic's by 2 d 0 h 5 min"),
        ),
        (
            "Tue, 24 Nov 2026 08:30:00 GMT",
            Some("behind the clinic's by 0 d 7 h 0 min"),
        ),
        // What is no time changes nothing.
        ("24/11/2026", Some("behind the clinic's by 0 d 7 h 0 min")),
    ] {
        *phone.clinic.0.lock().unwrap() = date;
        phone.app.network_is_back();
        let _busy = phone.app.sync("mai").await;
        let report = phone.app.support_report(None).unwrap();
        let clock = report
            .lines()
            .find(|line| line.contains("clinic's by") || line.contains("agree"));
        assert_eq!(clock.is_some(), said.is_some(), "{report}");
        assert!(
            clock.unwrap_or_default().contains(said.unwrap_or_default()),
            "{report}"
        );
        assert!(
            report.lines().all(|line| line.chars().count() <= 60),
            "{report}"
        );
    }
}
