//! An OpenID provider without a page, for journeys that are about the phone. What providers do wrong is tried at the clinic
//! (`clinic/tests/it/sign_in_attacks.rs`), what a certified one does in `tests/peers/openid_provider.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use sokhoe_app::SystemClock;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_testing::Signer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// A provider that lets everybody in as one person, without a page.
#[derive(Debug)]
pub struct Provider {
    issuer: String,
    signer: Signer,
    citizen: String,
    says: &'static str,
}

impl Provider {
    /// Serves until the process ends, and vouches for everybody as this citizen, or answers with this error where it is not empty.
    /// The issuer.
    ///
    /// # Panics
    /// When this machine gives no port.
    pub async fn serve(citizen: &str, says: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = Arc::new(Self {
            issuer: issuer.clone(),
            signer: Signer::default(),
            citizen: citizen.to_owned(),
            says,
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let provider = Arc::clone(&provider);
                tokio::spawn(async move { provider.answer(stream).await });
            }
        });
        issuer
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        let whole = loop {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.expect("a request");
            request.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let length = text
                .to_ascii_lowercase()
                .split_once("content-length: ")
                .and_then(|(_, rest)| rest.split("\r\n").next()?.parse::<usize>().ok())
                .unwrap_or(0);
            match text.split_once("\r\n\r\n") {
                Some((_, body)) if body.len() >= length || read == 0 => break text,
                None if read == 0 => return,
                _ => {}
            }
        };
        let path = whole.split(' ').nth(1).expect("a path");
        let url = Url::parse(&format!("{}{path}", self.issuer)).expect("an address");
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let (head, body) = match url.path() {
            "/.well-known/openid-configuration" => ("200 OK".to_owned(), self.metadata()),
            "/keys" => {
                let key: Value = serde_json::from_str(&self.signer.jwk()).expect("a key");
                ("200 OK".to_owned(), json!({"keys": [key]}).to_string())
            }
            "/auth" => (self.back(&asked), String::new()),
            "/token" => {
                let (_, form) = whole.split_once("\r\n\r\n").expect("a form");
                let form: HashMap<String, String> = url::form_urlencoded::parse(form.as_bytes())
                    .into_owned()
                    .collect();
                ("200 OK".to_owned(), self.id_token(&form["code"]))
            }
            other => panic!("{other}"),
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let _gone = stream.write_all(answer.as_bytes()).await;
    }

    fn metadata(&self) -> String {
        let issuer = &self.issuer;
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
        })
        .to_string()
    }

    /// The code is the nonce: this provider remembers nothing.
    fn back(&self, asked: &HashMap<String, String>) -> String {
        let mut url = Url::parse(&asked["redirect_uri"]).expect("an address");
        url.query_pairs_mut().append_pair("state", &asked["state"]);
        match self.says {
            "" => url.query_pairs_mut().append_pair("code", &asked["nonce"]),
            error => url.query_pairs_mut().append_pair("error", error),
        };
        format!("303 See Other\r\nlocation: {url}")
    }

    fn id_token(&self, nonce: &str) -> String {
        let now = SystemClock.now().as_millis() / 1_000;
        let claims = json!({
            "iss": self.issuer, "aud": "clinic", "sub": "x", "iat": now, "exp": now + 60, "nonce": nonce,
            "cccd": self.citizen,
        });
        let token = self.signer.jws(r#"{"alg":"ES256"}"#, &claims.to_string());
        json!({"access_token": "x", "token_type": "Bearer", "id_token": token}).to_string()
    }
}
