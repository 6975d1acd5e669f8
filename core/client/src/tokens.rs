//! What a clinic gave this phone to be known by, and how it is renewed (RFC 6749, 6).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::KeyStoreError;
use url::Url;
use zeroize::Zeroizing;

use crate::clinic::ClinicClient;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::{ORDINARY, read};
use crate::proof::{DPOP, Prover};

/// A token is renewed when less than this is left of it.
const EARLY: Duration = Duration::from_secs(6 * 3_600);
/// No token counts as good for longer, whatever a clinic says.
const LONGEST: u64 = 86_400;

/// How long a phone that takes this one's place may take to come to the clinic.
const HAND_OVER: Duration = Duration::from_secs(30 * 86_400);

/// What this phone has of a clinic. Worth nothing without its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// What a request is asked with; empty before the first was given.
    pub access: Zeroizing<String>,
    /// Until when, by the phone's clock.
    pub access_ends: Timestamp,
    /// What the next ones are asked with.
    pub renewal: Renewal,
}

/// What tokens are asked with. Both are secrets, and used once.
#[derive(Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The refresh token of the last answer.
    Refresh(Zeroizing<String>),
    /// What another phone signed for this one to take its place ([`ClinicClient::hand_over`]).
    Assertion(Zeroizing<String>),
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("access_ends", &self.access_ends)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refresh(_) => "Refresh(…)",
            Self::Assertion(_) => "Assertion(…)",
        })
    }
}

/// Where the tokens of one clinic are kept.
pub trait TokenStore: Send + Sync {
    /// Those that are kept.
    ///
    /// # Errors
    /// [`KeyStoreError::Missing`] when this phone has none; others when they cannot be read now.
    fn tokens(&self) -> Result<Tokens, KeyStoreError>;

    /// Keeps new ones, on the disk before this returns, unless others than `instead_of` are there by now: another
    /// process of this phone was as quick.
    ///
    /// # Errors
    /// When they could not be kept.
    fn keep(&self, tokens: &Tokens, instead_of: &Renewal) -> Result<(), KeyStoreError>;

    /// Held while tokens are renewed, so that those who ask this clinic at the same time renew once.
    fn turn(&self) -> Arc<tokio::sync::Mutex<()>>;
}

/// The answer of a token endpoint (RFC 6749, 5.1), as an enrolment has it, too.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    access_token: String,
    token_type: String,
    expires_in: u64,
    refresh_token: String,
}

impl TokenAnswer {
    /// # Errors
    /// [`GarbledAnswer::NotFhir`] for tokens of another kind.
    pub(crate) fn tokens(self, now: Timestamp) -> Result<Tokens, ClientError> {
        let (access, refresh) = (
            Zeroizing::new(self.access_token),
            Zeroizing::new(self.refresh_token),
        );
        if !self.token_type.eq_ignore_ascii_case("DPoP") || access.is_empty() {
            return Err(ClientError::Garbled(GarbledAnswer::NotFhir));
        }
        let seconds = self.expires_in.min(LONGEST);
        Ok(Tokens {
            access,
            access_ends: now.plus(Duration::from_secs(seconds)),
            renewal: Renewal::Refresh(refresh),
        })
    }
}

impl ClinicClient {
    /// The tokens to ask with: renewed when they are over, and when they soon will be and it can be done now.
    pub(crate) async fn good_tokens(
        &self,
        prover: &Prover,
        store: &dyn TokenStore,
    ) -> Result<Tokens, ClientError> {
        let tokens = store.tokens()?;
        let now = prover.clock.now();
        let is_good = |at: Timestamp| !tokens.access.is_empty() && at < tokens.access_ends;
        if is_good(now.plus(EARLY)) {
            return Ok(tokens);
        }
        match self.renew(prover, store, &tokens.access).await {
            // What is here is good for now: whoever asks must not wait for what can be done later.
            Err(_) if is_good(now) => Ok(tokens),
            renewed => renewed,
        }
    }

    /// New tokens in the place of the one that is worn, unless somebody else got some meanwhile. They are kept before they
    /// are used: after a crash the clinic gives the same once more.
    ///
    /// # Errors
    /// [`ClientError::Unauthorized`] when the clinic knows this phone no longer: only it can let it in again.
    pub(crate) async fn renew(
        &self,
        prover: &Prover,
        store: &dyn TokenStore,
        worn: &str,
    ) -> Result<Tokens, ClientError> {
        let turn = store.turn();
        let _one_at_a_time = turn.lock().await;
        let mut kept = store.tokens()?;
        loop {
            if kept.access.as_str() != worn && prover.clock.now() < kept.access_ends {
                return Ok(kept);
            }
            match self.ask_for_tokens(prover, &kept.renewal).await {
                Ok(answer) => {
                    let tokens = answer.tokens(prover.clock.now())?;
                    store.keep(&tokens, &kept.renewal)?;
                    return Ok(tokens);
                }
                // Another process of this phone may have been quicker: then these were over because of it.
                Err(ClientError::Unauthorized) => {
                    let now_kept = store.tokens()?;
                    if now_kept.renewal == kept.renewal {
                        return Err(ClientError::Unauthorized);
                    }
                    kept = now_kept;
                }
                Err(other) => return Err(other),
            }
        }
    }

    async fn ask_for_tokens(
        &self,
        prover: &Prover,
        renewal: &Renewal,
    ) -> Result<TokenAnswer, ClientError> {
        let url = self.token_url()?;
        let form = {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            match renewal {
                Renewal::Refresh(token) => form
                    .append_pair("grant_type", "refresh_token")
                    .append_pair("refresh_token", token),
                Renewal::Assertion(assertion) => form
                    .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
                    .append_pair("assertion", assertion),
            };
            Zeroizing::new(form.finish())
        };
        let mut was_challenged = false;
        loop {
            let request = Request::builder()
                .method(Method::POST)
                .uri(url.as_str())
                .header(ACCEPT, HeaderValue::from_static("application/json"))
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(DPOP, prover.prove(&Method::POST, &url, None)?)
                .body(form.as_bytes().to_vec().into())
                .map_err(|_| ClientError::Invalid)?;
            let response = self.transport.send(request, ORDINARY).await?;
            let (head, body) = response.into_parts();
            prover.keep_nonce(&url, &head);
            // As with every request (`sending.rs`).
            if wants_another_proof(&body) && !was_challenged {
                was_challenged = true;
                continue;
            }
            if head.status == StatusCode::BAD_REQUEST && says(&body, "invalid_grant") {
                return Err(ClientError::Unauthorized);
            }
            let body = Zeroizing::new(read(Response::from_parts(head, body))?);
            return serde_json::from_str(&body)
                .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir));
        }
    }

    /// Where tokens are asked for.
    pub(crate) fn token_url(&self) -> Result<Url, ClientError> {
        self.url("token")
    }

    /// What another phone takes this one's place with: it is let in with a key of its own, and this one no longer is. A
    /// secret, good for 30 days and once. Asks nobody.
    ///
    /// # Errors
    /// [`ClientError::Key`]; [`ClientError::Unauthorized`] for a phone that is not known here.
    pub fn hand_over(&self) -> Result<Zeroizing<String>, ClientError> {
        let known = self.known_by.as_ref().ok_or(ClientError::Unauthorized)?;
        let store = known.tokens.as_ref().ok_or(ClientError::Unauthorized)?;
        match store.tokens()?.renewal {
            Renewal::Refresh(token) => {
                let prover = &known.prover;
                let assertion = prover.hand_over(&self.token_url()?, &token, HAND_OVER)?;
                Ok(Zeroizing::new(assertion))
            }
            // This phone never came there itself: what was signed for it is good for whoever comes first.
            Renewal::Assertion(assertion) => Ok(assertion),
        }
    }
}

/// Whether it would look at the same request with a proof of its time, or with one that did not come before.
pub(crate) fn wants_another_proof(body: &[u8]) -> bool {
    says(body, "use_dpop_nonce") || says(body, "invalid_dpop_proof")
}

/// Whether a refusal is this error's (RFC 6749, 5.2). Only the clinic's own word counts.
pub(crate) fn says(body: &[u8], error: &str) -> bool {
    #[derive(Deserialize)]
    struct Refusal<'a> {
        #[serde(borrow)]
        error: std::borrow::Cow<'a, str>,
    }
    serde_json::from_slice::<Refusal<'_>>(body).is_ok_and(|refusal| refusal.error == error)
}
