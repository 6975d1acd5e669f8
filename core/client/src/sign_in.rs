//! Coming in by an OpenID provider: what a clinic says of itself before anything else, where a browser is sent, and the code that
//! it comes back with (SMART App Launch 2, standalone; RFC 6749, 7636, 8414, 9207, 9449).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use crate::clinic::ClinicClient;
use crate::enrolment::EnrolmentAnswer;
use crate::error::{ClientError, GarbledAnswer};
use crate::exchange::{ORDINARY, read};
use crate::tokens::{says, wants_another_proof};

/// What this app is called at clinics.
pub const APP: &str = "vn.sokhoe";
/// Where a clinic sends the browser back to: a scheme of the app's own, which the system gives to the app (RFC 8252, 7.1).
pub const REDIRECT_URI: &str = "vn.sokhoe:/signed-in";

/// What is asked for: all that a phone of a person's own has.
const SCOPES: &str = "launch/patient offline_access patient/*.rs patient/Appointment.cu patient/Consent.cu patient/Observation.cu patient/Patient.u";
/// How often a code is shown at most: as it is, with a nonce, and once more where the network brought the proof twice.
const MOST_TRIES: usize = 3;

/// A clinic where people come in by signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInOffer {
    /// What it is called.
    pub clinic_name: String,
    /// Its signing key as base64url. Nobody but TLS says that it is this clinic's.
    pub public_key: String,
}

/// What a browser is sent away with. Secrets, but for the key.
pub struct SignInRequest<'a> {
    /// What the answer is known by: random.
    pub state: &'a str,
    /// What proves that the code is for whoever asked: random.
    pub verifier: &'a str,
    /// The thumbprint of the key that the tokens will be bound to.
    pub thumbprint: &'a str,
}

impl fmt::Debug for SignInRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInRequest").finish_non_exhaustive()
    }
}

/// What a browser came back with, as its address says it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SignInAnswer {
    /// Of which request.
    pub state: Option<String>,
    /// Which clinic says so.
    pub issuer: Option<String>,
    /// What is exchanged for tokens.
    pub code: Option<String>,
    /// Or why there is none.
    pub error: Option<String>,
}

impl fmt::Debug for SignInAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInAnswer").finish_non_exhaustive()
    }
}

impl SignInAnswer {
    /// Reads the address that a browser was sent to; nothing for one that is none of ours, or says something twice.
    #[must_use]
    pub fn read(url: &str) -> Option<Self> {
        let url = url.trim();
        let (address, _) = url.split_once('?')?;
        if address != REDIRECT_URI {
            return None;
        }
        let mut answer = Self::default();
        for (name, value) in Url::parse(url).ok()?.query_pairs() {
            let place = match &*name {
                "state" => &mut answer.state,
                "iss" => &mut answer.issuer,
                "code" => &mut answer.code,
                "error" => &mut answer.error,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(answer)
    }
}

/// What this phone shows a code with.
pub struct CodeRequest<'a> {
    /// The code.
    pub code: &'a str,
    /// As it was when the browser was sent away.
    pub verifier: &'a str,
    /// The id this phone gave itself.
    pub device_id: &'a str,
    /// A name that the clinic's desk can show.
    pub device_name: &'a str,
}

impl fmt::Debug for CodeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeRequest").finish_non_exhaustive()
    }
}

/// Of an authorization server's metadata what is looked at (RFC 8414, 2).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: String,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    sokhoe_clinic: Option<About>,
}

#[derive(Deserialize)]
struct About {
    name: String,
    public_key: String,
}

impl ClinicClient {
    /// What identifies this clinic among authorization servers: its address, as it was given, without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Asks whether people come in here by signing in; nothing where they do not.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::Garbled`] for a clinic that says to be another, or would weaken the exchange.
    pub async fn sign_in_offer(&self) -> Result<Option<SignInOffer>, ClientError> {
        let url = self.url(".well-known/oauth-authorization-server")?;
        let request = http::Request::builder()
            .method(Method::GET)
            .uri(url.as_str())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .body(bytes::Bytes::new())
            .map_err(|_| ClientError::Invalid)?;
        let body = read(self.transport.send(request, ORDINARY).await?)?;
        let garbled = || ClientError::Garbled(GarbledAnswer::NotFhir);
        let says: Metadata = serde_json::from_str(&body).map_err(|_| garbled())?;
        let Some(endpoint) = says.authorization_endpoint else {
            return Ok(None);
        };
        let about = says.sokhoe_clinic.ok_or_else(garbled)?;
        // RFC 8414, 3.3; the endpoints of a clinic of ours are below its address.
        let is_itself = says.issuer == self.issuer()
            && endpoint == self.authorization_url()?.as_str()
            && says.token_endpoint == self.token_url()?.as_str();
        let hides = says
            .code_challenge_methods_supported
            .iter()
            .any(|it| it == "S256");
        if !is_itself || !hides || !says.authorization_response_iss_parameter_supported {
            return Err(garbled());
        }
        Ok(Some(SignInOffer {
            clinic_name: about.name,
            public_key: about.public_key,
        }))
    }

    fn authorization_url(&self) -> Result<Url, ClientError> {
        self.url("authorize")
    }

    /// The address to open in a browser.
    ///
    /// # Errors
    /// [`ClientError::Invalid`]
    pub fn sign_in_url(&self, request: &SignInRequest<'_>) -> Result<String, ClientError> {
        let mut url = self.authorization_url()?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, request.verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", APP)
            .append_pair("redirect_uri", REDIRECT_URI)
            .append_pair("state", request.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("dpop_jkt", request.thumbprint)
            .append_pair("aud", self.fhir_base().trim_end_matches('/'))
            .append_pair("scope", SCOPES);
        Ok(url.into())
    }

    /// Exchanges a code for what an enrolment gives. The same code of the same phone gives the same answer for a minute, so a
    /// lost answer is asked for again.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::Gone`] for a code that is worth nothing (any more); [`ClientError::Unauthorized`] when the
    /// clinic no longer takes the tokens that are shown beside it: ask without them.
    pub async fn redeem(&self, request: &CodeRequest<'_>) -> Result<EnrolmentAnswer, ClientError> {
        let known = self.known_by.as_ref().ok_or(ClientError::Invalid)?;
        let url = self.token_url()?;
        let form = {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("grant_type", "authorization_code")
                .append_pair("client_id", APP)
                .append_pair("redirect_uri", REDIRECT_URI)
                .append_pair("code", request.code)
                .append_pair("code_verifier", request.verifier)
                .append_pair("device_id", request.device_id)
                .append_pair("device_name", request.device_name);
            Zeroizing::new(form.finish())
        };
        let mut left = MOST_TRIES;
        loop {
            left -= 1;
            let request = http::Request::builder()
                .method(Method::POST)
                .uri(url.as_str())
                .header(ACCEPT, HeaderValue::from_static("application/json"))
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.as_bytes().to_vec().into())
                .map_err(|_| ClientError::Invalid)?;
            let (head, body) = self.send(request, ORDINARY).await?.into_parts();
            let is_refused = head.status == StatusCode::BAD_REQUEST;
            if is_refused && wants_another_proof(&body) && left > 0 {
                continue;
            }
            if is_refused && says(&body, "invalid_grant") {
                return Err(ClientError::Gone);
            }
            let body = Zeroizing::new(read(Response::from_parts(head, body))?);
            return EnrolmentAnswer::read(&body, known.prover.clock.now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_from_its_own_address_alone() {
        let read = |rest: &str| SignInAnswer::read(&format!("{REDIRECT_URI}{rest}"));
        let answer = read("?code=a%2Bb&state=s&iss=https%3A%2F%2Fa.example&more=1").unwrap();
        assert_eq!(answer.code.as_deref(), Some("a+b"));
        assert_eq!(answer.issuer.as_deref(), Some("https://a.example"));
        assert!(!format!("{answer:?}").contains("a+b"));
        assert!(read("?error=access_denied&state=s").unwrap().code.is_none());
        for foreign in [
            "",
            "vn.sokhoe:/signed-in",
            "vn.sokhoe:/signed-in/?code=a&state=s",
            "vn.sokhoe://signed-in?code=a&state=s",
            "https://a.example/?code=a&state=s",
            "vn.sokhoe:/signed-in?state=s&state=t",
            "vn.sokhoe:/signed-in?code=s&code=t",
        ] {
            assert_eq!(SignInAnswer::read(foreign), None, "{foreign}");
        }
    }
}
