//! `POST /token` (RFC 6749, 3.2): tokens in the place of others. Errors are JSON of OAuth's own (5.2), not FHIR's.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{OptionalFromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::attempts::Failed;
use super::enrol::{self, CameIn, is_device};
use super::error::Challenge;
use super::extract::proof;
use super::{Api, ApiError};
use crate::access::Access;
use crate::backend_services::{LASTS, SystemToken, assert_client};
use crate::enrolment::Device;
use crate::oauth::{
    DPOP_NONCE, Given, Kind, Proof, Refreshed, Seen, Token, refresh, seconds, take_over,
};
use crate::sign_in::{Brought, Redeemed, SCOPES, redeem};
use crate::store::Isolation;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// A client's assertion with an RSA signature has some kilobytes.
const LONGEST: usize = 16 * 1024;

/// The grants that are taken.
pub(super) const REFRESH: &str = "refresh_token";
pub(super) const AUTHORIZATION_CODE: &str = "authorization_code";
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub(super) const CLIENT_CREDENTIALS: &str = "client_credentials";
/// How a system says who it is (RFC 7523, 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Tokens as they are told (RFC 6749, 5.1).
#[derive(Serialize)]
pub(super) struct TokenReply<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: &'a str,
}

impl<'a> TokenReply<'a> {
    pub fn of(given: &'a Given) -> Self {
        Self {
            access_token: &given.access,
            token_type: "DPoP",
            expires_in: given.expires_in,
            refresh_token: &given.refresh,
        }
    }
}

/// Why there are no tokens (RFC 6749, 5.2; RFC 9449, 5 and 8).
#[derive(Debug)]
pub(super) enum TokenError {
    InvalidRequest,
    UnsupportedGrantType,
    InvalidGrant,
    InvalidClient,
    InvalidScope,
    InvalidProof,
    UseNonce(String),
    /// What has nothing to do with OAuth.
    Other(ApiError),
}

impl<E: Into<ApiError>> From<E> for TokenError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let mut nonce = None;
        let status = match &self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let is_failure = matches!(self, Self::InvalidClient | Self::InvalidGrant);
        let error = match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidClient => "invalid_client",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidProof => "invalid_dpop_proof",
            Self::UseNonce(given) => {
                nonce = HeaderValue::try_from(given).ok();
                "use_dpop_nonce"
            }
            Self::Other(error) => return error.into_response(),
        };
        let body = serde_json::json!({"error": error}).to_string();
        let mut response = (status, no_store(), body).into_response();
        if let Some(nonce) = nonce {
            response.headers_mut().insert(DPOP_NONCE, nonce);
        }
        if is_failure {
            response.extensions_mut().insert(Failed);
        }
        response
    }
}

fn no_store() -> [(header::HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, JSON),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ]
}

pub(super) async fn token(
    State(api): State<Api>,
    parts: Parts,
    body: Bytes,
) -> Result<Response, TokenError> {
    let form = Form::read(&parts.headers, &body).ok_or(TokenError::InvalidRequest)?;
    match form.one("grant_type") {
        Some(REFRESH) => by_refresh_token(&api, &parts, &form).await,
        Some(JWT_BEARER) => by_old_phone(&api, &parts, &form).await,
        Some(AUTHORIZATION_CODE) if api.inner.provider.is_some() => {
            by_code(&api, parts, &form).await
        }
        Some(CLIENT_CREDENTIALS) => by_system(&api, &form).await,
        Some(_) => Err(TokenError::UnsupportedGrantType),
        None => Err(TokenError::InvalidRequest),
    }
}

async fn by_refresh_token(api: &Api, parts: &Parts, form: &Form) -> Result<Response, TokenError> {
    let text = form
        .one("refresh_token")
        .ok_or(TokenError::InvalidRequest)?;
    let proof = proven(api, parts)?;
    let token = Token::read(&api.inner.keys, Kind::Refresh, text);
    let token = token.ok_or(TokenError::InvalidGrant)?;
    is_first(api, &proof)?;
    let inner = Arc::clone(&api.inner);
    let came = api
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            refresh(tx, &inner, token, proof)
        })
        .await?;
    reply(came)
}

async fn by_old_phone(api: &Api, parts: &Parts, form: &Form) -> Result<Response, TokenError> {
    let assertion = form.one("assertion").ok_or(TokenError::InvalidRequest)?;
    let proof = proven(api, parts)?;
    is_first(api, &proof)?;
    let (inner, assertion) = (Arc::clone(&api.inner), assertion.to_owned());
    let url = format!("{}/token", api.root);
    let came = api
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            take_over(tx, &inner, &url, &assertion, proof)
        })
        .await?;
    reply(came)
}

/// A phone whose person signed in (`sign_in`). It says of itself what an enrolment says, too.
async fn by_code(api: &Api, mut parts: Parts, form: &Form) -> Result<Response, TokenError> {
    let wanted = |name| form.one(name).ok_or(TokenError::InvalidRequest);
    let provider = api.inner.provider.as_ref();
    let app = provider.map(|provider| &provider.sign_in.app);
    // A public client: it says who it is, and proves it by what else it has (RFC 6749, 3.2.1).
    let client = wanted("client_id")?;
    if app.is_none_or(|app| app.client_id != client) {
        return Err(TokenError::InvalidClient);
    }
    let text = |name| wanted(name).map(str::to_owned);
    let (code, redirect_uri) = (text("code")?, text("redirect_uri")?);
    let (verifier, device, name) = (
        text("code_verifier")?,
        text("device_id")?,
        text("device_name")?,
    );
    // RFC 7636, 4.1.
    if !(43..=128).contains(&verifier.len()) || !is_device(&device, &name) {
        return Err(TokenError::InvalidRequest);
    }
    let proof = proven(api, &parts)?;
    // Whom this phone may see already it may see with the new session, too: a phone keeps one a clinic.
    let earlier =
        <Access as OptionalFromRequestParts<Api>>::from_request_parts(&mut parts, api).await?;
    if earlier.is_none() {
        is_first(api, &proof)?;
    }
    let inner = Arc::clone(&api.inner);
    let came = api
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            let brought = Brought {
                code: &code,
                redirect_uri: &redirect_uri,
                verifier: &verifier,
                device: Device {
                    id: &device,
                    name: &name,
                    thumbprint: proof.thumbprint,
                },
                proof,
            };
            let earlier = earlier.as_ref();
            let enrolled = match redeem(tx, &inner, &brought, earlier)? {
                Redeemed::In(enrolled) => *enrolled,
                Redeemed::Refused => return Ok(Err(TokenError::InvalidGrant)),
                Redeemed::Replayed => return Ok(Err(TokenError::InvalidProof)),
            };
            let earlier = earlier.filter(|earlier| earlier.device() == device);
            Ok(Ok(CameIn::of(tx, &inner, enrolled, earlier)?))
        })
        .await??;
    Ok(enrol::reply(&api.inner, &came, Some(SCOPES.join(" ")))?)
}

/// SMART Backend Services: a system of the clinic's own, by a key that is registered here.
async fn by_system(api: &Api, form: &Form) -> Result<Response, TokenError> {
    if form.one("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(TokenError::InvalidClient);
    }
    let assertion = form.one("client_assertion").map(str::to_owned);
    let assertion = assertion.ok_or(TokenError::InvalidClient)?;
    let asked = form.one("scope").unwrap_or_default().to_owned();
    let url = format!("{}/token", api.root);
    let client = api
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            assert_client(tx, &url, &assertion)
        })
        .await?
        .ok_or(TokenError::InvalidClient)?;
    let scopes = client
        .scopes
        .given(&asked)
        .ok_or(TokenError::InvalidScope)?;
    let token = SystemToken {
        client: client.client,
        expires: seconds(&*api.inner.clock).saturating_add(LASTS),
        scopes,
    };
    let body = serde_json::json!({
        "access_token": token.text(&api.inner.keys),
        "token_type": "Bearer",
        "expires_in": LASTS,
        "scope": token.scopes.to_string(),
    });
    Ok((no_store(), body.to_string()).into_response())
}

fn reply(came: Refreshed) -> Result<Response, TokenError> {
    match came {
        Refreshed::Given(given) => {
            let body = serde_json::to_vec(&TokenReply::of(&given)).unwrap_or_default();
            Ok((no_store(), body).into_response())
        }
        Refreshed::Refused | Refreshed::Reused => Err(TokenError::InvalidGrant),
        Refreshed::Replayed => Err(TokenError::InvalidProof),
        Refreshed::UseNonce(nonce) => Err(TokenError::UseNonce(nonce)),
    }
}

fn proven(api: &Api, parts: &Parts) -> Result<Proof, TokenError> {
    proof(api, parts).map_err(|challenge| match challenge {
        Challenge::UseNonce(nonce) => TokenError::UseNonce(nonce),
        Challenge::Prove | Challenge::InvalidToken | Challenge::InvalidProof => {
            TokenError::InvalidProof
        }
    })
}

/// Where one process has the database; else the transaction says it.
fn is_first(api: &Api, proof: &Proof) -> Result<(), TokenError> {
    if api.inner.store.is_shared() {
        return Ok(());
    }
    let seen = &api.inner.proving.seen;
    match seen.note(&proof.id, seconds(&*api.inner.clock)) {
        Seen::First => Ok(()),
        Seen::Again => Err(TokenError::InvalidProof),
        Seen::Full => Err(ApiError::Crowded.into()),
    }
}

/// What was sent as a form.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let kind = kind.split(';').next()?.trim();
        if !kind.eq_ignore_ascii_case(FORM) || body.len() > LONGEST {
            return None;
        }
        let pairs = url::form_urlencoded::parse(body);
        Some(Self(pairs.into_owned().collect()))
    }

    /// The value of a parameter that is there once (RFC 6749, 3.2).
    fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(it, _)| it == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }
}
