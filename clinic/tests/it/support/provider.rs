//! An OpenID provider that can be as wrong as a test wants it, which a real one will not be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use sokhoe_clinic::SignIn;
use sokhoe_testing::Signer;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use super::http::Reply;
use super::{HandClock, Hospital, Phone, hospital_behind};
use sokhoe_domain::ports::Clock as _;

pub const APP: &str = "vn.sokhoe:/signed-in";
pub const SECRET: &str = "a secret: with+signs";
/// Of the mother.
pub const CITIZEN: &str = "011156000123";
pub const SCOPES: &str = "launch/patient offline_access patient/*.rs patient/Appointment.cu patient/Consent.cu patient/Observation.cu patient/Patient.u";

/// How it signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    Sound,
    /// With a key that it does not publish, under the name of the one that it does.
    OtherKey,
    /// `alg` none.
    None,
    /// A MAC whose key is the public key.
    Mac,
}

/// How it answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    Sound,
    Status(u16),
    Slow,
    Huge,
    Garbled,
}

type Bend = Box<dyn Fn(&mut Value) + Send>;

/// What it does.
pub struct Doing {
    pub discovery: Answering,
    pub keys: Answering,
    pub token: Answering,
    pub signing: Signing,
    /// The name of its key in what it signs, and in what it publishes.
    pub kid: (String, String),
    bend: Bend,
    bend_discovery: Bend,
    /// Codes that wait: what the clinic asked, and the claims that they give.
    codes: HashMap<String, (HashMap<String, String>, Value)>,
    clock: Option<Arc<HandClock>>,
}

struct Shared {
    issuer: String,
    signer: Signer,
    other: Signer,
    doing: Mutex<Doing>,
    keys_asked: AtomicUsize,
    tokens_asked: AtomicUsize,
}

pub struct FakeProvider {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl FakeProvider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Arc::new(Shared {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            signer: Signer::default(),
            other: Signer::default(),
            doing: Mutex::new(Doing {
                discovery: Answering::Sound,
                keys: Answering::Sound,
                token: Answering::Sound,
                signing: Signing::Sound,
                kid: ("one".to_owned(), "one".to_owned()),
                bend: Box::new(|_| {}),
                bend_discovery: Box::new(|_| {}),
                codes: HashMap::new(),
                clock: None,
            }),
            keys_asked: AtomicUsize::new(0),
            tokens_asked: AtomicUsize::new(0),
        });
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self { shared, server }
    }

    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// How a clinic is configured for it.
    pub fn sign_in(&self) -> SignIn {
        let config = json!({
            "provider": {
                "issuer": self.issuer(), "client_id": "clinic one", "client_secret": SECRET,
                "identifier_claim": "cccd", "acr": "high",
            },
            "app": {"client_id": "vn.sokhoe", "redirect_uris": [APP, "http://127.0.0.1:7/signed-in"]},
        });
        SignIn::from_json(&config.to_string()).unwrap()
    }

    pub fn does(&self, change: impl FnOnce(&mut Doing)) {
        change(&mut self.shared.doing.lock().unwrap());
    }

    /// Bends the claims of every ID token from now on.
    pub fn bends(&self, bend: impl Fn(&mut Value) + Send + 'static) {
        self.does(|doing| doing.bend = Box::new(bend));
    }

    pub fn bends_discovery(&self, bend: impl Fn(&mut Value) + Send + 'static) {
        self.does(|doing| doing.bend_discovery = Box::new(bend));
    }

    pub fn keys_asked(&self) -> usize {
        self.shared.keys_asked.load(Ordering::SeqCst)
    }

    pub fn tokens_asked(&self) -> usize {
        self.shared.tokens_asked.load(Ordering::SeqCst)
    }

    /// Somebody signs in, in a browser that was sent here with this: a code.
    pub fn signs_in(&self, asked: &HashMap<String, String>, claims: Value) -> String {
        let code = format!("code-{}", super::key());
        let mut doing = self.shared.doing.lock().unwrap();
        doing.codes.insert(code.clone(), (asked.clone(), claims));
        code
    }
}

async fn answering(how: Answering, sound: Value) -> (StatusCode, String) {
    match how {
        Answering::Sound => (StatusCode::OK, sound.to_string()),
        Answering::Status(status) => (StatusCode::from_u16(status).unwrap(), sound.to_string()),
        Answering::Slow => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            (StatusCode::OK, sound.to_string())
        }
        Answering::Huge => {
            let mut huge = sound;
            huge["more"] = json!("x".repeat(1 << 20));
            (StatusCode::OK, huge.to_string())
        }
        Answering::Garbled => (StatusCode::OK, "<html>".to_owned()),
    }
}

async fn discovery(State(shared): State<Arc<Shared>>) -> (StatusCode, String) {
    let issuer = &shared.issuer;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "authorization_response_iss_parameter_supported": true,
    });
    let how = {
        let doing = shared.doing.lock().unwrap();
        (doing.bend_discovery)(&mut document);
        doing.discovery
    };
    answering(how, document).await
}

async fn keys(State(shared): State<Arc<Shared>>) -> (StatusCode, String) {
    shared.keys_asked.fetch_add(1, Ordering::SeqCst);
    let (how, kid) = {
        let doing = shared.doing.lock().unwrap();
        (doing.keys, doing.kid.1.clone())
    };
    let mut key: Value = serde_json::from_str(&shared.signer.jwk()).unwrap();
    key["kid"] = json!(kid);
    key["use"] = json!("sig");
    answering(how, json!({"keys": [key]})).await
}

/// Gives an ID token for a code, once, to whoever has the verifier and is the clinic.
async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    shared.tokens_asked.fetch_add(1, Ordering::SeqCst);
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let (how, id_token) = {
        let mut doing = shared.doing.lock().unwrap();
        let refused = (
            StatusCode::BAD_REQUEST,
            r#"{"error":"invalid_grant"}"#.to_owned(),
        );
        if !is_the_clinic(&headers) || form["grant_type"] != "authorization_code" {
            return refused;
        }
        let Some((asked, claims)) = doing.codes.remove(&form["code"]) else {
            return refused;
        };
        let hash = digest(&SHA256, form["code_verifier"].as_bytes());
        if URL_SAFE_NO_PAD.encode(hash) != asked["code_challenge"]
            || form["redirect_uri"] != asked["redirect_uri"]
        {
            return refused;
        }
        (doing.token, id_token(&shared, &doing, &asked, claims))
    };
    let answer = json!({"access_token": "x", "token_type": "Bearer", "id_token": id_token});
    answering(how, answer).await
}

fn is_the_clinic(headers: &HeaderMap) -> bool {
    let credentials = headers["authorization"].to_str().unwrap();
    let credentials = credentials.strip_prefix("Basic ").unwrap();
    let decoded = STANDARD.decode(credentials).unwrap();
    decoded == b"clinic+one:a+secret%3A+with%2Bsigns"
}

fn id_token(
    shared: &Shared,
    doing: &Doing,
    asked: &HashMap<String, String>,
    more: Value,
) -> String {
    let now = doing.clock.as_ref().unwrap().now().as_millis() / 1_000;
    let mut claims = json!({
        "iss": shared.issuer, "aud": asked["client_id"], "sub": "somebody", "iat": now, "exp": now + 120,
        "nonce": asked["nonce"], "acr": asked["acr_values"],
    });
    let more = more.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(more);
    (doing.bend)(&mut claims);
    let header = |alg: &str| json!({"alg": alg, "kid": doing.kid.0}).to_string();
    let claims = claims.to_string();
    let unsigned = |alg: &str| {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}", encode(&header(alg)), encode(&claims))
    };
    match doing.signing {
        Signing::Sound => shared.signer.jws(&header("ES256"), &claims),
        Signing::OtherKey => shared.other.jws(&header("ES256"), &claims),
        Signing::None => format!("{}.", unsigned("none")),
        Signing::Mac => {
            let signed = unsigned("HS256");
            let point = shared.signer.public_key();
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &point);
            let code = ring::hmac::sign(&key, signed.as_bytes());
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(code))
        }
    }
}

/// A clinic with a provider.
pub struct SecondDoor {
    pub hospital: Hospital,
    pub provider: FakeProvider,
}

pub async fn second_door() -> SecondDoor {
    second_door_behind(Vec::new()).await
}

/// The same behind these proxies.
pub async fn second_door_behind(proxies: Vec<IpAddr>) -> SecondDoor {
    let provider = FakeProvider::start().await;
    let hospital = hospital_behind(proxies, Some(provider.sign_in())).await;
    let clock = Arc::clone(&hospital.clock);
    provider.does(|doing| doing.clock = Some(clock));
    SecondDoor { hospital, provider }
}

/// What a phone remembers while its person signs in.
#[derive(Clone)]
pub struct Pending {
    pub state: String,
    pub verifier: String,
}

impl Pending {
    pub fn new() -> Self {
        let random = |length| super::key().replace('-', "").repeat(2)[..length].to_owned();
        Self {
            state: random(43),
            verifier: random(64),
        }
    }
}

/// A browser that was sent to the provider.
#[derive(Clone)]
pub struct Browser {
    pub cookie: String,
    /// What the clinic asks the provider.
    pub asked: HashMap<String, String>,
}

impl SecondDoor {
    /// The parameters of a sound request of a phone.
    pub fn parameters(&self, phone: &Phone, pending: &Pending) -> Vec<(String, String)> {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, pending.verifier.as_bytes()));
        [
            ("response_type", "code"),
            ("client_id", "vn.sokhoe"),
            ("redirect_uri", APP),
            ("state", &pending.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("dpop_jkt", &phone.signer.thumbprint()),
            ("aud", &format!("{}/fhir", self.hospital.base())),
            ("scope", SCOPES),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    pub async fn ask(&self, path: &str, cookie: Option<&str>) -> Reply {
        let headers: Vec<(&str, &str)> = cookie.iter().map(|it| ("Cookie", *it)).collect();
        let mut connection = self.hospital.connect().await;
        connection.ask("GET", path, &headers, "").await
    }

    pub async fn authorize(&self, parameters: &[(String, String)]) -> Reply {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        self.ask(&format!("/authorize?{query}"), None).await
    }

    /// A phone's browser on its way to the provider.
    pub async fn begin(&self, phone: &Phone, pending: &Pending) -> Browser {
        let reply = self.authorize(&self.parameters(phone, pending)).await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        let location = reply.header("location").unwrap();
        assert!(location.starts_with(&format!("{}/auth?", self.provider.issuer())));
        let cookie = reply.header("set-cookie").unwrap();
        Browser {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            asked: query(location),
        }
    }

    /// The browser comes back from the provider with this.
    pub async fn come_back(&self, browser: &Browser, parts: &[(&str, &str)]) -> Reply {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parts)
            .finish();
        self.ask(&format!("/signed-in?{query}"), Some(&browser.cookie))
            .await
    }

    /// The same after somebody signed in: where it is sent then.
    pub async fn come_back_as(&self, browser: &Browser, claims: Value) -> HashMap<String, String> {
        let code = self.provider.signs_in(&browser.asked, claims);
        let parts = [
            ("code", &*code),
            ("state", &browser.asked["state"]),
            ("iss", self.provider.issuer()),
        ];
        let reply = self.come_back(browser, &parts).await;
        self.told(&reply)
    }

    /// What the app is told; always whose answer it is.
    pub fn told(&self, reply: &Reply) -> HashMap<String, String> {
        assert_eq!(reply.status, 303, "{}", reply.body);
        let location = reply.header("location").unwrap();
        assert!(location.starts_with(&format!("{APP}?")), "{location}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let told = query(location);
        assert_eq!(told["iss"], self.hospital.base());
        told
    }

    /// A code of the clinic's for a phone whose person signed in.
    pub async fn code(&self, phone: &Phone, pending: &Pending, claims: Value) -> String {
        let browser = self.begin(phone, pending).await;
        let told = self.come_back_as(&browser, claims).await;
        assert_eq!(told["state"], pending.state);
        told.get("code")
            .unwrap_or_else(|| panic!("{told:?}"))
            .clone()
    }

    /// What is not there after a refusal.
    pub fn assert_nothing_left(&self, what: &str) {
        for table in ["session", "authorization_code", "sign_in"] {
            let count = format!("SELECT count(*) FROM {table}");
            assert_eq!(self.hospital.database.number(&count), 0, "{what}: {table}");
        }
    }
}

/// The form by which a phone exchanges a code.
pub fn exchange(code: &str, verifier: &str, phone: &Phone) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", "vn.sokhoe".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", APP.to_owned()),
        ("code_verifier", verifier.to_owned()),
        ("device_id", phone.device.clone()),
        ("device_name", "Điện thoại".to_owned()),
    ]
}

pub async fn redeem(phone: &Phone, form: &[(&'static str, String)]) -> Reply {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    phone.ask_for_tokens(&form).await
}

pub fn query(url: &str) -> HashMap<String, String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().into_owned().collect()
}

/// What the provider says of the mother.
pub fn mother() -> Value {
    json!({"cccd": CITIZEN, "birthdate": "1956-03-12", "name": "QUÀNG THỊ MAI"})
}
