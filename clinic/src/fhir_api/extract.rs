//! What handlers take out of a request, checked.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{
    FromRequest, FromRequestParts, OptionalFromRequestParts, Path, Query, Request,
};
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use serde::de::DeserializeOwned;
use sokhoe_fhir::limits::{MAX_DEPTH, check_depth};

use super::Api;
use super::error::ApiError;
use crate::access::{Access, authenticate};
use crate::admission::Entrance;
use crate::store::read_async;

const DEVICE: &str = "sokhoe-device";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Tokens and device ids are shorter.
const LONGEST_CREDENTIAL: usize = 200;

impl FromRequestParts<Api> for Access {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let text = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let token = text(AUTHORIZATION.as_str())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim().to_owned())
            .filter(|token| token.len() <= LONGEST_CREDENTIAL)
            .ok_or(ApiError::Unauthorized)?;
        let device = text(DEVICE)
            .filter(|device| is_device_id(device))
            .ok_or(ApiError::Unauthorized)?
            .to_owned();
        let clock = Arc::clone(&api.inner.clock);
        read_async(&api.inner.store, move |sql| {
            authenticate(sql, &token, &device, &clock)
        })
        .await?
        .ok_or(ApiError::Unauthorized)
    }
}

/// Who proves nothing is nobody: only for what nobody may do, too.
impl OptionalFromRequestParts<Api> for Access {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Option<Self>, ApiError> {
        match <Self as FromRequestParts<Api>>::from_request_parts(parts, api).await {
            Ok(access) => Ok(Some(access)),
            Err(ApiError::Unauthorized) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether a text can be a device's id.
pub(super) fn is_device_id(text: &str) -> bool {
    (8..=LONGEST_CREDENTIAL).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A JSON body: of the right type, not too long, not too deep, UTF-8.
pub(super) struct JsonBody(pub String);

/// Personal data: only how long it is.
impl fmt::Debug for JsonBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonBody({} bytes)", self.0.len())
    }
}

impl FromRequest<Api> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let is_json = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| {
                let kind = kind.trim();
                kind.eq_ignore_ascii_case("application/fhir+json")
                    || kind.eq_ignore_ascii_case("application/json")
            });
        if !is_json {
            return Err(ApiError::UnsupportedMediaType);
        }
        let entrance = request.extensions().get::<Entrance>().cloned();
        let body = Bytes::from_request(request, api);
        let bytes = match entrance {
            Some(entrance) => entrance.read(body).await.ok_or(ApiError::Crowded)?,
            None => body.await,
        };
        let bytes = bytes.map_err(|rejection| match rejection.status() {
            http::StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
            _ => ApiError::BadRequest("The body did not arrive."),
        })?;
        check_depth(&bytes, MAX_DEPTH)
            .map_err(|_| ApiError::BadRequest("The body is nested too deep."))?;
        String::from_utf8(bytes.into())
            .map(Self)
            .map_err(|_| ApiError::BadRequest("The body is not UTF-8."))
    }
}

/// The query as pairs, in their order.
pub(super) struct Pairs(pub Vec<(String, String)>);

/// Personal data: only how many they are.
impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pairs({})", self.0.len())
    }
}

/// The parts of the path. What cannot be read is an error like any other, not axum's plain text.
pub(super) struct Segments<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        <Path<T> as FromRequestParts<S>>::from_request_parts(parts, state)
            .await
            .map(|Path(segments)| Self(segments))
            .map_err(|_| ApiError::BadRequest("The path cannot be read."))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Query::from_request_parts(parts, state)
            .await
            .map(|Query(pairs)| Self(pairs))
            .map_err(|_| ApiError::BadRequest("The query cannot be read."))
    }
}

/// A parameter this server does not know: strict handling, so that no filter is ever ignored.
pub(super) const UNKNOWN_PARAMETER: ApiError = ApiError::BadRequest("Unknown search parameter.");

/// `_count`, between 1 and `most`.
pub(super) fn count(value: &str, most: usize) -> Result<usize, ApiError> {
    value
        .parse::<usize>()
        .ok()
        .filter(|count| *count >= 1)
        .map(|count| count.min(most))
        .ok_or(ApiError::BadRequest(
            "_count must be a whole number from 1.",
        ))
}

/// The header that makes a request one intent.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<String, ApiError> {
    headers
        .get(IDEMPOTENCY_KEY)
        .and_then(|value| value.to_str().ok())
        // The draft standard writes a quoted string.
        .map(|value| value.trim_matches('"').to_owned())
        .ok_or(ApiError::BadRequest(
            "The Idempotency-Key header is missing.",
        ))
}

/// The seconds of `Prefer: wait=N`, at most `most`; 0 when not asked.
pub(super) fn prefer_wait(headers: &HeaderMap, most: u64) -> u64 {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|preference| preference.trim().strip_prefix("wait="))
        .find_map(|seconds| seconds.trim_matches('"').parse::<u64>().ok())
        .unwrap_or(0)
        .min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_and_queries_are_not_for_logs() {
        let body = JsonBody(r#"{"name":"Mai"}"#.to_owned());
        assert_eq!(format!("{body:?}"), "JsonBody(14 bytes)");
        let pairs = Pairs(vec![("patient".to_owned(), "bn-000001".to_owned())]);
        assert_eq!(format!("{pairs:?}"), "Pairs(1)");
    }
}
