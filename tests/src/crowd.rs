//! Many people with phones that ask one clinic at the same time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::Clock;
use sokhoe_clinic::{Clinic, ImportOptions};
use sokhoe_qr::Enrolment;
use sokhoe_testing::Signer;

use crate::plain_http::{Connection, request};

/// Codes that are made at the same time share a commit.
const MAKING_CODES: usize = 16;

/// How long who was told to come later waits: shorter than a phone, since nobody waits for a test.
const A_WHILE: Duration = Duration::from_millis(100);

/// An enrolled phone.
#[derive(Clone)]
pub struct CrowdPhone {
    /// The Patient ids for which it may ask.
    pub people: Vec<String>,
    token: String,
    signer: Arc<Signer>,
    clinic: CrowdClinic,
    /// Proofs of bookings that were made before they are needed.
    ahead: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for CrowdPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrowdPhone").finish_non_exhaustive()
    }
}

/// The clinic that is asked.
#[derive(Clone)]
pub struct CrowdClinic {
    /// Where it says to be reached.
    pub url: String,
    /// Its clock, as the phones know it.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for CrowdClinic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrowdClinic").finish_non_exhaustive()
    }
}

impl CrowdClinic {
    fn proof(&self, signer: &Signer, method: &str, path: &str, token: Option<&str>) -> String {
        let second = self.clock.now().as_millis().div_euclid(1_000);
        signer.proof(method, &format!("{}{path}", self.url), second, token)
    }
}

/// The header of a proof.
const DPOP: &str = "DPoP";
/// What is asked most.
const BOOK: &str = "/fhir/Appointment/$book";

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
    /// Enrols with one of the codes, at one of the clinic's processes.
    ///
    /// # Panics
    /// When the clinic does not let it in.
    pub async fn enrol(address: &str, clinic: &CrowdClinic, code: &str) -> Self {
        let device = format!("crowd-phone-{}", &code[..12]);
        let body = json!({"code": code, "device_id": device, "device_name": "Điện thoại"});
        let signer = Arc::<Signer>::default();
        let mut connection = Connection::open(address).await.expect("a connection");
        let answer = loop {
            let proof = clinic.proof(&signer, "POST", "/enrolment", None);
            let headers = [("Content-Type", "application/json"), ("DPoP", &*proof)];
            let asked = request("POST", "/enrolment", &headers, &body.to_string());
            let answer = connection.ask(&asked).await.expect("an answer");
            // Where all come at once, some are told to come later.
            if answer.status != 429 {
                break answer;
            }
            tokio::time::sleep(A_WHILE).await;
        };
        assert_eq!(answer.status, 200);
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let people = body["patients"].as_array().into_iter().flatten();
        Self {
            people: people
                .filter_map(|patient| patient["id"].as_str().map(str::to_owned))
                .collect(),
            token: body["access_token"].as_str().expect("a token").to_owned(),
            signer,
            clinic: clinic.clone(),
            ahead: Arc::default(),
        }
    }

    /// Makes the proofs of so many bookings before they are needed, within minutes: signing is the phones' work, not that of
    /// whoever measures the clinic.
    pub fn sign_bookings_ahead(&self, count: usize) {
        let token = Some(self.token.as_str());
        let mut ahead = self.held();
        *ahead = (0..count)
            .map(|_| self.clinic.proof(&self.signer, "POST", BOOK, token))
            .collect();
    }

    fn held(&self) -> MutexGuard<'_, Vec<String>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn proof(&self, method: &str, path: &str) -> String {
        let signed = (path == BOOK).then(|| self.held().pop()).flatten();
        signed.unwrap_or_else(|| {
            let token = Some(self.token.as_str());
            self.clinic.proof(&self.signer, method, path, token)
        })
    }

    /// A request of this phone that carries FHIR: a POST, or without a body a GET. It can be asked once.
    #[must_use]
    pub fn request(&self, path: &str, key: Option<&str>, body: Option<&str>) -> Vec<u8> {
        let method = body.map_or("GET", |_| "POST");
        let authorization = format!("DPoP {}", self.token);
        let proof = self.proof(method, path);
        let mut headers = vec![("Authorization", &*authorization), (DPOP, &*proof)];
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        headers.extend(body.map(|_| ("Content-Type", "application/fhir+json")));
        request(method, path, &headers, body.unwrap_or_default())
    }

    /// The same request, to be asked once more: with another proof.
    ///
    /// # Panics
    /// When it is none of [`CrowdPhone::request`].
    #[must_use]
    pub fn again(&self, request: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(request).expect("a request of text");
        let mut words = text.split(' ');
        let (method, path) = (words.next(), words.next());
        let proof = self.proof(method.expect("a method"), path.expect("a path"));
        let (before, rest) = text.split_once(&format!("\r\n{DPOP}: ")).expect("a proof");
        let (_, after) = rest.split_once("\r\n").expect("more lines");
        format!("{before}\r\n{DPOP}: {proof}\r\n{after}").into_bytes()
    }
}
