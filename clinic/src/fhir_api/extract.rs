//! What handlers take out of a request, checked.

use std::fmt;

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
use super::error::{ApiError, Challenge};
use crate::access::Access;
use crate::admission::Entrance;
use crate::backend_services::SystemToken;
use crate::oauth::{Demand, Kind, Known, Proof, Token, authenticate, seconds};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// A system's token has its scopes in it.
const LONGEST_SYSTEM_TOKEN: usize = 4_096;
/// Tokens and device ids are shorter.
const LONGEST_CREDENTIAL: usize = 200;

/// The token of the only `Authorization`, which must be bound to a key.
fn token(headers: &HeaderMap) -> Result<Option<&str>, Challenge> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(one) = all.next() else {
        return Ok(None);
    };
    let text = one.to_str().ok().filter(|_| all.next().is_none());
    text.and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop"))
        .map(|(_, token)| token.trim())
        .filter(|token| (1..=LONGEST_CREDENTIAL).contains(&token.len()))
        .map(Some)
        .ok_or(Challenge::InvalidToken)
}

/// The proof of a request, checked; whether it came before is not.
pub(super) fn proof(api: &Api, parts: &Parts) -> Result<Proof, Challenge> {
    let demand = Demand {
        method: &parts.method,
        root: &api.root,
        path: parts.uri.path(),
        token: token(&parts.headers)?,
    };
    Ok(Proof::check(&api.inner, &parts.headers, &demand)?)
}

impl FromRequestParts<Api> for Access {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Some(text) = token(&parts.headers)? else {
            return Err(Challenge::Prove.into());
        };
        let token = Token::read(&api.inner.keys, Kind::Access, text);
        let token = token.ok_or(Challenge::InvalidToken)?;
        let proof = proof(api, parts)?;
        match authenticate(&api.inner, token, proof).await? {
            Known::As(access) => Ok(access),
            Known::Nobody => Err(Challenge::InvalidToken.into()),
            Known::Replayed => Err(Challenge::InvalidProof.into()),
            Known::Crowded => Err(ApiError::Crowded),
        }
    }
}

/// Whoever may read and search: a phone, or a system of the clinic's own.
#[derive(Debug)]
pub(super) struct Reader(pub Access);

impl FromRequestParts<Api> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Some(text) = bearer(&parts.headers) else {
            let access = <Access as FromRequestParts<Api>>::from_request_parts(parts, api).await?;
            return Ok(Self(access));
        };
        let now = seconds(&*api.inner.clock);
        let token = SystemToken::read(&api.inner.keys, text, now);
        let token = token.ok_or(Challenge::InvalidToken)?;
        Ok(Self(Access::of_system(token, &api.inner.clock)))
    }
}

/// The token of the only `Authorization`, which whoever has it may use: a system's.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (one, None) = (all.next()?, all.next()) else {
        return None;
    };
    let (scheme, token) = one.to_str().ok()?.split_once(' ')?;
    let is_one = scheme.eq_ignore_ascii_case("bearer") && token.len() <= LONGEST_SYSTEM_TOKEN;
    is_one.then_some(token.trim())
}

/// Who shows no token is nobody: only for what nobody may do, too.
impl OptionalFromRequestParts<Api> for Access {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Option<Self>, ApiError> {
        if token(&parts.headers)?.is_none() {
            return Ok(None);
        }
        let access = <Self as FromRequestParts<Api>>::from_request_parts(parts, api).await?;
        Ok(Some(access))
    }
}

/// A key that proved itself, whether the clinic knows it or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proven(pub Proof);

impl FromRequestParts<Api> for Proven {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        Ok(Self(proof(api, parts)?))
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
