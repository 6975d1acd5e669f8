//! A served clinic, phones, and words to ask in.

pub mod desk;
pub mod http;
pub mod provider;
pub mod staff;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Connection, Reply};
use serde_json::{Value, json};
use sokhoe_clinic::system::SystemRng;
use sokhoe_clinic::{
    BankMessages, CassoKey, Clinic, ClinicConfig, DataSource, PayosKey, PostgresUrl, Running,
    SepayKeys, SignIn,
};
use sokhoe_domain::ports::{BoxFuture, Clock};
use sokhoe_domain::{AccessEntry, Timestamp};
use sokhoe_fhir::access_log::from_text;
use sokhoe_qr::Enrolment;
use sokhoe_testing::bank::BANK_KEY;
use sokhoe_testing::{Database, Signer, canaries};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A clock that stands until it is moved; sleeping takes real time.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub fn go_back(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap();
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// The fictional hospital on a Monday at six in the morning.
pub struct Hospital {
    pub clinic: Clinic,
    pub running: Running,
    pub clock: Arc<HandClock>,
    pub database: Database,
    pub folder: TempDir,
    pub sign_in: Option<SignIn>,
    pub proxies: Vec<IpAddr>,
}

pub const MOTHER: &str = "bn-000001";
pub const SON: &str = "bn-000002";
pub const STRANGER: &str = "bn-000004";

pub async fn hospital() -> Hospital {
    hospital_with(None).await
}

/// One whose people can come in by a provider, too.
pub async fn hospital_with(sign_in: Option<SignIn>) -> Hospital {
    hospital_behind(Vec::new(), sign_in).await
}

/// The same behind these proxies.
pub async fn hospital_behind(proxies: Vec<IpAddr>, sign_in: Option<SignIn>) -> Hospital {
    canaries::watch_for(canaries::PEOPLE);
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::parse_fhir("2026-11-23T06:00:00+07:00").unwrap();
    let clock = Arc::new(HandClock(AtomicI64::new(now.as_millis())));
    let keys = folder.path().join("data");
    let database = Database::of_environment(keys.join("clinic.db"));
    let clinic = open(&database, keys, &clock, sign_in.clone(), proxies.clone());
    clinic.seed_hospital().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let running = clinic.serve(listener, &base).await.unwrap();
    Hospital {
        clinic,
        running,
        clock,
        database,
        folder,
        sign_in,
        proxies,
    }
}

fn open(
    database: &Database,
    keys: PathBuf,
    clock: &Arc<HandClock>,
    sign_in: Option<SignIn>,
    proxies: Vec<IpAddr>,
) -> Clinic {
    let data = if database.is_postgres() {
        let url = PostgresUrl::new(&database.url(), None).unwrap();
        DataSource::Postgres { url, keys }
    } else {
        DataSource::Folder(keys)
    };
    let config = ClinicConfig {
        sign_in,
        proxies,
        bank_messages: Some(bank_messages()),
        ..ClinicConfig::new(
            data,
            Arc::clone(clock) as Arc<dyn Clock>,
            Arc::new(SystemRng::default()),
        )
    };
    Clinic::open(config).unwrap()
}

/// Whose messages every clinic of the tests takes.
fn bank_messages() -> BankMessages {
    BankMessages {
        accounts: vec!["VQRQ-00021".to_owned()],
        payos: Some(PayosKey {
            checksum_key: BANK_KEY.to_owned(),
        }),
        sepay: Some(SepayKeys {
            secret: Some(BANK_KEY.to_owned()),
            api_key: None,
        }),
        casso: Some(CassoKey {
            key: BANK_KEY.to_owned(),
        }),
    }
}

impl Hospital {
    /// Lets the clinic's clock go on until so many seconds after a time.
    pub fn advance_to(&self, time: &str, seconds: i64) {
        let to = Timestamp::parse_fhir(time).unwrap().as_millis() + seconds * 1_000;
        let missing = to - self.clock.now().as_millis();
        let missing = u64::try_from(missing).expect("the clock is not set back");
        self.clock.advance(Duration::from_millis(missing));
    }

    /// Another process of the same clinic, as good as.
    pub fn beside(&self) -> Clinic {
        let keys = self.folder.path().join("data");
        let (sign_in, proxies) = (self.sign_in.clone(), self.proxies.clone());
        open(&self.database, keys, &self.clock, sign_in, proxies)
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.running.addr)
    }

    /// A phone that enrolled for these patients.
    pub async fn phone(&self, device: &str, patients: &[&str]) -> Phone {
        let code = self.code(patients);
        let phone = self.new_phone(device);
        let reply = self.enrol(&code, &phone).await;
        phone.let_in(&reply)
    }

    /// A phone that nobody has let in yet.
    pub fn new_phone(&self, device: &str) -> Phone {
        Phone {
            addr: self.running.addr.to_string(),
            token: String::new(),
            refresh: String::new(),
            device: device.to_owned(),
            signer: Arc::default(),
            clock: Arc::clone(&self.clock),
            renewed: Arc::default(),
        }
    }

    /// The secret of a new enrolment.
    pub fn code(&self, patients: &[&str]) -> String {
        let patients: Vec<String> = patients.iter().map(|&p| p.to_owned()).collect();
        let text = self
            .clinic
            .issue_enrolment(&patients, Duration::from_secs(600), &self.base())
            .unwrap();
        let read = Enrolment::read(&text.text, self.clock.now()).unwrap();
        assert_eq!(read.clinic_url, self.base());
        assert_eq!(read.public_key, self.clinic.public_key());
        read.code
    }

    /// Shows a code, with a token when the phone has one.
    pub async fn enrol(&self, code: &str, phone: &Phone) -> Reply {
        self.enrol_with(code, None, phone).await
    }

    /// The same, bringing the word of the phone that made the code.
    pub async fn enrol_with(&self, code: &str, word: Option<&[u8]>, phone: &Phone) -> Reply {
        let mut body =
            json!({"code": code, "device_id": phone.device, "device_name": "Điện thoại"});
        if let Some(word) = word {
            body["word"] = json!(URL_SAFE_NO_PAD.encode(word));
        }
        phone
            .ask(
                "POST",
                "/enrolment",
                &[("Content-Type", "application/json")],
                &body.to_string(),
            )
            .await
    }

    pub async fn connect(&self) -> Connection {
        Connection::open(&self.running.addr.to_string()).await
    }

    /// The nearest free times of a service.
    pub async fn free(&self, phone: &Phone, service: &str, count: usize) -> Vec<Value> {
        let find = parameters(&[
            (
                "start",
                json!({"valueDateTime": "2026-11-24T00:00:00+07:00"}),
            ),
            ("end", json!({"valueDateTime": "2026-12-04T00:00:00+07:00"})),
            ("visit-type", json!({"valueString": service})),
        ]);
        let path = format!("/fhir/Appointment/$find?_count={count}");
        let reply = phone.post(&path, None, &find).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.resources("Appointment")
    }
}

/// An enrolled device, and the key that it signs with.
#[derive(Clone)]
pub struct Phone {
    pub addr: String,
    pub token: String,
    pub refresh: String,
    pub device: String,
    pub signer: Arc<Signer>,
    pub clock: Arc<HandClock>,
    /// What took the place of a token that was over, with its refresh token.
    pub renewed: Arc<Mutex<HashMap<String, (String, String)>>>,
}

impl Phone {
    /// The same phone with what it was given.
    pub fn let_in(&self, reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.body);
        let given = reply.json();
        assert_eq!(given["token_type"], "DPoP");
        let text = |name: &str| given[name].as_str().unwrap().to_owned();
        Self {
            token: text("access_token"),
            refresh: text("refresh_token"),
            ..self.clone()
        }
    }

    /// The url of a path, as the clinic is reached.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub fn second(&self) -> i64 {
        self.clock.now().as_millis().div_euclid(1_000)
    }

    /// The tokens, as they were renewed last.
    pub fn tokens(&self) -> (String, String) {
        let renewed = self.renewed.lock().unwrap();
        let given = (self.token.clone(), self.refresh.clone());
        renewed.get(&self.token).cloned().unwrap_or(given)
    }

    /// Asks for new tokens, with a refresh token.
    pub async fn renew(&self, refresh: &str) -> Reply {
        let form = format!("grant_type=refresh_token&refresh_token={refresh}");
        self.ask_for_tokens(&form).await
    }

    /// Asks, and once more when the clinic wants to know when, as phones do.
    pub async fn ask_for_tokens(&self, form: &str) -> Reply {
        let url = self.url("/token");
        let proof = self.signer.proof("POST", &url, self.second(), None);
        let reply = self.ask_for_tokens_with(form, &proof).await;
        let Some(nonce) = reply.header("dpop-nonce") else {
            return reply;
        };
        let proof = self
            .signer
            .proof_with_nonce("POST", &url, self.second(), nonce);
        self.ask_for_tokens_with(form, &proof).await
    }

    /// Asks with this proof.
    pub async fn ask_for_tokens_with(&self, form: &str, proof: &str) -> Reply {
        let headers = [
            ("DPoP", proof),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        Connection::open(&self.addr)
            .await
            .ask("POST", "/token", &headers, form)
            .await
    }

    /// What proves that this phone asks this: a new proof each time.
    pub fn credentials(&self, method: &str, path: &str) -> Vec<(String, String)> {
        let (token, _) = self.tokens();
        let token = Some(token.as_str()).filter(|token| !token.is_empty());
        let proof = self
            .signer
            .proof(method, &self.url(path), self.second(), token);
        let mut headers = vec![("DPoP".to_owned(), proof)];
        headers.extend(token.map(|token| ("Authorization".to_owned(), format!("DPoP {token}"))));
        headers
    }

    /// Asks, and when the token is over once more with a new one, as a phone does.
    pub async fn ask(&self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Reply {
        let mut connection = Connection::open(&self.addr).await;
        self.ask_on(&mut connection, method, path, more, body).await
    }

    pub async fn ask_on(
        &self,
        connection: &mut Connection,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let reply = self.ask_once(connection, method, path, more, body).await;
        let (_, refresh) = self.tokens();
        let is_over = reply
            .header("www-authenticate")
            .is_some_and(|challenge| challenge.contains("invalid_token"));
        if !is_over || refresh.is_empty() {
            return reply;
        }
        let given = self.renew(&refresh).await;
        if given.status != 200 {
            return reply;
        }
        let renewed = self.let_in(&given);
        self.renewed
            .lock()
            .unwrap()
            .insert(self.token.clone(), (renewed.token, renewed.refresh));
        self.ask_once(connection, method, path, more, body).await
    }

    async fn ask_once(
        &self,
        connection: &mut Connection,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let credentials = self.credentials(method, path);
        let mut headers: Vec<(&str, &str)> = credentials
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        headers.extend_from_slice(more);
        connection.ask(method, path, &headers, body).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, more: &[(&str, &str)]) -> Reply {
        self.ask("GET", path, more, "").await
    }

    pub async fn put(&self, path: &str, if_match: Option<&str>, body: &str) -> Reply {
        let mut headers = vec![("Content-Type", "application/fhir+json")];
        headers.extend(if_match.map(|version| ("If-Match", version)));
        self.ask("PUT", path, &headers, body).await
    }

    pub async fn post(&self, path: &str, key: Option<&str>, body: &str) -> Reply {
        let mut connection = Connection::open(&self.addr).await;
        self.post_on(&mut connection, path, key, body).await
    }

    pub async fn post_on(
        &self,
        connection: &mut Connection,
        path: &str,
        key: Option<&str>,
        body: &str,
    ) -> Reply {
        let mut headers = vec![("Content-Type", "application/fhir+json")];
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        self.ask_on(connection, "POST", path, &headers, body).await
    }

    pub async fn book(&self, key: &str, appointment: &str, patient: &str) -> Reply {
        self.post(
            "/fhir/Appointment/$book",
            Some(key),
            &by_reference(appointment, patient),
        )
        .await
    }

    pub async fn hold(&self, key: &str, appointment: &str, patient: &str) -> Reply {
        self.post(
            "/fhir/Appointment/$hold",
            Some(key),
            &by_reference(appointment, patient),
        )
        .await
    }

    /// Every page of a person's changes from a cursor on: entries and the cursor for next time.
    pub async fn changes(&self, patient: &str, cursor: Option<&str>) -> (Vec<Value>, String) {
        let mut entries = Vec::new();
        let mut path = format!("/fhir/Patient/{patient}/$changes?_count=100");
        if let Some(cursor) = cursor {
            path.push_str(&format!("&cursor={cursor}"));
        }
        loop {
            let reply = self.get(&path).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
            let bundle = reply.json();
            entries.extend(bundle["entry"].as_array().cloned().unwrap_or_default());
            match link(&bundle, "next") {
                Some(next) => path = next[next.find("/fhir").unwrap()..].to_owned(),
                None => return (entries, cursor_of(&bundle)),
            }
        }
    }
}

/// All entries of the access log, in their order: also those that only waited to come into it.
pub fn logged(hospital: &Hospital) -> Vec<AccessEntry> {
    hospital.clinic.tend_access_log().unwrap();
    let rows = hospital
        .database
        .rows("SELECT entry FROM access_log_entry ORDER BY place");
    rows.iter()
        .map(|row| from_text(&row[0]).expect("an entry"))
        .collect()
}

pub fn link(bundle: &Value, relation: &str) -> Option<String> {
    bundle["link"]
        .as_array()?
        .iter()
        .find(|link| link["relation"] == relation)
        .and_then(|link| link["url"].as_str())
        .map(str::to_owned)
}

pub fn cursor_of(bundle: &Value) -> String {
    let link = link(bundle, "self").unwrap();
    let (_, rest) = link.split_once("cursor=").unwrap();
    rest.split('&').next().unwrap().to_owned()
}

pub fn parameters(parts: &[(&str, Value)]) -> String {
    let parts: Vec<Value> = parts
        .iter()
        .map(|(name, value)| {
            let mut part = value.clone();
            part["name"] = json!(name);
            part
        })
        .collect();
    json!({"resourceType": "Parameters", "parameter": parts}).to_string()
}

pub fn by_reference(appointment: &str, patient: &str) -> String {
    let reference = |text: String| json!({"valueReference": {"reference": text}});
    parameters(&[
        (
            "appointment-reference",
            reference(format!("Appointment/{appointment}")),
        ),
        ("patient-reference", reference(format!("Patient/{patient}"))),
    ])
}

pub fn by_resource(appointment: &Value, patient: &str) -> String {
    parameters(&[
        ("appointment-resource", json!({"resource": appointment})),
        (
            "patient-reference",
            json!({"valueReference": {"reference": format!("Patient/{patient}")}}),
        ),
    ])
}

/// A new key.
pub fn key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("01990000-0000-7000-8000-{n:012x}")
}

pub fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}

pub fn refusal(reply: &Reply) -> String {
    let body = reply.json();
    let outcome = match body["resourceType"].as_str() {
        Some("OperationOutcome") => body,
        _ => reply.resources("OperationOutcome").remove(0),
    };
    outcome["issue"][0]["details"]["coding"][0]["code"]
        .as_str()
        .unwrap_or("")
        .to_owned()
}
