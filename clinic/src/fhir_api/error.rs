//! What is answered when something cannot be answered. Texts are fixed: nothing of the request or of the
//! data stands in them.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use sokhoe_fhir::Outcome;

use crate::oauth::{DPOP_NONCE, ProofError};
use crate::store::StoreError;

/// FHIR's media type.
pub(crate) const FHIR_JSON: HeaderValue =
    HeaderValue::from_static("application/fhir+json; charset=utf-8");

/// Why a request is not answered.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// No token, or not one of this key's; what to bring instead.
    Unauthorized(Challenge),
    /// Not there, or not granted: nobody can tell which.
    NotFound,
    /// No such method here.
    MethodNotAllowed,
    /// The request is not well formed.
    BadRequest(&'static str),
    /// The body is not what is taken here.
    UnsupportedMediaType,
    /// The body is too long.
    TooLarge,
    /// The cursor is not ours or no longer valid: begin anew.
    CursorGone,
    /// The clinic took it away.
    Deleted,
    /// It says what is not the person's to say.
    NotTheirs(&'static str),
    /// The version that it began from is not named.
    VersionNeeded,
    /// There is another version by now.
    OtherVersion,
    /// The key was used for another request.
    KeyReused,
    /// The device could see the person once and no longer may.
    AccessEnded,
    /// The request is refused, with the code of the refusal.
    Refused(StatusCode, &'static str, &'static str),
    /// The answer took too long.
    Timeout,
    /// The device asks too often.
    TooOften,
    /// Too many came from there who were not let in; seconds to wait.
    TooManyFailures(i64),
    /// More is asked than can be done, by all devices together.
    Crowded,
    /// The database.
    Store(StoreError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, text) = match self {
            Self::Unauthorized(challenge) => return challenge.into_response(),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found."),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "not-supported",
                "This method is not supported here.",
            ),
            Self::BadRequest(text) => (StatusCode::BAD_REQUEST, "invalid", text),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-supported",
                "The body must be application/fhir+json or application/json.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-long",
                "The body is too long.",
            ),
            Self::CursorGone => (
                StatusCode::GONE,
                "expired",
                "The cursor is not valid: begin anew.",
            ),
            Self::Deleted => (StatusCode::GONE, "deleted", "It was deleted."),
            Self::NotTheirs(text) => (StatusCode::UNPROCESSABLE_ENTITY, "business-rule", text),
            Self::VersionNeeded => (
                StatusCode::PRECONDITION_REQUIRED,
                "required",
                "If-Match must name the version that this began from.",
            ),
            Self::OtherVersion => (
                StatusCode::PRECONDITION_FAILED,
                "conflict",
                "There is another version by now: read it and begin from it.",
            ),
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "duplicate",
                "The Idempotency-Key was used for another request.",
            ),
            Self::AccessEnded => {
                let text = "Access to this person has ended.";
                let outcome = Outcome::refused("forbidden", "access-ended", text);
                return fhir(StatusCode::FORBIDDEN, outcome.to_json());
            }
            Self::Refused(status, refusal, text) => {
                return fhir(
                    status,
                    Outcome::refused("security", refusal, text).to_json(),
                );
            }
            Self::Timeout => (
                StatusCode::SERVICE_UNAVAILABLE,
                "timeout",
                "The answer took too long.",
            ),
            Self::TooOften => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                return throttled(status, "Too many requests of this device.", "60");
            }
            Self::TooManyFailures(seconds) => {
                let (status, wait) = (StatusCode::TOO_MANY_REQUESTS, seconds.to_string());
                return throttled(status, "Too many failed from this address.", &wait);
            }
            // The clinic works, only not for everybody at once: phones spread their next try over as long again.
            Self::Crowded | Self::Store(StoreError::Busy) => return crowded(),
            Self::Store(error) => {
                tracing::error!(%error, "a request failed");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "transient",
                    "The clinic cannot answer now.",
                )
            }
        };
        fhir(status, Outcome::error(code, text).to_json())
    }
}

/// What a request should bring instead (RFC 9449, 7.1). The body is the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// It brought nothing.
    Prove,
    /// The token is none of this key's, or over.
    InvalidToken,
    /// The proof is missing, malformed, of another request, or came before.
    InvalidProof,
    /// The proof must have this nonce.
    UseNonce(String),
}

impl From<ProofError> for Challenge {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Invalid => Self::InvalidProof,
            ProofError::UseNonce(nonce) => Self::UseNonce(nonce),
        }
    }
}

impl From<Challenge> for ApiError {
    fn from(challenge: Challenge) -> Self {
        Self::Unauthorized(challenge)
    }
}

impl IntoResponse for Challenge {
    fn into_response(self) -> Response {
        let outcome = Outcome::error("login", "Not enrolled.");
        let mut response = fhir(StatusCode::UNAUTHORIZED, outcome.to_json());
        let challenge = match &self {
            Self::Prove => r#"DPoP algs="ES256""#,
            Self::InvalidToken => r#"DPoP error="invalid_token", algs="ES256""#,
            Self::InvalidProof => r#"DPoP error="invalid_dpop_proof", algs="ES256""#,
            Self::UseNonce(_) => r#"DPoP error="use_dpop_nonce", algs="ES256""#,
        };
        let headers = response.headers_mut();
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        );
        if let Self::UseNonce(nonce) = self
            && let Ok(nonce) = HeaderValue::try_from(nonce)
        {
            headers.insert(DPOP_NONCE, nonce);
        }
        response
    }
}

/// Come again after two seconds. What it says is written once: it is said most when there is least time.
fn crowded() -> Response {
    static BODY: LazyLock<Bytes> = LazyLock::new(|| {
        let outcome = Outcome::error("throttled", "Too much is waiting.");
        outcome.to_json().into()
    });
    let mut response = fhir(StatusCode::TOO_MANY_REQUESTS, BODY.clone());
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

/// Come again after so many seconds.
fn throttled(status: StatusCode, text: &str, seconds: &str) -> Response {
    let mut response = fhir(status, Outcome::error("throttled", text).to_json());
    if let Ok(seconds) = HeaderValue::from_str(seconds) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// A FHIR answer.
pub(crate) fn fhir(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, FHIR_JSON);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
