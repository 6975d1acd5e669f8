//! Answers that are not what was asked for.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use super::store::Refusal;

pub(super) const FHIR_JSON: &str = "application/fhir+json;charset=utf-8";

pub(super) fn body(severity: &str, diagnostics: &str) -> serde_json::Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": "processing", "diagnostics": diagnostics}],
    })
}

pub(super) fn refuse(status: StatusCode, diagnostics: &str) -> Response<Bytes> {
    json_answer(status, body("error", diagnostics).to_string())
}

pub(super) fn refusal(refusal: &Refusal) -> Response<Bytes> {
    refuse(refusal.status, &refusal.diagnostics)
}

pub(super) fn json_answer(status: StatusCode, text: String) -> Response<Bytes> {
    with_headers(status, &[("content-type", FHIR_JSON)], text)
}

pub(super) fn with_headers(
    status: StatusCode,
    headers: &[(&str, &str)],
    text: String,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (
            http::HeaderName::from_bytes(name.as_bytes()),
            http::HeaderValue::from_str(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
