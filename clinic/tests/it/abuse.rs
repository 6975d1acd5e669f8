//! What attackers try that no other file here holds. The numbers are those of docs/abuse-cases.md.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sokhoe_clinic::{Clinic, ClinicConfig, DataSource, ImportOptions};
use sokhoe_qr::Enrolment;
use sokhoe_testing::Signer;

use crate::support::desk::DeskPage;
use crate::support::http::Connection;
use crate::support::{MOTHER, STRANGER, hospital, key, parameters};

/// A14.
#[tokio::test]
async fn what_is_packed_or_endless_is_refused_soon() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..100 {
        bomb.write_all(&[b' '; 1 << 20]).unwrap();
    }
    let bomb: String = bomb
        .finish()
        .unwrap()
        .into_iter()
        .map(|byte| char::from(byte % 128))
        .collect();
    let path = "/fhir/Appointment/$book";
    let key = key();
    let packed = [
        ("Content-Type", "application/fhir+json"),
        ("Content-Encoding", "gzip"),
        ("Idempotency-Key", key.as_str()),
    ];
    let entry = json!({"resource": {"resourceType": "Appointment", "status": "booked"}});
    let many =
        json!({"resourceType": "Bundle", "type": "transaction", "entry": vec![entry; 10_000]});
    let begun = Instant::now();
    let reply = phone.ask("POST", path, &packed, &bomb).await;
    assert!((400..500).contains(&reply.status), "{}", reply.status);
    for path in [path, "/fhir", "/fhir/Bundle"] {
        let reply = phone.post(path, Some(&key), &many.to_string()).await;
        assert!(
            (400..500).contains(&reply.status),
            "{path}: {}",
            reply.status
        );
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(phone.get("/fhir/Patient/bn-000001").await.status, 200);
    hospital.running.shutdown().await;
}

/// A15.
#[tokio::test]
async fn what_looks_like_sql_is_a_value() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let rows = "SELECT count(*) FROM resource";
    let before = hospital.database.number(rows);
    let all = phone.get("/fhir/Observation").await;
    for value in [
        "x%27%20OR%20%271%27=%271",
        "x%27;%20DROP%20TABLE%20resource;--",
        "%25",
        "_",
        "x%00",
        "%22%20NEAR%20*",
        "x%27%20UNION%20SELECT%20json%20FROM%20resource--",
    ] {
        for path in [
            format!("/fhir/Observation?code={value}"),
            format!("/fhir/Observation?date={value}"),
            format!("/fhir/Observation?patient={value}"),
            format!("/fhir/Patient/{value}"),
            format!("/fhir/{value}/bn-000001"),
            format!("/fhir/Patient/{value}/$changes"),
            format!("/fhir/Patient/bn-000001/$changes?cursor={value}"),
            format!("/fhir/AuditEvent?patient={value}"),
        ] {
            let reply = phone.get(&path).await;
            assert!(reply.status < 500, "{path}: {}", reply.status);
            assert!(!reply.body.contains(STRANGER), "{path}");
            assert!(
                reply.status != 200 || reply.body.len() <= all.body.len() + 300,
                "{path}"
            );
        }
    }
    assert_eq!(hospital.database.number(rows), before);
    // A NUL, which PostgreSQL's texts cannot have.
    let free = hospital.free(&phone, "kham-mat", 1).await.remove(0);
    let slot = free["id"].as_str().unwrap();
    let book = parameters(&[
        (
            "appointment-reference",
            json!({"valueReference": {"reference": format!("Appointment/{slot}")}}),
        ),
        (
            "patient-reference",
            json!({"valueReference": {"reference": format!("Patient/{MOTHER}")}}),
        ),
        ("comment", json!({"valueString": "đau\0đầu"})),
    ]);
    let reply = phone
        .post("/fhir/Appointment/$book", Some(&key()), &book)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let body = json!({"code": "x\0", "device_id": "device-\0-x-y-z-12345", "device_name": "\0"});
    let headers = [("Content-Type", "application/json")];
    let reply = phone
        .ask("POST", "/enrolment", &headers, &body.to_string())
        .await;
    assert!(reply.status < 500, "{}", reply.body);
    let desk = DeskPage::open(&hospital).await;
    let found = desk.get("/desk/patients?q=%27%20OR%201=1--").await;
    assert!(!found.to_string().contains("bn-0000"), "{found}");
    hospital.running.shutdown().await;
}

/// A16.
#[tokio::test]
async fn a_name_that_is_markup_stays_text_at_the_desk() {
    let hospital = hospital().await;
    let name = "<img src=x onerror=alert(1)>Mai";
    let patient = json!({"resourceType": "Patient", "id": "bn-xss", "name": [{"text": name}]});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ndjson");
    std::fs::write(&file, patient.to_string()).unwrap();
    hospital
        .clinic
        .import(&[file], &ImportOptions::default())
        .unwrap();
    let desk = DeskPage::open(&hospital).await;
    let headers = [("Cookie", desk.cookie.as_str())];
    let mut connection = hospital.connect().await;
    let reply = connection
        .ask("GET", "/desk/patients?q=onerror%20mai", &headers, "")
        .await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("onerror"), "{}", reply.body);
    let kind = reply.header("content-type").unwrap();
    assert!(kind.starts_with("application/json"), "{kind}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    // The page's own script puts texts in as texts.
    for script in [
        "/desk/desk.js",
        "/desk/requests.js",
        "/desk/live.js",
        "/desk/kiosk.js",
        "/desk/board.js",
    ] {
        let script = connection.ask("GET", script, &headers, "").await.body;
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!script.contains(way), "{way}");
        }
    }
    hospital.running.shutdown().await;
}

/// A13.
#[tokio::test]
async fn no_address_in_a_request_is_fetched() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/fhir/Patient/1", listener.local_addr().unwrap());
    let reading = json!({
        "resourceType": "Observation", "id": "o", "status": "final",
        "meta": {"profile": [url]},
        "subject": {"reference": url}, "code": {"coding": [{"system": url, "code": "8867-4"}]},
        "contained": [{"resourceType": "Patient", "id": "p", "photo": [{"url": url}]}],
        "valueQuantity": {"value": 70, "unit": "/min", "system": url, "code": "/min"},
    });
    let body = reading.to_string();
    for (method, path) in [
        ("PUT", "/fhir/Observation/o"),
        ("POST", "/fhir/Observation"),
    ] {
        let headers = [
            ("Content-Type", "application/fhir+json"),
            ("If-None-Match", "*"),
        ];
        let reply = phone.ask(method, path, &headers, &body).await;
        assert!((400..500).contains(&reply.status), "{}", reply.body);
    }
    let subscription = json!({"resourceType": "Subscription", "status": "requested", "criteria": "Patient",
        "channel": {"type": "rest-hook", "endpoint": url}});
    let reply = phone
        .post(
            "/fhir/Subscription",
            Some(&key()),
            &subscription.to_string(),
        )
        .await;
    assert!((400..500).contains(&reply.status), "{}", reply.body);
    for path in [
        format!("/fhir/Observation?patient={url}"),
        format!("/fhir/Patient?_profile={url}"),
    ] {
        assert!(phone.get(&path).await.status < 500);
    }
    let asked = tokio::time::timeout(Duration::from_millis(300), listener.accept()).await;
    assert!(asked.is_err(), "somebody came");
    hospital.running.shutdown().await;
}

/// A30: codes of 128 bits are not guessed, but who tries costs the clinic work.
#[tokio::test]
async fn codes_that_are_tried_are_slowed_for_that_address_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = ClinicConfig {
        proxies: vec!["127.0.0.1".parse().unwrap()],
        ..ClinicConfig::on_this_machine(DataSource::Folder(folder.path().join("data")))
    };
    let clinic = Clinic::open(config).unwrap();
    clinic.seed_hospital().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let running = clinic.serve(listener, &base).await.unwrap();
    let signer = Signer::default();
    let mut connection = Connection::open(&running.addr.to_string()).await;
    let second = || {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        i64::try_from(since.as_secs()).unwrap()
    };
    let mut tries = async |code: &str, from: &str| {
        let proof = signer.proof("POST", &format!("{base}/enrolment"), second(), None);
        let headers = [
            ("DPoP", proof.as_str()),
            ("X-Forwarded-For", from),
            ("Content-Type", "application/json"),
        ];
        let body = json!({"code": code, "device_id": "device-of-a-thief", "device_name": "x"});
        connection
            .ask("POST", "/enrolment", &headers, &body.to_string())
            .await
    };
    for number in 0..60 {
        let reply = tries("x", "198.51.100.1, 203.0.113.7").await;
        assert_eq!(reply.status, 403, "{number}: {}", reply.body);
    }
    let text = clinic.issue_enrolment(&[MOTHER.to_owned()], Duration::from_secs(600), &base);
    let now = sokhoe_domain::Timestamp::from_millis(second() * 1_000);
    let code = Enrolment::read(&text.unwrap().text, now).unwrap().code;
    let slowed = tries(&code, "203.0.113.7").await;
    assert_eq!(slowed.status, 429);
    let wait: u32 = slowed.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait));
    // The same code from elsewhere was not touched by it.
    assert_eq!(tries(&code, "203.0.113.8").await.status, 200);
    running.shutdown().await;
}
