//! The whole way in at a real OpenID provider, oidc-provider: phone, clinic, the provider's pages, clinic, phone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sokhoe_app::{AppError, EnrolmentRefusal, SystemClock};
use sokhoe_clinic::SignIn;
use sokhoe_tests::browser::{Browser, Page};
use sokhoe_tests::{TestClinic, TestPhone};

const PASSWORD: &str = "mat-khau";

/// The provider, in a process of its own.
struct Provider {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    issuer: String,
}

impl Provider {
    fn start() -> Self {
        let modules = std::env::var("SOKHOE_PEERS_NODE").expect("cargo xtask test --only peers");
        let folder = Path::new(&modules).parent().unwrap();
        let mut process = Command::new("node")
            .arg(folder.join("oidc_provider.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut provider = Self {
            process,
            input,
            output,
            issuer: String::new(),
        };
        provider.issuer = provider.line();
        provider
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Tells it of the clinic.
    fn knows(&mut self, clinic: &TestClinic, key: &Value) {
        let told = json!({"redirect_uri": format!("{}/signed-in", clinic.url), "key": key});
        writeln!(self.input.as_mut().unwrap(), "{told}").unwrap();
        assert_eq!(self.line(), "ready");
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// A key of the clinic's: as it is configured, and its public half as the provider has it.
fn client_key() -> (String, Value) {
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let body = STANDARD.encode(made.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y), "use": "sig", "alg": "ES256"});
    (pem, jwk)
}

/// How a clinic is registered there.
#[derive(Clone, Copy)]
enum Registered {
    /// With a secret; ID tokens are signed by RS256.
    Secret,
    /// With a key; ID tokens are signed by ES256.
    Key,
}

async fn at_provider(registered: Registered) -> (TestClinic, Provider) {
    let mut provider = Provider::start();
    let (pem, jwk) = client_key();
    let mut config = json!({"provider": {
        "issuer": provider.issuer, "identifier_claim": "cccd", "acr": "urn:vn:loa:2",
    }});
    let provider_config = &mut config["provider"];
    match registered {
        Registered::Secret => {
            provider_config["client_id"] = json!("clinic-rs256");
            provider_config["client_secret"] = json!("bi mat: 1+1");
        }
        Registered::Key => {
            provider_config["client_id"] = json!("clinic-es256");
            provider_config["client_key"] = json!(pem);
        }
    }
    let sign_in = SignIn::from_json(&config.to_string()).unwrap();
    let clinic = TestClinic::start_with(Arc::new(SystemClock), Some(sign_in)).await;
    provider.knows(&clinic, &jwk);
    (clinic, provider)
}

/// A person at the provider's pages: signs in, says yes.
async fn signs_in(browser: &mut Browser, url: &str, who: &str, password: &str) -> Page {
    let page = browser.open(url).await;
    assert!(page.body.contains("<title>login"), "{page:?}");
    let fields = [("login", who), ("password", password), ("answer", "yes")];
    let page = browser.submit(&page, &fields).await;
    if page.is_app() {
        return page;
    }
    assert!(page.body.contains("<title>consent"), "{page:?}");
    browser.submit(&page, &[("answer", "yes")]).await
}

fn reason<T: std::fmt::Debug>(result: Result<T, AppError>) -> EnrolmentRefusal {
    match result {
        Err(AppError::Enrolment { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

async fn comes_in(registered: Registered) {
    let (clinic, _provider) = at_provider(registered).await;
    let phone = TestPhone::new();
    let begun = phone.app.begin_sign_in(&clinic.url).await.unwrap();
    let page = signs_in(&mut Browser::default(), &begun.url, "mai", PASSWORD).await;
    assert!(page.is_app(), "{page:?}");
    let enrolled = phone.app.finish_sign_in(&page.url).await.unwrap();
    assert_eq!(enrolled.persons[0].name, "Quàng Thị Mai");
    let person = &enrolled.persons[0].id;
    phone.app.sync(person).await.unwrap();
    let times = phone.free_times(person, 1).await;
    let booked = phone.book(person, times[0].clone()).await.unwrap();
    phone.app.sync(person).await.unwrap();
    let bookings = phone.app.bookings(person).unwrap();
    assert!(bookings.iter().any(|it| it.id == booked.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_comes_in_by_oidc_provider() {
    comes_in(Registered::Secret).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clinic_with_a_key_lets_somebody_in_too() {
    comes_in(Registered::Key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_vouched_for_as_wanted_does_not_come_in() {
    let (clinic, _provider) = at_provider(Registered::Secret).await;
    for (who, password, expected) in [
        // With another birth date than the clinic has.
        ("thinh", PASSWORD, EnrolmentRefusal::CounterRequired),
        // Who proved too little.
        ("duc", PASSWORD, EnrolmentRefusal::TooWeak),
        // Whom the clinic does not know.
        ("nobody", PASSWORD, EnrolmentRefusal::CounterRequired),
        ("mai", "wrong", EnrolmentRefusal::Declined),
    ] {
        let phone = TestPhone::new();
        let begun = phone.app.begin_sign_in(&clinic.url).await.unwrap();
        let page = signs_in(&mut Browser::default(), &begun.url, who, password).await;
        assert!(page.is_app(), "{page:?}");
        let refused = reason(phone.app.finish_sign_in(&page.url).await);
        assert_eq!(refused, expected, "{who}");
        assert!(phone.app.persons().unwrap().is_empty());
    }
}

/// A phone that the family shares: whoever signed in last is asked again.
#[tokio::test(flavor = "multi_thread")]
async fn the_provider_asks_each_time_who_it_is() {
    let (clinic, _provider) = at_provider(Registered::Secret).await;
    let mut browser = Browser::default();
    for _ in 0..2 {
        let phone = TestPhone::new();
        let begun = phone.app.begin_sign_in(&clinic.url).await.unwrap();
        let page = signs_in(&mut browser, &begun.url, "mai", PASSWORD).await;
        phone.app.finish_sign_in(&page.url).await.unwrap();
    }
}
