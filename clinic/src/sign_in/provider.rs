//! A provider as the clinic asks it: what it publishes of itself (OpenID Connect Discovery), the page that people are sent
//! to, and who came back.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::StatusCode;
use ring::signature::EcdsaKeyPair;
use serde::Deserialize;
use serde_json::Value;
use sokhoe_domain::ports::{Clock, Rng};
use tokio::sync::{Mutex, Semaphore};
use url::{Url, form_urlencoded};

use super::client_key;
use super::config::{OpenIdProvider, SignIn, is_safe};
use super::exchange::Http;
use super::id_token::{BadIdToken, Expected, Unverified, Vouched};
use super::provider_keys::ProviderKeys;
use crate::keys::sha256;
use crate::oauth::seconds;

/// Seconds for which what a provider publishes is remembered.
const REMEMBERED: i64 = 3_600;
/// Seconds after which its keys are asked for again because of a name that is not among them.
const AGAIN: i64 = 60;
/// Seconds for which a provider that did not answer is not asked again: people come back to an answer, not to a wait.
const DOWN: i64 = 5;
/// Sign-ins that ask the provider at the same time.
const AT_ONCE: usize = 32;

/// Why nobody is vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProviderError {
    /// It does not answer, or nothing that can be read, and in time: why, for the clinic's log.
    Unreachable(&'static str),
    /// It does not take the code, or the clinic.
    Refused,
    /// What it says is not believed.
    Untrusted(&'static str),
    /// The person proved less of who they are than is required.
    Unmet,
}

impl From<BadIdToken> for ProviderError {
    fn from(bad: BadIdToken) -> Self {
        Self::Untrusted(match bad {
            BadIdToken::Acr => return Self::Unmet,
            BadIdToken::Malformed => "malformed",
            BadIdToken::Algorithm => "alg",
            BadIdToken::UnknownKey => "kid",
            BadIdToken::Signature => "signature",
            BadIdToken::Issuer => "iss",
            BadIdToken::Audience => "aud",
            BadIdToken::Expired => "exp",
            BadIdToken::IssuedAt => "iat",
            BadIdToken::Nonce => "nonce",
            BadIdToken::NoIdentifier => "no identifier",
            BadIdToken::BirthDate => "birthdate",
        })
    }
}

/// What a provider publishes of itself.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Whether a provider may name this as an address of its own. One that is elsewhere names nothing on this machine.
fn is_endpoint(issuer: &str, url: &str) -> bool {
    let is_here = issuer.starts_with("http:");
    Url::parse(url).is_ok_and(|url| is_safe(&url) && (is_here || url.scheme() == "https"))
}

/// Something that was asked for, and when.
struct Known<T> {
    /// The last that came, and in which second.
    value: Option<(Arc<T>, i64)>,
    /// The second in which nothing came.
    failed: Option<(ProviderError, i64)>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self {
            value: None,
            failed: None,
        }
    }
}

impl<T> Known<T> {
    /// What is known, unless it is older than that; else what is asked for now. Nobody else asks meanwhile.
    async fn no_older_than(
        &mut self,
        most: i64,
        now: i64,
        ask: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<Arc<T>, ProviderError> {
        let age = |at: i64| now.saturating_sub(at);
        if let Some((value, at)) = &self.value
            && (0..most).contains(&age(*at))
        {
            return Ok(Arc::clone(value));
        }
        if let Some((error, at)) = &self.failed
            && (0..DOWN).contains(&age(*at))
        {
            return Err(*error);
        }
        match ask.await {
            Ok(value) => {
                let value = Arc::new(value);
                self.value = Some((Arc::clone(&value), now));
                self.failed = None;
                Ok(value)
            }
            Err(error) => {
                self.failed = Some((error, now));
                Err(error)
            }
        }
    }
}

/// A provider that vouches for people.
pub(crate) struct Provider {
    pub sign_in: SignIn,
    key: Option<EcdsaKeyPair>,
    http: Http,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    metadata: Mutex<Known<Metadata>>,
    keys: Mutex<Known<ProviderKeys>>,
    room: Semaphore,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("sign_in", &self.sign_in)
            .finish_non_exhaustive()
    }
}

/// What a browser came back with.
pub(crate) struct Returned<'a> {
    pub code: &'a str,
    /// The address that it came back to, as it was said when it was sent.
    pub redirect_uri: &'a str,
    pub verifier: &'a str,
    pub nonce: &'a str,
}

impl Provider {
    /// One that is configured so; nothing where that, or TLS, is not sound.
    pub fn new(sign_in: SignIn, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Option<Self> {
        let key = match &sign_in.provider.client_key {
            Some(pem) => Some(client_key::read(pem)?),
            None => None,
        };
        Some(Self {
            sign_in,
            key,
            http: Http::new()?,
            clock,
            rng,
            metadata: Mutex::default(),
            keys: Mutex::default(),
            room: Semaphore::new(AT_ONCE),
        })
    }

    fn config(&self) -> &OpenIdProvider {
        &self.sign_in.provider
    }

    fn now(&self) -> i64 {
        seconds(&*self.clock)
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        let mut known = self.metadata.lock().await;
        known
            .no_older_than(REMEMBERED, self.now(), async {
                let issuer = &self.config().issuer;
                let root = issuer.trim_end_matches('/');
                let url = format!("{root}/.well-known/openid-configuration");
                let read: Metadata = self.http.get(&url).await?;
                let endpoints = [
                    &read.authorization_endpoint,
                    &read.token_endpoint,
                    &read.jwks_uri,
                ];
                let safe = |url: &&String| is_endpoint(issuer, url);
                // Another issuer's would be another provider (OpenID Connect Discovery, 4.3).
                if read.issuer != *issuer || !endpoints.iter().all(safe) {
                    return Err(ProviderError::Untrusted("discovery"));
                }
                Ok(read)
            })
            .await
    }

    async fn keys(
        &self,
        uri: &str,
        no_older_than: i64,
    ) -> Result<Arc<ProviderKeys>, ProviderError> {
        let mut known = self.keys.lock().await;
        known
            .no_older_than(no_older_than, self.now(), async {
                let set: Value = self.http.get(uri).await?;
                ProviderKeys::read(&set).ok_or(ProviderError::Untrusted("jwks"))
            })
            .await
    }

    /// The page to send a browser to.
    pub async fn authorization_url(
        &self,
        redirect_uri: &str,
        state: &str,
        nonce: &str,
        verifier: &str,
    ) -> Result<String, ProviderError> {
        let metadata = self.metadata().await?;
        let config = self.config();
        let mut url = Url::parse(&metadata.authorization_endpoint)
            .map_err(|_| ProviderError::Untrusted("discovery"))?;
        let scopes = config.scopes.iter().map(String::as_str);
        let scopes: Vec<&str> = std::iter::once("openid").chain(scopes).collect();
        let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            // A family shares phones: whoever signed in last is not whoever signs in now.
            .append_pair("prompt", "login")
            .append_pair("ui_locales", "vi");
        if let Some(acr) = &config.acr {
            url.query_pairs_mut().append_pair("acr_values", acr);
        }
        Ok(url.into())
    }

    /// Whether an answer is this provider's, as far as it says whose it is (RFC 9207).
    pub async fn is_from(&self, iss: Option<&str>) -> Result<bool, ProviderError> {
        let says = self.metadata().await?;
        Ok(match iss {
            Some(iss) => iss == self.config().issuer,
            None => !says.authorization_response_iss_parameter_supported,
        })
    }

    /// Whom the provider vouches for.
    pub async fn vouch(&self, returned: &Returned<'_>) -> Result<Vouched, ProviderError> {
        let room = self.room.try_acquire();
        let _room = room.map_err(|_| ProviderError::Unreachable("too many at once"))?;
        let metadata = self.metadata().await?;
        let text = self.exchange(&metadata, returned).await?;
        let token = Unverified::read(&text)?;
        let config = self.config();
        let expected = Expected {
            issuer: &config.issuer,
            client_id: &config.client_id,
            nonce: returned.nonce,
            acr: config.acr.as_deref(),
            identifier_claim: &config.identifier_claim,
            now: self.now(),
        };
        let keys = self.keys(&metadata.jwks_uri, REMEMBERED).await?;
        match token.verify(&keys, &expected) {
            // It may have a new key since.
            Err(BadIdToken::UnknownKey) => {
                let keys = self.keys(&metadata.jwks_uri, AGAIN).await?;
                Ok(token.verify(&keys, &expected)?)
            }
            verified => Ok(verified?),
        }
    }

    /// The ID token for a code. The access token beside it is for nothing here, and is dropped.
    async fn exchange(
        &self,
        metadata: &Metadata,
        returned: &Returned<'_>,
    ) -> Result<String, ProviderError> {
        #[derive(Deserialize)]
        struct Answer {
            id_token: String,
        }
        let (form, authorization) = self.request(metadata, returned)?;
        let endpoint = &metadata.token_endpoint;
        let (status, body) = self.http.post(endpoint, form, authorization).await?;
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(ProviderError::Unreachable("status"));
        }
        if status != StatusCode::OK {
            return Err(ProviderError::Refused);
        }
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_| ProviderError::Untrusted("token answer"))?;
        Ok(answer.id_token)
    }

    /// The form that asks for it, and what stands in the header beside it.
    fn request(
        &self,
        metadata: &Metadata,
        returned: &Returned<'_>,
    ) -> Result<(String, Option<String>), ProviderError> {
        let config = self.config();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", returned.code)
            .append_pair("redirect_uri", returned.redirect_uri)
            .append_pair("code_verifier", returned.verifier);
        let mut authorization = None;
        if let Some(key) = &self.key {
            let mut id = [0; 16];
            self.rng.fill(&mut id);
            let id = URL_SAFE_NO_PAD.encode(id);
            let (client, audience) = (&config.client_id, &metadata.token_endpoint);
            let assertion = client_key::assertion(key, client, audience, &id, self.now())
                .ok_or(ProviderError::Refused)?;
            form.append_pair("client_id", client)
                .append_pair(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                )
                .append_pair("client_assertion", &assertion);
        } else {
            let secret = config.client_secret.as_deref().unwrap_or_default();
            // Basic is what a provider takes that does not say (OpenID Connect Discovery, 3).
            let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
            let takes = |name: &str| methods.is_some_and(|all| all.iter().any(|it| it == name));
            if takes("client_secret_post") && !takes("client_secret_basic") {
                form.append_pair("client_id", &config.client_id)
                    .append_pair("client_secret", secret);
            } else {
                // RFC 6749, 2.3.1.
                let encoded = |text: &str| -> String {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect()
                };
                let both = format!("{}:{}", encoded(&config.client_id), encoded(secret));
                authorization = Some(format!("Basic {}", STANDARD.encode(both)));
            }
        }
        Ok((form.finish(), authorization))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_elsewhere_names_nothing_on_this_machine() {
        let elsewhere = "https://id.example";
        assert!(is_endpoint(elsewhere, "https://keys.id.example/jwks"));
        for bad in [
            "http://127.0.0.1:5432/",
            "http://[::1]/",
            "http://id.example/token",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!is_endpoint(elsewhere, bad), "{bad}");
        }
        assert!(is_endpoint(
            "http://127.0.0.1:9",
            "http://127.0.0.1:9/token"
        ));
        assert!(!is_endpoint(
            "http://127.0.0.1:9",
            "http://id.example/token"
        ));
    }
}
