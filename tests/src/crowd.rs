//! Many people with phones that ask one clinic at the same time.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_app::domain::Timestamp;
use sokhoe_clinic::{Clinic, ImportOptions};
use sokhoe_qr::Enrolment;

use crate::plain_http::{Connection, request};

/// Codes that are made at the same time share a commit.
const MAKING_CODES: usize = 16;

/// How long who was told to come later waits: shorter than a phone, since nobody waits for a test.
const A_WHILE: Duration = Duration::from_millis(100);

/// An enrolled phone.
#[derive(Debug, Clone)]
pub struct CrowdPhone {
    /// The Patient ids for which it may ask.
    pub people: Vec<String>,
    authorization: String,
    device: String,
}

/// Brings people into the clinic, and makes the codes with which their phones enrol: so many phones, each for so many
/// people. `now` is the clinic's time.
///
/// # Panics
/// When the clinic does not take them.
#[must_use]
pub fn bring_in(
    clinic: &Clinic,
    url: &str,
    now: Timestamp,
    phones: usize,
    people: usize,
) -> Vec<String> {
    let lines: String = (0..phones)
        .flat_map(|phone| people_of(phone, people))
        .map(|id| {
            let name = json!([{"text": format!("Người thứ {id}")}]);
            format!(
                "{}\n",
                json!({"resourceType": "Patient", "id": id, "name": name})
            )
        })
        .collect();
    let report = clinic
        .import_reader(
            "crowd.ndjson",
            &mut lines.as_bytes(),
            &ImportOptions::default(),
        )
        .expect("an import");
    assert_eq!(report.stored, phones * people);
    let numbers: Vec<usize> = (0..phones).collect();
    let code = |phone: &usize| {
        let ids: Vec<String> = people_of(*phone, people).collect();
        let valid = Duration::from_secs(24 * 3_600);
        let made = clinic.issue_enrolment(&ids, valid, url).expect("a code");
        Enrolment::read(&made.text, now).expect("our own code").code
    };
    std::thread::scope(|scope| {
        let making: Vec<_> = numbers
            .chunks(phones.div_ceil(MAKING_CODES).max(1))
            .map(|chunk| scope.spawn(move || chunk.iter().map(code).collect::<Vec<_>>()))
            .collect();
        making
            .into_iter()
            .flat_map(|made| made.join().expect("codes"))
            .collect()
    })
}

fn people_of(phone: usize, people: usize) -> impl Iterator<Item = String> {
    (0..people).map(move |one| format!("crowd-{phone}-{one}"))
}

impl CrowdPhone {
    /// Enrols with one of the codes.
    ///
    /// # Panics
    /// When the clinic does not let it in.
    pub async fn enrol(address: &str, code: &str) -> Self {
        let device = format!("crowd-phone-{}", &code[..12]);
        let body = json!({"code": code, "device_id": device, "device_name": "Điện thoại"});
        let headers = [("Content-Type", "application/json")];
        let asked = request("POST", "/enrolment", &headers, &body.to_string());
        let mut connection = Connection::open(address).await.expect("a connection");
        let mut answer = connection.ask(&asked).await.expect("an answer");
        // Where all come at once, some are told to come later.
        while answer.status == 429 {
            tokio::time::sleep(A_WHILE).await;
            answer = connection.ask(&asked).await.expect("an answer");
        }
        assert_eq!(answer.status, 200);
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let people = body["patients"].as_array().into_iter().flatten();
        Self {
            people: people
                .filter_map(|patient| patient["id"].as_str().map(str::to_owned))
                .collect(),
            authorization: format!("Bearer {}", body["token"].as_str().expect("a token")),
            device,
        }
    }

    /// A request of this phone that carries FHIR: a POST, or without a body a GET.
    #[must_use]
    pub fn request(&self, path: &str, key: Option<&str>, body: Option<&str>) -> Vec<u8> {
        let mut headers = vec![
            ("Authorization", &*self.authorization),
            ("Sokhoe-Device", &*self.device),
        ];
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        headers.extend(body.map(|_| ("Content-Type", "application/fhir+json")));
        let method = body.map_or("GET", |_| "POST");
        request(method, path, &headers, body.unwrap_or_default())
    }
}
