//! A Binary in its own form: the bytes, for whoever does not ask for FHIR.

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use sokhoe_fhir::BinaryView;

use super::ApiError;
use crate::store::StoreError;

/// For a type that is none.
const UNKNOWN: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Whether the request asks for FHIR rather than for the bytes (FHIR R4, 2.20.3).
pub(super) fn asks_for_fhir(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|kind| kind.split(';').next())
        .any(|kind| {
            let kind = kind.trim();
            kind.eq_ignore_ascii_case("application/fhir+json")
                || kind.eq_ignore_ascii_case("application/json+fhir")
        })
}

/// The bytes of a Binary, decoded while they are sent. A browser is told to keep them and to run nothing: what
/// a document holds was written by strangers.
pub(super) fn bytes(json: &str) -> Result<Response, ApiError> {
    let BinaryView {
        content_type,
        mut data,
        ..
    } = BinaryView::from_json(json).map_err(|_| ApiError::Store(StoreError::Stopped))?;
    let length = data.decoded_length();
    let pieces = std::iter::from_fn(move || data.next_piece().transpose())
        .map(|piece| piece.map(Bytes::from));
    let mut response = Response::new(Body::from_stream(tokio_stream::iter(pieces)));
    let headers = response.headers_mut();
    let content_type = Some(content_type)
        .filter(|kind| kind.contains('/'))
        .and_then(|kind| HeaderValue::from_str(&kind).ok());
    headers.insert(header::CONTENT_TYPE, content_type.unwrap_or(UNKNOWN));
    headers.insert(header::CONTENT_LENGTH, length.into());
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::VARY, "accept"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fhir_is_given_to_whoever_names_it() {
        for (accept, expected) in [
            (Some("application/fhir+json"), true),
            (Some("text/html, application/FHIR+json;q=0.9"), true),
            (Some("*/*"), false),
            (Some("application/json"), false),
            (Some("application/pdf"), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(accept.map(|accept| (header::ACCEPT, HeaderValue::from_static(accept))));
            assert_eq!(asks_for_fhir(&headers), expected, "{accept:?}");
        }
    }

    #[test]
    fn a_type_that_is_none_is_not_sent_as_one() {
        for (given, sent) in [
            ("application/pdf", "application/pdf"),
            ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
            ("pdf", "application/octet-stream"),
            ("a/b\\r\\nset-cookie: x=y", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            let json =
                format!(r#"{{"resourceType":"Binary","contentType":"{given}","data":"TQ=="}}"#);
            let response = bytes(&json).unwrap();
            assert_eq!(response.headers()[header::CONTENT_TYPE], sent);
            assert_eq!(response.headers()[header::CONTENT_LENGTH], "1");
        }
    }
}
